"""Starting a partnership, changing it, its stage, its archive, its organisations and its people."""

from collections.abc import Callable
from dataclasses import replace
from typing import cast

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.client import Client
from tests.factories import (
    Level,
    OrganisationKind,
    Side,
    Stage,
    add_member,
    comment,
    make_administrator,
    make_organisation,
    make_role,
    make_user,
    membership_of,
    share,
    start_partnership,
)
from tests.pages import Page
from workspace import Workspace, clock, create_app
from workspace.accounts.models import User
from workspace.config import Settings
from workspace.db import db
from workspace.members.join_requests import service as join_requests_service
from workspace.organisations.models import Organisation
from workspace.partnerships import service as partnerships_service
from workspace.partnerships.activity_log import Entry
from workspace.partnerships.models import Membership, MembershipState, Partnership, Visibility
from workspace.partnerships.verbs import (
    ARCHIVED,
    CHANGED_GOALS,
    CHANGED_MAILS,
    CHANGED_PURPOSE,
    CHANGED_STAGE,
    INVITED_ORGANISATION,
    JOINED,
    RENAMED,
    STARTED,
    UNARCHIVED,
    Verb,
)
from workspace.roles.models import Role
from workspace.web.url_converters import static_segments

SignIn = Callable[[User], Client]

NEW = "/partnerships/new"
START = "/partnerships"
FACTS = {"name": "Grønne tage på Åboulevarden", "purpose": "Regnvand bliver i byen."}


@pytest.fixture
def gladsaxe(app: object) -> Organisation:
    return make_organisation("Gladsaxe Kommune")


@pytest.fixture
def mette(gladsaxe: Organisation) -> User:
    return make_user("Mette Lindholm Krag", gladsaxe, language="en")


@pytest.fixture
def window(mette: User, sign_in: SignIn) -> Client:
    return sign_in(mette)


@pytest.fixture
def moderator(mette: User) -> Membership:
    return start_partnership("Digital genoptræning", by=mette, goals=[3])


@pytest.fixture
def home(moderator: Membership) -> str:
    return moderator.partnership.address


