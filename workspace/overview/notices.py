"""Notices, the bell: what others did that concerns me. A reader of the log, which keeps no copy of it.

What concerns me is what happens on posts that I follow: comments there, mentions of me, reactions to what I wrote, the
turns of my challenges, the answer to my asking somebody, the correction that I asked for as a moderator; what others do
about my roles, and the answer to my offering one, or handing it over.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import and_, case, exists, or_, select
from sqlalchemy.orm import aliased

from workspace.accounts.models import User
from workspace.comments.models import Comment
from workspace.db import db
from workspace.db.statements import cached_statement, fetch_rows, now_param
from workspace.db.types import AnyRow, AnySelect
from workspace.members.verbs import CORRECTED_AS_ASKED
from workspace.notifications.notices import Topic, read_to
from workspace.partnerships.activity_log import Entry, text_path
from workspace.partnerships.mentions import Mention
from workspace.partnerships.models import Membership, Partnership
from workspace.partnerships.queries import HISTORY_COLUMNS
from workspace.partnerships.query_params import USER, params_of
from workspace.partnerships.reading import is_comment
from workspace.partnerships.verbs import verbs_that
from workspace.posts.follows import Follow
from workspace.posts.models import Post
from workspace.posts.verbs import ASKED_TO_TAKE, DECLINED_TO_TAKE, REACTED, TOOK
from workspace.roles.models import Role
from workspace.roles.queries import is_notice_to

SHOWN = 40
KEPT = timedelta(days=60)
MENTIONS_ME, ASKS_ME = "mentions", "asks"


@dataclass(frozen=True)
class Notice:
    """A line under the bell: what somebody did, about what, where, and whether I have opened that since."""

    text: str
    title: str
    partnership: str
    address: str
    at: datetime
    is_unread: bool


def notices(user: User) -> list[Notice]:
    """The latest of them, in two statements. Those that are older than 60 days, or emptied, are gone."""
    found = [_of_post(row) for row in fetch_rows(_posts(), **params_of(user))]
    found += [_of_role(*row) for row in db.session.execute(_roles(), params_of(user))]
    return sorted(found, key=lambda notice: notice.at, reverse=True)[:SHOWN]


def unread_count(user: User) -> int:
    """How many of them I have not opened."""
    return sum(notice.is_unread for notice in notices(user))


@cached_statement
def _posts() -> AnySelect:
    actor, person, asking = aliased(Membership), aliased(User), aliased(Entry)
    here = Entry.partnership_id == Membership.partnership_id
    mentions_me = exists().where(
        Mention.partnership_id == Entry.partnership_id,
        Mention.number == Entry.number,
        Mention.membership_id == Membership.id,
    )
    asks_me = and_(Entry.verb == ASKED_TO_TAKE, Entry.subject_id == Membership.id)
    is_mine = or_(Post.author_id == Membership.id, Post.taker_id == Membership.id)
    turns = verbs_that(lambda verb: verb.act and verb.in_thread)
    answers_me = and_(
        Entry.verb.in_((TOOK, DECLINED_TO_TAKE)),
        exists().where(
            asking.partnership_id == Entry.partnership_id,
            asking.post_number == Entry.post_number,
            asking.verb == ASKED_TO_TAKE,
            asking.actor_id == Membership.id,
            asking.number < Entry.number,
        ),
    )
    text = Entry.details["comment"].as_integer()
    i_wrote = case(
        (text.is_(None), Post.author_id == Membership.id),
        else_=exists().where(
            Comment.partnership_id == Entry.partnership_id, Comment.number == text, Comment.author_id == Membership.id
        ),
    )
    return (
        select(
            case((mentions_me, MENTIONS_ME), (asks_me, ASKS_ME), else_="").label("why"),
            Entry.number,
            Entry.verb,
            Entry.at,
            Entry.stands,
            text.label("comment"),
            Post.number.label("post_number"),
            Post.title,
            Partnership.slug,
            Partnership.name.label("partnership_name"),
            person.name.label("actor_name"),
            (Entry.number > read_to(Membership, Topic.POST, Post.number)).label("is_unread"),
        )
        .select_from(Membership)
        .join(Partnership, Partnership.id == Membership.partnership_id)
        .join(Follow, Follow.membership_id == Membership.id)
        .join(Entry, and_(here, Entry.post_number == Follow.post_number, Entry.number > Membership.notices_after))
        .join(Post, and_(Post.partnership_id == Entry.partnership_id, Post.number == Entry.post_number))
        .outerjoin(actor, actor.id == Entry.actor_id)
        .outerjoin(person, person.id == actor.user_id)
        .where(
            Membership.user_id == USER.id,
            Membership.is_active,
            Entry.actor_id.is_distinct_from(Membership.id),
            Entry.at > now_param(before=KEPT),
            Entry.stands.is_not(False),
            Post.withdrawn_at.is_(None),
            or_(
                mentions_me,
                and_(is_comment(), Follow.follows.is_(True)),
                and_(Entry.verb.in_(turns), is_mine),
                and_(Entry.verb == REACTED, i_wrote),
                asks_me,
                answers_me,
                and_(Entry.verb == CORRECTED_AS_ASKED, Entry.subject_id == Membership.id),
            ),
        )
        .order_by(Entry.at.desc())
        .limit(SHOWN)
    )


@cached_statement
def _roles() -> AnySelect:
    role = Entry.details["role"].as_integer()
    return (
        select(Entry, Role.id, Role.name, Partnership, Entry.number > read_to(Membership, Topic.ROLE, Role.id))
        .select_from(Membership)
        .join(Partnership, Partnership.id == Membership.partnership_id)
        .join(Entry, and_(Entry.partnership_id == Membership.partnership_id, Entry.number > Membership.notices_after))
        .join(Role, and_(Role.partnership_id == Entry.partnership_id, Role.id == role))
        .where(
            Membership.user_id == USER.id,
            Membership.is_active,
            is_notice_to(Membership),
            Entry.at > now_param(before=KEPT),
        )
        .options(*HISTORY_COLUMNS)
        .order_by(Entry.at.desc())
        .limit(SHOWN)
    )


def _of_post(row: AnyRow) -> Notice:
    path = text_path(row.post_number, row.number if row.stands else row.comment or row.post_number)
    address = f"/partnerships/{row.slug}/{path}"
    who = row.actor_name or "Samspil"
    if row.why == MENTIONS_ME:
        text = _("%(who)s mentions you", who=who)
    elif row.why == ASKS_ME:
        text = _("%(who)s asks you to take the challenge", who=who)
    else:
        text = str(row.verb.act) % {"who": who}
    return Notice(text, row.title, row.partnership_name, address, row.at, bool(row.is_unread))


def _of_role(entry: Entry, role_id: int, name: str, partnership: Partnership, is_unread: bool) -> Notice:
    address = f"{partnership.address}roles/{role_id}"
    return Notice(entry.sentence, name, partnership.name, address, entry.at, bool(is_unread))
