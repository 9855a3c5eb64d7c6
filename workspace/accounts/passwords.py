"""Passwords: argon2, at least 12 characters, and not easily guessed."""

from functools import cache

from flask import current_app
from flask_babel import gettext as _
from pwdlib import PasswordHash

from workspace.accounts.models import User

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

_hasher = PasswordHash.recommended()


def matches(user: User | None, password: str) -> bool:
    """Whether `password` is `user`'s. It takes the same time without a user, or for one without a password.

    Passwords have at most LONGEST characters; longer input is cut just beyond that, since it can't match.
    """
    known = user.password_hash if user and user.is_active else None
    verified = _hasher.verify(password[: LONGEST + 1], known or _hash_of_nobody())
    is_public = password == PUBLIC and not current_app.settings.demo  # type: ignore[attr-defined]
    return verified and known is not None and not is_public


def hashed(password: str) -> str:
    """The hash of `password` to store."""
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


@cache
def _hash_of_nobody() -> str:
    return _hasher.hash("the password of an account that does not exist")
