"""A membership as it is before a decision about it, stored with it, so that the decision can be undone."""

from datetime import datetime
from typing import Any

from workspace.partnerships.models import Ending, Membership, MembershipState
from workspace.permissions import Level

# What a moderator decided: the words stand in databases.
APPROVED, DECLINED, LIFTED, READMITTED = "approved", "declined", "lifted", "readmitted"
# What a decision can replace: moments, words of enumerations, and the rest as it is.
MOMENTS = ("decided_at", "suspended_until", "ends_at", "joined_at", "accepted_at", "state_since")
WORDS = {"state": MembershipState, "level": Level, "decided_level": Level, "ending": Ending}
AS_IT_IS = ("organisation_id", "decided_by_id", "reason", "request_text", "request_exchange", "link_id")


def snapshot(member: Membership, decision: str) -> dict[str, Any]:
    """The membership as it is before `decision`; to be stored in it afterwards, as `before_decision`."""
    words = {name: getattr(member, name) for name in WORDS}
    moments = {name: getattr(member, name) for name in MOMENTS}
    return (
        {"decision": decision}
        | {name: word.value if word else None for name, word in words.items()}
        | {name: moment.isoformat() if moment else None for name, moment in moments.items()}
        | {name: getattr(member, name) for name in AS_IT_IS}
    )


def restore(member: Membership) -> str:
    """Put the membership back to what it was before the last decision, and return which one that was."""
    before = member.before_decision
    moments = {name: datetime.fromisoformat(before[name]) if before[name] else None for name in MOMENTS}
    words = {name: word(before[name]) if before[name] else None for name, word in WORDS.items()}
    for name, value in (moments | words | {name: before[name] for name in AS_IT_IS}).items():
        setattr(member, name, value)
    member.before_decision = {}
    return str(before["decision"])
