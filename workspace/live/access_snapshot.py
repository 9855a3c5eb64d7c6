"""The watcher's queries, for all streams of a process at once: two statements, whatever the number of streams."""

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Connection, and_, any_, func, literal, select

from workspace.accounts.models import User
from workspace.accounts.sessions import Session
from workspace.db.types import AnySelect
from workspace.partnerships.models import Membership, Partnership

# The last number of a partnership, how many sessions see it, and the sum of their ids, which identifies them.
Sight = tuple[int, int, int]


def visible_partnerships(connection: Connection, session_ids: Iterable[int]) -> dict[int, Sight]:
    """The partnerships that these sessions may see, by their ids."""
    query = (
        _seats(_among(connection, session_ids))
        .join(Partnership, Partnership.id == Membership.partnership_id)
        .with_only_columns(Partnership.id, Partnership.last_number, func.count(Session.id), func.sum(Session.id))
        .group_by(Partnership.id, Partnership.last_number)
    )
    return {row[0]: (row[1], row[2], int(row[3])) for row in connection.execute(query)}


def access(connection: Connection, session_ids: Iterable[int]) -> dict[int, set[int]]:
    """The ids of the partnerships that each of these sessions may see. Ended sessions are left out."""
    found: dict[int, set[int]] = defaultdict(set)
    for session_id, partnership_id in connection.execute(_seats(_among(connection, session_ids), outer=True)):
        found[session_id] |= {partnership_id} if partnership_id else set()
    return found


def numbers(user: User) -> AnySelect:
    """The last number of each partnership that `user` is in."""
    return (
        select(Partnership.id, Partnership.last_number)
        .join(Membership, Membership.partnership_id == Partnership.id)
        .where(Membership.user_id == user.id, Membership.is_active)
    )


def _among(connection: Connection, session_ids: Iterable[int]) -> ColumnElement[bool]:
    """The condition that a session is one of these.

    PostgreSQL gets them as one array: five hundred parameters would take it and the driver longer than all the rest.
    """
    ids = list(session_ids)
    if connection.dialect.name == "postgresql":
        return Session.id == any_(literal(ids, ARRAY(BigInteger)))
    return Session.id.in_(ids)


def _seats(is_asked_for: ColumnElement[bool], *, outer: bool = False) -> AnySelect:
    """These sessions, if live, with the active memberships of their people; with `outer` also those without any."""
    return (
        select(Session.id, Membership.partnership_id)
        .join(
            Membership,
            and_(Membership.user_id == Session.user_id, Membership.is_active),
            isouter=outer,
        )
        .where(is_asked_for, Session.is_live)
    )
