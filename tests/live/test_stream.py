"""The stream: numbers only, nothing lost, and nothing to whoever may not know."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, text

from tests.client import Client
from tests.databases import KIND, prepared
from tests.factories import add_member, comment, make_user, share, start_partnership
from tests.live.conftest import Listen
from workspace import Workspace, clock
from workspace.accounts import sessions
from workspace.accounts.models import User
from workspace.accounts.sessions import Session
from workspace.db import db
from workspace.live import access_snapshot, sse
from workspace.live.streams import Full, Streams
from workspace.live.watcher import Watcher
from workspace.partnerships.models import Membership, MembershipState

Look = Callable[..., None]
Statements = Callable[[], AbstractContextManager[list[str]]]


def numbers(*memberships: Membership) -> dict[str, int]:
    db.session.commit()
    return {str(membership.partnership_id): membership.partnership.last_number for membership in memberships}


def test_a_stream_begins_with_the_numbers_of_all_my_partnerships(listen: Listen, look: Look) -> None:
    first = start_partnership()
    second = start_partnership(by=first.user)
    start_partnership()
    browser = listen(first.user)
    look()
    assert browser.heard() == [("all", numbers(first, second))]


def test_what_comes_is_told_as_a_number_to_those_who_are_in_the_partnership(listen: Listen, look: Look) -> None:
    moderator = start_partnership("Hemmelig")
    member, other = add_member(moderator), start_partnership()
    browsers = [listen(membership.user) for membership in (moderator, member, other)]
    look()
    for browser in browsers:
        browser.heard()
    share(moderator, "En hemmelig overskrift")
    look()
    assert [browser.heard() for browser in browsers] == [[("message", numbers(moderator))]] * 2 + [[]]


def test_nothing_is_told_twice_and_silence_is_only_a_heartbeat(listen: Listen, look: Look) -> None:
    moderator = start_partnership()
    browser = listen(moderator.user)
    look()
    browser.heard()
    look()
    assert browser.heard() == []
    look(beat=True)
    assert browser.heard() == [("beat", None)]


def test_a_stream_that_was_cut_goes_on_where_it_was(listen: Listen, look: Look) -> None:
    moderator = start_partnership()
    other = start_partnership(by=moderator.user)
    browser = listen(moderator.user)
    look()
    browser.heard()
    browser.stream.close()
    post = share(moderator)
    again = browser.on()
    comment(post, moderator)
    look()
    assert again.heard() == [("message", numbers(moderator))]
    assert sse.resumed(again.last_event_id) == {int(key): value for key, value in numbers(moderator, other).items()}


def test_a_stream_that_was_cut_without_news_only_goes_on(listen: Listen, look: Look) -> None:
    browser = listen(start_partnership().user)
    look()
    browser.heard()
    again = browser.on()
    look()
    assert again.heard() == []
    look(beat=True)
    assert again.heard() == [("beat", None)]


def test_whoever_was_removed_while_the_stream_was_cut_is_told_then(listen: Listen, look: Look) -> None:
    member = add_member(start_partnership())
    browser = listen(member.user)
    look()
    browser.heard()
    browser.stream.close()
    member.state = MembershipState.ENDED
    again = browser.on()
    look()
    assert again.heard() == [("out", [member.partnership_id])]


@pytest.mark.parametrize(
    "written", ["", "x", "7", "7:", ":7", "7:x", "7:-1", "0:1", "7:99999999999", "٧:1", "7:1" * 5000, ",,,", "7:1:2"]
)
def test_what_is_no_number_is_no_number(written: str) -> None:
    assert sse.resumed(written) is None


def test_more_partnerships_than_fit_into_a_header_are_all_told_again(listen: Listen, look: Look) -> None:
    many = {number: 123456 for number in range(1, 1000)}
    assert b"\nid: \n" in sse.news({}, many)
    assert sse.resumed("7:3,9:0") == {7: 3, 9: 0}


@pytest.mark.parametrize("state", [MembershipState.ENDED, MembershipState.SUSPENDED, MembershipState.REQUESTED])
def test_whoever_is_out_is_told_at_the_next_look_and_hears_no_more(
    state: MembershipState, listen: Listen, look: Look
) -> None:
    moderator = start_partnership()
    member, stays = add_member(moderator), start_partnership()
    add_member(stays, member.user)
    browser = listen(member.user)
    look()
    browser.heard()
    member.state = state
    look()
    assert browser.heard() == [("out", [moderator.partnership_id])]
    share(moderator)
    look()
    look(beat=True)
    assert browser.heard() == [("beat", None)]
    share(stays)
    look()
    assert browser.heard() == [("message", numbers(stays))]


def test_whoever_comes_in_hears_it_at_the_next_look(listen: Listen, look: Look) -> None:
    moderator, newcomer = start_partnership(), make_user()
    browser = listen(newcomer)
    listen(moderator.user)
    look()
    assert browser.heard() == [("all", {})]
    membership = add_member(moderator, newcomer)
    look()
    assert browser.heard() == [("message", numbers(membership))]


def test_a_session_that_has_ended_elsewhere_is_told_and_cut_off(listen: Listen, look: Look, watcher: Watcher) -> None:
    moderator = start_partnership()
    browser, phone = listen(moderator.user), listen(moderator.user)
    look()
    browser.heard(), phone.heard()
    sessions.end_all(moderator.user, but=db.session.query(Session).order_by(Session.id.desc()).first().id)
    share(moderator)
    look()
    assert browser.heard() == [("over", None)]
    assert browser.is_over
    assert phone.heard() == [("message", numbers(moderator))]
    assert len(watcher.streams) == 1


def test_whoever_is_in_nothing_is_told_with_the_heartbeat_that_the_session_has_ended(
    listen: Listen, look: Look
) -> None:
    user = make_user()
    browser = listen(user)
    look()
    browser.heard()
    sessions.end_all(user)
    look(beat=True)
    assert browser.heard() == [("over", None)]


@pytest.mark.parametrize("remembered", [False, True])
def test_a_session_that_has_been_idle_for_too_long_is_over(remembered: bool, listen: Listen, look: Look) -> None:
    moderator = start_partnership()
    browser = listen(moderator.user)
    look()
    browser.heard()
    session = db.session.query(Session).one()
    session.last_used_at = clock.now() - sessions.IDLE
    session.remembered = remembered
    look()
    assert browser.heard() == ([] if remembered else [("over", None)])
    session = db.session.query(Session).one()
    session.created_at = clock.now() - sessions.REMEMBERED
    look()
    assert browser.heard() == ([("over", None)] if remembered else [])


def test_a_session_is_live_in_the_database_when_it_is_here(app: Workspace) -> None:
    user, gone = make_user(), make_user(deactivated_at=clock.now())
    for person in (user, gone):
        for remembered in (False, True):
            for age in (timedelta(0), sessions.LONGEST, sessions.REMEMBERED):
                for idle in (timedelta(0), sessions.IDLE):
                    made = sessions.start(person, remembered=remembered, browser="", address="")
                    made.created_at, made.last_used_at = clock.now() - age, clock.now() - idle
    db.session.commit()
    found = set(db.session.scalars(db.select(Session.id).where(Session.is_live)))
    assert found == {session.id for session in db.session.query(Session) if session.is_live}
    assert len(found) == 5


def test_the_account_is_closed_and_the_stream_with_it(listen: Listen, look: Look) -> None:
    moderator = start_partnership()
    browser = listen(moderator.user)
    look()
    browser.heard()
    moderator.user.deactivated_at = clock.now()
    look()
    assert browser.heard() == [("over", None)]


def test_a_browser_has_one_stream_the_last(listen: Listen, look: Look, watcher: Watcher) -> None:
    moderator = start_partnership()
    browser = listen(moderator.user)
    look()
    browser.heard()
    again = browser.again()
    look()
    assert browser.heard() == []
    assert browser.is_over
    assert again.heard() == [("all", numbers(moderator))]
    browser.stream.close()
    assert len(watcher.streams) == 1
    again.stream.close()
    assert len(watcher.streams) == 0


def test_a_full_process_says_so_and_the_numbers_can_still_be_asked_for(
    listen: Listen, look: Look, watcher: Watcher
) -> None:
    moderator = start_partnership()
    member = add_member(moderator)
    watcher.streams.most = 1
    listen(member.user)
    refused = listen(moderator.user)
    assert refused.answer.status_code == 503
    assert refused.answer.headers["Retry-After"]
    assert refused.client.get("/live/numbers").json == numbers(moderator)


def test_a_process_that_stops_ends_its_streams_and_opens_no_more(listen: Listen, look: Look, watcher: Watcher) -> None:
    moderator = start_partnership()
    browser = listen(moderator.user)
    watcher.stop()
    browser.heard()
    assert browser.is_over
    assert listen(moderator.user).answer.status_code == 503
    with pytest.raises(Full):
        watcher.streams.open(1, None)


def test_a_stream_in_which_nothing_comes_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workspace.live.streams.LONGEST_SILENCE", 0.01)
    assert [*Streams().open(1, None)] == [sse.BEGINNING]
    streams, sent = Streams(), list[bytes | None]()
    streams.open(1, None).hand_over(sent.append)
    while len(streams):
        streams.end_silent()
    assert sent == [sse.BEGINNING, None]


def test_the_numbers_are_those_of_my_partnerships(sign_in: Callable[[User], Client]) -> None:
    moderator, ended = start_partnership(), start_partnership()
    add_member(ended, moderator.user).state = MembershipState.ENDED
    assert sign_in(moderator.user).get("/live/numbers").json == numbers(moderator)


def test_an_answer_that_streams_is_kept_by_nobody_on_the_way(listen: Listen, app: Workspace) -> None:
    answer = listen(start_partnership().user).answer
    assert answer.mimetype == "text/event-stream"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Accel-Buffering"] == "no"


def test_a_head_request_opens_no_stream(sign_in: Callable[[User], Client], watcher: Watcher) -> None:
    assert sign_in(make_user()).head("/live").status_code == 200
    assert len(watcher.streams) == 0


def test_a_stream_holds_no_connection(listen: Listen, app: Workspace, look: Look) -> None:
    moderator = start_partnership()
    browsers = [listen(moderator.user) for _each in range(5)]
    look()
    assert all(browser.heard() for browser in browsers)
    db.session.commit()
    assert db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]


@pytest.mark.slow
def test_the_statements_are_the_same_for_one_stream_and_for_forty(
    listen: Listen, look: Look, statements: object
) -> None:
    moderator = start_partnership()
    counts = {}
    for streams in (1, 40):
        while len(db.session.query(Session).all()) < streams:
            membership = add_member(moderator)
            add_member(start_partnership(), membership.user)
            listen(membership.user)
        look(beat=True)
        asked = []
        for beat, happens in ((False, False), (False, True), (True, False)):
            if happens:
                share(moderator)
            with statements() as heard:
                look(beat=beat)
            asked.append(len(heard))
        counts[streams] = asked
    assert counts == {1: [1, 2, 2], 40: [1, 2, 2]}


def test_the_watcher_finds_its_way_by_indexes(app: Workspace) -> None:
    asked: list[tuple[str, Any]] = []
    with db.engine.connect() as connection:
        event.listen(connection, "before_cursor_execute", lambda *heard: asked.append((heard[2], heard[3])))
        access_snapshot.visible_partnerships(connection, [1, 2, 3])
        access_snapshot.access(connection, [1, 2, 3])
    db.session.commit()
    if KIND == "postgresql":
        db.session.execute(text("SET LOCAL enable_seqscan = off"))
    explain, scan = ("EXPLAIN", "Seq Scan") if KIND == "postgresql" else ("EXPLAIN QUERY PLAN", "SCAN")
    for statement, given in asked:
        plan = [str(row[-1]) for row in db.session.connection().exec_driver_sql(f"{explain} {statement}", given)]
        assert [line for line in plan if scan in line] == []


@pytest.mark.skipif(KIND != "postgresql", reason="SQLite's driver forgets nothing")
def test_a_look_leaves_the_connection_what_it_has_prepared(listen: Listen, look: Look) -> None:
    moderator = start_partnership()
    listen(moderator.user)
    for _each in range(2):
        db.session.execute(text("SELECT name FROM partnership"))
        db.session.commit()
    for beat in (False, True):
        share(moderator)
        look(beat=beat)
        assert "SELECT name FROM partnership" in prepared()
