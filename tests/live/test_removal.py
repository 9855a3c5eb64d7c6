"""After the commit that removes a member, nothing of the partnership leaves the server.

Each round puts that commit, and something that is written right after it, into the middle of what the server is doing
for the member: before or between its statements, or after them.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread, get_ident
from typing import Any

import pytest
from flask_babel import force_locale
from sqlalchemy import event

from tests.client import Client
from tests.factories import add_member, comment, share, start_partnership
from tests.live.conftest import Browser, Listen
from workspace import Workspace
from workspace.accounts.models import User
from workspace.db import db
from workspace.members.moderation import service as moderation_service
from workspace.partnerships.models import Membership, MembershipState
from workspace.posts.models import Post

ROUNDS = (150, pytest.param(500, marks=pytest.mark.slow))
WRITTEN_AFTERWARDS = "Det, som kun de andre må læse"
MOST_STATEMENTS = 9

Look = Callable[..., None]


def put_out(by: Membership, membership: Membership) -> int:
    """Remove the member, or every second time suspend them; the first number that they may not know."""
    if by.partnership.last_number % 2:
        moderation_service.remove(by, [membership.id], reason="Nyt arbejde")
        first = by.partnership.last_number
    else:
        moderation_service.suspend(by, [membership.id], until=None, reason="Indtil videre")
        first = by.partnership.last_number + 1
    db.session.commit()
    return first


class Removal:
    """A member whom a moderator removes, at a moment that the test chooses."""

    def __init__(self, app: Workspace, moderator: Membership, membership: Membership, post: Post) -> None:
        self.app = app
        self.ids = moderator.id, membership.id, post.number
        self.partnership_id = moderator.partnership_id
        self.first_unknown: int | None = None

    def remove(self) -> None:
        """Remove the member and write on, in a transaction each; once."""
        if self.first_unknown is None:
            thread = Thread(target=self._remove)
            thread.start()
            thread.join()

    def _remove(self) -> None:
        with self.app.app_context(), force_locale("da"):
            moderator, membership = (db.session.get_one(Membership, each) for each in self.ids[:2])
            post = db.session.get_one(Post, (self.partnership_id, self.ids[2]))
            self.first_unknown = put_out(moderator, membership)
            comment(post, moderator, WRITTEN_AFTERWARDS)

    @contextmanager
    def before_statement(self, number: int) -> Iterator[None]:
        """Remove before this thread's statement of this number, or when it has run all of them."""
        count, me = iter(range(MOST_STATEMENTS * 9)), get_ident()

        def hear(*heard: Any) -> None:
            if get_ident() == me and next(count) == number:
                self.remove()

        event.listen(db.engine, "before_cursor_execute", hear)
        try:
            yield
        finally:
            event.remove(db.engine, "before_cursor_execute", hear)
        self.remove()

    def check_heard(self, browser: Browser) -> None:
        """Nothing that the removal or anything after it brought, and in the end the word that one is out."""
        assert self.first_unknown is not None
        heard = [said for said in browser.heard() if said[0] != "beat"]
        for name, said in heard:
            if name == "message":
                assert said.get(str(self.partnership_id), 0) < self.first_unknown, heard
        assert heard[-1] == ("out", [self.partnership_id]), heard


@pytest.mark.parametrize("rounds", ROUNDS)
def test_nothing_leaves_after_a_removal(
    rounds: int, app: Workspace, listen: Listen, look: Look, sign_in: Callable[[User], Client]
) -> None:
    moderator = start_partnership()
    membership = add_member(moderator)
    browser, reader, chance = listen(membership.user), sign_in(membership.user), random.Random(8)
    served = {"event": 0, "heartbeat": 0, "partial": 0, "partial refused": 0}
    for _round in range(rounds):
        membership.transition_to(MembershipState.ACTIVE)
        post = share(moderator)
        address = f"{moderator.partnership.address}posts/{post.number}/news?after={post.number}"
        look()
        browser.heard()
        comment(post, moderator, "Det, som alle må læse")
        removal, what = Removal(app, moderator, membership, post), chance.choice(("event", "heartbeat", "partial"))
        db.session.commit()
        with removal.before_statement(chance.randrange(MOST_STATEMENTS if what == "partial" else 3)):
            if what == "partial":
                answer = reader.get(address, htmx=True)
                assert WRITTEN_AFTERWARDS not in answer.text
                what = what if answer.status_code == 200 else "partial refused"
            else:
                look(beat=what == "heartbeat")
        served[what] += 1
        assert reader.get(address, htmx=True).status_code == 404
        look()
        look(beat=True)
        removal.check_heard(browser)
    assert min(served.values()) > rounds // 50, served
