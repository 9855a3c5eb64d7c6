"""Membership in a browser: in by invitation, out at once; reports; by keyboard, narrow, and without JavaScript."""

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from tests.e2e.conftest import LANGUAGES, Visit
from tests.e2e.inspection import inspecting
from tests.e2e.place import Person, Place, administrator
from tests.e2e.site import Site
from workspace.accounts.models import User
from workspace.db import db
from workspace.members.invitations import service as invitations_service
from workspace.members.join_requests import service as join_requests_service
from workspace.members.models import Invitation
from workspace.members.moderation import service as moderation_service
from workspace.members.reports import service as reports_service
from workspace.partnerships.models import Membership, Visibility
from workspace.permissions import Level
from workspace.posts.models import Post

both_languages = pytest.mark.parametrize("language", LANGUAGES)
PASSWORD = "lampe gulerod fjernsyn"


def membership_of(place: Place, person: Person) -> int:
    with place.site.inside():
        return place._membership(person).id


def invitation(place: Place, email: str) -> str:
    """The address that stands in the mail to `email`."""
    with place.site.inside():
        made = db.session.scalars(
            select(Invitation).where(Invitation.partnership_id == place.id, Invitation.email == email)
        ).one()
        return f"/invitations/{invitations_service.token(made)}"


@both_languages
def test_invited_in_a_second_browser_raised_and_removed_while_the_page_is_open(
    visit: Visit, place: Place, language: str
) -> None:
    email = f"nanna.{language}@example.dk"
    moderator = visit(place.moderator)
    moderator.open(f"{place.address}members")
    moderator.link("Invite").click()
    moderator.field("E-mail addresses").fill(f"Nanna Ny <{email}>; {email.upper()}, sune@gladsaxe")
    moderator.field("Language of the invitation").select_option(language)
    moderator.button("See what will happen").click()
    expect(moderator.page.locator("main")).to_contain_text(moderator.say("Is not an e-mail address"))
    moderator.page.get_by_label(moderator.say("Organisation for %(name)s", name="Nanna Ny")).select_option(
        str(place.municipality_id)
    )
    moderator.button("Send invitations").click()
    expect(moderator.field("E-mail addresses")).to_have_value("sune@gladsaxe")
    expect(moderator.page.locator("main")).to_contain_text(email)

    invited = visit()
    invited.open(invitation(place, email))
    expect(invited.page.get_by_role("heading", level=1)).to_contain_text(place.name)
    invited.field("Password").fill(PASSWORD)
    invited.button("Create an account and accept").click()
    invited.is_told("Welcome to ‘%(name)s’.", name=place.name)

    with place.site.inside():
        newest = select(Membership.id).where(Membership.partnership_id == place.id).order_by(Membership.id.desc())
        membership_id = db.session.scalars(newest).first()
    moderator.open(f"{place.address}members?q=Nanna")
    moderator.leave_a_mark()
    access = moderator.page.locator(f"#access-{membership_id}")
    access.select_option("observer")
    expect(moderator.page.locator(f"#level-{membership_id}")).to_contain_text(moderator.say("Undo"))
    expect(access).to_be_focused()
    moderator.is_on_the_same_page()
    invited.hear_nothing()  # Who is watching is told at once (test_live.py); this page learns it by a press.
    invited.open(place.address)
    expect(invited.composer).to_have_count(0)
    moderator.page.locator(f"#level-{membership_id}").get_by_role("button", name=moderator.say("Undo")).click()
    expect(access).to_have_value("contributor")
    invited.open(place.address)
    expect(invited.composer).to_have_count(1)

    moderator.page.locator(f"#member-{membership_id}").get_by_role("link").click()
    moderator.page.get_by_role("link", name=moderator.say("Remove from the partnership")).click()
    moderator.field("Reason").fill("Projektet er slut")
    moderator.button("Remove").click()
    moderator.is_told("%(name)s is removed.", name="Nanna Ny")

    invited.watch.meant.append("Response Status Error Code 404")
    invited.has_editor = False
    invited.share("progress", "Hvad nu", "Jeg skriver endnu")
    invited.is_told("It is no longer here, or it is only for the members of a partnership that you are not in.")
    expect(invited.field("Heading")).to_have_value("Hvad nu")
    invited.link("Roles").click()
    expect(invited.heading(invited.say("The page does not exist"))).to_be_visible()
    invited.open("/memberships")
    expect(invited.page.locator("main")).to_contain_text("Projektet er slut")


