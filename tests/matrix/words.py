"""Canaries: every text of a partnership gets a word of its own, and this says who may see which.

A word says where it stands: "canary-here-posttitle-" is the title of a post of the partnership,
"canary-there-posttitle-" that of one elsewhere, and "canary-moderator-membershipreason-" the
reason that the person called moderator was given, "canary-withdrawn-posttitle-" that of a post that is withdrawn.
"""

import re
from types import SimpleNamespace
from typing import Any

from sqlalchemy import JSON, Column, Enum, String, Table, Text, false, func, literal, select, update

from tests.factories import Level
from tests.matrix.place import Person, Place
from tests.test_routes import Route
from workspace.accounts.models import User
from workspace.audit.models import AuditAction, record_audit
from workspace.db import Base, db
from workspace.members.models import Invitation
from workspace.organisations.models import Organisation
from workspace.partnerships.models import Membership, Participation

WORD = re.compile("canary-([a-z]+)-([a-z]+)-")
LINES = ("name", "title", "phone", "email")  # Short columns that people fill in; all long ones are theirs.
UNTOLD = {"audit_event", "mail", "session", "found_by"}

# What only moderators see of a partnership, beside what everybody in it sees.
MODERATORS = ("membership", "invitation", "trail")
# What is told by an invitation or a link to whoever has it.
BY_TOKEN = ("partnershipname", "partnershippurpose", "organisationname", "username", "invitation")
# What one's own pages tell of an invitation to oneself, and of whom to ask while one's access is on hold.
BY_STATE = {
    "invited": ("partnershipname", "organisationname", "username"),
    "suspended": ("partnershipname", "username", "useremail"),
}
# What administrators see: accounts, organisations, the trail, and which partnerships there are.
ADMINISTRATORS = ("user", "organisation", "trail", "partnershipname", "invitationemail")
# What everybody who is signed in sees of a listed partnership.
LISTED = ("partnershipname", "partnershippurpose", "organisationname")


def mark(place: Place) -> None:
    """Put the words into everything that the database holds of the partnership, and of the one elsewhere."""
    owners = {person.user_id: person.word for person in place.people if person.user_id}
    here, there = place.partnership.id, place.elsewhere.partnership.id
    for table in Base.metadata.sorted_tables:
        for column in _texts(table):
            for whose, condition in _whose(table, owners, here, there, place):
                _put(table, column, word(whose, _text(table, column)), condition & ~_is_withdrawn(table, column))
                _put(table, column, word("withdrawn", _text(table, column)), condition & _is_withdrawn(table, column))
    for whose, membership in (("here", place.moderator), ("there", place.elsewhere)):
        actor = SimpleNamespace(id=membership.user_id, name=word(whose, "trailactorname"))
        partnership = SimpleNamespace(id=membership.partnership_id, name=word(whose, "trailpartnershipname"))
        record_audit(
            AuditAction.SUSPENDED,
            actor=actor,
            subject=actor,
            partnership=partnership,
            reason=word(whose, "traildetails"),
        )
    db.session.commit()


def word(whose: str, text: str) -> str:
    """The canary in `text`, such as "posttitle"."""
    return f"canary-{whose}-{text}-"


def told(text: str) -> set[tuple[str, str]]:
    """The words in an answer: whose, and which text."""
    return set(WORD.findall(text))


def may_see(person: Person, whose: str, text: str, route: Route | None = None) -> bool:
    """Whether the person may be told that word, in any answer or mail; by a token's route more."""
    if whose == person.word:
        return True
    if route and is_opened_by_token(route) and is_by_token(whose, text):
        return True
    if route and route.rule == "/settings/trail" and (whose, text) == ("here", "partnershipname"):
        return True  # One's own doings, as they were told at the time: some came in by the link, a moment before.
    if person.kind == "administrator" and text.startswith(ADMINISTRATORS):
        return True
    if whose == "there":
        return person.kind != "anonymous" and text in LISTED
    if route and route.rule in ("/", "/memberships") and text in BY_STATE.get(person.state, ()):
        return whose in ("here", "moderator")
    if person.level is None:
        return text == "partnershipname" and whose == "here" and person.state not in ("no membership",)
    if whose == "withdrawn":
        return (
            person.level is Level.MODERATOR
            and route is not None
            and route.rule.endswith("/reports/<number:report_id>/text")
        )
    if whose != "here" or text.startswith(MODERATORS):
        return person.level is Level.MODERATOR
    return True


