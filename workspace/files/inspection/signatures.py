"""What the first bytes of a file say it is, and whether its name says the same."""

import re
import unicodedata
from enum import StrEnum
from pathlib import Path

from workspace.files.inspection.limits import LONGEST_NAME
from workspace.files.inspection.outcome import FileKind, Refusal, Refused

LONGEST_HEAD = 4096


class Found(StrEnum):
    """What a file begins as. Everything without a signature may be text."""

    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"
    GIF = "gif"
    HEIC = "heic"
    PDF = "pdf"
    ZIP = "zip"
    TEXT = "text"


ENDINGS = {
    Found.JPEG: ("jpg", "jpeg", "jpe", "jfif"),
    Found.PNG: ("png",),
    Found.WEBP: ("webp",),
    Found.GIF: ("gif",),
    Found.HEIC: ("heic", "heif"),
    Found.PDF: ("pdf",),
}
KNOWN_ENDINGS = {*FileKind, *(ending for endings in ENDINGS.values() for ending in endings)}

SIGNATURES = (
    (b"\xff\xd8\xff", Found.JPEG),
    (b"\x89PNG\r\n\x1a\n", Found.PNG),
    (b"GIF87a", Found.GIF),
    (b"GIF89a", Found.GIF),
    (b"%PDF-", Found.PDF),
    (b"PK\x03\x04", Found.ZIP),
)
REFUSED_SIGNATURES = (
    (b"MZ", Refusal.PROGRAM),
    (b"\x7fELF", Refusal.PROGRAM),
    (b"#!", Refusal.PROGRAM),
    (b"\xca\xfe\xba\xbe", Refusal.PROGRAM),  # Java, and macOS
    (b"\xcf\xfa\xed\xfe", Refusal.PROGRAM),
    (b"L\0\0\0\x01\x14\x02\0", Refusal.PROGRAM),  # a Windows shortcut
    (b"PK", Refusal.ARCHIVE),  # an empty ZIP, or a part of one
    (b"Rar!", Refusal.ARCHIVE),
    (b"7z\xbc\xaf\x27\x1c", Refusal.ARCHIVE),
    (b"\x1f\x8b", Refusal.ARCHIVE),
    (b"BZh", Refusal.ARCHIVE),
    (b"\xfd7zXZ\0", Refusal.ARCHIVE),
    (b"\x28\xb5\x2f\xfd", Refusal.ARCHIVE),
    (b"MSCF", Refusal.ARCHIVE),
    (b"\x1a\x45\xdf\xa3", Refusal.VIDEO),
    (b"FLV", Refusal.VIDEO),
    (b"\0\0\x01\xba", Refusal.VIDEO),
    (b"OggS", Refusal.VIDEO),
    (b"ID3", Refusal.VIDEO),
    (b"{\\rtf", Refusal.KIND),
)
STILL_HEIF = {b"heic", b"heix", b"heim", b"heis", b"mif1"}
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
PAGE = re.compile(rb"<(?:!doctype|\?xml|html|head|body|svg|script|iframe|!--)", re.IGNORECASE)


def ending_of(name: str) -> str:
    """What follows the last dot, in small letters; empty without a dot. Raises Refused for a name that hides it."""
    if len(name) > LONGEST_NAME or len(name.encode("utf-8", "surrogatepass")) > 255:
        raise Refused(Refusal.NAME)
    if not name.isprintable() or "/" in name or "\\" in name:  # also signs that turn what follows (UAX #9)
        raise Refused(Refusal.NAME)
    stem, dot, ending = unicodedata.normalize("NFKC", name).rpartition(".")
    if dot and not stem.strip(" ."):
        raise Refused(Refusal.NAME)
    return ending.lower() if dot else ""


def require(ending: str, found: Found) -> None:
    """Refuse a name that says another kind than the bytes."""
    if ending not in ENDINGS[found]:
        raise Refused(Refusal.WRONG_ENDING)


def found_in(source: Path) -> Found:
    """What the file begins as. Raises Refused for what is never kept."""
    with source.open("rb") as file:
        head = file.read(LONGEST_HEAD)
        if not head:
            raise Refused(Refusal.EMPTY)
        if head.startswith(OLE):
            raise Refused(Refusal.ENCRYPTED if ENCRYPTED_PACKAGE in head + file.read() else Refusal.OLD_OFFICE)
    for signature, found in SIGNATURES:
        if head.startswith(signature):
            return found
    if head[:4] == b"RIFF":
        if head[8:12] != b"WEBP":
            raise Refused(Refusal.VIDEO)
        return Found.WEBP
    if head[4:8] == b"ftyp":
        if head[8:12] not in STILL_HEIF:
            raise Refused(Refusal.VIDEO)
        return Found.HEIC
    for signature, refusal in REFUSED_SIGNATURES:
        if head.startswith(signature):
            raise Refused(refusal)
    if PAGE.match(head.removeprefix(b"\xef\xbb\xbf").replace(b"\0", b"").removeprefix(b"\xff\xfe").lstrip()):
        raise Refused(Refusal.KIND)
    return Found.TEXT
