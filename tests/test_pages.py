"""What every page is: small however much stands on it, and sent with headers that keep it private.

That it is HTML, has a title, one heading and landmarks, and links only to what there is, tests/client.py checks at
every page of every test.
"""

import gzip
import re
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from typing import Any
from uuid import uuid4

import brotli
import pytest
from sqlalchemy import select

from tests.client import Client
from tests.factories import (
    Level,
    OrganisationKind,
    PostKind,
    Side,
    add_member,
    challenge,
    comment,
    hold,
    make_administrator,
    make_organisation,
    make_role,
    make_user,
    measured_indicator,
    share,
    start_partnership,
)
from tests.pages import LARGEST_PAGE, Page
from workspace import Workspace, create_app, rich_text
from workspace.accounts.models import User
from workspace.config import Settings
from workspace.db import db
from workspace.organisations.models import Organisation
from workspace.partnerships import service as partnerships_service
from workspace.partnerships.models import Membership, MembershipState, Participation, Partnership
from workspace.permissions import public
from workspace.posts.models import Post
from workspace.posts.reactions import ReactionKind, react

pytestmark = pytest.mark.either_database

SignIn = Callable[[User], Client]

SENTENCE = "Vi prøvede på Bækkeskolen, og både børn og ældre på Søndergård følte sig hørt, før vi gik videre. "
TITLE = ("Håndbårne øvelser på gården gør både æbler & pærer sundere <for os alle> " * 3)[:120]
COLLEAGUE = "Åse Kjærsgård Sønderborg-Mørkøv"
LONG_TEXT = (SENTENCE * 60)[:4000]
FIRST_VISIT = 70_000
MOST_REQUESTS = 8

PRIVATE = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "object-src 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
# What the editor's own styles are known by, where one can write.
STYLE_NONCE = re.compile(r"; style-src 'self' 'nonce-[\w-]{22}'$")


@pytest.fixture
def moderator(app: Workspace) -> Membership:
    name = "Digital genoptræning af knæ og hofter i hele hovedstadsområdet"
    return start_partnership(name, by=make_user("Mette Lindholm Krag"), purpose=LONG_TEXT[:600], goals=[3, 9, 10, 17])


@pytest.fixture
def mette(moderator: Membership, sign_in: SignIn) -> Client:
    return sign_in(moderator.user)


def rows(count: int, make: Callable[[int], Any]) -> list[Any]:
    made = [make(number) for number in range(count)]
    db.session.add_all(made)
    db.session.commit()
    return made


def add_organisations(partnership: Partnership, count: int) -> list[Organisation]:
    """So many institutions with long names, which take part."""
    made = rows(
        count,
        lambda number: Organisation(
            name=f"Den selvejende daginstitution Skærsøgård Ærtebjerg ved Åløkken nr. {number}",
            kind=OrganisationKind.INSTITUTION,
            website=f"https://www.skaersoegaard-aertebjerg-ved-aaloekken-{number}.example.dk/om-os",
        ),
    )
    rows(
        count,
        lambda number: Participation(partnership_id=partnership.id, organisation_id=made[number].id, side=Side.OTHERS),
    )
    return made


def add_members(partnership: Partnership, organisations: list[Organisation], count: int) -> None:
    people = rows(
        count,
        lambda number: User(
            name=f"Åse Kjærsgård Sønderborg-Mørkøv {number}",
            email=f"aase{number}@example.dk",
            title="Udviklingskonsulent og pædagogisk leder for de yngste børn",
            organisation=organisations[number % len(organisations)],
        ),
    )
    rows(
        count,
        lambda number: Membership(
            partnership_id=partnership.id,
            user_id=people[number].id,
            organisation_id=people[number].organisation_id,
            level=Level.CONTRIBUTOR,
            state=MembershipState.ACTIVE,
        ),
    )


def size(mette: Client, address: str) -> int:
    """The bytes of a page, which must be fewer than the budget."""
    answer = mette.get(address)
    assert answer.status_code == 200
    assert len(answer.data) < LARGEST_PAGE, f"{address} has {len(answer.data)} bytes"
    return len(answer.data)


# Bytes. The longest is tried in `make test`, and the lengths at which something changes in `make test-all`.
LENGTHS_OF_EXCERPTS, LENGTHS_OF_GLIMPSES, LENGTHS_OF_THREADS = (
    [pytest.param(length, marks=pytest.mark.slow) for length in lengths]
    for lengths in ((280, 281), (140, 141, 200), (1, 8, 9, 20, 21))
)


