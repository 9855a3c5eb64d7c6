"""The names of what can be found, and of what a search can be narrowed to, in the reader's language."""

from datetime import timedelta

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext

from workspace.posts.challenge_workflow import ChallengeStatus
from workspace.search.sources import FoundKind

FOUND_KINDS = {
    FoundKind.PROGRESS: _l("Progress"),
    FoundKind.CHALLENGE: _l("Challenge"),
    FoundKind.COMMENT: _l("Comment"),
    FoundKind.RESULT: _l("Result"),
    FoundKind.FILE: _l("File"),
    FoundKind.ROLE: _l("Role"),
    FoundKind.PERSON: _l("Person"),
    FoundKind.ORGANISATION: _l("Organisation"),
    FoundKind.PARTNERSHIP: _l("Partnership"),
}
KIND_CHOICES = {
    FoundKind.PROGRESS: _l("Progress"),
    FoundKind.CHALLENGE: _l("Challenges"),
    FoundKind.COMMENT: _l("Comments"),
    FoundKind.RESULT: _l("Results"),
    FoundKind.FILE: _l("Files"),
    FoundKind.ROLE: _l("Roles"),
    FoundKind.PERSON: _l("People"),
    FoundKind.ORGANISATION: _l("Organisations"),
    FoundKind.PARTNERSHIP: _l("Partnerships"),
}
KIND_ICONS = {
    FoundKind.PROGRESS: "progress",
    FoundKind.CHALLENGE: "challenge",
    FoundKind.COMMENT: "comment",
    FoundKind.RESULT: "progress",
    FoundKind.FILE: "file",
    FoundKind.ROLE: "handover",
    FoundKind.PERSON: "users",
    FoundKind.ORGANISATION: "users",
    FoundKind.PARTNERSHIP: "mark",
}
STATUS_CHOICES = {
    ChallengeStatus.OPEN: lazy_pgettext("challenges", "Open"),
    ChallengeStatus.ONGOING: lazy_pgettext("challenges", "In progress"),
    ChallengeStatus.SOLVED: lazy_pgettext("challenges", "Solved"),
    ChallengeStatus.PARKED: lazy_pgettext("challenges", "Parked"),
}
PERIODS = {
    "month": (_l("The last month"), timedelta(days=31)),
    "year": (_l("The last year"), timedelta(days=366)),
}
