"""Followers of posts: those whom a post concerns, automatically, and whoever chooses to."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, and_, exists, func, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from workspace.accounts.models import User
from workspace.db import Model, db
from workspace.db.statements import core_connection, fetch_rows
from workspace.db.types import AnyRow
from workspace.partnerships.models import Membership
from workspace.partnerships.queries import ORGANISATION_AND_SIDE, with_person
from workspace.permissions import Action


class Follow(Model):
    """A member's choice about a post: that they follow it, or no longer do."""

    __tablename__ = "follow"
    __table_args__ = (
        ForeignKeyConstraint(["partnership_id", "post_number"], ["post.partnership_id", "post.number"]),
        ForeignKeyConstraint(["partnership_id", "membership_id"], ["membership.partnership_id", "membership.id"]),
        Index("ix_follow_partnership_id_membership_id", "partnership_id", "membership_id"),
    )

    partnership_id: Mapped[int] = mapped_column(primary_key=True)
    post_number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    membership_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    follows: Mapped[bool] = mapped_column(default=True)


def auto_follow(partnership_id: int, post_number: int, membership_ids: Iterable[int]) -> set[int]:
    """Let those whom the post concerns follow it, unless they unfollowed it before. The partnership's row is locked.

    Returns the ids of all memberships that follow it now.
    """
    post = {"partnership_id": partnership_id, "post_number": post_number}
    follow = select(Follow.membership_id, Follow.follows)
    chosen = follow.where(Follow.partnership_id == partnership_id, Follow.post_number == post_number)
    said = {membership_id: follows for membership_id, follows in fetch_rows(chosen)}
    new = sorted(set(membership_ids) - said.keys())
    if new:
        core_connection().execute(insert(Follow), [post | {"membership_id": each} for each in new])
    return {membership_id for membership_id, follows in said.items() if follows} | set(new)


def set_following(by: Membership, post_number: int, *, follows: bool) -> None:
    """Follow a post, or no longer."""
    with by.partnership.locked():
        by.require(Action.FOLLOW)
        key = (by.partnership_id, post_number, by.id)
        chosen = db.session.get(Follow, key)
        if chosen is None:
            chosen = Follow(partnership_id=by.partnership_id, post_number=post_number, membership_id=by.id)
            db.session.add(chosen)
        chosen.follows = follows


def columns(membership: Membership, post_number: Any) -> tuple[Any, Any]:
    """The columns `follower_count` and `follows` of the post with the column `post_number`: whether the member does."""
    mine = exists().where(_of_post(membership, post_number), Follow.membership_id == membership.id)
    count = (
        select(func.count())
        .select_from(Follow)
        .join(Membership, Membership.id == Follow.membership_id)
        .where(_of_post(membership, post_number), Membership.is_active)
        .correlate_except(Follow, Membership)
    )
    return count.scalar_subquery().label("follower_count"), mine.label("follows")


def followers(membership: Membership, post_number: int) -> list[AnyRow]:
    """Who follows the post: id, name, organisation and side, in Danish order."""
    following = (
        select(Membership.id, User.name, *ORGANISATION_AND_SIDE)
        .select_from(Follow)
        .join(Membership, Membership.id == Follow.membership_id)
    )
    query = (
        with_person(following)
        .where(_of_post(membership, post_number), Membership.is_active)
        .order_by(User.name_key, Membership.id)
    )
    return list(db.session.execute(query))


def _of_post(membership: Membership, post_number: Any) -> Any:
    return and_(
        Follow.partnership_id == membership.partnership_id,
        Follow.post_number == post_number,
        Follow.follows.is_(True),
    )
