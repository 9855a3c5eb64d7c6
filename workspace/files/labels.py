"""Words for files."""

from flask_babel import format_decimal
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from workspace.files.inspection import FileKind

FILE_KINDS = {
    FileKind.JPEG: _l("Picture"),
    FileKind.PNG: _l("Picture"),
    FileKind.WEBP: _l("Picture"),
    FileKind.PDF: "PDF",
    FileKind.DOCX: "Word",
    FileKind.XLSX: "Excel",
    FileKind.PPTX: "PowerPoint",
    FileKind.ODT: _l("Text document"),
    FileKind.ODS: _l("Spreadsheet"),
    FileKind.ODP: _l("Presentation"),
    FileKind.TXT: _l("Text file"),
    FileKind.CSV: _l("Table (CSV)"),
    FileKind.ICS: _l("Calendar file"),
}
# What a browser offers to choose, so that nobody sends what is refused.
ACCEPTED = "image/*,.pdf,.docx,.xlsx,.pptx,.odt,.ods,.odp,.txt,.csv,.ics,.heic,.heif"


def file_size(size: int) -> str:
    """A size as people read it, with one decimal from a megabyte on."""
    if size < 2**20:
        return _("%(num)s kB", num=max(1, round(size / 1024)))
    return _("%(num)s MB", num=format_decimal(round(size / 2**20, 1)))