@pytest.fixture(params=[False, True], ids=["plain", "htmx"])
def htmx(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def latest() -> Partnership:
    return db.session.scalars(select(Partnership).order_by(Partnership.id.desc())).all()[0]


def verbs(partnership: Partnership) -> list[Verb]:
    return list(
        db.session.scalars(select(Entry.verb).where(Entry.partnership_id == partnership.id).order_by(Entry.number))
    )


def sides(partnership: Partnership) -> dict[str, Side]:
    return {part.organisation.name: part.side for part in partnerships_service.participations(partnership).values()}


def chosen(page: Page) -> dict[str, str]:
    """The organisations that a form has chosen, each with its side."""
    names = {str(label.get("for")): "".join(label.itertext()) for label in page.all("label")}
    found = {}
    for select_field in page.all("select"):
        name = str(select_field.get("name"))
        if name.startswith("side-"):
            (option,) = (option for option in select_field if option.get("selected") is not None)
            found[names[name]] = str(option.get("value"))
    return found


def found(page: Page) -> dict[str, str]:
    """The organisations that a search has found, each with the number that adds it."""
    offered = {}
    for item in page.all("li"):
        for button in item.iter("button"):
            if button.get("name") == "add":
                offered["".join(item.find("span").itertext())] = str(button.get("value"))  # type: ignore[union-attr]
    return offered


def listed(page: Page) -> list[str]:
    """The names of the partnerships in a list, in order."""
    links = (link for link in page.all("a") if str(link.get("href")).startswith("/partnerships/"))
    return ["".join(link.itertext()) for link in links if not str(link.get("href")).endswith(("/new", "/listed"))]


# Start


def test_a_partnership_named_as_a_page_of_ours_gets_another_address(app: Workspace, window: Client) -> None:
    words = static_segments(app.url_map, "/partnerships/")
    for name in ["Listed", "New", "Ny", *words]:
        answer = window.submit(START, FACTS | {"name": name, "goals": "11"}, page=NEW)
        partnership = latest()
        assert (answer.location, partnership.name) == (partnership.address, name)
        feed = window.page(partnership.address)
        assert feed.form(f"{partnership.address}posts"), name
    assert not words.intersection(db.session.scalars(select(Partnership.slug)))


def test_whoever_starts_a_partnership_is_its_moderator(window: Client, mette: User, gladsaxe: Organisation) -> None:
    answer = window.submit(START, FACTS | {"goals": "11"}, page=NEW)
    assert (answer.status_code, answer.location) == (303, "/partnerships/groenne-tage-paa-aaboulevarden/")
    partnership = latest()
    assert (partnership.name, partnership.goals, partnership.stage) == (FACTS["name"], [11], Stage.IDEA)
    membership = membership_of(partnership, mette)
    assert (membership.level, membership.unread, partnership.last_number) == (Level.MODERATOR, 0, 1)
    assert sides(partnership) == {"Gladsaxe Kommune": Side.MUNICIPALITIES}
    assert verbs(partnership) == [STARTED]
    page = window.page(answer.location)
    assert "The partnership is started." in page.text
    assert FACTS["purpose"] in page.text


@pytest.mark.parametrize(
    ("name", "slugs"),
    [
        ("Ærø Øst Å", ["aeroe-oest-aa", "aeroe-oest-aa-2", "aeroe-oest-aa-3"]),
        ("!!!", ["partnerskab", "partnerskab-2", "partnerskab-3"]),
        ("New", ["new-2", "new-3", "new-4"]),
        ("Tal 2", ["tal-2", "tal-2-2", "tal-2-3"]),
    ],
)
def test_no_two_have_the_same_address(name: str, slugs: list[str], window: Client) -> None:
    made = [window.submit(START, {"name": name, "purpose": "Formål"}, page=NEW) for _ in slugs]
    assert [answer.status_code for answer in made] == [303] * 3
    partnerships = db.session.scalars(select(Partnership).order_by(Partnership.id)).all()
    for partnership, slug in zip(partnerships, slugs, strict=True):
        assert partnership.slug == slug
        assert window.get(partnership.address).status_code == 200


def test_a_partnership_called_new_does_not_hide_the_form_for_a_new_one(window: Client) -> None:
    answer = window.submit(START, {"name": "New", "purpose": "Formål"}, page=NEW)
    assert window.page(answer.location).form(f"{answer.location}posts")
    assert window.page(NEW).form(START)


def test_organisations_are_found_added_and_taken_out_by_the_buttons_of_the_form(
    window: Client, gladsaxe: Organisation, htmx: bool
) -> None:
    icura = make_organisation("Icura A/S", OrganisationKind.COMPANY)
    institutions = [make_organisation(f"Børnehuset {name}", OrganisationKind.INSTITUTION) for name in ("Ærten", "Åen")]

    def press(fields: dict[str, str]) -> Page:
        answer = window.submit(START, FACTS | fields, htmx=htmx)
        assert answer.status_code == 200
        page = Page(answer.text)
        assert page.is_whole != htmx
        if not htmx:
            assert page.form(START).items() >= FACTS.items()
            assert "data-focus" not in page.html
        return page

    page = press({"find": "1", "q": "børneh"})
    assert list(found(page)) == ["Børnehuset Ærten", "Børnehuset Åen"]
    assert found(press({"find": "1", "q": "icu"})) == {"Icura A/S": str(icura.id)}
    page = press({"add": str(icura.id), "q": "icu"})
    assert chosen(page) == {"Gladsaxe Kommune": "municipalities", "Icura A/S": "company"}
    side = {f"side-{icura.id}": "company"}
    page = press(side | {"add": str(institutions[0].id)})
    assert list(chosen(page)) == ["Børnehuset Ærten", "Gladsaxe Kommune", "Icura A/S"]
    assert "Icura A/S" not in found(press(side | {"find": "1", "q": "icu"}))
    page = press(side | {"remove": str(icura.id)})
    assert list(chosen(page)) == ["Gladsaxe Kommune"]
    page = press({"remove": str(gladsaxe.id)})
    assert list(chosen(page)) == ["Gladsaxe Kommune"]
    assert db.session.query(Partnership).count() == 0


def test_the_words_of_a_search_stay_until_nothing_more_is_to_be_found_by_them(window: Client, htmx: bool) -> None:
    icura = make_organisation("Icura A/S", OrganisationKind.COMPANY)
    ico = make_organisation("Ico Nordic", OrganisationKind.COMPANY)
    for added, words in ((icura, "ic"), (ico, "")):
        fields = {"add": str(added.id), "q": "ic", f"side-{icura.id}": "company"}
        page = Page(window.submit(START, FACTS | fields, htmx=htmx).text)
        assert [field.get("value") for field in page.all("input") if field.get("name") == "q"][-1] == words
        assert "No organisation begins" not in page.text
    assert not found(page)


def test_what_was_chosen_takes_part(window: Client) -> None:
    icura = make_organisation("Icura A/S", OrganisationKind.COMPANY)
    dtu = make_organisation("DTU", OrganisationKind.RESEARCH)
    fields = FACTS | {f"side-{icura.id}": "company", f"side-{dtu.id}": "others"}
    assert window.submit(START, fields, page=NEW).status_code == 303
    assert sides(latest()) == {
        "Gladsaxe Kommune": Side.MUNICIPALITIES,
        "Icura A/S": Side.COMPANY,
        "DTU": Side.OTHERS,
    }


def test_a_search_that_finds_nothing_says_so(window: Client, htmx: bool) -> None:
    answer = window.submit(START, FACTS | {"find": "1", "q": "Findes <ikke>"}, htmx=htmx)
    assert "No organisation begins with ‘Findes <ikke>’." in Page(answer.text).text


def test_whoever_belongs_to_no_organisation_starts_nothing(sign_in: SignIn, htmx: bool) -> None:
    person = make_user(language="en")
    person.organisation = None
    window = sign_in(person)
    assert "/partnerships/new" not in window.get("/").text
    for answer in (window.get(NEW, htmx=htmx), window.submit(START, FACTS, htmx=htmx)):
        assert answer.status_code == 403
        assert "Ask an administrator to put you in an organisation." in Page(answer.text).text
    assert db.session.query(Partnership).count() == 0


def test_a_setting_keeps_starting_to_administrators(
    settings: Settings, app: Workspace, mette: User, sign_in: SignIn
) -> None:
    strict = create_app(replace(settings, administrators_start_partnerships=True))
    strict.test_client_class = Client

    def at(user: User) -> Client:
        window = cast(Client, strict.test_client())
        with sign_in(user).session_transaction() as cookie, window.session_transaction() as own:
            own.update(cookie)
        return window

    refused = at(mette).submit(START, FACTS)
    assert refused.status_code == 403
    assert "Here administrators start the partnerships. Ask one of them." in Page(refused.text).text
    assert NEW not in at(mette).get("/").text
    assert at(make_administrator(language="en")).submit(START, FACTS).status_code == 303
    with strict.app_context():
        db.engine.dispose()


def test_my_partnerships_are_mine(window: Client, moderator: Membership, mette: User) -> None:
    start_partnership("Hemmeligt")
    other = start_partnership("En anden", by=make_user())
    add_member(other, mette)
    share(other)
    page = window.page("/partnerships")
    assert listed(page) == ["En anden", "Digital genoptræning"]
    assert "Hemmeligt" not in page.html
    membership_of(other.partnership, mette).state = MembershipState.SUSPENDED
    assert "En anden" not in window.page("/partnerships").html


def test_many_partnerships_come_in_pages_of_fifty(window: Client, mette: User, htmx: bool) -> None:
    made = [start_partnership(by=mette).partnership.name for _ in range(55)]
    first = window.page("/partnerships")
    (more,) = (str(link.get("href")) for link in first.all("a") if "before=" in str(link.get("href")))
    second = Page(window.get(more, htmx=htmx).text)
    assert listed(first) + listed(second) == made[::-1]


def test_a_new_partnership_begins_as_an_earlier_one_that_one_moderates(
    window: Client, moderator: Membership, home: str, sign_in: SignIn
) -> None:
    icura = make_organisation("Icura A/S", OrganisationKind.COMPANY)
    partnerships_service.set_sides(moderator, {icura.id: Side.COMPANY})
    make_role(moderator, "Kurser", "Holder kurser")
    page = window.page(f"{NEW}?copy={moderator.partnership.slug}")
    form = page.form(START)
    assert (form["purpose"].strip(), form["role_set"]) == (moderator.partnership.purpose, "copied")
    assert chosen(page) == {"Gladsaxe Kommune": "municipalities", "Icura A/S": "company"}
    window.submit(START, form | {"name": "Runde to"})
    made = latest()
    assert made.name == "Runde to"
    assert list(db.session.scalars(select(Role.name).where(Role.partnership_id == made.id))) == ["Kurser"]
    stranger = sign_in(make_user(language="en"))
    assert moderator.partnership.purpose not in stranger.page(f"{NEW}?copy={moderator.partnership.slug}").text
    stranger.submit(START, FACTS | {"copy": moderator.partnership.slug, "role_set": "copied"}, page=NEW)
    assert not list(db.session.scalars(select(Role.name).where(Role.partnership_id == latest().id)))


def test_the_first_steps_say_what_is_done(window: Client, moderator: Membership, home: str) -> None:
    assert "Kurser" not in window.page(NEW).text
    assert "Professional quality, Solution and development" in window.page(NEW).text
    assert window.page(f"{home}beginning").text.count("Done") == 0
    make_role(moderator)
    add_member(moderator)
    share(moderator)
    assert window.page(f"{home}beginning").text.count("Done") == 3
    assert f"{home}beginning" in window.page(f"{home}administration").html


# Change


def test_a_moderator_describes_the_partnership_anew_and_the_address_stays(
    window: Client, moderator: Membership, home: str
) -> None:
    answer = window.submit(f"{home}edit", {"name": "Ny Ærø", "purpose": "Nyt formål", "goals": "5"}, page=f"{home}edit")
    assert (answer.status_code, answer.location) == (303, f"{home}about")
    partnership = moderator.partnership
    assert (partnership.name, partnership.purpose, partnership.goals) == ("Ny Ærø", "Nyt formål", [5])
    assert (partnership.address, partnership.version) == (home, 2)
    assert verbs(partnership)[1:] == [RENAMED, CHANGED_PURPOSE, CHANGED_GOALS]
    history = window.page(f"{home}about").text
    assert "changed the name from ‘Digital genoptræning’ to ‘Ny Ærø’" in history
    assert "The partnership is changed." in history


def test_a_moderator_lets_mails_carry_titles_only_and_text_again(
    window: Client, moderator: Membership, home: str
) -> None:
    for box, kept in (("y", True), ("", False)):
        fields = {"titles_only": box} if box else {}
        answer = window.submit(f"{home}mail-content", fields)
        assert (answer.status_code, answer.location) == (303, f"{home}administration")
        assert moderator.partnership.titles_only is kept
        window.page(f"{home}administration")  # with the form that undoes it, once
        checked = "titles_only" in window.page(f"{home}administration").form(f"{home}mail-content")
        assert checked is kept
    assert verbs(moderator.partnership)[1:] == [CHANGED_MAILS, CHANGED_MAILS]


def test_saving_what_is_there_already_leaves_no_trace_in_the_log(
    window: Client, moderator: Membership, home: str
) -> None:
    form = window.page(f"{home}edit").form(f"{home}edit")
    fields = {"name": form["name"], "purpose": form["purpose"], "goals": "3", "version": form["version"]}
    assert window.submit(f"{home}edit", fields).status_code == 303
    assert verbs(moderator.partnership) == [STARTED]


def test_who_comes_too_late_sees_both_and_loses_nothing(window: Client, moderator: Membership, home: str) -> None:
    address = f"{home}edit"
    first, second = (window.page(address).form(address) for _ in range(2))
    assert window.post(address, data=first | {"name": "Den anden"}).status_code == 303
    answer = window.post(address, data=second | {"name": "Min", "purpose": "Mit formål"})
    page = Page(answer.text)
    assert answer.status_code == 409
    assert "Somebody else has changed the partnership in the meantime" in page.text
    assert "Den anden" in page.text
    form = page.form(address)
    assert (form["name"], form["purpose"].strip(), form["version"]) == ("Min", "Mit formål", "2")
    assert moderator.partnership.name == "Den anden"
    assert window.post(address, data=form).status_code == 303
    assert moderator.partnership.name == "Min"


def test_organisations_are_added_and_change_side_on_a_page_of_their_own(
    window: Client, moderator: Membership, gladsaxe: Organisation, home: str, htmx: bool
) -> None:
    icura = make_organisation("Icura A/S", OrganisationKind.COMPANY)
    address = f"{home}organisations"
    page = Page(window.get(f"{address}?q=icu", htmx=htmx).text)
    fields = page.form(address)
    assert (fields["organisation"], fields["side"]) == (str(icura.id), "company")
    for told in ("Icura A/S is invited.", "takes part or is invited already"):
        assert window.submit(address, fields, htmx=htmx).status_code == (204 if htmx else 303)
        assert told in window.page(address).text
    assert "is invited already" in Page(window.get(f"{address}?q=icu", htmx=htmx).text).text
    assert "takes part already" in Page(window.get(f"{address}?q=glad", htmx=htmx).text).text
    window.submit(f"{address}/{gladsaxe.id}/side", {"side": "others"}, page=address, htmx=htmx)
    assert sides(moderator.partnership) == {"Gladsaxe Kommune": Side.OTHERS, "Icura A/S": Side.COMPANY}
    assert verbs(moderator.partnership)[1:] == [INVITED_ORGANISATION]
    for typed in ({"organisation": "9999", "side": "company"}, {"organisation": str(icura.id), "side": "up"}, {}):
        assert window.submit(address, typed, htmx=htmx).status_code == 409
    assert window.submit(f"{address}/{make_organisation().id}/side", {"side": "others"}).status_code == 404


def test_archived_partnerships_stand_last_with_their_log(window: Client, moderator: Membership, mette: User) -> None:
    other = start_partnership("Gemt væk", by=mette)
    partnerships_service.archive(other)
    db.session.commit()
    page = window.page("/partnerships")
    assert listed(page)[:2] == ["Digital genoptræning", "Gemt væk"]
    assert page.text.index("Digital genoptræning") < page.text.index("Archived") < page.text.index("Gemt væk")
    assert [f"{other.partnership.address}members/trail"] == [
        str(link.get("href")) for link in page.all("a") if "trail" in str(link.get("href"))
    ]


def test_the_page_of_moderators_says_what_waits_and_leads_to_it(
    window: Client, moderator: Membership, home: str
) -> None:
    join_requests_service.set_visibility(moderator, Visibility.LISTED)
    join_requests_service.ask_to_join(make_user(), moderator.partnership, "Hej")
    db.session.commit()
    page = window.page(f"{home}administration")
    assert "One person waits for an answer." in page.text
    assert "No invitation waits for an answer." in page.text
    partnerships_service.archive(moderator)
    db.session.commit()
    page = window.page(f"{home}administration")
    assert "Audit log" in page.text
    assert "One person waits" not in page.text
    assert window.submit(f"{home}reopening", {}, page=f"{home}administration").status_code == 303


def test_a_moderator_changes_the_stage(window: Client, moderator: Membership, home: str) -> None:
    answer = window.submit(f"{home}stage", {"stage": "trial"}, page=f"{home}about")
    assert (answer.status_code, answer.location) == (303, f"{home}about")
    assert moderator.partnership.stage is Stage.TRIAL
    window.submit(f"{home}stage", {"stage": "trial"}, page=f"{home}about")
    assert verbs(moderator.partnership) == [STARTED, CHANGED_STAGE]
    page = window.page(f"{home}about").text
    assert "changed the stage from Idea to Trial" in page
    assert "3 of 5" in page


def test_members_below_moderator_change_nothing(moderator: Membership, home: str, sign_in: SignIn, htmx: bool) -> None:
    before = verbs(moderator.partnership)
    for level in (Level.CONTRIBUTOR, Level.OBSERVER):
        member = make_user(language="en", organisation=moderator.organisation)
        window = sign_in(add_member(moderator, member, level).user)
        before.append(JOINED)
        page = window.page(f"{home}about")
        members = window.page(f"{home}members")
        for ending in ("edit", "stage", "archiving", "reopening", "members"):
            assert window.submit(f"{home}{ending}", {"stage": "trial"} | FACTS, htmx=htmx).status_code == 403
            assert f'action="{home}{ending}' not in page.html + members.html
        assert f'{home}edit"' not in page.html
        for ending in ("edit", "people"):
            assert window.get(f"{home}{ending}", htmx=htmx).status_code == 403
    assert verbs(moderator.partnership) == before


# Archive


def test_an_archived_partnership_is_read_and_nothing_in_it_changes(
    window: Client, moderator: Membership, home: str, htmx: bool
) -> None:
    post = share(moderator)
    remark = comment(post, moderator)
    assert window.submit(f"{home}archiving", page=f"{home}administration").status_code == 303
    assert moderator.partnership.is_archived
    before = verbs(moderator.partnership)
    address = f"{home}posts/{post.number}"
    for ending in ("", "about", f"posts/{post.number}", f"posts/{post.number}?comment={remark.number}"):
        page = window.page(f"{home}{ending}")
        assert "The partnership is archived. It can be read, but nothing can be changed." in page.text
        for form in page.all("form"):
            assert str(form.get("action")) in ("/sign-out", "/search", f"{home}reopening", f"{home}seen")
    for place in (
        f"{home}posts",
        f"{address}/edit",
        f"{address}/withdrawal",
        f"{address}/pinning",
        f"{address}/comments",
        f"{home}edit",
        f"{home}stage",
        f"{home}members",
    ):
        typed = {"title": "Ny", "body": "Ny", "kind": "progress", "version": "1", "stage": "trial"}
        answer = window.submit(place, typed, htmx=htmx)
        assert answer.status_code == 409, place
        assert "The partnership is archived, so nothing in it can be changed." in Page(answer.text).text
    assert verbs(moderator.partnership) == before


def test_a_moderator_opens_an_archive_again(window: Client, moderator: Membership, home: str) -> None:
    window.submit(f"{home}archiving")
    window.submit(f"{home}archiving")
    assert window.submit(f"{home}reopening", page=f"{home}administration").status_code == 303
    window.submit(f"{home}reopening")
    assert not moderator.partnership.is_archived
    assert verbs(moderator.partnership) == [STARTED, ARCHIVED, UNARCHIVED]
    assert window.submit(f"{home}posts", {"title": "Ny", "body": "Ny", "kind": "progress"}).status_code == 303
    assert "opened the partnership again" in window.page(f"{home}about").text


def test_an_archived_partnership_is_listed_but_not_in_the_overview(
    window: Client, moderator: Membership, mette: User
) -> None:
    start_partnership("Et levende", by=mette)
    partnerships_service.archive(moderator)
    assert "Archived" in window.page("/partnerships").text
    assert "Digital genoptræning" not in window.page("/").text


# People


def add(window: Client, home: str, user: User, level: str = "contributor") -> TestResponse:
    return window.submit(f"{home}members", {"user_id": str(user.id), "level": level})


@pytest.mark.parametrize("words", ["far", "NASSER", "nas far", "farida nasser", "  far  "])
def test_a_person_is_found_by_how_words_of_their_name_begin(
    words: str, window: Client, home: str, gladsaxe: Organisation, htmx: bool
) -> None:
    make_user("Farida Nasser", gladsaxe)
    make_user("Ulrik Ravn", gladsaxe)
    page = Page(window.get(f"{home}people", query_string={"q": words}, htmx=htmx).text)
    assert page.is_whole != htmx
    assert "Farida Nasser" in page.text
    assert "Ulrik" not in page.text


@pytest.mark.parametrize("words", ["arida", "x", "%", "_", "farida ravn"])
def test_who_is_not_called_so_is_not_found(words: str, window: Client, home: str, gladsaxe: Organisation) -> None:
    make_user("Farida Nasser", gladsaxe)
    make_user("Ulrik Ravn", gladsaxe)
    page = window.page(f"{home}people?q={words.replace('%', '%25')}")
    assert f"Nobody called ‘{words}’ belongs to an organisation that takes part here." in page.text


def test_danish_letters_are_found_however_they_are_typed(window: Client, home: str, gladsaxe: Organisation) -> None:
    make_user("Åse Kjærsgård", gladsaxe)
    for words in ("åse", "aase", "ÅSE", "kjærs", "kjaersgaard"):
        assert "Åse Kjærsgård" in window.page(f"{home}people?q={words}").text


def test_a_person_gets_a_membership_and_begins_with_nothing_new(
    window: Client, moderator: Membership, home: str, gladsaxe: Organisation, sign_in: SignIn
) -> None:
    share(moderator)
    farida = make_user("Farida Nasser", gladsaxe, language="en")
    page = window.page(f"{home}people?q=far")
    form = page.form(f"{home}members")
    assert form["level"] == "contributor"
    answer = window.post(f"{home}members", data=form | {"level": "observer"})
    assert (answer.status_code, answer.location) == (303, f"{home}members")
    membership = membership_of(moderator.partnership, farida)
    assert (membership.level, membership.unread, membership.is_active) == (Level.OBSERVER, 0, True)
    assert membership.digested_number == moderator.partnership.last_number
    shown = window.page(answer.location).text
    assert "Farida Nasser is in the partnership now." in shown
    assert "let Farida Nasser from Gladsaxe Kommune in" in window.page(f"{home}about").text
    assert sign_in(farida).get(home).status_code == 200


def test_adding_twice_changes_nothing_more(
    window: Client, moderator: Membership, home: str, gladsaxe: Organisation
) -> None:
    farida = make_user("Farida Nasser", gladsaxe)
    assert add(window, home, farida).status_code == 303
    assert add(window, home, farida, "moderator").status_code == 303
    assert membership_of(moderator.partnership, farida).level is Level.CONTRIBUTOR
    assert verbs(moderator.partnership).count(JOINED) == 1
    page = window.page(f"{home}people?q=far")
    assert f'action="{home}members"' not in page.html


def test_nobody_from_outside_is_found_or_added(window: Client, moderator: Membership, home: str) -> None:
    outside = make_user("Farida Nasser", make_organisation("Et andet sted"))
    assert "Farida" not in window.page(f"{home}people?q=nas").text
    answer = add(window, home, outside)
    assert answer.status_code == 409
    assert "Farida" not in answer.text
    assert db.session.query(Membership).count() == 1


def test_who_is_deactivated_is_neither_found_nor_added(
    window: Client, home: str, gladsaxe: Organisation, moderator: Membership
) -> None:
    gone = make_user("Farida Nasser", gladsaxe, deactivated_at=clock.now())
    assert "Farida" not in window.page(f"{home}people?q=nas").text
    assert add(window, home, gone).status_code == 409


@pytest.mark.parametrize("state", [MembershipState.ENDED, MembershipState.REQUESTED])
def test_whoever_comes_back_gets_their_membership_again(
    state: MembershipState, window: Client, moderator: Membership, home: str, gladsaxe: Organisation
) -> None:
    farida = make_user("Farida Nasser", gladsaxe)
    membership = add_member(moderator, farida)
    membership.state = state
    post = share(moderator)
    assert add(window, home, farida, "observer").status_code == 303
    assert (membership.is_active, membership.level) == (True, Level.OBSERVER)
    assert membership.digested_number == moderator.partnership.last_number
    assert membership.unread >= 1, f"Post {post.number} came while they were away"
    assert db.session.query(Membership).count() == 2


# About


def test_the_history_comes_twenty_at_a_time(window: Client, moderator: Membership, home: str, htmx: bool) -> None:
    stages = list(Stage)
    for number in range(1, 46):
        partnerships_service.change_stage(moderator, stages[number % 5])
        db.session.commit()
        share(moderator)

    def events(page: Page) -> list[str]:
        items = [item for item in page.all("li") if item.get("class") == "feed-row feed-row--event"]
        return [" ".join("".join(item.itertext()).split()) for item in items if item.get("id") != "older-history"]

    def older(page: Page) -> str:
        links = [str(link.get("href")) for link in page.all("a")]
        return next((link for link in links if "about?before=" in link), "")

    page, told = window.page(f"{home}about"), list[str]()
    while True:
        told += events(page)
        if not older(page):
            break
        page = Page(window.get(older(page), htmx=htmx).text)
    assert len(told) == 46
    assert "started the partnership" in told[-1]


def test_members_stand_in_danish_order_and_come_in_pages(
    moderator: Membership, home: str, gladsaxe: Organisation, sign_in: SignIn, htmx: bool
) -> None:
    names = ["Aage Å", "Østen Ø", "Ærlig Æ", "Zenia Z", "Anna A"]
    for name in names + [f"Person {number:02}" for number in range(50)]:
        reader = add_member(moderator, make_user(name, gladsaxe, language="en"))
    window = sign_in(reader.user)
    first = window.page(f"{home}members")
    (more,) = (str(link.get("href")) for link in first.all("a") if "members?after=" in str(link.get("href")))
    second = Page(window.get(more, htmx=htmx).text)

    both = members_on(first) + members_on(second)
    assert len(both) == len(set(both)) == 56
    assert both[0] == "Anna A"
    assert both[-4:] == ["Zenia Z", "Ærlig Æ", "Østen Ø", "Aage Å"]
    assert both[1] == "Mette Lindholm Krag"
    assert "Person 49 (you)" in both


def test_the_members_of_one_organisation_come_in_pages_too(
    moderator: Membership, home: str, gladsaxe: Organisation, sign_in: SignIn, htmx: bool
) -> None:
    others = make_organisation("Icura")
    for number in range(55):
        reader = add_member(moderator, make_user(f"Person {number:02}", others, language="en"))
    add_member(moderator, make_user("Anna A", gladsaxe))
    elsewhere = add_member(start_partnership("Udenfor", by=make_user()), make_user(organisation=make_organisation("X")))
    window = sign_in(reader.user)
    first = window.page(f"{home}members?organisation={others.id}")
    assert "Narrowed to Icura" in first.text
    (more,) = (str(link.get("href")) for link in first.all("a") if "&after=" in str(link.get("href")))
    both = members_on(first) + members_on(Page(window.get(more, htmx=htmx).text))
    assert both == [f"Person {number:02}" for number in range(54)] + ["Person 54 (you)"]
    nobody_yet = make_organisation("Ingen")
    partnerships_service.set_sides(moderator, {nobody_yet.id: Side.COMPANY})
    db.session.commit()
    assert "No members match" in window.page(f"{home}members?organisation={nobody_yet.id}").text
    foreign = window.page(f"{home}members?organisation={elsewhere.organisation_id}")
    assert "Anna A" in members_on(foreign)
    assert "Narrowed" not in foreign.text


def members_on(page: Page) -> list[str]:
    """The names in the list of members."""
    return [
        " ".join("".join(paragraph.itertext()).split())
        for item in page.all("li")
        if str(item.get("id")).startswith("member-")
        for paragraph in item.iter("p")
        if paragraph.get("class") == "item__title"
    ]


# Organisations in lists


@pytest.mark.parametrize(
    ("municipalities", "in_lists", "in_header"),
    [
        (1, "Gladsaxe Kommune, Icura og 4 andre", "Gladsaxe Kommune, Icura og 4 øvrige"),
        (4, "4 fra kommunerne, Icura og 4 andre", "4 kommuner, Icura og 4 øvrige"),
    ],
)
def test_the_last_of_several_organisations_stands_after_a_word(
    municipalities: int, in_lists: str, in_header: str, sign_in: SignIn
) -> None:
    mette = make_user("Mette", make_organisation("Gladsaxe Kommune"), language="da")
    moderator = start_partnership("Sammen", by=mette)
    icura = make_organisation("Icura", OrganisationKind.COMPANY)
    for side, count in ((Side.MUNICIPALITIES, municipalities - 1), (Side.OTHERS, 4)):
        for _ in range(count):
            add_member(moderator, make_user(organisation=make_organisation()), side=side)
    add_member(moderator, make_user(organisation=icura), side=Side.COMPANY)
    window = sign_in(mette)
    for address in ("/", "/partnerships"):
        assert in_lists in window.page(address).text, address
    assert in_header in window.page(moderator.partnership.address).text
