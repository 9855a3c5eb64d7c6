"""Closing an account closes it, whatever it moderates: when it is answered nothing of it lives on, in any process."""

import re
from collections.abc import Callable
from contextlib import closing
from email.message import EmailMessage

import pytest
from sqlalchemy import select
from werkzeug.exceptions import NotFound

from tests.client import Client
from tests.databases import KIND
from tests.factories import Level, add_member, comment, listed, make_administrator, make_user, share, start_partnership
from tests.live.conftest import Browser, Still
from tests.live.test_serving import Reader, connect, served
from workspace import Workspace
from workspace.accounts.models import User
from workspace.accounts.sessions import Session
from workspace.accounts.verification_codes import Purpose, VerificationCode
from workspace.audit.models import AuditAction, AuditEvent
from workspace.config import Settings
from workspace.db import db
from workspace.live.streams import Streams
from workspace.members.invitations import service as invitations_service
from workspace.members.join_requests import service as join_requests_service
from workspace.members.models import InvitationAnswer
from workspace.members.moderation import appointment
from workspace.members.moderation import service as moderation_service
from workspace.notifications import unsubscribe
from workspace.partnerships.models import Membership, MembershipState, Visibility
from workspace.permissions import Conflict, NotAllowed

SignIn = Callable[[User], Client]
Delivered = Callable[[], list[EmailMessage]]


@pytest.fixture
def moderator(app: Workspace) -> Membership:
    return start_partnership("Grønne tage", by=make_user("Mette Moderator", language="en"))


@pytest.fixture
def desk(app: Workspace, sign_in: SignIn) -> Client:
    return sign_in(make_administrator(name="Anders And", language="en"))


def close(desk: Client, user: User) -> None:
    answer = desk.submit(f"/people/{user.id}/closing")
    assert answer.status_code == 303
    assert answer.location == f"/people/{user.id}/memberships"


def listens(app: Workspace, browser: Client) -> Browser:
    """An open stream of this process, whose watcher never looks by itself."""
    app.extensions["live"] = watcher = Still(app, Streams())
    return Browser(browser, watcher.streams)


# It closes


def test_that_of_the_only_moderator_closes_too(moderator: Membership, desk: Client, sign_in: SignIn) -> None:
    browser = sign_in(moderator.user)
    close(desk, moderator.user)
    assert not moderator.user.is_active
    assert browser.get("/settings").status_code == 303
    assert not db.session.scalar(select(Session.id).where(Session.user_id == moderator.user_id))


@pytest.mark.parametrize("is_member", [True, False])
def test_its_streams_are_over_when_it_is_answered(
    app: Workspace, moderator: Membership, desk: Client, sign_in: SignIn, is_member: bool
) -> None:
    user = moderator.user if is_member else make_user()
    stream = listens(app, sign_in(user))
    stream.heard()
    close(desk, user)
    assert stream.heard() == [("over", None)]
    assert stream.is_over
    assert stream.on().answer.status_code in (204, 303)


@pytest.mark.skipif(KIND != "postgresql", reason="SQLite is for one process")
def test_its_streams_in_another_process_are_over_when_it_is_answered(
    app: Workspace, moderator: Membership, desk: Client, sign_in: SignIn, settings: Settings
) -> None:
    idle = make_user()
    db.session.commit()
    with served(settings) as (port, _process):
        readers = []
        for user in (moderator.user, idle):
            cookie = sign_in(user).get_cookie("samspil")
            assert cookie
            connection = connect(port)
            connection.request("GET", "/live", headers={"Cookie": f"samspil={cookie.value}"})
            answer = connection.getresponse()
            readers.append(Reader(iter(answer.readline, b"")))
            assert readers[-1].next()[0] == "all"
            assert connection.sock
            connection.sock.settimeout(0.1)  # What is over has been sent by the time that it is answered.
            with closing(connection):
                close(desk, user)
                assert readers[-1].next()[0] == "over"


