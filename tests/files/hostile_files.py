"""Hostile files, made by code, and what must come of each: a reason to refuse it, or the kind as which it is kept."""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO

from PIL import Image

from tests.files import good_files
from tests.files.good_files import (
    CALENDAR,
    OFFICE,
    PLACE,
    XMP,
    chunk,
    encoded,
    jpeg,
    office,
    open_document,
    pdf,
    png,
    scene,
    segment,
    webp,
    zipped,
)
from workspace.files.inspection import FileKind, Refusal

SCRIPT = b"<script>alert(document.cookie)</script>"
HTML = b"<!DOCTYPE html><html><body>" + SCRIPT + b"</body></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
MEGABYTE = 2**20


@dataclass(frozen=True)
class Hostile:
    """A file under its name, and what must come of it: one of `outcomes`. `gone` must not stand in what is kept."""

    name: str
    make: Callable[[], bytes]
    outcomes: tuple[Refusal | FileKind, ...]
    gone: bytes = b""


def hostile(name: str, make: Callable[[], bytes], *outcomes: Refusal | FileKind, gone: bytes = b"") -> Hostile:
    return Hostile(name, make, outcomes, gone)


# Pictures


def png_header(width: int, height: int) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return png()[:8] + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def png_with(*chunks: bytes) -> bytes:
    plain = encoded(scene(), "PNG")
    return plain[:33] + b"".join(chunks) + plain[33:]


def wrong_check() -> bytes:
    """Pillow does not look at the check of the pixels; browsers do."""
    plain = bytearray(png())
    plain[plain.rindex(b"prVt") - 5] ^= 1  # the last byte before it
    return bytes(plain)


def bomb(size: int) -> bytes:
    return zlib.compress(bytes(size), 9)


