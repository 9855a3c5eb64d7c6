"""Codes by e-mail: six digits that prove ownership of an address, for signing in and for changing the address.

A code is valid for ten minutes, once, for at most five tries, and only in the browser that asked for it, which has a
token. The digits can't be read from the database: they are derived from the row with the installation's key.

When too many have been mailed to an address, the next is none of its own: it repeats the last one that was mailed, with
its digits, but with tries and a token of its own, so that those who asked before can't have used it up.
"""

import hashlib
import hmac
import secrets
import unicodedata
from datetime import datetime, timedelta
from enum import StrEnum

from flask import current_app, request
from sqlalchemy import ForeignKey, String, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column, relationship

from workspace import clock
from workspace.accounts import user_agents
from workspace.accounts.models import User
from workspace.accounts.sessions import hash_of
from workspace.db import Model, db
from workspace.db.transactions import begin_write
from workspace.db.types import UtcDateTime, enum_column_type
from workspace.mail.models import enqueue

VALID = timedelta(minutes=10)
REPEATED = timedelta(minutes=15)  # how old the code of the last mail may be that is repeated
MOST_TRIES = 5
RETAINED_FOR = timedelta(days=1)


class Purpose(StrEnum):
    """What a code is for."""

    SIGN_IN = "sign_in"
    ADDRESS = "address"
    ADDRESS_CHANGE = "address_change"


class VerificationCode(Model):
    """A code that was asked for. One for an unknown address is stored as well, so that the response is the same."""

    __tablename__ = "verification_code"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    purpose: Mapped[Purpose] = mapped_column(enum_column_type(Purpose, otherwise=None))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    address: Mapped[str] = mapped_column(String(254))
    browser: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now, index=True)
    tries: Mapped[int] = mapped_column(default=0)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    repeats_id: Mapped[int | None] = mapped_column(ForeignKey("verification_code.id", ondelete="CASCADE"), index=True)

    user: Mapped[User | None] = relationship()
    repeats: Mapped["VerificationCode | None"] = relationship(remote_side=id)

    @property
    def digits(self) -> str:
        """The six digits."""
        key: str = current_app.settings.secret_key  # type: ignore[attr-defined]
        mailed = self.repeats or self
        made = hmac.new(key.encode(), f"code:{mailed.id}:{mailed.token_hash}".encode(), hashlib.sha256).digest()
        return f"{int.from_bytes(made[:8]) % 1_000_000:06}"

    @property
    def is_open(self) -> bool:
        """Whether the code can still be used."""
        return self.tries < MOST_TRIES and self.is_worth_sending

    @property
    def is_worth_sending(self) -> bool:
        """Whether who reads it now can use it. Even if this browser has no tries left, another may repeat it."""
        return (self.repeats or self).used_at is None and clock.now() - self.created_at < VALID

    @property
    def browser_name(self) -> str:
        """A readable name of the browser that asked."""
        return user_agents.describe(self.browser)


def serves(purpose: Purpose, user: User) -> bool:
    """Whether `user` can do anything with a code. Of a closed account, another's change of its address is confirmed."""
    return user.is_active or purpose is Purpose.ADDRESS_CHANGE


def ask(purpose: Purpose, user: User | None, address: str, *, is_mailed: bool = True) -> str:
    """Make a code, and mail it to `address`, unless it would sign in nobody; returns the token for the browser.

    It does the same for an unknown address, and undoes the mail, so that the time tells nobody who has an account.
    With `is_mailed` False it repeats the last code that was mailed, if there is one that can still be used.
    """
    user_id = user.id if user and serves(purpose, user) else None  # now, since after `begin_write` it is read again
    begin_write()
    db.session.execute(delete(VerificationCode).where(VerificationCode.created_at < clock.now() - RETAINED_FOR))
    token = secrets.token_urlsafe(32)
    code = VerificationCode(
        token_hash=hash_of(token),
        purpose=purpose,
        user_id=user_id,
        address=address,
        browser=request.headers.get("User-Agent", "")[:255],
        repeats_id=None if is_mailed else _last_mailed(purpose, user_id),
    )
    db.session.add(code)
    db.session.flush()
    if is_mailed:
        with db.session.begin_nested() as mailing:
            to = user_id if user_id and purpose is Purpose.SIGN_IN else address
            # Not by its number: SQLite gives the numbers of deleted codes again.
            enqueue(f"{purpose}_code", key=f"code:{code.token_hash}", to=to, code=code.id)
            if user_id is None:
                mailing.rollback()
    return token


def _last_mailed(purpose: Purpose, user_id: int | None) -> int | None:
    return db.session.scalar(
        select(VerificationCode.id)
        .where(
            VerificationCode.purpose == purpose,
            VerificationCode.user_id == (user_id or 0),
            VerificationCode.repeats_id.is_(None),
            VerificationCode.used_at.is_(None),
            VerificationCode.created_at > clock.now() - REPEATED,
        )
        .order_by(VerificationCode.id.desc())
        .limit(1)
    )


def opened(purpose: Purpose, token: str) -> bool:
    """Whether this browser's code can still be used."""
    code = db.session.scalar(
        select(VerificationCode).where(
            VerificationCode.token_hash == hash_of(token), VerificationCode.purpose == purpose
        )
    )
    return code is not None and code.is_open


def redeem(purpose: Purpose, token: str, digits: str) -> VerificationCode | None:
    """This browser's code, which is now used up, if `digits` are right and the code is somebody's.

    Each try is counted before it is compared, and stays counted whatever the outcome.
    """
    begin_write()
    tried = db.session.execute(
        update(VerificationCode)
        .where(
            VerificationCode.token_hash == hash_of(token),
            VerificationCode.purpose == purpose,
            VerificationCode.used_at.is_(None),
            VerificationCode.tries < MOST_TRIES,
            VerificationCode.created_at > clock.now() - VALID,
        )
        .values(tries=VerificationCode.tries + 1)
        .returning(VerificationCode.id)
        .execution_options(synchronize_session=False)
    ).scalar()
    db.session.commit()
    code = db.session.get(VerificationCode, tried) if tried else None
    if code is None or code.user is None or not serves(purpose, code.user):
        return None
    if not hmac.compare_digest(code.digits, _plain_digits(digits)):
        return None
    used = (
        update(VerificationCode)
        .where(VerificationCode.id == (code.repeats_id or code.id), VerificationCode.used_at.is_(None))
        .values(used_at=clock.now())
    )
    won = db.session.execute(used.execution_options(synchronize_session=False)).rowcount == 1  # type: ignore[attr-defined]
    return code if won else None


def _plain_digits(typed: str) -> str:
    """The digits in what was typed, as 0 to 9, whatever script they are of."""
    return "".join(str(unicodedata.decimal(letter)) for letter in typed if letter.isdecimal())


def end_all(user: User) -> None:
    """Let none of the codes that were mailed to `user` be used any more."""
    begin_write()
    open_codes = update(VerificationCode).where(VerificationCode.user_id == user.id, VerificationCode.used_at.is_(None))
    db.session.execute(open_codes.values(used_at=clock.now()))