def test_its_codes_are_dead(moderator: Membership, desk: Client, client: Client, delivered: Delivered) -> None:
    client.submit("/sign-in/code", {"email": moderator.user.email})
    code = re.search(r"\d{3} \d{3}", str(delivered()[-1]["Subject"]))
    assert code
    close(desk, moderator.user)
    desk.submit(f"/people/{moderator.user_id}/opening")  # Not even then is one that lay there good again.
    assert client.submit("/sign-in/code/answer", {"code": code[0]}).status_code == 422
    assert db.session.scalars(select(VerificationCode.used_at).where(VerificationCode.purpose == Purpose.SIGN_IN)).all()


def test_its_links_are_dead(moderator: Membership, desk: Client, client: Client) -> None:
    link = join_requests_service.open_link(moderator, level=Level.CONTRIBUTOR, hours=2, most_uses=5)
    [invitation] = invitations_service.invite(
        moderator,
        listed("anden.adresse@x.dk"),
        level=Level.MODERATOR,
        organisation_id=moderator.organisation_id,
        language="da",
        greeting="",
    )
    db.session.commit()
    addresses = [f"/join/{invitations_service.token(link)}", f"/invitations/{invitations_service.token(invitation)}"]
    assert [client.get(address).status_code for address in addresses] == [200, 200]
    close(desk, moderator.user)
    assert [client.get(address).status_code for address in addresses] == [410, 410]
    assert invitation.answer is InvitationAnswer.WITHDRAWN
    assert client.get(f"/unsubscribe/{unsubscribe.token(moderator.user)}").status_code == 404


def test_what_was_on_its_way_is_refused(moderator: Membership, desk: Client) -> None:
    """A request that the guard let in before, and that waited for the partnership's lock meanwhile."""
    member, post = add_member(moderator), share(moderator)
    close(desk, member.user)
    with pytest.raises(NotAllowed):
        comment(post, member)


def test_closing_twice_is_the_same_as_once(moderator: Membership, desk: Client) -> None:
    close(desk, moderator.user)
    at = moderator.user.deactivated_at
    close(desk, moderator.user)
    assert moderator.user.deactivated_at == at


def test_nobody_closes_their_own(app: Workspace, sign_in: SignIn) -> None:
    administrator = make_administrator()
    assert sign_in(administrator).submit(f"/people/{administrator.id}/closing").status_code == 409
    assert administrator.is_active


# Nothing waits for it


def test_moderators_can_not_approve_the_request_of_a_closed_account(
    moderator: Membership, desk: Client, sign_in: SignIn
) -> None:
    join_requests_service.set_visibility(moderator, Visibility.LISTED)
    asking = join_requests_service.ask_to_join(make_user("Ole Olsen"), moderator.partnership, "Hej")
    close(desk, asking.user)
    browser, home = sign_in(moderator.user), moderator.partnership.address
    page = browser.page(f"{home}members")
    assert "The account is closed. Only an administrator can open it again." in page.text
    assert f"requests/{asking.id}/approval" not in page.html
    for what, typed in (("approval", {"level": "contributor"}), ("question", {"words": "Hvem er du?"})):
        assert browser.submit(f"{home}requests/{asking.id}/{what}", typed).status_code == 409
    assert (asking.state, asking.moderator_question) == (MembershipState.REQUESTED, "")
    assert browser.submit(f"{home}requests/{asking.id}/refusal", {"words": "Kontoen er lukket"}).status_code == 303


def test_moderation_is_not_offered_to_a_closed_account(moderator: Membership, desk: Client, sign_in: SignIn) -> None:
    member = add_member(moderator)
    close(desk, member.user)
    browser, page = sign_in(moderator.user), f"{moderator.partnership.address}members/{member.id}"
    assert f"{page}/handover" not in browser.page(page).html
    assert browser.submit(f"{page}/handover").status_code == 409
    assert member.moderation_offered_by_id is None


# What is left without a moderator


