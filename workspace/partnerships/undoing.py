"""What is asked before anything is undone that was done by one press: by whom it was, and how long ago."""

from datetime import datetime, timedelta

from flask_babel import gettext as _

from workspace import clock
from workspace.permissions import Conflict, NotAllowed

AN_HOUR = timedelta(hours=1)


def require_undoable(since: datetime, *, is_own: bool) -> None:
    """Raise NotAllowed for what somebody else did, and Conflict an hour after it was done, at `since`."""
    if not is_own:
        raise NotAllowed(_("Only whoever did it can undo it."))
    if clock.now() - since > AN_HOUR:
        raise too_late()


def too_late() -> Conflict:
    """What undoing raises when what was done no longer stands as it was."""
    return Conflict(_("It is too late to undo this: something else has been done since, or an hour has gone."))
