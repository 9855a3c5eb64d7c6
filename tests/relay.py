"""A relay in front of PostgreSQL that can hang as a server does: it takes connections, and says nothing."""

import socket
from contextlib import suppress
from threading import Event, Thread
from types import TracebackType

from sqlalchemy import URL


class Relay:
    """Passes on what comes to its port, unless it `hangs`."""

    def __init__(self, server: URL) -> None:
        host = server.query.get("host") or server.host or "localhost"
        self._folder = str(host) if str(host).startswith("/") else ""
        self._address = str(host), server.port or 5432
        self._open = Event()
        self._open.set()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = [self._listening]
        self.url = server.set(host="127.0.0.1", port=self._listening.getsockname()[1], query={})
        Thread(target=self._accept, daemon=True).start()

    def hang(self) -> None:
        """Say nothing any more."""
        self._open.clear()

    def go_on(self) -> None:
        """Answer again, also what was asked meanwhile."""
        self._open.set()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                here, _address = self._listening.accept()
                there = self._connected()
                self._sockets += [here, there]
                Thread(target=self._pass, args=(here, there), daemon=True).start()
                Thread(target=self._pass, args=(there, here), daemon=True).start()

    def _connected(self) -> socket.socket:
        if not self._folder:
            return socket.create_connection(self._address)
        there = socket.socket(socket.AF_UNIX)
        there.connect(f"{self._folder}/.s.PGSQL.{self._address[1]}")
        return there

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self._open.wait()
                target.sendall(data)
            target.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> "Relay":
        return self

    def __exit__(self, *error: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._open.set()
        for each in self._sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
