"""What is done about members and the organisations that they represent."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from workspace.partnerships.activity_log import Entry
from workspace.partnerships.verbs import Verb


def _changed_organisation(entry: Entry) -> str:
    return _(
        "%(person)s now represents %(after)s, no longer %(before)s",
        person=entry.subject.user.name if entry.subject else "",
        after=entry.subject.organisation.name if entry.subject else "",
        before=entry.details.get("before", ""),
    )


LET_GO_ORGANISATION = Verb("let_go_organisation", _l("%(who)s ended the participation of %(name)s"))
CHANGED_ORGANISATION = Verb("changed_organisation", _changed_organisation)
LEFT = Verb("left", _l("%(who)s left"))
REMOVED = Verb("removed", _l("%(who)s ended the membership of %(person)s from %(organisation)s"))
TOOK_BACK_ACCESS = Verb("took_back_access", _l("%(who)s took back the access of %(person)s from %(organisation)s"))
CORRECTED_AS_ASKED = Verb("corrected_as_asked", None, act=_l("%(who)s corrected the text, as you asked"))
EXPIRED = Verb("expired", _l("The membership of %(person)s from %(organisation)s ended on its date"))
APPOINTED = Verb(
    "appointed",
    _l("%(administrator)s, administrator, made %(person)s from %(organisation)s a moderator, since there was none"),
)
