"""Whoever the moderators put out comes back by a moderator's new decision, and by no other door."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.client import Client
from tests.factories import (
    Level,
    add_member,
    make_administrator,
    make_organisation,
    make_user,
    membership_of,
    start_partnership,
)
from workspace import Workspace, clock
from workspace.accounts.models import User
from workspace.audit.models import AuditAction, AuditEvent
from workspace.db import db
from workspace.members import expiry
from workspace.members.invitations import service as invitations_service
from workspace.members.models import Invitation, InvitationAnswer, InviteLink
from workspace.organisations.models import Side
from workspace.partnerships.models import Membership, Partnership, Visibility
from workspace.permissions import LEVELS

SignIn = Callable[[User], Client]
Delivered = Callable[[], list[object]]

SECOND = "anden.adresse@x.dk"
PASSWORD = "lampe gulerod fjernsyn"


class Place:
    """A partnership as its moderator, and somebody who comes and goes, use it in their browsers."""

    def __init__(self, sign_in: SignIn) -> None:
        self.moderator = start_partnership("Grønne tage", visibility=Visibility.LISTED)
        self.partnership: Partnership = self.moderator.partnership
        self.home = self.partnership.address
        self.person = make_user("Rasmus Rask", self.moderator.user.organisation)
        self.sign_in = sign_in
        self.desk, self.browser = sign_in(self.moderator.user), sign_in(self.person)

    @property
    def membership(self) -> Membership:
        return membership_of(self.partnership, self.person)

    @property
    def is_in(self) -> bool:
        return self.browser.get(self.home).status_code == 200

    def join_as(self, level: Level) -> None:
        """The moderator adds the person by name."""
        fields = {"user_id": str(self.person.id), "level": level}
        assert self.desk.submit(f"{self.home}members", fields).status_code == 303

    def link(self, level: Level = Level.CONTRIBUTOR, by: Client | None = None) -> str:
        """A new link: the address that it leads to."""
        (by or self.desk).submit(f"{self.home}links", {"level": level, "hours": "24", "most_uses": "5"})
        newest = select(InviteLink).order_by(InviteLink.id.desc()).limit(1)
        return f"/join/{invitations_service.token(db.session.scalars(newest).one())}"

    def invite(self, email: str, level: Level = Level.CONTRIBUTOR, by: Client | None = None) -> str:
        """A new invitation: the address that it leads to."""
        fields = {
            "addresses": email,
            "level": level,
            "organisation": str(self.moderator.organisation_id),
            "language": "da",
            "greeting": "",
            "confirm": "1",
        }
        assert (by or self.desk).submit(f"{self.home}invitations", fields).status_code == 303
        return f"/invitations/{invitations_service.token(self.invitation(email))}"

    @staticmethod
    def invitation(email: str) -> Invitation:
        newest = select(Invitation).where(Invitation.email == email).order_by(Invitation.id.desc()).limit(1)
        return db.session.scalars(newest).one()

    def moderate(self, what: str, membership: Membership | None = None, **fields: str) -> TestResponse:
        """Remove or suspend somebody: by default the person."""
        typed = {"member": str((membership or self.membership).id), "reason": "Slut", "confirmed": "y"} | fields
        answer = self.desk.submit(f"{self.home}members/{what}", typed)
        assert answer.status_code == 303, answer.text
        return answer

    def lower(self, level: Level) -> None:
        typed = {"member": str(self.membership.id), "level": level, "confirmed": "y"}
        assert self.desk.submit(f"{self.home}members/levels", typed).status_code == 303

    def leave(self) -> None:
        self.browser.submit(f"{self.home}members/leaving", {"confirmed": "y"})
        assert not self.is_in

    def ask(self) -> None:
        self.browser.submit(f"/partnerships/listed/{self.partnership.id}/requests", {"words": "Må jeg?"})

    def become(self, email: str) -> None:
        """The person's account comes to have another address, however they managed that."""
        self.person.email = email
        db.session.commit()


@pytest.fixture
def place(app: Workspace, sign_in: SignIn) -> Place:
    return Place(sign_in)


# A removed member, and every door


