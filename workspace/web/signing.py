"""What is signed: the keys that it is checked with, and how it is read where clocks differ."""

from typing import Any

from flask import Flask, current_app
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import SignatureExpired, TimestampSigner, URLSafeTimedSerializer

SECONDS_AHEAD = 60  # that the clock of another instance may be


def signing_keys() -> list[str]:
    """What itsdangerous takes as keys: the last signs, all are accepted, so that a link in a mail outlives its key."""
    settings = current_app.settings  # type: ignore[attr-defined]
    return [*settings.secret_key_fallbacks, settings.secret_key]


class Signer(TimestampSigner):
    """Also accepts what was signed up to a minute from now: by another instance, whose clock is ahead of ours."""

    def unsign(self, signed_value: str | bytes, max_age: int | None = None, return_timestamp: bool = False) -> Any:
        """The value, and when it was signed if that is asked for. Raises SignatureExpired as itsdangerous does."""
        value, signed_at = super().unsign(signed_value, return_timestamp=True)
        age = self.get_timestamp() - signed_at.timestamp()
        if max_age is not None and not -SECONDS_AHEAD <= age <= max_age:
            raise SignatureExpired(f"It was signed {age:.0f} s ago.", payload=value, date_signed=signed_at)
        return (value, signed_at) if return_timestamp else value


class Serializer(URLSafeTimedSerializer):
    """Signs values with the moment, for addresses and cookies."""

    default_signer = Signer


class SessionInterface(SecureCookieSessionInterface):
    """Flask's session in a signed cookie, which another instance may have signed."""

    def get_signing_serializer(self, app: Flask) -> Serializer | None:
        """What signs the cookie; None without a key."""
        flasks = super().get_signing_serializer(app)
        if flasks is None:
            return None
        return Serializer(
            flasks.secret_keys,
            salt=flasks.salt,
            serializer=flasks.serializer,
            signer_kwargs=flasks.signer_kwargs,
        )
