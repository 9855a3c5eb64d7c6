"""Action items, what waits for me: derived from challenges, roles and mentions, never stored a second time.

Each item has the one action that settles it, and disappears when it is settled. Digests use the same list.
"""

from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import Date, String, and_, bindparam, case, cast, literal, null, select, union_all
from sqlalchemy.orm import aliased

from workspace.accounts.models import User
from workspace.comments.models import Comment
from workspace.db.statements import cached_statement, fetch_rows, inline_literal, now_param
from workspace.db.types import AnyRow, AnySelect
from workspace.i18n.formatting import short_date, short_day
from workspace.members import pending as members
from workspace.notifications.dispatch import NotificationKind
from workspace.partnerships.activity_log import Entry
from workspace.partnerships.labels import SIDES
from workspace.partnerships.mentions import Mention
from workspace.partnerships.models import Membership, Partnership
from workspace.permissions import Level
from workspace.posts.challenge_workflow import STALLED_AFTER
from workspace.posts.models import Post
from workspace.roles import pending as roles
from workspace.roles.assignments import AssignmentKind as HoldingKind
from workspace.roles.assignments import RoleAssignment, is_held

MOST = 50

# Why a post waits for me.
ASKS_ME, CONCERNS_MY_ROLE, IS_MINE, STANDS_STILL, MENTIONS_ME = "asks", "role", "taken", "still", "mentions"
PLACE = (Partnership.slug, Partnership.name.label("partnership_name"), Post.number, Post.title)


@dataclass(frozen=True)
class ActionItem:
    """One item: what, where, and what settles it, which is a page, or with `settles` a single button.

    An item with `moderates` waits for any of the moderators, not for this person alone; `is_request` means that
    somebody waits for an answer. `notice` is its kind of news, where one can choose how soon to get mail about it.
    """

    symbol: str
    title: str
    meta: str
    address: str
    button: str
    quick_action_url: str = ""
    moderates: bool = False
    is_request: bool = False
    notice: NotificationKind | None = None

    @property
    def place(self) -> str:
        """The partnership that it is in, by its slug; empty for what is in none."""
        _, found, rest = self.address.partition("/partnerships/")
        return rest.partition("/")[0] if found else ""


def waiting(user: User, *, moderates: bool = True) -> list[ActionItem]:
    """Everything that waits for `user`, the most urgent for others first. Always five statements.

    For somebody of whom it is known that they moderate nothing there are two, which leave out what they have asked
    for in partnerships that they are not in.
    """
    posts = _posts(user)
    lacking = roles.lacking_roles_of_moderator(user) if moderates else []
    return [
        *(_asked(row) for row in posts if row.why == ASKS_ME),
        *(_offer(row) for row in roles.offers_to(user)),
        *(_answer(row) for row in (members.answers_wanted(user) if moderates else ())),
        *(_mention(row) for row in posts if row.why == MENTIONS_ME),
        *(_role_is_mine(row) for row in posts if row.why == CONCERNS_MY_ROLE),
        *(_taken(row) for row in posts if row.why == IS_MINE),
        *(_request(row) for row in (roles.requests_for_roles(user) if moderates else ())),
        *(_vacant(row) for row in lacking if row.vacant),
        *(_still(row) for row in posts if row.why == STANDS_STILL),
        *(_one_sided(row) for row in lacking if not row.vacant),
    ]


def _posts(user: User) -> list[AnyRow]:
    """The posts that wait for me, each told once with `why`: unsolved challenges, and what mentions me."""
    return fetch_rows(_told(), user_id=user.id)


@cached_statement
def _told() -> AnySelect:
    parts = [_challenges().subquery(), _mentions().subquery()]
    found = union_all(*(select(part) for part in parts)).subquery()
    return select(found).order_by(found.c.answer_by.is_(None), found.c.answer_by, found.c.activity_at)


def _challenges() -> AnySelect:
    """The unsolved challenges that have to do with me."""
    my_roles = select(RoleAssignment.role_id).where(
        RoleAssignment.membership_id == Membership.id,
        RoleAssignment.kind == inline_literal(HoldingKind.ACCOUNTABLE),
        is_held(now_param()),
    )
    unclaimed = and_(Post.taker_id.is_(None), Post.asked_id.is_(None))
    why = case(
        (Post.asked_id == Membership.id, ASKS_ME),
        (and_(unclaimed, Post.role_id.in_(my_roles.correlate(Membership))), CONCERNS_MY_ROLE),
        (Post.taker_id == Membership.id, IS_MINE),
        (
            and_(Membership.level == Level.MODERATOR, Post.activity_at < now_param(before=STALLED_AFTER)),
            STANDS_STILL,
        ),
    )
    return (
        select(
            why.label("why"),
            *PLACE,
            Post.answer_by,
            Post.activity_at,
            Post.number.label("text_number"),
            cast(null(), String).label("author_name"),
        )
        .select_from(Membership)
        .join(Partnership, Partnership.id == Membership.partnership_id)
        .join(Post, Post.partnership_id == Partnership.id)
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
        .limit(MOST)
    )


