"""Every page in every state that can be swapped in: axe finds nothing, light and dark, wide and narrow.

And nothing is wider than the page, neither at 320 pixels (WCAG 1.4.10) nor with text at 200 % (1.4.4).
"""

from datetime import timedelta

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from tests import factories
from tests.e2e.conftest import Visit
from tests.e2e.inspection import inspecting
from tests.e2e.place import Place, administrator, company
from tests.e2e.site import Site
from tests.factories import PostKind
from workspace import clock
from workspace.db import db
from workspace.members.invitations import preview
from workspace.members.invitations import service as invitations_service
from workspace.members.reports import service as reports_service
from workspace.permissions import Level
from workspace.results.models import Source
from workspace.search import indexing

LONG_WORD = "Rehabiliteringsforløbskoordinatoruddannelsesudvalgsformandskab"


@pytest.fixture(scope="session")
def story(site: Site) -> Place:
    """A partnership in which a lot has happened. Tests only read in it."""
    place = Place(site, name=f"Digital genoptræning {LONG_WORD}")
    for number in range(21):
        kind = PostKind.CHALLENGE if number % 3 else PostKind.PROGRESS
        title = f"{LONG_WORD} https://{LONG_WORD}.example/" if number == 20 else f"Opslag {number}"
        place.share(place.partner, title, f"{title}\n\nhttps://cykelkraft.example/{'lang' * 40}", kind=kind)
    post = place.share(place.contributor, "Det meget omtalte")
    for number in range(51):
        place.comment(post, place.partner if number % 2 else place.contributor, f"Kommentar {number} {LONG_WORD}")
    place.comment(post, place.contributor, "Lang. " * 80)
    return place


@pytest.mark.slow
def test_signing_in_and_the_pages_for_everybody(visit: Visit, place: Place) -> None:
    visitor = visit()
    with inspecting(visitor) as inspection:
        visitor.open("/sign-in")
        inspection.look("sign-in")
        visitor.sign_in(place.contributor, password="forkert adgangskode")
        expect(visitor.summary).to_be_visible()
        inspection.look("sign-in with errors")
        visitor.open("/privacy")
        inspection.look("privacy")


@pytest.mark.slow
def test_the_overview_and_the_list_of_partnerships(visit: Visit, story: Place) -> None:
    visitor = visit(story.moderator)
    with inspecting(visitor) as inspection:
        visitor.open("/")
        visitor.menu.locator("summary").click()
        inspection.look("overview, menu open")
        visitor.page.keyboard.press("Escape")
        visitor.link("Show older posts").click()
        expect(visitor.page.locator("main article")).to_have_count(22)
        inspection.look("overview, older loaded")
        visitor.open("/partnerships")
        inspection.look("my partnerships")


@pytest.mark.slow
def test_the_pages_of_somebody_without_a_partnership(visit: Visit, story: Place) -> None:
    visitor = visit(story.outsider)
    with inspecting(visitor) as inspection:
        visitor.open("/")
        inspection.look("overview, empty")
        visitor.open("/partnerships")
        inspection.look("my partnerships, empty")
        visitor.open(story.address)
        inspection.look("page that does not exist")


@pytest.mark.slow
def test_the_feed_and_its_composer(visit: Visit, story: Place) -> None:
    visitor = visit(story.moderator)
    with inspecting(visitor) as inspection:
        visitor.open(story.address)
        visitor.choose("challenge")
        inspection.look("feed, composer open")
        visitor.field("Heading").fill("Sagsnummer")
        visitor.write_in("Text", "010190-1234")
        visitor.button("Share a challenge").click()
        expect(visitor.field("It is not a CPR number: share it as it is")).to_be_visible()
        inspection.look("composer with errors, asking about a CPR number")
        visitor.page.reload()
        visitor.link("Show older posts").click()
        expect(visitor.page.locator("#posts article")).to_have_count(22)
        inspection.look("feed, older loaded")


@pytest.mark.slow
def test_the_feed_after_sharing_and_in_an_archive(visit: Visit, place: Place) -> None:
    visitor = visit(place.moderator)
    with inspecting(visitor) as inspection:
        visitor.open(place.address)
        inspection.look("feed, empty")
        visitor.share("progress", "Et opslag", "Det virker.")
        visitor.is_told("Your post is shared.")
        inspection.look("feed, post shared")
        place.archive(place.moderator)
        visitor.open(place.address)
        inspection.look("feed, archived")
        visitor.page.get_by_role("link", name="Et opslag").click()
        expect(visitor.page.locator("h1")).to_have_text("Et opslag")
        inspection.look("post, archived")
        visitor.open(f"{place.address}posts/999")
        inspection.look("post that does not exist")


