"""The matrix: every route, by everybody, in every state of membership; and nobody is told a word that is not theirs.

What is expected comes from the table of the routes (tests/test_routes.py), and from the few rules about one's own.
"""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.database_snapshot import DatabaseSnapshot
from tests.databases import KIND
from tests.factories import Level, keep_bytes
from tests.matrix.place import STATES, Person, Place
from tests.matrix.words import is_by_token, is_opened_by_token, mark, may_see, told
from tests.test_routes import IN, LOWEST_LEVELS, OPEN, ROUTES, Route, SignIn
from tests.test_routes import TYPED as WRITTEN
from tests.test_routes import told as answered
from workspace import Workspace
from workspace.db import db
from workspace.mail import delivery
from workspace.mail.models import Mail

LEVELS = list(Level)
# Attempts count, whatever becomes of them; monitoring tries whether the database can be written to.
WRITTEN_BY_ANY = {"rate_limit", "installation"}
# To open a role is to have read what one is told of it, which is noted after the answer.
READ_BY_OPENING = {
    "/partnerships/<slug:slug>/roles/<number:role_id>": {"notice_position"},
    # That a moderator has read a withdrawn text stands in the log of access.
    "/partnerships/<slug:slug>/reports/<number:report_id>/text": {"audit_event"},
}
READABLE = ("read", "read_audit_log", "leave", "archive")  # in an archive
TOKEN = {"GET": {200, 410}, "POST": {200, 303, 403, 409, 410, 422}}

# With what most forms ask for, so that it is the rule that refuses, and not an empty field.
TYPED = WRITTEN | {"reason": "Fordi", "note": "Sådan", "words": "Hej", "version": "1", "level": "observer"}

# Beyond the level: what is somebody's own, in the words of docs/design.md 3. All else is everybody's of that level.
AUTHOR, MOVERS = ("author",), ("author", "role holder", "moderator")
LEADERS = ("author", "moderator")
OWN = {
    r"posts/<[^/]+>/edit": AUTHOR,
    r"posts/<[^/]+>/withdrawal": ("author", "moderator"),
    r"comments/<[^/]+>/edit": AUTHOR,
    r"comments/<[^/]+>/withdrawal": ("author", "moderator"),
    r"files/<[^/]+>/versions": AUTHOR,
    r"files/<[^/]+>/(withdrawal|description)": ("author", "moderator"),
    r"posts/<[^/]+>/(taking|taking/withdrawal|taking/reminder|days|solution|parking|reopening)": MOVERS,
    r"waiting/challenges/<[^/]+>/reminder": MOVERS,
    r"roles/<[^/]+>/offers(/new)?": ("author", "moderator"),
    r"holdings/<[^/]+>/(acceptance|refusal)": AUTHOR,
    r"waiting/roles/<[^/]+>/<[^/]+>": AUTHOR,
    r"holdings/<[^/]+>/(withdrawal|restoration)": AUTHOR,
    r"(holdings|waiting/roles/<[^/]+>)/<[^/]+>/reminder": ("author", "moderator"),
    r"holdings/<[^/]+>/ending": ("author", "moderator"),
    # The author has the role that answers for the indicator, and sits for the organisation; the contributor and the
    # role holder sit for others.
    r"results/<[^/]+>/(edit|target|baseline|sources|missing|paste|prominence|retirement|resumption)": LEADERS,
    r"results/numbers/<[^/]+>": LEADERS,
    r"measurements/<[^/]+>/correction": LEADERS,
}


@pytest.fixture
def said() -> Iterator[list[str]]:
    """What is logged meanwhile."""
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(handler.format(record))  # type: ignore[method-assign]
    logging.getLogger().addHandler(handler)
    yield lines
    logging.getLogger().removeHandler(handler)


def expected(route: Route, person: Person, place: Place, *, archived: bool) -> str:
    """What the table promises."""
    if route.who in OPEN:
        return "let in"
    if person.kind == "anonymous":
        return "sent to sign in"
    if route.who == "administrators":
        return "let in" if person.kind == "administrator" else "not found"
    if route.who == "signed_in":
        foreign = route.rule.startswith("/memberships/") and not place.has_membership(person)
        return "not found" if foreign else "let in"
    if person.level is None:
        return "not found"
    if LEVELS.index(person.level) < LEVELS.index(Level(LOWEST_LEVELS[route.action])):
        return "told to lack the level"
    if archived and route.action not in READABLE:
        return "told that it is archived"
    if route.rule.endswith("/discarding") and person.kind != "author":
        return "not found"  # What is not shared yet is nobody else's to know of.
    if place.state == "rejoined" and route.rule.endswith("links/<number:link_id>/reopening"):
        return "told to lack the level"  # Another moderator closed the links, by putting people out.
    owners = next((kinds for rule, kinds in OWN.items() if re.search(f"{rule}$", route.rule)), None)
    return "let in" if owners is None or person.kind in owners else "told to lack the level"


