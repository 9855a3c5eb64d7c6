"""What a database remembers of the installation that uses it: by which key its cookies and links are signed."""

import hashlib
import hmac

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from workspace.db import Model, db


class Installation(Model):
    """The one row: a fingerprint of the SECRET_KEY that the workspace was last started with."""

    __tablename__ = "installation"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key_fingerprint: Mapped[str] = mapped_column(String(64))


def note_key(secret_key: str, fallbacks: tuple[str, ...]) -> bool:
    """Remember the key, and commit; False if the last start had another one that is not among `fallbacks`.

    Two processes with different keys on one database would sign each other's people out at every request.
    """
    present = fingerprint(secret_key)
    installation = db.session.get(Installation, 1)
    if installation is None:
        db.session.add(Installation(id=1, key_fingerprint=present))
        db.session.commit()
        return True
    former, installation.key_fingerprint = installation.key_fingerprint, present
    db.session.commit()
    return former in map(fingerprint, (secret_key, *fallbacks))


def fingerprint(secret_key: str) -> str:
    """What identifies a key and does not betray it: its HMAC of a constant, in hexadecimal."""
    return hmac.new(secret_key.encode(), b"samspil installation", hashlib.sha256).hexdigest()
