"""Bad input, and nothing lost: a clear answer in the reader's language, the right status, and what was typed."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast
from uuid import uuid4

import pytest
import time_machine
from flask_babel import force_locale, format_decimal, gettext
from sqlalchemy import func, select
from sqlalchemy.engine import make_url
from werkzeug.test import TestResponse

from tests.accounts.broken import broken
from tests.client import Client
from tests.databases import KIND
from tests.factories import (
    PASSWORD,
    Level,
    add_member,
    comment,
    make_organisation,
    make_user,
    membership_of,
    share,
    start_partnership,
)
from tests.pages import Page
from workspace import Workspace, clock, create_app
from workspace.accounts.models import User
from workspace.comments.models import Comment
from workspace.config import Settings
from workspace.db import db
from workspace.partnerships.activity_log import Entry
from workspace.partnerships.models import Membership, MembershipState, Partnership, Stage
from workspace.posts.models import Post

SignIn = Callable[[User], Client]

TITLE = "Bækken & <b>broen</b>"
BODY = 'Første linje\nAnden linje med æøå, "citat" og 100 %.\n\nNyt afsnit.'
POST = {"kind": "challenge", "title": TITLE, "body": BODY}
TWO_TO_THE_31 = str(2**31)
MANY_DIGITS = "9" * 5000

NO_TEXT = "Some of the characters can't be kept. Type them again, or paste the text without formatting."
TOO_LONG = "Use at most %(longest)s characters. The text has %(length)s."


class Writer:
    """A moderator who reads one language, her partnership, and something that she wrote there."""

    def __init__(self, language: str, sign_in: SignIn) -> None:
        self.language = language
        self.membership = start_partnership("Rene bække", by=make_user("Mette Lindholm Krag", language=language))
        self.post = share(self.membership, "Det første", "Teksten som den var.")
        self.comment = comment(self.post, self.membership, "Kommentaren som den var.")
        self.home = self.membership.partnership.address
        self.posts = f"{self.home}posts"
        self.thread = f"{self.posts}/{self.post.number}/comments"
        self.browser = sign_in(self.membership.user)

    def says(self, answer: TestResponse, words: str, **values: Any) -> bool:
        """Whether an answer says `words` (in English, with `values`) in the language of the writer."""
        return self.words(words, **values) in Page(answer.text).text

    def words(self, words: str, **values: Any) -> str:
        with force_locale(self.language):
            numbers = {
                name: format_decimal(value) if isinstance(value, int) else value for name, value in values.items()
            }
            said = str(gettext(words, **numbers))
        assert self.language == "en" or said != words % values, f"{words!r} has no Danish"
        return said


@pytest.fixture(params=["da", "en"])
def writer(request: pytest.FixtureRequest, app: Workspace, sign_in: SignIn) -> Writer:
    return Writer(request.param, sign_in)


# Where the words don't matter, one language is enough.
in_english = pytest.mark.parametrize("writer", ["en"], indirect=True)


@pytest.fixture(params=[False, True], ids=["plain", "htmx"])
def htmx(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


# In both languages, plain and HTMX: make test takes two of the four ways, which have each of them once.
in_both_ways = pytest.mark.parametrize(
    ("writer", "htmx"),
    [
        pytest.param("da", False, id="plain-da"),
        pytest.param("en", True, id="htmx-en"),
        pytest.param("da", True, id="htmx-da", marks=pytest.mark.slow),
        pytest.param("en", False, id="plain-en", marks=pytest.mark.slow),
    ],
    indirect=True,
)


@pytest.fixture(autouse=True)
def _no_answer_shows_its_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is sent in these tests, no answer may look like a program."""
    opened = Client.open

    def look(self: Client, *args: Any, **options: Any) -> TestResponse:
        answer = opened(self, *args, **options)
        for sign in ("Traceback", "sqlalchemy", "psycopg", "sqlite3", "werkzeug", "SELECT "):
            assert sign not in answer.text
        return answer

    monkeypatch.setattr(Client, "open", look)


def number_of(model: type) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def kept_fields(answer: TestResponse, address: str) -> dict[str, str]:
    """The last form for `address` in an answer: what it would send."""
    html = answer.text
    start = html.rindex(f'action="{address}"')
    begin = html.rindex("<form", 0, start)
    return Page(html[begin : html.index("</form>", start) + len("</form>")]).form(address)


def lines(text: str) -> str:
    return text.replace("\r\n", "\n")


# Fields