@pytest.mark.parametrize("length", [4000, *LENGTHS_OF_EXCERPTS])
def test_a_feed_of_long_posts_stays_small(length: int, moderator: Membership, mette: Client) -> None:
    others = add_member(moderator, make_user(COLLEAGUE, make_organisation("Lyngby-Taarbæk Kommune")))
    made = [share(others, TITLE, LONG_TEXT[:length], list(PostKind)[number % 2]) for number in range(23)]
    for post in made[:3]:
        post.pin(moderator)
    db.session.commit()
    home = moderator.partnership.address
    assert size(mette, home) > 20_000
    refused = mette.submit(f"{home}posts", {"title": "x" * 400, "body": LONG_TEXT + "for meget"})
    assert refused.status_code == 422
    assert len(refused.data) < LARGEST_PAGE
    size(mette, "/")


@pytest.mark.slow
@pytest.mark.parametrize("length", [4000, *LENGTHS_OF_GLIMPSES])
def test_a_long_thread_under_a_long_post_stays_small(length: int, moderator: Membership, mette: Client) -> None:
    post = share(moderator, TITLE, LONG_TEXT)
    other = add_member(moderator, make_user(COLLEAGUE, make_organisation("Lyngby-Taarbæk Kommune")))
    for number in range(60):
        comment(post, other if number % 2 else moderator, LONG_TEXT[:length])
    page = mette.page(f"{moderator.partnership.address}posts/{post.number}")
    assert len([article for article in page.all("article") if article.get("class") == "comment"]) == 50
    size(mette, f"{moderator.partnership.address}posts/{post.number}")


@pytest.mark.parametrize("count", [50, *LENGTHS_OF_THREADS])
def test_a_thread_stays_small_at_every_length(count: int, moderator: Membership, mette: Client) -> None:
    post = share(moderator, TITLE, LONG_TEXT)
    for _ in range(count):
        comment(post, moderator, LONG_TEXT)
    size(mette, f"{moderator.partnership.address}posts/{post.number}")


@pytest.mark.slow
def test_a_thread_in_which_everything_has_happened_stays_small(moderator: Membership, mette: Client) -> None:
    other = add_member(moderator, make_user(COLLEAGUE, make_organisation("Lyngby-Taarbæk Kommune")))
    links = "https://www.gladsaxe.dk/saadan "
    for text, post_text in ((LONG_TEXT, LONG_TEXT), (links * 4, links * 129), ("a.dk b.dk " * 14, "a.dk " * 800)):
        post = share(moderator, TITLE, post_text[:4000])
        for number in range(60):
            author = other if number % 2 else moderator
            said = comment(post, author, text[:139])
            said.edit(author, body=rich_text.from_plain(f"{text[:139]}x"), version=1)
            for kind in ReactionKind:
                react(moderator, said, post.number, kind, given=True)
        db.session.commit()
        size(mette, f"{moderator.partnership.address}posts/{post.number}")


def test_text_with_more_markup_than_words_is_kept_without(moderator: Membership, mette: Client) -> None:
    html = "<p>" + "a<b>b</b>" * 1900 + "</p>"
    typed = {"kind": "progress", "title": "T", "body": "ab" * 1900, "body_html": html}
    assert mette.submit(f"{moderator.partnership.address}posts", typed).status_code == 303
    (kept,) = db.session.scalars(select(Post.body_html))
    assert kept == f"<p>{'ab' * 1900}</p>"


@pytest.mark.slow
def test_texts_of_links_and_signs_stay_small(moderator: Membership, mette: Client) -> None:
    links, signs = "https://www.gladsaxe.dk/saadan " * 60, "A & B < C, siger »D« > E. " * 150
    for number in range(20):
        share(moderator, signs[:120], (links if number % 2 else signs)[: 100 + 100 * number])
    size(mette, moderator.partnership.address)
    size(mette, "/")
    post = share(moderator, "Svær", links)
    for number in range(50):
        comment(post, moderator, (links if number % 2 else signs)[: 50 + 20 * number])
    size(mette, f"{moderator.partnership.address}posts/{post.number}")


def test_fifty_seven_institutions_and_forty_members_fit_on_their_pages(moderator: Membership, mette: Client) -> None:
    organisations = add_organisations(moderator.partnership, 57)
    add_members(moderator.partnership, organisations, 40)
    for number in range(6):
        partnerships_service.update(
            moderator,
            name=moderator.partnership.name,
            purpose=f"{number} {LONG_TEXT[:590]}",
            goals=list(range(1, 18)),
            version=moderator.partnership.version,
        )
        db.session.commit()
    home = moderator.partnership.address
    some = ("", "about", "edit", "people?q=aa", "about?before=40")
    for address in ("/", *(f"{home}{ending}" for ending in some)):
        size(mette, address)


