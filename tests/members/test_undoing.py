"""What a moderator does by one press can be undone in the message that says so: by whom, for how long, after what."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

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
from tests.pages import Page
from workspace import Workspace, clock
from workspace.accounts.models import User
from workspace.audit.models import AuditAction, AuditEvent
from workspace.db import db
from workspace.mail.models import Mail, MailState
from workspace.members.invitations import service as invitations_service
from workspace.members.join_requests import service as join_requests_service
from workspace.members.models import Invitation, InvitationAnswer
from workspace.members.moderation import service as moderation_service
from workspace.members.moderation import undoing
from workspace.members.transfers import service as transfers_service
from workspace.partnerships import service as partnerships_service
from workspace.partnerships.activity_log import Entry
from workspace.partnerships.models import Ending, Membership, MembershipState, Participation, Visibility
from workspace.permissions import Conflict, NotAllowed

SignIn = Callable[[User], Client]


class World:
    """Two moderators, a participant, a former member, somebody who asks to join, a link and two invitations."""

    def __init__(self, sign_in: SignIn) -> None:
        self.mette = start_partnership(
            "Grønne tage", by=make_user("Mette", make_organisation("Gladsaxe Kommune"), language="en")
        )
        self.partnership = self.mette.partnership
        self.partnership.visibility = Visibility.LISTED
        self.bo = add_member(self.mette, make_user("Bo", language="en"), Level.MODERATOR)
        self.carla = add_member(self.mette, make_user("Carla", language="en"))
        self.former = add_member(self.mette, make_user("Freja", language="en"), Level.OBSERVER)
        moderation_service.remove(self.mette, [self.former.id], reason="Skiftede job")
        self.per = make_user("Per", make_organisation("Icura"), language="en")
        self.asking = join_requests_service.ask_to_join(self.per, self.partnership, "Jeg bygger tage")
        self.link = join_requests_service.open_link(self.mette, level=Level.OBSERVER, hours=4, most_uses=9)
        self.invitations = invitations_service.invite(
            self.mette,
            listed("a@x.dk, b@x.dk"),
            level=Level.OBSERVER,
            organisation_id=self.mette.organisation_id,
            language="en",
            greeting="",
            batch="0b0f1c9e-6f0c-4a53-9d0c-3a1c7a1f8a10",
        )
        self.home = self.partnership.address
        self.admin = make_administrator(name="Anders", language="en")
        self.browser, self.office = sign_in(self.mette.user), sign_in(self.admin)
        db.session.commit()

    def suspended(self) -> Membership:
        """Carla, whose access is on hold."""
        until = clock.now() + timedelta(days=3)
        moderation_service.suspend(self.mette, [self.carla.id], until=until, reason="Ferie")
        db.session.commit()
        return self.carla

    def refused(self, by: Membership | None = None, member: Membership | None = None) -> str:
        """What undoing the last decision about a member answers, who is otherwise the one who asked to join."""
        db.session.commit()
        with pytest.raises((Conflict, NotAllowed)) as refusal:
            undoing.undo_decision(by or self.mette, (member or self.asking).id)
        db.session.rollback()
        return str(refusal.value.message)


@pytest.fixture
def world(app: Workspace, sign_in: SignIn) -> World:
    return World(sign_in)


def pressed(browser: Client, address: str, page: str, fields: dict[str, object] | None = None) -> Page:
    """The page that a press on a button of `page` leads to."""
    return Page(browser.submit(address, fields, page=page, follow_redirects=True).text)


def undone(browser: Client, page: Page, told: str) -> Page:
    """The page after the ‘Undo’ in the message that says `told`."""
    said = {line.get("id", "") for line in page.all("p") if told in "".join(line.itertext())}
    forms = [(form, button) for form in page.all("form") for button in form.iter("button")]
    [message] = [form for form, button in forms if button.get("aria-describedby") in said]
    assert "".join(message.itertext()).split() == ["Undo"], (
        "The message is heard once: its button describes itself by it"
    )
    address = str(message.get("action"))
    answer = browser.post(address, data=message_fields(message), follow_redirects=True)
    assert answer.status_code == 200
    return Page(answer.text)


def message_fields(form: object) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    for one in form.iter("input"):  # type: ignore[attr-defined]
        fields.setdefault(str(one.get("name")), []).append(str(one.get("value")))
    return fields


def state_of(world: World) -> dict[str, object]:
    """Everything that the presses below change."""
    columns = (
        *("state", "level", "ending", "reason", "suspended_until", "decided_at", "decided_level"),
        *("request_text", "joined_at", "state_since", "ends_at", "organisation_id"),
    )
    members = db.session.scalars(select(Membership).order_by(Membership.id)).all()
    found: dict[str, object] = {
        f"{member.user.name}: {name}": getattr(member, name) for member in members for name in columns
    }
    found["links"] = world.link.is_open
    found["answers"] = [(one.id, one.answer) for one in db.session.scalars(select(Invitation).order_by(Invitation.id))]
    names = ("titles_only", "stage", "visibility", "archived_at")
    found |= {name: getattr(world.partnership, name) for name in names}
    # An organisation that came in with a request stays: others may have been invited for it since.
    found["side"] = db.session.get_one(Participation, (world.partnership.id, world.mette.organisation_id)).side
    found["account"] = world.per.is_active
    return found


def lifts(world: World) -> None:
    world.suspended()


def nothing(world: World) -> None:
    pass


# name: what comes before, the address that is pressed, the page where it stands, what is chosen, what the message says.
# In addresses, {asking}, {carla}, {former}, {link} and {first} are ids.
PRESSES: dict[str, tuple[Callable[[World], None], str, str, dict[str, object], str]] = {
    "a request is approved": (
        nothing,
        "{home}requests/{asking}/approval",
        "{home}members",
        {"level": "contributor"},
        "Per is in the partnership now.",
    ),
    "a request is declined": (
        nothing,
        "{home}requests/{asking}/refusal",
        "{home}requests/{asking}/refusal",
        {"words": "Desværre"},
        "The request of Per is declined.",
    ),
    "a suspension is lifted": (
        lifts,
        "{home}members/{carla}/reopening",
        "{home}members/{carla}",
        {},
        "Carla has access again.",
    ),
    "a former member is let in again": (
        nothing,
        "{home}members/{former}/readmission",
        "{home}members/{former}",
        {"level": "observer"},
        "Freja has access again, as observer.",
    ),
    "a link is closed": (nothing, "{home}links/{link}/closing", "{home}links/{link}", {}, "The link is closed."),
    "an invitation is withdrawn": (
        nothing,
        "{home}invitations/{first}/withdrawal",
        "",
        {},
        "The invitation to a@x.dk is withdrawn.",
    ),
    "several invitations are withdrawn": (
        nothing,
        "{home}invitations/withdrawal",
        "",
        {"invitation": ["{first}", "{second}"]},
        "2 invitations are withdrawn.",
    ),
    "what one press sent is withdrawn": (
        nothing,
        "{home}invitation-batches/0b0f1c9e-6f0c-4a53-9d0c-3a1c7a1f8a10/withdrawal",
        "{home}invitations?batch=0b0f1c9e-6f0c-4a53-9d0c-3a1c7a1f8a10",
        {},
        "2 invitations are withdrawn.",
    ),
    "an organisation changes sides": (
        nothing,
        "{home}organisations/{own}/side",
        "{home}organisations",
        {"side": "company"},
        "Gladsaxe Kommune is on this side now:",
    ),
    "mails carry titles only": (
        nothing,
        "{home}mail-content",
        "{home}administration",
        {"titles_only": "y"},
        "E-mails about the partnership carry titles only now.",
    ),
    "the partnership is hidden": (
        nothing,
        "{home}visibility",
        "{home}administration",
        {"visibility": "hidden"},
        "Only members see it now.",
    ),
    "the stage changes": (nothing, "{home}stage", "", {"stage": "trial"}, "The stage is now Trial"),
    "the partnership is archived": (
        nothing,
        "{home}archiving",
        "{home}administration",
        {},
        "‘Grønne tage’ is archived.",
    ),
}


@pytest.mark.parametrize("name", PRESSES)
def test_it_is_undone_by_the_button_in_the_message(name: str, world: World) -> None:
    prepare, address, page, fields, told = PRESSES[name]
    prepare(world)
    first, second = (invitation.id for invitation in world.invitations)
    ids = {"asking": world.asking.id, "carla": world.carla.id, "former": world.former.id, "link": world.link.id}
    ids |= {"first": first, "second": second, "own": world.mette.organisation_id}
    said = {"home": world.home} | {key: str(number) for key, number in ids.items()}
    typed = {
        key: [one.format(**said) for one in value] if isinstance(value, list) else value
        for key, value in fields.items()
    }
    before = state_of(world)
    after = pressed(world.browser, address.format(**said), page.format(**said), typed)
    assert state_of(world) != before
    undone(world.browser, after, told)
    assert state_of(world) == before


@pytest.mark.parametrize("was_in", [False, True], ids=["a stranger", "a member"])
def test_adding_somebody_is_undone_by_the_button_in_the_message(was_in: bool, world: World) -> None:
    person = make_user("Ida", world.mette.organisation, language="en")
    if was_in:
        add_member(world.mette, person)
    fields = {"user_id": person.id, "level": "contributor"}
    page = pressed(world.browser, f"{world.home}members", "" if was_in else f"{world.home}people?q=Ida", fields)
    if was_in:
        assert "Ida is in the partnership now. Undo" not in page.text
        return
    undone(world.browser, page, "Ida is in the partnership now.")
    [member] = db.session.scalars(select(Membership).where(Membership.user_id == person.id))
    assert (member.is_active, member.ending) == (False, Ending.REMOVED)


def test_adding_an_organisation_is_undone_by_the_button_in_the_message(world: World) -> None:
    organisation = make_organisation("Cykelkraft")
    fields = {"organisation": organisation.id, "side": "company"}
    page = pressed(world.browser, f"{world.home}organisations", f"{world.home}organisations?q=Cykel", fields)
    key = (world.partnership.id, organisation.id)
    assert db.session.get(Participation, key) is not None
    undone(world.browser, page, "Cykelkraft is invited. Its people can be invited now.")
    db.session.expire_all()
    assert db.session.get(Participation, key) is None


def test_opening_an_archive_is_undone_by_the_button_in_the_message(world: World) -> None:
    world.partnership.archived_at = clock.now()
    db.session.commit()
    page = pressed(world.browser, f"{world.home}reopening", f"{world.home}administration")
    assert not world.partnership.is_archived
    undone(world.browser, page, "‘Grønne tage’ is open again.")
    assert world.partnership.is_archived


def test_closing_an_account_is_undone_by_the_button_in_the_message(world: World) -> None:
    page = pressed(world.office, f"/people/{world.per.id}/closing", f"/people/{world.per.id}/edit")
    assert not world.per.is_active
    undone(world.office, page, "The account of Per is closed.")
    assert world.per.is_active


class TestWhoIsRefused:
    """Undoing a decision about a member."""

    def test_another_moderator_is(self, world: World) -> None:
        join_requests_service.approve(world.mette, world.asking.id, Level.OBSERVER)
        assert world.refused(by=world.bo) == "Only whoever did it can undo it."
        assert world.asking.is_active

    def test_a_moderator_is_who_is_none_any_more(self, world: World) -> None:
        join_requests_service.approve(world.mette, world.asking.id, Level.OBSERVER)
        moderation_service.change_levels(world.bo, {world.mette.id: Level.CONTRIBUTOR}, confirmed=True)
        assert "Your access here does not include this." in world.refused()

    def test_everybody_is_after_an_hour(self, world: World) -> None:
        join_requests_service.decline(world.mette, world.asking.id, "Nej")
        db.session.commit()
        with clock.at(clock.now() + timedelta(minutes=61)):
            assert "It is too late to undo this" in world.refused()
        with clock.at(clock.now() + timedelta(minutes=59)):
            undoing.undo_decision(world.mette, world.asking.id)
        assert world.asking.state is MembershipState.REQUESTED

    def test_nothing_is_undone_twice(self, world: World) -> None:
        join_requests_service.decline(world.mette, world.asking.id, "Nej")
        undoing.undo_decision(world.mette, world.asking.id)
        assert "It is too late to undo this" in world.refused()

    @pytest.mark.parametrize("since", ["level", "end", "hold", "leaving", "asking again"])
    def test_it_is_after_something_else_was_decided(self, since: str, world: World) -> None:
        mette, asking = world.mette, world.asking
        if since == "asking again":
            join_requests_service.decline(mette, asking.id, "Nej")
            join_requests_service.ask_to_join(world.per, world.partnership, "Igen")
        else:
            join_requests_service.approve(mette, asking.id, Level.OBSERVER)
        if since == "level":
            moderation_service.change_levels(world.bo, {asking.id: Level.CONTRIBUTOR})
        elif since == "end":
            moderation_service.end_on(world.bo, asking.id, clock.now() + timedelta(days=9))
        elif since == "hold":
            moderation_service.suspend(world.bo, [asking.id], until=None, reason="Vent")
        elif since == "leaving":
            moderation_service.leave(asking)
        db.session.commit()
        assert "It is too late to undo this" in world.refused()

    def test_it_is_for_a_membership_that_represents_another_organisation_since(self, world: World) -> None:
        world.suspended()
        moderation_service.lift(world.mette, world.carla.id)
        moved = transfers_service.move(world.mette, world.carla.id, world.bo.organisation_id, confirmed=True)
        db.session.commit()
        assert "It is too late to undo this" in world.refused(member=moved)

    @pytest.mark.parametrize("since", ["a text", "a role", "a challenge"])
    def test_it_is_after_whoever_was_let_in_took_part(self, since: str, world: World) -> None:
        join_requests_service.approve(world.mette, world.asking.id, Level.CONTRIBUTOR)
        if since == "a text":
            share(world.asking, "Tag nummer et")
        elif since == "a role":
            hold(make_role(world.mette, "Data"), world.asking, world.mette)
        else:
            challenge(world.mette).taker_id = world.asking.id
        db.session.commit()
        assert world.refused().startswith("Per has taken part since.")
        assert world.asking.is_active

    def test_an_archive_stays_as_it_is(self, world: World) -> None:
        join_requests_service.decline(world.mette, world.asking.id, "Nej")
        world.partnership.archived_at = clock.now()
        db.session.commit()
        assert "The partnership is archived" in world.refused()

    def test_a_member_of_another_partnership_is_not_found(self, world: World) -> None:
        other = add_member(start_partnership("Andre"), make_user("Xenia"))
        assert world.browser.submit(f"{world.home}members/{other.id}/undoing").status_code == 404


class TestWhatIsTold:
    """Nothing of what happened is erased."""

    def test_both_logs_tell_of_access_that_was_taken_back(self, world: World, sign_in: SignIn) -> None:
        person = sign_in(world.per)
        join_requests_service.approve(world.mette, world.asking.id, Level.OBSERVER)
        db.session.commit()
        assert person.get(world.home).status_code == 200
        undoing.undo_decision(world.mette, world.asking.id)
        db.session.commit()
        assert person.get(world.home).status_code == 404
        assert "Jeg bygger tage" in person.page("/memberships").text
        verbs = db.session.scalars(select(Entry.verb).where(Entry.subject_id == world.asking.id).order_by(Entry.number))
        assert list(verbs) == ["joined", "took_back_access"]
        history = world.browser.page(f"{world.home}about").text
        assert "took back the access of Per from Icura" in history
        log = world.browser.page(f"{world.home}members/trail").text
        assert "Mette undid what was done about Per: the request was approved" in log

    def test_the_person_is_told_by_mail(self, world: World) -> None:
        join_requests_service.decline(world.mette, world.asking.id, "Nej")
        undoing.undo_decision(world.mette, world.asking.id)
        db.session.commit()
        kinds = [mail.kind for mail in db.session.scalars(select(Mail).where(Mail.user_id == world.per.id))]
        assert kinds == ["declined", "reconsidered"]

    def test_whoever_was_removed_still_needs_a_moderator(self, world: World) -> None:
        moderation_service.readmit(world.mette, world.former.id, Level.OBSERVER)
        undoing.undo_decision(world.mette, world.former.id)
        assert (world.former.ending, world.former.reason) == (Ending.REMOVED, "Skiftede job")
        with pytest.raises(NotAllowed):
            join_requests_service.join(world.link, world.former.user)

    def test_a_moderator_who_is_on_hold_again_leaves_no_link_open(self, world: World) -> None:
        moderation_service.suspend(world.mette, [world.bo.id], until=None, reason="Ferie", confirmed=True)
        moderation_service.lift(world.mette, world.bo.id)
        link = join_requests_service.open_link(world.bo, level=Level.OBSERVER, hours=1, most_uses=1)
        undoing.undo_decision(world.mette, world.bo.id)
        assert not link.is_open


class TestWaysIn:
    """A link and an invitation stand again only where nobody could come back by them who was put out since."""

    def put_out(self, world: World) -> None:
        with clock.at(clock.now() + timedelta(seconds=1)):
            moderation_service.suspend(world.bo, [world.carla.id], until=None, reason="Vent", confirmed=True)
            db.session.commit()

    @pytest.mark.parametrize("what", ["link", "invitation"])
    def test_another_moderator_is_refused(self, what: str, world: World) -> None:
        self.close(world, what)
        with pytest.raises(NotAllowed):
            self.reopen(world, what, by=world.bo)

    @pytest.mark.parametrize("what", ["link", "invitation"])
    def test_it_stays_closed_after_somebody_was_put_out(self, what: str, world: World) -> None:
        self.close(world, what)
        self.put_out(world)
        with pytest.raises(Conflict, match="access has changed since"):
            self.reopen(world, what)

    @pytest.mark.parametrize("what", ["link", "invitation"])
    def test_it_stays_closed_when_its_maker_could_not_open_it(self, what: str, world: World) -> None:
        self.close(world, what, by=world.bo)
        world.mette.user.deactivated_at = clock.now()
        db.session.commit()
        with pytest.raises(Conflict, match="access has changed since"):
            self.reopen(world, what, by=world.bo)

    @pytest.mark.parametrize("what", ["link", "invitation"])
    def test_it_stays_closed_after_an_hour(self, what: str, world: World) -> None:
        self.close(world, what)
        with clock.at(clock.now() + timedelta(minutes=61)), pytest.raises(Conflict, match="too late"):
            self.reopen(world, what)

    def test_what_closed_by_itself_stays_closed(self, world: World) -> None:
        self.put_out(world)
        assert not world.link.is_open
        with pytest.raises((Conflict, NotAllowed)):
            self.reopen(world, "link")

    def test_an_address_has_one_invitation(self, world: World) -> None:
        self.close(world, "invitation")
        about = {"level": Level.OBSERVER, "organisation_id": world.mette.organisation_id, "language": "en"}
        invitations_service.invite(world.mette, listed("a@x.dk"), greeting="", **about)  # type: ignore[arg-type]
        db.session.commit()
        with pytest.raises(Conflict, match="too late"):
            self.reopen(world, "invitation")

    def test_an_invitation_for_an_organisation_that_has_left_stays_closed(self, world: World) -> None:
        invitation = invited_for_another_organisation(world)
        invitations_service.withdraw(world.mette, invitation.id)
        let_go(invitation.organisation_id, world)
        answer = world.browser.submit(f"{world.home}invitations/reopening", {"invitation": invitation.id})
        assert (answer.status_code, invitation.answer) == (409, InvitationAnswer.WITHDRAWN)
        assert "The organisation does not take part here." in answer.text
        partnerships_service.set_sides(world.mette, {invitation.organisation_id: Side.COMPANY})
        answer = world.browser.submit(f"{world.home}invitations/reopening", {"invitation": invitation.id})
        assert (answer.status_code, invitation.answer) == (303, InvitationAnswer.OPEN)

    def test_of_several_those_stand_again_that_can(self, world: World) -> None:
        first, second = world.invitations
        invitations_service.withdraw(world.mette, first.id)
        invitations_service.withdraw(world.bo, second.id)
        assert undoing.reopen_invitations(world.mette, world.invitations) == [first]
        assert second.answer is InvitationAnswer.WITHDRAWN

    def test_a_mail_that_was_held_back_meanwhile_is_sent(self, world: World) -> None:
        self.close(world, "invitation")
        mail = db.session.scalars(select(Mail).where(Mail.key == f"invitation:{world.invitations[0].id}:1")).one()
        mail.state = MailState.SKIPPED
        db.session.commit()
        self.reopen(world, "invitation")
        db.session.commit()
        assert mail.state is MailState.DUE

    def test_the_audit_log_tells_of_both(self, world: World) -> None:
        for what in ("link", "invitation"):
            self.close(world, what)
            self.reopen(world, what)
        events = db.session.scalars(select(AuditEvent).where(AuditEvent.action == AuditAction.UNDID))
        assert [event.details["before"] for event in events] == ["closed_link", "withdrew_invitation"]

    def close(self, world: World, what: str, by: Membership | None = None) -> None:
        if what == "link":
            join_requests_service.close_link(by or world.mette, world.link)
        else:
            invitations_service.withdraw(by or world.mette, world.invitations[0].id)
        db.session.commit()

    def reopen(self, world: World, what: str, by: Membership | None = None) -> None:
        if what == "link":
            undoing.reopen_link(by or world.mette, world.link)
        else:
            undoing.reopen_invitations(by or world.mette, world.invitations[:1])


def invited_for_another_organisation(world: World) -> Invitation:
    """An invitation for an organisation without members."""
    organisation_id = make_organisation("Cykelkraft").id
    partnerships_service.set_sides(world.mette, {organisation_id: Side.COMPANY})
    about = {"level": Level.OBSERVER, "organisation_id": organisation_id, "language": "en", "greeting": ""}
    [invitation] = invitations_service.invite(world.mette, listed("ny@x.dk"), **about)  # type: ignore[arg-type]
    return invitation


def let_go(organisation_id: int, world: World) -> None:
    transfers_service.end_participation(world.mette, organisation_id, stay_for=None, reason="x", confirmed=True)
    db.session.commit()


class Invited:
    """Ida, who has an account and is invited, and her browser."""

    def __init__(self, world: World, sign_in: SignIn) -> None:
        self.world = world
        about = {"level": Level.OBSERVER, "organisation_id": world.mette.organisation_id, "language": "en"}
        self.user = make_user("Ida", make_organisation("Cykelkraft"), language="en")
        people = listed(self.user.email)
        [self.invitation] = invitations_service.invite(world.mette, people, greeting="", **about)  # type: ignore[arg-type]
        self.browser = sign_in(self.user)
        self.address = f"/invitations/{invitations_service.token(self.invitation)}"
        db.session.commit()

    def declines(self, page: str = "/") -> Page:
        return pressed(self.browser, f"{self.address}/refusal", page)

    def undoes(self, browser: Client | None = None) -> tuple[int, str]:
        """What sending the form of ‘Undo’ answers, and what became of the invitation."""
        answer = (browser or self.browser).submit(f"{self.address}/refusal/withdrawal")
        db.session.expire_all()
        return answer.status_code, self.invitation.answer


@pytest.fixture
def invited(world: World, sign_in: SignIn) -> Invited:
    return Invited(world, sign_in)


class TestAnInvitationThatWasDeclined:
    """It stands again for whoever declined it, if it would still stand."""

    told = "You have said no to ‘Grønne tage’."

    @pytest.mark.parametrize("where", ["the overview", "its own page"])
    def test_the_button_in_the_message_undoes_it(self, where: str, invited: Invited) -> None:
        page = invited.declines("/" if where == "the overview" else invited.address)
        assert "You are invited" not in page.text
        after = undone(invited.browser, page, self.told)
        assert "The invitation to ‘Grønne tage’ stands again." in after.text
        assert "You are invited" in after.text
        accepted = pressed(invited.browser, invited.address, "/")
        assert "Welcome to ‘Grønne tage’." in accepted.text

    def test_whoever_has_no_account_undoes_it_too(self, app: Workspace, world: World) -> None:
        browser = app.test_client()
        assert isinstance(browser, Client)
        address = f"/invitations/{invitations_service.token(world.invitations[0])}"
        page = pressed(browser, f"{address}/refusal", address)
        assert world.invitations[0].answer is InvitationAnswer.DECLINED
        undo = f"{address}/refusal/withdrawal"
        assert browser.post(undo, data=page.form(undo)).location == address
        assert world.invitations[0].is_open

    def test_nobody_else_undoes_it(self, app: Workspace, invited: Invited) -> None:
        invited.declines()
        stranger = app.test_client()
        assert isinstance(stranger, Client)
        for browser in (stranger, invited.world.browser, invited.world.office):
            assert invited.undoes(browser) == (403, "declined")
        assert invited.undoes() == (303, "open")

    def test_what_somebody_with_the_mail_declined_is_theirs_to_undo(self, app: Workspace, world: World) -> None:
        reader, invitation = app.test_client(), world.invitations[0]
        assert isinstance(reader, Client)
        address = f"/invitations/{invitations_service.token(invitation)}"
        pressed(reader, f"{address}/refusal", address)
        assert world.browser.submit(f"{address}/refusal/withdrawal").status_code == 403
        assert reader.submit(f"{address}/refusal/withdrawal").status_code == 303
        assert invitation.is_open

    def test_nothing_is_undone_that_was_not_declined(self, invited: Invited) -> None:
        assert invited.undoes() == (409, "open")
        invitations_service.withdraw(invited.world.mette, invited.invitation.id)
        db.session.commit()
        assert invited.undoes() == (409, "withdrawn")
        answer = invited.browser.submit(f"{invited.address}/refusal", follow_redirects=True)
        assert "Undo" not in Page(answer.text).text

    def test_it_is_too_late_after_an_hour(self, invited: Invited) -> None:
        invited.declines()
        with clock.at(clock.now() + timedelta(minutes=61)):
            assert invited.undoes() == (409, "declined")
        with clock.at(clock.now() + timedelta(minutes=59)):
            assert invited.undoes() == (303, "open")

    @pytest.mark.parametrize(
        "since", ["too old", "archived", "another", "in by a link", "somebody put out", "its maker gone"]
    )
    def test_it_stays_declined_where_it_would_be_over(self, since: str, invited: Invited) -> None:
        invited.declines(invited.address)
        with clock.at(clock.now() + timedelta(seconds=1)):
            self.happens(since, invited)
            db.session.commit()
            assert invited.undoes() == (410, "declined")
        if since == "archived":
            invited.world.partnership.archived_at = None
            db.session.commit()
            assert invited.undoes() == (303, "open")

    def test_it_stays_declined_for_an_organisation_that_has_left(self, app: Workspace, world: World) -> None:
        reader, invitation = app.test_client(), invited_for_another_organisation(world)
        assert isinstance(reader, Client)
        address = f"/invitations/{invitations_service.token(invitation)}"
        pressed(reader, f"{address}/refusal", address)
        let_go(invitation.organisation_id, world)
        assert reader.submit(f"{address}/refusal/withdrawal").status_code == 410
        assert invitation.answer is InvitationAnswer.DECLINED

    def test_it_stays_declined_where_an_account_of_its_address_is_closed(self, app: Workspace, world: World) -> None:
        reader, invitation = app.test_client(), world.invitations[0]
        assert isinstance(reader, Client)
        address = f"/invitations/{invitations_service.token(invitation)}"
        pressed(reader, f"{address}/refusal", address)
        make_user(email=invitation.email, deactivated_at=clock.now())
        assert reader.submit(f"{address}/refusal/withdrawal").status_code == 410
        assert invitation.answer is InvitationAnswer.DECLINED

    def happens(self, since: str, invited: Invited) -> None:
        world, invitation = invited.world, invited.invitation
        if since == "too old":
            invitation.expires_at = clock.now()
        elif since == "archived":
            world.partnership.archived_at = clock.now()
        elif since == "another":
            about = {"level": Level.OBSERVER, "organisation_id": world.mette.organisation_id, "language": "en"}
            invitations_service.invite(world.bo, listed(invitation.email), greeting="", **about)  # type: ignore[arg-type]
        elif since == "in by a link":
            join_requests_service.join(world.link, invited.user, world.mette.organisation_id)
        elif since == "somebody put out":
            moderation_service.suspend(world.bo, [world.carla.id], until=None, reason="Vent", confirmed=True)
        else:
            world.mette.user.deactivated_at = clock.now()

    def test_only_the_mails_that_had_not_gone_are_sent(self, invited: Invited) -> None:
        key = f"{invited.invitation.id}:1"
        gone, held = (
            db.session.scalars(select(Mail).where(Mail.key == f"{kind}:{key}")).one()
            for kind in ("invitation", "reminder")
        )
        count = len(db.session.scalars(select(Mail)).all())
        gone.state, held.state = MailState.SENT, MailState.SKIPPED
        db.session.commit()
        undone(invited.browser, invited.declines(), self.told)
        db.session.expire_all()
        assert (gone.state, held.state) == (MailState.SENT, MailState.DUE)
        assert len(db.session.scalars(select(Mail)).all()) == count

    def test_the_audit_log_tells_of_it(self, invited: Invited) -> None:
        undone(invited.browser, invited.declines(), self.told)
        log = invited.world.browser.page(f"{invited.world.home}members/trail").text
        assert "Ida undid what was done: the invitation was declined" in log
