"""What waits for its reader in texts: where others mention them."""

from collections.abc import Iterator

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import and_, bindparam, select
from sqlalchemy.orm import aliased

from workspace.accounts.models import User
from workspace.comments.models import Comment
from workspace.db.statements import cached_statement, fetch_rows
from workspace.db.types import AnySelect
from workspace.notifications.action_items import PLACE, ActionItem, ActionKind, action_source
from workspace.notifications.dispatch import NotificationKind
from workspace.partnerships.activity_log import Entry, text_path
from workspace.partnerships.mentions import Mention
from workspace.partnerships.models import Membership, Partnership
from workspace.posts.models import Post

MOST = 50

MENTIONS_ME = ActionKind(
    name="mention", rank=40, symbol="comment", button=_l("Mark as read"), notice=NotificationKind.MENTIONED
)


@action_source
def mentions(user: User) -> Iterator[ActionItem]:
    """Where others mention the person, in posts that they have not opened since; the oldest first."""
    for row in fetch_rows(_mentions(), user_id=user.id):
        yield MENTIONS_ME.item(
            f"{row.partnership_id}:{row.text_number}",
            title=_("%(name)s mentions you: %(title)s", name=row.author_name, title=row.title),
            address=f"/partnerships/{row.slug}/{text_path(row.number, row.text_number)}",
            where=row,
            quick_action_url=f"/partnerships/{row.slug}/waiting/mentions/{row.text_number}",
        )


@cached_statement
def _mentions() -> AnySelect:
    author, person = aliased(Membership), aliased(User)
    return (
        select(
            *PLACE,
            Post.number,
            Post.title,
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
