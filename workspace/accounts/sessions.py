"""Sessions live in the database: a signed cookie alone still works after signing out."""

import hashlib
import secrets
from datetime import datetime, timedelta

from flask_login import UserMixin
from sqlalchemy import ForeignKey, String, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column, relationship

from workspace import clock
from workspace.accounts import browsers
from workspace.accounts.models import User
from workspace.database import Model, Moment, begin_writing, db

IDLE = timedelta(hours=8)
LONGEST = timedelta(hours=20)
REMEMBERED = timedelta(days=30)
LAST_USE_KEPT_EVERY = timedelta(hours=1)
MOST_LISTED = 60


class Session(UserMixin, Model):
    """One browser in which a person is signed in. The cookie holds a random token, the database its hash."""

    __tablename__ = "session"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    remembered: Mapped[bool] = mapped_column(default=False)
    browser: Mapped[str] = mapped_column(String(255), default="")
    address: Mapped[str] = mapped_column(String(45), default="")
    created_at: Mapped[datetime] = mapped_column(Moment, default=clock.now)
    last_used_at: Mapped[datetime] = mapped_column(Moment, default=clock.now)

    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)

    token = ""  # Known only to the request that starts the session.

    def get_id(self) -> str:
        """What the cookie holds."""
        return self.token

    @property
    def is_live(self) -> bool:
        """Whether the session still counts: 30 days when remembered, else 20 hours and at most 8 idle."""
        now = clock.now()
        if not self.user.is_active:
            return False
        if self.remembered:
            return now - self.created_at < REMEMBERED
        return now - self.created_at < LONGEST and now - self.last_used_at < IDLE

    @property
    def browser_told(self) -> str:
        """The browser in plain words."""
        return browsers.told(self.browser)

    @property
    def wants_last_use(self) -> bool:
        """Whether the moment of the last use is to be written down again: hourly at most."""
        return clock.now() - self.last_used_at >= LAST_USE_KEPT_EVERY


def start(user: User, *, remembered: bool, browser: str, address: str) -> Session:
    """Sign `user` in with a new session, which knows its token now and never again. Outlived ones go."""
    begin_writing()
    now = clock.now()
    db.session.execute(
        delete(Session).where(
            Session.user_id == user.id,
            Session.created_at < now - REMEMBERED,
        )
    )
    token = secrets.token_urlsafe(32)
    session = Session(
        token_hash=hash_of(token),
        user_id=user.id,
        remembered=remembered,
        browser=browser[:255],
        address=address,
    )
    session.token = token
    db.session.add(session)
    return session


def end(user: User, session_id: int) -> None:
    """End one of `user`'s sessions; one that has ended already, or is another's, is left as it is."""
    begin_writing()
    db.session.execute(delete(Session).where(Session.user_id == user.id, Session.id == session_id))


def end_all(user: User, *, but: int | None = None) -> int:
    """End all of `user`'s sessions, but one; the number of those that ended."""
    begin_writing()
    ended = db.session.execute(delete(Session).where(Session.user_id == user.id, Session.id != (but or 0)))
    return ended.rowcount  # type: ignore[attr-defined]


def set_password(user: User, password_hash: str, *, within: int) -> bool:
    """Give `user` a new password and end all sessions but the one `within` which it is set.

    False, and nothing changed, when that one has been ended in the meantime.
    """
    begin_writing()
    if not db.session.scalar(select(Session.id).where(Session.id == within).with_for_update()):
        return False
    user.password_hash = password_hash
    end_all(user, but=within)
    return True


def live_sessions(user: User) -> list[Session]:
    """Where `user` is signed in, the latest used first; the latest sixty."""
    found = db.session.scalars(
        select(Session)
        .where(Session.user_id == user.id, Session.created_at > clock.now() - REMEMBERED)
        .order_by(Session.last_used_at.desc(), Session.id.desc())
        .limit(MOST_LISTED)
    )
    return [session for session in found if session.is_live]


def keep_last_use(session_id: int) -> None:
    """Write down that the session was used now."""
    db.session.execute(update(Session).where(Session.id == session_id).values(last_used_at=clock.now()))


def hash_of(token: str) -> str:
    """What the database holds of a token. It is random and long, so a plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()
