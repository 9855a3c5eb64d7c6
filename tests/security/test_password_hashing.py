"""Many passwords at once, by real connections to the served workspace: bounded memory, and everybody else goes on."""

import http.client
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event, Thread
from urllib.parse import urlencode

import pytest

from tests.client import Client
from tests.factories import PASSWORD, make_user
from tests.live.test_serving import connect, served
from tests.pages import Page
from workspace import Workspace
from workspace.accounts import passwords
from workspace.accounts.sign_in import TRIES_FROM_NETWORK
from workspace.config import Settings
from workspace.web import request_slots

pytestmark = pytest.mark.either_database

AT_ONCE = 40
MEGABYTES_OF_A_HASH = 64


@pytest.mark.slow
def test_forty_wrong_sign_ins_at_once_take_little_memory_and_hold_up_nobody(
    app: Workspace, settings: Settings, record_property: Callable[[str, object], None]
) -> None:
    with served(settings) as (port, process):
        connect(port).close()
        attempts = [attempt_on(port, f"person{number}@kommune.example") for number in range(AT_ONCE)]
        before = peak_memory(process.pid)
        is_over, waits = Event(), []
        watching = Thread(target=watch_health, args=(port, is_over, waits))
        watching.start()
        with ThreadPoolExecutor(AT_ONCE) as threads:
            answers = list(threads.map(lambda attempt: attempt(), attempts))
        is_over.set()
        watching.join()
        grown = peak_memory(process.pid) - before
    assert {status for status, _retry_after in answers} == {422, 503}
    assert {retry_after for status, retry_after in answers if status == 503} == {"5"}
    assert sum(status == 422 for status, _retry_after in answers) >= passwords.MOST_WAITING
    assert grown < (passwords.HASHES_AT_ONCE + 1) * MEGABYTES_OF_A_HASH, f"{grown} MB more"
    assert max(waits) < 2, f"The health took {max(waits):.1f} s"
    record_property("MB more for forty wrong sign-ins at once", round(grown))
    record_property("ms for the slowest health meanwhile", round(max(waits) * 1000))


def attempt_on(port: int, email: str) -> Callable[[], tuple[int, str | None]]:
    """What sends a wrong password from a page that is open, for its status and Retry-After."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/sign-in")
    answer = connection.getresponse()
    cookie = str(answer.getheader("Set-Cookie")).partition(";")[0]
    form = Page(answer.read().decode()).form("/sign-in") | {"email": email, "password": "det er ikke den"}
    headers = {
        "Cookie": cookie,
        "Content-Type": "application/x-www-form-urlencoded",
        "Referer": f"http://127.0.0.1:{port}/",
    }

    def send() -> tuple[int, str | None]:
        with closing(connection):
            connection.request("POST", "/sign-in", urlencode(form), headers)
            response = connection.getresponse()
            response.read()
            return response.status, response.getheader("Retry-After")

    return send


def peak_memory(process: int) -> float:
    """How many MB the process and its children have had at most, added up."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    found = [re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{each}/status").read_text()) for each in (process, *children)]
    return sum(int(each[1]) for each in found if each) / 1024


def watch_health(port: int, is_over: Event, waits: list[float]) -> None:
    """Ask for the health again and again, and note how many seconds each answer took."""
    while not is_over.is_set():
        begun = time.monotonic()
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
            connection.request("GET", "/healthz/ready")
            assert connection.getresponse().status == 200
        waits.append(time.monotonic() - begun)
        time.sleep(0.02)


def test_who_finds_no_place_has_made_no_attempt(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    make_user(email="mette@gladsaxe.example", language="en")
    fields = {"email": "mette@gladsaxe.example", "password": PASSWORD}
    with monkeypatch.context() as patched:
        patched.setattr(passwords, "_places", passwords.BoundedSemaphore(1))
        with passwords.place_in_queue():
            for _each in range(TRIES_FROM_NETWORK.amount + 1):
                answer = client.submit("/sign-in", fields, page="/sign-in", headers={"Accept-Language": "en"})
                assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
                assert "Samspil is busy right now. Try again in a moment." in Page(answer.text).text
                assert Page(answer.text).form("/sign-in")["email"] == fields["email"]
    assert client.submit("/sign-in", fields, page="/sign-in").status_code == 303


def test_who_waits_for_a_hash_holds_no_request_slot(app: Workspace) -> None:
    slots = app.request_slots
    with app.test_request_context() as context, request_slots.held(slots, context.request.environ):
        with passwords._turn():
            assert slots._value == request_slots.REQUESTS_AT_ONCE
        assert slots._value == request_slots.REQUESTS_AT_ONCE - 1
