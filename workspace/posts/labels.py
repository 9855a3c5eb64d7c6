"""The names of reactions."""

from flask_babel import lazy_gettext as _l

from workspace.posts.reactions import ReactionKind

REACTIONS = {
    ReactionKind.NOTED: _l("Noted"),
    ReactionKind.THANKS: _l("Thank you"),
    ReactionKind.GOOD_IDEA: _l("Good idea"),
}