def test_two_hundred_partnerships_come_in_small_pages(moderator: Membership, mette: Client) -> None:
    user = moderator.user
    made = rows(
        199,
        lambda number: Partnership(
            name=f"{TITLE[:110]} {number}",
            slug=f"{'et-meget-langt-navn-paa-et-partnerskab-som-fylder'}-{number}",
            purpose=LONG_TEXT[:600],
            started_by_id=user.id,
            one_time_key=str(uuid4()),
            last_number=number + 3,
        ),
    )
    sides = [make_organisation(f"{side} Ærø-Ålborg-Øresund {'x' * 80}") for side in Side]
    for partnership in made:
        db.session.add(
            Membership(
                partnership_id=partnership.id,
                user_id=user.id,
                organisation_id=user.organisation_id,
                level=Level.MODERATOR,
            )
        )
        for organisation, side in zip(sides, Side, strict=True):
            db.session.add(Participation(partnership_id=partnership.id, organisation_id=organisation.id, side=side))
    db.session.commit()
    size(mette, "/")
    size(mette, "/partnerships")


def test_all_sessions_that_one_may_have_fit_on_their_page(moderator: Membership, sign_in: SignIn) -> None:
    for _ in range(100):
        browser = sign_in(moderator.user)
    size(browser, "/settings/sessions")


def test_the_pages_of_administrators_stay_small(sign_in: SignIn, app: Workspace) -> None:
    admin = sign_in(make_administrator())
    home = make_organisation("Hjemme")
    rows(60, lambda number: Organisation(name=f"{number} {TITLE[:100]}", kind=OrganisationKind.OTHER))
    rows(
        60,
        lambda number: User(
            name=f"{number} {'Å' * 90}",
            email=f"{number}{'a' * 60}@{'b' * 60}.example.dk",
            title=TITLE[:100],
            phone="1" * 40,
            organisation=home,
        ),
    )
    for address in ("/organisations", f"/organisations/{home.id}", "/settings", "/organisations/new"):
        size(admin, address)


# Headers


def headers_of(answer: Any) -> dict[str, str]:
    told = {name: STYLE_NONCE.sub("", value) for name, value in answer.headers if name in PRIVATE}
    assert len(told) == len([name for name, _ in answer.headers if name in PRIVATE]), "A header stands twice"
    return told


def test_every_answer_carries_the_same_headers(moderator: Membership, mette: Client, client: Client) -> None:
    home = moderator.partnership.address
    answers = {
        "a page": mette.get(home),
        "a partial": mette.get(home, htmx=True),
        "a redirect": mette.submit(f"{home}stage", {"stage": "trial"}),
        "an empty answer": mette.submit(f"{home}seen", {"number": "1"}, htmx=True),
        "sign in": client.get("/sign-in"),
        "privacy": client.get("/privacy"),
        "not signed in": client.get(home),
        "bad form": mette.post(f"{home}posts"),
        "refused": mette.submit(f"{home}posts", {}),
        "missing": mette.get("/findes-ikke"),
        "wrong method": mette.put(home),
        "too large": mette.post(f"{home}posts", data={"body": "x" * 2_000_000}),
        "head": mette.head(home),
        "options": mette.options(home),
    }
    assert {name: headers_of(answer) for name, answer in answers.items()} == {name: PRIVATE for name in answers}
    nonces = [name for name, answer in answers.items() if "nonce" in answer.headers["Content-Security-Policy"]]
    assert nonces == ["a page", "refused", "head"]  # those on which one can write
    for name, answer in answers.items():
        assert "HX-Request" in answer.vary, name
        assert "Strict-Transport-Security" not in answer.headers, name
        assert "Access-Control-Allow-Origin" not in answer.headers, name


def test_an_answer_that_failed_carries_them_too(settings: Settings, app: Workspace) -> None:
    broken = create_app(settings)

    @broken.get("/fails")
    @public
    def fails() -> str:
        raise ValueError("This is not to be told.")

    broken.test_client_class = Client
    answer = broken.test_client().get("/fails", headers={"Accept-Language": "en"})
    assert answer.status_code == 500
    assert headers_of(answer) == PRIVATE
    assert "Something went wrong here" in Page(answer.text).text
    assert "This is not to be told." not in answer.text
    with broken.app_context():
        db.engine.dispose()


def test_the_policy_allows_nothing_unsafe() -> None:
    policy = PRIVATE["Content-Security-Policy"]
    for word in ("unsafe", "*", "data:", "blob:", "http", "nonce"):
        assert word not in policy


