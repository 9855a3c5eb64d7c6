"""Changing SECRET_KEY: what the former key signed stays valid beside it, and is worth nothing without it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine

from tests.client import Client, signed_in
from tests.factories import add_member, make_administrator, make_user, start_partnership
from workspace import Workspace, clock, create_app
from workspace.accounts.mail_preferences import DigestFrequency
from workspace.config import Settings
from workspace.db import db
from workspace.db.installation import note_key
from workspace.members.address_changes import service
from workspace.members.address_changes.service import Mailbox
from workspace.notifications import unsubscribe

NEW = "Zk8wQ2nV5xB7mL0pR3tY6uC9dF1gH4jS"


@pytest.fixture(params=[True, False], ids=["kept", "dropped"])
def after(request: pytest.FixtureRequest, app: Workspace, settings: Settings) -> Iterator[tuple[Workspace, bool]]:
    """The workspace after its key was changed, and whether the former one is kept as a fallback."""
    fallbacks = (settings.secret_key,) if request.param else ()
    changed = create_app(replace(settings, secret_key=NEW, secret_key_fallbacks=fallbacks))
    changed.test_client_class = Client
    yield changed, request.param
    with changed.app_context():
        db.engine.dispose()


def test_two_instances_may_begin_at_the_same_moment(app: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both see that nothing is noted yet, and the second one to write finds the first one's row."""
    assert note_key(NEW, ())
    seen, get = [None], db.session.get
    monkeypatch.setattr(db.session, "get", lambda *asked: seen.pop() if seen else get(*asked))
    assert note_key(NEW, ())
    assert not seen


def test_whoever_is_signed_in_stays_so(after: tuple[Workspace, bool], app: Workspace) -> None:
    changed, is_kept = after
    cookie = signed_in(app, make_user()).get_cookie("samspil")
    assert cookie
    browser = changed.test_client()
    browser.set_cookie("samspil", cookie.value)
    assert (browser.get("/").status_code == 200) is is_kept


def test_links_in_mails_go_on_working(after: tuple[Workspace, bool], app: Workspace) -> None:
    changed, is_kept = after
    moderator = start_partnership()
    address = f"/unsubscribe/{unsubscribe.token(moderator.user)}"
    changed.test_client().post(address, data={"List-Unsubscribe": "One-Click"})
    assert (moderator.user.digest_frequency is DigestFrequency.OFF) is is_kept


def test_a_question_about_an_address_can_be_answered(after: tuple[Workspace, bool], app: Workspace) -> None:
    changed, is_kept = after
    member = add_member(start_partnership())
    change = service.ask(member.user, "ny@example.dk", by=make_administrator())
    db.session.commit()
    address = f"/address-changes/{service.token(change, Mailbox.OLD)}"
    assert (changed.test_client().get(address).status_code == 200) is is_kept


def test_a_second_key_on_one_database_is_told(app: Workspace) -> None:
    assert note_key("a" * 32, ())
    assert note_key("a" * 32, ())
    assert not note_key("b" * 32, ())
    assert note_key("c" * 32, ("b" * 32,))


@pytest.mark.parametrize(("seconds", "is_accepted"), [(5, True), (59, True), (120, False)])
def test_an_instance_whose_clock_is_ahead_signs_nobody_out_and_has_no_form_refused(
    seconds: int, is_accepted: bool, app: Workspace
) -> None:
    """What it has signed comes from the future, for the other instances."""
    user = make_user()
    with time_machine.travel(clock.now() + timedelta(seconds=seconds), tick=True):
        browser = signed_in(app, user)
        form = browser.page("/settings").form("/settings") | {"name": "Ada Holm"}
        token = unsubscribe.token(user)
    assert (browser.get("/").status_code == 200) is is_accepted
    assert (unsubscribe.read(token) is not None) is is_accepted
    answer = browser.post("/settings", data=form)
    assert (answer.status_code == 303 and "/sign-in" not in answer.location) is is_accepted
