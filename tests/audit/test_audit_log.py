"""The trail: nobody changes or deletes a line, pruning says so itself, and everybody sees only what concerns them."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.exc import DBAPIError

from tests.client import Client
from tests.factories import Level, add_member, make_administrator, make_user, start_partnership
from workspace import Workspace, clock
from workspace.accounts.models import User
from workspace.audit import retention
from workspace.audit.models import AuditAction, AuditEvent, Outcome, record_audit
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
    seat = add_member(moderator, make_user(language="en"))
    level = {"member": str(seat.id), "level": "observer"}
    sign_in(moderator.user).submit(
        f"{moderator.partnership.address}members/levels", level, environ_base={"REMOTE_ADDR": "192.0.2.77"}
    )
    browser = sign_in(seat.user)
    assert "/settings/trail" in browser.page("/settings").html
    record = browser.submit("/settings/trail").text
    assert "changed_level" in record
    assert "192.0.2.77" not in record
    exported = sign_in(moderator.user).submit(f"{moderator.partnership.address}members/trail").text
    assert "192.0.2.77" in exported


def test_the_trail_speaks_the_reader_s_language(app: Workspace, sign_in: SignIn) -> None:
    moderator = start_partnership(by=make_user(language="en"))
    seat = add_member(moderator)
    moderation_service.suspend(moderator, [seat.id], until=clock.now(), reason="moderator")
    moderation_service.change_levels(moderator, {seat.id: Level.OBSERVER})
    db.session.commit()
    page = sign_in(moderator.user).page(f"{moderator.partnership.address}members/trail").text
    assert "before: Participant; afterwards: Observer" in page
    assert "reason: moderator" in page


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