def test_behind_https_browsers_are_told_to_stay_there(settings: Settings, app: Workspace) -> None:
    secure = create_app(replace(settings, secure_cookies=True))
    answer = secure.test_client().get("/sign-in", base_url="https://localhost")
    assert answer.headers["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains"
    (cookie,) = answer.headers.getlist("Set-Cookie")
    assert {part.strip() for part in cookie.split(";")[1:]} == {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"}
    with secure.app_context():
        db.engine.dispose()


# The first visit


def test_a_first_visit_is_small_and_asks_no_other_host(client: Client, mette: Client, moderator: Membership) -> None:
    for number in range(20):
        share(moderator, f"Opslag {number}", SENTENCE * 5)
    everything: dict[str, int] = {}
    for address in ("/sign-in", "/"):
        browser = client if address == "/sign-in" else mette
        page = browser.get(address)
        everything[address] = len(browser.get(address, headers={"Accept-Encoding": "br"}).data)
        linked = re.findall(r'<(?:link|script|img|use|source|iframe)\b[^>]*?\b(?:href|src)="([^"#]+)', page.text)
        for resource in linked:
            assert resource.startswith("/static/"), f"{resource} is another's"
            answer = client.get(resource, headers={"Accept-Encoding": "br"}, buffered=True)
            assert answer.status_code == 200, resource
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
            content = answer.data
            if answer.headers.get("Content-Encoding") == "br":
                assert brotli.decompress(content)
            everything[resource] = len(content)
    assert len(everything) <= MOST_REQUESTS, sorted(everything)
    assert sum(everything.values()) < FIRST_VISIT, everything


@pytest.mark.parametrize(("encoding", "unpacked"), [("br", brotli.decompress), ("gzip", gzip.decompress)])
def test_a_page_is_sent_compressed(mette: Client, encoding: str, unpacked: Callable[[bytes], bytes]) -> None:
    answer = mette.get("/", headers={"Accept-Encoding": encoding})
    assert answer.headers["Content-Encoding"] == encoding
    assert {"Accept-Encoding", "HX-Request"} <= set(answer.vary)
    Page(unpacked(answer.data).decode()).check()


def test_no_page_names_another_host(client: Client, mette: Client, moderator: Membership) -> None:
    share(moderator)
    home = moderator.partnership.address
    for address in ("/", home, f"{home}about", f"{home}edit", "/partnerships/new", "/settings", "/privacy"):
        html = mette.get(address).text
        assert not re.findall(r'(?:href|src|action)="(?:https?:)?//[^"]*', html), address


@pytest.mark.parametrize(
    ("html", "broken"),
    [
        ('<a href="/memberships">In</a>', False),
        ('<a href="/membership">In</a>', True),
        ('<a href="/sign-out">Out</a>', True),  # only a POST signs out
        ('<form method="post" action="/sign-out"></form>', False),
        ('<form action="/sign-out"></form>', True),
        ('<form method="post" action="/sign-in"><button formaction="/sign-in/kode">Mail</button></form>', True),
        ('<form method="post" action="/sign-in"><button formaction="/sign-in/code">Mail</button></form>', False),
        ('<button hx-get="/waiting">Count</button>', False),
        ('<button hx-post="/waiting">Count</button>', True),
        ('<div data-seen="/partnerships/icura/seen"></div>', False),
        ('<div data-news="/partnerships/icura/nyt"></div>', True),
        ('<a href="https://example.org/somewhere">Elsewhere</a><a href="mailto:a@b.example">Mail</a>', False),
    ],
)
def test_a_link_that_leads_nowhere_fails_the_test_that_opens_its_page(app: Workspace, html: str, broken: bool) -> None:
    for page in (Page(html), Page(f"<!doctype html><html><head></head><body>{html}</body></html>")):
        expected = pytest.raises(AssertionError, match="lead nowhere") if broken else nullcontext()
        with expected:
            page.check_links(app.url_map, "http://localhost/")


def test_each_form_about_a_thing_has_a_title_of_its_own(app: Workspace, sign_in: SignIn) -> None:
    by = start_partnership(by=make_user("Mette", language="en"))
    partner = add_member(by, make_user("Farida", language="en"), side=Side.COMPANY)
    role = make_role(by, "Data")
    holding = hold(role, partner, by)
    task = challenge(by, "Opgave").number
    indicator = measured_indicator(role, by, partner).number
    db.session.commit()
    home, browser = by.partnership.address, sign_in(by.user)
    pages = {
        f"posts/{task}": ("", "/taking", "/solution", "/parking", "/days"),
        f"roles/{role.id}": ("", "/edit", "/offers/new", f"/holdings/{holding.id}/ending", "/retirement"),
        f"results/{indicator}": ("", "/edit", "/sources", "/target", "/baseline"),
    }
    for thing, forms in pages.items():
        titles = {browser.page(f"{home}{thing}{form}").all("title")[0].text for form in forms}
        assert len(titles) == len(forms), titles


def test_the_search_field_says_what_it_searches(app: Workspace, sign_in: SignIn) -> None:
    by = start_partnership(by=make_user("Mette", language="en"))
    page = sign_in(by.user).page(by.partnership.address)
    [label] = [each.text for each in page.all("label") if each.get("for") == "search"]
    [field] = [each for each in page.all("input") if each.get("id") == "search"]
    assert label == field.get("placeholder") == "Search the partnership"
