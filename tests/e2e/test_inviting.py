"""Inviting in a browser: a pasted list is previewed, corrected, sent and taken back; whoever is invited answers."""

import pytest
from playwright.sync_api import Page, expect

from tests import factories
from tests.e2e.conftest import Visit
from tests.e2e.place import Place
from tests.e2e.test_members import invitation
from tests.e2e.visitor import Visitor
from workspace.accounts.models import User
from workspace.db import db
from workspace.members import pending
from workspace.members.invitations import preview
from workspace.members.invitations import service as invitations_service
from workspace.members.moderation import closing
from workspace.permissions import Level

LIST = "Hansen, Anna <anna@ny{}.dk>; Bo Bo <bo@ny>\nIda Ib\tida@ny{}.dk\tCykelkraft\nUden adresse"


def fits(page: Page, viewport: dict[str, int]) -> None:
    """Nothing stands beside the window."""
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


def choose(moderator: Visitor, english: str, name: str, value: str) -> None:
    moderator.page.get_by_label(moderator.say(english, name=name)).select_option(value)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "plain"])
def test_a_pasted_list_is_previewed_corrected_sent_and_taken_back(
    visit: Visit, place: Place, viewport: dict[str, int], scripts: bool
) -> None:
    moderator = visit(place.moderator, viewport=viewport, java_script_enabled=scripts)
    moderator.open(f"{place.address}invitations")
    moderator.field("E-mail addresses").fill(LIST.format(place.id, place.id))
    moderator.button("See what will happen").press("Enter")
    main = moderator.page.locator("main")
    expect(main).to_contain_text("Uden adresse")
    anna = moderator.page.get_by_label(moderator.say("Organisation for %(name)s", name="Hansen, Anna"))
    expect(anna).to_have_value("")
    ida = moderator.page.get_by_label(moderator.say("Organisation for %(name)s", name="Ida Ib"))
    expect(ida.locator("option:checked")).to_contain_text("Cykelkraft")
    if scripts:
        fits(moderator.page, viewport)
    choose(moderator, "Organisation for %(name)s", "Hansen, Anna", str(place.municipality_id))
    choose(moderator, "Access for %(name)s", "Hansen, Anna", "observer")
    moderator.button("Send invitations").press("Enter")
    box = moderator.field("E-mail addresses")
    expect(box).to_contain_text("bo@ny")
    expect(box).to_contain_text("Uden adresse")
    expect(box).not_to_contain_text(f"anna@ny{place.id}.dk")
    moderator.button("See what will happen").press("Enter")
    moderator.page.get_by_label("Bo Bo", exact=True).fill(f"bo@ny{place.id}.dk")
    choose(moderator, "Organisation for %(name)s", "Bo Bo", str(place.municipality_id))
    moderator.button("Send invitations").press("Enter")
    expect(main).to_contain_text(f"bo@ny{place.id}.dk")
    moderator.page.get_by_role("button", name=moderator.say.several("Take it back", "Take them all back", 1)).press(
        "Enter"
    )
    moderator.open(f"{place.address}invitations/open")
    expect(main).to_contain_text(f"anna@ny{place.id}.dk")
    expect(main).not_to_contain_text(f"bo@ny{place.id}.dk")
    if scripts:
        fits(moderator.page, viewport)


@pytest.mark.slow
def test_whoever_is_invited_says_that_the_organisation_is_wrong_and_it_is_put_right(
    visit: Visit, place: Place, viewport: dict[str, int]
) -> None:
    with place.site.inside():
        membership = place._membership(place.moderator)
        rows = preview.preview(
            membership, f"ny@ny{place.id}.dk", organisation_id=membership.organisation_id, level=Level.CONTRIBUTOR
        ).ready
        about = {"organisation_id": membership.organisation_id, "language": "da", "greeting": ""}
        invitations_service.invite(membership, rows, level=Level.CONTRIBUTOR, **about)
    stranger = visit(viewport=viewport)
    stranger.open(invitation(place, f"ny@ny{place.id}.dk"))
    stranger.page.locator("summary").press("Enter")
    stranger.field("Whom do you represent?").fill("Cykelkraft")
    stranger.page.locator("details button").press("Enter")
    stranger.is_told("Thank you. %(name)s has been told.", name=place.moderator.name)
    fits(stranger.page, viewport)

    moderator = visit(place.moderator, viewport=viewport)
    moderator.open(f"{place.address}invitations/open?state=objected")
    expect(moderator.page.locator("main")).to_contain_text("»Cykelkraft«")
    fits(moderator.page, viewport)
    corrected = moderator.page.get_by_label(moderator.say("Organisation for %(name)s", name=f"ny@ny{place.id}.dk"))
    corrected.select_option(index=0)
    moderator.button("Correct and send again").press("Enter")
    moderator.is_told("The invitation to %(email)s is sent again.", email=f"ny@ny{place.id}.dk")