WRITING = [
    ("title", "", "Write a heading.", {}),
    ("title", " \t ", "Write a heading.", {}),
    ("title", "æ" * 121, TOO_LONG, {"longest": 120, "length": 121}),
    ("title", "To\nlinjer", "Write this on one line.", {}),
    ("title", "Nul\0tegn", NO_TEXT, {}),
    ("body", "", "Write a text.", {}),
    ("body", "\r\n \r\n", "Write a text.", {}),
    ("body", "å" * 4001, TOO_LONG, {"longest": 4000, "length": 4001}),
    ("body", "Nul\0tegn", NO_TEXT, {}),
    ("body", "Escape \x1b[0m", NO_TEXT, {}),
    ("kind", "", "Choose whether it is progress or a challenge.", {}),
    ("kind", "nyhed", "Choose whether it is progress or a challenge.", {}),
]


def shown(value: str) -> str:
    """What a field can show of a value: HTML holds no control characters."""
    return "".join("\ufffd" if message in "\0\x1b" else message for message in value).strip()


@in_both_ways
@pytest.mark.parametrize(("field", "value", "words", "values"), WRITING)
@pytest.mark.either_database
def test_a_post_that_will_not_do_is_refused_at_the_field(
    field: str, value: str, words: str, values: dict[str, int], htmx: bool, writer: Writer
) -> None:
    answer = writer.browser.submit(writer.posts, POST | {field: value}, htmx=htmx)
    assert answer.status_code == 422
    assert writer.says(answer, words, **values)
    assert f'id="{field}-error"' in answer.text
    form = kept_fields(answer, writer.posts)
    for other in {"title", "body", "kind"} - {field}:
        assert lines(form[other]).strip() == POST[other], other
    if field != "kind":
        assert lines(form[field]).strip() == lines(shown(value)).strip()
    assert number_of(Post) == 1


@in_both_ways
@pytest.mark.parametrize(("field", "value", "words", "values"), [case for case in WRITING if case[0] != "kind"])
@pytest.mark.either_database
def test_an_edit_that_will_not_do_comes_back_with_what_was_typed(
    field: str, value: str, words: str, values: dict[str, int], htmx: bool, writer: Writer
) -> None:
    address = f"{writer.posts}/{writer.post.number}/edit"
    answer = writer.browser.submit(address, POST | {field: value, "version": "1"}, htmx=htmx)
    assert answer.status_code == 422
    assert writer.says(answer, words, **values)
    form = kept_fields(answer, address)
    assert form["version"] == "1"
    assert lines(form["body" if field == "title" else "title"]) == (BODY if field == "title" else TITLE)
    assert (writer.post.title, writer.post.version) == ("Det første", 1)


@in_both_ways
@pytest.mark.parametrize(
    ("value", "words", "values"),
    [
        ("", "Write a comment.", {}),
        ("\t\n", "Write a comment.", {}),
        ("ø" * 4001, TOO_LONG, {"longest": 4000, "length": 4001}),
        ("Nul\0tegn", NO_TEXT, {}),
    ],
)
@pytest.mark.parametrize("edits", [False, True], ids=["new", "edit"])
@pytest.mark.either_database
def test_a_comment_that_will_not_do_comes_back_with_what_was_typed(
    edits: bool, value: str, words: str, values: dict[str, int], htmx: bool, writer: Writer
) -> None:
    address = f"{writer.thread}/{writer.comment.number}/edit" if edits else writer.thread
    answer = writer.browser.submit(address, {"body": value, "version": "1"}, htmx=htmx)
    assert answer.status_code == 422
    assert writer.says(answer, words, **values)
    assert lines(kept_fields(answer, address)["body"]).strip() == shown(value)
    assert (number_of(Comment), writer.comment.body_text) == (1, "Kommentaren som den var.")


@pytest.mark.parametrize(
    ("field", "value", "words", "values"),
    [
        ("name", "", "Write what the partnership is called.", {}),
        ("name", "n" * 121, TOO_LONG, {"longest": 120, "length": 121}),
        ("name", "Nul\0tegn", NO_TEXT, {}),
        ("purpose", "", "Write what you want to achieve together.", {}),
        ("purpose", "ø" * 601, TOO_LONG, {"longest": 600, "length": 601}),
    ],
)
@pytest.mark.parametrize("edits", [False, True], ids=["new", "edit"])
@pytest.mark.either_database
def test_a_partnership_that_will_not_do_comes_back_with_what_was_typed(
    edits: bool, field: str, value: str, words: str, values: dict[str, int], writer: Writer
) -> None:
    address = f"{writer.home}edit" if edits else "/partnerships"
    typed = {"name": TITLE, "purpose": BODY, "goals": "13", "version": "1"}
    answer = writer.browser.submit(address, typed | {field: value})
    assert answer.status_code == 422
    assert writer.says(answer, words, **values)
    form = kept_fields(answer, address)
    other = "purpose" if field == "name" else "name"
    assert lines(form[other]) == typed[other]
    assert form["goals"] == "13"
    assert number_of(Partnership) == 1
    assert writer.membership.partnership.name == "Rene bække"


