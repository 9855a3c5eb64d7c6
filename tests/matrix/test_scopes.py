"""Every query is about one's own partnership: no page of it tells a word of the other one."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.test import TestResponse

from tests.matrix.place import Person, Place
from tests.matrix.words import LISTED, mark, told
from tests.test_routes import ROUTES, Route, SignIn
from workspace import Workspace
from workspace.posts.models import PostKind
from workspace.roles.assignments import AssignmentKind as Holder
from workspace.web import pagination

pytestmark = pytest.mark.either_database

# What there is to see beside the first page.
FURTHER = (
    "",
    "?q=person",
    "?q=canary",
    "?kind=challenge",
    "?state=ended",
    "?state=suspended",
    "?sort=since",
    "?status=solved",
    "?before=9999",
    "?before=9",  # what happened first in each
    "?retired=1",
    f"?kind={Holder.HELPER}",
    f"?before={pagination.encode(datetime(2100, 1, 1, tzinfo=UTC), 999, 999)}",
)
ALL = "*"  # Somebody looked at all parameters.
TYPED = {"addresses": "x@x.dk", "words": "a", "name": "", "level": "observer", "kind": PostKind.PROGRESS, "body": "Hej"}


@pytest.fixture
def moderator(app: Workspace, sign_in: SignIn) -> Person:
    place = Place(app, sign_in, "active")
    mark(place)
    [found] = (person for person in place.people if person.kind == "moderator")
    found.arrive()
    return found


def foreign(moderator: Person, route: Route, query: str = "") -> set[str]:
    """The words of the other partnership in an answer; as a listed one it may be known of."""
    moderator.addresses[route] += query
    answer = moderator.send(route, TYPED, htmx=False)
    assert answer.status_code < 500, f"{route}{query} answered {answer.status}"
    return {text for whose, text in told(words(answer)) if whose == "there"} - set(LISTED)


def words(answer: TestResponse) -> str:
    """What an answer says; the bytes of a picture say nothing, and are read as well as can be."""
    return answer.get_data().decode(errors="replace")


class Parameters(ImmutableMultiDict[str, str]):
    """The parameters of a request, which note for what the app looks: what it doesn't look for changes no answer."""

    looked_for: ClassVar[set[str]] = set()

    def __contains__(self, name: object) -> bool:
        self.looked_for.add(str(name))
        return super().__contains__(name)

    def __getitem__(self, name: str) -> str:
        self.looked_for.add(name)
        return super().__getitem__(name)

    def getlist(self, name: str, *of: Any, **kind: Any) -> list[Any]:
        self.looked_for.add(name)
        return super().getlist(name, *of, **kind)

    def __iter__(self) -> Iterator[str]:
        self.looked_for.add(ALL)
        return super().__iter__()

    def items(self, *of: Any, **kind: Any) -> Any:
        self.looked_for.add(ALL)
        return super().items(*of, **kind)

    def lists(self) -> Any:
        self.looked_for.add(ALL)
        return super().lists()


@pytest.fixture
def looked_for(app: Workspace, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names of the parameters that a request was searched for."""
    monkeypatch.setattr("workspace.ImmutableMultiDict", Parameters)
    return Parameters.looked_for


def test_no_page_tells_of_another_partnership(moderator: Person, looked_for: set[str]) -> None:
    plain = dict(moderator.addresses)
    wrong, further = [], 0
    for route in ROUTES:
        if route.method == "GET" and route.who in ("members", "signed_in") and route.rule != "/live":
            looked_for.clear()
            for query in FURTHER:
                if not query or {query[1:].partition("=")[0], ALL} & looked_for:
                    further += bool(query)
                    moderator.addresses = dict(plain)
                    wrong += [f"{route}{query}: {text}" for text in foreign(moderator, route, query)]
    assert not wrong, "\n".join(wrong)
    assert further > 40


def test_the_words_are_there_to_be_seen(moderator: Person) -> None:
    """Where nothing is looked at, nothing is found: the member's own partnership is told of."""
    seen: set[str] = set()
    for route in ROUTES:
        if route.method == "GET" and route.who == "members":
            answer = moderator.send(route, TYPED, htmx=False)
            seen |= {text for whose, text in told(words(answer)) if whose == "here"}
    assert seen >= {"partnershipname", "posttitle", "commentbodyhtml", "rolename", "username", "invitationemail"}


@pytest.mark.parametrize("rule", ["/partnerships/<slug:slug>/members/trail", "/settings/trail"])
def test_no_export_tells_of_another_partnership(rule: str, moderator: Person) -> None:
    [route] = (route for route in ROUTES if (route.method, route.rule) == ("POST", rule))
    assert foreign(moderator, route) == set()
