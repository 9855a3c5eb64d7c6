"""The demo story's documents, made when it is loaded: PDFs of typed pages, and spreadsheets.

The same text makes the same bytes. Each is written by the least that its format asks for: PDF 1.4 (ISO 32000-1, with the
standard fonts), and the parts of a workbook that every program reads (ECMA-376).
"""

import io
import textwrap
import zipfile
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

PAGE_WIDTH, PAGE_HEIGHT = 595, 842  # A4 in points
MARGIN, LEADING = 64, 17
LINES_OF_A_PAGE = (PAGE_HEIGHT - 3 * MARGIN) // LEADING
CHARACTERS_OF_A_LINE = 78
HEADING = "# "
LONG_AGO = (1980, 1, 1, 0, 0, 0)

CONTENT_TYPES = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">\
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>\
<Default Extension="xml" ContentType="application/xml"/>\
<Override PartName="/xl/workbook.xml" \
ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>\
<Override PartName="/xl/worksheets/sheet1.xml" \
ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>"""
RELATIONS = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">\
<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}" \
Target="{target}"/></Relationships>"""
WORKBOOK = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" \
xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">\
<sheets><sheet name="Tal" sheetId="1" r:id="rId1"/></sheets></workbook>"""
SHEET = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{rows}</sheetData></worksheet>"""


def pdf(title: str, text: str) -> bytes:
    """`text` as typed pages with `title` above: a line that begins with "# " is a heading, a form feed a new page."""
    pages = list(_pages(text))
    fonts = ("Helvetica", "Helvetica-Bold")
    first_page = 3 + len(fonts)
    kids = " ".join(f"{first_page + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /Lang (da) >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        *(f"<< /Type /Font /Subtype /Type1 /BaseFont /{font} /Encoding /WinAnsiEncoding >>".encode() for font in fonts),
    ]
    for number, lines in enumerate(pages, 1):
        drawn = _drawn(title, lines, f"{number} / {len(pages)}")
        content = len(objects) + 2
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {PAGE_WIDTH} {PAGE_HEIGHT}] /Contents {content} 0 R"
            " /Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> >>".encode()
        )
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawn), drawn))
    return _pdf_file(objects)


def spreadsheet(rows: Sequence[Sequence[str | float]]) -> bytes:
    """One sheet of `rows`, as .xlsx."""
    parts = {
        "[Content_Types].xml": CONTENT_TYPES,
        "_rels/.rels": RELATIONS.format(kind="officeDocument", target="xl/workbook.xml"),
        "xl/workbook.xml": WORKBOOK,
        "xl/_rels/workbook.xml.rels": RELATIONS.format(kind="worksheet", target="worksheets/sheet1.xml"),
        "xl/worksheets/sheet1.xml": SHEET.format(
            rows="".join(f"<row>{''.join(_cell(value) for value in row)}</row>" for row in rows)
        ),
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name, LONG_AGO), content)
    return file.getvalue()


def _pages(text: str) -> Iterator[list[str]]:
    for part in text.strip().split("\f"):
        lines = [line for paragraph in part.strip().splitlines() for line in _wrapped(paragraph)]
        for start in range(0, len(lines), LINES_OF_A_PAGE):
            yield lines[start : start + LINES_OF_A_PAGE]


def _wrapped(paragraph: str) -> list[str]:
    return textwrap.wrap(paragraph, CHARACTERS_OF_A_LINE) or [""]


def _drawn(title: str, lines: list[str], number: str) -> bytes:
    """The page: a band with the title, the lines, and the number at the foot."""
    top = PAGE_HEIGHT - MARGIN
    parts = [
        f"0.1 0.28 0.42 rg 0 {PAGE_HEIGHT - 28} {PAGE_WIDTH} 28 re f 1 1 1 rg",
        _text("F2", 11, MARGIN, PAGE_HEIGHT - 19, title),
        "0.08 0.14 0.17 rg",
        *(
            _text("F2", 15, MARGIN, top - LEADING * nth, line.removeprefix(HEADING))
            if line.startswith(HEADING)
            else _text("F1", 11, MARGIN, top - LEADING * nth, line)
            for nth, line in enumerate(lines, 1)
        ),
        _text("F1", 9, PAGE_WIDTH - MARGIN - 24, 32, number),
    ]
    return "\n".join(parts).encode("cp1252")


def _text(font: str, size: int, left: int, bottom: int, text: str) -> str:
    written = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    return f"BT /{font} {size} Tf {left} {bottom} Td ({written}) Tj ET"


def _pdf_file(objects: list[bytes]) -> bytes:
    """The objects, numbered from 1, with the table of where each of them begins."""
    file = b"%PDF-1.4\n"
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(file))
        file += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(file))
    return file + b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + table + end


def _cell(value: str | float) -> str:
    if isinstance(value, str):
        return f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return f"<c><v>{value}</v></c>"
