"""The names of kinds of posts, of the statuses of challenges, and of reactions."""

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext

from workspace.posts.challenge_workflow import ChallengeStatus
from workspace.posts.models import PostKind
from workspace.posts.reactions import ReactionKind

POST_KINDS = {PostKind.PROGRESS: _l("Progress"), PostKind.CHALLENGE: _l("Challenge")}
POST_KINDS_IN_PLURAL = {PostKind.PROGRESS: _l("Progress"), PostKind.CHALLENGE: _l("Challenges")}
POST_KIND_HINTS = {
    PostKind.PROGRESS: _l("Something has worked out or moved on"),
    PostKind.CHALLENGE: _l("Something is difficult, and we need help"),
}
CHALLENGE_STATUSES = {
    ChallengeStatus.OPEN: lazy_pgettext("status", "Open"),
    ChallengeStatus.ONGOING: lazy_pgettext("status", "In progress"),
    ChallengeStatus.SOLVED: lazy_pgettext("status", "Solved"),
    ChallengeStatus.PARKED: lazy_pgettext("status", "Parked"),
}

REACTIONS = {
    ReactionKind.NOTED: _l("Noted"),
    ReactionKind.THANKS: _l("Thank you"),
    ReactionKind.GOOD_IDEA: _l("Good idea"),
}
