"""Queries of one's own memberships, for the pages on which one chooses what to hear of."""

from sqlalchemy import select, tuple_

from workspace.accounts.models import User
from workspace.db import db
from workspace.db.types import AnyRow
from workspace.partnerships.models import Membership, Partnership

PAGE = 40


def seats(user: User, after: int | None) -> list[AnyRow]:
    """A page of one's active memberships, by the partnerships' names, and one more if there are others after them."""
    query = (
        select(
            Membership.id,
            Membership.digest_frequency,
            Membership.mail_timing,
            Partnership.name,
            Partnership.stage,
            Partnership.titles_only,
        )
        .join(Membership.partnership)
        .where(Membership.user_id == user.id, Membership.is_active, Partnership.archived_at.is_(None))
        .order_by(Partnership.name_key, Membership.id)
        .limit(PAGE + 1)
    )
    if after:
        key = select(Partnership.name_key).join(Membership).where(Membership.id == after).scalar_subquery()
        query = query.where(tuple_(Partnership.name_key, Membership.id) > tuple_(key, after))
    return list(db.session.execute(query))
