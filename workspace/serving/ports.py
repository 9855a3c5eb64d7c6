"""Ports that are to be listened on: one that stays taken is reported before anything starts."""

import socket
import time
from errno import EADDRINUSE
from typing import Any

from workspace.serving.supervisor import SECONDS_TO_STOP

# After this many, what a killed main process left has ended.
SECONDS_FOR_PORT = SECONDS_TO_STOP + 2


def usable(host: str, port: int, remedy: str) -> str:
    """The network address of `host`, on which `port` is free. Raises OSError, whose text ends with the `remedy`."""
    host = host.strip("[]")
    try:
        family, kind, *_rest, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        _wait_for_port(family, kind, address)
    except OSError as error:
        raise OSError(f"{host}:{port} can't be used ({error.strerror}). {remedy}") from None
    return str(address[0])


def _wait_for_port(family: int, kind: int, address: Any) -> None:
    """Wait for those whose main process was killed, and who are ending. Raises OSError if the port stays taken."""
    end = time.monotonic() + SECONDS_FOR_PORT
    while True:
        try:
            with socket.socket(family, kind) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
            return
        except OSError as error:
            if error.errno != EADDRINUSE or time.monotonic() > end:
                raise
        time.sleep(0.1)
