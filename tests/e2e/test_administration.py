"""Running a partnership and the workspace in a browser: at both widths, by keyboard, and without JavaScript."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests import factories
from tests.e2e.conftest import Visit
from tests.e2e.inspection import OVERHANG
from tests.e2e.place import Person, Place, administrator
from tests.e2e.site import Site
from tests.e2e.visitor import Visitor
from tests.factories import Level
from workspace.accounts.models import User
from workspace.db import db
from workspace.members import queries
from workspace.members.join_requests import service as join_requests_service
from workspace.members.organisation_requests import service as organisation_requests_service
from workspace.members.reports import service as reports_service

both_widths = pytest.mark.parametrize("width", [pytest.param(1280, marks=pytest.mark.slow), 390])

# What can be pressed in tables and lists, and is smaller than 24 by 24 pixels (WCAG 2.5.8, without its exceptions).
SMALL = """() => [...document.querySelectorAll("main :is(table, .list, .rows, .holders, .notice ul, .side ul) *")]
  .filter((element) => element.matches("a, button, input, select, summary"))
  .filter((element) => element.checkVisibility() && !element.closest(".sr-only"))
  .map((element) => [element.outerHTML.slice(0, 90), element.getBoundingClientRect()])
  .filter(([, box]) => box.width && (box.width < 24 || box.height < 24))
  .map(([html, box]) => `${html} ${box.width} x ${box.height}`)"""
COLUMNS = (
    """() => [...document.querySelectorAll("table.members thead th")].map((cell) => cell.getBoundingClientRect().x)"""
)


def membership_of(place: Place, person: Person) -> int:
    with place.site.inside():
        return place._membership(person).id


def picture(visitor: Visitor, name: str) -> None:
    """Keep a picture of the page, where a folder for them is named."""
    if folder := os.environ.get("PICTURES"):
        visitor.page.screenshot(path=str(Path(folder, f"{name}.png")), full_page=True)


def at(visit: Visit, person: Person, width: int, **options: object) -> Visitor:
    return visit(person, viewport={"width": width, "height": 800}, **options)


@both_widths
@pytest.mark.slow
def test_rows_are_added_and_several_chosen_in_a_bar_that_stays_in_sight(
    visit: Visit, place: Place, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "PAGE", 3)
    for name in ("Carl", "Dorthe", "Erik"):
        place.joined(f"{name} Cykel {width}")
    with place.site.inside():
        by = place._membership(place.moderator)
        factories.hold(factories.make_role(by, "Cykelstier"), place._membership(place.contributor), by)
    moderator = at(visit, place.moderator, width)
    moderator.open(f"{place.address}members")
    expect(moderator.page.locator("#several")).to_be_hidden()
    moderator.page.get_by_label(moderator.say("Tick %(name)s", name=place.contributor.name)).check()
    columns = moderator.page.evaluate(COLUMNS)
    moderator.leave_a_mark()
    moderator.link("Show more members").click()
    expect(moderator.page.locator("table.members tbody tr[id^=member-]")).to_have_count(6)
    moderator.is_on_the_same_page()
    expect(moderator.page.locator("[data-ticked]")).to_have_text(moderator.say("%(number)s chosen", number="1"))
    expect(moderator.page.locator("#several")).to_be_in_viewport()
    moderator.field("Choose all that are shown").check()
    expect(moderator.page.locator("[data-ticked]")).to_have_text(moderator.say("%(number)s chosen", number="6"))
    picture(moderator, f"members-{width}")
    assert moderator.page.evaluate(SMALL) == []
    moderator.field("Choose all that are shown").uncheck()
    expect(moderator.page.locator("#several")).to_be_hidden()

    access = moderator.page.locator(f"#access-{membership_of(place, place.contributor)}")
    access.select_option("observer")
    expect(moderator.page.locator(f"#level-{membership_of(place, place.contributor)}")).to_contain_text("Cykelstier")
    assert moderator.page.evaluate(COLUMNS) == columns
    picture(moderator, f"members-asks-{width}")


@both_widths
def test_a_member_s_page_has_all_that_can_be_done_by_keyboard(visit: Visit, place: Place, width: int) -> None:
    page = f"{place.address}members/{membership_of(place, place.contributor)}"
    moderator = at(visit, place.moderator, width)
    moderator.open(page)
    picture(moderator, f"member-{width}")
    moderator.tab_to(moderator.link("Set an end date for the access"), most=60)
    moderator.page.keyboard.press("Enter")
    moderator.field("Last day").fill("2030-12-31")
    moderator.page.keyboard.press("Enter")
    moderator.is_told("The last day of %(name)s is %(day)s.", name=place.contributor.name, day="31. december 2030")
    expect(
        moderator.page.locator(f"#access-{membership_of(place, place.contributor)} option[value=moderator]")
    ).to_be_disabled()
    moderator.open(page)
    moderator.tab_to(moderator.link("Remove from the partnership"), most=60)
    moderator.page.keyboard.press("Enter")
    moderator.field("Reason").fill("Projektet er slut")
    moderator.button("Remove").press("Enter")
    moderator.is_told("%(name)s is removed.", name=place.contributor.name)
    moderator.open(f"{place.address}members?state=ended")
    assert moderator.page.evaluate(SMALL) == []
    moderator.page.get_by_role("link", name=moderator.say("Give access again")).press("Enter")
    moderator.button("Give access again").press("Enter")
    moderator.is_told(
        "%(name)s has access again, as %(level)s.",
        name=place.contributor.name,
        level=moderator.say("Participant").lower(),
    )
    with place.site.inside():
        assert place._membership(place.contributor).is_active


@pytest.mark.slow
def test_members_are_filtered_changed_and_brought_back_without_javascript(visit: Visit, place: Place) -> None:
    moderator = at(visit, place.moderator, 390, java_script_enabled=False)
    moderator.open(f"{place.address}members")
    moderator.field("Access").select_option("contributor")
    moderator.button("Show").click()
    expect(moderator.page.locator("table.members tbody tr")).to_have_count(1)
    access = moderator.page.locator(f"#access-{membership_of(place, place.contributor)}")
    access.select_option("observer")
    access.locator("xpath=..").get_by_role("button").click()
    moderator.is_told(
        "%(name)s is %(level)s now.", name=place.contributor.name, level=moderator.say("Observer").lower()
    )
    moderator.button("Undo the change of access").click()
    with place.site.inside():
        assert place._membership(place.contributor).level is Level.CONTRIBUTOR


# Names that have so little room that their letters stand below one another.
SQUEEZED = """() => [...document.querySelectorAll("main .list .item__title, main .list :is(h2, h3)")]
  .filter((title) => title.getBoundingClientRect().width < 80 && title.textContent.length > 12)
  .map((title) => title.textContent)"""
# Buttons that fill the row of a list, or are squeezed until their words stand below one another.
ODD = """() => [...document.querySelectorAll("main .list .btn")].filter((one) => one.checkVisibility())
  .map((button) => {
  const box = button.getBoundingClientRect();
  return [button.outerHTML.slice(0, 90), box.width / button.closest("li").getBoundingClientRect().width, box.height];
}).filter(([, share, height]) => (share > 0.95 && innerWidth > 600) || height > 90)"""


@both_widths
@pytest.mark.slow
def test_an_administrator_finds_a_person_and_makes_another_administrator_by_keyboard(
    visit: Visit, place: Place, site: Site, width: int
) -> None:
    visitor = at(visit, administrator(site), width)
    visitor.open("/admin")
    picture(visitor, f"admin-{width}")
    visitor.tab_to(visitor.page.locator("main input[name=q]"))
    visitor.page.keyboard.type(place.contributor.email)
    visitor.page.keyboard.press("Enter")
    found = visitor.page.locator("#people").get_by_role("link")
    expect(found).to_have_count(1)
    visitor.settle()
    picture(visitor, f"people-{width}")
    found.press("Enter")
    expect(visitor.button("Make administrator")).to_be_visible()
    visitor.settle()
    picture(visitor, f"person-{width}")
    visitor.tab_to(visitor.button("Make administrator"), most=60)
    visitor.page.keyboard.press("Enter")
    visitor.is_told("%(name)s is an administrator now. All administrators are told.", name=place.contributor.name)
    visitor.button("Take the administrator's rights away").press("Enter")
    visitor.is_told("%(name)s is no longer an administrator. All administrators are told.", name=place.contributor.name)


@both_widths
@pytest.mark.slow
def test_every_row_of_the_administrators_lists_fits_and_can_be_pressed(
    visit: Visit, place: Place, site: Site, width: int
) -> None:
    with place.site.inside():
        organisation_requests_service.ask_for(place._membership(place.moderator), "Ladcykler og Anhængere ApS")
    visitor = at(visit, administrator(site), width)
    visitor.open("/admin/organisation-requests")
    refuse = visitor.page.get_by_role(
        "button", name=visitor.say("Yes, say no to ‘%(name)s’", name="Ladcykler og Anhængere ApS")
    )
    expect(refuse).to_be_hidden()
    visitor.page.locator("summary", has_text=visitor.say("Say no")).last.press("Enter")
    assert visitor.page.evaluate(OVERHANG) == []
    picture(visitor, f"requests-{width}")
    refuse.press("Enter")
    visitor.is_told("No to ‘%(name)s’: %(who)s is told.", name="Ladcykler og Anhængere ApS", who=place.moderator.name)
    for name, page in {
        "organisations": "/organisations",
        "organisation": f"/organisations/{place.municipality_id}",
        "partnerships": "/admin/partnerships",
        "mail": "/admin/mail?shelf=waiting",
        "log": "/admin/trail",
        "admin": "/admin",
        "people": "/people",
    }.items():
        visitor.open(page)
        visitor.settle()
        picture(visitor, f"list-{name}-{width}")
        assert visitor.page.evaluate(SMALL) == [], name
        assert visitor.page.evaluate(ODD) == [], name
        assert visitor.page.evaluate(SQUEEZED) == [], name


@both_widths
@pytest.mark.slow
def test_a_moderator_runs_the_partnership_from_one_page(visit: Visit, place: Place, width: int) -> None:
    post = place.share(place.contributor, "Opladning i gården")
    moderator = at(visit, place.moderator, width)
    moderator.open(f"{place.address}members")
    moderator.settle()
    moderator.link("Administration").press("Enter")
    expect(moderator.link("Audit log")).to_be_visible()
    moderator.settle()
    picture(moderator, f"administration-{width}")
    assert moderator.page.evaluate(SMALL) == []
    moderator.link("Audit log").press("Enter")
    expect(moderator.page.locator("#trail")).to_be_visible()
    moderator.settle()
    picture(moderator, f"log-{width}")
    assert moderator.page.evaluate(SMALL) == []
    moderator.open(f"{place.address}organisations?q=cykelkraft")
    picture(moderator, f"organisations-{width}")
    assert moderator.page.evaluate(SMALL) == []
    assert moderator.page.evaluate(ODD) == []
    assert moderator.page.evaluate(SQUEEZED) == []
    with place.site.inside():
        by, holder = place._membership(place.moderator), place._membership(place.contributor)
        role = factories.make_role(by, "Cykelstier")
        factories.hold(role, holder, by)
        role_id, holder_id = role.id, holder.id
        reports_service.report(place._membership(place.observer), place._post(post), "Et navn")
    moderator.open(f"{place.address}invitations")
    moderator.field("E-mail addresses").fill(f"ny@ny{place.id}.dk; bo@ny")
    moderator.button("See what will happen").press("Enter")
    moderator.page.get_by_label(moderator.say("Organisation for %(name)s", name=f"ny@ny{place.id}.dk")).select_option(
        str(place.municipality_id)
    )
    assert moderator.page.evaluate(SMALL) == [], "preview"
    moderator.button("Send invitations").press("Enter")
    moderator.settle()
    for page in (
        *("invitations/open", "reports", "roles", f"roles/{role_id}", "beginning"),
        *(f"members/{holder_id}", f"members/removal?member={holder_id}"),
    ):
        moderator.open(f"{place.address}{page}")
        assert moderator.page.evaluate(SMALL) == [], page


@both_widths
@pytest.mark.slow
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "plain"])
def test_archiving_asks_first_and_is_undone_from_its_message(
    visit: Visit, place: Place, width: int, scripts: bool
) -> None:
    moderator = at(visit, place.moderator, width, java_script_enabled=scripts)
    moderator.open(f"{place.address}administration")
    archive = moderator.page.get_by_role("button", name=moderator.say("Yes, archive ‘%(name)s’", name=place.name))
    expect(archive).to_be_hidden()
    moderator.page.locator("summary", has_text=moderator.say("Archive the partnership")).press("Enter")
    archive.press("Enter")
    archived = "‘%(name)s’ is archived. It can be read, and a moderator can open it again."
    moderator.is_told(archived, name=place.name)
    moderator.page.locator("#announcements").get_by_role("button", name=moderator.say("Undo")).press("Enter")
    moderator.is_told("‘%(name)s’ is open again.", name=place.name)
    if scripts:
        assert moderator.page.evaluate(OVERHANG) == []


@pytest.mark.slow
def test_a_person_is_found_signed_out_closed_and_opened_again_without_javascript(
    visit: Visit, place: Place, site: Site
) -> None:
    visitor = at(visit, administrator(site), 390, java_script_enabled=False)
    visitor.open("/admin")
    visitor.page.locator("main input[name=q]").fill(place.contributor.email)
    visitor.page.locator("main").get_by_role("button", name=visitor.say("Find")).click()
    visitor.page.locator("#people").get_by_role("link").click()
    visitor.button("Sign out everywhere").click()
    visitor.is_told("%(name)s was not signed in anywhere.", name=place.contributor.name)
    close = visitor.page.get_by_role(
        "button", name=visitor.say("Yes, close the account of %(name)s", name=place.contributor.name)
    )
    expect(close).to_be_hidden()
    visitor.page.locator("summary", has_text=visitor.say("Close the account")).click()
    close.click()
    visitor.is_told("The account of %(name)s is closed.", name=place.contributor.name)
    visitor.page.locator("#announcements").get_by_role("button", name=visitor.say("Undo")).click()
    with place.site.inside():
        assert db.session.get_one(User, place.contributor.id).is_active


@both_widths
@pytest.mark.slow
def test_a_link_fills_the_screen_of_a_meeting_room_with_the_partnership_s_name(
    visit: Visit, place: Place, width: int
) -> None:
    with place.site.inside():
        link_id = join_requests_service.open_link(
            place._membership(place.moderator), level=Level.OBSERVER, hours=2, most_uses=5
        ).id
    moderator = at(visit, place.moderator, width)
    moderator.open(f"{place.address}links/{link_id}")
    picture(moderator, f"link-{width}")
    moderator.link("Show on a screen").click()
    expect(moderator.page.locator("h1")).to_contain_text(place.name)
    code = moderator.page.locator(".qr svg").bounding_box()
    assert code is not None
    assert code["width"] > min(0.8 * width, 0.65 * 800)
    picture(moderator, f"screen-{width}")
    moderator.open(f"{place.address}beginning")
    picture(moderator, f"beginning-{width}")
    assert moderator.page.evaluate(SMALL) == []
    moderator.open("/partnerships/new")
    picture(moderator, f"new-{width}")
