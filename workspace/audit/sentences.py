"""What an event says: a sentence in the reader's language with names that may be links, and what else is known."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup, escape

from workspace.audit.labels import ACTIONS, DETAILS, VALUES, WRITTEN
from workspace.audit.models import AuditAction, AuditEvent, Outcome
from workspace.i18n import formatting

A = AuditAction

SENTENCES = {
    A.SIGNED_IN: _l("%(actor)s signed in"),
    A.FAILED_TO_SIGN_IN: _l("Somebody tried to sign in as %(subject)s, and failed"),
    A.SIGNED_OUT: _l("%(actor)s signed out"),
    A.ENDED_SESSIONS: _l("%(actor)s signed %(subject)s out"),
    A.REFUSED: _l("%(actor)s tried to do something beyond their access"),
    A.NOT_FOUND: _l("%(actor)s tried to open something that they have no access to"),
    A.INVITED: _l("%(actor)s invited %(email)s as %(after)s"),
    A.SENT_INVITATIONS: _l("%(actor)s sent invitations (%(invitations)s)"),
    A.SET_INVITATION_LIMIT: _l("%(actor)s changed the limit for invitations"),
    A.RESENT: _l("%(actor)s sent the invitation to %(email)s again"),
    A.WITHDREW_INVITATION: _l("%(actor)s withdrew the invitation to %(email)s"),
    A.DECLINED_INVITATION: _l("%(actor)s declined the invitation to %(email)s"),
    A.OPENED_LINK: _l("%(actor)s created a link by which up to %(uses)s people can join as %(after)s"),
    A.CLOSED_LINK: _l("%(actor)s closed a link"),
    A.ASKED_TO_JOIN: _l("%(actor)s asked to join"),
    A.ASKED_BACK: _l("%(actor)s asked %(subject)s a question about the request"),
    A.DECLINED: _l("%(actor)s declined the request of %(subject)s"),
    A.JOINED: _l("%(actor)s gave %(subject)s access as %(after)s"),
    A.CHANGED_LEVEL: _l("%(actor)s changed the access of %(subject)s from %(before)s to %(after)s"),
    A.OFFERED_MODERATION: _l("%(actor)s offered to hand the moderator role over to %(subject)s"),
    A.SUSPENDED: _l("%(actor)s put the access of %(subject)s on hold"),
    A.LIFTED: _l("%(actor)s opened the access of %(subject)s again"),
    A.REMOVED: _l("%(actor)s removed %(subject)s"),
    A.LEFT: _l("%(actor)s left"),
    A.SET_END: _l("%(actor)s set the last day of %(subject)s to %(after)s"),
    A.UNDID: _l("%(actor)s undid what was done about %(subject)s: %(before)s"),
    A.EXPIRED: _l("The access of %(subject)s ended on its date"),
    A.CHANGED_ORGANISATION: _l("%(actor)s let %(subject)s represent %(after)s instead of %(before)s"),
    A.LET_GO_ORGANISATION: _l("%(actor)s ended the participation of %(before)s"),
    A.ACCEPTED_PARTICIPATION: _l("%(actor)s said yes on behalf of %(after)s"),
    A.REPORTED: _l("%(actor)s reported a text to the moderators"),
    A.ANSWERED_REPORT: _l("%(actor)s answered a report of a text by %(subject)s"),
    A.READ_WITHDRAWN: _l("%(actor)s read a withdrawn text by %(subject)s"),
    A.CHANGED_VISIBILITY: _l("%(actor)s changed the visibility from %(before)s to %(after)s"),
    A.EXPORTED: _l("%(actor)s downloaded the audit log"),
    A.DEACTIVATED: _l("%(actor)s closed the account of %(subject)s"),
    A.REACTIVATED: _l("%(actor)s opened the account of %(subject)s again"),
    A.CHANGED_ADDRESS: _l("The e-mail address of %(subject)s was changed from %(before)s to %(after)s"),
    A.ASKED_FOR_ADDRESS: _l("%(actor)s asked for the new e-mail address %(after)s for %(subject)s"),
    A.WITHDREW_ADDRESS: _l("%(actor)s withdrew the new e-mail address of %(subject)s"),
    A.REFUSED_ADDRESS: _l("The old e-mail address of %(subject)s said no to the new one"),
    A.APPOINTED_MODERATOR: _l("%(actor)s appointed %(subject)s as moderator"),
    A.SENT_PASSWORD_RESET: _l("%(actor)s sent %(subject)s an e-mail about a new password"),
    A.ADDED_PERSON: _l("%(actor)s created an account for %(subject)s of %(after)s"),
    A.CHANGED_PERSON: _l("%(actor)s changed what is said of %(subject)s"),
    A.MADE_ADMINISTRATOR: _l("%(actor)s made %(subject)s an administrator"),
    A.UNMADE_ADMINISTRATOR: _l("%(actor)s took the administrator's rights from %(subject)s"),
    A.SET_PASSWORD: _l("%(actor)s set a password for %(subject)s"),
    A.MADE_ORGANISATION: _l("%(actor)s created the organisation %(after)s"),
    A.EDITED_ORGANISATION: _l("%(actor)s changed the organisation %(after)s"),
    A.PRUNED: _l("Lines older than %(months)s months were deleted"),
}
# Where somebody did it to themselves, or nobody else is concerned.
OWN = {
    A.FAILED_TO_SIGN_IN: _l("Somebody tried to sign in, and failed"),
    A.ENDED_SESSIONS: _l("%(actor)s signed out in another browser"),
    A.JOINED: _l("%(actor)s came in as %(after)s"),
    A.CHANGED_ORGANISATION: _l("%(actor)s represents %(after)s instead of %(before)s"),
    A.EXPORTED: _l("%(actor)s downloaded the audit log"),
    A.UNDID: _l("%(actor)s undid what was done: %(before)s"),
}
# Where nobody did it: it happened on a date, on the server, or by a link.
BY_ITSELF = {
    A.INVITED: _l("%(email)s asked for an invitation by a link"),
    A.DECLINED_INVITATION: _l("The invitation to %(email)s was declined"),
    A.UNDID: _l("What was done was undone: %(before)s"),
    A.LIFTED: _l("The access of %(subject)s opened again on its date"),
    A.MADE_ADMINISTRATOR: _l("%(subject)s was made an administrator on the server"),
    A.UNMADE_ADMINISTRATOR: _l("%(subject)s was deprived of the administrator's rights on the server"),
    A.SET_PASSWORD: _l("A password was set for %(subject)s on the server"),
}
NO_END = _l("%(actor)s took away the end date of %(subject)s")


@dataclass(frozen=True)
class ToldEvent:
    """An event as it is shown: `details` with their labels, without what the sentence says already."""

    id: int
    at: datetime
    sentence: Markup
    details: list[tuple[str, str]]
    is_done: bool
    partnership_name: str
    actor_name: str
    subject_name: str
    address: str

    @property
    def further(self) -> str:
        """The details in one text."""
        return "; ".join(f"{label}: {value}" for label, value in self.details)


def tell(event: AuditEvent, pages: Mapping[int, str], *, shows_address: bool = True) -> ToldEvent:
    """The event in words; `pages` are the addresses of people's pages by the ids of their accounts."""
    words = _Words({name: _value(event.action, name, value) for name, value in event.details.items()})
    words["actor"] = _name(event.actor_id, event.actor_name, pages)
    words["subject"] = _name(event.subject_id, event.subject_name, pages)
    sentence = Markup(escape(str(_sentence(event)))) % words  # noqa: S704 (escaped)
    return ToldEvent(
        id=event.id,
        at=event.at,
        sentence=sentence,
        details=[
            (str(DETAILS.get(name, name)), str(words.get(name))) for name in event.details if name not in words.used
        ],
        is_done=event.outcome is not Outcome.REFUSED,
        partnership_name=event.partnership_name,
        actor_name=event.actor_name,
        subject_name=event.subject_name,
        address=event.address if shows_address else "",
    )


