"""A member sits for another organisation, an organisation is let go, an administrator joins to help."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests.client import Client
from tests.factories import (
    Level,
    Side,
    add_member,
    challenge,
    hold,
    listed,
    make_administrator,
    make_organisation,
    make_role,
    make_user,
    share,
    start_partnership,
)
from workspace import Workspace
from workspace.accounts.models import User
from workspace.audit.models import AuditAction, AuditEvent
from workspace.db import db
from workspace.mail import delivery
from workspace.mail.models import Mail
from workspace.members.admin_join import views as admin_join_views
from workspace.members.invitations import service as invitations_service
from workspace.members.join_requests import service as join_requests_service
from workspace.members.models import InvitationAnswer
from workspace.members.moderation import service as moderation_service
from workspace.members.moderation.service import LastOfSide
from workspace.members.transfers import service as transfers_service
from workspace.partnerships import service as partnerships_service
from workspace.partnerships.activity_log import Entry
from workspace.partnerships.models import Ending, Membership, MembershipState, Participation, Visibility
from workspace.partnerships.verbs import Verb
from workspace.permissions import Conflict, NotAllowed
from workspace.posts.challenge_workflow import ChallengeStatus
from workspace.roles import action_items

SignIn = Callable[[User], Client]


@pytest.fixture
def moderator(app: Workspace) -> Membership:
    return start_partnership("Grønne tage", by=make_user("Mette Moderator", language="en"))


def memberships_of(user: User) -> list[Membership]:
    return list(db.session.scalars(select(Membership).where(Membership.user_id == user.id).order_by(Membership.id)))


def verbs(membership: Membership) -> list[Verb]:
    return list(db.session.scalars(select(Entry.verb).where(Entry.partnership_id == membership.partnership_id)))


class TestChangingOrganisation:
    def test_the_history_stays_with_the_old_one(self, moderator: Membership, sign_in: SignIn) -> None:
        old = add_member(moderator, make_user("Farida Nazari", language="en"))
        other = add_member(moderator, side=Side.COMPANY)
        before, after = old.organisation.name, other.organisation.name
        post = share(old)
        address = f"{moderator.partnership.address}members/{old.id}/organisation"
        moderators = sign_in(moderator.user)
        assert moderators.page(address)
        answer = moderators.submit(address, {"organisation": str(other.organisation_id)}, page=address)
        assert answer.status_code == 303
        [was, new] = memberships_of(old.user)
        assert (was.id, was.state, was.ending) == (old.id, MembershipState.ENDED, Ending.MOVED)
        assert (new.state, new.level, new.organisation.name) == (MembershipState.ACTIVE, old.level, after)
        assert (new.seen_number, new.joined_at) == (was.seen_number, was.joined_at)
        browser = sign_in(old.user)
        assert before in browser.page(f"{moderator.partnership.address}posts/{post.number}").text
        mine = share(new)
        assert after in browser.page(f"{moderator.partnership.address}posts/{mine.number}").text
        history = browser.page(f"{moderator.partnership.address}about").text
        assert f"Farida Nazari now represents {after}, no longer {before}" in history
        listed = moderators.page(f"{moderator.partnership.address}members")
        assert len([row for row in listed.all("tr") if "Farida Nazari" in "".join(row.itertext())]) == 1

    def test_what_is_not_solved_goes_along_and_the_roles_are_vacant(self, moderator: Membership) -> None:
        old, other = add_member(moderator), add_member(moderator, side=Side.COMPANY)
        taken, solved = challenge(old, "Taget"), challenge(old, "Løst")
        taken.take(old)
        solved.take(old)
        solved.solve(old, "Sådan")
        hold(make_role(moderator, "Data"), old, moderator)
        new = transfers_service.move(moderator, old.id, other.organisation_id)
        assert (taken.taker_id, solved.taker_id) == (new.id, old.id)

        moderator.partnership.created_at -= timedelta(days=20)
        assert [item.title for item in action_items.lacking_roles(moderator.user)] == ["‘Data’ has nobody accountable"]

    def test_a_parked_challenge_goes_on_with_its_taker(self, moderator: Membership, sign_in: SignIn) -> None:
        old, other = add_member(moderator, make_user(language="en")), add_member(moderator, side=Side.COMPANY)
        parked = challenge(old, "Taget")
        parked.take(old)
        parked.park(old, "Sommerferie")
        new = transfers_service.move(moderator, old.id, other.organisation_id)
        address = f"{moderator.partnership.address}posts/{parked.number}"
        assert sign_in(old.user).submit(f"{address}/reopening", {"reason": "Ferien er slut"}).status_code == 303
        assert (parked.status, parked.taker_id) == (ChallengeStatus.ONGOING, new.id)

    def test_only_among_the_partners_and_only_members(self, moderator: Membership, sign_in: SignIn) -> None:
        membership, stranger = add_member(moderator), make_user()
        address = f"{moderator.partnership.address}members/{membership.id}/organisation"
        moderators = sign_in(moderator.user)
        assert moderators.submit(address, {"organisation": str(stranger.organisation_id)}).status_code == 422
        moderation_service.remove(moderator, [membership.id], reason="x")
        db.session.commit()
        assert moderators.submit(address, {"organisation": str(moderator.organisation_id)}).status_code == 409
        with pytest.raises(NotAllowed):
            transfers_service.move(add_member(moderator), moderator.id, membership.organisation_id)

    def test_the_last_moderator_of_a_side_is_asked(self, moderator: Membership, sign_in: SignIn) -> None:
        other = add_member(moderator, level=Level.MODERATOR, side=Side.COMPANY)
        address = f"{moderator.partnership.address}members/{other.id}/organisation"
        typed = {"organisation": str(moderator.organisation_id)}
        moderators = sign_in(moderator.user)
        assert moderators.submit(address, typed).status_code == 409
        assert other.is_active
        assert moderators.submit(address, typed | {"confirmed": "y"}).status_code == 303

    def test_a_suspended_member_stays_suspended(self, moderator: Membership) -> None:
        membership, other = add_member(moderator), add_member(moderator)
        moderation_service.suspend(moderator, [membership.id], until=None, reason="Orlov")
        new = transfers_service.move(moderator, membership.id, other.organisation_id)
        assert (new.state, new.reason, new.is_active) == (MembershipState.SUSPENDED, "Orlov", False)


class TestLettingAnOrganisationGo:
    def test_its_members_go_with_it(self, moderator: Membership, sign_in: SignIn) -> None:
        membership = add_member(moderator, make_user("Farida Nazari", language="en"), side=Side.COMPANY)
        colleague = add_member(moderator, make_user(organisation=membership.organisation), Level.OBSERVER)
        hold(make_role(moderator, "Data"), membership, moderator)
        [invited] = invitations_service.invite(
            moderator,
            listed("ny@x.dk"),
            level=Level.OBSERVER,
            organisation_id=membership.organisation_id,
            language="en",
            greeting="",
        )
        db.session.commit()
        address = f"{moderator.partnership.address}organisations/{membership.organisation_id}/departure"
        moderators, browser = sign_in(moderator.user), sign_in(membership.user)
        page = moderators.page(address)
        said = "If they are removed, they are told by e-mail, all open links are closed"
        for words in ("2 members represent it here", "Farida Nazari", "Data", said):
            assert words in page.text
        link = join_requests_service.open_link(moderator, level=Level.OBSERVER, hours=2, most_uses=2)
        assert moderators.submit(address, {"reason": "Aftalen er slut"}).status_code == 422
        typed = {"members": "go", "reason": "Aftalen er slut"}
        assert moderators.submit(address, typed, page=address).status_code == 303
        assert {membership.ending, colleague.ending} == {Ending.REMOVED}
        assert browser.get(moderator.partnership.address).status_code == 404
        assert "Aftalen er slut" in browser.page("/memberships").text
        assert invited.answer is InvitationAnswer.WITHDRAWN
        assert not link.is_open
        assert db.session.get(Participation, (moderator.partnership_id, membership.organisation_id)) is None
        assert (
            f"ended the participation of {membership.organisation.name}"
            in moderators.page(f"{moderator.partnership.address}about").text
        )
        assert moderators.get(address).status_code == 404

    def test_or_they_stay_for_another(self, moderator: Membership, sign_in: SignIn) -> None:
        membership = add_member(moderator, make_user(language="en"), side=Side.COMPANY)
        address = f"{moderator.partnership.address}organisations/{membership.organisation_id}/departure"
        typed = {"members": "stay", "stay_for": str(moderator.organisation_id), "reason": "Lagt sammen"}
        sign_in(moderator.user).submit(address, typed, page=address)
        [_was, new] = memberships_of(membership.user)
        assert (new.organisation_id, new.is_active) == (moderator.organisation_id, True)
        assert sign_in(membership.user).get(moderator.partnership.address).status_code == 200

    def test_one_without_members_asks_nothing(self, moderator: Membership, sign_in: SignIn) -> None:
        organisation = make_user().organisation
        assert organisation is not None
        partnerships_service.set_sides(moderator, {organisation.id: Side.OTHERS})
        db.session.commit()
        address = f"{moderator.partnership.address}organisations/{organisation.id}/departure"
        assert sign_in(moderator.user).submit(address, page=address).status_code == 303

    def test_nobody_removes_themselves_or_a_side_s_last_moderator_unasked(self, moderator: Membership) -> None:
        other = add_member(moderator, level=Level.MODERATOR, side=Side.COMPANY)
        with pytest.raises(Conflict, match="yourself"):
            transfers_service.end_participation(
                moderator, moderator.organisation_id, stay_for=None, reason="x", confirmed=True
            )
        db.session.rollback()
        with pytest.raises(LastOfSide):
            transfers_service.end_participation(moderator, other.organisation_id, stay_for=None, reason="x")

    def test_ones_own_organisation_can_go_when_one_stays_for_another(self, moderator: Membership) -> None:
        other = add_member(moderator, side=Side.COMPANY)
        transfers_service.end_participation(
            moderator, moderator.organisation_id, stay_for=other.organisation_id, reason="x", confirmed=True
        )
        [_was, new] = memberships_of(moderator.user)
        assert (new.level, new.is_active, new.organisation_id) == (Level.MODERATOR, True, other.organisation_id)

    def test_it_is_on_record(self, moderator: Membership) -> None:
        membership = add_member(moderator)
        transfers_service.end_participation(
            moderator, membership.organisation_id, stay_for=None, reason="Aftalen er slut"
        )
        line = db.session.scalars(select(AuditEvent).where(AuditEvent.action == AuditAction.LET_GO_ORGANISATION)).one()
        assert (line.details["reason"], line.details["members"]) == ("Aftalen er slut", 1)


class TestAnAdministratorHelps:
    def test_joining_is_seen_by_all_and_told_to_the_moderators(self, moderator: Membership, sign_in: SignIn) -> None:
        administrator = make_administrator(name="Bente Bestyrer", language="en")
        browser = sign_in(administrator)
        assert browser.get(moderator.partnership.address).status_code == 404
        listed = browser.page("/admin/partnerships")
        assert "Grønne tage" in listed.text
        assert moderator.partnership.purpose not in listed.text
        address = f"/admin/partnerships/{moderator.partnership_id}/joining"
        assert browser.submit(address, {"reason": " "}, page=address).status_code == 422
        assert browser.submit(address, {"reason": "Mette bad om hjælp"}, page=address).status_code == 303
        [membership] = memberships_of(administrator)
        assert (membership.level, membership.is_active) == (Level.MODERATOR, True)
        assert browser.get(moderator.partnership.address).status_code == 200
        history = sign_in(moderator.user).page(f"{moderator.partnership.address}about").text
        assert "administrator, joined to help: Mette bad om hjælp" in history
        mail = db.session.scalars(select(Mail).where(Mail.kind == "helped")).one()
        message = delivery.written(mail)
        assert message is not None
        assert mail.user_id == moderator.user_id
        assert "Mette bad om hjælp" in message.text
        line = db.session.scalars(
            select(AuditEvent).where(AuditEvent.action == AuditAction.JOINED, AuditEvent.subject_id == administrator.id)
        ).one()
        assert (line.details["way"], line.details["reason"]) == ("administrator", "Mette bad om hjælp")
        assert browser.submit(address, {"reason": "Igen"}).status_code == 409

    def test_not_into_an_archive_and_not_without_an_organisation(self, moderator: Membership) -> None:
        administrator = make_administrator()
        partnerships_service.archive(moderator)
        with pytest.raises(Conflict, match="archived"):
            admin_join_views.join_to_help(administrator, moderator.partnership, "x")
        partnerships_service.unarchive(moderator)
        administrator.organisation_id = None
        with pytest.raises(Conflict, match="organisation"):
            admin_join_views.join_to_help(administrator, moderator.partnership, "x")
        assert memberships_of(administrator) == []

    def test_memberships_are_seen_and_nothing_else(self, moderator: Membership, sign_in: SignIn) -> None:
        membership = add_member(moderator, make_user("Farida Nazari"))
        share(moderator, title="Kanariefugl")
        page = sign_in(make_administrator(language="en")).page(f"/people/{membership.user_id}/memberships")
        for words in ("Grønne tage", membership.organisation.name, "Participant"):
            assert words in page.text
        for words in ("Kanariefugl", moderator.partnership.purpose, moderator.partnership.slug):
            assert words not in page.html

    def test_all_partnerships_come_in_pages(self, moderator: Membership, sign_in: SignIn) -> None:
        names = sorted([f"Partnerskab {number:03}" for number in range(60)] + ["Grønne tage"])
        for name in names[1:]:
            start_partnership(name, by=moderator.user)
        browser = sign_in(make_administrator(language="en"))
        first = browser.page("/admin/partnerships")
        (more,) = (str(link.get("href")) for link in first.all("a") if "after=" in str(link.get("href")))
        shown = [heading for page in (first, browser.page(more)) for heading in page.all("h2")]
        assert ["".join(heading.itertext()) for heading in shown if heading.get("class") == "item__title"] == names
        assert db.session.scalar(select(func.count()).select_from(Membership)) == 61


def test_a_helper_who_leaves_is_not_asked_about_sides(moderator: Membership) -> None:
    helper = admin_join_views.join_to_help(make_administrator(), moderator.partnership, "Hjælp")
    moderation_service.leave(helper)
    assert not helper.is_active


def test_whoever_ends_the_part_of_their_own_organisation_is_not_offered_to_go(
    moderator: Membership, sign_in: SignIn
) -> None:
    add_member(moderator)
    address = f"{moderator.partnership.address}organisations/{moderator.organisation_id}/departure"
    values = [
        field.get("value")
        for field in sign_in(moderator.user).page(address).all("input")
        if field.get("name") == "members"
    ]
    assert values == ["stay"]


@pytest.mark.parametrize("way", ["request", "invitation", "adding"])
def test_who_comes_back_for_another_organisation_has_written_nothing_for_it_before(
    moderator: Membership, sign_in: SignIn, way: str
) -> None:
    icura, kmd = make_organisation("Icura"), make_organisation("KMD")
    person = make_user("Ole Olsen", icura, email="ole@x.dk")
    old = add_member(moderator, person)
    add_member(moderator, make_user(organisation=kmd))
    post = share(old, "Vores pris")
    taken = challenge(old, "Taget")
    taken.take(old)
    moderation_service.leave(old)
    person.organisation = kmd
    if way == "request":
        join_requests_service.set_visibility(moderator, Visibility.LISTED)
        join_requests_service.ask_to_join(person, moderator.partnership, "Jeg er hos KMD nu.")
    elif way == "invitation":
        chosen = {"level": Level.CONTRIBUTOR, "organisation_id": kmd.id, "language": "en", "greeting": ""}
        [invitation] = invitations_service.invite(moderator, listed("ole@x.dk"), **chosen)
        invitations_service.accept(invitation, person)
    else:
        partnerships_service.add_person(moderator, person, Level.CONTRIBUTOR)
    browser = sign_in(moderator.user)
    for number in (post.number, taken.number):
        shown = browser.page(f"{moderator.partnership.address}posts/{number}").text
        assert "Ole OlsenIcura" in shown or "Ole Olsen, Icura" in shown
        assert "Ole OlsenKMD" not in shown
    [was, new] = memberships_of(person)
    assert (was.id, was.organisation.name, was.ending) == (old.id, "Icura", Ending.MOVED)
    assert (new.organisation.name, new.is_active) == ("KMD", way != "request")


def test_an_invitation_lets_a_removed_member_in_who_asks_for_another_organisation_meanwhile(
    moderator: Membership,
) -> None:
    person = make_user("Ole Olsen", make_organisation("Icura"), email="ole@x.dk")
    old = add_member(moderator, person)
    moderation_service.remove(moderator, [old.id], reason="Slut")
    join_requests_service.set_visibility(moderator, Visibility.LISTED)
    person.organisation = moderator.organisation
    chosen = {"level": Level.CONTRIBUTOR, "organisation_id": moderator.organisation_id, "language": "en"}
    [invitation] = invitations_service.invite(moderator, listed("ole@x.dk"), **chosen, greeting="")
    join_requests_service.ask_to_join(person, moderator.partnership, "Jeg er hos jer nu.")
    assert invitations_service.accept(invitation, person).is_active
