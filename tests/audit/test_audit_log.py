"""The audit log: nobody changes or deletes a line, pruning says so itself, and all see only what concerns them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.exc import DBAPIError

from tests.client import Client
from tests.factories import Level, add_member, make_administrator, make_user, start_partnership
from workspace import Workspace, clock
from workspace.accounts.models import User
from workspace.audit import queries, retention
from workspace.audit.models import AuditAction, AuditEvent, Outcome, record_audit
from workspace.audit.sentences import tell
from workspace.db import db
from workspace.members.moderation import service as moderation_service

SignIn = Callable[[User], Client]


@pytest.mark.parametrize(
    "statement",
    [
        update(AuditEvent).values(actor_name="En anden"),
        delete(AuditEvent),
        text("DELETE FROM audit_event WHERE id = 1"),
    ],
)
def test_the_database_refuses_to_change_or_delete_a_line(statement: object, app: Workspace) -> None:
    record_audit(AuditAction.SIGNED_IN, actor=make_user())
    db.session.commit()
    with pytest.raises(DBAPIError, match="append-only"):
        db.session.execute(statement)  # type: ignore[call-overload]
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(AuditEvent)) == 1


def test_pruning_deletes_what_is_old_and_is_itself_a_line(app: Workspace) -> None:
    with clock.at(clock.now() - timedelta(days=400)):
        record_audit(AuditAction.SIGNED_IN, actor=make_user())
    record_audit(AuditAction.SIGNED_OUT)
    db.session.commit()
    assert retention.prune(13) == 1
    assert list(db.session.scalars(select(AuditEvent.action).order_by(AuditEvent.id))) == [
        AuditAction.SIGNED_OUT,
        AuditAction.PRUNED,
    ]


def test_what_was_refused_is_on_record(app: Workspace, sign_in: SignIn) -> None:
    moderator = start_partnership()
    other, stranger = add_member(moderator), make_user()
    sign_in(other.user).get(f"{moderator.partnership.address}invitations")
    sign_in(stranger).get(moderator.partnership.address)
    lines = db.session.scalars(
        select(AuditEvent)
        .where(AuditEvent.action.in_((AuditAction.REFUSED, AuditAction.NOT_FOUND)))
        .order_by(AuditEvent.id)
    ).all()
    assert [(line.action, line.actor_id, line.partnership_id, line.outcome) for line in lines] == [
        (AuditAction.REFUSED, other.user_id, moderator.partnership_id, Outcome.REFUSED),
        (AuditAction.NOT_FOUND, stranger.id, moderator.partnership_id, Outcome.REFUSED),
    ]


def test_each_sees_only_what_concerns_them(app: Workspace, sign_in: SignIn) -> None:
    here, there = start_partnership("Her"), start_partnership("kanariefugl")
    add_member(there, make_user("kanariefugl"))
    add_member(here, make_user("Bo Her"))
    browser, address = sign_in(here.user), f"{here.partnership.address}members/trail"
    assert "Bo Her" in browser.page(address).text
    assert "kanariefugl" not in browser.page(address).text
    for export in (address, "/settings/trail"):
        assert "kanariefugl" not in browser.submit(export).text
    assert "kanariefugl" in sign_in(make_administrator()).submit("/admin/trail").text


def test_one_s_own_record_does_not_tell_where_others_were(app: Workspace, sign_in: SignIn) -> None:
    moderator = start_partnership()
    membership = add_member(moderator, make_user(language="en"))
    level = {"member": str(membership.id), "level": "observer"}
    sign_in(moderator.user).submit(
        f"{moderator.partnership.address}members/levels", level, environ_base={"REMOTE_ADDR": "192.0.2.77"}
    )
    browser = sign_in(membership.user)
    assert "/settings/trail" in browser.page("/settings").html
    record = browser.submit("/settings/trail").text
    assert f"changed the access of {membership.user.name} from participant to observer" in record
    assert "192.0.2.77" not in record
    exported = sign_in(moderator.user).submit(f"{moderator.partnership.address}members/trail").text
    assert "192.0.2.77" in exported


def test_the_trail_speaks_the_reader_s_language(app: Workspace, sign_in: SignIn) -> None:
    moderator = start_partnership(by=make_user(language="en"))
    membership = add_member(moderator)
    moderation_service.suspend(moderator, [membership.id], until=clock.now(), reason="moderator")
    moderation_service.change_levels(moderator, {membership.id: Level.OBSERVER})
    db.session.commit()
    page = sign_in(moderator.user).page(f"{moderator.partnership.address}members/trail").text
    assert "from participant to observer" in page
    assert "reason: moderator" in page


def test_moderators_read_who_did_what_in_their_own_time_and_names_lead_to_members(
    app: Workspace, sign_in: SignIn
) -> None:
    moderator = start_partnership(by=make_user("Mette <b>Å</b>", language="en"))
    membership = add_member(moderator, make_user("Bo Bi"))
    with clock.at(datetime(2026, 3, 28, 23, 30, tzinfo=UTC)):
        moderation_service.suspend(moderator, [membership.id], until=None, reason="Orlov")
        db.session.commit()
    address = f"{moderator.partnership.address}members/trail"
    browser = sign_in(moderator.user)
    page = browser.page(f"{address}?act=suspended&from=2026-03-29&to=2026-03-29")
    assert "Mette <b>Å</b> put the access of Bo Bi on hold" in page.text
    assert "reason: Orlov" in page.text
    assert "29 March at 00:30" in page.text
    links = [link.get("href") for link in page.all("a")]
    assert {f"{moderator.partnership.address}members/{member.id}" for member in (moderator, membership)} <= set(links)
    assert "put the access" not in browser.page(f"{address}?act=suspended&to=2026-03-28").text
    table = browser.submit(address, {"act": "suspended"}).text.splitlines()
    assert table[0] == "\ufeffTime (Copenhagen);What happened;More;Who;Whom;Partnership;Network address;Carried out"
    assert table[1].startswith("2026-03-29 00:30:00;Mette <b>Å</b> put the access of Bo Bi on hold;reason: Orlov;Mette")
    assert table[1].endswith(";yes")


def test_the_name_of_somebody_who_is_no_member_is_text_too(app: Workspace, sign_in: SignIn) -> None:
    moderator = start_partnership(by=make_user(language="en"))
    sign_in(make_user("Mette <b>Å</b>")).get(moderator.partnership.address)
    page = sign_in(moderator.user).page(f"{moderator.partnership.address}members/trail")
    assert "Mette <b>Å</b>" in page.text


def test_moderators_do_not_learn_from_where_the_other_side_s_people_or_strangers_did_it(
    app: Workspace, sign_in: SignIn
) -> None:
    moderator = start_partnership(by=make_user(language="en"))
    colleague = add_member(moderator, make_user(organisation=moderator.organisation), Level.MODERATOR)
    other, stranger = add_member(moderator, level=Level.MODERATOR), make_user()
    home = moderator.partnership.address
    for number, user in enumerate((moderator.user, colleague.user, other.user, stranger)):
        browser, where = sign_in(user), {"REMOTE_ADDR": f"192.0.2.{number + 1}"}
        browser.get(f"{home}roles/999", environ_base=where)
        if user is stranger:
            browser.get(home, environ_base=where)
        else:
            browser.submit(f"{home}members/trail", environ_base=where)
    browser = sign_in(moderator.user)
    for shown in (browser.page(f"{home}members/trail").text, browser.submit(f"{home}members/trail").text):
        assert "192.0.2.1" in shown
        assert "192.0.2.2" in shown
        assert "192.0.2.3" not in shown
        assert "192.0.2.4" not in shown


def test_older_lines_come_behind_those_that_are_there(
    app: Workspace, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "PAGE", 1)
    moderator = start_partnership(by=make_user(language="en"))
    for name in ("Ane", "Bo"):
        add_member(moderator, make_user(name))
    browser, address = sign_in(moderator.user), f"{moderator.partnership.address}members/trail"
    [more] = [link.get("hx-get") for link in browser.page(address).all("a") if link.get("hx-get")]
    text = browser.get(more, htmx=True).text
    assert text.lstrip().startswith("<tr")
    assert "Ane" in text
    assert "Bo" not in text


@pytest.mark.parametrize("action", AuditAction)
def test_each_event_is_a_sentence_whoever_did_it(action: AuditAction, app: Workspace) -> None:
    people = SimpleNamespace(id=1, name="Mette"), SimpleNamespace(id=2, name="Bo"), None
    with app.test_request_context(headers={"Accept-Language": "en"}):
        for actor in people:
            for subject in people:
                event = AuditEvent(
                    id=1,
                    at=clock.now(),
                    action=action,
                    actor_id=actor and actor.id,
                    actor_name=actor.name if actor else "",
                    subject_id=subject and subject.id,
                    subject_name=subject.name if subject else "",
                    details={"until": "2026-03-29T12:00:00+00:00", "odd": 7},
                )
                told = tell(event, {1: "/people/1"})
                assert "%(" not in told.sentence
                assert ("odd", "7") in told.details
                assert ("/people/1" in told.sentence) is ("Mette" in told.sentence)


def test_what_administrators_do_is_on_record(app: Workspace, sign_in: SignIn) -> None:
    administrator = make_administrator(language="en")
    person = make_user("Bo")
    browser = sign_in(administrator)
    browser.submit(f"/people/{person.id}/address", {"email": "bo.ny@example.dk"})
    browser.submit(f"/people/{person.id}/edit", {"title": "Leder"}, page=f"/people/{person.id}/edit")
    browser.submit(f"/people/{person.id}/closing")
    browser.submit(f"/people/{person.id}/opening")
    acts = list(
        db.session.scalars(
            select(AuditEvent.action)
            .where(AuditEvent.subject_id == person.id, AuditEvent.actor_id == administrator.id)
            .order_by(AuditEvent.id)
        )
    )
    assert acts == [
        AuditAction.ASKED_FOR_ADDRESS,
        AuditAction.CHANGED_PERSON,
        AuditAction.DEACTIVATED,
        AuditAction.REACTIVATED,
    ]


def test_a_flood_of_what_is_not_there_is_counted_and_not_listed(app: Workspace, sign_in: SignIn) -> None:
    there = start_partnership()
    stranger, other = make_user(), make_user()
    browser = sign_in(stranger)
    for number in range(60):
        assert browser.get(f"/partnerships/none-{number}/").status_code == 404
        assert browser.get(there.partnership.address).status_code == 404
    sign_in(other).get("/partnerships/none/")
    refused = select(AuditEvent).where(AuditEvent.action == AuditAction.NOT_FOUND).order_by(AuditEvent.id)
    lines = [(line.actor_id, line.details.get("this_hour")) for line in db.session.scalars(refused)]
    assert lines == [(stranger.id, None)] * 10 + [(stranger.id, 100), (other.id, None)]