def came_to(route: Route, answer: TestResponse, *, htmx: bool, wanted: str) -> str:
    """What the answer is, in the words of `expected`."""
    if wanted == "told that it is archived" and answer.status_code == 409:
        return wanted
    if is_opened_by_token(route) and answer.status_code in TOKEN[route.method]:
        return "let in"
    return answered(route, answer, htmx=htmx)


def leaks(person: Person, route: Route, answer: TestResponse, slug: str) -> list[str]:
    """What the answer tells that this person may not know."""
    never_ends = answer.mimetype == "text/event-stream"
    text = f"{answer.headers}\n" + ("" if never_ends else answer.get_data().decode(errors="replace"))
    found = [f"{whose} {what}" for whose, what in told(text) if not may_see(person, whose, what, route)]
    # The trail tells people where they looked themselves, and administrators where everybody did.
    may_know = person.level or "slug" in route.rule or is_opened_by_token(route) or route.rule.endswith("/trail")
    if not may_know and slug in text:
        found.append("the address")
    return found


@pytest.mark.parametrize("state", STATES)
def test_everybody_gets_what_is_theirs_and_not_a_word_more(
    state: str,
    app: Workspace,
    sign_in: SignIn,
    said: list[str],
    tmp_path: Path,
    record_property: Any,
) -> None:
    place = Place(app, sign_in, state)
    mark(place)
    cells, wrong = 0, []
    for archived in (False, True):
        if archived:
            place.archive()
        with DatabaseSnapshot(tmp_path).watched() as kept:
            for person, cell in _cells(place, archived=archived):
                cells += 1
                wrong += [f"{person}: {cell}: {trouble}" for trouble in _troubles(place, person, cell, kept, said)]
                has_changed = bool(kept.committed)
                kept.bring_back()
                if has_changed and "/files/" in cell.route.rule:
                    keep_bytes()
        wrong += _messages(place)
    record_property("cells of the matrix", cells)
    assert not wrong, "\n".join(wrong)


@dataclass(frozen=True)
class Cell:
    """A request by one of the people."""

    route: Route
    htmx: bool
    archived: bool

    def __str__(self) -> str:
        return f"{self.route}{', htmx' * self.htmx}{', archived' * self.archived}"


def _cells(place: Place, *, archived: bool) -> Iterator[tuple[Person, Cell]]:
    """Every route by everybody, plain and HTMX, in use and archived.

    All four ways in a partnership that one is in, two on each database. The others lead past each other, so they are
    crossed in pairs: plain in use, HTMX archived. Outside it each database takes one of the pair. Every second route
    takes what the other database has of the one before.
    """
    for person in place.people:
        person.arrive()
        for number, route in enumerate(ROUTES):
            is_first = (number % 2 == 0) == (KIND == "sqlite")
            if place.state == "active":
                yield person, Cell(route, archived if route.who != "members" or is_first else not archived, archived)
            elif archived == is_first:
                yield person, Cell(route, archived, archived)


def _troubles(place: Place, person: Person, cell: Cell, kept: DatabaseSnapshot, said: list[str]) -> Iterator[str]:
    """What is wrong with the answer, if anything."""
    said.clear()
    answer = person.send(cell.route, TYPED, htmx=cell.htmx)
    wanted = expected(cell.route, person, place, archived=cell.archived)
    if came_to(cell.route, answer, htmx=cell.htmx, wanted=wanted) != wanted:
        yield f"{answer.status}, not {wanted}"
    yield from leaks(person, cell.route, answer, place.slug)
    yield from (f"logged {whose} {what}" for whose, what in told("\n".join(said)))
    read = READ_BY_OPENING.get(cell.route.rule, set()) if wanted == "let in" else set()
    if kept.committed - WRITTEN_BY_ANY - read and (answer.status_code >= 400 or cell.route.method == "GET"):
        yield f"wrote to {sorted(kept.committed)}"


def _messages(place: Place) -> Iterator[str]:
    """What is wrong with the mails in the outbox, written now, whatever was so when they were posted."""
    people = {person.user_id: person for person in place.people if person.user_id}
    addressed = {person.email: person for person in place.people if person.email}
    for mail in db.session.query(Mail).all():
        invited = addressed.get(mail.address or "")
        person = people.get(mail.user_id or 0) or invited
        message = delivery.written(mail) if person else None
        if person and message:
            words = told(repr(message))
            allowed = {word for word in words if may_see(person, *word) or (invited and is_by_token(*word))}
            yield from (f"{person}: mail {mail.kind}: {whose} {what}" for whose, what in words - allowed)
    db.session.rollback()


def test_what_is_expected_of_answers_is_said_for_every_method() -> None:
    assert set(IN) == {route.method for route in ROUTES} == set(TOKEN)
