"""Asks ClamAV about a file: its command INSTREAM (clamd(8)), over the socket of the setting CLAMD_URL."""

import logging
import re
import socket
import struct
import time
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from flask import current_app

SECONDS = 60  # for all of it
SECONDS_FOR_PING = 1.5
CHUNK = 64 * 1024
LONGEST_ANSWER = 4096
FOUND = re.compile(r"stream: ([ -~]+) FOUND")

log = logging.getLogger(__name__)


class ScanVerdict(StrEnum):
    """What the scanner says. Silence is no answer: the file waits, and is asked about again."""

    CLEAN = "clean"
    INFECTED = "infected"
    SILENT = "silent"


@dataclass(frozen=True)
class ScanResult:
    """What the scanner says of a file, and what it calls what it found."""

    verdict: ScanVerdict
    signature: str = ""


def scan(path: Path) -> ScanResult:
    """Ask the scanner about a file. Without a scanner in the settings everything is clean."""
    url = current_app.settings.clamd_url  # type: ignore[attr-defined]
    if not url:
        return ScanResult(ScanVerdict.CLEAN)
    try:
        answer = _ask(url, path)
    except (OSError, UnicodeDecodeError) as error:
        log.warning("The scanner at CLAMD_URL does not answer: %s.", type(error).__name__)
        return ScanResult(ScanVerdict.SILENT)
    if answer == "stream: OK":
        return ScanResult(ScanVerdict.CLEAN)
    if found := FOUND.fullmatch(answer):
        return ScanResult(ScanVerdict.INFECTED, found[1])
    log.warning("The scanner at CLAMD_URL answers %r.", answer)
    return ScanResult(ScanVerdict.SILENT)


def is_answering() -> bool:
    """Whether the scanner of the settings answers; also if there is none."""
    url = current_app.settings.clamd_url  # type: ignore[attr-defined]
    if not url:
        return True
    try:
        deadline = time.monotonic() + SECONDS_FOR_PING
        with _connected(url, deadline) as connection:
            connection.sendall(b"zPING\0")
            return _answer(connection, deadline) == "PONG"
    except (OSError, UnicodeDecodeError):
        return False


def _ask(url: str, path: Path) -> str:
    """The scanner's answer, one line. Raises OSError, also where `path` can't be read or time is up."""
    deadline = time.monotonic() + SECONDS
    with path.open("rb") as file, _connected(url, deadline) as connection:
        with suppress(BrokenPipeError, ConnectionResetError):  # it has answered already: the file is too large for it
            _send(file, connection, deadline)
        return _answer(connection, deadline)


def _connected(url: str, deadline: float) -> socket.socket:
    parts = urlsplit(url)
    if parts.scheme == "tcp":
        return socket.create_connection((parts.hostname, parts.port), _left(deadline))
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(_left(deadline))
        connection.connect(parts.path)
    except OSError:
        connection.close()
        raise
    return connection


def _send(file: BinaryIO, connection: socket.socket, deadline: float) -> None:
    """The command, and the file in chunks, each after its length; a length of zero ends it."""
    connection.sendall(b"zINSTREAM\0")
    while chunk := file.read(CHUNK):
        connection.settimeout(_left(deadline))
        connection.sendall(struct.pack(">I", len(chunk)) + chunk)
    connection.sendall(struct.pack(">I", 0))


def _answer(connection: socket.socket, deadline: float) -> str:
    answer = b""
    while not answer.endswith(b"\0") and len(answer) < LONGEST_ANSWER:
        connection.settimeout(_left(deadline))
        if not (chunk := connection.recv(LONGEST_ANSWER)):
            break
        answer += chunk
    return answer.rstrip(b"\0\n").decode()


def _left(deadline: float) -> float:
    """The seconds until `deadline`. Raises TimeoutError."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
