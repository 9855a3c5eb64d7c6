"""Unsubscribing without signing in (RFC 8058), by an address that says whose mail it is, and which kind.

It is signed, and valid for a year. Using it twice is harmless, and it only ever reduces what is sent: what it did can
be undone with a second token, which only the page that answers it has.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from itsdangerous import BadData

from workspace.accounts.models import User
from workspace.db import db
from workspace.mail.message_types import link
from workspace.notifications.dispatch import NotificationKind
from workspace.web.signing import Serializer, signing_keys

DIGEST = "digest"
A_YEAR = timedelta(days=366)
AN_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class UnsubscribeTarget:
    """Whose mail, and which kind of it: the digest, or a kind of news."""

    user: User
    notice: NotificationKind | None

    @property
    def masked_address(self) -> str:
        """ "f•••@icura.example": enough for its owner to recognise, and for nobody else to write to."""
        local, _at, domain = self.user.email.rpartition("@")
        return f"{local[:1]}•••@{domain}"


def address(user: User, notice: NotificationKind | None = None) -> str:
    """The address to unsubscribe from this kind of news; without one, from the digest."""
    return link(f"/unsubscribe/{token(user, notice)}")


def token(user: User, notice: NotificationKind | None = None) -> str:
    """The signed token in that address."""
    return str(_signer().dumps([user.id, notice.value if notice else DIGEST]))


def read(signed: str) -> UnsubscribeTarget | None:
    """What a token means; None if it is not ours, is older than a year, or its account is gone or closed."""
    try:
        user_id, kind = _signer().loads(signed, max_age=int(A_YEAR.total_seconds()))
        notice = None if kind == DIGEST else NotificationKind(kind)
    except (BadData, ValueError, TypeError):
        return None
    user = db.session.get(User, user_id)
    return UnsubscribeTarget(user, notice) if user and user.is_active else None


def undo_token(user: User, before: Any, after: Any) -> str:
    """A token that undoes what `before` became `after` by, for an hour; the page that says what was done holds it."""
    return str(_signer("undo unsubscribing").dumps([user.id, before, after]))


def read_undo(signed: str, user: User) -> tuple[Any, Any] | None:
    """What `before` and `after` were in such a token of this person; None if it is not theirs, or too old."""
    try:
        user_id, before, after = _signer("undo unsubscribing").loads(signed, max_age=int(AN_HOUR.total_seconds()))
    except (BadData, ValueError, TypeError):
        return None
    return (before, after) if user_id == user.id else None


def _signer(salt: str = "unsubscribe") -> Serializer:
    return Serializer(signing_keys(), salt=salt)
