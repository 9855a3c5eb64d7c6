"""When the process is told to stop, its streams end at once, instead of holding it up."""

import os
import signal
from collections.abc import Callable
from threading import Thread

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def when_told(stop: Callable[[], None]) -> None:
    """Call `stop`, in a thread, when this process gets a signal to end. The main thread calls this.

    The server has the handlers; Python also writes each signal's number to the wake-up descriptor.
    """
    told, telling = os.pipe()
    os.set_blocking(telling, False)
    signal.set_wakeup_fd(telling, warn_on_full_buffer=False)

    def wait() -> None:
        while os.read(told, 1)[0] not in SIGNALS:
            pass
        stop()

    Thread(target=wait, name="live stopping", daemon=True).start()
