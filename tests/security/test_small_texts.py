"""Nothing that a person may send costs much: the readers by how their work grows, the forms by what an answer costs."""

import gc
import random
import re
import time
import tracemalloc
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any
from uuid import uuid4

import pytest
from flask_babel import force_locale

from tests.client import Client
from tests.factories import Level, add_member, comment, make_administrator, make_role, share, start_partnership
from tests.pages import Page
from workspace import Workspace, rich_text
from workspace.accounts import passwords
from workspace.accounts.models import User, email_key
from workspace.db import db
from workspace.i18n import danish
from workspace.mail.message_types import filled
from workspace.members.invitations import list_reader, listed_people
from workspace.notifications.emails import shortened
from workspace.partnerships.models import Membership
from workspace.posts.versions import MOST_SHOWN
from workspace.rich_text import html_reader, mentions, merge, text_reader
from workspace.rich_text.blocks import MOST_LINKS
from workspace.rich_text.merge import Change, Matcher
from workspace.search import compounds, stems, terms
from workspace.search.finder import Finder
from workspace.search.matches import Mode
from workspace.web import form_recovery
from workspace.web.forms import MAX_TEXT

pytestmark = pytest.mark.either_database

SignIn = Callable[[User], Client]

MOST = 0.3  # seconds of CPU that anything may take, on a machine that works through `_calibration` in as much
MEASURED = 0.02  # seconds from which on a measurement says something
GROWTH = 2.5
MOST_MEMORY = 32_000_000  # bytes at once, beside what is there already

# What makes a reader look at the same again and again, when it is repeated.
TEXTS = [
    *("//a.dk/", "a.dk ", "a.", "a@", "a@a.dk ", "http:", "http://a", "http://a.dk/(", "www.", "mailto:", "xn--", "a-"),
    *(
        "1. a\n",
        "1. a\n2. b\n",
        "- a\n",
        "  - a\n",
        "> a\n",
        "> a\n\n",
        "a\n\n",
        "a\n",
        "\r",
        "\t",
        " ",
        "\xa0",
        "\u2028",
    ),
    *(
        "a b ",
        "@",
        "@m ",
        "@Mette ",
        "@Mette 17 Lindholm ",
        "<",
        "&",
        '"',
        "(",
        "[",
        "\u0301\u0327",
        "ß",
        "😀",
        "0101011234 ",
    ),
]
HTML = [
    *(
        "<ul><li>a",
        "<ul><li>a<p>b</p>",
        "<li>a",
        "<div>",
        "<b>a",
        "<b><div>",
        "<b>a<div>b</b>",
        "<b><i>a</p>",
        "<p>a</p>",
    ),
    *("<blockquote>a", "<table><tr><td>a", "<table>a", "<td>a", "<a href=//a.dk>a", "<a href=http://a.dk><p>x", "</p>"),
    *(
        "<font color=1>a",
        "<span style='font-weight:bold'>a",
        "<",
        "<!",
        "<!--",
        "&amp",
        "<a '",
        "<a a ",
        "<br>",
        "<pre>\n\n a",
    ),
    *(
        "<p>1.&nbsp;&nbsp;&nbsp;a",
        "<svg>",
        "<math>",
        "<select>",
        "<template>",
        "<h1>",
        "<nobr>",
        "<p>x</b>",
        "<button>",
    ),
]
LISTS = [
    *(
        "a@b.dk,",
        "a,",
        "@,",
        ",",
        "\n",
        '"',
        '","',
        '"a"a',
        "a<",
        "<>  ",
        "a\n",
        "æ@æ.dk\n",
        "\u0301\u0327",
        "a@xn--a.dk,",
    ),
    *("Mette <a@b.dk>;", '"M, K" <a@b.dk>\n', "a@" + "b." * 120 + "dk\n", "a@"),
]

