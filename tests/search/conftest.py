"""Whoever writes, and whoever searches."""

import pytest

from tests.factories import add_member, make_user, start_partnership
from workspace.partnerships.models import Membership


@pytest.fixture
def moderator(app: object) -> Membership:
    return start_partnership("Digital genoptræning", by=make_user("Mette Krag"))


@pytest.fixture
def reader(moderator: Membership) -> Membership:
    return add_member(moderator, make_user("Farida Nazari", language="da"))
