"""Plain text, tables and calendar entries: whether they can be read as text at all."""

import codecs
import re
from pathlib import Path

from workspace.files.inspection.outcome import FileKind, Refusal, Refused

CHUNK = 2**16
# All but tab, line feed, form feed, carriage return. EM and SUB end old texts of DOS.
CONTROLS = re.compile(r"[\0-\x08\x0b\x0e-\x19\x1b-\x1f]")
CODINGS = ("utf-8-sig", "cp1252")  # a spreadsheet's CSV is still written in the second in Denmark


def check(source: Path, kind: FileKind) -> None:
    """Refuse what is no text: NUL or control characters, or bytes that neither UTF-8 nor Windows-1252 has."""
    with source.open("rb") as file:
        if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            codings: tuple[str, ...] = ("utf-16",)
        else:
            codings = CODINGS
    if not any(_is_text(source, coding) for coding in codings):
        raise Refused(Refusal.BROKEN)
    if kind is FileKind.ICS:
        _check_calendar(source)


def _is_text(source: Path, coding: str) -> bool:
    decoder = codecs.getincrementaldecoder(coding)()
    try:
        with source.open("rb") as file:
            while chunk := file.read(CHUNK):
                if CONTROLS.search(decoder.decode(chunk)):
                    return False
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _check_calendar(source: Path) -> None:
    """A calendar begins and ends as one (RFC 5545, 3.4)."""
    text = source.read_bytes().removeprefix(codecs.BOM_UTF8).strip().upper()
    if not text.startswith(b"BEGIN:VCALENDAR") or not text.endswith(b"END:VCALENDAR"):
        raise Refused(Refusal.BROKEN)
