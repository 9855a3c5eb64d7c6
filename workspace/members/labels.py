"""Names and explanations of endings and levels in the reader's language."""

from flask_babel import lazy_gettext as _l

from workspace.members.invitations.listed_people import RowStatus
from workspace.partnerships.models import Ending, Visibility
from workspace.permissions import Level

ENDINGS = {
    Ending.DECLINED: _l("Declined"),
    Ending.TAKEN_BACK: _l("Withdrawn"),
    Ending.REMOVED: _l("Removed"),
    Ending.LEFT: _l("Left"),
    Ending.EXPIRED: _l("Ended on its date"),
    Ending.MOVED: _l("Changed organisation"),
}
LEVEL_HINTS = {
    Level.OBSERVER: _l("Can read everything and get e-mail"),
    Level.CONTRIBUTOR: _l("Can also write posts, comment and have roles"),
    Level.MODERATOR: _l("Can also invite, approve and remove members"),
}
FATES = {
    RowStatus.NEW: _l("Will be invited"),
    RowStatus.RETURNS: _l("Was a member before, and will be invited again"),
    RowStatus.REMOVED: _l("Was removed, and will be invited again"),
    RowStatus.MEMBER: _l("Is a member already"),
    RowStatus.SUSPENDED: _l("Is on hold: open the access in the table"),
    RowStatus.REQUESTED: _l("Has asked to join: approve the request"),
    RowStatus.INVITED: _l("Is invited already"),
    RowStatus.EXHAUSTED: _l("Has had several e-mails without answering, and can be invited again later"),
    RowStatus.CLOSED: _l("The account is closed: an administrator can open it again"),
    RowStatus.NO_ADDRESS: _l("Is not an e-mail address"),
}
VISIBILITIES = {
    Visibility.HIDDEN: _l("Hidden: only members know of it"),
    Visibility.LISTED: _l("Listed: people who are signed in see name, purpose and organisations, and can ask to join"),
}