@in_both_ways
@pytest.mark.parametrize("text", ["Ring om 010190-1234.", "0101901234", "Om 010190 1234 her"])
@pytest.mark.parametrize("field", ["title", "body"])
@pytest.mark.either_database
def test_what_looks_like_a_cpr_number_is_asked_about_once(field: str, text: str, htmx: bool, writer: Writer) -> None:
    answer = writer.browser.submit(writer.posts, POST | {field: text}, htmx=htmx)
    assert answer.status_code == 422
    assert writer.says(answer, "This looks like a CPR number. Personal data does not belong here: take it out.")
    assert writer.says(answer, "It is not a CPR number: share it as it is")
    form = kept_fields(answer, writer.posts)
    assert form[field] == text
    assert "cpr_checked" not in form
    assert number_of(Post) == 1
    assert writer.browser.post(writer.posts, data=form | {"cpr_checked": "y"}).status_code == 303
    assert number_of(Post) == 2


@in_english
@pytest.mark.parametrize("text", ["Sag 123456789012", "Den 31.12.2026 kl. 10", "991390-1234", "CVR 12345678"])
@pytest.mark.either_database
def test_other_numbers_are_not_asked_about(text: str, writer: Writer) -> None:
    assert writer.browser.submit(writer.posts, POST | {"body": text}).status_code == 303


# Bytes


BROKEN = [b"Broken \xff here", b"\xc3", b"\xed\xa0\x80", b"a\x00b"]


@in_both_ways
@pytest.mark.parametrize("value", BROKEN)
@pytest.mark.either_database
def test_bytes_that_are_no_text_are_refused_at_the_field(value: bytes, htmx: bool, writer: Writer) -> None:
    token = writer.browser.token()
    sent = broken({"csrf_token": token, "kind": "progress", "title": TITLE, "body": value})
    answer = writer.browser.post(writer.posts, **sent, htmx=htmx)
    assert answer.status_code == 422
    assert writer.says(answer, NO_TEXT)
    assert kept_fields(answer, writer.posts)["title"] == TITLE
    assert number_of(Post) == 1


@in_both_ways
@pytest.mark.parametrize("value", BROKEN)
@pytest.mark.either_database
def test_a_form_that_is_not_text_at_all_is_not_understood(value: bytes, htmx: bool, writer: Writer) -> None:
    answer = writer.browser.post(
        writer.posts,
        data=b"title=" + value + b"&body=" + value,
        content_type="application/x-www-form-urlencoded",
        htmx=htmx,
    )
    assert answer.status_code == 400
    assert writer.says(answer, "What you typed is here. Send it again.")
    assert number_of(Post) == 1


@in_both_ways
@pytest.mark.parametrize("body", [b"", b"{", b"--x", b"\xff\xfe" * 50])
@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/json", "multipart/form-data", "multipart/form-data; boundary=x"]
)
@pytest.mark.either_database
def test_a_body_of_another_kind_is_not_understood(kind: str, body: bytes, htmx: bool, writer: Writer) -> None:
    answer = writer.browser.post(writer.posts, data=body, content_type=kind, htmx=htmx)
    assert answer.status_code == 400
    assert writer.says(answer, "The page had been open for too long")


@in_both_ways
@pytest.mark.parametrize("as_file", [False, True])
@pytest.mark.parametrize("signed_in", [False, True])
@pytest.mark.either_database
def test_five_megabytes_are_too_much(
    signed_in: bool, as_file: bool, htmx: bool, writer: Writer, client: Client
) -> None:
    fields: dict[str, str | bytes] = {"body": "x" * 5_000_000}
    huge = broken(fields) if as_file else {"data": fields}
    browser = writer.browser if signed_in else client
    answer = browser.post(writer.posts, **huge, htmx=htmx)
    if signed_in:
        assert answer.status_code == 413
        assert writer.says(answer, "Go back: what you typed is still there. Shorten it, and send it again.")
    else:
        assert answer.status_code in (204, 303)
    assert number_of(Post) == 1


