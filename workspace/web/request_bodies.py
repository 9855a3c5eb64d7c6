"""Request bodies: each is read to its end before the request is handled, and stored on disk unless it is small."""

from collections.abc import Callable
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, Any

from werkzeug.exceptions import ClientDisconnected
from werkzeug.wsgi import get_input_stream

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

LARGEST = 1024 * 1024  # bytes, unless a view declares another limit
# How many of the largest files a form may bring without scripts; with them each file is sent by itself.
FILES_AT_ONCE = 2
LARGEST_IN_MEMORY = 32 * 1024  # bytes; up to 2,000 bodies are being read at once (serving/front.py)
# A body that is too large is read and discarded up to here: its sender reads no answer before having sent it.
LARGEST_DRAINED = 64 * 1024 * 1024
CHUNK = 64 * 1024
IS_READ = "workspace.body_is_read"

View = Callable[..., Any]
FILES = "files"  # instead of a size: a form with files, whose size is a setting's


def takes_files(view: View) -> View:
    """Declare that the view takes a form with files."""
    view.largest_body = FILES  # type: ignore[attr-defined]
    return view


def at_most(size: int) -> Callable[[View], View]:
    """Declare that the view takes a body of up to `size` bytes. Every other view takes `LARGEST`."""

    def declare(view: View) -> View:
        view.largest_body = size  # type: ignore[attr-defined]
        return view

    return declare


def is_for_files(view: View | None) -> bool:
    """Whether the view takes a form with files."""
    return getattr(view, "largest_body", LARGEST) == FILES


def largest_for(view: View | None, largest_file: int) -> int:
    """How many bytes `view` takes, where a file may have `largest_file`."""
    if is_for_files(view):
        return FILES_AT_ONCE * largest_file + LARGEST
    size: int = getattr(view, "largest_body", LARGEST)
    return size


def declared_size(environ: "WSGIEnvironment") -> int | None:
    """The body's declared length in bytes; None for a chunked body, which declares none."""
    if "HTTP_TRANSFER_ENCODING" in environ:
        return None
    said = environ.get("CONTENT_LENGTH") or "0"
    return int(said) if said.isascii() and said.isdecimal() else 0


class Body:
    """A body of at most `largest` bytes. Of a larger one only the size is stored."""

    def __init__(self, largest: int) -> None:
        self.largest = largest
        self.size = 0
        self._file: IO[bytes] = SpooledTemporaryFile(LARGEST_IN_MEMORY)  # noqa: SIM115

    @property
    def is_drained(self) -> bool:
        """Whether so much has been discarded that the rest is not read."""
        return self.size > max(self.largest, LARGEST_DRAINED)

    def add(self, chunk: bytes) -> None:
        """Add what has arrived."""
        self.size += len(chunk)
        if self.size <= self.largest:
            self._file.write(chunk)
        else:
            self.close()

    def hand_over(self, environ: "WSGIEnvironment", *, at_least: int = 0) -> None:
        """Let the app read it; it sees only the size of one that is too large, and answers 413.

        The app is told a length of at least `at_least`: where less has come, it finds that the client disconnected.
        """
        if self.size <= self.largest:
            self._file.seek(0)
        size = max(self.size, declared_size(environ) or 0, at_least)
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        environ.pop("wsgi.input_terminated", None)
        environ |= {"CONTENT_LENGTH": str(size), "wsgi.input": self._file, IS_READ: True}

    def close(self) -> None:
        """Discard it."""
        self._file.close()
        self._file = BytesIO()


def read(environ: "WSGIEnvironment", largest: int) -> Body:
    """Read the body through WSGI, for servers that don't do it themselves. It takes as long as the sender likes.

    A body that breaks off is declared longer than it is, so that whoever reads it finds out.
    """
    body, missing = Body(largest), 0
    stream = get_input_stream(environ)
    try:
        while not body.is_drained and (chunk := stream.read(CHUNK)):
            body.add(chunk)
    except (ClientDisconnected, OSError):
        missing = 1
    body.hand_over(environ, at_least=body.size + missing)
    return body
