"""A moderator's work in a browser: the number on the tab, handing over, judging by sight; both widths, by keyboard."""

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Visit
from tests.e2e.inspection import OVERHANG
from tests.e2e.place import Place
from workspace.db import db
from workspace.members.join_requests import service as join_requests_service
from workspace.members.models import InviteLink
from workspace.members.reports import service as reports_service
from workspace.partnerships.models import Visibility


def test_a_report_is_answered_beside_its_text_and_taken_back_by_keyboard(
    visit: Visit, place: Place, viewport: dict[str, int]
) -> None:
    number = place.share(place.contributor, "Opladning i gården", "Ring til Jens på 12 34 56 78")
    with place.site.inside():
        reports_service.report(place._membership(place.observer), place._post(number), "Et telefonnummer")
    moderator = visit(place.moderator, viewport=viewport)
    moderator.open(place.address)
    expect(moderator.page.locator("#moderating")).to_contain_text("1")
    moderator.open(f"{place.address}reports")
    report = moderator.page.locator("#queue ~ ul > li")
    expect(report).to_contain_text("Ring til Jens")
    moderator.tab_to(moderator.button("I'm looking at it"))
    moderator.page.keyboard.press("Enter")
    moderator.is_told("The other moderators can see that you are looking at it.")
    moderator.field("Reason").fill("Skriv uden nummeret")
    assert moderator.page.evaluate(OVERHANG) == []
    moderator.tab_to(moderator.button("Ask the author to correct it"), most=3)
    moderator.page.keyboard.press("Enter")
    moderator.is_told("%(name)s is asked to correct the text.", name=place.contributor.name)
    author = visit(place.contributor, viewport=viewport)
    author.open(f"{place.address}posts/{number}")
    asked = author.say("The moderators ask you to correct the text: %(reason)s", reason="Skriv uden nummeret")
    expect(author.page.locator("#post")).to_contain_text(asked)
    assert author.page.evaluate(OVERHANG) == []


def test_a_double_click_approves_once_and_says_so(visit: Visit, place: Place) -> None:
    place.ask_to_join(place.newcomer("Nanna Ny"))
    moderator = visit(place.moderator)
    moderator.open(f"{place.address}members")
    moderator.page.get_by_role("button", name=f"{moderator.say('Approve')} Nanna Ny").click(click_count=2, delay=20)
    expect(moderator.heading(moderator.say("Members"))).to_be_visible()
    moderator.is_told("%(name)s is in the partnership now.", name="Nanna Ny")


def test_a_double_click_makes_one_link(visit: Visit, place: Place) -> None:
    moderator = visit(place.moderator)
    moderator.open(f"{place.address}invitations")
    moderator.button("Create a link").click(click_count=2, delay=20)
    expect(moderator.button("Close the link")).to_be_visible()
    with place.site.inside():
        assert db.session.query(InviteLink).filter_by(partnership_id=place.id).count() == 1


@pytest.mark.slow
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "plain"])
def test_a_text_is_withdrawn_read_and_brought_back_from_the_page_of_reports(
    visit: Visit, place: Place, viewport: dict[str, int], scripts: bool
) -> None:
    number = place.share(place.contributor, "Opladning i gården", "Ring til Jens på 12 34 56 78")
    with place.site.inside():
        reports_service.report(place._membership(place.observer), place._post(number), "Et telefonnummer")
    moderator = visit(place.moderator, viewport=viewport, java_script_enabled=scripts)
    moderator.open(f"{place.address}reports")
    moderator.field("Reason").fill("Skriv uden nummeret")
    moderator.button("Withdraw it").press("Enter")
    moderator.is_told("What %(name)s wrote is withdrawn.", name=place.contributor.name)
    main, home = moderator.page.locator("main"), f"{place.address}reports"
    moderator.link("Read the withdrawn text").press("Enter")
    expect(main).to_contain_text("Ring til Jens")
    if scripts:
        assert moderator.page.evaluate(OVERHANG) == []
    author = visit(place.contributor, viewport=viewport, java_script_enabled=scripts)
    author.open(home)
    expect(author.page.locator("main")).to_contain_text("Skriv uden nummeret")
    expect(author.link("Read the withdrawn text")).to_have_count(0)
    with place.site.inside():
        place._post(number).restore(place._membership(place.moderator))
    moderator.open(home)
    expect(main).to_contain_text(moderator.say("It has been brought back since."))
    moderator.open(f"{place.address}members/trail")
    expect(main).to_contain_text(
        moderator.say(
            "%(actor)s read a withdrawn text by %(subject)s",
            actor=place.moderator.name,
            subject=place.contributor.name,
        )
    )