@pytest.mark.slow
def test_a_post_with_its_thread(visit: Visit, story: Place) -> None:
    visitor = visit(story.contributor)
    with inspecting(visitor) as inspection:
        visitor.open(story.address)
        visitor.page.get_by_role("link", name="Det meget omtalte").click()
        expect(visitor.page.locator("#thread .comment")).to_have_count(51)
        inspection.look("post")
        visitor.link("Show older comments").click()
        expect(visitor.page.locator("#thread .comment")).to_have_count(52)
        visitor.write_in("Write a comment", " ")
        visitor.button("Share the comment").click()
        expect(visitor.summary).to_be_visible()
        inspection.look("post, older comments loaded, comment with errors")


@pytest.mark.slow
def test_correcting_and_withdrawing_a_post(visit: Visit, place: Place) -> None:
    number = place.share(place.contributor, "Første", "Første udgave")
    visitor = visit(place.contributor)
    with inspecting(visitor) as inspection:
        visitor.open(f"{place.address}posts/{number}")
        visitor.page.locator("#post summary").click()
        inspection.look("post, menu open")
        visitor.link("Edit the post").click()
        visitor.field("Heading").fill(" ")
        visitor.button("Save the changes").click()
        expect(visitor.summary).to_be_visible()
        inspection.look("edit form with errors")
        place.edit(number, place.contributor, "Anden", "Anden udgave")
        visitor.field("Heading").fill("Min")
        visitor.button("Save the changes").click()
        expect(visitor.page.locator("form#post")).to_contain_text("Anden udgave")
        inspection.look("stale edit form")
        visitor.open(f"{place.address}posts/{number}")
        visitor.page.locator("#post summary").click()
        visitor.link("Withdraw the post").click()
        expect(visitor.button("Withdraw the post")).to_be_visible()
        inspection.look("withdrawal")
        for page in ("edit", "withdrawal"):
            visitor.open(f"{place.address}posts/{number}/{page}")
            inspection.look(f"{page} on a page of its own")
        visitor.button("Withdraw the post").click()
        expect(visitor.heading(visitor.say("Withdrawn post"))).to_be_visible()
        inspection.look("post withdrawn")


@pytest.mark.slow
def test_correcting_and_withdrawing_comments(visit: Visit, place: Place) -> None:
    post = place.share(place.contributor)
    mine, other = place.comment(post, place.moderator, "Min"), place.comment(post, place.contributor, "En andens")
    visitor = visit(place.moderator)
    with inspecting(visitor) as inspection:
        visitor.open(f"{place.address}posts/{post}")
        visitor.link("Edit", visitor.comment(mine)).click()
        visitor.link("Withdraw", visitor.comment(other)).click()
        visitor.button("Withdraw the comment").click()
        expect(visitor.summary).to_be_visible()
        inspection.look("comment edit form and withdrawal with errors")
        visitor.field("Reason").fill("Tonen")
        visitor.button("Withdraw the comment").click()
        expect(visitor.page.locator("#thread")).to_contain_text("Tonen")
        inspection.look("comment withdrawn")
        for page in ("", "/edit", "/withdrawal"):
            visitor.open(f"{place.address}posts/{post}/comments/{mine}{page}")
            inspection.look(f"comment{page} on a page of its own")


