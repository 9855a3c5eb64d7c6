"""What the acts, and what is told of each, are called in the reader's language."""

from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l

from workspace.trail.models import Act

ACTS = {
    Act.SIGNED_IN: _l("Signed in"),
    Act.FAILED_TO_SIGN_IN: _l("Failed to sign in"),
    Act.SIGNED_OUT: _l("Signed out"),
    Act.ENDED_SESSIONS: _l("Ended sessions"),
    Act.REFUSED: _l("Was refused"),
    Act.NOT_FOUND: _l("Asked for what is not theirs to see"),
    Act.INVITED: _l("Invited"),
    Act.RESENT: _l("Sent an invitation again"),
    Act.WITHDREW_INVITATION: _l("Withdrew an invitation"),
    Act.OPENED_LINK: _l("Made a link"),
    Act.CLOSED_LINK: _l("Closed a link"),
    Act.ASKED_TO_JOIN: _l("Asked to join"),
    Act.ASKED_BACK: _l("Asked something first"),
    Act.DECLINED: _l("Declined a request"),
    Act.JOINED: _l("Came in"),
    Act.CHANGED_LEVEL: _l("Changed the access"),
    Act.SUSPENDED: _l("Put on hold"),
    Act.LIFTED: _l("Opened the access again"),
    Act.REMOVED: _l("Removed"),
    Act.LEFT: _l("Left"),
    Act.SET_END: _l("Set the end of the access"),
    Act.EXPIRED: _l("Access ended on its date"),
    Act.CHANGED_ORGANISATION: _l("Changed organisation"),
    Act.LET_GO_ORGANISATION: _l("Let an organisation go"),
    Act.REPORTED: _l("Reported something"),
    Act.ANSWERED_REPORT: _l("Answered a report"),
    Act.CHANGED_VISIBILITY: _l("Changed the visibility"),
    Act.EXPORTED: _l("Exported"),
    Act.DEACTIVATED: _l("Closed an account"),
    Act.REACTIVATED: _l("Opened an account again"),
    Act.CHANGED_ADDRESS: _l("Changed an address"),
    Act.ADDED_PERSON: _l("Made an account"),
    Act.CHANGED_PERSON: _l("Changed what is said of a person"),
    Act.MADE_ADMINISTRATOR: _l("Made somebody an administrator"),
    Act.UNMADE_ADMINISTRATOR: _l("Took the administrator's rights from somebody"),
    Act.SET_PASSWORD: _l("Set a password"),
    Act.MADE_ORGANISATION: _l("Made an organisation"),
    Act.EDITED_ORGANISATION: _l("Changed an organisation"),
    Act.PRUNED: _l("Deleted old lines"),
}

DETAILS = {
    "before": _l("before"),
    "after": _l("afterwards"),
    "reason": _l("reason"),
    "until": _l("until"),
    "email": _l("address"),
    "way": _l("way in"),
    "uses": _l("for how many"),
    "members": _l("members"),
    "number": _l("number in the log"),
    "link": _l("link"),
    "browser": _l("browser"),
    "method": _l("method"),
    "path": _l("page"),
    "months": _l("months"),
}
VALUES = {
    "observer": _l("Reader"),
    "contributor": _l("Member"),
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
# What people wrote stands as they wrote it, whatever it says.
WRITTEN = ("reason", "email", "browser", "path")


def details(line: Any) -> list[tuple[str, str]]:
    """What a line tells further, each with its name, moments in UTC."""
    return [(str(DETAILS.get(name, name)), _value(name, value)) for name, value in line.details.items()]


def _value(name: str, value: Any) -> str:
    text = str(value)
    if name in WRITTEN:
        return text
    try:
        return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M") if "T" in text else str(VALUES.get(text, text))
    except ValueError:
        return str(VALUES.get(text, text))
