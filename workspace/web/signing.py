"""The keys that signed addresses and cookies are checked with: the present one, and those that it replaced."""

from flask import current_app


def signing_keys() -> list[str]:
    """What itsdangerous takes as keys: the last signs, all are accepted, so that a link in a mail outlives its key."""
    settings = current_app.settings  # type: ignore[attr-defined]
    return [*settings.secret_key_fallbacks, settings.secret_key]