@pytest.mark.slow
def test_the_number_on_the_tab_goes_with_the_last_request_and_mails_about_them_are_chosen(
    visit: Visit, place: Place, viewport: dict[str, int]
) -> None:
    place.ask_to_join(place.outsider)
    moderator = visit(place.moderator, viewport=viewport)
    moderator.open(place.address)
    expect(moderator.page.locator("#moderating")).to_contain_text("1")
    moderator.open(f"{place.address}members")
    moderator.page.locator(".request").get_by_role("button").first.press("Enter")
    moderator.is_told("%(name)s is in the partnership now.", name=place.outsider.name)
    moderator.open(place.address)
    expect(moderator.page.locator("#moderating")).to_have_text("")
    moderator.open("/settings/mail")
    asked = moderator.say("Somebody asks to join a partnership where you are a moderator")
    never = moderator.page.get_by_role("group", name=asked).locator("input[value=never]")
    never.check()
    moderator.button("Save").press("Enter")
    moderator.is_told("Your choices are saved.")
    moderator.page.reload()
    expect(never).to_be_checked()
    assert moderator.page.evaluate(OVERHANG) == []


@pytest.mark.slow
def test_moderation_is_offered_and_accepted(visit: Visit, place: Place, viewport: dict[str, int]) -> None:
    with place.site.inside():
        bo = place._membership(place.contributor).id
    moderator = visit(place.moderator, viewport=viewport)
    moderator.open(f"{place.address}members/{bo}")
    moderator.tab_to(moderator.button("Offer to hand over the moderator role"))
    moderator.page.keyboard.press("Enter")
    told = "%(name)s is asked to take over as moderator. You stay moderator until then."
    moderator.is_told(told, name=place.contributor.name)
    other = visit(place.contributor, viewport=viewport)
    other.open("/")
    waiting = other.page.locator("#waits .task:not(.task--quiet)")
    offers = other.say("%(name)s offers you to take over as moderator", name=place.moderator.name)
    expect(waiting).to_contain_text(offers)
    waiting.get_by_role("link").last.click()
    assert other.page.evaluate(OVERHANG) == []
    other.tab_to(other.button("Become moderator"))
    other.page.keyboard.press("Enter")
    other.is_told("You are a moderator now, in place of %(name)s.", name=place.moderator.name)


@pytest.mark.slow
def test_a_thread_is_closed_and_opened_again_from_its_message(visit: Visit, place: Place) -> None:
    number = place.share(place.contributor, "Nok sagt")
    moderator = visit(place.moderator)
    moderator.open(f"{place.address}posts/{number}")
    moderator.page.locator("#post summary").click()
    moderator.button("Close the thread").click()
    moderator.is_told("The thread of ‘%(title)s’ is closed. Nobody can comment.", title="Nok sagt")
    expect(moderator.page.locator("#answering textarea")).to_have_count(0)
    moderator.page.locator("#announcements").get_by_role("button").click()
    moderator.is_told("The thread of ‘%(title)s’ is open again.", title="Nok sagt")
    expect(moderator.page.locator("#answering textarea")).to_have_count(1)


@pytest.mark.slow
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "plain"])
def test_letting_somebody_in_is_undone_from_its_message(
    visit: Visit, place: Place, viewport: dict[str, int], scripts: bool
) -> None:
    with place.site.inside():
        join_requests_service.set_visibility(place._membership(place.moderator), Visibility.LISTED)
    stranger = visit(place.outsider, java_script_enabled=scripts)
    stranger.open("/partnerships/listed")
    asking = stranger.page.locator(f"#listed-{place.id}")
    asking.get_by_role("textbox").fill("Jeg afløser Ditte")
    asking.get_by_role("button").press("Enter")
    expect(stranger.page.locator("main")).to_contain_text("Jeg afløser Ditte")
    moderator = visit(place.moderator, viewport=viewport, java_script_enabled=scripts)
    moderator.open(f"{place.address}members")
    moderator.page.locator(".request").get_by_role("button").first.press("Enter")
    told = moderator.say("%(name)s is in the partnership now.", name=place.outsider.name)
    message = moderator.page.locator(".notice", has_text=told)
    message.get_by_role("button", name=moderator.say("Undo")).press("Enter")
    expect(moderator.page.locator(".request")).to_contain_text("Jeg afløser Ditte")
    if scripts:
        assert moderator.page.evaluate(OVERHANG) == []
    stranger.open(place.address)
    expect(stranger.heading(stranger.say("The page does not exist"))).to_be_visible()
