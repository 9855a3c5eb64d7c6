"""What waits for me: derived from the state of challenges and roles, never a second copy of it.

Each item has the one thing that settles it, and goes when it is settled. Later readers (mail) use the same list.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import and_, case, or_, select

from workspace import clock
from workspace.access import Level
from workspace.accounts.models import User
from workspace.database import AnyRow, db
from workspace.languages import short_date, short_day
from workspace.partnerships.models import Membership, Partnership, State
from workspace.partnerships.words import SIDES
from workspace.posts.models import Post
from workspace.posts.moving import STANDS_STILL_AFTER, UNSOLVED
from workspace.roles import waiting as roles
from workspace.roles.holdings import Holding, is_held
from workspace.roles.holdings import Kind as HoldingKind

MOST = 50


@dataclass(frozen=True)
class Item:
    """One thing that waits: what, where, and what settles it: a page, or with `settles` a single press."""

    symbol: str
    title: str
    meta: str
    address: str
    button: str
    settles: str = ""


def waiting(user: User) -> list[Item]:
    """All that waits for `user`, what others wait for most first. Five statements, however much there is."""
    challenges, vacant = _challenges(user), roles.vacant_roles_of_moderator(user)
    vacant_ids = {row.role_id for row in vacant}
    return [
        *(_asked(row) for row in challenges if row.asks_me),
        *(_offer(row) for row in roles.offers_to(user)),
        *(_role_is_mine(row) for row in challenges if row.concerns_my_role),
        *(_taken(row) for row in challenges if row.is_mine),
        *(_request(row) for row in roles.requests_for_roles(user)),
        *(_vacant(row) for row in vacant),
        *(_still(row) for row in challenges if row.stands_still),
        *(_one_sided(row) for row in roles.one_sided_roles_of_moderator(user) if row.role_id not in vacant_ids),
    ]


def _challenges(user: User) -> list[AnyRow]:
    """The unsolved challenges that have to do with me, each told once, with why."""
    asks_me = Post.asked_id == Membership.id
    is_mine = Post.taker_id == Membership.id
    my_roles = select(Holding.role_id).where(
        Holding.membership_id == Membership.id,
        Holding.kind == HoldingKind.ACCOUNTABLE,
        is_held(clock.now()),
    )
    unclaimed = and_(Post.taker_id.is_(None), Post.asked_id.is_(None))
    concerns_my_role = and_(unclaimed, Post.role_id.in_(my_roles.correlate(Membership)))
    still = and_(Membership.level == Level.MODERATOR, Post.activity_at < clock.now() - STANDS_STILL_AFTER)
    query = (
        select(
            Partnership.slug,
            Partnership.name.label("partnership_name"),
            Post.number,
            Post.title,
            Post.answer_by,
            Post.activity_at,
            *_told_once(asks_me=asks_me, concerns_my_role=concerns_my_role, is_mine=is_mine, stands_still=still),
        )
        .select_from(Membership)
        .join(Partnership, Partnership.id == Membership.partnership_id)
        .join(Post, Post.partnership_id == Partnership.id)
        .where(
            Membership.user_id == user.id,
            Membership.state == State.ACTIVE,
            Membership.level != Level.OBSERVER,
            Partnership.archived_at.is_(None),
            Partnership.unsolved_count > 0,
            Post.status.in_(UNSOLVED),
            Post.withdrawn_at.is_(None),
            or_(asks_me, is_mine, concerns_my_role, still),
        )
        .order_by(Post.answer_by.is_(None), Post.answer_by, Post.activity_at)
        .limit(MOST)
    )
    return list(db.session.execute(query))


def _told_once(**reasons: Any) -> Iterator[Any]:
    """Each reason as a column that is true where none of those before it is."""
    first = case(*((reason, name) for name, reason in reasons.items()))
    for name in reasons:
        yield (first == name).label(name)


def _asked(row: AnyRow) -> Item:
    address = _post(row)
    return Item(
        "challenge",
        _("You are asked to take: %(title)s", title=row.title),
        _meta(row),
        address,
        _("I take it"),
        settles=f"/partnerships/{row.slug}/waiting/challenges/{row.number}",
    )


def _offer(row: AnyRow) -> Item:
    kind = _("accountable") if row.kind is HoldingKind.ACCOUNTABLE else _("helper")
    return Item(
        "users",
        _("%(name)s offers you the role »%(role)s« as %(kind)s", name=row.offered_by, role=row.name, kind=kind),
        f"{row.partnership_name} · {_('from %(date)s', date=short_date(row.since))}"
        if row.since
        else row.partnership_name,
        _role(row),
        _("Accept"),
        settles=f"/partnerships/{row.slug}/waiting/roles/{row.role_id}/{row.id}",
    )


def _role_is_mine(row: AnyRow) -> Item:
    return Item("challenge", _("Waits for your role: %(title)s", title=row.title), _meta(row), _post(row), _("Answer"))


def _taken(row: AnyRow) -> Item:
    title = _("You have taken: %(title)s", title=row.title)
    return Item("ongoing", title, _meta(row), f"{_post(row)}/solution", _("Solve"))


def _request(row: AnyRow) -> Item:
    title = _("%(name)s asks for the role »%(role)s«", name=row.asked_by, role=row.name)
    return Item("users", title, f"{row.partnership_name} · {row.organisation_name}", _role(row), _("Answer"))


def _vacant(row: AnyRow) -> Item:
    title = _("»%(role)s« has nobody accountable", role=row.name)
    return Item("users", title, row.partnership_name, _role(row), _("Find somebody accountable"))


def _still(row: AnyRow) -> Item:
    title = _("Stands still: %(title)s", title=row.title)
    meta = _("since %(date)s", date=short_date(row.activity_at))
    return Item("clock", title, f"{row.partnership_name} · {meta}", _post(row), _("Get it going"))


def _one_sided(row: AnyRow) -> Item:
    title = _("»%(role)s« is held by one side only", role=row.name)
    return Item("users", title, f"{row.partnership_name} · {SIDES[row.side]}", _role(row), _("See the role"))


def _meta(row: AnyRow) -> str:
    if row.answer_by is None:
        return str(row.partnership_name)
    return f"{row.partnership_name} · {_('answer by %(date)s', date=short_day(row.answer_by))}"


def _post(row: AnyRow) -> str:
    return f"/partnerships/{row.slug}/posts/{row.number}"


def _role(row: AnyRow) -> str:
    return f"/partnerships/{row.slug}/roles/{row.role_id}"