def is_opened_by_token(route: Route) -> bool:
    """Whether the token in its address opens it; what only members may enter is opened by no token."""
    return "token" in route.rule and route.who != "members"


def is_by_token(whose: str, text: str) -> bool:
    """Whether an invitation or a link to the partnership tells it to whoever has it."""
    return whose == "here" and text.startswith(BY_TOKEN)


def _texts(table: Table) -> list[Column[Any]]:
    """What people wrote, by the type of its column: a new one is found without being told."""
    if table.name in UNTOLD:
        return []
    return [
        column
        for column in table.columns
        if (isinstance(column.type, Text) or (isinstance(column.type, String) and column.name in LINES))
        and not isinstance(column.type, Enum | JSON)
        and column.name not in UNTOLD
    ]


def _is_withdrawn(table: Table, column: Column[Any]) -> Any:
    """Whether it is what somebody wrote who, or for whom a moderator, has withdrawn it; the reason for that is told."""
    if table.name not in ("post", "comment") or column.name not in ("title", "body_html", "body_text"):
        return false()
    return table.c.withdrawn_at.is_not(None)


def _text(table: Table, column: Column[Any]) -> str:
    return f"{table.name}{column.name}".replace("_", "")


def _whose(table: Table, owners: dict[int, str], here: int, there: int, place: Place) -> list[tuple[str, Any]]:
    """The rows of a table that belong to a partnership, or to one of the people of the matrix."""
    memberships = select(Membership.user_id).where(Membership.partnership_id.in_((here, there)))
    if table is User.__table__:
        mine = table.c.id.in_(memberships) & table.c.id.not_in(owners) & ~table.c.is_administrator
        return [
            (whose, mine & table.c.id.in_(memberships.where(Membership.partnership_id == partnership_id)))
            for whose, partnership_id in (("here", here), ("there", there))
        ]
    if table is Organisation.__table__:
        others = select(User.organisation_id).where(User.id.in_(owners))
        own = table.c.id.not_in(others)
        others_there = select(Participation.organisation_id).where(Participation.partnership_id == there)
        sides = {"here": [place.memberships["observer"].organisation_id], "there": others_there}
        return [(whose, own & table.c.id.in_(ids)) for whose, ids in sides.items()]
    if "partnership_id" not in table.c and table.name != "partnership":
        return []
    of = table.c.id if table.name == "partnership" else table.c.partnership_id
    rows: list[tuple[str, Any]] = [("there", of == there)]
    own_rows: list[Any] = []
    if table is Membership.__table__:
        own_rows = [(owner, table.c.user_id == user_id) for user_id, owner in owners.items()]
    if table is Invitation.__table__:
        own_rows = [
            (person.word, table.c.id == place.invitations[person.kind])
            for person in place.people
            if person.kind in place.invitations
        ]
    rows += [(owner, (of == here) & condition) for owner, condition in own_rows]
    anybodys = of == here
    for _, condition in own_rows:
        anybodys = anybodys & ~condition
    return [*rows, ("here", anybodys)]


def _put(table: Table, column: Column[Any], canary: str, condition: Any) -> None:
    added: Any = literal(f"{canary} ")
    if column.name.endswith("_html"):
        added = literal(f"<p>{canary}</p>")
    elif column.name == "email":
        added = literal(canary)
    changed = func.coalesce(added + func.coalesce(column, ""), column)
    db.session.execute(update(table).where(condition, column.is_not(None)).values({column: changed}))
