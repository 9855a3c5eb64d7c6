"""The members of a large partnership: ten thousand take the statements and the page of ten."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import insert, text

from tests.client import Client
from tests.factories import Level, add_member, start_partnership
from workspace import Workspace, clock
from workspace.accounts.models import User
from workspace.db import db
from workspace.i18n import danish
from workspace.partnerships.models import Membership, MembershipState

SignIn = Callable[[User], Client]
Statements = Callable[[], AbstractContextManager[list[str]]]

MANY = 10_000
MOST = {Level.MODERATOR: 9, Level.OBSERVER: 8}  # Moderators have a number on the tab.
GIVEN_NAMES = ("Åse", "Bo", "Carl", "Ditte", "Emil", "Fatma", "Gro", "Hans", "Ida", "Jens")


def add_members(by: Membership, count: int) -> None:
    """So many rows as by members who came one after another."""
    first = db.session.query(db.func.max(User.id)).scalar() + 1
    now = clock.now()
    people, memberships = [], []
    for number in range(first, first + count):
        name = f"{GIVEN_NAMES[number % 10]} {uuid4().hex[:8]}"
        people.append(
            {
                "id": number,
                "name": name,
                "name_key": danish.sort_key(name),
                "name_search_key": danish.search_key(name),
                "email": f"m{number}@x.dk",
                "email_key": f"m{number}@x.dk",
                "organisation_id": by.organisation_id,
            }
        )
        memberships.append(
            {
                "partnership_id": by.partnership_id,
                "user_id": number,
                "organisation_id": by.organisation_id,
                "level": Level.CONTRIBUTOR if number % 3 else Level.OBSERVER,
                "state": MembershipState.ACTIVE,
                "joined_at": now + timedelta(seconds=number),
            }
        )
    db.session.execute(insert(User), people)
    db.session.execute(insert(Membership), memberships)
    db.session.commit()
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))


@pytest.mark.parametrize("level", [Level.MODERATOR, pytest.param(Level.OBSERVER, marks=pytest.mark.slow)])
def test_ten_thousand_members_take_the_statements_and_the_page_of_ten(
    level: Level, app: Workspace, sign_in: SignIn, statements: Statements
) -> None:
    moderator = start_partnership()
    reader = add_member(moderator, level=level)
    browser, address = sign_in(reader.user), f"{moderator.partnership.address}members"
    asked: dict[int, dict[str, int]] = {}
    for count in (8, MANY - 10):
        add_members(moderator, count)
        in_between = db.session.query(db.func.max(Membership.id)).scalar() - 3
        asked[count] = {}
        for query in ("", "sort=level", "sort=since", "q=bo", "after={}", "sort=since&after={}", "sort=level&after={}"):
            with statements() as heard:
                browser.page(f"{address}?{query.format(in_between)}")
            asked[count][query] = len(heard)
    assert asked[8] == asked[MANY - 10]
    assert max(asked[8].values()) <= MOST[level]
