"""Parked challenges whose day has come open by themselves."""

from sqlalchemy import select

from workspace import clock
from workspace.database import db
from workspace.languages import DEFAULT_ZONE_INFO
from workspace.partnerships.models import Partnership
from workspace.posts.models import Post
from workspace.posts.moving import Status

AT_A_TIME = 200


def open_due() -> int:
    """Open the parked challenges whose day (in the installation's zone) has come; how many there were."""
    today = clock.now().astimezone(DEFAULT_ZONE_INFO).date()
    due = db.session.execute(
        select(Post.partnership_id, Post.number)
        .join(Partnership, Partnership.id == Post.partnership_id)
        .where(
            Post.parked_until <= today,
            Post.status == Status.PARKED,
            Post.withdrawn_at.is_(None),
            Partnership.archived_at.is_(None),
        )
        .limit(AT_A_TIME)
    ).all()
    db.session.commit()
    for partnership_id, number in due:
        post = db.session.get_one(Post, (partnership_id, number))
        post.open_in_time(db.session.get_one(Partnership, partnership_id), today)
        db.session.commit()
    return len(due)
