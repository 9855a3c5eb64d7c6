"""Events of the audit log. The database itself refuses to change or delete one (migrations/versions/0005_members.py).

An event is written in a transaction of its own after the request's, so that what was refused or rolled back is on
record too. It stores names as they were, and has no foreign keys: it must outlive what it is about.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from flask import g, has_request_context, request
from sqlalchemy import Index, String, insert
from sqlalchemy.orm import Mapped, mapped_column

from workspace import clock
from workspace.db import Model, db
from workspace.db.transactions import run_after_request
from workspace.db.types import Details, UtcDateTime, enum_column_type


class AuditAction(StrEnum):
    """What was done."""

    SIGNED_IN = "signed_in"
    FAILED_TO_SIGN_IN = "failed_to_sign_in"
    SIGNED_OUT = "signed_out"
    ENDED_SESSIONS = "ended_sessions"
    REFUSED = "refused"
    NOT_FOUND = "not_found"
    INVITED = "invited"
    SENT_INVITATIONS = "sent_invitations"
    SET_INVITATION_LIMIT = "set_invitation_limit"
    RESENT = "resent"
    WITHDREW_INVITATION = "withdrew_invitation"
    DECLINED_INVITATION = "declined_invitation"
    OPENED_LINK = "opened_link"
    CLOSED_LINK = "closed_link"
    ASKED_TO_JOIN = "asked_to_join"
    ASKED_BACK = "asked_back"
    DECLINED = "declined"
    JOINED = "joined"
    CHANGED_LEVEL = "changed_level"
    OFFERED_MODERATION = "offered_moderation"
    READ_WITHDRAWN = "read_withdrawn"
    SUSPENDED = "suspended"
    LIFTED = "lifted"
    REMOVED = "removed"
    LEFT = "left"
    SET_END = "set_end"
    UNDID = "undid"
    EXPIRED = "expired"
    CHANGED_ORGANISATION = "changed_organisation"
    LET_GO_ORGANISATION = "let_go_organisation"
    ACCEPTED_PARTICIPATION = "accepted_participation"
    REPORTED = "reported"
    ANSWERED_REPORT = "answered_report"
    CHANGED_VISIBILITY = "changed_visibility"
    EXPORTED = "exported"
    DEACTIVATED = "deactivated"
    REACTIVATED = "reactivated"
    CHANGED_ADDRESS = "changed_address"
    ASKED_FOR_ADDRESS = "asked_for_address"
    WITHDREW_ADDRESS = "withdrew_address"
    REFUSED_ADDRESS = "refused_address"
    APPOINTED_MODERATOR = "appointed_moderator"
    SENT_PASSWORD_RESET = "sent_password_reset"  # noqa: S105
    ADDED_PERSON = "added_person"
    CHANGED_PERSON = "changed_person"
    MADE_ADMINISTRATOR = "made_administrator"
    UNMADE_ADMINISTRATOR = "unmade_administrator"
    SET_PASSWORD = "set_password"  # noqa: S105
    MADE_ORGANISATION = "made_organisation"
    EDITED_ORGANISATION = "edited_organisation"
    PRUNED = "pruned"


class Outcome(StrEnum):
    """Whether it was done, or refused or rolled back."""

    DONE = "done"
    REFUSED = "refused"


class AuditEvent(Model):
    """One event. The actor is a person, or nobody for what happened on a date or was done by a stranger.

    `act` is None where another version of Samspil recorded an action that this one does not know.
    """

    __tablename__ = "audit_event"
    __table_args__ = (
        Index("ix_audit_event_partnership_id_id", "partnership_id", "id"),
        Index("ix_audit_event_actor_id_id", "actor_id", "id"),
        Index("ix_audit_event_subject_id_id", "subject_id", "id"),
        Index("ix_audit_event_at", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    action: Mapped[AuditAction] = mapped_column(enum_column_type(AuditAction, 40, otherwise=None))
    outcome: Mapped[Outcome] = mapped_column(enum_column_type(Outcome, otherwise=Outcome.DONE), default=Outcome.DONE)
    actor_id: Mapped[int | None]
    actor_name: Mapped[str] = mapped_column(String(100), default="")
    subject_id: Mapped[int | None]
    subject_name: Mapped[str] = mapped_column(String(254), default="")
    partnership_id: Mapped[int | None]
    partnership_name: Mapped[str] = mapped_column(String(120), default="")
    address: Mapped[str] = mapped_column(String(45), default="")
    details: Mapped[dict[str, Any]] = mapped_column(Details, default=dict)
    # Set on the event PRUNED: it lets the database delete the events before that moment.
    pruned_before: Mapped[datetime | None] = mapped_column(UtcDateTime)


def record_audit(
    action: AuditAction, *, actor: Any = None, subject: Any = None, partnership: Any = None, **details: Any
) -> None:
    """Record an event: people by their accounts, `details` such as before, after and reason as given.

    Within a request it is written after the request's own transaction, and records whether that was committed.
    """
    line = {
        "at": clock.now(),
        "action": action,
        "actor_id": actor.id if actor else None,
        "actor_name": actor.name if actor else "",
        "subject_id": subject.id if subject else None,
        "subject_name": subject.name if subject else "",
        "partnership_id": partnership.id if partnership else None,
        "partnership_name": partnership.name if partnership else "",
        "details": {name: value for name, value in details.items() if value not in (None, "")},
    }
    if not has_request_context():
        db.session.add(AuditEvent(**line))
        return
    line["address"] = (request.remote_addr or "")[:45]
    if "trail" not in g:
        g.trail = []
        run_after_request(_write)
    g.trail.append(line)


def _write() -> None:
    """Write the events of the request. An event that records a refusal keeps its outcome."""
    outcome = Outcome.DONE if g.get("committed") else Outcome.REFUSED
    db.session.execute(insert(AuditEvent), [line | {"outcome": outcome} for line in g.pop("trail")])
