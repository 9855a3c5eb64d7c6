"""The bytes of a file on their way out, whole or in part (RFC 9110, 14), and what browsers may do with them."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import quote

from flask import Flask, Response, current_app, request
from flask_babel import gettext as _
from werkzeug.datastructures import Range
from werkzeug.http import parse_range_header

from workspace.files.inspection import FileKind
from workspace.files.storage import StorageUnavailable, storage
from workspace.permissions import UserError
from workspace.web import file_parts
from workspace.web.file_parts import FilePart

# Pictures are encoded anew and a PDF opens in the browser's own viewer; nothing else is opened where our pages are.
SHOWN = "sandbox; default-src 'none'"
PREVIEW = "image/webp"


class NotAtHand(UserError):
    """The storage does not answer, or has lost the bytes."""

    status = 503
    headers: Mapping[str, str] = {"Retry-After": "5"}

    def __init__(self) -> None:
        super().__init__(_("The file can't be fetched right now. Try again in a moment."))


def answer(key: str, *, name: str, kind: FileKind, is_attachment: bool, still_allowed: Callable[[], bool]) -> Response:
    """The bytes under the `key`, as a file called `name`; before each piece it is asked whether they may go on."""
    response = _part(key, still_allowed)
    response.headers["Content-Type"] = kind.media_type
    _protect(response)
    is_shown = not is_attachment and (kind.is_picture or kind is FileKind.PDF)
    response.headers["Content-Disposition"] = disposition("inline" if is_shown else "attachment", name)
    return response


def picture(key: str, still_allowed: Callable[[], bool]) -> Response:
    """A preview."""
    response = _part(key, still_allowed)
    response.headers["Content-Type"] = PREVIEW
    _protect(response)
    return response


def disposition(how: str, name: str) -> str:
    """The header Content-Disposition (RFC 6266): the name in ASCII for old programs, and as it is (RFC 8187)."""
    plain = "".join(
        letter if letter.isascii() and letter.isprintable() and letter not in '"\\%' else "_" for letter in name
    )
    return f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _protect(response: Response) -> None:
    response.headers["Content-Security-Policy"] = SHOWN
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"


def _part(key: str, still_allowed: Callable[[], bool]) -> Response:
    """The whole (200), the one range that is asked for (206), or that there is no such (416)."""
    store, tag = storage(), f'"{hashlib.sha256(key.encode()).hexdigest()[:32]}"'
    try:
        size = store.size(key)
    except StorageUnavailable as error:
        raise NotAtHand from error
    start, end = 0, size
    headers = {"Accept-Ranges": "bytes", "ETag": tag}
    status = 200
    if (asked := _asked_range(tag)) is not None:
        found = asked.range_for_length(size)
        if found is None:
            return Response(status=416, headers=headers | {"Content-Range": f"bytes */{size}"})
        start, end = found
        status = 206
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    headers["Content-Length"] = str(end - start)
    if request.method == "HEAD":
        return Response(status=status, headers=headers)
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]

    def is_allowed() -> bool:
        with app.app_context():
            return still_allowed()

    if (path := store.local_path(key)) and file_parts.offer(request.environ, FilePart(path, start, end, is_allowed)):
        return Response(status=status, headers=headers)
    try:
        pieces = store.read(key, start, end)
        first = next(pieces, b"")
    except StorageUnavailable as error:
        raise NotAtHand from error
    return Response(_guarded(first, pieces, is_allowed), status=status, headers=headers)


def _guarded(first: bytes, pieces: Iterator[bytes], is_allowed: Callable[[], bool]) -> Iterator[bytes]:
    """The pieces, as long as the reader may have them. What breaks off is shorter than it said, and so not whole."""
    piece: bytes | None = first
    while piece and is_allowed():
        yield piece
        piece = next(pieces, None)


def _asked_range(tag: str) -> Range | None:
    """The range that is asked for; None for none, several, or one of other bytes than these (If-Range)."""
    asked = parse_range_header(request.headers.get("Range"))
    if asked is None or asked.units != "bytes" or len(asked.ranges) != 1:
        return None
    on_condition = request.headers.get("If-Range")
    return asked if on_condition in (None, tag) else None
