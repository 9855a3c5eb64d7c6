"""What can come of looking at a file."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

PREVIEW_SIZES = (480, 1600)  # pixels of the longer side


class FileKind(StrEnum):
    """The kinds of files that are kept. GIF and HEIC are none of them: they are kept as JPEG."""

    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"
    PDF = "pdf"
    DOCX = "docx"
    XLSX = "xlsx"
    PPTX = "pptx"
    ODT = "odt"
    ODS = "ods"
    ODP = "odp"
    TXT = "txt"
    CSV = "csv"
    ICS = "ics"

    @property
    def is_picture(self) -> bool:
        """Whether it is shown as a picture."""
        return self in (FileKind.JPEG, FileKind.PNG, FileKind.WEBP)

    @property
    def media_type(self) -> str:
        """The media type under which it is served (RFC 6838)."""
        return MEDIA_TYPES[self]

    @property
    def ending(self) -> str:
        """The ending of its name, without the dot."""
        return "jpg" if self is FileKind.JPEG else self.value


OPEN_XML = "application/vnd.openxmlformats-officedocument"
OPEN_DOCUMENT = "application/vnd.oasis.opendocument"
MEDIA_TYPES = {
    FileKind.JPEG: "image/jpeg",
    FileKind.PNG: "image/png",
    FileKind.WEBP: "image/webp",
    FileKind.PDF: "application/pdf",
    FileKind.DOCX: f"{OPEN_XML}.wordprocessingml.document",
    FileKind.XLSX: f"{OPEN_XML}.spreadsheetml.sheet",
    FileKind.PPTX: f"{OPEN_XML}.presentationml.presentation",
    FileKind.ODT: f"{OPEN_DOCUMENT}.text",
    FileKind.ODS: f"{OPEN_DOCUMENT}.spreadsheet",
    FileKind.ODP: f"{OPEN_DOCUMENT}.presentation",
    FileKind.TXT: "text/plain; charset=utf-8",
    FileKind.CSV: "text/csv; charset=utf-8",
    FileKind.ICS: "text/calendar; charset=utf-8",
}


class Refusal(StrEnum):
    """Why a file is not kept. files/refusals.py has a sentence for each."""

    EMPTY = "empty"
    BROKEN = "broken"
    NAME = "name"  # signs that hide what the name ends in, or too long
    WRONG_ENDING = "wrong_ending"  # the name says another kind than the bytes
    KIND = "kind"
    OLD_OFFICE = "old_office"
    HEIC = "heic"  # a decoder is not installed
    VIDEO = "video"
    ARCHIVE = "archive"
    PROGRAM = "program"
    MACROS = "macros"
    ENCRYPTED = "encrypted"
    PIXELS = "pixels"
    BOMB = "bomb"  # unpacks to far more than it should
    INFECTED = "infected"  # says the scanner, which is asked elsewhere
    TOO_MUCH_WORK = "too_much_work"  # the limits of the child process ended it


class Refused(Exception):
    """The file is not kept."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal


@dataclass(frozen=True)
class InspectionOutcome:
    """What came of it: either a refusal, or a kind and what is kept.

    `served` is the file that is stored and served: for a picture one without metadata, for all else the file itself.
    `previews` are WebP pictures by their size, of pictures and of a PDF's first page; `width` and `height` are those of
    the upright picture in pixels, `pages` those of a PDF.
    """

    kind: FileKind | None = None
    width: int | None = None
    height: int | None = None
    pages: int | None = None
    served: Path | None = None
    previews: dict[int, Path] = field(default_factory=dict)
    refusal: Refusal | None = None
