"""What the acts are called in the reader's language."""

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
    Act.PRUNED: _l("Deleted old lines"),
}
