"""The way out of mails, without signing in (RFC 8058): an address that says whose mail it is, and which.

It is signed, and works for a year. What it does can be done again, and only ever lowers what is sent.
"""

from dataclasses import dataclass
from datetime import timedelta

from flask import current_app
from itsdangerous import BadData, URLSafeTimedSerializer

from workspace.accounts.models import User
from workspace.mail.letters import link

DIGEST = "digest"
A_YEAR = timedelta(days=366)


@dataclass(frozen=True)
class Way:
    """Whose mail, and which kind of it."""

    user_id: int
    kind: str


def address(user: User, kind: str) -> str:
    """Where the person can be rid of this kind of mail."""
    return link(f"/unsubscribe/{_signer().dumps([user.id, kind])}")


def read(token: str) -> Way | None:
    """What an address of ours means; None for one that is none, or older than a year."""
    try:
        user_id, kind = _signer().loads(token, max_age=int(A_YEAR.total_seconds()))
    except (BadData, ValueError, TypeError):
        return None
    return Way(user_id, kind)


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.secret_key or "", salt="unsubscribe")