@pytest.mark.parametrize("ends", ["removed", "expired"])
@pytest.mark.parametrize("asks", [False, True], ids=["", "after a request taken back"])
def test_a_link_opens_no_membership_that_moderators_ended(place: Place, ends: str, asks: bool) -> None:
    place.join_as(Level.CONTRIBUTOR)
    old = place.link()
    if ends == "removed":
        place.moderate("removal", keep_links="y")
    else:
        place.membership.ends_at = clock.now() - timedelta(seconds=1)
        db.session.commit()
    if asks:
        place.ask()
        assert place.browser.submit(f"/memberships/{place.membership.id}/taking-back").status_code == 303
    for address in (old, place.link()):
        assert place.browser.submit(address).status_code == 403
        assert not place.is_in
    place.join_as(Level.OBSERVER)
    assert place.is_in


def test_who_was_declined_does_not_come_by_a_link(place: Place) -> None:
    place.ask()
    place.desk.submit(f"{place.home}requests/{place.membership.id}/refusal", {"words": "Nej"})
    assert place.browser.submit(place.link()).status_code == 403
    assert not place.is_in


def test_the_request_of_somebody_removed_is_no_way_round(place: Place) -> None:
    """A request that was declined, or is still waiting, leaves the membership closed."""
    place.join_as(Level.CONTRIBUTOR)
    place.moderate("removal")
    link, invitation = place.link(), place.invite(SECOND)
    place.ask()
    place.become(SECOND)
    for address in (link, invitation):
        assert place.browser.submit(address).status_code == 403
    assert not place.is_in
    place.desk.submit(f"{place.home}requests/{place.membership.id}/approval", {"level": Level.OBSERVER})
    assert place.is_in
    assert place.membership.level is Level.OBSERVER


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_invitation_to_an_address_that_they_took_later_is_no_decision_about_them(place: Place, when: str) -> None:
    place.join_as(Level.CONTRIBUTOR)
    invitation = place.invite(SECOND, Level.MODERATOR) if when == "before" else ""
    place.moderate("removal", keep_invitations="y")
    invitation = invitation or place.invite(SECOND, Level.MODERATOR)
    place.become(SECOND)
    assert place.browser.submit(invitation).status_code == 403
    place.desk.submit(f"{place.home}invitations/{place.invitation(SECOND).id}/resending")
    assert place.browser.submit(invitation).status_code == 403
    assert not place.is_in


def test_an_invitation_that_a_later_decision_overtook_opens_nothing(place: Place) -> None:
    """They were invited again, but under an address that they have given up for a while."""
    place.join_as(Level.CONTRIBUTOR)
    place.moderate("removal")
    first = place.person.email
    invitation = place.invite(first, Level.MODERATOR)
    place.become(SECOND)
    place.join_as(Level.OBSERVER)
    place.moderate("removal", keep_invitations="y")
    place.become(first)
    assert place.browser.submit(invitation).status_code == 403
    assert not place.is_in


def test_a_new_invitation_is_a_decision(place: Place) -> None:
    place.join_as(Level.CONTRIBUTOR)
    place.moderate("removal")
    place.browser.submit(place.invite(place.person.email, Level.OBSERVER))
    assert place.is_in
    assert place.membership.level is Level.OBSERVER
    place.leave()
    place.browser.submit(place.link())
    assert place.membership.level is Level.OBSERVER


def test_whoever_comes_in_closes_their_other_ways(place: Place) -> None:
    invitation = place.invite(place.person.email, Level.MODERATOR)
    place.browser.submit(place.link(Level.OBSERVER))
    assert place.is_in
    assert place.invitation(place.person.email).answer is InvitationAnswer.WITHDRAWN
    assert place.browser.submit(invitation).status_code == 410
    place.moderate("removal")
    assert place.browser.submit(invitation).status_code == 410
    assert not place.is_in


@pytest.mark.parametrize("way", ["added", "approved"])
def test_who_is_let_in_by_a_moderator_has_no_invitation_left(place: Place, way: str) -> None:
    invitation = place.invite(place.person.email, Level.MODERATOR)
    if way == "added":
        place.join_as(Level.OBSERVER)
    else:
        place.ask()
        place.desk.submit(f"{place.home}requests/{place.membership.id}/approval", {"level": Level.OBSERVER})
    assert place.is_in
    assert place.browser.submit(invitation).status_code == 410
    assert place.membership.level is Level.OBSERVER


def test_an_invitation_raises_no_member_who_is_in(place: Place) -> None:
    place.join_as(Level.OBSERVER)
    invitation = place.invite(SECOND, Level.MODERATOR)
    place.become(SECOND)
    place.browser.submit(invitation)
    assert place.membership.level is Level.OBSERVER


