"""Stored data can be wrong: another version or a hand wrote it. No page fails for it; what it can't be is the usual."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from tests.client import Client
from tests.databases import KIND
from tests.factories import (
    Holder,
    add_member,
    challenge,
    comment,
    hold,
    make_administrator,
    make_role,
    share,
    start_partnership,
)
from workspace import Workspace
from workspace.accounts.models import User
from workspace.db import db
from workspace.db.installation import note_key, note_worker
from workspace.posts.reactions import ReactionKind, react

SignIn = Callable[[User], Client]

# What is wrong at the same time: a page that fails for one names the column in its log.
WRONG: dict[str, list[tuple[str, str, Any]]] = {
    "a person's choices": [
        ("user", "time_zone", "Europe/Atlantis"),
        ("user", "language", "xx"),
        ("user", "digest_hour", 99),
        ("user", "digest_weekday", -1),
        ("user", "digest_frequency", "hourly"),
        ("user", "digest_paused_until", "9999-12-31"),
        ("user", "mail_preferences", '{"mentioned": "sometimes", "reply": []}'),
    ],
    "no choices at all": [
        ("user", "time_zone", ""),
        ("user", "language", ""),
        ("user", "mail_preferences", "[]" if KIND == "postgresql" else "{no"),  # PostgreSQL takes no such text.
    ],
    "a zone that is a path": [("user", "time_zone", "../../etc/passwd")],
    "a zone that is a folder": [("user", "time_zone", "Europe")],
    "a membership": [
        ("membership", "digest_frequency", "sometimes"),
        ("membership", "mail_timing", "sometimes"),
        ("membership", "ending", "vanished"),
        ("participation", "side", "above"),
    ],
    "a level": [("membership", "level", "king")],
    "a partnership": [
        ("partnership", "stage", "dream"),
        ("partnership", "visibility", "foggy"),
        ("organisation", "kind", "club"),
        ("entry", "verb", "danced"),
    ],
    "what is written": [
        ("post", "kind", "poem"),
        ("post", "status", "dreamt"),
        ("reaction", "kind", "applause"),
        ("entry", "details", "{}"),
        ("role_assignment", "kind", "owner"),
    ],
    "what is written about it": [
        ("post", "status", "ongoing"),
        ("entry", "details", "[1]"),
        ("role_assignment", "state", "lost"),
        ("mail", "kind", "poem"),
        ("mail", "payload", "[]"),
        ("mail", "state", "lost"),
    ],
}


class Place:
    """A partnership in which something of everything has happened, and its moderator, who is an administrator."""

    def __init__(self) -> None:
        self.moderator = start_partnership("Rene bække", by=make_administrator(language="en"))
        self.member = add_member(self.moderator)
        self.solved, self.open = challenge(self.moderator), challenge(self.member)
        self.solved.take(self.moderator)
        self.solved.solve(self.moderator, "Det gik.", [share(self.member).number])
        self.open.ask(self.member, self.moderator)
        written = comment(self.open, self.member)
        react(self.moderator, self.open, self.open.number, ReactionKind.THANKS, given=True)
        hold(make_role(self.moderator), self.moderator, self.moderator, Holder.ACCOUNTABLE)
        note_key("a" * 32, ())
        note_worker()
        self.values = {
            "slug": self.moderator.partnership.slug,
            "partnership_id": self.moderator.partnership_id,
            "membership_id": self.member.id,
            "user_id": self.moderator.user_id,
            "organisation_id": self.moderator.user.organisation_id,
            "comment_number": written.number,
            "role_id": 1,
            "assignment_id": 1,
        }

    def addresses(self, app: Workspace) -> list[str]:
        """All pages of it, and all others that need nothing else; a stream never ends."""
        found = []
        for number in (self.solved.number, self.open.number):
            known = self.values | {"number": number}
            urls = app.url_map.bind("localhost")
            for rule in app.url_map.iter_rules():
                if "GET" in (rule.methods or ()) and rule.arguments <= known.keys() and rule.rule != "/live":
                    found.append(urls.build(rule.endpoint, {name: known[name] for name in rule.arguments}))
        return sorted(set(found))


@pytest.fixture
def place(app: Workspace) -> Place:
    return Place()


def write(table: str, column: str, value: Any) -> None:
    """Write it into all rows, past everything that we check."""
    kinds = {"details": "JSON", "mail_preferences": "JSON", "payload": "JSON", "digest_paused_until": "DATE"}
    given = f"CAST(:value AS {kinds[column]})" if KIND == "postgresql" and column in kinds else ":value"
    db.session.execute(text(f'UPDATE "{table}" SET "{column}" = {given}'), {"value": value})
    db.session.commit()


IN_MAKE_TEST = ("a person's choices", "a membership", "a partnership", "what is written", "what is written about it")


@pytest.mark.parametrize(
    "what", [pytest.param(what, marks=[pytest.mark.slow] * (what not in IN_MAKE_TEST)) for what in WRONG]
)
def test_every_page_answers(what: str, place: Place, app: Workspace, sign_in: SignIn) -> None:
    browser = sign_in(place.moderator.user)
    addresses = place.addresses(app)
    assert len(addresses) > 40
    for wrong in WRONG[what]:
        write(*wrong)
    failed = [address for address in addresses if browser.get(address).status_code >= 500]
    assert not failed