def test_it_says_which_partnerships_need_a_moderator(moderator: Membership, desk: Client) -> None:
    other = start_partnership("Har en anden", by=moderator.user)
    add_member(other, level=Level.MODERATOR)
    close(desk, moderator.user)
    page = desk.page(f"/people/{moderator.user_id}/memberships")
    assert f"/admin/partnerships/{moderator.partnership_id}/appointment" in page.html
    assert f"/admin/partnerships/{other.partnership_id}/appointment" not in page.html
    listed = desk.page("/admin/partnerships")
    assert f"/admin/partnerships/{moderator.partnership_id}/appointment" in listed.html
    assert "0 moderators" in listed.text


def test_an_administrator_appoints_a_member_and_all_members_are_told(
    moderator: Membership, desk: Client, sign_in: SignIn, delivered: Delivered
) -> None:
    chosen, other = add_member(moderator, level=Level.OBSERVER), add_member(moderator)
    held, gone = add_member(moderator), add_member(moderator)
    moderation_service.suspend(moderator, [held.id], until=None, reason="x")
    moderation_service.remove(moderator, [gone.id], reason="x")
    close(desk, moderator.user)
    before = len(delivered())
    address = f"/admin/partnerships/{moderator.partnership_id}/appointment"
    page = desk.page(address)
    assert all(
        (membership.user.name in page.text) is (membership in (chosen, other))
        for membership in (chosen, other, held, gone)
    )
    assert desk.submit(address, {"member": str(chosen.id)}, page=address).status_code == 303
    assert chosen.level is Level.MODERATOR
    assert {mail["To"] for mail in delivered()[before:]} == {chosen.user.email, other.user.email}
    assert "Anders And" in sign_in(other.user).page(f"{moderator.partnership.address}about").text
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.action == AuditAction.APPOINTED_MODERATOR)).one()
    assert event.subject_id == chosen.user_id


@pytest.mark.parametrize("who", ["removed", "suspended", "closed", "elsewhere", "nobody"])
def test_only_a_present_member_is_appointed(moderator: Membership, desk: Client, who: str) -> None:
    membership = add_member(moderator)
    if who == "removed":
        moderation_service.remove(moderator, [membership.id], reason="x")
    elif who == "suspended":
        moderation_service.suspend(moderator, [membership.id], until=None, reason="x")
    elif who == "closed":
        close(desk, membership.user)
    elif who == "elsewhere":
        membership = add_member(start_partnership())
    close(desk, moderator.user)
    typed = {"member": "" if who == "nobody" else str(membership.id)}
    answer = desk.submit(f"/admin/partnerships/{moderator.partnership_id}/appointment", typed)
    assert answer.status_code in (404, 409, 422)
    if who != "elsewhere":  # The form did not offer them; it may be older than what has happened.
        number, administrator = membership.id + 999 if who == "nobody" else membership.id, make_administrator()
        with pytest.raises((Conflict, NotFound)):
            appointment.appoint(moderator.partnership, number, by=administrator)
        db.session.rollback()
    assert membership.level is Level.CONTRIBUTOR


def test_nobody_is_appointed_while_there_is_a_moderator(moderator: Membership, desk: Client) -> None:
    membership = add_member(moderator)
    address = f"/admin/partnerships/{moderator.partnership_id}/appointment"
    assert desk.submit(address, {"member": str(membership.id)}).status_code == 409
    assert membership.user.name not in desk.page(address).text
    assert membership.level is Level.CONTRIBUTOR


def test_a_moderator_who_is_appointed_has_no_end(moderator: Membership, desk: Client) -> None:
    membership = add_member(moderator)
    membership.ends_at = membership.created_at.replace(year=membership.created_at.year + 1)
    close(desk, moderator.user)
    desk.submit(f"/admin/partnerships/{moderator.partnership_id}/appointment", {"member": str(membership.id)})
    assert (membership.level, membership.ends_at) == (Level.MODERATOR, None)