@pytest.mark.slow
def test_writing_and_what_surrounds_a_text(visit: Visit, place: Place) -> None:
    rich = "<h2>Hvad</h2><p>Det er <b>vigtigt</b> at <i>se</i> <a href='https://cykelkraft.example/'>dette</a>.</p>"
    rich += "<ul><li>strøm<ol><li>skabe</li></ol></li></ul><blockquote>Citat</blockquote><p>@Ditte Æbelø</p>"
    post = place.share(place.contributor, "Med det hele")
    said = place.comment_html(post, place.moderator, rich, "")
    place.edit(post, place.contributor, "Med det hele, rettet", "Ny tekst, @Mette Ågård.")
    visitor = visit(place.moderator)
    with inspecting(visitor) as inspection:
        visitor.open(f"{place.address}posts/{post}?comment={said}#comment-{said}")
        inspection.look("comment marked")
        visitor.link("React", visitor.page.locator("#post")).click()
        visitor.button("Thank you").click()
        expect(visitor.page.locator(f"#reactions-{post}-thanks[aria-pressed=true]")).to_be_focused()
        visitor.link("React", visitor.comment(said)).click()
        expect(visitor.button("Noted", visitor.comment(said))).to_be_focused()
        visitor.page.locator("#followers a").click()
        expect(visitor.page.locator("#followers li")).to_have_count(3)
        inspection.look("reactions and followers")
        visitor.field("Write a comment").focus()
        expect(visitor.page.locator("#comment-form trix-editor")).to_be_focused()
        visitor.page.keyboard.type("Hvad siger @")
        expect(visitor.page.get_by_role("option").first).to_be_visible()
        inspection.look("editor with suggestions")
        visitor.page.keyboard.press("Escape")
        visitor.page.locator("[data-trix-attribute=href]").click()
        inspection.look("editor with the dialog for a link")
        expect(visitor.page.locator("#comment-form .draft")).to_be_visible()
        visitor.open(f"{place.address}posts/{post}")
        expect(visitor.button("Continue with the draft")).to_be_visible()
        inspection.look("draft offered")
        for page in ("versions", "reactions", "redaction"):
            visitor.open(f"{place.address}texts/{post}/{page}")
            inspection.look(page)
        visitor.field("Reason").fill(" ")
        visitor.button("Delete the text for good").click()
        expect(visitor.summary).to_be_visible()
        inspection.look("redaction with errors")
        visitor.open(f"{place.address}posts/{post}/followers")
        inspection.look("followers on a page of their own")
        visitor.open(f"{place.address}posts/{post}")
        visitor.link("Withdraw", visitor.comment(said)).click()
        visitor.button("Withdraw the comment").click()
        expect(visitor.button("Undo")).to_be_visible()
        inspection.look("comment withdrawn, to be undone")


@pytest.mark.slow
def test_what_a_partnership_is_and_its_people(visit: Visit, story: Place) -> None:
    visitor = visit(story.moderator)
    with inspecting(visitor) as inspection:
        visitor.open(f"{story.address}about")
        inspection.look("about")
        visitor.open(f"{story.address}edit")
        inspection.look("edit the partnership")
        visitor.open(f"{story.address}people")
        visitor.field("Name or e-mail address").press_sequentially("bo")
        expect(visitor.page.locator("#found .item")).to_have_count(1)
        inspection.look("people found")
        visitor.field("Name or e-mail address").fill("xyz")
        expect(visitor.page.locator("#found .hint")).to_be_visible()
        inspection.look("nobody found")


@pytest.mark.slow
def test_starting_a_partnership(visit: Visit, story: Place) -> None:
    company(story.site, f"Zebra {LONG_WORD}")
    visitor = visit(story.outsider)
    with inspecting(visitor) as inspection:
        visitor.open("/partnerships/new")
        visitor.page.locator("main summary").click()
        visitor.field("Add an organisation").press_sequentially("zeb")
        expect(visitor.page.locator("#found .item")).to_have_count(1)
        inspection.look("new partnership, organisations found, goals open")
        visitor.page.locator("#found").get_by_role("button").click()
        expect(visitor.page.locator("#sides > ul > .item")).to_have_count(2)
        visitor.field("Name").fill(" ")
        visitor.field("Purpose").fill(" ")
        visitor.button("Start the partnership").click()
        expect(visitor.summary).to_be_visible()
        inspection.look("new partnership with errors")


@pytest.mark.slow
def test_ones_own_settings(visit: Visit, place: Place) -> None:
    visitor = visit(place.contributor)
    place.site.cookie(place.contributor.id)
    with inspecting(visitor) as inspection:
        visitor.open("/settings")
        visitor.field("Name").fill(" ")
        visitor.button("Save").click()
        expect(visitor.summary).to_be_visible()
        inspection.look("settings with errors")
        visitor.open("/settings/password")
        visitor.field("Current password").fill("forkert adgangskode")
        visitor.field("New password").fill("for kort")
        visitor.button("Change password").click()
        expect(visitor.summary).to_be_visible()
        inspection.look("password with errors")
        visitor.open("/settings/sessions")
        inspection.look("sessions")
        visitor.button("Sign out everywhere else").click()
        expect(visitor.page.locator("#sessions .item")).to_have_count(1)
        inspection.look("sessions, others ended")


