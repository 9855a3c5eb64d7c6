"""How soon the real worker lets what is written be found, and what is withdrawn be gone."""

import time

import pytest

from tests.factories import add_member, make_user, share, start_partnership
from tests.operations.service import running, until
from workspace import Workspace
from workspace.config import Settings
from workspace.db import db
from workspace.partnerships.models import Membership
from workspace.search import results
from workspace.search.results import SearchFilter
from workspace.search.terms import parsed

SOON = 2  # seconds
TRIES = 3  # of which one must be in time, on a machine that may be busy with other tests


def found(reader: Membership, words: str) -> list[str]:
    db.session.rollback()
    page = results.find(reader.user, parsed(words), SearchFilter(), None)
    db.session.rollback()
    return [str(hit.title.striptags()) for hit in page.hits]


@pytest.mark.slow
def test_a_new_text_is_found_within_two_seconds_and_a_withdrawn_one_gone_at_once(
    app: Workspace, settings: Settings
) -> None:
    moderator = start_partnership(by=make_user())
    reader = add_member(moderator, make_user())
    db.session.commit()
    with running(settings, workers=1):
        waits = []
        for number in range(TRIES):
            post = share(moderator, f"Måling {number}", f"zebrafinke{number}")
            db.session.commit()
            begin = time.monotonic()
            until(lambda: found(reader, f"zebrafinke{number}") == [f"Måling {number}"], "It is found")  # noqa: B023
            waits.append(time.monotonic() - begin)
            post.withdraw(moderator)
            db.session.commit()
            assert found(reader, f"zebrafinke{number}") == []
        assert min(waits) < SOON, waits
