"""What a file is, by its bytes and its name, and what is done with it."""

from pathlib import Path

from workspace.files.inspection import documents, pictures, signatures, texts
from workspace.files.inspection.outcome import FileKind, Refusal, Refused
from workspace.files.inspection.signatures import Found

TEXTS = {"txt": FileKind.TXT, "csv": FileKind.CSV, "ics": FileKind.ICS}


def look(source: Path, name: str, into: Path) -> dict[str, object]:
    """Look at the file, and say what it is and what is kept. Raises Refused."""
    ending = signatures.ending_of(name)
    found = signatures.found_in(source)
    if found in pictures.OPENERS:
        signatures.require(ending, found)
        return pictures.keep(source, found, into)
    if found is Found.PDF:
        from workspace.files.inspection import pdf  # To load it takes as long as all else that a child does.

        signatures.require(ending, found)
        return pdf.keep(source, into)
    if found is Found.ZIP:
        kind = documents.kind_of(source, ending)
        if kind != ending:
            raise Refused(Refusal.WRONG_ENDING)
        return {"kind": kind}
    if ending not in TEXTS:
        raise Refused(Refusal.WRONG_ENDING if ending in signatures.KNOWN_ENDINGS else Refusal.KIND)
    texts.check(source, TEXTS[ending])
    return {"kind": TEXTS[ending]}
