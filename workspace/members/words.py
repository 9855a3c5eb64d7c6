"""What endings and levels mean, in the reader's language."""

from flask_babel import lazy_gettext as _l

from workspace.access import Level
from workspace.partnerships.models import Ending

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
