"""A folder in which a file is looked at, as the worker does."""

from collections.abc import Callable
from pathlib import Path

import pytest

from workspace.files.inspection import InspectionOutcome, process

Inspect = Callable[[str, bytes], InspectionOutcome]


@pytest.fixture
def inspect(tmp_path: Path) -> Inspect:
    """Look at a file of this name and these bytes."""

    def look(name: str, content: bytes) -> InspectionOutcome:
        source = tmp_path / "upload"
        source.write_bytes(content)
        into = tmp_path / "kept"
        into.mkdir(exist_ok=True)
        for left in into.iterdir():
            left.unlink()
        return process(source, name, into)

    return look
