"""Starting a partnership, who is in it, and what its moderators change; and one's own settings."""

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import LANGUAGES, Visit
from tests.e2e.place import Place, company

# Faster than any hand, and than a browser that is busy: what is found is pressed before anything else happens.
PRESS_AT_ONCE = """() => new MutationObserver((_, observer) => {
  const found = document.querySelector("#found button");
  if (found) { observer.disconnect(); found.click(); }
}).observe(document.querySelector("main"), { childList: true, subtree: true })"""


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_partnership_is_started_with_organisations_found_by_typing(visit: Visit, place: Place, language: str) -> None:
    name = f"Ålborg Vindkraft {language}"
    company(place.site, name)
    visitor = visit(place.outsider)
    visitor.open("/")
    visitor.link("Start a partnership").first.click()
    visitor.leave_a_mark()
    visitor.field("Name").fill("Vind i sejlene")
    visitor.field("Purpose").fill("Strøm fra nærmeste bakke.")
    visitor.field("Add an organisation").press_sequentially("ålborg v")
    found = visitor.page.locator("#found").get_by_role("button")
    expect(found.filter(has_text=name)).to_have_count(1)
    expect(visitor.field("Add an organisation")).to_be_focused()
    found.filter(has_text=name).click()
    expect(visitor.page.get_by_label(name, exact=True)).to_have_value("company")
    visitor.is_on_the_same_page()
    expect(visitor.field("Name")).to_have_value("Vind i sejlene")
    visitor.button("Start the partnership").click()
    expect(visitor.page.locator("h1")).to_have_text("Vind i sejlene")
    visitor.is_told("The partnership is started. Share the first progress or challenge.")
    expect(visitor.page.locator(".facts")).to_contain_text(visitor.say("Moderator"))
    visitor.link("About").click()
    expect(visitor.page.locator(".parties li").filter(has_text=name)).to_contain_text(visitor.say("invited"))


@pytest.mark.slow
def test_a_partnership_is_started_without_javascript(visit: Visit, place: Place) -> None:
    company(place.site, "Østersøens Tangfarm")
    visitor = visit(place.outsider, java_script_enabled=False)
    visitor.open("/partnerships/new")
    visitor.field("Name").fill("Tang på bordet")
    visitor.field("Add an organisation").fill("østersø")
    visitor.button("Find").click()
    visitor.page.get_by_role("button").filter(has_text="Østersøens Tangfarm").click()
    expect(visitor.field("Name")).to_have_value("Tang på bordet")
    visitor.field("Purpose").fill("Mad fra havet.")
    visitor.button("Start the partnership").click()
    expect(visitor.page.locator("h1")).to_have_text("Tang på bordet")
    visitor.link("About").click()
    expect(visitor.page.locator(".parties").filter(has_text="Østersøens Tangfarm")).to_have_count(1)


@pytest.mark.slow
def test_the_focus_stays_in_the_form_when_an_organisation_is_added_or_taken_out(visit: Visit, place: Place) -> None:
    company(place.site, "Fokuseret Fabrik")
    visitor = visit(place.outsider)
    visitor.open("/partnerships/new")
    visitor.field("Add an organisation").press_sequentially("fokuseret")
    visitor.page.locator("#found").get_by_role("button").first.press("Enter")
    expect(visitor.page.get_by_label("Fokuseret Fabrik", exact=True)).to_be_visible()
    expect(visitor.page.locator("#sides :focus, #sides:focus")).to_have_count(1)


@pytest.mark.slow
def test_an_organisation_can_be_added_in_the_instant_in_which_it_is_found(visit: Visit, place: Place) -> None:
    company(place.site, "Hurtige Hjul")
    visitor = visit(place.outsider)
    visitor.open("/partnerships/new")
    visitor.leave_a_mark()
    visitor.page.evaluate(PRESS_AT_ONCE)
    visitor.field("Add an organisation").press_sequentially("hurtige")
    expect(visitor.page.get_by_label("Hurtige Hjul", exact=True)).to_be_focused()
    visitor.is_on_the_same_page()


