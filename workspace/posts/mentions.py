"""Mentions: `@` and a member's name in a text, stored as a reference to the membership.

In stored HTML a mention is a link to "#member-17"; what is shown is the current name of that member
(rich_text/display.py). Only members of the same partnership can be mentioned: a composite key ensures it.
"""

from typing import Any

from sqlalchemy import String, cast, delete, exists, func, select

from workspace.accounts.models import User
from workspace.db import db
from workspace.db.name_search import name_matches
from workspace.db.types import AnyRow, AnySelect
from workspace.organisations.models import Organisation
from workspace.partnerships.activity_log import Entry
from workspace.partnerships.mentions import Mention
from workspace.partnerships.models import Membership
from workspace.rich_text import RichText, mentions

MOST_SUGGESTED = 8


def resolved(partnership_id: int, body: RichText, *, number: int | None = None) -> RichText:
    """`body` with references to members of this partnership only, and `@Full Name` made one.

    A reference that the text `number` has already may stay when the member has left.
    """
    if "@" not in body.text and not body.mentions:
        return body
    present = _by_id(
        select(Membership.id, User.name)
        .join(Membership.user)
        .where(Membership.partnership_id == partnership_id, Membership.is_active)
    )
    stored = _stored_mentions(partnership_id, number) if number else {}
    return mentions.resolve_mentions(body, referable=present | stored, recognisable=present)


def keep(partnership_id: int, number: int, body: RichText) -> set[int]:
    """Store whom the text `number`, whose mentions are resolved, mentions now; returns the ids of new ones."""
    before = set(_stored_mentions(partnership_id, number))
    gone = delete(Mention).where(
        Mention.partnership_id == partnership_id,
        Mention.number == number,
        Mention.membership_id.in_(before - body.mentions),
    )
    if before - body.mentions:
        db.session.execute(gone)
    db.session.add_all(
        Mention(partnership_id=partnership_id, number=number, membership_id=membership_id)
        for membership_id in sorted(body.mentions - before)
    )
    return body.mentions - before


def mentioned(partnership_id: Any, number: Any) -> Any:
    """The column `mentioned`: whom the text with the columns `partnership_id` and `number` mentions, by current names.

    It is what `rich_text.display.display_html` takes, so a page of texts needs no further query.
    """
    query = (
        select(func.aggregate_strings(cast(Membership.id, String) + ":" + User.name, "\n"))
        .select_from(Mention)
        .join(Membership, Membership.id == Mention.membership_id)
        .join(User, User.id == Membership.user_id)
        .where(Mention.partnership_id == partnership_id, Mention.number == number)
        .correlate_except(Mention, Membership, User)
    )
    return query.scalar_subquery().label("mentioned")


def unseen(membership: Membership, post_number: Any) -> Any:
    """The column `mentions_me`: whether a text of the post with the column `post_number` does, and is not seen yet."""
    return (
        exists()
        .where(
            Mention.partnership_id == membership.partnership_id,
            Mention.membership_id == membership.id,
            Mention.is_seen.is_(False),
            Entry.partnership_id == Mention.partnership_id,
            Entry.number == Mention.number,
            Entry.post_number == post_number,
        )
        .label("mentions_me")
    )


def suggestions(membership: Membership, typed: str) -> list[AnyRow]:
    """The members of the partnership whose name has words that begin with those typed, in Danish order."""
    query = (
        select(Membership.id, User.name, Organisation.name.label("organisation_name"))
        .join(Membership.user)
        .join(Organisation, Membership.organisation_id == Organisation.id)
        .where(
            Membership.partnership_id == membership.partnership_id,
            Membership.is_active,
            *name_matches(User.name_search_key, typed),
        )
        .order_by(User.name_key, Membership.id)
        .limit(MOST_SUGGESTED)
    )
    return list(db.session.execute(query))


def _stored_mentions(partnership_id: int, number: int) -> dict[int, str]:
    query = (
        select(Mention.membership_id, User.name)
        .join(Membership, Membership.id == Mention.membership_id)
        .join(Membership.user)
        .where(Mention.partnership_id == partnership_id, Mention.number == number)
    )
    return _by_id(query)


def _by_id(query: AnySelect) -> dict[int, str]:
    return {membership_id: name for membership_id, name in db.session.execute(query)}