def jpeg_header(width: int, height: int) -> bytes:
    plain = bytearray(encoded(scene(), "JPEG"))
    at = plain.index(b"\xff\xc0")
    plain[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(plain)


def webp_header() -> bytes:
    """A canvas of 16,384 pixels each way."""
    canvas = b"VP8X" + struct.pack("<I", 10) + b"\x10\0\0\0" + b"\xff\x3f\0" * 2
    frame = encoded(scene(), "WEBP")[12:]
    return b"RIFF" + struct.pack("<I", 4 + len(canvas) + len(frame)) + b"WEBP" + canvas + frame


def gif_header() -> bytes:
    plain = encoded(scene(), "GIF")
    return plain[:6] + b"\xff\xff\xff\xff" + plain[10:]


def heic_header() -> bytes:
    plain = bytearray(good_files.heic())
    at = plain.index(b"ispe") + 8
    plain[at : at + 8] = struct.pack(">II", 65_000, 65_000)
    return bytes(plain)


def heic_of_brand(brand: bytes) -> bytes:
    plain = good_files.heic()
    return plain[:8] + brand + plain[12:]


def many_scans() -> bytes:
    """A progressive JPEG whose last scan is there 5,000 times, each of which a decoder goes through in full."""
    plain = encoded(Image.new("RGB", (6000, 6000), (90, 90, 90)), "JPEG", progressive=True)
    at = plain.rindex(b"\xff\xda")
    return plain[:at] + plain[at:-2] * 5000 + plain[-2:]


def two_in_one() -> bytes:
    """A JPEG with a second picture behind it, as cameras make them (CIPA DC-007)."""
    file = BytesIO()
    scene().save(file, "MPO", save_all=True, append_images=[scene(32, 24)], exif=good_files.exif())
    return file.getvalue()


def animated(form: str) -> bytes:
    return encoded(scene(), form, save_all=True, append_images=[Image.new("RGB", (640, 480))], duration=100)


def cropped() -> bytes:
    """A PNG behind which a program left the rest of the larger one that it was cut from (CVE-2023-21036)."""
    return encoded(scene(40, 30), "PNG") + encoded(scene(), "PNG")[5000:] + PLACE.encode()


PICTURES = {
    "400 megapixels as PNG": hostile("a.png", lambda: png_header(20_000, 20_000), Refusal.PIXELS),
    "one row of 2,000,000 pixels": hostile("a.png", lambda: png_header(2_000_000, 1), Refusal.PIXELS),
    "a PNG without a pixel": hostile("a.png", lambda: png_header(0, 10), Refusal.BROKEN),
    "65,500 pixels each way as JPEG": hostile("a.jpg", lambda: jpeg_header(65_500, 65_500), Refusal.PIXELS),
    "a JPEG that says it is larger than it is": hostile("a.jpg", lambda: jpeg_header(7000, 7000), FileKind.JPEG),
    "268 megapixels as WebP": hostile("a.webp", webp_header, Refusal.PIXELS, Refusal.BROKEN),
    "65,535 pixels each way as GIF": hostile("a.gif", gif_header, Refusal.PIXELS),
    "65,000 pixels each way as HEIC": hostile("a.heic", heic_header, Refusal.PIXELS, Refusal.BROKEN),
    "a PNG's text that unpacks to 200 MB": hostile(
        "a.png", lambda: png_with(chunk(b"zTXt", b"Comment\0\0" + bomb(200 * MEGABYTE))), FileKind.PNG
    ),
    "a PNG's profile that unpacks to 200 MB": hostile(
        "a.png", lambda: png_with(chunk(b"iCCP", b"profile\0\0" + bomb(200 * MEGABYTE))), Refusal.BOMB
    ),
    "a PNG with more pixels than it says": hostile(
        "a.png",
        lambda: (
            png()[:8]
            + chunk(b"IHDR", struct.pack(">IIBBBBB", 9, 9, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", bomb(200 * MEGABYTE))
            + chunk(b"IEND", b"")
        ),
        FileKind.PNG,
        Refusal.BROKEN,
    ),
    "a PNG with a wrong check": hostile("a.png", wrong_check, Refusal.BROKEN),
    "a PNG with a chunk that must be known": hostile("a.png", lambda: png_with(chunk(b"EVIL", b"")), Refusal.BROKEN),
    "a PNG with what it was cut from": hostile("a.png", cropped, FileKind.PNG, gone=PLACE.encode()),
    "a JPEG without a scan": hostile("a.jpg", lambda: jpeg()[:700] + b"\xff\xd9", Refusal.BROKEN),
    "a JPEG of arithmetic": hostile(
        "a.jpg", lambda: encoded(scene(), "JPEG").replace(b"\xff\xc0", b"\xff\xc9", 1), Refusal.BROKEN
    ),
    "a JPEG of 5,000 scans": hostile("a.jpg", many_scans, Refusal.TOO_MUCH_WORK, Refusal.BROKEN),
    "a JPEG of two pictures": hostile("a.jpg", two_in_one, FileKind.JPEG, gone=b"MPF\0"),
    "XMP of a JPEG in several segments": hostile(
        "a.jpg",
        lambda: jpeg()[:2] + segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + bytes(40) + XMP) + jpeg()[2:],
        FileKind.JPEG,
        gone=b"xmp",
    ),
    "an animated PNG": hostile("a.png", lambda: animated("PNG"), FileKind.PNG, gone=b"fdAT"),
    "an animated WebP": hostile("a.webp", lambda: animated("WEBP"), FileKind.WEBP, gone=b"ANMF"),
    "an animated GIF": hostile("a.gif", lambda: animated("GIF"), FileKind.JPEG, gone=b"GIF89a"),
    "a sequence of HEIC": hostile("a.heic", lambda: heic_of_brand(b"hevc"), Refusal.VIDEO),
    "a sequence under another brand": hostile("a.heic", lambda: heic_of_brand(b"msf1"), Refusal.VIDEO),
    "AVIF called HEIC": hostile("a.heic", lambda: heic_of_brand(b"avif"), Refusal.VIDEO),
    "Exif that leads round in a circle": hostile(
        "a.jpg",
        lambda: (
            encoded(scene(), "JPEG")[:2]
            + segment(0xE1, b"Exif\0\0II*\0\x08\0\0\0\x01\0\x69\x87\4\0\1\0\0\0\x08\0\0\0\x08\0\0\0")
            + encoded(scene(), "JPEG")[2:]
        ),
        FileKind.JPEG,
    ),
}

# Two kinds at once

BOTH = {
    "a GIF that is a script": hostile("a.gif", lambda: b"GIF89a=1;" + SCRIPT, Refusal.BROKEN, Refusal.PIXELS),
    "a GIF with a script in its comment": hostile(
        "a.gif", lambda: encoded(scene(), "GIF", comment=b"*/=1;" + SCRIPT), FileKind.JPEG, gone=SCRIPT
    ),
    "a GIF called a script": hostile("a.js", lambda: encoded(scene(), "GIF"), Refusal.WRONG_ENDING),
    "a JPEG with HTML in its comment": hostile(
        "a.jpg", lambda: encoded(scene(), "JPEG", comment=HTML), FileKind.JPEG, gone=SCRIPT
    ),
    "a JPEG with a ZIP behind it": hostile(
        "a.jpg", lambda: jpeg() + zipped({"a.exe": b"MZ"}), FileKind.JPEG, gone=b"PK"
    ),
    "a JPEG with a ZIP behind it, called docx": hostile(
        "a.docx", lambda: jpeg() + office(FileKind.DOCX), Refusal.WRONG_ENDING
    ),
    "a PNG with HTML in its text": hostile(
        "a.png", lambda: png_with(chunk(b"tEXt", b"Comment\0" + HTML)), FileKind.PNG, gone=SCRIPT
    ),
    "a WebP with HTML in a chunk of its own": hostile(
        "a.webp",
        lambda: (
            (plain := webp())[:4]
            + struct.pack("<I", struct.unpack_from("<I", plain, 4)[0] + 8 + 400)
            + plain[8 : 8 + struct.unpack_from("<I", plain, 4)[0]]
            + b"evil"
            + struct.pack("<I", 400)
            + SCRIPT.ljust(400)
        ),
        FileKind.WEBP,
        gone=SCRIPT,
    ),
    "a PDF with a ZIP behind it": hostile("a.pdf", lambda: pdf() + zipped({"a.exe": b"MZ"}), Refusal.WRONG_ENDING),
    "HTML with a PDF behind it": hostile("a.pdf", lambda: HTML + pdf(), Refusal.KIND),
}

# PDF

LAUNCH = "/OpenAction<</S/JavaScript/JS(app.alert\\(1\\);while\\(1\\);)>>/AA<</WC<</S/Launch/F(cmd.exe)>>>>"


def pdf_page(content: bytes, resources: str = "", box: str = "0 0 595 842") -> bytes:
    """One page that draws `content`, packed."""
    packed = zlib.compress(content, 9)
    made = (
        b"%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        + f"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[{box}]/Contents 4 0 R/Resources<<{resources}>>>>endobj\n".encode()
        + f"4 0 obj<</Type/XObject/Subtype/Form/BBox[0 0 9999 9999]/Resources<<{resources}>>".encode()
        + f"/Length {len(packed)}/Filter/FlateDecode>>stream\n".encode()
    )
    return made + packed + b"\nendstream endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def deep_pdf() -> bytes:
    """Pages within pages within pages, 20,000 deep, and an array as deep."""
    levels = b"".join(
        b"%d 0 obj<</Type/Pages/Kids[%d 0 R]/Count 1/Parent %d 0 R>>endobj\n" % (at, at + 1, at - 1)
        for at in range(2, 20_000)
    )
    page = b"20000 0 obj<</Type/Page/Parent 19999 0 R/MediaBox[0 0 9 9]/X %s>>endobj\n" % (
        b"[" * 20_000 + b"]" * 20_000
    )
    return (
        b"%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n" + levels + page + b"trailer<</Root 1 0 R>>\n%%EOF\n"
    )


LOCKED = "/Encrypt 9 0 R/ID[<00><00>]"
LOCK = f"9 0 obj<</Filter/Standard/V 2/R 3/Length 128/P -4/O<{'41' * 32}>/U<{'42' * 32}>>>endobj"

DOCUMENTS_IN_PDF = {
    "a PDF of 10,000 pages": hostile("a.pdf", lambda: pdf(pages=10_000), FileKind.PDF),
    "a PDF 20,000 pages deep": hostile("a.pdf", deep_pdf, Refusal.BROKEN, FileKind.PDF),
    "a PDF that runs a script": hostile("a.pdf", lambda: pdf(root=LAUNCH), FileKind.PDF),
    "a PDF with a program attached": hostile(
        "a.pdf",
        lambda: pdf(
            extra="5 0 obj<</Type/EmbeddedFile/Length 2>>stream\nMZ\nendstream endobj\n"
            "6 0 obj<</Type/Filespec/F(a.exe)/EF<</F 5 0 R>>>>endobj",
            root="/Names<</EmbeddedFiles<</Names[(a.exe)6 0 R]>>>>",
        ),
        FileKind.PDF,
    ),
    "a PDF with a password": hostile(
        "a.pdf", lambda: pdf(extra=LOCK).replace(b"/Root 1 0 R>>", f"/Root 1 0 R{LOCKED}>>".encode()), Refusal.ENCRYPTED
    ),
    "a PDF page as large as a town": hostile(
        "a.pdf", lambda: pdf_page(b"", box="0 0 1e9 1e9"), FileKind.PDF, Refusal.BROKEN
    ),
    "a PDF page without a size": hostile("a.pdf", lambda: pdf_page(b"", box="0 0 0 0"), FileKind.PDF, Refusal.BROKEN),
    "a PDF page as thin as a hair": hostile(
        "a.pdf", lambda: pdf_page(b"", box="0 0 14400 0.01"), FileKind.PDF, Refusal.BROKEN
    ),
    "a PDF page that unpacks to 700 MB": hostile(
        "a.pdf", lambda: pdf_page(b" " * (700 * MEGABYTE)), FileKind.PDF, Refusal.BROKEN, Refusal.TOO_MUCH_WORK
    ),
    "a PDF page of a million circles": hostile(
        "a.pdf",
        lambda: pdf_page(b"0 0 m 9 900 900 9 500 500 c 0 1 0 RG 30 w S " * 1_000_000),
        FileKind.PDF,
        Refusal.BROKEN,
        Refusal.TOO_MUCH_WORK,
    ),
    "a PDF that draws itself": hostile(
        "a.pdf",
        lambda: pdf_page(b"/X Do /X Do " * 50, "/XObject<</X 4 0 R>>"),
        FileKind.PDF,
        Refusal.BROKEN,
        Refusal.TOO_MUCH_WORK,
    ),
    "a PDF without an end": hostile("a.pdf", lambda: pdf().replace(b"%%EOF", b""), Refusal.BROKEN),
    "nothing but a PDF's name": hostile("a.pdf", lambda: b"%PDF-1.7\n%%EOF", Refusal.BROKEN),
}

# Documents of Office, and ZIP

VBA = '<Override PartName="/x.bin" ContentType="application/vnd.ms-office.vbaProject"/>'
HIDDEN_VBA = '<Override PartName="/x.bin" ContentType="application/vnd.ms-office.v&#98;aProject"/>'


def with_macros(kind: FileKind) -> bytes:
    """As Office writes it: its main type says that macros are on."""
    main, subtype = OFFICE[kind]
    program = {FileKind.DOCX: "word", FileKind.XLSX: "excel", FileKind.PPTX: "powerpoint"}[kind]
    types = (
        f'<Types><Override PartName="/{main}" ContentType="application/vnd.ms-{program}.'
        f'{subtype.partition(".")[2]}.macroEnabled.main+xml"/></Types>'
    )
    return zipped({"[Content_Types].xml": types.encode(), main: b"<x/>", f"{FOLDER[kind]}vbaProject.bin": OLE})


FOLDER = {FileKind.DOCX: "word/", FileKind.XLSX: "xl/", FileKind.PPTX: "ppt/"}


def claiming(content: bytes, name: str, size: int) -> bytes:
    """A ZIP whose directory says that one part is of another size."""
    made = bytearray(content)
    at = made.index(b"PK\1\2")
    while name.encode() != bytes(made[at + 46 : at + 46 + len(name)]):
        at = made.index(b"PK\1\2", at + 1)
    made[at + 24 : at + 28] = struct.pack("<I", size)
    return bytes(made)


def overlapping() -> bytes:
    """Many names for the same bytes (D. Fifield, A better zip bomb, 2019)."""
    made = bytearray(office(FileKind.DOCX, {f"word/{number}.xml": bytes(100) for number in range(50)}))
    entries = [at for at in range(len(made) - 4) if made[at : at + 4] == b"PK\1\2"]
    target = made[entries[5] + 42 : entries[5] + 46]
    for at in entries[5:]:
        made[at + 42 : at + 46] = target
    return bytes(made)


def locked_zip() -> bytes:
    made = bytearray(office(FileKind.DOCX))
    for at in range(len(made) - 10):
        if made[at : at + 4] == b"PK\1\2":
            made[at + 8] |= 1
    return bytes(made)


LAUGHS = (
    '<!DOCTYPE t [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
    "<Types>&c;</Types>"
)
XXE = '<!DOCTYPE t [<!ENTITY x SYSTEM "file:///etc/passwd">]><Types>&x;</Types>'


def typed(types: str) -> bytes:
    return zipped({"[Content_Types].xml": types.encode(), "word/document.xml": b"<x/>"})


MACROS = {
    **{
        f"macros in {kind}": hostile(f"a.{kind}", lambda kind=kind: with_macros(kind), Refusal.MACROS)
        for kind in OFFICE
    },
    **{
        f"macros in {kind} that say nothing of themselves": hostile(
            f"a.{kind}", lambda kind=kind: office(kind, {f"{FOLDER[kind]}VBAPROJECT.bin": OLE}), Refusal.MACROS
        )
        for kind in OFFICE
    },
    **{
        f"macros in {kind} under another name": hostile(
            f"a.{kind}", lambda kind=kind: office(kind, {"x.bin": OLE}, VBA), Refusal.MACROS
        )
        for kind in OFFICE
    },
    "macros whose type is written in numbers": hostile(
        "a.docx", lambda: office(FileKind.DOCX, {"x.bin": OLE}, HIDDEN_VBA), Refusal.MACROS
    ),
    "macros of Excel 4": hostile(
        "a.xlsx", lambda: office(FileKind.XLSX, {"xl/macrosheets/sheet1.xml": b"<x/>"}), Refusal.MACROS
    ),
    "controls of ActiveX": hostile(
        "a.docx", lambda: office(FileKind.DOCX, {"word/activeX/activeX1.bin": OLE}), Refusal.MACROS
    ),
    "a docm": hostile("a.docm", lambda: office(FileKind.DOCX), Refusal.MACROS),
    **{
        f"macros in {kind}": hostile(
            f"a.{kind}", lambda kind=kind: open_document(kind, {"Basic/Standard/x.xml": b"<x/>"}), Refusal.MACROS
        )
        for kind in (FileKind.ODT, FileKind.ODS, FileKind.ODP)
    },
    "a script in odt": hostile(
        "a.odt", lambda: open_document(FileKind.ODT, {"Scripts/python/x.py": b"import os"}), Refusal.MACROS
    ),
}

OFFICES = {
    "a docx with a password": hostile(
        "a.docx", lambda: OLE + "EncryptedPackage".encode("utf-16-le") + bytes(2000), Refusal.ENCRYPTED
    ),
    "an xlsx with a password, far in": hostile(
        "a.xlsx", lambda: OLE + bytes(500_000) + "EncryptedPackage".encode("utf-16-le"), Refusal.ENCRYPTED
    ),
    "an odt with a password": hostile(
        "a.odt", lambda: open_document(FileKind.ODT, manifest=b"<x><manifest:encryption-data/></x>"), Refusal.ENCRYPTED
    ),
    "a docx whose parts have a password": hostile("a.docx", locked_zip, Refusal.ENCRYPTED),
    "a doc": hostile("a.doc", lambda: OLE + bytes(2000), Refusal.OLD_OFFICE),
    "a doc called docx": hostile("a.docx", lambda: OLE + bytes(2000), Refusal.OLD_OFFICE),
    "a docx that is a ZIP": hostile("a.docx", lambda: zipped({"a.exe": b"MZ"}), Refusal.ARCHIVE),
    "a docx that is a JAR": hostile(
        "a.docx",
        lambda: zipped({"META-INF/MANIFEST.MF": b"Main-Class: x", "x.class": b"\xca\xfe\xba\xbe"}),
        Refusal.ARCHIVE,
    ),
    "a docx that says docx and has no text": hostile(
        "a.docx", lambda: zipped({"[Content_Types].xml": b"<Types/>", "a.exe": b"MZ"}), Refusal.KIND
    ),
    "a docx that is also an xlsx": hostile(
        "a.docx",
        lambda: office(
            FileKind.DOCX,
            {"xl/workbook.xml": b"<x/>"},
            '<Override PartName="/xl/workbook.xml" ContentType="'
            'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>',
        ),
        Refusal.KIND,
    ),
    "a docx called xlsx": hostile("a.xlsx", lambda: office(FileKind.DOCX), Refusal.WRONG_ENDING),
    "a docx called pdf": hostile("a.pdf", lambda: office(FileKind.DOCX), Refusal.WRONG_ENDING),
    **{
        f"a docx with a part called {name!r}": hostile(
            "a.docx", lambda name=name: office(FileKind.DOCX, {name: b"x"}), Refusal.BROKEN
        )
        for name in ("../../etc/passwd", "/etc/passwd", "word/../../x", "..\\x", "C:\\x")
    },
    "a docx that unpacks to 600 MB": hostile(
        "a.docx",
        lambda: claiming(office(FileKind.DOCX, {"word/a.bin": bytes(1000)}), "word/a.bin", 600 * MEGABYTE),
        Refusal.BOMB,
    ),
    "a docx whose list of contents unpacks to 50 MB": hostile(
        "a.docx", lambda: typed("<Types>" + " " * (50 * MEGABYTE) + "</Types>"), Refusal.BOMB
    ),
    "a docx whose list of contents lies about its size": hostile(
        "a.docx",
        lambda: claiming(typed("<Types>" + " " * (50 * MEGABYTE) + "</Types>"), "[Content_Types].xml", 100),
        Refusal.BOMB,
        Refusal.BROKEN,
    ),
    "a docx whose parts overlap": hostile("a.docx", overlapping, Refusal.BOMB),
    "a docx of 12,000 parts": hostile(
        "a.docx", lambda: office(FileKind.DOCX, {f"word/{number}": b"" for number in range(12_000)}), Refusal.BOMB
    ),
    "a docx with a billion laughs": hostile("a.docx", lambda: typed(LAUGHS), Refusal.BOMB),
    "a docx that reads another file": hostile("a.docx", lambda: typed(XXE), Refusal.BOMB),
    "a docx whose list of contents is no XML": hostile("a.docx", lambda: typed("<Types><"), Refusal.BROKEN),
}

# Names, texts and what is never kept

NAMES = {
    "a name turned round": hostile("faktura\u202efdp.exe", pdf, Refusal.NAME),
    "a name turned round, that ends well": hostile("faktura\u202eexe.pdf", pdf, Refusal.NAME),
    "a name with a sign that is not seen": hostile("faktura\u200b.pdf", pdf, Refusal.NAME),
    "a name of 300 bytes": hostile("æ" * 146 + ".pdf", pdf, Refusal.NAME),
    "a name of 300 letters": hostile("a" * 296 + ".pdf", pdf, Refusal.NAME),
    "a name with NUL": hostile("a.exe\0.pdf", pdf, Refusal.NAME),
    "a name with two lines": hostile("a\n.pdf", pdf, Refusal.NAME),
    "a path": hostile("../../a.pdf", pdf, Refusal.NAME),
    "a path of Windows": hostile("..\\a.pdf", pdf, Refusal.NAME),
    "nothing but an ending": hostile(".pdf", pdf, Refusal.NAME),
    "no ending": hostile("referat", pdf, Refusal.WRONG_ENDING),
    "no name": hostile("", pdf, Refusal.WRONG_ENDING),
    "a dot at the end": hostile("a.pdf.", pdf, Refusal.WRONG_ENDING),
    "a space at the end": hostile("a.pdf ", pdf, Refusal.WRONG_ENDING),
    "two endings, the last a program's": hostile("a.pdf.exe", pdf, Refusal.WRONG_ENDING),
    "two endings, the last a page's": hostile("a.jpg.html", jpeg, Refusal.WRONG_ENDING),
    "an ending in wide letters": hostile("a.pdf．ｅｘｅ", pdf, Refusal.WRONG_ENDING),
}

TEXTS = {
    "a text with NUL": hostile("a.txt", lambda: b"a\0b", Refusal.BROKEN),
    "a table with control signs": hostile("a.csv", lambda: b"a;\x1b[2Jb", Refusal.BROKEN),
    "a text in no coding": hostile("a.txt", lambda: b"a\x81\x8d\x8f", Refusal.BROKEN),
    "a text in half a letter": hostile("a.txt", lambda: "æ".encode("utf-16") + b"a", Refusal.BROKEN),
    "HTML called txt": hostile("a.txt", lambda: HTML, Refusal.KIND),
    "HTML in UTF-16 called txt": hostile("a.txt", lambda: HTML.decode().encode("utf-16"), Refusal.KIND),
    "HTML after a comment called csv": hostile("a.csv", lambda: b"\xef\xbb\xbf \r\n<!-- -->" + HTML, Refusal.KIND),
    "HTML": hostile("a.html", lambda: HTML, Refusal.KIND),
    "SVG": hostile("a.svg", lambda: SVG, Refusal.KIND),
    "SVG called png": hostile("a.png", lambda: SVG, Refusal.KIND),
    "SVG that says it is XML called jpg": hostile("a.jpg", lambda: b'<?xml version="1.0"?>' + SVG, Refusal.KIND),
    "a text called pdf": hostile("a.pdf", lambda: b"hej", Refusal.WRONG_ENDING),
    "a script of the shell called txt": hostile("a.txt", lambda: b"#!/bin/sh\nrm -rf ~", Refusal.PROGRAM),
    "a script of Windows": hostile("a.bat", lambda: b"del *.*", Refusal.KIND),
    "EICAR, which the scanner refuses": hostile("a.txt", lambda: EICAR, FileKind.TXT),
    "EICAR as a program": hostile("a.com", lambda: EICAR, Refusal.KIND),
    "a calendar that is none": hostile("a.ics", lambda: b"hej", Refusal.BROKEN),
    "a calendar with a page behind it": hostile("a.ics", lambda: CALENDAR + HTML, Refusal.BROKEN),
    "RTF called txt": hostile("a.txt", lambda: b"{\\rtf1\\object}", Refusal.KIND),
}

NEVER = {
    "a program called jpg": hostile("a.jpg", lambda: b"MZ" + bytes(500), Refusal.PROGRAM),
    "a program of Linux": hostile("a.txt", lambda: b"\x7fELF" + bytes(500), Refusal.PROGRAM),
    "a shortcut of Windows": hostile("a.lnk", lambda: b"L\0\0\0\x01\x14\x02\0" + bytes(90), Refusal.PROGRAM),
    "a ZIP": hostile("a.zip", lambda: zipped({"a.txt": b"x"}), Refusal.ARCHIVE),
    "an empty ZIP called docx": hostile("a.docx", lambda: zipped({}), Refusal.ARCHIVE),
    "RAR called pdf": hostile("a.pdf", lambda: b"Rar!\x1a\7\0" + bytes(90), Refusal.ARCHIVE),
    "7z": hostile("a.7z", lambda: b"7z\xbc\xaf\x27\x1c" + bytes(90), Refusal.ARCHIVE),
    "gzip": hostile("a.gz", lambda: b"\x1f\x8b\x08" + bytes(90), Refusal.ARCHIVE),
    "MP4 called jpg": hostile("a.jpg", lambda: b"\0\0\0\x18ftypmp42" + bytes(90), Refusal.VIDEO),
    "MOV": hostile("a.mov", lambda: b"\0\0\0\x14ftypqt  " + bytes(90), Refusal.VIDEO),
    "AVI called webp": hostile("a.webp", lambda: b"RIFF\x10\0\0\0AVI LIST" + bytes(90), Refusal.VIDEO),
    "Matroska": hostile("a.mkv", lambda: b"\x1a\x45\xdf\xa3" + bytes(90), Refusal.VIDEO),
    "a PNG called jpg": hostile("a.jpg", png, Refusal.WRONG_ENDING),
    "a JPEG called pdf": hostile("a.pdf", jpeg, Refusal.WRONG_ENDING),
    "bytes without meaning": hostile("a.png", lambda: bytes(range(256)) * 40, Refusal.WRONG_ENDING),
}

EMPTY = {f"an empty {name}": hostile(name, lambda: b"", Refusal.EMPTY) for name in good_files.GOOD}

# A text says nothing of where it ends.
CUT = {
    f"{name}, cut off {where}": hostile(name, lambda name=name, cut=cut: cut(good_files.GOOD[name]()), Refusal.BROKEN)
    for name in good_files.GOOD
    if not name.endswith(("txt", "csv"))
    for where, cut in {
        "in the middle": lambda content: content[: len(content) // 2],
        "at the start": lambda content: content[:24],
    }.items()
}

# They take until a limit ends them.
LONG = {
    "a JPEG of 5,000 scans",
    "a PDF page of a million circles",
    "a PDF page that unpacks to 700 MB",
    "a PDF that draws itself",
}

HOSTILE: dict[str, Hostile] = (
    PICTURES | BOTH | DOCUMENTS_IN_PDF | MACROS | OFFICES | NAMES | TEXTS | NEVER | EMPTY | CUT
)