def _mentions() -> AnySelect:
    """Where others mention me, in posts that I have not opened since; the oldest first."""
    author, person = aliased(Membership), aliased(User)
    return (
        select(
            literal(MENTIONS_ME).label("why"),
            *PLACE,
            cast(null(), Date).label("answer_by"),
            Entry.at.label("activity_at"),
            Mention.number.label("text_number"),
            person.name.label("author_name"),
        )
        .select_from(Membership)
        .join(
            Mention,
            and_(
                Mention.partnership_id == Membership.partnership_id,
                Mention.membership_id == Membership.id,
                Mention.is_seen.is_(False),
            ),
        )
        .join(Entry, and_(Entry.partnership_id == Mention.partnership_id, Entry.number == Mention.number))
        .join(Partnership, Partnership.id == Entry.partnership_id)
        .join(Post, and_(Post.partnership_id == Entry.partnership_id, Post.number == Entry.post_number))
        .outerjoin(Comment, and_(Comment.partnership_id == Mention.partnership_id, Comment.number == Mention.number))
        .join(author, author.id == Entry.actor_id)
        .join(person, person.id == author.user_id)
        .where(
            Membership.user_id == bindparam("user_id"),
            Membership.is_active,
            Entry.actor_id != Membership.id,
            Partnership.archived_at.is_(None),
            Post.withdrawn_at.is_(None),
            Comment.withdrawn_at.is_(None),
        )
        .order_by(Entry.at)
        .limit(MOST)
    )


def _asked(row: AnyRow) -> ActionItem:
    address = _post(row)
    return ActionItem(
        "challenge",
        _("You are asked to take: %(title)s", title=row.title),
        _meta(row),
        address,
        _("I take it"),
        quick_action_url=f"/partnerships/{row.slug}/waiting/challenges/{row.number}",
        notice=NotificationKind.CHALLENGE,
    )


def _offer(row: AnyRow) -> ActionItem:
    kind = _("accountable") if row.kind is HoldingKind.ACCOUNTABLE else _("helper")
    return ActionItem(
        "users",
        _("%(name)s offers you the role ‘%(role)s’ as %(kind)s", name=row.offered_by, role=row.name, kind=kind),
        f"{row.partnership_name} · {_('from %(date)s', date=short_date(row.since))}"
        if row.since
        else row.partnership_name,
        _role(row),
        _("Accept"),
        quick_action_url=f"/partnerships/{row.slug}/waiting/roles/{row.role_id}/{row.id}",
        notice=NotificationKind.ROLE,
    )


def _answer(row: AnyRow) -> ActionItem:
    home = f"/partnerships/{row.slug}"
    return {
        "request": lambda: ActionItem(
            "users",
            _("%(name)s asks to join", name=row.title),
            f"{row.partnership_name} · {row.about}",
            f"{home}/members",
            _("Answer"),
            moderates=True,
            is_request=True,
        ),
        "report": lambda: ActionItem(
            "warning",
            _("Reported to the moderators: %(title)s", title=row.title or _("Withdrawn post")),
            row.partnership_name,
            f"{home}/reports",
            _("Answer"),
            notice=NotificationKind.REPORT,
        ),
        "question": lambda: ActionItem(
            "users",
            _("The moderators have a question about your request"),
            row.partnership_name,
            "/memberships",
            _("Answer"),
        ),
    }[row.what]()


def _mention(row: AnyRow) -> ActionItem:
    comment = "" if row.text_number == row.number else f"?comment={row.text_number}#comment-{row.text_number}"
    return ActionItem(
        "comment",
        _("%(name)s mentions you: %(title)s", name=row.author_name, title=row.title),
        row.partnership_name,
        f"{_post(row)}{comment}",
        _("Mark as read"),
        quick_action_url=f"/partnerships/{row.slug}/waiting/mentions/{row.text_number}",
        notice=NotificationKind.MENTIONED,
    )


def _role_is_mine(row: AnyRow) -> ActionItem:
    return ActionItem(
        "challenge", _("Waiting for your role: %(title)s", title=row.title), _meta(row), _post(row), _("Answer")
    )


def _taken(row: AnyRow) -> ActionItem:
    title = _("You have taken: %(title)s", title=row.title)
    return ActionItem("ongoing", title, _meta(row), f"{_post(row)}/solution", _("Solve"))


def _request(row: AnyRow) -> ActionItem:
    title = _("%(name)s asks for the role ‘%(role)s’", name=row.asked_by, role=row.name)
    return ActionItem(
        "users",
        title,
        f"{row.partnership_name} · {row.organisation_name}",
        _role(row),
        _("Answer"),
        moderates=True,
        is_request=True,
    )


def _vacant(row: AnyRow) -> ActionItem:
    title = _("‘%(role)s’ has nobody accountable", role=row.name)
    return ActionItem("users", title, row.partnership_name, _role(row), _("Find somebody accountable"), moderates=True)


def _still(row: AnyRow) -> ActionItem:
    title = _("Stalled: %(title)s", title=row.title)
    meta = _("since %(date)s", date=short_date(row.activity_at))
    return ActionItem("clock", title, f"{row.partnership_name} · {meta}", _post(row), _("Get it going"), moderates=True)


def _one_sided(row: AnyRow) -> ActionItem:
    title = _("‘%(role)s’ is held by one side only", role=row.name)
    return ActionItem(
        "users", title, f"{row.partnership_name} · {SIDES[row.side]}", _role(row), _("See the role"), moderates=True
    )


def _meta(row: AnyRow) -> str:
    if row.answer_by is None:
        return str(row.partnership_name)
    return f"{row.partnership_name} · {_('answer by %(date)s', date=short_day(row.answer_by))}"


def _post(row: AnyRow) -> str:
    return f"/partnerships/{row.slug}/posts/{row.number}"


def _role(row: AnyRow) -> str:
    return f"/partnerships/{row.slug}/roles/{row.role_id}"
