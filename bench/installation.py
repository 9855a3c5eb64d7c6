"""A filled installation: where its database is, who is signed in to it, and what they ask for."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import func, select

from bench import fill, pages, people, serving
from bench.connection import Request
from workspace import Workspace, create_app
from workspace.accounts.models import User
from workspace.config import Settings
from workspace.db import db
from workspace.partnerships.models import Membership, Partnership
from workspace.posts.challenge_workflow import ChallengeStatus
from workspace.posts.models import Post
from workspace.web import pagination

DEEP = 50  # pages
WRITERS, PARTNERSHIPS = 16, 200
TEXT = f"{fill.SENTENCE.capitalize()}."


@dataclass(frozen=True)
class Writer:
    """Somebody who is signed in, and a post to do something about."""

    partnership: int
    post: int
    membership: int
    address: str
    cookie: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        """What the browser sends for a part of a page."""
        return {"Cookie": f"samspil={self.cookie}", "HX-Request": "true", "X-CSRFToken": self.token}

    def page(self) -> Request:
        """The page that the post stands on."""
        return Request(self.address, {"Cookie": f"samspil={self.cookie}"})

    def comment(self, key: str = "") -> Request:
        """A comment, as the editor sends it. Without a key the load generator gives it one."""
        form = {"body_html": f"<div>{TEXT}</div>", "body": TEXT} | ({"one_time_key": key} if key else {})
        return Request(f"{self.address}/comments", self.headers, urlencode(form))

    def move(self, move: str) -> Request:
        """A move of the challenge, which wants a reason."""
        return Request(f"{self.address}/{move}", self.headers, urlencode({"reason": TEXT}))


@dataclass(frozen=True)
class Installation:
    """What has been filled, and who is in it."""

    folder: Path
    url: str
    place: pages.Place
    cookie: str  # the reader's
    cookie_of_many: str  # that of the member of 200 of the stalest
    deep: dict[str, str]  # pages far back, by their names in pages.PAGES
    together: list[Writer]  # in one partnership
    apart: list[Writer]  # each in one of their own
    movers: list[Writer]  # the moderator of one partnership, at its open challenges
    seconds: float  # that filling took

    def page(self, address: str) -> Request:
        """What the reader asks for."""
        return Request(address, {"Cookie": f"samspil={self.cookie}"})


def make(folder: Path, url: str, posts: int) -> Installation:
    """Fill the database, and sign in."""
    folder.mkdir()
    url = url.replace("postgresql://", "postgresql+psycopg://")
    app = create_app(Settings(instance=folder, database_url=url, secret_key=serving.SECRET_KEY))
    with app.app_context():
        begin = time.monotonic()
        fill.fill(posts)
        seconds = time.monotonic() - begin
        place = _place()
        found = Installation(
            folder,
            url,
            place,
            people.signed_in(app, db.session.get_one(User, fill.READER)),
            people.signed_in(app, db.session.get_one(User, fill.MEMBER_OF_MANY)),
            _deep(place),
            _together(app, place),
            _apart(app),
            _movers(app),
            seconds,
        )
        db.session.remove()
        db.engine.dispose()
    return found


def _place() -> pages.Place:
    membership = db.session.scalars(select(Membership).filter_by(partnership_id=1, user_id=fill.READER)).one()
    number = select(Post.number).where(Post.partnership_id == 1, Post.comment_count == fill.MEASURED)
    post = db.session.scalar(number.order_by(Post.number.desc()).limit(1)) or 0
    return pages.Place(1, post, membership.id, fill.READER, db.session.get_one(Partnership, 1).slug)


def _deep(place: pages.Place) -> dict[str, str]:
    """The feed and the overview, 50 pages deep; where there are fewer, the second page."""
    mine = select(Membership.partnership_id).where(Membership.user_id == place.user)
    feed = select(Post.activity_number).where(Post.partnership_id == 1).order_by(Post.activity_number.desc())
    overview = (
        select(Post.activity_at, Post.partnership_id, Post.number)
        .where(Post.partnership_id.in_(mine))
        .order_by(Post.activity_at.desc(), Post.partnership_id.desc(), Post.number.desc())
    )
    number = _far(feed)[0]
    before = pagination.encode(*_far(overview))
    return {"feed": f"{place.address('feed')}?before={number}", "overview": f"/?before={before}"}


def _far(query: Any) -> Any:
    """The last row of the page before the one that is meant, which is full itself."""
    far = (DEEP - 1) * 20
    is_there = len(db.session.execute(query.offset(far).limit(21)).all()) == 21
    return db.session.execute(query.offset(far - 1 if is_there else 19).limit(1)).one()


def _together(app: Workspace, place: pages.Place) -> list[Writer]:
    """Sixteen members of the busiest partnership, each at a post."""
    memberships = db.session.scalars(
        select(Membership).filter_by(partnership_id=1).order_by(Membership.id).limit(WRITERS)
    )
    query = select(Post.number).where(Post.partnership_id == 1, Post.number < place.post)
    numbers = db.session.scalars(query.order_by(Post.number.desc()).limit(WRITERS))
    return [
        _writer(app, membership, number) for membership, number in zip(memberships.all(), numbers.all(), strict=True)
    ]


def _apart(app: Workspace) -> list[Writer]:
    """The moderators of many partnerships, each at the newest post there."""
    newest = select(func.max(Post.number)).where(Post.partnership_id == Membership.partnership_id).scalar_subquery()
    first = select(func.min(Membership.id)).group_by(Membership.partnership_id)
    query = select(Membership, newest).where(Membership.id.in_(first)).order_by(Membership.id)
    return [
        _writer(app, membership, number)
        for membership, number in db.session.execute(query.offset(1).limit(PARTNERSHIPS)).all()
    ]


def _movers(app: Workspace) -> list[Writer]:
    moderator = db.session.scalars(select(Membership).filter_by(partnership_id=1).order_by(Membership.id).limit(1))
    numbers = select(Post.number).where(Post.partnership_id == 1, Post.status == ChallengeStatus.OPEN)
    membership = moderator.one()
    return [_writer(app, membership, number) for number in db.session.scalars(numbers).all()]


def _writer(app: Workspace, membership: Membership, post: int) -> Writer:
    return Writer(
        membership.partnership_id,
        post,
        membership.id,
        f"/partnerships/{membership.partnership.slug}/posts/{post}",
        people.signed_in(app, membership.user),
        people.form_token(serving.SECRET_KEY),
    )
