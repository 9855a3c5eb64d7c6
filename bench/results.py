"""What was measured last, as the repository keeps it."""

import json
from typing import Any

from workspace.config import ROOT

PATH = ROOT / "bench" / "results.json"


def recorded() -> dict[str, Any]:
    """All of it; nothing where nothing was."""
    return json.loads(PATH.read_text()) if PATH.exists() else {}


def record(found: dict[str, Any]) -> None:
    """Keep it from now on."""
    PATH.write_text(json.dumps(found, indent=2) + "\n")