@pytest.mark.slow
def test_several_are_chosen_put_on_hold_and_told_why_without_javascript(visit: Visit, place: Place) -> None:
    moderator = visit(place.moderator, java_script_enabled=False)
    moderator.open(f"{place.address}members")
    for person in (place.contributor, place.observer):
        moderator.page.get_by_label(moderator.say("Tick %(name)s", name=person.name)).check()
    moderator.page.locator("#several").get_by_role("button", name=moderator.say("Put on hold")).click()
    assert "csrf_token" not in moderator.page.url
    moderator.field("Reason").fill("Ferie")
    moderator.button("Put on hold").click()
    expect(moderator.page.locator("#members")).to_contain_text("Ferie")
    person = visit(place.contributor, java_script_enabled=False)
    person.open(place.address)
    expect(person.heading(person.say("The page does not exist"))).to_be_visible()
    person.open("/memberships")
    expect(person.page.locator("main")).to_contain_text("Ferie")
    moderator.open(f"{place.address}members")
    own = moderator.page.locator(f"#access-{membership_of(place, place.partner)}")
    own.select_option("observer")
    own.locator("xpath=..").get_by_role("button").click()
    expect(moderator.heading(moderator.say("Only one side would have moderators"))).to_be_visible()


@pytest.mark.slow
def test_a_level_is_changed_by_keyboard_once_it_is_chosen(visit: Visit, place: Place) -> None:
    membership_id = membership_of(place, place.contributor)
    visitor = visit(place.moderator)
    visitor.open(f"{place.address}members?q=Bo")
    access = visitor.page.locator(f"#access-{membership_id}")
    visitor.tab_to(access)
    sent = visitor.page.locator(f"#level-{membership_id}")
    for key in ("ArrowDown", "ArrowUp", "ArrowUp"):
        visitor.page.keyboard.press(key)
        visitor.settle()
    expect(sent).not_to_contain_text(visitor.say("Undo"))
    with place.site.inside():
        assert place._membership(place.contributor).level is Level.CONTRIBUTOR
    visitor.page.keyboard.press("Enter")
    expect(sent).to_contain_text(visitor.say("Undo"))
    expect(access).to_be_focused()
    with place.site.inside():
        assert place._membership(place.contributor).level is Level.OBSERVER
    visitor.page.keyboard.press("ArrowDown")
    visitor.page.keyboard.press("Tab")
    visitor.is_told("%(name)s is %(level)s now.", name=place.contributor.name, level=visitor.say("Participant").lower())


@both_languages
def test_a_comment_is_reported_where_it_stands_and_answered(visit: Visit, place: Place) -> None:
    post = place.share(place.moderator, "Et opslag")
    number = place.comment(post, place.contributor, "Noget, der ikke skulle stå her")
    reader = visit(place.observer)
    reader.open(f"{place.address}posts/{post}")
    reader.leave_a_mark()
    reader.link("Report", reader.comment(number)).click()
    expect(reader.summary).to_be_focused()
    reader.is_on_the_same_page()
    reader.field("What is wrong with it?").fill("Det er fortroligt")
    reader.button("Report it").click()
    reader.is_told("The moderators are told. Under ‘Members’ you see what they answer.")

    moderator = visit(place.moderator)
    moderator.open("/")
    waits = moderator.page.locator(
        "#waits li", has_text=moderator.say("Reported to the moderators: %(title)s", title="Et opslag")
    )
    waits.get_by_role("link").last.click()
    moderator.field("Reason").fill("Du har ret")
    moderator.button("Withdraw it").click()
    moderator.is_told("What %(name)s wrote is withdrawn.", name=place.contributor.name)
    author = visit(place.contributor)
    author.open(f"{place.address}posts/{post}")
    expect(author.comment(number)).to_contain_text("Du har ret")
    author.open(f"{place.address}reports")
    expect(author.page.locator("main")).not_to_contain_text(place.observer.name)


