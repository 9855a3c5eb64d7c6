"""The browser tests: a real browser, a real server, people on both sides of a partnership.

def test_an_observer_has_no_composer(visit, place):
    visitor = visit(place.observer)
    visitor.open(place.address)
    expect(visitor.composer).to_have_count(0)
"""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.e2e.inspection import PHONE, WIDE
from tests.e2e.place import Person, Place
from tests.e2e.site import Site
from tests.e2e.visitor import Visitor, Watch

LOCALES = {"da": "da-DK", "en": "en-GB"}
LANGUAGES = ["da", pytest.param("en", marks=pytest.mark.slow)]
PATIENCE = 20_000  # milliseconds, for a machine that is busy with other tests

expect.set_options(timeout=PATIENCE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests of this folder drive a browser."""
    for item in items:
        if "e2e" in item.path.parts:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Debian's Chromium, which asks nothing of the network on its own."""
    return browser_type_launch_args | {
        "executable_path": os.environ.get("CHROMIUM") or "/usr/bin/chromium",
        "args": [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ],
    }


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """A browser in Denmark; its language is the visitor's."""
    return browser_context_args | {"timezone_id": "Europe/Copenhagen"}


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The server of this worker, with a database of its own."""
    served = Site(tmp_path_factory.mktemp("site"))
    yield served
    served.close()


@pytest.fixture(scope="session")
def base_url(site: Site) -> str:
    """Where addresses without a host lead."""
    return site.url


@pytest.fixture
def language() -> str:
    """What the people of `place` read. A test in both languages has a parameter of this name."""
    return "da"


@pytest.fixture(params=[pytest.param(WIDE, marks=pytest.mark.slow), PHONE], ids=["1280", "390"])
def viewport(request: pytest.FixtureRequest) -> dict[str, int]:
    """The size of a window on a desk (in `make test-all` only), and of a phone; for `visit(…, viewport=viewport)`."""
    size: dict[str, int] = request.param
    return size


@pytest.fixture
def place(site: Site, language: str) -> Place:
    """A partnership that is the test's own."""
    return Place(site, language)


Visit = Callable[..., Visitor]


@pytest.fixture
def visit(site: Site, language: str, new_context: Callable[..., BrowserContext]) -> Iterator[Visit]:
    """A browser of its own for somebody who is signed in: `visit(place.moderator)`, or for a stranger: `visit()`.

    Further arguments are Playwright's, such as `java_script_enabled=False`. Whatever goes wrong in one of
    the browsers unseen fails the test.
    """
    watches: list[Watch] = []

    def browse(person: Person | None = None, **options: Any) -> Visitor:
        spoken = person.language if person else language
        context = new_context(locale=LOCALES[spoken], **options)
        context.set_default_timeout(PATIENCE)
        if person:
            context.add_cookies([{"name": "samspil", "value": site.cookie(person.id), "url": site.url}])
        watches.append(Watch(context, site))
        return Visitor(context.new_page(), site, spoken, watches[-1], options.get("java_script_enabled", True))

    yield browse
    for watch in watches:
        watch.check()
