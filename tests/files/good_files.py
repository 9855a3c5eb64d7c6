"""A good file of each kind, made by code: pictures as a phone makes them, with the place where they were taken."""

import struct
import zipfile
import zlib
from collections.abc import Callable
from io import BytesIO

import pillow_heif
from PIL import Image, PngImagePlugin

from workspace.files.inspection.outcome import MEDIA_TYPES, OPEN_XML, FileKind

# What must be in none of the bytes that are kept: a place, in each form that a container can hold.
PLACE = "55.7332,12.4403"
LATITUDE = struct.pack(">6I", 55, 1, 43, 1, 59, 1)  # degrees, minutes and seconds, as Exif has them
SECRETS = (PLACE.encode(), PLACE.encode("utf-16-le"), LATITUDE, LATITUDE[::-1], b"GPSLatitude", b"Hemmelig Kamera")
XMP = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:li GPSLatitude="{PLACE}"/></x:xmpmeta>'.encode()
PROFILE = b"\0\0\2\x24" + bytes(32) + b"acsp" + bytes(504)

pillow_heif.register_heif_opener()


def exif(orientation: int = 1) -> Image.Exif:
    """A camera's notes, with a place."""
    made = Image.Exif()
    made[0x010F] = "Hemmelig Kamera"
    made[0x0112] = orientation
    made[0x8825] = {1: "N", 2: (55.0, 43.0, 59.0), 3: "E", 4: (12.0, 26.0, 25.0)}
    made[0x8769] = {0x9286: f"ASCII\0\0\0{PLACE}".encode()}
    return made


def scene(width: int = 640, height: int = 480) -> Image.Image:
    """Not one colour, and not the same when it is turned: the upper left corner is red."""
    picture = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    picture.paste((200, 0, 0), (0, 0, width // 4, height // 4))
    return picture


def encoded(picture: Image.Image, form: str, **options: object) -> bytes:
    file = BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def jpeg(orientation: int = 1, picture: Image.Image | None = None) -> bytes:
    """With Exif, XMP, a profile, a comment, IPTC, a small picture, and something after the end."""
    made = encoded(
        picture or scene(), "JPEG", quality=85, exif=exif(orientation), icc_profile=PROFILE, comment=PLACE.encode()
    )
    thumbnail = encoded(scene(32, 24), "JPEG", comment=PLACE.encode())
    added = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP) + segment(0xED, b"Photoshop 3.0\0" + PLACE.encode())
    added += segment(0xE0, b"JFXX\0\x10" + thumbnail) + segment(0xEF, PLACE.encode())
    return made[:2] + added + made[2:] + b"trailing " + PLACE.encode()


def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def png(orientation: int = 1, picture: Image.Image | None = None) -> bytes:
    """With eXIf, text of all three kinds, a time, a chunk of a program's own, and something after the end."""
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", PLACE)
    notes.add_text("Description", PLACE, zip=True)
    notes.add_itxt("XML:com.adobe.xmp", XMP.decode())
    made = encoded(picture or scene(), "PNG", exif=exif(orientation), icc_profile=PROFILE, pnginfo=notes)
    end = made.rindex(b"IEND") - 4
    return made[:end] + chunk(b"prVt", PLACE.encode()) + made[end:] + PLACE.encode()


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def webp(orientation: int = 1, picture: Image.Image | None = None) -> bytes:
    made = encoded(picture or scene(), "WEBP", exif=exif(orientation), xmp=XMP, icc_profile=PROFILE)
    return made + PLACE.encode()


def gif() -> bytes:
    made = bytearray(encoded(scene(), "GIF", comment=PLACE.encode()))
    xmp = b"\x21\xff\x0bXMP DataXMP" + bytes((len(XMP),)) + XMP + b"\0"
    return bytes(made[:-1]) + xmp + b";"


def heic() -> bytes:
    return encoded(scene(), "HEIF", quality=70, exif=exif(), xmp=XMP)


def pdf(pages: int = 2, extra: str = "", root: str = "") -> bytes:
    """Pages with a line of text; `extra` are further objects, and `root` stands in the catalogue."""
    kids = " ".join(f"{10 + number} 0 R" for number in range(pages))
    objects = [
        f"1 0 obj<</Type/Catalog/Pages 2 0 R{root}>>endobj",
        f"2 0 obj<</Type/Pages/Kids[{kids}]/Count {pages}>>endobj",
        "3 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj",
        "4 0 obj<</Length 41>>stream\nBT /F1 24 Tf 72 700 Td (Referat) Tj ET    \nendstream endobj",
        extra,
        *(
            f"{10 + number} 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R"
            "/Resources<</Font<</F1 3 0 R>>>>>>endobj"
            for number in range(pages)
        ),
    ]
    made = "%PDF-1.7\n"
    offsets: dict[int, int] = {}
    for each in "\n".join(filter(None, objects)).split("endobj"):
        if text := each.strip("\n"):
            offsets[int(text.split()[0])] = len(made)
            made += f"{text}endobj\n"
    start, last = len(made), max(offsets)
    table = "".join(
        f"{offsets[number]:010} 00000 n \n" if number in offsets else "0000000000 65535 f \n"
        for number in range(last + 1)
    )
    made += f"xref\n0 {last + 1}\n{table}trailer<</Size {last + 1}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n"
    return made.encode("latin-1")


def zipped(parts: dict[str, bytes], **options: object) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in parts.items():
            archive.writestr(name, body, **options)  # type: ignore[arg-type]
    return file.getvalue()


OFFICE = {
    FileKind.DOCX: ("word/document.xml", "wordprocessingml.document"),
    FileKind.XLSX: ("xl/workbook.xml", "spreadsheetml.sheet"),
    FileKind.PPTX: ("ppt/presentation.xml", "presentationml.presentation"),
}


def office(kind: FileKind, parts: dict[str, bytes] | None = None, types: str = "") -> bytes:
    """A document of Office; `parts` and `types` are added."""
    main, subtype = OFFICE[kind]
    content_types = (
        '<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/{main}" ContentType="{OPEN_XML}.{subtype}.main+xml"/>{types}</Types>'
    )
    return zipped({"[Content_Types].xml": content_types.encode(), main: b"<document/>"} | (parts or {}))


def open_document(kind: FileKind, parts: dict[str, bytes] | None = None, manifest: bytes = b"<manifest/>") -> bytes:
    return zipped(
        {
            "mimetype": MEDIA_TYPES[kind].encode(),
            "content.xml": b"<office:document-content/>",
            "META-INF/manifest.xml": manifest,
        }
        | (parts or {})
    )


CALENDAR = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nSUMMARY:M\xc3\xb8de\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"

GOOD: dict[str, Callable[[], bytes]] = {
    "billede.jpg": jpeg,
    "billede.png": png,
    "billede.webp": webp,
    "billede.gif": gif,
    "IMG_0001.HEIC": heic,
    "referat.pdf": pdf,
    "referat.docx": lambda: office(FileKind.DOCX),
    "tal.xlsx": lambda: office(FileKind.XLSX),
    "oplæg.pptx": lambda: office(FileKind.PPTX),
    "referat.odt": lambda: open_document(FileKind.ODT),
    "tal.ods": lambda: open_document(FileKind.ODS),
    "oplæg.odp": lambda: open_document(FileKind.ODP),
    "noter.txt": lambda: "Møde på rådhuset\n".encode(),
    "tal.csv": lambda: "Måned;Antal\r\nMaj;7\r\n".encode("cp1252"),
    "møde.ics": lambda: CALENDAR,
}
