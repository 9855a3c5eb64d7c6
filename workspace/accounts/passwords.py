"""Passwords: argon2, at least 12 characters, and not easily guessed.

Each hash takes 64 MB and a core, so a process computes two at a time, in a lane of its own: whoever waits there holds
no request slot and no connection to the database, and when many wait, the next is told to come back.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import BoundedSemaphore

from flask import current_app
from flask_babel import gettext as _
from pwdlib import PasswordHash

from workspace.accounts.models import User
from workspace.db.transactions import release_connection
from workspace.web import request_slots
from workspace.web.throttling import Busy

SHORTEST = 12
LONGEST = 200

# Missing from zxcvbn's English lists: words that Danes, and users of this app, put into passwords.
DANISH_WORDS = (
    "samspil",
    "adgangskode",
    "kodeord",
    "velkommen",
    "sommer",
    "vinter",
    "kommune",
    "partnerskab",
)

PUBLIC = "samspil-demo"  # the demo accounts' password, which opens only the demo

HASHES_AT_ONCE = 2
MOST_WAITING = 30  # two or three seconds of work

_hasher = PasswordHash.recommended()
_turns = BoundedSemaphore(HASHES_AT_ONCE)
_places = BoundedSemaphore(HASHES_AT_ONCE + MOST_WAITING)


@contextmanager
def place_in_queue() -> Iterator[None]:
    """Hold a place in the queue for `matches`. Raises Busy when too many wait."""
    if not _places.acquire(blocking=False):
        raise Busy
    try:
        yield
    finally:
        _places.release()


def matches(user: User | None, password: str) -> bool:
    """Whether `password` is `user`'s. It takes the same time without a user, or for one without a password.

    Passwords have at most LONGEST characters; longer input is cut just beyond that, since it can't match.
    """
    known = user.password_hash if user and user.is_active else None
    with _turn():
        verified = _hasher.verify(password[: LONGEST + 1], known or _hash_of_nobody())
    is_public = password == PUBLIC and not current_app.settings.demo  # type: ignore[attr-defined]
    return verified and known is not None and not is_public


def hashed(password: str) -> str:
    """The hash of `password` to store. Raises Busy when too many wait for theirs."""
    with place_in_queue(), _turn():
        return _hasher.hash(password)


def weakness(password: str, *known: str) -> str | None:
    """Why `password` is too weak, as a message to the person; None for a good one.

    `known` is what others know about the person. zxcvbn, whose lists are loaded only here, recognises common
    passwords and simple variations of them.
    """
    if len(password) < SHORTEST:
        return _("Use at least %(number)s characters.", number=SHORTEST)
    if len(password) > LONGEST:
        return _("Use at most %(number)s characters.", number=LONGEST)
    from zxcvbn import zxcvbn  # Its lists take 10 MB, so they are loaded only where a password is chosen.

    words = [word for text in known for word in text.replace("@", " ").replace(".", " ").split()]
    if password == PUBLIC or zxcvbn(password[:72], user_inputs=[*DANISH_WORDS, *words])["score"] < 2:
        return _(
            "This password is among those that are guessed first. Try three or four words that don't belong together."
        )
    return None


@contextmanager
def _turn() -> Iterator[None]:
    """Wait for a turn to compute a hash."""
    release_connection()
    with request_slots.released(), _turns:
        yield


@cache
def _hash_of_nobody() -> str:
    return _hasher.hash("the password of an account that does not exist")
