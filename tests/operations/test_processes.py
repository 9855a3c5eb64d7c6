"""The processes of `workspace run`: those that die are replaced, all end with the main one, and a stop is orderly."""

import http.client
import re
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager

import pytest

from tests.client import Client
from tests.factories import add_member, make_user, start_partnership
from tests.operations.service import PATIENCE, Service, processes, running, until
from workspace import Workspace
from workspace.accounts.models import User
from workspace.config import Settings
from workspace.db import db

pytestmark = pytest.mark.either_database

SignIn = Callable[[User], Client]
HELD_UP = re.compile(r"Web process \d did not end within 8 seconds, and was killed\.")


def test_every_process_that_dies_is_replaced_and_told(app: Workspace, settings: Settings) -> None:
    with running(settings) as service:
        children = service.children
        for child in sorted(children):
            service.kill(child)
        assert not children & service.children
        told = dict(
            re.findall(r"(Web process \d|Worker) \((\d+)\) ended: SIGKILL\. Another one begins at once", service.said)
        )
        assert told.keys() == {"Web process 1", "Web process 2", "Worker"}
        assert set(map(int, told.values())) == children
        assert service.stop() == 0


@pytest.mark.slow
def test_the_only_web_process_is_replaced_as_well(app: Workspace, settings: Settings) -> None:
    with running(settings, workers=1) as service:
        for child in sorted(service.children):
            service.kill(child)
        assert service.stop() == 0


@pytest.mark.slow
def test_a_worker_that_took_anothers_place_sends_mail(app: Workspace, client: Client, settings: Settings) -> None:
    user = make_user()
    db.session.commit()
    with running(settings) as service:
        for child in sorted(service.children):
            service.kill(child)
        client.submit("/sign-in/code", {"email": user.email})
        until(lambda: any((settings.instance / "mail").glob("*.eml")), "The mail is sent")


@pytest.mark.slow
def test_the_main_process_takes_all_along_and_another_one_can_begin(app: Workspace, settings: Settings) -> None:
    with running(settings) as service:
        children = service.children
        service.kill(min(children))
        children = service.children
        service.main.kill()
        service.main.wait()
        until(lambda: not children & processes().keys(), "No child is left", patience=3)
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(("127.0.0.1", service.port))


@pytest.mark.slow
def test_another_one_begins_while_what_a_killed_one_left_is_still_ending(app: Workspace, settings: Settings) -> None:
    with running(settings, TRUSTED_PROXIES="1") as service:  # Behind a proxy a web process serves for seconds more.
        service.main.kill()
        service.main.wait()
        with running(settings, port=service.port, TRUSTED_PROXIES="1") as another:
            assert another.answers()
            assert another.stop() == 0


@contextmanager
def load(service: Service) -> Iterator[list[int]]:
    """Eight who ask for pages without a pause, until nobody answers; what they got."""
    got: list[int] = []

    def ask() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=PATIENCE)
        try:
            while True:
                connection.request("GET", "/sign-in")
                answer = connection.getresponse()
                answer.read()
                got.append(answer.status)
        except (OSError, http.client.HTTPException):
            connection.close()

    askers = [threading.Thread(target=ask) for _each in range(8)]
    for asker in askers:
        asker.start()
    yield got
    for asker in askers:
        asker.join()


@pytest.mark.parametrize(
    ("number", "everybody"),
    [
        (signal.SIGTERM, False),
        pytest.param(signal.SIGTERM, True, marks=pytest.mark.slow),
        pytest.param(signal.SIGINT, False, marks=pytest.mark.slow),
        pytest.param(signal.SIGHUP, False, marks=pytest.mark.slow),
    ],
    ids=["a supervisor tells the main process", "systemd tells all", "Ctrl-C", "a terminal is closed"],
)
def test_a_stop_under_load_is_orderly(
    number: signal.Signals, everybody: bool, app: Workspace, settings: Settings
) -> None:
    with running(settings) as service, load(service) as got:
        until(lambda: len(got) > 20, "Pages are answered")
        children = service.children
        assert service.stop(number, everybody=everybody) == 0
        assert not children & processes().keys()
    assert set(got) == {200}
    assert service.said == ""


@pytest.mark.slow
def test_a_stop_ends_in_time_whatever_others_hold_open(app: Workspace, sign_in: SignIn, settings: Settings) -> None:
    memberships = [add_member(start_partnership()) for _each in range(5)]
    cookies = [sign_in(membership.user).get_cookie("samspil") for membership in memberships]
    db.session.commit()
    with running(settings) as service, ExitStack() as open_ones:
        for cookie in cookies:
            assert cookie is not None
            connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=PATIENCE)
            open_ones.enter_context(closing(connection))
            connection.request("GET", "/live", headers={"Cookie": f"samspil={cookie.value}"})
            assert open_ones.enter_context(closing(connection.getresponse())).status == 200
        half = open_ones.enter_context(socket.create_connection(("127.0.0.1", service.port)))
        half.sendall(b"GET /sign-in HTTP/1.1\r\n")
        assert service.answers()
        assert service.stop() == 0
        assert len(HELD_UP.findall(service.said)) == len(service.said.splitlines()) == 1


@pytest.mark.slow
def test_who_dies_again_and_again_is_replaced_more_slowly_and_told(app: Workspace, settings: Settings) -> None:
    with running(settings) as service:
        [child, *others] = sorted(service.children)
        pauses = []
        for _each in range(4):
            killed = time.monotonic()
            service.kill(child)
            pauses.append(time.monotonic() - killed)
            [child] = service.children - set(others)
        assert all(pause >= least for pause, least in zip(pauses, (0, 1, 2, 4), strict=True)), pauses
        assert "Another one begins in 4 s: it has died early 4 times in a row" in service.said
        assert service.stop() == 0


AT_ONCE = """
import os, sys
from workspace import cli
from workspace.serving import server
server._load_app = lambda: os._exit(3)
cli.main(["run"])
"""


@pytest.mark.slow
def test_web_processes_that_die_at_once_are_slowed_and_a_stop_ends_them(app: Workspace, settings: Settings) -> None:
    command = (sys.executable, "-c", AT_ONCE)
    with running(settings, command=command, ready=False, workers=1) as service:
        until(lambda: "Another one begins in 2 s: it has died early 3 times in a row" in service.said, "It is told")
        assert len(re.findall(r"Web process 1 \(\d+\) ended: exit status 3\.", service.said)) == 3
        assert service.stop() == 0