class _Words(dict[str, Any]):
    """The words of a sentence, which notes those that it uses; what is not known is left out."""

    def __init__(self, words: dict[str, Any]) -> None:
        super().__init__(words)
        self.used: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        self.used.add(name)
        return self.get(name, "")


def _sentence(event: AuditEvent) -> Any:
    action = event.action
    if action is None:
        return _("Something that this version of Samspil does not know")
    if action is A.SET_END and not event.details.get("after"):
        return NO_END
    if not event.actor_name and action in BY_ITSELF:
        return BY_ITSELF[action]
    if event.subject_id in (None, event.actor_id) and not event.subject_name.removeprefix(event.actor_name):
        return OWN.get(action) or SENTENCES.get(action) or f"%(actor)s: {ACTIONS.get(action, action)}"
    return SENTENCES.get(action) or f"%(actor)s: {ACTIONS.get(action, action)} (%(subject)s)"


def _name(person_id: int | None, name: str, pages: Mapping[int, str]) -> Markup:
    page = pages.get(person_id) if person_id else None
    return Markup('<a href="{}">{}</a>').format(page, name) if page else escape(name)


def _value(action: AuditAction, name: str, value: Any) -> str:
    text = str(value)
    if name in WRITTEN:
        return text
    try:
        moment = datetime.fromisoformat(text) if "T" in text else None
    except ValueError:
        moment = None
    if moment is None:
        return str(VALUES.get(text, text))
    return formatting.last_date(moment) if action is A.SET_END else formatting.long_datetime(moment)