@pytest.mark.slow
def test_the_organisations(visit: Visit, story: Place) -> None:
    visitor = visit(administrator(story.site))
    with inspecting(visitor) as inspection:
        visitor.open("/organisations")
        visitor.page.locator("main").get_by_role("searchbox").fill("gladsaxe")
        visitor.button("Find", visitor.page.locator("main")).click()
        expect(visitor.page).to_have_url("/organisations?q=gladsaxe")
        inspection.look("organisations found")
        visitor.page.locator("main").get_by_role("searchbox").fill("xyz")
        visitor.button("Find", visitor.page.locator("main")).click()
        expect(visitor.page.locator("#organisations .empty")).to_be_visible()
        inspection.look("no organisation found")
        visitor.open("/organisations/new")
        visitor.field("Name").fill(" ")
        visitor.field("CVR number").fill("123")
        visitor.button("Save").click()
        expect(visitor.summary).to_be_visible()
        inspection.look("new organisation with errors")
        visitor.open(f"/organisations/{story.municipality_id}")
        inspection.look("organisation")
        visitor.link("Edit the organisation").click()
        inspection.look("edit the organisation")
        visitor.open(f"/organisations/{story.municipality_id}/people/new")
        visitor.field("Name").fill("Ny")
        visitor.field("E-mail address").fill("a@b")
        visitor.button("Save").click()
        expect(visitor.summary).to_be_visible()
        inspection.look("new person with errors")
        visitor.open(f"/people/{story.contributor.id}/edit")
        inspection.look("edit a person")


@pytest.mark.slow
def test_notices_and_what_else_stands_in_the_bar(visit: Visit, story: Place) -> None:
    with story.site.inside():
        indexing.index_due()
    visitor = visit(story.contributor)
    with inspecting(visitor) as inspection:
        visitor.open("/notices")
        expect(visitor.button("Empty the list")).to_be_visible()
        inspection.look("notices")
        for words in (LONG_WORD, "omtalte", "xyzzy"):
            visitor.open(f"/search?q={words}")
            inspection.look(f"search for {words}")
    newcomer = visit(story.outsider)
    with inspecting(newcomer) as inspection:
        for page in ("/notices", "/search", "/memberships"):
            newcomer.open(page)
            inspection.look(f"{page} of somebody without a partnership")


@pytest.mark.slow
def test_the_results_and_their_forms(visit: Visit, place: Place) -> None:
    visitor = visit(place.moderator)
    with inspecting(visitor) as inspection:
        visitor.open(f"{place.address}results")
        inspection.look("results, none yet")
        visitor.open(f"{place.address}results/new")
        inspection.look("new indicator")
        visitor.field("Name").fill(" ")
        visitor.field("This counts, and this doesn't").fill(" ")
        visitor.button("Add the indicator").click()
        expect(visitor.summary).to_be_visible()
        inspection.look("new indicator with errors")
    with place.site.inside():
        membership, partner = place._membership(place.moderator), place._membership(place.partner)
        role = factories.make_role(membership, f"Drift {LONG_WORD}")
        made = factories.measured_indicator(role, membership, partner)
        made.name = f"Besøg {LONG_WORD}"
        for source in db.session.scalars(select(Source).where(Source.indicator_number == made.number)):
            source.since = (clock.now() - timedelta(days=900)).date()
        db.session.flush()
        measurement, number = factories.measure(made, membership).id, made.number
        factories.measure(made, partner, 12)
    with inspecting(visitor) as inspection:
        for page in (
            "",
            "/numbers",
            "/order",
            "/definitions/paste",
            f"/measurements/{measurement}/correction",
            *(f"/{number}{form}" for form in ("", "/edit", "/target", "/baseline", "/sources", "/missing", "/paste")),
        ):
            assert visitor.open(f"{place.address}results{page}").ok, page
            inspection.look(f"results{page}")
    reader = visit(place.observer)
    with inspecting(reader) as inspection:
        for page in ("results", f"results/{number}", "about"):
            reader.open(f"{place.address}{page}")
            inspection.look(f"{page} for an observer")


@pytest.mark.slow
def test_administration_and_open_invitations(visit: Visit, place: Place) -> None:
    post = place.share(place.contributor, f"Opslag {LONG_WORD}")
    with place.site.inside():
        reports_service.report(place._membership(place.observer), place._post(post), f"Fortroligt {LONG_WORD}")
    visitor = visit(place.moderator)
    with inspecting(visitor) as inspection:
        visitor.open(f"{place.address}invitations/open")
        inspection.look("open invitations, none")
        visitor.open(f"{place.address}invitations")
        visitor.field("E-mail addresses").fill(f"{LONG_WORD} <en@{LONG_WORD.lower()}.example>; to@example.dk")
        visitor.button("See what will happen").click()
        visitor.button("Send invitations").click()
        visitor.settle()
        inspection.look("invitations sent")
        for page in (
            "invitations/open",
            "administration",
            "beginning",
            "reports",
        ):
            visitor.open(f"{place.address}{page}")
            inspection.look(page)
    keeper = visit(administrator(place.site))
    with inspecting(keeper) as inspection:
        for page in (
            "/admin",
            "/admin/mail",
            "/admin/mail?shelf=waiting",
            "/admin/search",
            "/admin/organisation-requests",
        ):
            keeper.open(page)
            inspection.look(page)


