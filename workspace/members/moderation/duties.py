"""What members have taken on, shown before it is lost: when they are removed, put on hold, or made observers."""

from collections.abc import Collection
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import select

from workspace.db import db
from workspace.db.types import AnyRow
from workspace.i18n.formatting import listed
from workspace.partnerships.models import Membership
from workspace.posts.challenge_workflow import UNSOLVED
from workspace.posts.models import Post
from workspace.roles import queries as role_queries
from workspace.roles import removal_impact
from workspace.roles.removal_impact import Impact

MOST_NAMED = 10


@dataclass(frozen=True)
class Duties:
    """What the `roles` would lack without some members, and the unsolved challenges that they have `taken`."""

    roles: Impact
    taken: list[AnyRow]


def of(membership: Membership, member_ids: Collection[int]) -> Duties:
    """The duties of these members, in three statements."""
    return Duties(removal_impact.impact_of_removing(membership, member_ids), _taken(membership, member_ids))


def named(membership: Membership, member_ids: Collection[int]) -> str:
    """The roles that they hold and the challenges that they have taken, the first few by name; "" for none."""
    if not member_ids:
        return ""
    roles = role_queries.names_of(membership, list(member_ids))
    names = list(dict.fromkeys(name for held in roles.values() for name in held))
    names += [_("‘%(title)s’", title=row.title) for row in _taken(membership, member_ids)]
    return listed(names[:MOST_NAMED], len(names) - MOST_NAMED)


def _taken(membership: Membership, member_ids: Collection[int]) -> list[AnyRow]:
    query = (
        select(Post.number, Post.title)
        .where(
            Post.partnership_id == membership.partnership_id,
            Post.taker_id.in_(list(member_ids)),
            Post.status.in_(UNSOLVED),
            Post.withdrawn_at.is_(None),
        )
        .order_by(Post.activity_number.desc())
    )
    return list(db.session.execute(query))
