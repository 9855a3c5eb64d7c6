"""What endings and levels mean, in the reader's language."""

from flask_babel import lazy_gettext as _l

from workspace.access import Level
from workspace.members.addresses import Fate
from workspace.partnerships.models import Ending, Visibility

ENDINGS = {
    Ending.DECLINED: _l("Declined"),
    Ending.TAKEN_BACK: _l("Taken back"),
    Ending.REMOVED: _l("Removed"),
    Ending.LEFT: _l("Left"),
    Ending.EXPIRED: _l("Ended on its date"),
}
LEVEL_HINTS = {
    Level.OBSERVER: _l("Can read everything and get mail"),
    Level.CONTRIBUTOR: _l("Can also write posts, comment and have roles"),
    Level.MODERATOR: _l("Can also invite, approve and remove members"),
}
FATES = {
    Fate.NEW: _l("Will be invited"),
    Fate.RETURNS: _l("Was a member before, and will be invited again"),
    Fate.REMOVED: _l("Was removed, and will be invited again"),
    Fate.MEMBER: _l("Is a member already"),
    Fate.SUSPENDED: _l("Is on hold: open the access in the table"),
    Fate.REQUESTED: _l("Has asked to join: approve the request"),
    Fate.INVITED: _l("Is invited already"),
    Fate.TWICE: _l("Stands in the list twice"),
    Fate.NO_ADDRESS: _l("Is not a mail address"),
}
VISIBILITIES = {
    Visibility.HIDDEN: _l("Hidden: only members know of it"),
    Visibility.LISTED: _l("Listed: people who are signed in see name, purpose and organisations, and can ask to join"),
}
