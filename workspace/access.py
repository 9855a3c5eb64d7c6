"""Who may do what: the one table from action to level, and the decorators that declare who may enter a view.

They only declare: the gate (workspace/gate.py) holds each request to it, and the app refuses to start with a view
that declares nothing. What a person may not see does not exist (404); a member who lacks the level is told so (403).
"""

from collections.abc import Callable
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
    WITHDRAW_OTHERS = auto()
    TAKE_ROLES = auto()
    ASSIGN_ROLES = auto()
    ADD_MEMBERS = auto()
    EDIT_PARTNERSHIP = auto()
    ARCHIVE = auto()


LEVELS = (Level.OBSERVER, Level.CONTRIBUTOR, Level.MODERATOR)

LOWEST_LEVEL = {
    Action.READ: Level.OBSERVER,
    Action.SHARE: Level.CONTRIBUTOR,
    Action.COMMENT: Level.CONTRIBUTOR,
    Action.MOVE_CHALLENGES: Level.CONTRIBUTOR,
    Action.MOVE_ANY_CHALLENGE: Level.MODERATOR,
    Action.PIN: Level.MODERATOR,
    Action.WITHDRAW_OTHERS: Level.MODERATOR,
    Action.TAKE_ROLES: Level.CONTRIBUTOR,
    Action.ASSIGN_ROLES: Level.MODERATOR,
    Action.ADD_MEMBERS: Level.MODERATOR,
    Action.EDIT_PARTNERSHIP: Level.MODERATOR,
    Action.ARCHIVE: Level.MODERATOR,
}

# In an archived partnership one can read, mark as read, and open it again.
IN_AN_ARCHIVE = {Action.READ, Action.ARCHIVE}


def permits(level: Level, action: Action, *, archived: bool = False) -> bool:
    """Whether a member of `level` may do `action`; `archived` says that the partnership is."""
    if archived and action not in IN_AN_ARCHIVE:
        return False
    return LEVELS.index(level) >= LEVELS.index(LOWEST_LEVEL[action])


class Refusal(Exception):
    """Something that can't be done: the status to answer with, and the words for the person."""

    status = 403

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NotAllowed(Refusal):
    """The person may see this, but not do it."""


class Conflict(Refusal):
    """What was to be done does not fit what is there now."""

    status = 409


class Who(StrEnum):
    """The kinds of people whom a view lets in."""

    PUBLIC = auto()
    SIGNED_IN = auto()
    MEMBERS = auto()
    ADMINISTRATORS = auto()


@dataclass(frozen=True)
class Entrance:
    """Who may enter a view; for members, what they come to do."""

    who: Who
    action: Action | None = None


View = Callable[..., Any]


def public(view: View) -> View:
    """Anybody may enter; the view gets no person."""
    return _declare(view, Entrance(Who.PUBLIC))


def signed_in(view: View) -> View:
    """Whoever is signed in may enter; the view gets the `user`."""
    return _declare(view, Entrance(Who.SIGNED_IN))


def administrators_only(view: View) -> View:
    """Administrators may enter; the view gets the `user`."""
    return _declare(view, Entrance(Who.ADMINISTRATORS))


def members_may(action: Action) -> Callable[[View], View]:
    """Members who may do `action` in the partnership of the address may enter; the view gets the `membership`."""
    return lambda view: _declare(view, Entrance(Who.MEMBERS, action))


def entrance(view: View) -> Entrance | None:
    """What `view` declares."""
    return getattr(view, "entrance", None)


def require_declarations(app: Flask) -> None:
    """Refuse to start with a view that does not say who may enter."""
    undeclared = [endpoint for endpoint, view in app.view_functions.items() if entrance(view) is None]
    if undeclared:
        raise RuntimeError(f"These views don't declare who may enter: {', '.join(sorted(undeclared))}")


def _declare(view: View, declared: Entrance) -> View:
    view.entrance = declared  # type: ignore[attr-defined]
    return view
