"""PDF: kept as it is, its first page drawn. pypdfium2 runs no scripts: it is built without a script engine."""

from pathlib import Path

import pypdfium2
from PIL import Image
from pypdfium2 import raw

from workspace.files.inspection.outcome import PREVIEW_SIZES, FileKind, Refusal, Refused
from workspace.files.inspection.previews import save_previews

TAIL = 2**14  # some programs write a little after the end


def keep(source: Path, into: Path) -> dict[str, object]:
    """Count the pages, and draw the first. Raises Refused."""
    _check_end(source)
    try:
        document = pypdfium2.PdfDocument(source)
    except pypdfium2.PdfiumError as error:
        locked = raw.FPDF_GetLastError() in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY)
        raise Refused(Refusal.ENCRYPTED if locked else Refusal.BROKEN) from error
    pages = len(document)
    if not pages:
        raise Refused(Refusal.BROKEN)
    save_previews(_first_page(document), into)
    return {"kind": FileKind.PDF, "pages": pages}


def _check_end(source: Path) -> None:
    """A whole PDF says where it ends (ISO 32000-2, 7.5.5); and it is no ZIP at the same time."""
    with source.open("rb") as file:
        file.seek(max(0, file.seek(0, 2) - TAIL))
        tail = file.read()
    if b"%%EOF" not in tail:
        raise Refused(Refusal.BROKEN)
    if b"PK\5\6" in tail[tail.rfind(b"%%EOF") :]:
        raise Refused(Refusal.WRONG_ENDING)


def _first_page(document: pypdfium2.PdfDocument) -> Image.Image:
    page = document[0]
    longer = max(page.get_size())
    if not longer >= 1:  # nor if it is no number
        raise Refused(Refusal.BROKEN)
    return page.render(scale=PREVIEW_SIZES[-1] / longer, may_draw_forms=False).to_pil().convert("RGB")