# The last level that a moderator set


@pytest.mark.parametrize("by", ["link", "invitation"])
def test_who_was_lowered_leaves_and_comes_back_no_higher(place: Place, by: str) -> None:
    place.join_as(Level.CONTRIBUTOR)
    way = place.link() if by == "link" else place.invite(SECOND, Level.MODERATOR)
    place.lower(Level.OBSERVER)
    place.leave()
    place.become(SECOND)
    place.browser.submit(way)
    assert place.is_in
    assert place.membership.level is Level.OBSERVER


def test_a_request_that_was_taken_back_raises_nobody(place: Place) -> None:
    place.join_as(Level.CONTRIBUTOR)
    place.lower(Level.OBSERVER)
    place.leave()
    place.ask()
    place.browser.submit(f"/memberships/{place.membership.id}/taking-back")
    place.browser.submit(place.link())
    assert place.membership.level is Level.OBSERVER


def test_who_left_comes_back_by_a_link_as_what_they_were(place: Place) -> None:
    place.join_as(Level.MODERATOR)
    place.leave()
    place.browser.submit(place.link(Level.CONTRIBUTOR))
    assert place.is_in
    assert place.membership.level is Level.CONTRIBUTOR


def test_a_level_set_after_they_left_counts_and_opens_nothing(place: Place) -> None:
    place.join_as(Level.CONTRIBUTOR)
    place.moderate("removal")
    place.lower(Level.OBSERVER)
    assert place.browser.submit(place.link()).status_code == 403
    assert not place.is_in


# What a moderator leaves behind who is put out


@pytest.mark.parametrize("what", ["removal", "suspension"])
def test_a_moderator_who_is_put_out_leaves_no_way_in(place: Place, client: Client, what: str) -> None:
    place.join_as(Level.MODERATOR)
    link = place.link(by=place.browser)
    invitation = place.invite(SECOND, Level.MODERATOR, by=place.browser)
    page = place.desk.page(f"{place.home}members/{what}?member={place.membership.id}")
    assert SECOND in page.text
    place.moderate(what)
    assert place.invitation(SECOND).answer is InvitationAnswer.WITHDRAWN
    assert client.submit(invitation, {"name": "En ny", "password": PASSWORD}).status_code == 410
    assert (
        client.submit(link, {"email": "tredje@x.dk", "organisation": place.moderator.organisation_id}).status_code
        == 410
    )
    assert not db.session.scalar(select(Invitation.id).where(Invitation.email == "tredje@x.dk"))
    assert place.browser.submit(link).status_code == 410
    assert not place.is_in


def test_a_link_confirmed_by_mail_closes_with_the_link(place: Place, client: Client) -> None:
    """The link made an invitation to a second address, which is still unanswered when its moderator is removed."""
    place.join_as(Level.MODERATOR)
    link = place.link(by=place.browser)
    client.submit(link, {"email": SECOND, "organisation": place.moderator.organisation_id})
    invitation = f"/invitations/{invitations_service.token(place.invitation(SECOND))}"
    place.moderate("removal")
    assert client.submit(invitation, {"name": "En ny", "password": PASSWORD}).status_code == 410


def test_who_removes_is_asked_about_invitations_and_may_answer_for_them(place: Place, client: Client) -> None:
    place.join_as(Level.MODERATOR)
    invitation = place.invite("kollega@x.dk", by=place.browser)
    place.moderate("removal", keep_invitations="y")
    assert place.invitation("kollega@x.dk").invited_by_id == place.moderator.id
    assert client.submit(invitation, {"name": "En kollega", "password": PASSWORD}).status_code == 303
    assert client.get(place.home).status_code == 200


@pytest.mark.parametrize("keep", [False, True])
def test_who_removes_is_asked_about_links_of_others(place: Place, client: Client, keep: bool) -> None:
    """A removed member who knows a link could come by it with another address."""
    place.join_as(Level.CONTRIBUTOR)
    link = place.link()
    page = place.desk.page(f"{place.home}members/removal?member={place.membership.id}")
    assert "keep_links" in page.html
    place.moderate("removal", **({"keep_links": "y"} if keep else {}))
    client.submit(link, {"email": SECOND, "organisation": place.moderator.organisation_id})
    assert bool(db.session.scalar(select(Invitation.id).where(Invitation.email == SECOND))) is keep


