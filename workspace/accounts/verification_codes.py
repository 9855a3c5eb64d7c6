"""Codes by e-mail: six digits that prove ownership of an address, for signing in and for changing the address.

A code is valid for ten minutes, once, for at most five tries, and only in the browser that asked for it, which has a
token. The digits can't be read from the database: they are derived from the row with the installation's key.
"""

import hashlib
import hmac
import secrets
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

    user: Mapped[User | None] = relationship()

    @property
    def digits(self) -> str:
        """The six digits."""
        key: str = current_app.settings.secret_key  # type: ignore[attr-defined]
        made = hmac.new(key.encode(), f"code:{self.id}:{self.token_hash}".encode(), hashlib.sha256).digest()
        return f"{int.from_bytes(made[:8]) % 1_000_000:06}"

    @property
    def is_open(self) -> bool:
        """Whether the code can still be used."""
        return self.used_at is None and self.tries < MOST_TRIES and clock.now() - self.created_at < VALID

    @property
    def browser_name(self) -> str:
        """A readable name of the browser that asked."""
        return user_agents.describe(self.browser)


def ask(purpose: Purpose, user: User | None, address: str) -> str:
    """Make a code and mail it to `address`, unless it would sign in nobody; returns the token for the browser."""
    begin_write()
    db.session.execute(delete(VerificationCode).where(VerificationCode.created_at < clock.now() - RETAINED_FOR))
    token = secrets.token_urlsafe(32)
    code = VerificationCode(
        token_hash=hash_of(token),
        purpose=purpose,
        user_id=user.id if user and user.is_active else None,
        address=address,
        browser=request.headers.get("User-Agent", "")[:255],
    )
    db.session.add(code)
    db.session.flush()
    if code.user_id is not None:
        to = code.user_id if purpose is Purpose.SIGN_IN else address
        enqueue(f"{purpose}_code", key=f"code:{code.id}", to=to, code=code.id)
    return token


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
    typed = "".join(digit for digit in digits if digit.isdecimal())
    if code is None or not hmac.compare_digest(code.digits, typed) or code.user is None or not code.user.is_active:
        return None
    used = (
        update(VerificationCode)
        .where(VerificationCode.id == code.id, VerificationCode.used_at.is_(None))
        .values(used_at=clock.now())
    )
    won = db.session.execute(used.execution_options(synchronize_session=False)).rowcount == 1  # type: ignore[attr-defined]
    return code if won else None


def end_all(user: User) -> None:
    """Let none of the codes that were mailed to `user` be used any more."""
    begin_write()
    open_codes = update(VerificationCode).where(VerificationCode.user_id == user.id, VerificationCode.used_at.is_(None))
    db.session.execute(open_codes.values(used_at=clock.now()))
