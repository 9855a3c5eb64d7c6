"""The reader, as parameters of cached statements.

Queries start from a membership or a person. In a cached statement (db/statements.py) these stand in for them, and the
ids of the reader are given when it runs: `fetch_rows(_statement(), **params_of(membership))`.
"""

from typing import Any

from sqlalchemy import Integer, bindparam

from workspace.accounts.models import User
from workspace.partnerships.models import Membership


class _MembershipParams:
    """The attributes of a membership that conditions use, as parameters."""

    id: Any = bindparam("membership_id", type_=Integer)
    partnership_id: Any = bindparam("partnership_id", type_=Integer)
    seen_number: Any = bindparam("seen_number", type_=Integer)


class _UserParams:
    """The same for a person."""

    id: Any = bindparam("user_id", type_=Integer)


MEMBERSHIP: Any = _MembershipParams()
USER: Any = _UserParams()


def params_of(asker: Membership | User) -> dict[str, Any]:
    """The values of a statement's parameters for `asker`."""
    if isinstance(asker, User):
        return {"user_id": asker.id}
    return {"membership_id": asker.id, "partnership_id": asker.partnership_id, "seen_number": asker.seen_number}
