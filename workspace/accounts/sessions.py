"""Sessions, in the database: a signed cookie alone would still work after signing out."""

import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, ForeignKey, String, and_, delete, exists, or_, select, update
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from workspace import clock
from workspace.accounts import user_agents
from workspace.accounts.models import User
from workspace.db import Model, db
from workspace.db.transactions import begin_write
from workspace.db.types import UtcDateTime

IDLE = timedelta(hours=8)
LONGEST = timedelta(hours=20)
REMEMBERED = timedelta(days=30)
VERIFIED_FOR = timedelta(minutes=30)
TOUCH_INTERVAL = timedelta(hours=1)
MOST_LISTED = 60


# What is done with sessions that end, by their ids, in the transaction that ends them. Features above add to it. The
# second value says that nothing of them may be left when the request is answered.
on_end: list[Callable[[list[int], bool], None]] = []


class Session(Model):
    """One browser in which a person is signed in. The cookie holds a random token, the database its hash."""

    __tablename__ = "session"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    remembered: Mapped[bool] = mapped_column(default=False)
    signed_in_by_code: Mapped[bool] = mapped_column(default=False)
    browser: Mapped[str] = mapped_column(String(255), default="")
    address: Mapped[str] = mapped_column(String(45), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    last_used_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)

    token = ""  # Known only to the request that starts the session.

    @hybrid_property
    def is_live(self) -> bool:
        """Whether the session is valid: for 30 days if remembered, else for 20 hours and at most 8 idle."""
        now = clock.now()
        if not self.user.is_active:
            return False
        if self.remembered:
            return now - self.created_at < REMEMBERED
        return now - self.created_at < LONGEST and now - self.last_used_at < IDLE

    @is_live.inplace.expression
    @classmethod
    def _is_live(cls) -> ColumnElement[bool]:
        now = clock.now()
        return and_(
            exists().where(User.id == cls.user_id, User.deactivated_at.is_(None)),
            or_(
                and_(cls.remembered, cls.created_at > now - REMEMBERED),
                and_(~cls.remembered, cls.created_at > now - LONGEST, cls.last_used_at > now - IDLE),
            ),
        )

    @property
    def is_recently_verified(self) -> bool:
        """Whether a code by e-mail has just proved who this is: then no password is required."""
        return self.signed_in_by_code and clock.now() - self.created_at < VERIFIED_FOR

    @property
    def browser_name(self) -> str:
        """A readable name of the browser."""
        return user_agents.describe(self.browser)

    @property
    def needs_touch(self) -> bool:
        """Whether the time of last use is due to be stored again: at most hourly."""
        return clock.now() - self.last_used_at >= TOUCH_INTERVAL


def start(user: User, *, remembered: bool, browser: str, address: str, by_code: bool = False) -> Session:
    """Sign `user` in with a new session, the only time that its token is known.

    Expired sessions are deleted, and of more than sixty the one that was used the longest ago.
    """
    begin_write()
    mine = Session.user_id == user.id
    latest = select(Session.id).where(mine).order_by(Session.last_used_at.desc(), Session.id.desc())
    kept = latest.limit(MOST_LISTED - 1).subquery()
    db.session.execute(
        delete(Session)
        .where(mine, or_(Session.created_at < clock.now() - REMEMBERED, Session.id.not_in(select(kept.c.id))))
        .execution_options(synchronize_session=False)
    )
    token = secrets.token_urlsafe(32)
    session = Session(
        token_hash=hash_of(token),
        user_id=user.id,
        remembered=remembered,
        signed_in_by_code=by_code,
        browser=browser[:255],
        address=address,
    )
    session.token = token
    db.session.add(session)
    return session


def end(user: User, session_id: int) -> None:
    """End one of `user`'s sessions; does nothing if it has ended already or is somebody else's."""
    _end(Session.user_id == user.id, Session.id == session_id)


def end_all(user: User, *, but: int | None = None, at_once: bool = False) -> int:
    """End all of `user`'s sessions except one; returns how many ended.

    With `at_once` the answer waits until their streams have ended as well, in whichever process they are.
    """
    return _end(Session.user_id == user.id, Session.id != (but or 0), at_once=at_once)


def _end(*which: ColumnElement[bool], at_once: bool = False) -> int:
    begin_write()
    ended = list(db.session.scalars(delete(Session).where(*which).returning(Session.id)))
    for settle in on_end if ended else ():
        settle(ended, at_once)
    return len(ended)


def set_password(user: User, password_hash: str, *, within: int) -> bool:
    """Give `user` a new password and end all sessions except `within`, in which it is set.

    Returns False, and changes nothing, if that one has been ended in the meantime.
    """
    begin_write()
    if not db.session.scalar(select(Session.id).where(Session.id == within).with_for_update()):
        return False
    user.password_hash = password_hash
    end_all(user, but=within)
    return True


def live_sessions(user: User) -> list[Session]:
    """The sixty latest of `user`'s live sessions, the most recently used first."""
    found = db.session.scalars(
        select(Session)
        .where(Session.user_id == user.id, Session.created_at > clock.now() - REMEMBERED)
        .order_by(Session.last_used_at.desc(), Session.id.desc())
        .limit(MOST_LISTED)
    )
    return [session for session in found if session.is_live]


def touch(session_id: int) -> None:
    """Store that the session was used now."""
    db.session.execute(update(Session).where(Session.id == session_id).values(last_used_at=clock.now()))


def hash_of(token: str) -> str:
    """The hash of a token to store. Tokens are long and random, so a plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()