@pytest.mark.slow
def test_somebody_asks_to_join_and_is_let_in_by_keyboard(visit: Visit, place: Place) -> None:
    with place.site.inside():
        join_requests_service.set_visibility(place._membership(place.moderator), Visibility.LISTED)
    stranger = visit(place.outsider)
    stranger.open("/partnerships/listed")
    mine = stranger.page.locator(f"#listed-{place.id}")
    stranger.tab_to(mine.get_by_role("textbox"), most=200)
    stranger.page.keyboard.type("Jeg afløser Ditte")
    stranger.page.keyboard.press("Tab")
    stranger.page.keyboard.press("Enter")
    expect(stranger.page.locator("main")).to_contain_text("Jeg afløser Ditte")
    moderator = visit(place.moderator)
    moderator.open(f"{place.address}members")
    moderator.tab_to(moderator.page.locator(".request").get_by_role("button"), most=60)
    moderator.page.keyboard.press("Enter")
    moderator.is_told("%(name)s is in the partnership now.", name=place.outsider.name)
    stranger.open(place.address)
    expect(stranger.composer).to_have_count(1)


@pytest.mark.slow
def test_the_pages_of_moderators_are_accessible_and_fit(visit: Visit, place: Place) -> None:
    post = place.share(place.contributor, "Et opslag")
    with place.site.inside():
        moderator, partner = place._membership(place.moderator), place._membership(place.partner)
        partner_id, company_id = partner.id, partner.organisation_id
        join_requests_service.set_visibility(moderator, Visibility.LISTED)
        join_requests_service.ask_to_join(
            db.session.get_one(User, place.outsider.id), moderator.partnership, "Jeg vil gerne være med. " * 8
        )
        link = join_requests_service.open_link(moderator, level=Level.OBSERVER, hours=2, most_uses=5)
        link_id, join = link.id, f"/join/{invitations_service.token(link)}"
        reports_service.report(
            place._membership(place.observer), db.session.get_one(Post, (place.id, post)), "Fortroligt"
        )
        moderation_service.suspend(moderator, [place._membership(place.observer).id], until=None, reason="Orlov " * 20)
        db.session.commit()
    visitor = visit(place.moderator)
    with inspecting(visitor) as inspection:
        for page in (
            "members",
            "members?state=ended",
            "invitations",
            f"links/{link_id}",
            "administration",
            "organisations?q=gladsaxe",
            "reports",
            f"members/suspension?member={partner_id}",
            f"members/removal?member={partner_id}",
            f"members/{membership_of(place, place.contributor)}/end",
            f"members/{partner_id}/organisation",
            f"organisations/{company_id}/departure",
            "members/leaving",
            "members/trail",
        ):
            visitor.open(f"{place.address}{page}")
            inspection.look(page)
        visitor.open(f"{place.address}invitations")
        visitor.field("E-mail addresses").fill("en@example.dk; ikke en adresse")
        visitor.button("See what will happen").click()
        inspection.look("preview")
    reader = visit(place.observer)
    with inspecting(reader) as inspection:
        for page in ("/memberships", "/partnerships/listed", "/partnerships"):
            reader.open(page)
            inspection.look(page)
    stranger = visit()
    with inspecting(stranger) as inspection:
        stranger.open(join)
        inspection.look("join")
    writer = visit(place.partner)
    with inspecting(writer) as inspection:
        for page in (f"posts/{post}/report", "members", "reports"):
            writer.open(f"{place.address}{page}")
            inspection.look(page)


@pytest.mark.slow
def test_the_pages_of_administrators_are_accessible_and_fit(visit: Visit, place: Place, site: Site) -> None:
    visitor = visit(administrator(site))
    with inspecting(visitor) as inspection:
        for page in (
            "/admin",
            "/people",
            "/admin/partnerships",
            f"/admin/partnerships/{place.id}/joining",
            f"/people/{place.partner.id}/memberships",
            f"/people/{place.partner.id}/edit",
            f"/people/{place.partner.id}/address",
            f"/admin/partnerships/{place.id}/appointment",
            "/admin/trail",
        ):
            visitor.open(page)
            inspection.look(page)