@in_english
def test_the_longest_post_that_may_be_shared_is_not_too_much(writer: Writer) -> None:
    longest = {"kind": "progress", "title": "å" * 120, "body": ("æ\U0001f600" * 2000)}
    assert writer.browser.submit(writer.posts, longest).status_code == 303
    found = db.session.scalars(select(Post).order_by(Post.number.desc())).first()
    assert found is not None
    assert (found.title, found.body_text) == (longest["title"], longest["body"])


@in_english
def test_line_breaks_count_once_however_they_are_sent(writer: Writer) -> None:
    longest = "\r\n".join(["x"] * 2000)
    assert writer.browser.submit(writer.posts, POST | {"body": longest}).status_code == 303


@in_english
def test_a_thousand_fields_more_than_any_form_has_are_too_much(writer: Writer) -> None:
    fields = broken({f"field{number}": "x" for number in range(1100)})
    assert writer.browser.post(writer.posts, **fields).status_code == 413


@in_english
def test_what_is_handed_back_is_html_whatever_was_sent(writer: Writer) -> None:
    answer = writer.browser.post(writer.posts, data=POST | {"body": "Nul\0 og \x1b", "csrf_token": "forged"})
    assert answer.status_code == 400
    assert kept_fields(answer, writer.posts)["title"] == TITLE


# Numbers


NUMBERS = ["abc", "", "-1", "1.5", "1e3", TWO_TO_THE_31, str(2**63), MANY_DIGITS, "٣", "1 ", "0x1", "1;DROP"]


@in_both_ways
@pytest.mark.parametrize("number", ["abc", "", "-1", "0", TWO_TO_THE_31, MANY_DIGITS])
def test_a_version_that_is_none_counts_as_a_stale_one(number: str, htmx: bool, writer: Writer) -> None:
    for address, typed, words in (
        (f"{writer.posts}/{writer.post.number}/edit", {"title": TITLE, "body": BODY}, "The text has been changed"),
        (f"{writer.thread}/{writer.comment.number}/edit", {"body": BODY}, "The text has been changed"),
        (f"{writer.home}edit", {"name": TITLE, "purpose": BODY}, "Somebody else has changed the partnership"),
    ):
        answer = writer.browser.submit(address, typed | {"version": number}, htmx=htmx)
        assert answer.status_code == 409, address
        assert writer.says(answer, f"{words} in the meantime"), address
        form = kept_fields(answer, address)
        assert {name: lines(form[name]) for name in typed} == typed
        assert form["version"] == "1"
    assert (writer.post.version, writer.comment.version, writer.membership.partnership.version) == (1, 1, 1)


@in_english
@pytest.mark.parametrize("number", NUMBERS)
def test_numbers_of_forms_that_are_none_change_nothing_and_are_no_error(number: str, writer: Writer) -> None:
    before = number_of(Entry)
    for address, fields, statuses in (
        (f"{writer.home}seen", {"number": number}, {303}),
        (f"{writer.home}seen", {"number": "1", "post": number}, {303}),
        ("/seen", {"seen": f"{number}:1,1:{number},{number}"}, {303}),
        (f"{writer.home}members", {"user_id": number, "level": "observer"}, {409, 303}),
        (f"{writer.home}edit", {"goals": number, "name": "x", "purpose": "y", "version": "1"}, {422}),
        ("/partnerships", {"add": number}, {200}),
        ("/partnerships", {"remove": number}, {200}),
        ("/partnerships", {f"side-{number}": "company", "find": "1"}, {200}),
        ("/partnerships", {"goals": number}, {422}),
    ):
        assert writer.browser.submit(address, fields).status_code in statuses, (address, fields)
    assert number_of(Entry) == before


@in_english
@pytest.mark.parametrize("number", NUMBERS)
def test_numbers_in_an_address_that_are_none_are_not_found_or_ignored(number: str, htmx: bool, writer: Writer) -> None:
    browser = writer.browser
    if number not in ("", "٣", "1 "):
        assert browser.get(f"{writer.posts}/{number}", htmx=htmx).status_code == 404
        assert browser.get(f"{writer.thread}/{number}", htmx=htmx).status_code == 404
        assert browser.submit(f"{writer.posts}/{number}/pinning", htmx=htmx).status_code == 404
        assert browser.submit(f"/settings/sessions/{number}/ending", htmx=htmx).status_code == 404
    for address in (
        f"{writer.home}?before=",
        f"{writer.home}?kind=challenge&before=",
        f"{writer.home}?kind=",
        f"{writer.posts}/{writer.post.number}?before=",
        f"{writer.home}about?before=",
        f"{writer.home}about?after=",
        f"{writer.home}people?q=",
        "/partnerships?before=",
        "/?before=",
        f"/?before={number}.1.",
        f"/?before=1774343640000000.{number}.",
        f"/partnerships?before={number}.",
        "/partnerships?before=99999999999999999.",
    ):
        assert browser.get(f"{address}{number}", htmx=htmx).status_code == 200, address