def test_a_moderator_who_is_lowered_has_given_nobody_more_than_they_have(place: Place, client: Client) -> None:
    place.join_as(Level.MODERATOR)
    high = place.invite(SECOND, Level.MODERATOR, by=place.browser)
    low = place.invite("kollega@x.dk", Level.OBSERVER, by=place.browser)
    link = place.link(Level.CONTRIBUTOR, by=place.browser)
    place.lower(Level.OBSERVER)
    for address, status in ((high, 410), (link, 410), (low, 200)):
        assert client.get(address).status_code == status


def test_whose_organisation_is_let_go_leaves_no_way_in(place: Place, client: Client) -> None:
    icura = make_organisation("Icura")
    colleague = add_member(place.moderator, make_user("Ida", icura), Level.MODERATOR, Side.COMPANY)
    browser = place.sign_in(colleague.user)
    link, invitation = place.link(by=browser), place.invite(SECOND, Level.MODERATOR, by=browser)
    address = f"{place.home}organisations/{icura.id}/departure"
    typed = {"members": "go", "stay_for": str(place.moderator.organisation_id), "reason": "Slut", "confirmed": "y"}
    assert place.desk.submit(address, typed).status_code == 303
    assert [client.get(way).status_code for way in (link, invitation)] == [410, 410]


def test_closing_is_on_record(place: Place) -> None:
    place.join_as(Level.MODERATOR)
    place.link(by=place.browser)
    place.invite(SECOND, by=place.browser)
    place.moderate("removal")
    actions = set(db.session.scalars(select(AuditEvent.action).where(AuditEvent.actor_id == place.moderator.user_id)))
    assert {AuditAction.CLOSED_LINK, AuditAction.WITHDREW_INVITATION} <= actions


# Administrators


@pytest.mark.parametrize("what", ["removal", "suspension"])
def test_an_administrator_whom_the_moderators_put_out_does_not_help(place: Place, what: str) -> None:
    place.person.is_administrator = True
    place.join_as(Level.OBSERVER)
    place.moderate(what)
    address = f"/admin/partnerships/{place.partnership.id}/joining"
    assert place.browser.submit(address, {"reason": "Hjælp"}).status_code == 409
    assert not place.is_in


def test_an_administrator_who_left_may_help_again(place: Place) -> None:
    administrator = make_administrator(organisation=place.moderator.user.organisation)
    browser, address = place.sign_in(administrator), f"/admin/partnerships/{place.partnership.id}/joining"
    for _ in range(2):
        assert browser.submit(address, {"reason": "Hjælp"}).status_code == 303
        browser.submit(f"{place.home}members/leaving", {"confirmed": "y"})
        assert browser.get(place.home).status_code == 404


# What stands in older databases, and time


def test_an_end_on_a_date_closes_before_and_after_it_is_recorded(place: Place) -> None:
    place.join_as(Level.CONTRIBUTOR)
    place.membership.ends_at = clock.now() + timedelta(days=2)
    link = place.link()
    db.session.commit()
    with time_machine.travel(clock.now() + timedelta(days=2, minutes=1)):
        place.sign_in(place.person)
        link_now = InviteLink(
            partnership_id=place.partnership.id,
            level=Level.CONTRIBUTOR,
            made_by_id=place.moderator.id,
            most_uses=5,
            expires_at=clock.now() + timedelta(days=1),
        )
        db.session.add(link_now)
        db.session.commit()
        link = f"/join/{invitations_service.token(link_now)}"
        browser = place.sign_in(place.person)
        assert browser.submit(link).status_code == 403
        expiry.apply_due_endings()
        assert browser.submit(link).status_code == 403
        assert browser.get(place.home).status_code == 404


def test_a_recorded_end_stays_closed(place: Place) -> None:
    """What a request forgets of the date, the decision remembers."""
    place.join_as(Level.CONTRIBUTOR)
    place.membership.ends_at = clock.now() - timedelta(seconds=1)
    db.session.commit()
    expiry.apply_due_endings()
    place.ask()
    assert place.browser.submit(place.link()).status_code == 403


def test_levels_are_in_order() -> None:
    """What bounds a level by another rests on their order."""
    assert list(LEVELS) == [Level.OBSERVER, Level.CONTRIBUTOR, Level.MODERATOR]
