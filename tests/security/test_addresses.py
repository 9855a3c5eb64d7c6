"""What a request says of hosts, schemes and origins: links lead to BASE_URL, and forms of other sites do nothing."""

from collections.abc import Callable, Iterator
from contextvars import copy_context
from dataclasses import replace
from typing import Any, cast

import pytest
from flask import request

from tests.client import Client
from tests.factories import Level, make_user, start_partnership
from tests.pages import Page
from workspace import Workspace, create_app
from workspace.accounts.models import User
from workspace.config import Settings
from workspace.db import db
from workspace.members.join_requests import service as join_requests_service
from workspace.permissions import csrf_exempt_signed_url

pytestmark = pytest.mark.either_database

SignIn = Callable[[User], Client]
TYPED = {"email": "mette@gladsaxe.example", "body": "En lang tekst"}
PUBLIC = "https://samspil.gladsaxe.example"


@pytest.fixture
def make_app(settings: Settings, app: Workspace) -> Iterator[Callable[..., Workspace]]:
    """What makes the app with other settings, which tells what it takes a request for."""
    made: list[Workspace] = []

    def make(**changed: Any) -> Workspace:
        other = create_app(replace(settings, **changed))
        other.test_client_class = Client

        @other.post("/told")
        @csrf_exempt_signed_url
        def told() -> dict[str, Any]:
            return {"scheme": request.scheme, "address": request.remote_addr, "host": request.host}

        made.append(other)
        return other

    yield make
    for other in made:
        with other.app_context():
            db.engine.dispose()


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"X-Forwarded-Host": "evil.example"}])
def test_links_and_the_qr_code_lead_to_the_base_url(
    headers: dict[str, str], settings: Settings, make_app: Callable[..., Workspace], sign_in: SignIn
) -> None:
    moderator = start_partnership()
    link = join_requests_service.open_link(moderator, level=Level.OBSERVER, hours=2, most_uses=5)
    db.session.commit()
    mine = sign_in(moderator.user)
    address = f"{moderator.partnership.address}links/{link.id}"
    pages = []
    for sent in ({}, headers):
        browser = make_app(base_url=PUBLIC, trusted_proxies=1).test_client()
        with mine.session_transaction() as signed, browser.session_transaction(headers=sent) as cookie:
            cookie.update(signed)
        pages.append(browser.page(address, headers=sent).html.partition("<main")[2])
    assert f"{PUBLIC}/join/" in pages[1]
    assert "evil.example" not in pages[1]
    assert pages[0].partition("<svg")[2].partition("</svg>")[0] == pages[1].partition("<svg")[2].partition("</svg>")[0]


@pytest.mark.parametrize(
    ("proxies", "scheme", "address"), [(0, "http", "127.0.0.1"), (1, "https", "192.0.2.3"), (2, "http", "192.0.2.2")]
)
def test_what_proxies_say_counts_only_for_the_trusted_number(
    proxies: int, scheme: str, address: str, make_app: Callable[..., Workspace]
) -> None:
    headers = {
        "X-Forwarded-For": "192.0.2.1, 192.0.2.2, 192.0.2.3",
        "X-Forwarded-Proto": "http, https",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Prefix": "/evil",
        "X-Forwarded-Port": "666",
        "Forwarded": "for=192.0.2.9;host=evil.example;proto=ftp",
    }
    told = make_app(trusted_proxies=proxies).test_client().post("/told", headers=headers).json
    assert told == {"scheme": scheme, "address": address, "host": "localhost"}


@pytest.mark.parametrize("scheme", ["javascript", "ftp", "HTTPS", "https:", "http://evil.example/"])
def test_another_scheme_is_refused(scheme: str, make_app: Callable[..., Workspace]) -> None:
    browser = make_app(trusted_proxies=1).test_client()
    answer = copy_context().run(browser._open, "/sign-in", headers={"X-Forwarded-Proto": scheme})
    assert answer.status_code == 400


OURS = [
    {"Sec-Fetch-Site": "same-origin"},
    {"Origin": PUBLIC},
    {"Origin": f"{PUBLIC}:443"},
    {"Origin": "https://localhost"},
    {"Referer": f"{PUBLIC}/sign-in"},
]
FOREIGN = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site", "Origin": PUBLIC},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": f"{PUBLIC}.evil.example"},
    {"Origin": PUBLIC.replace("https", "http")},
    {"Referer": f"https://evil.example/{PUBLIC}"},
    {"Referer": "https://["},
]


@pytest.fixture
def older(make_app: Callable[..., Workspace]) -> Client:
    """A browser that says nothing of where a form comes from, unless it is asked to."""
    browser = cast(Client, make_app(base_url=PUBLIC).test_client())
    del browser.environ_base["HTTP_SEC_FETCH_SITE"]
    return browser


def send(browser: Client, headers: dict[str, str], **fields: str) -> Any:
    return browser.post(
        "/sign-in", data=TYPED | fields, headers=headers | {"Accept-Language": "en"}, base_url="https://localhost"
    )


@pytest.mark.parametrize("headers", [*OURS, *FOREIGN, {}], ids=str)
def test_only_a_form_of_ours_is_handed_back(headers: dict[str, str], older: Client) -> None:
    answer = send(older, headers)
    assert answer.status_code == 400
    assert (TYPED["body"] in answer.text) == (headers in OURS)


@pytest.mark.parametrize("headers", [*OURS, {}], ids=str)
def test_over_https_a_form_needs_its_token_and_no_referer(headers: dict[str, str], older: Client) -> None:
    make_user(email=TYPED["email"])
    db.session.commit()
    page = Page(older.get("/sign-in", base_url="https://localhost").text).form("/sign-in")
    assert send(older, headers, csrf_token=page["csrf_token"], password="forkert").status_code == 422


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_a_form_of_another_site_does_nothing_even_with_a_token(headers: dict[str, str], older: Client) -> None:
    page = Page(older.get("/sign-in", base_url="https://localhost").text).form("/sign-in")
    answer = send(older, headers, csrf_token=page["csrf_token"], password="forkert")
    assert answer.status_code == 403
    assert "A page of another site sent this" in Page(answer.text).text
    assert TYPED["body"] not in answer.text