BODIES = ["//a.dk/", "a.dk ", "1. a\n", "- a\n", "> a\n\n", "a b ", "@Mette ", "a\n\n", "\u0301\u0327"]
BODIES_HTML = [
    "<ul><li>a",
    "<ul><li>a<p>b</p>",
    "<b><div>",
    "<table>a",
    "<p>a</p>",
    "//a.dk/",
    "<p>x</p><b>//a.dk/</b>",
]
LINES = ["1. a\n", "1. a\n2. b\n", "- a\n", "> a\n", "a\n", "\n", " \n", "1."]
SEARCHES = ["a", "ae", "å", "aeo", "aaaab", "oe ", "vandmåling", "»a« ", "*"]
MENTIONS = ["@", "@m ", "@Mette ", "@Mette 17 Lindholm ", "@Mette-", "\n@m"]


def sample(values: Sequence[Any], every: int = 8) -> list[Any]:
    """One of every so many for `make test`; the others are tried by `make test-all`."""
    return [
        one if not number % every else pytest.param(one, marks=pytest.mark.slow) for number, one in enumerate(values)
    ]


def repeated(piece: str, length: int) -> str:
    return (piece * (length // len(piece) + 1))[:length]


def left_open(length: int) -> str:
    """Paragraphs, in each of which all that was left open in the first is opened again."""
    looks = "".join(f"<b id={number}>" for number in range(length // 40))
    return (f"<p>{looks}" + repeated("<p>x", length))[:length]


def one_item(length: int) -> str:
    return ("<ul><li>" + repeated("<p>a</p>", length))[:length]


def once(length: int) -> str:
    return ('<b style="font-weight:' + " " * length)[: length - 4] + '">a'


def of(pieces: list[str]) -> dict[str, Callable[[int], str]]:
    """What makes a text of so many characters, by the name of the piece that it repeats."""
    return {repr(piece): lambda length, piece=piece: repeated(piece, length) for piece in pieces}


@cache
def crowd() -> dict[int, str]:
    return {number: f"Mette {number} Lindholm" for number in range(10_000)}


def named(text: str) -> object:
    return mentions.resolve_mentions(rich_text.from_plain(text), referable=crowd(), recognisable=crowd())


def compared(text: str) -> object:
    return merge.changes(text, text[1:] + "c")


def merged(text: str) -> object:
    html = rich_text.from_plain(text).html
    return merge.merged(html, f"<p>c</p>{html}", rich_text.from_plain(text[1:] + "c").html)


def listed(text: str) -> object:
    return list_reader.count(text), list_reader.read(text[: listed_people.LONGEST], VOCABULARY)


def searched(text: str) -> object:
    finder = Finder(terms.parsed(text), Mode.HALF)
    message = repeated(text, MAX_TEXT)
    return finder.qualities(message), finder.snippet(message)


def indexed(text: str) -> object:
    for known in (terms.terms, compounds.divisions, compounds._is_compound, compounds._without_link, stems.stem):
        known.cache_clear()
    return terms.terms_of(text)


def long_words(length: int) -> str:
    """Words of forty letters, each made of others."""
    chance, known = random.Random(17), sorted(compounds.WORDS)
    return " ".join("".join(chance.choices(known, k=20))[:40] for _word in range(length // 40))[:length]


def edited(text: str) -> object:
    return rich_text.from_plain(text, instead_of=rich_text.from_plain(text[1:]).html)


VOCABULARY = list_reader.Vocabulary({"icura"}, {"deltager"}, {"tovholder"})

# Each with what it is given, and the longest that it ever gets.
READERS: dict[str, tuple[Callable[[str], object], dict[str, Callable[[int], str]], int]] = {
    "plain text": (rich_text.from_plain, of(TEXTS), 2 * MAX_TEXT),
    "lines": (text_reader.read, of(LINES), 100_000),
    "plain text, edited": (edited, of(TEXTS), MAX_TEXT),
    "html": (
        rich_text.from_html,
        of(HTML + TEXTS) | {"left open": left_open, "one item": one_item, "once": once},
        html_reader.LONGEST,
    ),
    "names": (named, of(MENTIONS), MAX_TEXT),
    "a search": (searched, of(SEARCHES), terms.LONGEST_QUERY),
    "an indexed text": (indexed, of(TEXTS) | {"long words": long_words}, MAX_TEXT),
    "versions": (compared, of(TEXTS), MAX_TEXT),
    "merging": (merged, of(BODIES), MAX_TEXT),
    "addresses": (listed, of(LISTS), listed_people.MOST * 20),
    "an address": (listed_people._address, of(LISTS), listed_people.LONGEST),
    "its key": (email_key, of(LISTS + TEXTS), 1_000_000),
    "the way back": (lambda text: form_recovery.local_address(f"/{text}"), of(TEXTS), 1_000_000),
    "another way back": (lambda text: form_recovery.local_address(f"//{text}"), of(TEXTS), 1_000_000),
    "a password": (
        lambda text: passwords.weakness(text, "Mette " * 16),
        of([*TEXTS, "password", "1", "aA1!"]),
        1_000_000,
    ),
    "a name": (lambda text: (danish.search_key(text), danish.sort_key(text), danish.slug(text)), of(TEXTS), 1000),
    "a mail": (lambda text: (filled(text), shortened(text)), of(TEXTS), 2 * MAX_TEXT),
    "a CPR number": (rich_text.resembles_cpr_number, of(TEXTS), 40_000),
}


def seconds(work: Callable[[], object], times: int = 5) -> float:
    """Of CPU, in this thread: the least of so many times, fewer where it is clear that it takes little.

    Without collecting garbage, which looks at all that the tests have made.
    """
    least = float("inf")
    gc.disable()
    try:
        for _ in range(times):
            began = time.thread_time()
            work()
            least = min(least, time.thread_time() - began)
            if least < MEASURED:
                break
    finally:
        gc.enable()
    return least


def _calibration() -> int:
    return sum(len(str(number)) for number in range(2_400_000))


@pytest.fixture(scope="module")
def most() -> float:
    """Seconds here for what takes MOST elsewhere; a busy machine is given more, a quick one not less."""
    return max(MOST, seconds(_calibration, 2))


@pytest.mark.slow
@pytest.mark.parametrize("reader", READERS)
def test_no_text_takes_long_and_twice_the_text_takes_no_more_than_about_twice_as_long(
    reader: str, app: Workspace, most: float
) -> None:
    read, made, largest = READERS[reader]
    for name, make in made.items():
        for length in (largest // 4, largest // 2):
            small, large = make(length), make(2 * length)
            for _ in range(3):  # On a busy machine one measurement may be wrong, and hardly three.
                before = seconds(lambda text=small: read(text))
                after = seconds(lambda text=large: read(text), 5 if before > MEASURED else 2)
                if after < most and (before < MEASURED or after < GROWTH * before):
                    break
            else:
                raise AssertionError(f"{reader} of {length} of {name}: {before:.3f} s, of twice that {after:.3f} s")


@pytest.mark.slow
@pytest.mark.parametrize("reader", ["html", "versions", "addresses", "plain text"])
def test_no_text_takes_much_memory(reader: str, app: Workspace) -> None:
    read, made, largest = READERS[reader]
    for name, make in made.items():
        text = make(largest)
        tracemalloc.start()
        try:
            read(text)
            assert tracemalloc.get_traced_memory()[1] < MOST_MEMORY, f"{reader} of {name}"
        finally:
            tracemalloc.stop()


@pytest.mark.parametrize("size", [1000, 2000, 4000, 8000])
def test_a_comparison_takes_no_more_steps_than_it_has(size: int) -> None:
    one, other = ["a", "b"] * size, ["b", "a", "c"] * size
    matcher = Matcher(None, one, other, steps=1000)
    assert matcher.get_opcodes()
    assert 0 <= matcher.steps <= 1000


def test_what_is_compared_can_be_read_whole_again() -> None:
    pairs = [("a b " * 1000, "b a " * 999), ("a\nb\n" * 900, "b\na\n" * 900), ("en to tre", ""), ("", "x"), ("", "")]
    for before, after in pairs:
        found = merge.changes(before, after)
        assert "".join(change.words for change in found if change.mark != "added") == before
        assert "".join(change.words for change in found if change.mark != "removed") == after
        assert len(found) <= merge.MAX_HUNKS


def test_a_word_changed_in_a_long_text_is_all_that_is_told_apart() -> None:
    before = "Vi har talt med alle om det.\n\n" * 60 + "Det er rødt.\n\n" + "Vi har talt med alle om det.\n\n" * 60
    found = merge.changes(before, before.replace("rødt", "blåt"))
    assert [(change.mark, change.words) for change in found if change.mark] == [
        ("removed", "rødt.\n\n"),
        ("added", "blåt.\n\n"),
    ]
    assert isinstance(found[0], Change)


def test_long_addresses_are_links_still_and_what_is_no_address_is_none() -> None:
    long = "https://eur01.safelinks.protection.outlook.com/?url=" + "a%2F" * 300
    assert f'href="{long}"' in rich_text.from_plain(f"Se {long} her.").html
    assert "href" not in rich_text.from_plain("a.dk/" * 700).html


def test_a_text_mentions_no_more_people_than_it_may_have_links() -> None:
    made = mentions.resolve_mentions(rich_text.from_plain("@Bo " * 1000), referable={1: "Bo"}, recognisable={1: "Bo"})
    assert made.html.count("#member-1") == MOST_LINKS
    assert made.text.count("@Bo") == 1000


def test_html_that_is_too_tangled_is_text_and_nothing_of_it_is_lost() -> None:
    made = rich_text.from_html(left_open(20_000))
    assert "<p>x<p>x" in made.text
    assert "<b" not in made.html


# Through the front door: what an answer costs.


class Answers:
    """Sends, and says what the app took for the answer: not what the tests look at in it."""

    def __init__(self, app: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seconds = 0.0
        answered = app.wsgi_app

        def timed(*request: Any) -> Any:
            began = time.thread_time()
            answer = answered(*request)
            self.seconds = time.thread_time() - began
            return answer

        monkeypatch.setattr(app, "wsgi_app", timed)
        # What is handed back makes larger pages than ours: they are not looked at here.
        monkeypatch.setattr(Page, "check", lambda page: None)

    def least(self, send: Callable[[], Any], status: set[int], most: float) -> Any:
        """The answer, one of two that took less than `most`."""
        taken = []
        for _ in range(3):
            answer = send()
            assert answer.status_code in status, answer.status
            taken.append(self.seconds)
            if self.seconds < most:
                return answer
        raise AssertionError(f"An answer took {min(taken):.2f} s of CPU; {most:.2f} s is the most.")


@pytest.fixture
def answers(app: Workspace, monkeypatch: pytest.MonkeyPatch) -> Answers:
    return Answers(app, monkeypatch)


@pytest.fixture
def moderator(app: Workspace) -> Membership:
    return start_partnership()


LONG = "\u0301\u0327" * 80_000  # In another order these accents are the same: sorting them takes minutes.


@pytest.mark.parametrize("piece", sample(BODIES + BODIES_HTML))
def test_a_text_of_the_largest_size_is_taken_or_refused_at_once(
    piece: str, moderator: Membership, sign_in: SignIn, answers: Answers, most: float
) -> None:
    browser = sign_in(moderator.user)
    post = share(moderator, "Et opslag", "Teksten som den var.")
    written = comment(post, moderator, "Kommentaren som den var.")
    posts = f"{moderator.partnership.address}posts"
    places = [posts, f"{posts}/{post.number}/edit", f"{posts}/{post.number}/comments"]
    places += [f"{posts}/{post.number}/comments/{written.number}/edit"]
    html = piece in BODIES_HTML
    for place in places:
        for length in (20_000, 40_000) if html else (MAX_TEXT, 300_000):
            text = repeated(piece, length)
            fields = {"title": "Et opslag", "kind": "progress", "version": "1", "body": text.strip()}
            fields |= {"body_html": text} if html else {}
            send = lambda: browser.submit(place, fields | {"one_time_key": str(uuid4())})  # noqa: B023, E731
            answers.least(send, {200, 303, 409, 413, 422}, most)


@pytest.mark.parametrize("piece", sample(BODIES))
def test_an_edit_of_what_was_changed_meanwhile_is_answered_at_once(
    piece: str, moderator: Membership, sign_in: SignIn, answers: Answers, most: float
) -> None:
    browser, text = sign_in(moderator.user), repeated(piece, MAX_TEXT - 2).strip()
    post = share(moderator, "Et opslag", text)
    post.edit(moderator, title="Et opslag", body=rich_text.from_plain(text[1:]), version=1)
    fields = {"title": "Et opslag", "version": "1", "body": f"{text}c"}
    address = f"{moderator.partnership.address}posts/{post.number}/edit"
    answers.least(lambda: browser.submit(address, fields), {409}, most)


@pytest.mark.parametrize("piece", sample(BODIES))
def test_a_page_of_versions_is_shown_at_once(
    piece: str, moderator: Membership, sign_in: SignIn, answers: Answers, most: float
) -> None:
    browser, text = sign_in(moderator.user), repeated(piece, MAX_TEXT - 2)
    post = share(moderator, "Et opslag", text)
    for version in range(1, MOST_SHOWN + 2):
        body = rich_text.from_plain(f"{version}{text[version % 2 :]}{version}")
        post.edit(moderator, title="Et opslag", body=body, version=version)
        db.session.commit()
    address = f"{moderator.partnership.address}texts/{post.number}/versions"
    answers.least(lambda: browser.get(address), {200}, most)


@pytest.mark.parametrize("piece", sample(LISTS))
def test_a_pasted_list_of_the_largest_size_is_answered_at_once(
    piece: str, moderator: Membership, sign_in: SignIn, answers: Answers, most: float
) -> None:
    browser, address = sign_in(moderator.user), f"{moderator.partnership.address}invitations"
    common = {"level": "observer", "organisation": moderator.organisation_id, "language": "da"}
    for text in (piece * listed_people.MOST, "E-mail;Navn\n" + piece * listed_people.MOST, repeated(piece, 400_000)):
        answers.least(lambda: browser.submit(address, common | {"addresses": text}), {200, 413, 422}, most)  # noqa: B023


def test_too_many_addresses_are_refused_and_kept(moderator: Membership, sign_in: SignIn) -> None:
    browser, address = sign_in(moderator.user), f"{moderator.partnership.address}invitations"
    pasted = "\n".join(f"p{number}@x.dk" for number in range(listed_people.MOST + 1))
    common = {"level": "observer", "organisation": moderator.organisation_id, "language": "da"}
    answer = browser.submit(address, common | {"addresses": pasted})
    assert answer.status_code == 422
    assert "Invitér højst 1.000 ad gangen. Der står 1.001 på listen." in answer.text
    assert f"p{listed_people.MOST}@x.dk" in answer.text


def test_a_text_that_is_too_long_is_told_so_in_numbers_as_danes_write_them_and_kept(
    moderator: Membership, sign_in: SignIn
) -> None:
    typed = "å" * 10_886
    fields = {"title": "Et opslag", "kind": "progress", "body": typed}
    answer = sign_in(moderator.user).submit(f"{moderator.partnership.address}posts", fields)
    assert answer.status_code == 422
    assert "Brug højst 4.000 tegn. Teksten er på 10.886." in answer.text
    assert typed in answer.text


PLACES = {
    "/sign-in": ["email", "password", "next", "kept_for"],
    "/sign-in/code": ["email", "next", "kept_for"],
    "/address": ["email", "present_password"],
    "/settings": ["name", "title", "phone", "time_zone"],
    "/settings/password": ["present_password", "new_password"],
    "/organisations": ["name", "website", "cvr_number", "kind"],
    "/partnerships": ["name", "purpose", "q", "goals", "one_time_key"],
    "{home}roles": ["name", "responsibility"],
    "{home}roles/{role}/offers": ["notes", "member", "starts_on", "kind"],
    "{home}roles/{role}/requests": ["notes"],
    "{home}posts/{post}/withdrawal": ["reason"],
    "{home}texts/{post}/redaction": ["reason"],
    "{home}texts/{post}/reactions": ["kind"],
    "{home}invitations": ["greeting", "organisation"],
    "/seen": ["seen"],
}


@pytest.mark.parametrize("place", sample(list(PLACES), 16))
def test_no_field_of_a_form_is_read_for_long(
    place: str, moderator: Membership, sign_in: SignIn, answers: Answers, most: float
) -> None:
    moderator.user.is_administrator = True
    member = add_member(moderator, level=Level.CONTRIBUTOR)
    post, role = share(moderator), make_role(moderator)
    address = place.format(home=moderator.partnership.address, post=post.number, role=role.id)
    is_public = place.startswith("/sign-in")
    browser = sign_in(moderator.user) if not is_public else moderator_away(sign_in, member)
    full = {"email": "a@x.dk", "password": "x", "name": "N", "responsibility": "R", "reason": "", "purpose": ""}
    for field in PLACES[place]:
        for text in (LONG, "/" + LONG, "//" + LONG, "a@" + LONG, "9" * 300_000):
            typed = full | {field: text}
            send = lambda: browser.submit(address, typed)  # noqa: B023, E731
            answers.least(send, {200, 303, 400, 401, 403, 404, 409, 413, 422, 429}, most)


def moderator_away(sign_in: SignIn, member: Membership) -> Client:
    """A browser in which nobody is signed in."""
    browser = sign_in(member.user)
    with browser.session_transaction() as cookie:
        cookie.clear()
    return browser


QUERIES = [
    "/organisations?q={}",
    "/organisations/suggestions?organisation={}",
    "{home}members?q={}",
    "{home}roles?q={}",
]
QUERIES += ["{home}mentions?name={}", "/?before={}", "{home}?before={}", "/sign-in?next={}", "/trail?name={}&from={}"]
QUERIES += ["{home}members?undo={}", "{home}members?q={}&after={}", "{home}challenges?state={}&role={}"]


@pytest.mark.parametrize("query", sample(QUERIES))
def test_no_query_is_read_for_long(
    query: str, moderator: Membership, sign_in: SignIn, answers: Answers, most: float
) -> None:
    browser = sign_in(make_administrator() if "{home}" not in query else moderator.user)
    for text in ("%CC%81%CC%A7" * 4000, "a" * 60_000, "1.1." * 15_000, "%25" * 20_000, "a+" * 30_000):
        address = query.replace("{home}", moderator.partnership.address).replace("{}", text)
        answers.least(lambda: browser.get(address), {200, 303, 404}, most)  # noqa: B023


@pytest.mark.parametrize("piece", ["a&", "a=&", "&", "a=b&"])
def test_a_form_of_a_million_fields_is_not_read(piece: str, client: Client, answers: Answers, most: float) -> None:
    sent = {"data": repeated(piece, 1_000_000), "content_type": "application/x-www-form-urlencoded"}
    answers.least(lambda: client.post("/sign-in", **sent), {413}, most)


@pytest.mark.parametrize(
    "name", ["User-Agent", "Accept-Language", "Accept", "Cookie", "Referer", "If-None-Match", "Range"]
)
def test_no_header_is_read_for_long(name: str, client: Client, answers: Answers, most: float) -> None:
    for piece in ("a,", "a;q=1,", "=,", "a-b-c,", "a;", '"', "Windows "):
        answers.least(lambda: client.get("/sign-in", headers={name: repeated(piece, 30_000)}), {200}, most)  # noqa: B023


def test_what_is_measured_is_measured(most: float) -> None:
    """The measure itself: a reader that looks at everything again and again is found."""
    pattern = re.compile(r"(?:a|b)*?c")

    def read(text: str) -> None:
        for begin in range(0, len(text), 2):
            pattern.match(text, begin)

    def seconds_for(size: int) -> float:
        return seconds(lambda: read("ab" * size))

    size = 200
    while seconds_for(size) < MEASURED:
        size *= 2
    # The machine may become slower or faster between the two.
    assert any(seconds_for(2 * size) > GROWTH * seconds_for(size) for _try in range(5))


@pytest.fixture(autouse=True)
def _danish(app: Workspace) -> Any:
    with force_locale("da"):
        yield
