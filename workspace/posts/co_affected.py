"""“We have this too”: other organisations that have the same challenge."""

from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from workspace.db import Model, db
from workspace.db.types import UtcDateTime
from workspace.partnerships.activity_log import record_by
from workspace.partnerships.models import Membership
from workspace.permissions import Action, Conflict
from workspace.posts.models import Post
from workspace.posts.verbs import SHARES_CHALLENGE, SHARES_NO_LONGER


class CoAffected(Model):
    """An organisation that has the challenge too, and the member who said so."""

    __tablename__ = "co_affected"
    __table_args__ = (
        ForeignKeyConstraint(["partnership_id", "post_number"], ["post.partnership_id", "post.number"]),
        ForeignKeyConstraint(["partnership_id", "member_id"], ["membership.partnership_id", "membership.id"]),
        ForeignKeyConstraint(["organisation_id"], ["organisation.id"]),
    )

    partnership_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    post_number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    organisation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    member_id: Mapped[int]
    at: Mapped[datetime] = mapped_column(UtcDateTime)


def join(post: Post, by: Membership) -> None:
    """Record that the member's organisation has the challenge too; doing it twice records it once."""
    with by.partnership.locked():
        _require_other_organisation(post, by)
        if _of(post, by) is None:
            entry = record_by(by, SHARES_CHALLENGE, post_number=post.number)
            db.session.add(
                CoAffected(
                    partnership_id=post.partnership_id,
                    post_number=post.number,
                    organisation_id=by.organisation_id,
                    member_id=by.id,
                    at=entry.at,
                )
            )
            post.affected_count += 1
            post.bump(entry)
            db.session.flush()


def leave(post: Post, by: Membership) -> None:
    """Take it back, for the member's organisation."""
    with by.partnership.locked():
        _require_other_organisation(post, by)
        said = _of(post, by)
        if said is not None:
            db.session.delete(said)
            post.affected_count -= 1
            record_by(by, SHARES_NO_LONGER, post_number=post.number)
            db.session.flush()


def _require_other_organisation(post: Post, by: Membership) -> None:
    by.require(Action.MOVE_CHALLENGES)
    post.require_challenge()
    post.require_present()
    if post.author.organisation_id == by.organisation_id:
        raise Conflict(_("Your own organisation has shared this challenge."))


def _of(post: Post, by: Membership) -> CoAffected | None:
    return db.session.get(CoAffected, (post.partnership_id, post.number, by.organisation_id))
