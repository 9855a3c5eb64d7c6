"""Who may do what: the one table from action to level, and the decorators that declare who may enter a view.

They only declare: workspace/request_guard.py enforces it at each request, and the app refuses to start with a view
that declares nothing. What a person may not see does not exist (404); a member of too low a level is told so (403).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Any

from flask import Flask


class Level(StrEnum):
    """What a membership may do."""

    OBSERVER = "observer"
    CONTRIBUTOR = "contributor"
    MODERATOR = "moderator"


class Action(StrEnum):
    """What can be done in a partnership."""

    READ = auto()
    SHARE = auto()
    COMMENT = auto()
    MOVE_CHALLENGES = auto()
    MOVE_ANY_CHALLENGE = auto()
    PIN = auto()
    CLOSE_THREADS = auto()
    WITHDRAW_OTHERS = auto()
    REPORT = auto()
    TAKE_ROLES = auto()
    ASSIGN_ROLES = auto()
    REDACT = auto()
    REACT = auto()
    FOLLOW = auto()
    ADD_MEMBERS = auto()
    MANAGE_MEMBERS = auto()
    READ_AUDIT_LOG = auto()
    LEAVE = auto()
    EDIT_PARTNERSHIP = auto()
    ARCHIVE = auto()
    ADD_INDICATORS = auto()
    MEASURE = auto()


LEVELS = (Level.OBSERVER, Level.CONTRIBUTOR, Level.MODERATOR)

MINIMUM_LEVEL = {
    Action.READ: Level.OBSERVER,
    Action.SHARE: Level.CONTRIBUTOR,
    Action.COMMENT: Level.CONTRIBUTOR,
    Action.MOVE_CHALLENGES: Level.CONTRIBUTOR,
    Action.MOVE_ANY_CHALLENGE: Level.MODERATOR,
    Action.PIN: Level.MODERATOR,
    Action.CLOSE_THREADS: Level.MODERATOR,
    Action.WITHDRAW_OTHERS: Level.MODERATOR,
    Action.REPORT: Level.OBSERVER,
    Action.TAKE_ROLES: Level.CONTRIBUTOR,
    Action.ASSIGN_ROLES: Level.MODERATOR,
    Action.REDACT: Level.MODERATOR,
    Action.REACT: Level.CONTRIBUTOR,
    Action.FOLLOW: Level.OBSERVER,
    Action.ADD_MEMBERS: Level.MODERATOR,
    Action.MANAGE_MEMBERS: Level.MODERATOR,
    Action.READ_AUDIT_LOG: Level.MODERATOR,
    Action.LEAVE: Level.OBSERVER,
    Action.EDIT_PARTNERSHIP: Level.MODERATOR,
    Action.ARCHIVE: Level.MODERATOR,
    Action.ADD_INDICATORS: Level.MODERATOR,
    Action.MEASURE: Level.CONTRIBUTOR,
}

# In an archived partnership one can read, mark as read, leave, and open it again.
ALLOWED_WHEN_ARCHIVED = {Action.READ, Action.READ_AUDIT_LOG, Action.LEAVE, Action.ARCHIVE}


def permits(level: Level, action: Action, *, archived: bool = False) -> bool:
    """Whether a member of `level` may do `action`; `archived` says that the partnership is."""
    if archived and action not in ALLOWED_WHEN_ARCHIVED:
        return False
    return LEVELS.index(level) >= LEVELS.index(MINIMUM_LEVEL[action])


class UserError(Exception):
    """A refusal: the status of the response, and the message to the person."""

    status = 403
    headers: Mapping[str, str] = {}

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NotAllowed(UserError):
    """The person may see this, but not do it."""


class Conflict(UserError):
    """The action conflicts with the current state."""

    status = 409


class Audience(StrEnum):
    """Who may enter a view."""

    PUBLIC = auto()
    SIGNED_IN = auto()
    MEMBERS = auto()
    ADMINISTRATORS = auto()


@dataclass(frozen=True)
class AccessRule:
    """Who may enter a view, for members with which action, and whether a form needs a CSRF token."""

    audience: Audience
    action: Action | None = None
    checks_csrf: bool = True


View = Callable[..., Any]


def public(view: View) -> View:
    """Anybody may enter; the view gets no person."""
    return _declare(view, AccessRule(Audience.PUBLIC))


def csrf_exempt_signed_url(view: View) -> View:
    """Anybody may enter, without a CSRF token: the address is signed and says who asks (RFC 8058)."""
    return _declare(view, AccessRule(Audience.PUBLIC, checks_csrf=False))


def signed_in(view: View) -> View:
    """Whoever is signed in may enter; the view gets the `user`."""
    return _declare(view, AccessRule(Audience.SIGNED_IN))


def administrators_only(view: View) -> View:
    """Administrators may enter; the view gets the `user`."""
    return _declare(view, AccessRule(Audience.ADMINISTRATORS))


def members_with(action: Action) -> Callable[[View], View]:
    """Members who may do `action` in the partnership of the address may enter; the view gets the `membership`."""
    return lambda view: _declare(view, AccessRule(Audience.MEMBERS, action))


def access_rule(view: View) -> AccessRule | None:
    """What `view` declares."""
    return getattr(view, "entrance", None)


def require_declarations(app: Flask) -> None:
    """Refuse to start with a view that does not say who may enter."""
    undeclared = [endpoint for endpoint, view in app.view_functions.items() if access_rule(view) is None]
    if undeclared:
        raise RuntimeError(f"These views don't declare who may enter: {', '.join(sorted(undeclared))}")


def _declare(view: View, declared: AccessRule) -> View:
    view.entrance = declared  # type: ignore[attr-defined]
    return view
