"""The names of actions and of their details in the reader's language."""

from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l

from workspace.audit.models import AuditAction

ACTIONS = {
    AuditAction.SIGNED_IN: _l("Signed in"),
    AuditAction.FAILED_TO_SIGN_IN: _l("Failed to sign in"),
    AuditAction.SIGNED_OUT: _l("Signed out"),
    AuditAction.ENDED_SESSIONS: _l("Ended sessions"),
    AuditAction.REFUSED: _l("Was refused"),
    AuditAction.NOT_FOUND: _l("Tried to open something without access"),
    AuditAction.INVITED: _l("Invited"),
    AuditAction.SENT_INVITATIONS: _l("Sent invitations"),
    AuditAction.SET_INVITATION_LIMIT: _l("Changed the limit for invitations"),
    AuditAction.RESENT: _l("Sent an invitation again"),
    AuditAction.WITHDREW_INVITATION: _l("Withdrew an invitation"),
    AuditAction.DECLINED_INVITATION: _l("Declined an invitation"),
    AuditAction.OPENED_LINK: _l("Created a link"),
    AuditAction.CLOSED_LINK: _l("Closed a link"),
    AuditAction.ASKED_TO_JOIN: _l("Asked to join"),
    AuditAction.ASKED_BACK: _l("Asked something first"),
    AuditAction.DECLINED: _l("Declined a request"),
    AuditAction.JOINED: _l("Came in"),
    AuditAction.CHANGED_LEVEL: _l("Changed the access"),
    AuditAction.SUSPENDED: _l("Put on hold"),
    AuditAction.LIFTED: _l("Opened the access again"),
    AuditAction.REMOVED: _l("Removed"),
    AuditAction.LEFT: _l("Left"),
    AuditAction.SET_END: _l("Set the end of the access"),
    AuditAction.EXPIRED: _l("Access ended on its date"),
    AuditAction.CHANGED_ORGANISATION: _l("Changed organisation"),
    AuditAction.LET_GO_ORGANISATION: _l("Ended an organisation's participation"),
    AuditAction.ACCEPTED_PARTICIPATION: _l("Said yes on behalf of an organisation"),
    AuditAction.REPORTED: _l("Reported something"),
    AuditAction.ANSWERED_REPORT: _l("Answered a report"),
    AuditAction.CHANGED_VISIBILITY: _l("Changed the visibility"),
    AuditAction.EXPORTED: _l("Exported"),
    AuditAction.DEACTIVATED: _l("Closed an account"),
    AuditAction.REACTIVATED: _l("Opened an account again"),
    AuditAction.CHANGED_ADDRESS: _l("Changed an address"),
    AuditAction.ASKED_FOR_ADDRESS: _l("Asked for a new address"),
    AuditAction.WITHDREW_ADDRESS: _l("Withdrew the new address"),
    AuditAction.REFUSED_ADDRESS: _l("The old address said no to a new one"),
    AuditAction.APPOINTED_MODERATOR: _l("Appointed a moderator"),
    AuditAction.SENT_PASSWORD_RESET: _l("Sent an e-mail about a new password"),
    AuditAction.ADDED_PERSON: _l("Created an account"),
    AuditAction.CHANGED_PERSON: _l("Changed a person's details"),
    AuditAction.MADE_ADMINISTRATOR: _l("Made somebody an administrator"),
    AuditAction.UNMADE_ADMINISTRATOR: _l("Took the administrator's rights from somebody"),
    AuditAction.SET_PASSWORD: _l("Set a password"),
    AuditAction.MADE_ORGANISATION: _l("Created an organisation"),
    AuditAction.EDITED_ORGANISATION: _l("Changed an organisation"),
    AuditAction.PRUNED: _l("Deleted old lines"),
}

DETAILS = {
    "before": _l("before"),
    "after": _l("afterwards"),
    "reason": _l("reason"),
    "until": _l("until"),
    "email": _l("address"),
    "way": _l("way in"),
    "uses": _l("for how many"),
    "invitations": _l("how many"),
    "today": _l("in the last 24 hours"),
    "members": _l("members"),
    "number": _l("number in the log"),
    "link": _l("link"),
    "browser": _l("browser"),
    "method": _l("method"),
    "path": _l("page"),
    "this_hour": _l("times in this hour"),
    "months": _l("months"),
}
VALUES = {
    "observer": _l("Observer"),
    "contributor": _l("Participant"),
    "moderator": _l("Moderator"),
    "hidden": _l("hidden"),
    "listed": _l("listed"),
    "kept": _l("kept"),
    "withdrawn": _l("withdrawn"),
    "added": _l("added by a moderator"),
    "invitation": _l("invitation"),
    "request": _l("request"),
    "administrator": _l("administrator"),
}
# What people wrote is shown as they wrote it, never translated.
WRITTEN = ("reason", "email", "browser", "path")


def details(line: Any) -> list[tuple[str, str]]:
    """The details of an event, each with its label; moments in UTC."""
    return [(str(DETAILS.get(name, name)), _value(name, value)) for name, value in line.details.items()]


def _value(name: str, value: Any) -> str:
    text = str(value)
    if name in WRITTEN:
        return text
    try:
        return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M") if "T" in text else str(VALUES.get(text, text))
    except ValueError:
        return str(VALUES.get(text, text))
