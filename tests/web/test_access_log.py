"""One line for each request, by which its error can be found, and nothing in it that somebody wrote."""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from typing import Any

import pytest
import structlog
from sqlalchemy.exc import TimeoutError

from tests.client import Client
from tests.factories import comment, make_user, share, start_partnership
from workspace import Workspace, logs
from workspace.accounts.models import User
from workspace.config import Settings
from workspace.web.access_log import AccessLog

pytestmark = pytest.mark.either_database

SignIn = Callable[[User], Client]
SECRET = "Hemmelig sætning"


@pytest.fixture
def written(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """The lines that were written to stderr, read."""
    root = logging.getLogger()
    before = list(root.handlers)
    root.handlers.clear()
    logs.install(as_json=True)
    yield lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    structlog.reset_defaults()
    root.handlers[:] = before
    root.setLevel(logging.WARNING)


Written = Callable[[], list[dict[str, Any]]]


def test_a_request_is_one_line_without_its_address_or_words(sign_in: SignIn, written: Written) -> None:
    member = start_partnership()
    post = share(member, SECRET)
    comment(post, member)
    browser = sign_in(member.user)
    answer = browser.get(f"{member.partnership.address}posts/{post.number}?q={SECRET}", headers={"User-Agent": SECRET})
    answer.close()
    [line] = written()
    assert line.pop("time").endswith("Z")
    assert line.pop("ms") > 0
    assert line.pop("process") > 1
    assert line == {
        "level": "info",
        "event": "request",
        "request_id": answer.headers["X-Request-ID"],
        "method": "GET",
        "route": "/partnerships/<slug:slug>/posts/<number:number>",
        "status": 200,
        "user": member.user.id,
    }


@pytest.mark.parametrize(
    ("given", "proxies", "is_kept"),
    [
        ("7f3a-11.b_c", 1, True),
        ("7f3a", 0, False),
        ("x" * 65, 1, False),
        ("a\tlevel=error", 1, False),
        (SECRET, 1, False),
        ("", 1, False),
    ],
)
def test_the_id_of_a_proxy_is_taken_over(
    given: str, proxies: int, is_kept: bool, app: Workspace, settings: Settings
) -> None:
    headers: list[tuple[str, str]] = []

    def wsgi_app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return []

    layer = AccessLog(wsgi_app, replace(settings, trusted_proxies=proxies))
    environ = {"HTTP_X_REQUEST_ID": given, "REQUEST_METHOD": "GET", "PATH_INFO": "/"}
    layer(environ, lambda status, given, *rest: headers.extend(given))  # type: ignore[arg-type, return-value]
    [(name, own)] = headers
    assert name == "X-Request-ID"
    assert (own == given) is is_kept
    assert len(own) == 16 or is_kept


def test_an_error_and_its_page_have_the_number_of_the_request(
    client: Client, written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*given: object) -> None:
        raise ValueError(SECRET)

    monkeypatch.setattr("workspace.accounts.sign_in.attempt", fail)
    answer = client.submit("/sign-in", {"email": "ada@example.dk", "password": SECRET}, page="/sign-in")
    answer.close()
    number = answer.headers["X-Request-ID"]
    assert answer.status_code == 500
    assert number in answer.text
    *_shown, error, line = written()
    assert error["event"].startswith("Failed: POST /sign-in: ValueError (")
    assert error["request_id"] == line["request_id"] == number
    assert (line["status"], line["reason"]) == (500, "ValueError")
    for each in (error, line):
        assert SECRET not in str(each)
        assert "ada@" not in str(each)


def test_a_503_says_in_its_line_why(client: Client, written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*given: object) -> None:
        raise TimeoutError(SECRET)

    monkeypatch.setattr("workspace.accounts.sign_in.attempt", fail)
    client.submit("/sign-in", {"email": "ada@example.dk", "password": SECRET}, page="/sign-in").close()
    *_shown, line = written()
    assert (line["status"], line["reason"]) == (503, "TimeoutError")
    assert SECRET not in str(line)


def test_what_load_balancers_and_strangers_ask(client: Client, written: Written) -> None:
    for address in ("/healthz", f"/nowhere/{SECRET}", "/static/nothing.css"):
        client.get(address).close()
    assert [(line["route"], line["status"]) for line in written()] == [("none", 404), ("static", 404)]


def test_an_outage_is_a_line_a_minute_with_a_count(written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    log, now = logging.getLogger("workspace.errors"), [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    for _each in range(5000):
        log.error("The database can't be used: %s", "OperationalError")
        now[0] += 0.02  # 100 seconds in all
    log.error("Failed", extra=logs.EACH)
    log.error("Failed", extra=logs.EACH)
    now[0] += 61
    log.warning("PostgreSQL answers again.")
    told = [(line["event"], line.get("times")) for line in written()]
    away = "The database can't be used: OperationalError"
    assert [event for event, _times in told].count(away) == 4
    assert sum(times or 1 for event, times in told if event == away) == 5000
    assert [event for event, _times in told].count("Failed") == 2


def test_no_line_where_it_is_switched_off(app: Workspace, settings: Settings, written: Written) -> None:
    quiet = AccessLog(app.wsgi_app, replace(settings, access_log=False))
    list(quiet({"REQUEST_METHOD": "GET", "PATH_INFO": "/static/x", "wsgi.url_scheme": "http"}, lambda *given: None))  # type: ignore[arg-type, return-value]
    assert written() == []


def test_a_line_as_text(capsys: pytest.CaptureFixture[str], written: Written) -> None:
    logs.install(as_json=False)
    logs.event_log().info("request", route="/a b", status=200)  # type: ignore[union-attr]
    line = capsys.readouterr().err
    assert line.startswith("time=20")
    assert " level=info process=" in line
    assert line.endswith(' event=request route="/a b" status=200\n')


def test_a_log_that_cannot_be_written_keeps_nobody_from_a_page(
    client: Client, written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open("/dev/full", "w", buffering=1) as full:
        monkeypatch.setattr("sys.stderr", full)
        with closing(client.get("/sign-in")) as answer:
            assert answer.status_code == 200
        logging.getLogger("workspace").warning("Nobody reads this.")
        monkeypatch.undo()
        with suppress(OSError):
            full.close()


def test_somebody_unknown_has_no_number(client: Client, written: Written) -> None:
    make_user()
    client.get("/sign-in").close()
    assert "user" not in written()[0]