@pytest.mark.slow
def test_an_invitation_is_answered_on_the_overview(visit: Visit, place: Place, viewport: dict[str, int]) -> None:
    with place.site.inside():
        membership, invited = place._membership(place.moderator), place.outsider
        rows = preview.preview(
            membership, invited.email, organisation_id=membership.organisation_id, level=Level.CONTRIBUTOR
        ).ready
        about = {"organisation_id": membership.organisation_id, "language": "da", "greeting": ""}
        invitations_service.invite(membership, rows, level=Level.CONTRIBUTOR, **about)
    person = visit(invited, viewport=viewport)
    person.open("/")
    fits(person.page, viewport)
    person.page.get_by_role("button", name=person.say("Accept the invitation")).press("Enter")
    person.is_told("Welcome to ‘%(name)s’.", name=place.name)


@pytest.mark.slow
def test_a_closed_account_and_an_archive_are_told_before_anything_is_sent_or_typed(
    visit: Visit, place: Place, viewport: dict[str, int]
) -> None:
    email = f"ny@ny{place.id}.dk"
    with place.site.inside():
        membership = place._membership(place.moderator)
        rows = preview.preview(
            membership, email, organisation_id=membership.organisation_id, level=Level.CONTRIBUTOR
        ).ready
        about = {"organisation_id": membership.organisation_id, "language": "da", "greeting": ""}
        invitations_service.invite(membership, rows, level=Level.CONTRIBUTOR, **about)
        closing.close(db.session.get_one(User, place.contributor.id), by=factories.make_administrator())
    moderator = visit(place.moderator, viewport=viewport)
    moderator.open(f"{place.address}invitations")
    moderator.field("E-mail addresses").fill(place.contributor.email)
    moderator.button("See what will happen").press("Enter")
    expect(moderator.page.locator("main")).to_contain_text(
        moderator.say("The account is closed: an administrator can open it again")
    )
    expect(moderator.button("Send invitations")).to_have_count(0)
    fits(moderator.page, viewport)

    place.archive(place.moderator)
    stranger = visit(viewport=viewport)
    stranger.open(invitation(place, email))
    expect(stranger.page.locator("main")).to_contain_text("er arkiveret")
    expect(stranger.page.locator("main input[type=password]")).to_have_count(0)
    fits(stranger.page, viewport)


@pytest.mark.slow
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "plain"])
def test_open_invitations_are_filtered_ticked_and_taken_back_together(
    visit: Visit, place: Place, viewport: dict[str, int], scripts: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pending, "PAGE", 2)
    emails = [f"{name}@ny{place.id}.dk" for name in ("ane", "bo", "carl")]
    with place.site.inside():
        membership = place._membership(place.moderator)
        rows = preview.preview(
            membership, " ".join(emails), organisation_id=membership.organisation_id, level=Level.CONTRIBUTOR
        ).ready
        about = {"organisation_id": membership.organisation_id, "language": "da", "greeting": ""}
        invitations_service.invite(membership, rows, level=Level.CONTRIBUTOR, **about)
    moderator = visit(place.moderator, viewport=viewport, java_script_enabled=scripts)
    moderator.open(f"{place.address}invitations/open")
    listed = moderator.page.locator("#invitations > tr[id^=invitation-]")
    organisation = moderator.field("Organisation")
    if scripts:
        moderator.leave_a_mark()
        listed.first.get_by_role("checkbox").check()
        moderator.link("Show older ones").press("Enter")
        expect(listed).to_have_count(3)
        expect(listed.first.get_by_role("checkbox")).to_be_checked()
        expect(moderator.page.locator("[data-ticked]")).to_have_text(moderator.say("%(number)s chosen", number="1"))
        fits(moderator.page, viewport)
        organisation.select_option(str(place.municipality_id))
        expect(listed).to_have_count(2)
        moderator.is_on_the_same_page()
        moderator.field("Choose all that are shown").check()
    else:
        organisation.select_option(str(place.municipality_id))
        moderator.button("Show").press("Enter")
        for box in listed.get_by_role("checkbox").all():
            box.check()
    moderator.page.locator("#several").get_by_role("button", name=moderator.say("Withdraw")).press("Enter")
    expect(moderator.page.locator("#announcements")).to_contain_text("2 invitationer")
    expect(listed).to_have_count(1)
    moderator.page.locator("#announcements").get_by_role("button", name=moderator.say("Undo")).press("Enter")
    expect(listed).to_have_count(2)
