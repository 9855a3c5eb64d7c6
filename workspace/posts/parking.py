"""Reopening parked challenges on their day."""

from datetime import date
from functools import partial

from sqlalchemy import select

from workspace import clock
from workspace.db import db
from workspace.db.failures import each, rests
from workspace.db.statements import inline_literal
from workspace.i18n.formatting import DEFAULT_ZONE_INFO
from workspace.partnerships.models import Partnership
from workspace.posts.challenge_workflow import ChallengeStatus
from workspace.posts.models import Post

PIECE = "parking"
AT_A_TIME = 200


def open_due() -> int:
    """Reopen the parked challenges whose day (in the installation's time zone) has come; returns how many."""
    today = clock.now().astimezone(DEFAULT_ZONE_INFO).date()
    due = db.session.execute(
        select(Post.partnership_id, Post.number)
        .join(Partnership, Partnership.id == Post.partnership_id)
        .where(
            Post.parked_until <= today,
            Post.status == inline_literal(ChallengeStatus.PARKED),
            Post.withdrawn_at.is_(None),
            Partnership.archived_at.is_(None),
            ~rests(PIECE, Post.partnership_id, Post.number),
        )
        .limit(AT_A_TIME)
    ).all()
    db.session.commit()
    return each(PIECE, [(row.partnership_id, row.number) for row in due], partial(_open, today))


def _open(today: date, partnership_id: int, number: int) -> int:
    post = db.session.get_one(Post, (partnership_id, number))
    return post.open_in_time(db.session.get_one(Partnership, partnership_id), today)
