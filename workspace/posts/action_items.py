"""What waits for its reader among the unsolved challenges."""

from collections.abc import Iterator

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import and_, bindparam, case, or_, select
from sqlalchemy.orm import aliased

from workspace.accounts.models import User
from workspace.db.statements import cached_statement, fetch_rows, inline_literal, now_param
from workspace.db.types import AnyRow, AnySelect
from workspace.i18n.formatting import short_date, short_day
from workspace.notifications.action_items import MOST_ITEMS, PLACE, ActionItem, ActionKind, action_source, asked_when
from workspace.notifications.dispatch import NotificationKind
from workspace.partnerships.activity_log import Entry
from workspace.partnerships.models import Membership, Partnership
from workspace.permissions import Level
from workspace.posts.challenge_workflow import STALLED_AFTER
from workspace.posts.models import Post
from workspace.roles.assignments import AssignmentKind, RoleAssignment, is_held

ASKS_ME = ActionKind(
    name="asked", rank=10, symbol="challenge", button=_l("I take it"), notice=NotificationKind.CHALLENGE
)
CONCERNS_MY_ROLE = ActionKind(name="role", rank=50, symbol="challenge", button=_l("Answer"))
IS_MINE = ActionKind(
    name="taken",
    rank=60,
    symbol="ongoing",
    button=_l("Solve"),
    together=lambda count: ngettext("You have taken %(num)s challenge", "You have taken %(num)s challenges", count),
    together_button=_l("See the challenges"),
    page="challenges?state=ongoing",
    several=4,
)
STALLED = ActionKind(
    name="stalled",
    rank=90,
    symbol="clock",
    button=_l("Get it going"),
    together=lambda count: ngettext("%(num)s challenge has stalled", "%(num)s challenges have stalled", count),
    together_button=_l("See the challenges"),
    page="challenges?state=still",
    moderating=True,
)
ASKED_ANOTHER = ActionKind(name="asked_another", rank=95, symbol="clock", button=_l("See the challenge"))

KINDS = {kind.name: kind for kind in (ASKS_ME, CONCERNS_MY_ROLE, IS_MINE, STALLED, ASKED_ANOTHER)}


@action_source
def challenges(user: User) -> Iterator[ActionItem]:
    """The unsolved challenges that have to do with the person, each told once, for the first reason that fits."""
    return (_item(row) for row in fetch_rows(_challenges(), user_id=user.id))


@cached_statement
def _challenges() -> AnySelect:
    asked, person = aliased(Membership), aliased(User)
    my_roles = select(RoleAssignment.role_id).where(
        RoleAssignment.membership_id == Membership.id,
        RoleAssignment.kind == inline_literal(AssignmentKind.ACCOUNTABLE),
        is_held(now_param()),
    )
    unclaimed = and_(Post.taker_id.is_(None), Post.asked_id.is_(None))
    moderates = Membership.level == Level.MODERATOR
    stalled = Post.activity_at < now_param(before=STALLED_AFTER)
    why = case(
        (Post.asked_id == Membership.id, ASKS_ME.name),
        (and_(asked.is_active, or_(Entry.actor_id == Membership.id, and_(moderates, stalled))), ASKED_ANOTHER.name),
        (and_(unclaimed, Post.role_id.in_(my_roles.correlate(Membership))), CONCERNS_MY_ROLE.name),
        (Post.taker_id == Membership.id, IS_MINE.name),
        (and_(moderates, stalled), STALLED.name),
    )
    return (
        select(
            why.label("why"),
            *PLACE,
            Post.number,
            Post.title,
            Post.answer_by,
            Post.activity_at,
            Post.activity_number,
            Post.reminded_at,
            Entry.at.label("asked_at"),
            person.name.label("asked_name"),
        )
        .select_from(Membership)
        .join(Partnership, Partnership.id == Membership.partnership_id)
        .join(Post, Post.partnership_id == Partnership.id)
        .outerjoin(Entry, and_(Entry.partnership_id == Post.partnership_id, Entry.number == Post.asked_number))
        .outerjoin(asked, asked.id == Post.asked_id)
        .outerjoin(person, person.id == asked.user_id)
        .where(
            Membership.user_id == bindparam("user_id"),
            Membership.is_active,
            Membership.level != Level.OBSERVER,
            Partnership.archived_at.is_(None),
            Partnership.unsolved_count > 0,
            Post.is_unsolved,
            why.is_not(None),
        )
        .order_by(Post.answer_by.is_(None), Post.answer_by, Post.activity_at)
        .limit(MOST_ITEMS)
    )


def _item(row: AnyRow) -> ActionItem:
    kind, post = KINDS[row.why], f"/partnerships/{row.slug}/posts/{row.number}"
    waiting = f"/partnerships/{row.slug}/waiting/challenges/{row.number}"
    about = _("answer by %(date)s", date=short_day(row.answer_by)) if row.answer_by else ""
    return kind.item(
        f"{row.partnership_id}:{row.number}",
        where=row,
        title=_title(kind, row),
        address=f"{post}/solution" if kind is IS_MINE else post,
        about=_("since %(date)s", date=short_date(row.activity_at)) if kind is STALLED else about,
        version=f"{row.activity_number}",
        quick_action_url=waiting if kind is ASKS_ME else "",
        asked=asked_when(row.asked_name, row.asked_at, row.reminded_at) if kind is ASKED_ANOTHER else "",
        reminder_url=f"{waiting}/reminder" if kind is ASKED_ANOTHER else "",
        another_url=f"{post}/taking" if kind is ASKED_ANOTHER else "",
    )


def _title(kind: ActionKind, row: AnyRow) -> str:
    title = row.title
    if kind is ASKS_ME:
        return _("You are asked to take: %(title)s", title=title)
    if kind is CONCERNS_MY_ROLE:
        return _("Waiting for your role: %(title)s", title=title)
    if kind is IS_MINE:
        return _("You have taken: %(title)s", title=title)
    if kind is STALLED:
        return _("Stalled: %(title)s", title=title)
    return str(title)