@in_both_ways
@pytest.mark.parametrize(
    "path",
    [
        "/%00",
        "/partnerships/%00/",
        "/partnerships/rene-baekke%00/",
        "/partnerships/rene-baekke/posts/1%00",
        "/partnerships/%ff%fe/",
        "/partnerships/RENE-BAEKKE/",
        "/partnerships/rene--baekke/",
        "/partnerships/..%2f..%2fetc%2fpasswd",
        "/partnerships/' OR 1=1 --/",
        "/partnerships/" + "a" * 3000 + "/",
        "/static/../workspace/config.py",
        "/static/%2e%2e/workspace/config.py",
        "/favicon.ico",
        "/findes-ikke",
    ],
)
@pytest.mark.either_database
def test_addresses_that_are_none_are_not_found(path: str, htmx: bool, writer: Writer) -> None:
    answer = writer.browser.get(path, htmx=htmx)
    assert answer.status_code == 404
    words = (
        "It is no longer here, or it is only for the members of a partnership that you are not in."
        if htmx
        else "The link may be out of date, or the page is only for the members of a partnership that you are not in."
    )
    assert writer.says(answer, words)


@in_english
@pytest.mark.parametrize("query", ["%00", "%ff%fe", "%F0%9F%98%80", "a%00b", "%", "%25_", "x" * 5000, "'", "\\"])
def test_odd_words_in_an_address_are_no_error(query: str, htmx: bool, writer: Writer) -> None:
    for address in (
        f"{writer.home}?before={query}&kind={query}",
        f"{writer.home}people?q={query}",
        f"{writer.home}about?before={query}&after={query}",
        f"/?before={query}&language={query}",
        f"/partnerships?before={query}",
        f"/settings?{query}={query}",
    ):
        assert writer.browser.get(address, htmx=htmx).status_code == 200, address
    found = writer.browser.submit("/partnerships", {"find": "1", "q": query}, htmx=htmx)
    assert found.status_code == 200


@in_english
@pytest.mark.parametrize("next_page", ["//[", "http://[::1", "%00", "//evil.example", "/\\evil.example", "\u2028/x"])
@pytest.mark.either_database
def test_an_odd_place_to_go_is_no_error(next_page: str, client: Client, writer: Writer) -> None:
    assert client.get("/sign-in", query_string={"next": next_page}).status_code == 200
    assert (
        client.post(
            "/seen", data={"x": "y"}, htmx=True, headers={"HX-Current-URL": next_page.encode().decode("latin-1")}
        ).status_code
        == 204
    )
    assert writer.browser.get("/sign-in", query_string={"next": next_page}).location == "/"


# What is another's


@pytest.fixture
def stranger(app: Workspace) -> Membership:
    """Somebody in another partnership, with a post and a comment there."""
    other = start_partnership("Hemmeligt projekt", by=make_user("Hemmelig Hansen", make_organisation("Hemmelig A/S")))
    for number in range(6):
        share(other, f"Hemmelig sag {number}")
    return other


def test_nobody_outside_the_organisations_is_added_or_named(stranger: Membership, writer: Writer) -> None:
    deactivated = make_user("Tidligere Person", writer.membership.organisation, deactivated_at=clock.now())
    answers = set()
    for user_id in (stranger.user_id, deactivated.id, 99_999):
        answer = writer.browser.submit(f"{writer.home}members", {"user_id": str(user_id), "level": "observer"})
        assert answer.status_code == 409
        assert writer.says(answer, "Something has changed")
        for secret in ("Hemmelig", "Tidligere"):
            assert secret not in answer.text
        answers.add(Page(answer.text).root.find(".//h1/../p").text)  # type: ignore[union-attr]
    assert len(answers) == 1, f"The answers tell who has an account: {answers}"
    assert number_of(Membership) == 2


