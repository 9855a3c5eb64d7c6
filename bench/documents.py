"""Writes what was measured into docs/performance.md or docs/reliability.md, between marks that name the command."""

import time

from workspace.config import ROOT


def write(command: str, measured: str) -> None:
    """Replace what `command`, a target of the Makefile, measured last time, in the document that has its marks."""
    mark = f"<!-- written by make {command} -->\n"
    document = next(path for path in sorted((ROOT / "docs").glob("*.md")) if mark in path.read_text("utf-8"))
    before, _last, after = document.read_text("utf-8").split(mark)
    text = f"\nMeasured on {time.strftime('%Y-%m-%d')}.\n\n{measured}\n\n"
    document.write_text(mark.join([before, text, after]), "utf-8")