def test_a_person_is_let_in_by_name(visit: Visit, place: Place) -> None:
    person = place.newcomer("Søren Nyankommen")
    visitor = visit(place.moderator)
    visitor.open(f"{place.address}members")
    visitor.link("Add a person").click()
    visitor.leave_a_mark()
    visitor.field("Name or e-mail address").press_sequentially("nyan")
    found = visitor.page.locator("#found .item").filter(has_text=person.name)
    expect(found).to_have_count(1)
    expect(visitor.field("Name or e-mail address")).to_be_focused()
    visitor.is_on_the_same_page()
    found.get_by_role("combobox").select_option("observer")
    found.get_by_role("button").click()
    visitor.is_told("%(name)s is in the partnership now.", name=person.name)
    row = visitor.page.get_by_role("row").filter(has_text=person.name)
    expect(row.get_by_role("combobox")).to_have_value("observer")
    newcomer = visit(person)
    newcomer.open("/")
    newcomer.page.locator("aside .item").get_by_role("link", name=place.name).click()
    expect(newcomer.page.locator("h1")).to_have_text(place.name)
    expect(newcomer.composer).to_have_count(0)
    newcomer.button("Say yes").click()
    newcomer.is_told("You have said yes. The others can see how to reach you now.")
    expect(newcomer.page.locator(".acceptance")).to_have_count(0)


@pytest.mark.slow
def test_the_stage_is_changed_and_stands_in_the_history(visit: Visit, place: Place) -> None:
    visitor = visit(place.partner)
    visitor.open(f"{place.address}about")
    visitor.field("Change the stage to").select_option("trial")
    visitor.button("Change the stage").click()
    visitor.is_told("The stage is now %(stage)s.", stage=visitor.say("Trial"))
    expect(visitor.page.locator("#history + ol li").first).to_contain_text(visitor.say("Trial"))


@pytest.mark.slow
def test_a_partnership_is_archived_and_opened_again(visit: Visit, place: Place) -> None:
    number = place.share(place.contributor, "Står stadig")
    visitor = visit(place.moderator)
    visitor.open(f"{place.address}about")
    visitor.link("Administration").click()
    visitor.page.locator("summary", has_text=visitor.say("Archive the partnership")).click()
    yes = visitor.say("Yes, archive ‘%(name)s’", name=place.name)
    visitor.page.get_by_role("button", name=yes).click()
    visitor.is_told("‘%(name)s’ is archived. It can be read, and a moderator can open it again.", name=place.name)
    visitor.open(place.address)
    expect(visitor.post(number)).to_be_visible()
    expect(visitor.page.locator("main textarea")).to_have_count(0)
    visitor.open(f"{place.address}administration")
    visitor.button("Open it again").click()
    visitor.is_told("‘%(name)s’ is open again.", name=place.name)
    visitor.open(place.address)
    expect(visitor.page.locator("#writer")).to_be_visible()


def test_writing_in_a_partnership_that_was_archived_meanwhile_keeps_the_text(visit: Visit, place: Place) -> None:
    visitor = visit(place.contributor)
    visitor.watch.meant = ["Response Status Error Code 409"]
    visitor.open(place.address)
    place.archive(place.moderator)
    visitor.has_editor = False
    visitor.share("progress", "For sent", "Teksten er her endnu.")
    expect(visitor.page.locator("main")).to_contain_text(
        visitor.say("The partnership is archived, so nothing in it can be changed.")
    )
    expect(visitor.field("Text")).to_have_value("Teksten er her endnu.")


@pytest.mark.slow
def test_what_a_partnership_is_for_is_edited(visit: Visit, place: Place) -> None:
    visitor = visit(place.moderator)
    visitor.open(f"{place.address}about")
    visitor.link("Edit").click()
    visitor.field("Purpose").fill("Et nyt formål, som alle kan se.")
    visitor.button("Save").click()
    visitor.is_told("The partnership is changed.")
    expect(visitor.page.locator("main")).to_contain_text("Et nyt formål, som alle kan se.")


@pytest.mark.parametrize("scripts", [True, False], ids=["htmx", "plain"])
@pytest.mark.slow
def test_the_language_is_changed_in_the_settings(visit: Visit, place: Place, scripts: bool) -> None:
    visitor = visit(place.contributor, java_script_enabled=scripts)
    visitor.open("/")
    visitor.menu.locator("summary").click()
    visitor.link("My account").click()
    visitor.field("Language").select_option("en")
    visitor.button("Save").click()
    expect(visitor.page.locator("html")).to_have_attribute("lang", "en")
    expect(visitor.page.locator("#announcements")).to_have_text("Your settings are saved.")
    visitor.page.get_by_role("link", name="Overview").click()
    expect(visitor.page.locator("h1")).to_have_text("Overview")


@pytest.mark.slow
def test_another_browser_is_signed_out_in_place(visit: Visit, place: Place) -> None:
    first, second = visit(place.contributor), visit(place.contributor)
    second.open("/")
    first.open("/settings/sessions")
    first.leave_a_mark()
    first.button("Sign out everywhere else").click()
    expect(first.page.locator("#sessions .item")).to_have_count(1)
    first.is_on_the_same_page()
    second.page.reload()
    expect(second.page.locator("h1")).to_have_text(second.say("Sign in"))