@in_both_ways
def test_nobody_outside_the_organisations_is_found(stranger: Membership, htmx: bool, writer: Writer) -> None:
    for words in ("Hemmelig", "Hansen", "h", "%", "_"):
        found = writer.browser.get(f"{writer.home}people", query_string={"q": words}, htmx=htmx)
        assert "Hansen" not in Page(found.text).text.replace(f"»{words}«", "").replace(f"‘{words}’", "")


@in_english
@pytest.mark.parametrize("level", ["administrator", "", "MODERATOR", "0"])
def test_a_level_that_is_none_adds_nobody(level: str, writer: Writer) -> None:
    person = make_user("Ny Person", writer.membership.organisation)
    answer = writer.browser.submit(f"{writer.home}members", {"user_id": str(person.id), "level": level})
    assert answer.status_code == 409
    assert number_of(Membership) == 1


@in_english
def test_a_post_of_another_partnership_is_neither_read_nor_changed(stranger: Membership, writer: Writer) -> None:
    there = db.session.scalars(select(Post).where(Post.partnership_id == stranger.partnership_id)).all()
    foreign = {post.number for post in there} - {writer.post.number}
    before = number_of(Entry)
    for number in foreign:
        for ending in ("", "/edit", "/withdrawal"):
            assert writer.browser.get(f"{writer.posts}/{number}{ending}").status_code == 404
        for ending in ("/edit", "/withdrawal", "/pinning", "/unpinning", "/comments"):
            sent = writer.browser.submit(f"{writer.posts}/{number}{ending}", POST | {"version": "1", "reason": "x"})
            assert sent.status_code == 404
    assert number_of(Entry) == before


@in_english
def test_marking_as_read_touches_only_ones_own_memberships(stranger: Membership, writer: Writer) -> None:
    colleague = add_member(writer.membership, level=Level.OBSERVER)
    seen = (stranger.seen_number, colleague.seen_number)
    places = ",".join(f"{partnership}:999" for partnership in (stranger.partnership_id, writer.post.partnership_id))
    assert writer.browser.submit("/seen", {"seen": places}).status_code == 303
    assert (stranger.seen_number, colleague.seen_number) == seen
    assert writer.membership.seen_number == writer.membership.partnership.last_number


@in_english
def test_organisations_that_do_not_exist_take_no_part(writer: Writer) -> None:
    fields = {"name": "Ny", "purpose": "Formål", "side-99999": "company", "side-1": "nonsense", "side-x": "company"}
    assert writer.browser.submit("/partnerships", fields).status_code == 303
    assert number_of(Partnership) == 2


@in_english
@pytest.mark.parametrize("stage", ["", "archived", "IDEA", "6", "trial\0"])
def test_a_stage_that_is_none_changes_nothing(stage: str, writer: Writer) -> None:
    answer = writer.browser.submit(f"{writer.home}stage", {"stage": stage})
    assert answer.status_code in (303, 409, 422)
    assert writer.membership.partnership.stage is Stage.IDEA


# Twice


@in_english
@pytest.mark.parametrize("key", ["same", "none", "nonsense"])
def test_a_double_press_makes_one_post(key: str, htmx: bool, writer: Writer) -> None:
    fields = POST | {"same": {"one_time_key": str(uuid4())}, "none": {}, "nonsense": {"one_time_key": "1" * 500}}[key]
    first, second = (writer.browser.submit(writer.posts, fields, htmx=htmx) for _ in range(2))
    assert first.status_code == second.status_code == (200 if htmx else 303)
    if key == "same":
        assert number_of(Post) == 2
        assert first.location == second.location
        assert first.headers.get("HX-Trigger-After-Settle") == second.headers.get("HX-Trigger-After-Settle")
    else:
        assert number_of(Post) == 3


@in_english
def test_a_double_press_makes_one_comment(htmx: bool, writer: Writer) -> None:
    fields = {"body": BODY, "one_time_key": str(uuid4())}
    first, second = (writer.browser.submit(writer.thread, fields, htmx=htmx) for _ in range(2))
    assert first.status_code == second.status_code == (200 if htmx else 303)
    assert first.location == second.location
    assert (number_of(Comment), writer.post.comment_count) == (2, 2)


@in_english
def test_a_double_press_starts_one_partnership(writer: Writer) -> None:
    fields = {"name": "Ny", "purpose": "Formål", "one_time_key": str(uuid4())}
    first, second = (writer.browser.submit("/partnerships", fields) for _ in range(2))
    assert (first.status_code, first.location) == (second.status_code, second.location) == (303, "/partnerships/ny/")
    assert number_of(Partnership) == 2


