"""The names of files, as they are kept: one line that anybody can read, and no path."""

import unicodedata
from pathlib import PurePosixPath

from workspace.files.inspection import FileKind
from workspace.files.models import LONGEST_NAME
from workspace.i18n.visible import visible

ENDINGS = {FileKind.JPEG: (".jpg", ".jpeg", ".jpe"), FileKind.TXT: (".txt", ".md", ".log")}
PICTURE_ENDINGS = (".heic", ".heif", ".gif", ".jpg", ".jpeg", ".png", ".webp")
LONGEST_READ = 4000  # of what is sent as a name: composing letters takes the square of what is piled up
LONGEST_ENDING = 10
WITHOUT_NAME = "fil"


def with_ending(name: str, kind: FileKind | None) -> str:
    """The name with the ending of what it is: a photo that came as HEIC is kept as JPEG."""
    if kind is None or (path := PurePosixPath(name)).suffix.lower() in ENDINGS.get(kind, (f".{kind.ending}",)):
        return name
    stem = path.stem if path.suffix.lower() in PICTURE_ENDINGS else name
    return f"{stem[: LONGEST_NAME - LONGEST_ENDING]}.{kind.ending}"


def sounds_like_picture(name: str) -> bool:
    """Whether the name is that of a picture."""
    return name.lower().endswith(PICTURE_ENDINGS)


def stored_name(given: str) -> str:
    """The name that a file gets: the last part of the path that was sent, without what is not seen, and not too long.

    Browsers send a name, programs may send anything. One that is too long is shortened before its ending.
    """
    last = given[:LONGEST_READ].replace("\\", "/").rstrip("/").rpartition("/")[2]
    seen = "".join(" " if unicodedata.category(letter).startswith("Z") else letter for letter in last)
    printed = "".join(letter for letter in seen if not unicodedata.category(letter).startswith("C"))
    name = " ".join(visible(printed).split()).strip(". ")
    if not name:
        return WITHOUT_NAME
    if len(name) <= LONGEST_NAME:
        return name
    ending = PurePosixPath(name).suffix[:LONGEST_ENDING]
    return name[: LONGEST_NAME - len(ending)].rstrip(". ") + ending
