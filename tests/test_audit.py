"""`make audit` never says that all is well when nothing was looked up."""

import json
import subprocess
import sys
from typing import Any

import pytest

from workspace.config import ROOT

pytestmark = pytest.mark.either_database

FLASK = {"name": "flask", "version": "3.1.0", "vulns": []}
HOLE = {"id": "PYSEC-2026-1", "fix_versions": ["3.1.1"]}
UNKNOWN = {"name": "werkzeug", "skip_reason": "Dependency not found on PyPI and could not be audited"}


def audit(*packages: dict[str, Any], said: str = "") -> tuple[int, str]:
    report = said or json.dumps({"dependencies": packages, "fixes": []})
    command = [sys.executable, str(ROOT / "scripts/audit")]
    ran = subprocess.run(command, input=report, capture_output=True, text=True, check=False)
    assert not ran.stderr
    return ran.returncode, ran.stdout


def test_what_has_no_known_hole_is_well() -> None:
    assert audit(FLASK) == (0, "1 packages checked, 0 known holes.\n")


def test_a_known_hole_is_named_with_the_version_that_mends_it() -> None:
    status, told = audit(FLASK | {"vulns": [HOLE]})
    assert status == 1
    assert "flask 3.1.0: PYSEC-2026-1, mended in 3.1.1" in told


@pytest.mark.parametrize("said", ["\n", "Traceback (most recent call last):", "[]", "{}", '{"dependencies": []}'])
def test_a_source_that_is_away_is_told(said: str) -> None:
    status, told = audit(said=said)
    assert status == 2
    assert "NOTHING WAS CHECKED" in told


def test_packages_that_the_source_does_not_know_were_not_checked() -> None:
    assert audit(UNKNOWN)[0] == 2
    assert "NOTHING WAS CHECKED" in audit(UNKNOWN)[1]
    status, told = audit(FLASK, UNKNOWN)
    assert status == 2
    assert "NOT CHECKED, since the source does not know them: werkzeug" in told
    assert audit(FLASK | {"vulns": [HOLE]}, UNKNOWN)[0] == 1
