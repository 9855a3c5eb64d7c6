"""The town, two years after everything began."""

from collections.abc import Iterator

import pytest

from tests.results.town import BEGUN, NOW, Town, at
from workspace import Workspace


@pytest.fixture
def town(app: Workspace) -> Iterator[Town]:
    """A new town, on a Thursday in the second quarter of 2026."""
    with at(BEGUN):
        made = Town()
    with at(NOW):
        yield made
