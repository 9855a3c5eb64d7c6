"""Shutdown: when the process is told to stop, its streams end at once, instead of holding it up."""

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from threading import Thread

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def on_signal(stop: Callable[[], None]) -> None:
    """Call `stop`, in a thread, when this process gets a signal to end. To be called in the main thread.

    The server has the handlers; Python also writes each signal's number to the wake-up descriptor. If the server's loop
    was waiting on that, everything read here is passed on to it.
    """
    told, telling = os.pipe()
    os.set_blocking(telling, False)
    loop = signal.set_wakeup_fd(telling, warn_on_full_buffer=False)

    def wait() -> None:
        is_stopped = False
        while number := os.read(told, 1):
            if number[0] in SIGNALS and not is_stopped:
                is_stopped = True
                stop()
            if loop != -1:
                with suppress(OSError):  # It has ended.
                    os.write(loop, number)

    Thread(target=wait, name="live stopping", daemon=True).start()
