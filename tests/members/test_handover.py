"""Handing moderation over is an offer, which its reader accepts or declines; nobody becomes moderator unasked."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.client import Client
from tests.factories import (
    Level,
    add_member,
    make_administrator,
    make_organisation,
    make_user,
    share,
    start_partnership,
)
from workspace import Workspace, clock
from workspace.accounts.mail_preferences import MailTiming
from workspace.accounts.models import User
from workspace.db import db
from workspace.digests import planning, preferences
from workspace.digests.compose import build
from workspace.mail.models import Mail
from workspace.members.join_requests import service as join_requests_service
from workspace.members.moderation import closing, handover
from workspace.members.moderation import service as moderation_service
from workspace.members.reports import service as reports_service
from workspace.members.transfers import service as transfers_service
from workspace.notifications.dispatch import NotificationKind
from workspace.partnerships.models import Membership, MembershipState, Visibility
from workspace.permissions import Conflict

SignIn = Callable[[User], Client]


class World:
    """A moderator, a member who is asked to take over, and another."""

    def __init__(self, sign_in: SignIn) -> None:
        self.mette = start_partnership("Grønne tage", by=make_user("Mette", language="en"))
        self.bo = add_member(self.mette, make_user("Bo", language="en"))
        self.carla = add_member(self.mette, make_user("Carla", language="en"))
        self.address = self.mette.partnership.address
        self.browsers = {member.id: sign_in(member.user) for member in (self.mette, self.bo, self.carla)}

    def submit(self, member: Membership, address: str, page: str = "", **options: object) -> int:
        """The status of the answer to the form at `address`."""
        path = f"{self.address}members/{address}"
        return self.browsers[member.id].submit(path, page=page, **options).status_code

    def levels(self) -> tuple[Level, Level]:
        return self.mette.level, self.bo.level


BEFORE, AFTER = (Level.MODERATOR, Level.CONTRIBUTOR), (Level.CONTRIBUTOR, Level.MODERATOR)


@pytest.fixture
def world(app: Workspace, sign_in: SignIn) -> World:
    return World(sign_in)


def kinds(member: Membership) -> list[str]:
    return [mail.kind for mail in db.session.query(Mail).filter_by(user_id=member.user_id).order_by(Mail.id)]


def test_nothing_changes_until_it_is_accepted(world: World) -> None:
    page = f"{world.address}members/{world.bo.id}"
    assert world.submit(world.mette, f"{world.bo.id}/handover", page) == 303
    assert world.levels() == BEFORE
    assert "Bo is asked to take over as moderator." in world.browsers[world.mette.id].page(page).text
    browser = world.browsers[world.bo.id]
    assert "Mette offers you to take over as moderator" in browser.page("/").text
    assert "moderation_offered" in kinds(world.bo)
    handing = f"{world.address}members/handover"
    assert browser.submit(f"{handing}/acceptance", page=handing).status_code == 303
    assert world.levels() == AFTER
    assert browser.get(handing).status_code == 303, "it has been answered"
    assert "offers you to take over" not in browser.page("/").text


def test_it_can_be_declined_and_taken_back(world: World) -> None:
    handover.offer(world.mette, world.bo.id)
    assert world.submit(world.bo, "handover/refusal", f"{world.address}members/handover") == 303
    assert (world.levels(), kinds(world.mette)[-1]) == (BEFORE, "moderation_declined")
    handover.offer(world.mette, world.bo.id)
    page = f"{world.address}members/{world.bo.id}"
    assert world.submit(world.mette, f"{world.bo.id}/handover/withdrawal", page) == 303
    assert world.submit(world.bo, "handover/acceptance") == 409
    assert world.levels() == BEFORE


def test_one_asks_one_at_a_time_and_only_who_is_asked_can_accept(world: World) -> None:
    handover.offer(world.mette, world.bo.id)
    handover.offer(world.mette, world.carla.id)
    for member in (world.bo, world.mette):
        with pytest.raises(Conflict):
            handover.accept(member)
    assert world.submit(world.bo, f"{world.carla.id}/handover") == 403
    handover.accept(world.carla)
    assert (world.mette.level, world.carla.level) == (Level.CONTRIBUTOR, Level.MODERATOR)


def test_an_offer_ends_with_whoever_made_it(world: World) -> None:
    other = add_member(world.mette, make_user("Dorte"), Level.MODERATOR)
    handover.offer(world.mette, world.bo.id)
    moderation_service.change_levels(other, {world.mette.id: Level.CONTRIBUTOR}, confirmed=True)
    with pytest.raises(Conflict):
        handover.accept(world.bo)
    handover.offer(other, world.bo.id)
    world.bo.state = MembershipState.SUSPENDED
    with pytest.raises(Conflict):
        handover.accept(world.bo)


@pytest.mark.parametrize("way", ["lowered", "suspended", "removed", "left", "account closed", "moved"])
def test_an_offer_that_has_ended_stays_ended(way: str, world: World) -> None:
    """Also where whoever made it is a moderator again."""
    other = add_member(world.mette, make_user("Dorte"), Level.MODERATOR)
    world.submit(world.mette, f"{world.bo.id}/handover")
    if way == "lowered":
        moderation_service.change_levels(other, {world.mette.id: Level.OBSERVER}, confirmed=True)
        moderation_service.change_levels(other, {world.mette.id: Level.MODERATOR})
    elif way == "suspended":
        moderation_service.suspend(other, [world.mette.id], until=None, reason="Orlov", confirmed=True)
        moderation_service.lift(other, world.mette.id)
    elif way in ("removed", "left"):
        if way == "left":
            moderation_service.leave(world.mette, confirmed=True)
        else:
            moderation_service.remove(other, [world.mette.id], reason="x", confirmed=True)
        moderation_service.readmit(other, world.mette.id, Level.MODERATOR)
    elif way == "account closed":
        closing.close(world.mette.user, by=make_administrator())
        world.mette.user.deactivated_at = None
    else:
        transfers_service.move(other, world.mette.id, other.organisation_id, confirmed=True)
    assert world.submit(world.bo, "handover/acceptance") == 409
    assert world.bo.level is Level.CONTRIBUTOR
    assert world.bo.moderation_offered_by_id is None


def test_an_offer_to_somebody_who_became_a_moderator_otherwise_has_ended(world: World) -> None:
    handover.offer(world.mette, world.bo.id)
    for level in (Level.MODERATOR, Level.CONTRIBUTOR):
        moderation_service.change_levels(world.mette, {world.bo.id: level}, confirmed=True)
    assert world.submit(world.bo, "handover/acceptance") == 409
    assert world.levels() == BEFORE


def test_archiving_and_closing_an_account_are_asked_about_and_can_be_undone(world: World) -> None:
    browser = world.browsers[world.mette.id]
    page = browser.page(f"{world.address}administration")
    assert "Are you sure? Everybody in the partnership is told in its history." in page.text
    browser.submit(f"{world.address}archiving", page=f"{world.address}administration")
    page = browser.page(f"{world.address}administration")
    assert "‘Grønne tage’ is archived." in page.text
    browser.submit(f"{world.address}reopening", page=f"{world.address}administration")
    assert not world.mette.partnership.is_archived


def test_the_tab_counts_what_waits_for_moderators_and_for_nobody_else(world: World) -> None:
    post = share(world.bo, "Grus")
    reports_service.report(world.carla, post, "Et navn")
    world.mette.partnership.visibility = Visibility.LISTED
    asking = join_requests_service.ask_to_join(make_user("Per", make_organisation()), world.mette.partnership, "Hej")
    db.session.commit()
    assert waiting_in_tab(world, world.mette) == "2 waiting for moderators"
    assert waiting_in_tab(world, world.bo) == ""
    join_requests_service.ask_back(world.mette, asking.id, "Hvem er du?")
    post.withdraw(world.bo)
    db.session.commit()
    assert waiting_in_tab(world, world.mette) == ""


def test_moderators_hear_of_requests_as_they_choose(world: World) -> None:
    other = add_member(world.mette, make_user("Dorte"), Level.MODERATOR)
    preferences.choose_kinds(other.user, {NotificationKind.REQUEST: MailTiming.NEVER}, {})
    world.mette.partnership.visibility = Visibility.LISTED
    asking = join_requests_service.ask_to_join(make_user("Per", make_organisation()), world.mette.partnership, "Hej")
    db.session.commit()
    assert [kinds(member).count("request") for member in (world.mette, other, world.bo)] == [1, 0, 0]
    assert [item.title for item in build(planning.coming(world.mette.user)).waiting] == ["Per asks to join"]
    assert build(planning.coming(other.user)).waiting == []
    with clock.at(clock.now() + timedelta(seconds=2)):
        join_requests_service.ask_back(world.mette, asking.id, "Hvem er du?")
        join_requests_service.answer(asking, "Per fra Icura")
        db.session.commit()
    assert kinds(world.mette).count("request") == 2, "an answer waits too"


def test_a_question_stands_apart_from_the_words_of_whoever_asks(world: World) -> None:
    world.mette.partnership.visibility = Visibility.LISTED
    asking = join_requests_service.ask_to_join(make_user("Per", make_organisation()), world.mette.partnership, "Hej")
    db.session.commit()
    browser, requests = world.browsers[world.mette.id], f"{world.address}requests/{asking.id}"
    assert browser.submit(f"{requests}/question", {"words": ""}, page=f"{requests}/question").status_code == 422
    assert browser.submit(f"{requests}/question", {"words": "Hvem?"}, page=f"{requests}/question").status_code == 303
    join_requests_service.answer(asking, "Per fra Icura")
    db.session.commit()
    assert (asking.request_text, asking.request_exchange) == ("Hej", {"turns": [["Hvem?", "Per fra Icura"]]})
    page = browser.page(f"{world.address}members")
    assert ["".join(quote.itertext()).strip() for quote in page.all("blockquote")] == ["Hej", "Per fra Icura"]
    with pytest.raises(Conflict):
        join_requests_service.answer(asking, "Igen")
    assert browser.submit(f"{requests}/refusal", {"words": "Nej"}, page=f"{requests}/refusal").status_code == 303
    assert asking.has_ended


def waiting_in_tab(world: World, member: Membership) -> str:
    page = world.browsers[member.id].page(world.address)
    [place] = [span for span in page.all("span") if span.get("id") == "moderating"]
    return " ".join("".join(place.itertext()).split())
