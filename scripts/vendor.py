#!/usr/bin/env python3
"""Fetch what static/ takes from others: htmx, idiomorph, the editor and the icons of the pages. `make vendor` runs it.

It needs npm. Each package must be the very one that was read when its digest was written here.
"""

import base64
import hashlib
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
STATIC = HERE.parent / "static"
VENDOR = STATIC / "vendor"

HTMX = "2.0.11"
IDIOMORPH = "0.8.0"
TRIX = "2.1.19"
LUCIDE = "1.62.0"
SHA512 = {
    f"htmx.org@{HTMX}": ("Thx/WtpeOQqSrqBCw/A1cwGJGg4UrVa3+sW0GmrM3p4gJgO89ecH4qtbnyzDDWFvBTqjnIMCgELTNt636dtamA=="),
    f"idiomorph@{IDIOMORPH}": (
        "R47JBL+6jHDQvcnbppIUtXXcxi5h6+wuCEEZXnRhUltsgzPFKzThL5PuHppP9ypJuy+7WawcY1TsSBD/iQbMhw=="
    ),
    f"trix@{TRIX}": ("E7RA3EOeUiUwNJlrF5onIOkqCA06xUU6GmHOVxXyMnGMValrDK3Ce7uaMVgiVUOvVt4mzUERAHAzD10mxoLpOg=="),
    f"lucide-static@{LUCIDE}": (
        "WBZA/m2PvkFpMGHDtsBck5P2A9G4ehLlYu4GwwICcmEm1BvYVgj00lCDxKRWLlbMlOibLaiwdQ88G5pHkSWgwA=="
    ),
}

# Our name for an icon, which says what it means here, and Lucide's, which says what it looks like.
ICONS = {
    "progress": "trending-up",
    "challenge": "flag",
    "open": "circle",
    "ongoing": "circle-dot",
    "solved": "circle-check",
    "parked": "circle-pause",
    "comment": "message-square",
    "search": "search",
    "plus": "plus",
    "notifications": "bell",
    "check": "check",
    "close": "x",
    "edit": "pencil",
    "trash": "trash-2",
    "erase": "eraser",
    "bold": "bold",
    "italic": "italic",
    "heading": "heading",
    "list": "list",
    "numbers": "list-ordered",
    "quote": "text-quote",
    "link": "link",
    "undo": "undo-2",
    "redo": "redo-2",
    "outdent": "list-indent-decrease",
    "indent": "list-indent-increase",
    "copy": "copy",
    "down": "chevron-down",
    "up": "chevron-up",
    "right": "chevron-right",
    "forward": "arrow-right",
    "back": "arrow-left",
    "more": "ellipsis",
    "settings": "settings",
    "logout": "log-out",
    "external": "external-link",
    "info": "info",
    "warning": "triangle-alert",
    "error": "circle-alert",
    "mail": "mail",
    "clock": "clock",
    "users": "users",
    "invite": "user-plus",
    "handover": "arrow-left-right",
    "remove": "user-minus",
    "pause": "pause",
    "lock": "lock",
    "eye": "eye",
    "send": "send",
    "reopen": "rotate-ccw",
    "pin": "pin",
    "archive": "archive",
    "attach": "paperclip",
    "camera": "camera",
    "photo": "image",
    "file": "file-text",
    "sheet": "file-spreadsheet",
    "upload": "upload",
    "download": "download",
    "hourglass": "hourglass",
    "ban": "ban",
    "history": "history",
    "left": "chevron-left",
}

STROKES = 'fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"'


def main() -> None:
    VENDOR.mkdir(parents=True, exist_ok=True)
    for old in VENDOR.iterdir():
        old.unlink()
    htmx = fetch(f"htmx.org@{HTMX}")
    (VENDOR / f"htmx-{HTMX}.min.js").write_bytes(htmx["dist/htmx.min.js"])
    (VENDOR / f"htmx-{HTMX}.LICENSE.txt").write_bytes(htmx["LICENSE"])
    idiomorph = fetch(f"idiomorph@{IDIOMORPH}")
    (VENDOR / f"idiomorph-{IDIOMORPH}.min.js").write_bytes(idiomorph["dist/idiomorph.min.js"])
    (VENDOR / f"idiomorph-{IDIOMORPH}.LICENSE.txt").write_bytes(idiomorph["LICENSE"])
    trix = fetch(f"trix@{TRIX}")
    script = re.sub(rb"\n//# sourceMappingURL=\S+\s*$", b"\n", trix["dist/trix.umd.min.js"])
    (VENDOR / f"trix-{TRIX}.umd.min.js").write_bytes(script)
    (VENDOR / f"trix-{TRIX}.LICENSE.txt").write_bytes(trix["LICENSE"])
    lucide = fetch(f"lucide-static@{LUCIDE}")
    (STATIC / "icons.svg").write_text(sprite(lucide), "utf-8")
    (VENDOR / f"lucide-{LUCIDE}.LICENSE.txt").write_bytes(lucide["LICENSE"])


def fetch(package: str) -> dict[str, bytes]:
    """The files of an npm package, by path. Ends the run if the package is not the expected one."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "--silent", package], cwd=folder, check=True, capture_output=True)
        [tarball] = Path(folder).iterdir()
        digest = base64.b64encode(hashlib.sha512(tarball.read_bytes()).digest()).decode()
        if digest != SHA512[package]:
            sys.exit(f"{package} is not the package that was checked: its sha512 is {digest}")
        with tarfile.open(tarball) as archive:
            return {
                member.name.removeprefix("package/"): file.read()
                for member in archive
                if (file := archive.extractfile(member))
            }


def sprite(lucide: dict[str, bytes]) -> str:
    """All icons in one file, each a symbol that a page points to with `<use>`."""
    icons = [symbol(name, lucide[f"icons/{drawing}.svg"].decode()) for name, drawing in ICONS.items()]
    own = re.findall(r"<symbol .*</symbol>", (HERE / "glyphs.svg").read_text("utf-8"))
    return "\n".join(
        [
            '<svg xmlns="http://www.w3.org/2000/svg">',
            f"<!-- Lucide {LUCIDE}, ISC and MIT licences, see vendor/lucide-{LUCIDE}.LICENSE.txt."
            " Made by scripts/vendor.py -->",
            *icons,
            "<!-- Our own -->",
            *own,
            "</svg>\n",
        ]
    )


def symbol(name: str, svg: str) -> str:
    """An icon's drawing, without the size and the comments of the file that it came in."""
    drawing = svg[svg.index(">", svg.index("<svg")) + 1 : svg.rindex("</svg>")]
    shapes = re.sub(r"\s*\n\s*", "", drawing).replace(" />", "/>")
    return f'<symbol id="{name}" viewBox="0 0 24 24" {STROKES}>{shapes}</symbol>'


if __name__ == "__main__":
    main()
