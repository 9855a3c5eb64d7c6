"""Who asks, in statements that are made once: making a statement takes longer than running it.

Queries start from a membership or a person. Where the statement is kept, these stand in for them, and the numbers of
whoever asks are given when it runs: `rows(_statement(), **asked_by(membership))`.
"""

from typing import Any

from sqlalchemy import Integer, bindparam

from workspace.accounts.models import User
from workspace.partnerships.models import Membership


class _MembershipParams:
    """Has the attributes of a membership that conditions are made of, as parameters."""

    id: Any = bindparam("membership_id", type_=Integer)
    partnership_id: Any = bindparam("partnership_id", type_=Integer)
    seen_number: Any = bindparam("seen_number", type_=Integer)


class _UserParams:
    """The same for a person."""

    id: Any = bindparam("user_id", type_=Integer)


MEMBERSHIP: Any = _MembershipParams()
USER: Any = _UserParams()


def params_of(asker: Membership | User) -> dict[str, Any]:
    """The parameters of a statement that `asker` asks."""
    if isinstance(asker, User):
        return {"user_id": asker.id}
    return {"membership_id": asker.id, "partnership_id": asker.partnership_id, "seen_number": asker.seen_number}
