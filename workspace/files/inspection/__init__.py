"""Looks at uploaded files, in child processes with limits; knows no database and no Flask."""

from pathlib import Path

from workspace.files.inspection.outcome import FileKind as FileKind
from workspace.files.inspection.outcome import Outcome as Outcome
from workspace.files.inspection.outcome import Refusal as Refusal

BEGINNINGS = {b"%PDF-": FileKind.PDF, b"\xff\xd8\xff": FileKind.JPEG, b"\x89PNG\r\n\x1a\n": FileKind.PNG}


class InspectionUnavailable(Exception):
    """The machine, not the file, is why it could not be looked at: a full disk, no memory. Try again later."""


def process(source: Path, name: str, into: Path) -> Outcome:
    """Look at the bytes of `source`, and write what is kept of them into the folder `into`."""
    with source.open("rb") as file:
        begin = file.read(16)
    for beginning, kind in BEGINNINGS.items():
        if begin.startswith(beginning):
            return Outcome(kind=kind, served=source)
    return Outcome(refusal=Refusal.KIND)
