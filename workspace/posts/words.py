"""What reactions are called."""

from flask_babel import lazy_gettext as _l

from workspace.posts.reactions import Acknowledgement

REACTIONS = {
    Acknowledgement.NOTED: _l("Noted"),
    Acknowledgement.THANKS: _l("Thank you"),
    Acknowledgement.GOOD_IDEA: _l("Good idea"),
}