@in_english
def test_one_key_serves_each_person_and_each_place_once(writer: Writer, sign_in: SignIn) -> None:
    colleague = sign_in(add_member(writer.membership).user)
    fields = POST | {"one_time_key": str(uuid4())}
    assert writer.browser.submit(writer.posts, fields).location != colleague.submit(writer.posts, fields).location
    assert number_of(Post) == 3


# Over night


def test_a_plain_form_left_open_over_night_comes_back_after_signing_in(writer: Writer) -> None:
    browser = writer.browser
    form = browser.page(writer.home).form(writer.posts)
    with time_machine.travel(clock.now() + timedelta(hours=9), tick=True):
        headers = {"Accept-Language": writer.language}
        answer = browser.post(writer.posts, data=form | POST, headers=headers)
        assert answer.status_code == 401
        assert writer.says(
            answer,
            "You had been signed out in the meantime. What you typed is kept, and comes back when you have signed in.",
        )
        wrong = browser.post("/sign-in", data=Page(answer.text).form("/sign-in") | credentials(writer, "forkert"))
        assert wrong.status_code == 422
        back = browser.post("/sign-in", data=Page(wrong.text).form("/sign-in") | credentials(writer))
        assert back.status_code == 200
        assert writer.says(back, "What you typed has not been sent yet.")
        assert number_of(Post) == 1
        offered = kept_fields(back, writer.posts)
        assert {name: lines(offered[name]) for name in POST} == POST
        sent = browser.post(writer.posts, data=offered)
        assert sent.status_code == 303
        assert TITLE in browser.page(sent.location).text
        assert browser.post(writer.posts, data=offered).location == sent.location
        assert number_of(Post) == 2


def credentials(writer: Writer, password: str = PASSWORD) -> dict[str, str]:
    return {"email": writer.membership.user.email, "password": password}


def test_a_script_is_sent_to_sign_in_and_back(writer: Writer) -> None:
    with time_machine.travel(clock.now() + timedelta(hours=9), tick=True):
        current = {"HX-Current-URL": f"http://localhost{writer.home}?kind=challenge"}
        answer = writer.browser.post(writer.posts, data=POST, htmx=True, headers=current)
        assert (answer.status_code, answer.data) == (204, b"")
        form = writer.browser.page(answer.headers["HX-Redirect"]).form("/sign-in")
        back = writer.browser.post("/sign-in", data=form | credentials(writer))
        assert (back.status_code, back.location) == (303, f"{writer.home}?kind=challenge")
    assert number_of(Post) == 1


@in_english
def test_whoever_has_been_let_out_over_night_does_not_get_the_text_in(writer: Writer) -> None:
    colleague = add_member(writer.membership)
    with time_machine.travel(clock.now() + timedelta(hours=9), tick=True):
        answer = writer.browser.post(writer.posts, data=POST)
        membership_of(writer.membership.partnership, writer.membership.user).state = MembershipState.ENDED
        form = Page(answer.text).form("/sign-in") | credentials(writer)
        offered = writer.browser.post("/sign-in", data=form)
        assert writer.browser.post(writer.posts, data=kept_fields(offered, writer.posts)).status_code == 404
    assert colleague.is_active


# Busy


@pytest.fixture
def impatient(app: Workspace, settings: Settings) -> Iterator[Workspace]:
    """The app on the same database, but waiting for locks for a moment only."""
    made = create_app(replace(settings, busy_timeout=0.2))
    made.test_client_class = Client
    yield made
    with made.app_context():
        db.engine.dispose()


@contextmanager
def locked(app: Workspace, partnership: Partnership) -> Iterator[None]:
    """Somebody else holds the database (SQLite), or the partnership's row (PostgreSQL)."""
    number = partnership.id
    db.session.commit()
    if KIND == "postgresql":
        with db.engine.connect() as other:
            other.exec_driver_sql(f"SELECT 1 FROM partnership WHERE id = {number} FOR UPDATE")
            yield
    else:
        path = make_url(app.settings.database_url).database or ""
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield


