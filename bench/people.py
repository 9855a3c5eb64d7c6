"""The people of the measurement, their partnerships and sessions, made by the product's own verbs and factories."""

import random
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask_babel import force_locale
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import delete

from tests import factories
from tests.databases import make_tables
from workspace import Workspace, create_app
from workspace.accounts import sessions
from workspace.accounts.models import User
from workspace.config import Settings
from workspace.db import db
from workspace.mail.models import Mail
from workspace.organisations.models import Side
from workspace.partnerships import service as partnerships_service
from workspace.partnerships.models import Membership, Partnership
from workspace.posts.models import Post

READERS_OF_EACH = 10
COMMENTS_BEFORE = 8
SEEN = "0123456789abcdef0123456789abcdef01234567"


@dataclass(frozen=True)
class Reader:
    """Somebody who is signed in and reads one post."""

    cookie: str
    feed: str
    post: str
    number: int  # the last of the partnership, as the page was rendered

    @property
    def asks(self) -> list[str]:
        """What people ask for beside what the stream makes them fetch: whole pages, and short answers."""
        short = ["/live/numbers", "/settings"]
        return [self.feed, *short, *short, self.post, *short, *short]


def people(folder: Path, url: str, secret_key: str, count: int) -> list[Reader]:
    """So many readers, ten to a partnership, in a new database."""
    app = _app(folder, url, secret_key)
    with app.app_context(), force_locale("da"):
        make_tables()
        readers = [reader for _each in range(count // READERS_OF_EACH) for reader in _partnership(app)]
        db.session.execute(delete(Mail))  # The worker has none to send meanwhile.
        db.session.commit()
        db.session.remove()
        db.engine.dispose()
    return readers


def comment_now(folder: Path, url: str, secret_key: str, a_second: int, seconds: int, commits: Any) -> None:
    """Comment so often on one post after another, at random moments; put down when each commit was done."""
    app = _app(folder, url, secret_key)
    chance = random.Random(8)
    with app.app_context(), force_locale("da"):
        posts = [(post.partnership_id, post.number) for post in db.session.query(Post)]
        db.session.commit()
        commits.put("ready")
        began = time.monotonic()
        for number in range(a_second * seconds):
            # In step with the requests, the same pages would meet every comment, or none would.
            due = began + (number + chance.random()) / a_second
            time.sleep(max(0.0, due - time.monotonic()))
            post = db.session.get_one(Post, chance.choice(posts))
            membership = db.session.get_one(Membership, post.author_id)
            made = factories.comment(post, membership)
            moment = time.time()
            commits.put((made.partnership_id, made.number, moment))
            db.session.commit()  # To ask for the number began a transaction, which would keep others from writing.


def _app(folder: Path, url: str, secret_key: str) -> Workspace:
    return create_app(Settings(instance=folder, database_url=url, secret_key=secret_key))


def signed_in(app: Workspace, user: User) -> str:
    """The cookie of a browser in which `user` is signed in and has seen a form."""
    session = sessions.start(user, remembered=False, browser="Bench", address="127.0.0.1")
    token = session.token
    db.session.commit()
    signer: Any = app.session_interface.get_signing_serializer(app)
    return str(signer.dumps({"_user_id": token, "_fresh": True, "csrf_token": SEEN}))


def form_token(secret_key: str) -> str:
    """What the forms of all of them carry."""
    return str(URLSafeTimedSerializer(secret_key, salt="wtf-csrf-token").dumps(SEEN))


def _partnership(app: Workspace) -> list[Reader]:
    moderator = factories.start_partnership()
    partnership = moderator.partnership
    company = factories.make_organisation(kind=factories.OrganisationKind.COMPANY)
    partnerships_service.set_sides(moderator, {company.id: Side.COMPANY})
    memberships = [
        factories.add_member(moderator, factories.make_user(organisation=company)) for _ in range(READERS_OF_EACH)
    ]
    post = factories.share(moderator)
    for number in range(COMMENTS_BEFORE):
        factories.comment(post, memberships[number % READERS_OF_EACH])
    for _each in range(5):
        factories.share(moderator)
    return [_reader(app, partnership, post, membership) for membership in memberships]


def _reader(app: Workspace, partnership: Partnership, post: Post, membership: Membership) -> Reader:
    return Reader(
        signed_in(app, membership.user),
        partnership.address,
        f"{partnership.address}posts/{post.number}",
        partnership.last_number,
    )
