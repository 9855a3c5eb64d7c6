"""Updates after a number, for the page that shows them: two to eight statements, however many there are."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import Select, bindparam, select

from workspace.comments import queries as comments
from workspace.comments.verbs import COMMENTED
from workspace.db import db
from workspace.db.statements import cached_statement, fetch_rows
from workspace.db.types import AnySelect
from workspace.files.verbs import OF_FILES
from workspace.partnerships.activity_log import Entry
from workspace.partnerships.context import partnership_context
from workspace.partnerships.models import Membership
from workspace.partnerships.queries import HISTORY_COLUMNS
from workspace.partnerships.query_params import MEMBERSHIP, params_of
from workspace.partnerships.verbs import thread_verbs
from workspace.posts import queries as posts
from workspace.posts.context import post_context
from workspace.posts.models import Post, PostKind

# A page that was away for longer gets only the latest.
MOST_ENTRIES = 200


def of_post(membership: Membership, number: int, after: int) -> dict[str, Any]:
    """Updates of a post: comments and moves that are new or have changed, and the post as it is now."""
    entries = _entries(membership, number, after)
    card = posts.card(membership, number)
    about_it = [entry for entry in entries if _comment(entry) is None]
    found = [each for entry in entries if (each := _comment(entry))]
    lines = comments.comment_rows(membership, number, found) if found else []
    moves = [entry for entry in entries if entry.verb in thread_verbs()]
    return {
        **(post_context(membership, card) if about_it else {"post": card, **partnership_context(membership)}),
        "has_changed": bool(about_it),
        "thread": sorted([*lines, *moves], key=lambda item: item.number),
        "said": _said(membership, entries, is_challenge=card.status is not None),
    }


def of_feed(membership: Membership, kind: PostKind | None, after: int) -> dict[str, Any]:
    """Updates of a feed: posts that are new or have changed, by the latest entries."""
    after = max(after, membership.partnership.last_number - MOST_ENTRIES)
    query = _in_part(has_news=membership.has_news, of_kind=kind is not None)
    return {
        "page": fetch_rows(query, **params_of(membership), kind=kind, after=after),
        **partnership_context(membership),
    }


@cached_statement
def _in_part(*, has_news: bool, of_kind: bool) -> AnySelect:
    numbers = select(Entry.post_number).where(
        Entry.partnership_id == MEMBERSHIP.partnership_id,
        Entry.number > bindparam("after"),
        Entry.post_number.is_not(None),
    )
    query = posts.feed_select(has_news=has_news, of_kind=of_kind).where(Post.number.in_(numbers))
    return query.order_by(Post.activity_number.desc()).limit(posts.PAGE)


def _entries(membership: Membership, number: int, after: int) -> list[Entry]:
    given = params_of(membership) | {"post_number": number, "after": after}
    return list(db.session.scalars(_about_post(), given))[::-1]


def _about_post() -> Select[Entry]:
    about = Entry.post_number == bindparam("post_number"), Entry.number > bindparam("after")
    query = select(Entry).where(Entry.partnership_id == MEMBERSHIP.partnership_id, *about)
    return query.options(*HISTORY_COLUMNS).order_by(Entry.number.desc()).limit(MOST_ENTRIES)


def _comment(entry: Entry) -> int | None:
    """The number of the comment that an entry is about; None for one about the post itself."""
    return entry.number if entry.verb is COMMENTED else entry.details.get("comment")


def _said(membership: Membership, entries: list[Entry], *, is_challenge: bool) -> str:
    """The announcement for screen readers: what others did, in a sentence or two."""
    others = [entry for entry in entries if entry.actor_id != membership.id]
    commented = [entry for entry in others if entry.verb is COMMENTED]
    sentences = []
    if len(commented) == 1 and commented[0].actor:
        sentences.append(_("%(name)s has commented.", name=commented[0].actor.user.name))
    elif commented:
        sentences.append(ngettext("%(num)s new comment.", "%(num)s new comments.", len(commented)))
    if is_challenge and any(entry.verb in thread_verbs() and entry.verb not in OF_FILES for entry in others):
        sentences.append(_("The challenge has a new status."))
    return " ".join(sentences)