@in_both_ways
def test_a_locked_database_is_busy_and_keeps_what_was_typed(impatient: Workspace, htmx: bool, writer: Writer) -> None:
    browser = cast(Client, impatient.test_client())
    with writer.browser.session_transaction() as cookie, browser.session_transaction() as own:
        own.update(cookie)
    token = browser.token()
    post, remark = f"{writer.posts}/{writer.post.number}", f"{writer.thread}/{writer.comment.number}"
    cases: list[tuple[str, dict[str, str]]] = [
        (writer.posts, POST),
        (f"{post}/edit", {"title": TITLE, "body": BODY, "version": "1"}),
        (f"{post}/withdrawal", {"reason": BODY}),
        (f"{post}/pinning", {}),
        (writer.thread, {"body": BODY}),
        (f"{remark}/edit", {"body": BODY, "version": "1"}),
        (f"{remark}/withdrawal", {"reason": BODY}),
        (f"{writer.home}edit", {"name": TITLE, "purpose": BODY, "version": "1"}),
        (f"{writer.home}stage", {"stage": "trial"}),
        (f"{writer.home}archiving", {}),
    ]
    before = number_of(Entry)
    with locked(impatient, writer.membership.partnership):
        assert browser.get(writer.home, htmx=htmx).status_code == 200
        for address, fields in cases:  # A POST by a plain form has text to keep, one by a button has none.
            answer = browser.post(address, data=fields | {"csrf_token": token}, htmx=htmx)
            assert answer.status_code == 503, address
            assert answer.headers["Retry-After"] == "5"
            assert writer.says(answer, "Nothing was saved. Try again in a moment."), address
            if fields and not htmx:
                kept = kept_fields(answer, address)
                assert {name: lines(kept[name]) for name in fields} == fields
    assert number_of(Entry) == before
    offered = writer.browser.submit(writer.posts, POST)
    assert offered.status_code == 303


@pytest.mark.skipif(KIND != "sqlite", reason="On PostgreSQL a partnership's lock does not hold up signing in.")
def test_signing_in_while_the_database_is_locked(impatient: Workspace, writer: Writer) -> None:
    browser = cast(Client, impatient.test_client())
    form = browser.page("/sign-in").form("/sign-in") | credentials(writer)
    with locked(impatient, writer.membership.partnership):
        answer = browser.post("/sign-in", data=form, headers={"Accept-Language": writer.language})
    assert answer.status_code == 503
    assert PASSWORD not in answer.text
    assert browser.post("/sign-in", data=form).status_code == 303


@in_english
def test_noting_the_last_use_waits_for_nobody_for_long_and_costs_no_page(impatient: Workspace, writer: Writer) -> None:
    browser = cast(Client, impatient.test_client())
    with writer.browser.session_transaction() as cookie, browser.session_transaction() as own:
        own.update(cookie)
    with (
        time_machine.travel(clock.now() + timedelta(hours=2), tick=True),
        locked(impatient, writer.membership.partnership),
    ):
        assert browser.get(writer.home).status_code == 200


# Headers


@pytest.mark.parametrize(
    ("wanted", "language"),
    [
        ("", "da"),
        ("*", "da"),
        ("xx-YY", "da"),
        ("en", "en"),
        ("en-GB,en;q=0.9,da;q=0.1", "en"),
        ("de;q=0.9, da;q=0.2, en;q=abc", "da"),
        ("da-DK", "da"),
        (";;;,,,q=", "da"),
        ("en;q=" + "9" * 500, "da"),
        ("x" * 8000, "da"),
        ("../../etc/passwd", "da"),
    ],
)
@pytest.mark.either_database
def test_an_odd_wish_for_a_language_is_no_error(wanted: str, language: str, client: Client) -> None:
    assert client.page("/sign-in", headers={"Accept-Language": wanted}).root.get("lang") == language


@pytest.mark.parametrize("host", ["evil.example", "localhost:99999", "127.0.0.1.evil.example", "", "a b", "[::2]"])
@pytest.mark.either_database
def test_the_demo_answers_to_no_other_name(host: str, settings: Settings, app: Workspace) -> None:
    demo = create_app(replace(settings, demo=True))
    demo.test_client_class = Client
    answer = demo.test_client().get("/sign-in", headers={"Host": host})
    with demo.app_context():
        db.engine.dispose()
    if host == "localhost:99999":
        assert answer.status_code in (200, 400)
    else:
        assert answer.status_code == 400
        assert "evil" not in answer.text


@pytest.mark.parametrize("host", ["evil.example", '"><script>', ""])
@pytest.mark.either_database
def test_no_page_repeats_the_name_that_it_was_asked_under(host: str, client: Client) -> None:
    answer = client.get("/settings", headers={"Host": host})
    assert "evil" not in answer.text + str(answer.headers)
    assert "<script>" not in answer.text