@pytest.mark.slow
def test_messages_with_a_way_back(visit: Visit, place: Place) -> None:
    number = place.share(place.contributor, f"Opslag {LONG_WORD}")
    place.ask_to_join(place.outsider)
    company(place.site, f"Ladcykler {LONG_WORD}")
    with place.site.inside():
        moderator = place._membership(place.moderator)
        contributor = place._membership(place.contributor).id
        reports_service.report(place._membership(place.observer), place._post(number), "Fortroligt")
        rows = preview.preview(
            moderator, f"ny@{'lang' * 15}.dk", organisation_id=moderator.organisation_id, level=Level.OBSERVER
        ).ready
        about = {"organisation_id": moderator.organisation_id, "language": "da", "greeting": ""}
        invitations_service.invite(moderator, rows, level=Level.OBSERVER, **about)
    visitor = visit(place.moderator)
    message = visitor.page.locator("#announcements").get_by_role("button", name=visitor.say("Undo"))
    with inspecting(visitor) as inspection:
        visitor.open(f"{place.address}members?q=Bo")
        visitor.page.locator(f"#access-{contributor}").select_option("observer")
        expect(visitor.page.locator(f"#level-{contributor}")).to_contain_text(visitor.say("Undo"))
        inspection.look("members, one level changed")
        visitor.open(f"{place.address}members")
        visitor.page.get_by_label(visitor.say("Tick %(name)s", name=place.contributor.name)).check()
        visitor.button("Change the access").click()
        expect(visitor.button("Undo the change of access")).to_be_visible()
        inspection.look("members, several levels changed")
        presses = {
            "members": (".request button", "somebody let in"),
            f"organisations?q=Ladcykler {LONG_WORD}": ("#found button", "organisation added"),
            "invitations/open": ("main [formaction$='/withdrawal'], main [action$='/withdrawal'] button", "withdrawn"),
            f"posts/{number}": ("#post [action$='/thread-closing'] button", "thread closed"),
            "administration": ("#visibility button", "visibility changed"),
        }
        for page, (button, state) in presses.items():
            visitor.open(f"{place.address}{page}")
            if page.startswith("posts"):
                visitor.page.locator("#post summary").first.click()
            if page == "administration":
                visitor.page.locator("#visibility input[value=hidden]").check()
            visitor.page.locator(button).first.click()
            expect(message).to_be_visible()
            inspection.look(state)
        visitor.open(f"{place.address}reports")
        visitor.field("Reason").fill("Skriv uden navnet")
        visitor.button("Withdraw it").click()
        expect(message).to_be_visible()
        inspection.look("report answered")
        visitor.link("Read the withdrawn text").click()
        expect(visitor.page.locator("blockquote")).to_be_visible()
        inspection.look("withdrawn text")
        visitor.open(f"{place.address}administration")
        visitor.page.locator("summary", has_text=visitor.say("Archive the partnership")).click()
        inspection.look("archiving, asked")
        visitor.page.get_by_role("button", name=visitor.say("Yes, archive ‘%(name)s’", name=place.name)).click()
        expect(message).to_be_visible()
        inspection.look("archived")


@pytest.mark.slow
def test_what_is_told_when_something_is_refused(visit: Visit, place: Place) -> None:
    observer = visit(place.observer)
    with inspecting(observer) as inspection:
        assert observer.open(f"{place.address}edit").status == 403
        inspection.look("refused")
    visitor = visit(place.contributor)
    with inspecting(visitor) as inspection:
        visitor.open(place.address)
        place.archive(place.moderator)
        visitor.has_editor = False
        visitor.choose("progress")
        visitor.field("Heading").fill("For sent")
        visitor.write_in("Text", "Teksten er her endnu.")
        visitor.composer.evaluate("form => form.submit()")  # As a browser without scripts sends it.
        expect(visitor.page.locator(".submitted-text").first).to_be_visible()
        inspection.look("refused, with what was typed")
