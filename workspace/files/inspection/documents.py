"""Office documents, told by the directory of their ZIP; only the part that says what they are is unpacked."""

import re
import struct
import zipfile
import zlib
from pathlib import Path
from xml.parsers import expat

from workspace.files.inspection.limits import LARGEST_INDEX, MOST_PARTS, MOST_UNPACKED
from workspace.files.inspection.outcome import MEDIA_TYPES, OPEN_XML, FileKind, Refusal, Refused

CONTENT_TYPES = "[Content_Types].xml"
MAIN_TYPES = {
    f"{OPEN_XML}.wordprocessingml.document.main+xml": FileKind.DOCX,
    f"{OPEN_XML}.spreadsheetml.sheet.main+xml": FileKind.XLSX,
    f"{OPEN_XML}.presentationml.presentation.main+xml": FileKind.PPTX,
}
FOLDERS = {FileKind.DOCX: "word/", FileKind.XLSX: "xl/", FileKind.PPTX: "ppt/"}
OPEN_DOCUMENTS = {MEDIA_TYPES[kind]: kind for kind in (FileKind.ODT, FileKind.ODS, FileKind.ODP)}

# Content types of what runs: [MS-OFFMACRO2], 2.1; ActiveX controls; and the macros of Excel 4.
RUNS = re.compile(r"macro|vba|activex", re.IGNORECASE)
RUNNING_PARTS = re.compile(r"(^|/)(vbaproject|vbadata|macrosheets/|activex/|basic/|scripts/|dialogs/)", re.IGNORECASE)
WITH_MACROS = {"docm", "dotm", "xlsm", "xltm", "xlam", "xlsb", "pptm", "potm", "ppsm", "ppam"}
OUTSIDE = re.compile(r"^/|\\|\0|(^|/)\.\.(/|$)|^[a-z]:", re.IGNORECASE)

END = struct.Struct("<4s4H2LH")  # the end of the directory (APPNOTE.TXT, 4.3.16)


def kind_of(source: Path, ending: str) -> FileKind:
    """Which document it is. Raises Refused for any other ZIP, and for what should not be opened."""
    _check_count(source)
    try:
        with zipfile.ZipFile(source) as archive:
            parts = archive.infolist()
            _check_parts(parts, source.stat().st_size)
            names = {part.filename for part in parts}
            if CONTENT_TYPES in names:
                kind = _open_xml(archive, names)
            elif parts[0].filename == "mimetype":
                kind = _open_document(archive, names)
            else:
                raise Refused(Refusal.ARCHIVE)
    except (zipfile.BadZipFile, EOFError, zlib.error, NotImplementedError, UnicodeDecodeError) as error:
        raise Refused(Refusal.BROKEN) from error
    if ending in WITH_MACROS:
        raise Refused(Refusal.MACROS)
    return kind


def _check_count(source: Path) -> None:
    """Look at how many parts the directory claims before it is read into memory."""
    with source.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - END.size - 2**16))
        tail = file.read()
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) - at < END.size:
        raise Refused(Refusal.BROKEN)
    _, _, _, _, count, length, _, _ = END.unpack_from(tail, at)
    if count > MOST_PARTS or length > MOST_PARTS * 400:
        raise Refused(Refusal.BOMB)


def _check_parts(parts: list[zipfile.ZipInfo], size: int) -> None:
    if not parts or any(OUTSIDE.search(part.orig_filename) for part in parts):
        raise Refused(Refusal.BROKEN)
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise Refused(Refusal.BOMB)
    if any(part.flag_bits & 1 for part in parts):
        raise Refused(Refusal.ENCRYPTED)
    end = 0
    for part in sorted(parts, key=lambda each: each.header_offset):
        if part.header_offset < end:  # parts that overlap unpack to far more than they take up
            raise Refused(Refusal.BOMB)
        end = part.header_offset + len(part.orig_filename) + 30 + part.compress_size
    if end > size:
        raise Refused(Refusal.BROKEN)


def _open_xml(archive: zipfile.ZipFile, names: set[str]) -> FileKind:
    """Word, Excel and PowerPoint: ECMA-376, part 2, 10.1.2.3."""
    types = _values(_unpacked(archive, CONTENT_TYPES), "ContentType")
    if any(RUNS.search(each) for each in types) or any(RUNNING_PARTS.search(name) for name in names):
        raise Refused(Refusal.MACROS)
    kinds = [MAIN_TYPES[each] for each in types if each in MAIN_TYPES]
    if len(kinds) != 1 or not any(name.startswith(FOLDERS[kinds[0]]) for name in names):
        raise Refused(Refusal.KIND)
    return kinds[0]


def _open_document(archive: zipfile.ZipFile, names: set[str]) -> FileKind:
    """LibreOffice: ISO/IEC 26300-2, 2."""
    kind = OPEN_DOCUMENTS.get(_unpacked(archive, "mimetype").decode("ascii", "replace").strip())
    if kind is None or not {"content.xml", "META-INF/manifest.xml"} <= names:
        raise Refused(Refusal.KIND)
    if any(RUNNING_PARTS.search(name) for name in names):
        raise Refused(Refusal.MACROS)
    if b"encryption-data" in _unpacked(archive, "META-INF/manifest.xml"):
        raise Refused(Refusal.ENCRYPTED)
    return kind


def _unpacked(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as part:
        content = part.read(LARGEST_INDEX + 1)
    if len(content) > LARGEST_INDEX:
        raise Refused(Refusal.BOMB)
    return content


def _values(xml: bytes, attribute: str) -> list[str]:
    """The values of an attribute, wherever it stands. A document type, which could define entities, is refused."""
    values: list[str] = []

    def begins(_name: str, attributes: dict[str, str]) -> None:
        values.extend([attributes[attribute]] if attribute in attributes else [])

    def refuse(*_declared: object) -> None:
        raise Refused(Refusal.BOMB)

    parser = expat.ParserCreate()
    parser.StartElementHandler = begins
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(xml, True)
    except expat.ExpatError as error:
        raise Refused(Refusal.BROKEN) from error
    return values
