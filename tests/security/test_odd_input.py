"""Every address, form and query with what nobody types by hand: no answer is a 500.

What to send is found in the map of addresses, in the forms of the pages, and in the names that the code looks for.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextvars import copy_context
from io import BytesIO
from pathlib import Path
from threading import Barrier
from typing import Any
from urllib.parse import quote_from_bytes, urljoin, urlsplit
from xml.etree.ElementTree import Element

import pytest
from sqlalchemy import func, select
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from tests.client import Client
from tests.database_snapshot import DatabaseSnapshot
from tests.databases import KIND
from tests.factories import PASSWORD, make_user
from tests.pages import Page, _fields
from tests.test_routes import GETS, ROUTES, Route, SignIn, World, made, world
from workspace import Workspace
from workspace.accounts import passwords
from workspace.accounts.models import User
from workspace.config import ROOT
from workspace.db import db
from workspace.members.invitations import service as invitations_service

__all__ = ["made", "world"]  # fixtures

# Digits of other scripts, what is a digit to some functions and to others not, and what is not text at all.
ODD = {
    "Arabic digits": "٣٤".encode(),
    "full-width digits": "１２".encode(),
    "superscript": "²".encode(),
    "NUL": b"a\0b",
    "lone surrogate": b"\xed\xa0\x80",
    "broken UTF-8": b"\xff\xfe",
    "huge number": b"9" * 30,
    "negative": b"-1",
    "fraction": b"1.5e400",
    "pairs": "٣:４,1:2:3,:,.²".encode(),
    "JSON": b'{"a": [null]}',
    "line breaks": b"a\r\nb\x85\xe2\x80\xa8c",
    "empty": b"",
}
VALUES = list(ODD.values())
LOOKED_FOR = re.compile(r"""(?:args|form|values)(?:\.get|\.getlist)?[(\[]\s*["'](\w+)["']""")
# The moderator has most forms.
PEOPLE = ("moderator", *(pytest.param(name, marks=pytest.mark.slow) for name in ("anonymous", "administrator")))
FORM = "application/x-www-form-urlencoded"


def on_postgresql(test: Callable[..., None]) -> Callable[..., None]:
    """`make test` sends all of it to PostgreSQL only, which takes less: no NUL, and no number beyond its column."""
    return pytest.mark.slow(test) if KIND == "sqlite" else test


# Each address gets each of them in one of the parts, of which `make test` takes the first.
PARTS = 4
in_parts = pytest.mark.parametrize(
    "part", [0, *(pytest.param(number, marks=pytest.mark.slow) for number in range(1, PARTS))]
)


def names_in_code() -> set[str]:
    """The names that our code looks for in queries and forms."""
    return {name for path in Path(ROOT, "workspace").rglob("*.py") for name in LOOKED_FOR.findall(path.read_text())}


def forms_of(app: Workspace, address: str, html: str) -> Iterator[tuple[str, str, dict[str, str]]]:
    """The method, the rule that it goes to, and the fields of each form of a page."""
    urls = app.url_map.bind("localhost")
    for form in Page(html).root.iter("form"):
        method = form.get("method", "get").upper()
        targets = [form.get("action", address), *(button.get("formaction", "") for button in buttons(form))]
        for target in filter(None, targets):
            try:
                rule, _values = urls.match(urlsplit(urljoin(address, target)).path, method, return_rule=True)
            except HTTPException:
                continue
            named = {str(field.get("name")): "1" for field in form.iter() if field.get("name")}
            yield method, rule.rule, named | _fields(form)


def buttons(form: Element) -> Iterator[Element]:
    return form.iter("button")


class Sender:
    """The browser of one of PEOPLE, which sends anything, and notes what was answered with a 500."""

    def __init__(self, app: Workspace, world: World, name: str) -> None:
        self.app, self.world, self.name = app, world, name
        self.failed: list[str] = []
        self._sign_in()

    def _sign_in(self) -> None:
        self.browser = self.world.browser(self.name)
        self.token = self.browser.token()
        cookie = self.browser.get_cookie("samspil")
        self.cookie = cookie.value if cookie else ""

    def address(self, rule: str) -> str:
        found = self.world.address(rule, self.name)
        db.session.commit()  # Reading it may hold a lock.
        return found

    def get(self, address: str, what: str, **options: Any) -> TestResponse:
        return self._send(what, address, method="GET", **options)

    def post(self, address: str, what: str, fields: dict[str, bytes], **options: Any) -> TestResponse:
        given = {"data": encoded(fields | {"csrf_token": self.token.encode()}), "content_type": FORM} | options
        return self._send(what, address, method="POST", **given)

    def _send(self, what: str, address: str, **options: Any) -> TestResponse:
        self.browser.set_cookie("samspil", self.cookie)
        answer: TestResponse = copy_context().run(self.browser._open, address, **options)
        if answer.status_code == 500:
            self.failed.append(f"{self.name}: {options['method']} {address[:100]}: {what}")
        answer.close()
        return answer


def encoded(fields: dict[str, bytes]) -> bytes:
    return b"&".join(f"{name}={quote_from_bytes(value)}".encode() for name, value in fields.items())


def harvest(app: Workspace, sender: Sender) -> dict[tuple[str, str], dict[str, str]]:
    """The fields of each method and rule, as the pages that this person may see have them."""
    found: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for route in GETS:
        if route.rule == "/live":
            continue
        address = sender.address(route.rule)
        answer = sender.get(address, "as it is")
        if answer.status_code == 200 and answer.mimetype == "text/html":
            for method, rule, fields in forms_of(app, address, answer.text):
                found[method, rule] |= fields
    assert len(found) >= {"anonymous": 4, "administrator": 15}.get(sender.name, 40), sorted(found)
    return found


@pytest.fixture(params=PEOPLE)
def sender(request: pytest.FixtureRequest, app: Workspace, world: World) -> Sender:
    return Sender(app, world, request.param)


def let_in(name: str) -> list[Route]:
    """The routes at which one of PEOPLE comes past the door."""
    who = {"anonymous": ("public", "by_its_address"), "moderator": ("public", "signed_in", "members", "by_its_address")}
    return [route for route in ROUTES if route.who in who.get(name, ("administrators", "signed_in"))]


@on_postgresql
@in_parts
def test_no_odd_field_of_any_form_is_a_500(part: int, app: Workspace, sender: Sender, tmp_path: Path) -> None:
    forms = harvest(app, sender)
    code = dict.fromkeys(names_in_code(), "1")
    routes = [route for route in let_in(sender.name) if route.method == "POST"]
    with DatabaseSnapshot(tmp_path).watched() as kept:
        for place, route in enumerate(routes):
            address = sender.address(route.rule)
            usual = {name: value.encode() for name, value in (forms.get(("POST", route.rule)) or code).items()}
            for first in range(0, len(ODD), 3)[(place + part) % PARTS :: PARTS]:
                mixed = {name: VALUES[(first + number) % len(ODD)] for number, name in enumerate(usual)}
                sender.post(address, f"mixed from {first}", mixed)
                kept.bring_back()
    assert not sender.failed, "\n".join(sender.failed)


@pytest.mark.slow
def test_no_odd_field_beside_usual_ones_is_a_500(app: Workspace, sender: Sender, tmp_path: Path) -> None:
    forms = harvest(app, sender)
    with DatabaseSnapshot(tmp_path).watched() as kept:
        for (method, rule), fields in forms.items():
            if method != "POST" or rule == "/sign-out":
                continue
            address = sender.address(rule)
            usual = {name: value.encode() for name, value in fields.items()}
            for name in usual:
                for what, value in ODD.items():
                    sender.post(address, f"{name} {what}", usual | {name: value})
                    kept.bring_back()
    assert not sender.failed, "\n".join(sender.failed)


@on_postgresql
@in_parts
def test_no_odd_query_or_address_is_a_500(part: int, app: Workspace, sender: Sender) -> None:
    forms = harvest(app, sender)
    names = names_in_code() | {name for (method, _rule), fields in forms.items() for name in fields if method == "GET"}
    routes = [route for route in let_in(sender.name) if route.method == "GET" and route.rule != "/live"]
    for place, route in enumerate(routes):
        address = sender.address(route.rule)
        for number, (what, value) in list(enumerate(ODD.items()))[(place + part) % PARTS :: PARTS]:
            query = encoded(dict.fromkeys(names, value)).decode()
            headers = {"HX-Request": "true"} if number % 2 else {}
            sender.get(address, f"all {what}", query_string=query, headers=headers)
            odd = re.sub(r"<[^>]+>", quote_from_bytes(value) or "%20", route.rule)
            if odd != route.rule:
                sender.get(odd, f"address of {what}")
    assert not sender.failed, "\n".join(sender.failed)


@on_postgresql
@in_parts
def test_no_form_of_a_wrong_shape_is_a_500(part: int, app: Workspace, sender: Sender, tmp_path: Path) -> None:
    forms = {rule: fields for (method, rule), fields in harvest(app, sender).items() if method == "POST"}
    with DatabaseSnapshot(tmp_path).watched() as kept:
        for place, (rule, fields) in enumerate(forms.items()):
            address, token = sender.address(rule), sender.token
            twice = encoded(dict.fromkeys(fields, b"1"))
            files = {name: (BytesIO(b"a\0b"), "٣\0.txt") for name in fields} | {"csrf_token": token}
            json = b"{" + b",".join(b'"%s": [1]' % name.encode() for name in fields) + b"}"
            shapes: list[tuple[str, Any, str]] = [
                ("no field", f"csrf_token={token}".encode(), FORM),
                ("twice each", twice + b"&" + twice + f"&csrf_token={token}".encode(), FORM),
                ("10,000 fields", encoded(dict.fromkeys((f"a{number}" for number in range(10_000)), b"")), FORM),
                ("files", files, "multipart/form-data"),
                ("JSON", json, "application/json"),
                ("JSON that is no object", b"[1]", "application/json"),
                ("no boundary", b"--x", "multipart/form-data"),
                ("half a part", b"--x\r\nContent-Disposition: form-data; name=", "multipart/form-data; boundary=x"),
                ("odd charset", b"a=%FF", f"{FORM}; charset=utf-99"),
                ("no form at all", b"\xff\0" * 50, FORM),
            ]
            for what, body, kind in shapes[(place + part) % PARTS :: PARTS]:
                headers = {"X-CSRFToken": token}
                sender.post(address, what, {}, data=body, content_type=kind, headers=headers)
            kept.bring_back()
    assert not sender.failed, "\n".join(sender.failed)


@pytest.mark.either_database
@in_parts
def test_no_odd_header_or_cookie_is_a_500(part: int, app: Workspace, world: World) -> None:
    sender = Sender(app, world, "moderator")
    for odd, value in list(ODD.items())[part::PARTS]:
        send_in_headers(sender, odd, value.decode("latin-1").replace("\r\n", ""))
    assert not sender.failed, "\n".join(sender.failed)


def send_in_headers(sender: Sender, odd: str, value: str) -> None:
    names = ("Accept-Language", "Accept", "HX-Current-URL", "HX-Target", "User-Agent", "Referer", "Origin", "Range")
    names += ("If-None-Match", "If-Modified-Since", "Sec-Fetch-Site", "X-Forwarded-For", "Last-Event-ID")
    for address in ("/", "/sign-in", "/live/numbers", sender.address("/partnerships/<slug:slug>/")):
        for name in names:
            sender.get(address, f"{name} {odd}", headers={name: value, "HX-Request": "true"})
    for cookie in ("samspil", "samspil_remember", "samspil_browser"):
        sender.browser.set_cookie(cookie, value)
        assert copy_context().run(sender.browser._open, "/sign-in").status_code == 200
        sender.browser.delete_cookie(cookie)


@pytest.mark.parametrize("script", ["٠١٢٣٤٥٦٧٨٩", "０１２３４５６７８９"])
def test_a_code_in_the_digits_of_another_script_is_a_code(
    script: str, client: Client, delivered: Callable[[], list[Any]]
) -> None:
    make_user(email="mette@gladsaxe.example", language="en")
    client.submit("/sign-in/code", {"email": "mette@gladsaxe.example"})
    [code] = re.findall(r"\d{3} \d{3}", str(delivered()[0]["Subject"]))
    wrong = client.submit("/sign-in/code/answer", {"code": "١٢٣²"})
    assert wrong.status_code == 422
    typed = code.translate(str.maketrans("0123456789", script))
    assert client.submit("/sign-in/code/answer", {"code": typed}).status_code == 303


# At the same moment


@pytest.fixture
def together(monkeypatch: pytest.MonkeyPatch) -> Callable[[list[Callable[[], TestResponse]]], list[TestResponse]]:
    """What does two things at once: each has looked, and hashed its password, before either writes."""
    meeting, hashed = Barrier(2), passwords.hashed

    def wait(password: str) -> str:
        made = hashed(password)
        meeting.wait(20)
        return made

    monkeypatch.setattr(passwords, "hashed", wait)

    def run(things: list[Callable[[], TestResponse]]) -> list[TestResponse]:
        from concurrent.futures import ThreadPoolExecutor

        db.session.commit()
        with ThreadPoolExecutor(2) as threads:
            return list(threads.map(lambda thing: thing(), things))

    return run


def test_an_invitation_accepted_twice_at_once_makes_one_account(
    app: Workspace, world: World, together: Callable[..., list[TestResponse]]
) -> None:
    address = f"/invitations/{invitations_service.token(world.invitation)}"
    fields = {"name": "Ny Person", "password": "gynge saddel torden"}

    def accept(browser: Client) -> Callable[[], TestResponse]:
        given = fields | {"csrf_token": browser.token()}
        return lambda: browser._open(address, method="POST", data=given, headers={"Accept-Language": "en"})

    answers = together([accept(world.browser("anonymous")) for _each in range(2)])
    assert sorted(answer.status_code for answer in answers) == [303, 409]
    [refused] = [answer for answer in answers if answer.status_code == 409]
    assert "Something has changed" in refused.text
    assert "gynge" not in refused.text
    count = select(func.count()).select_from(User).where(User.email == "ny@example.dk")
    assert db.session.scalar(count) == 1


def test_an_address_that_somebody_has_just_taken_is_told(
    app: Workspace, sign_in: SignIn, delivered: Callable[[], list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    person = make_user(email="mette@gladsaxe.example", language="en")
    browser = sign_in(person)
    new = "ny@gladsaxe.example"
    browser.submit("/settings/address", {"email": new, "present_password": PASSWORD})
    [code] = re.findall(r"\d{3} \d{3}", str(delivered()[-1]["Subject"]))
    from workspace.accounts import address_views

    def nobody_yet(email: str) -> None:
        """Another person takes it right after it has been looked for."""
        make_user(email=new)
        db.session.flush()

    monkeypatch.setattr(address_views, "user_with", nobody_yet)
    answer = browser.submit("/settings/address/answer", {"code": code})
    assert answer.status_code == 409
    assert "Something has changed" in Page(answer.text).text
