"""What is done about posts and their texts, comments among them, and how challenges move."""

from datetime import date
from functools import partial

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from workspace.i18n.formatting import short_day
from workspace.partnerships.activity_log import Entry
from workspace.partnerships.verbs import DigestUse, Verb, who


def _reopened(entry: Entry) -> str:
    if entry.actor is None:
        return _("Samspil opened the challenge again, as agreed when it was parked")
    return _("%(who)s opened the challenge again: %(note)s", who=who(entry), note=entry.details.get("note", ""))


def _asked_to_take(entry: Entry) -> str:
    person, note = entry.subject.user.name if entry.subject else "", entry.details.get("note", "")
    if note:
        return _("%(who)s asked %(person)s to take the challenge: %(note)s", who=who(entry), person=person, note=note)
    return _("%(who)s asked %(person)s to take the challenge", who=who(entry), person=person)


def _rescheduled_answer(entry: Entry) -> str:
    if day := _day(entry):
        return _("%(who)s wishes an answer by %(day)s", who=who(entry), day=day)
    return _("%(who)s no longer wishes an answer by a certain day", who=who(entry))


def _rescheduled_opening(entry: Entry) -> str:
    if day := _day(entry):
        return _("%(who)s lets the challenge open again on %(day)s", who=who(entry), day=day)
    return _("%(who)s lets the challenge stay parked until somebody opens it", who=who(entry))


def _day(entry: Entry) -> str:
    day = entry.details.get("day")
    return short_day(date.fromisoformat(day)) if day else ""


_Sharing = partial(
    Verb,
    tells=None,
    digest=DigestUse.NEW_POST,
    credit=_l("Shared by %(who)s"),
    creates_post=True,
    bumps_activity=True,
)
_Move = partial(Verb, in_thread=True, bumps_activity=True, texts=("note",))
_Turn = partial(_Move, digest=DigestUse.TURN)

SHARED_PROGRESS = _Sharing("shared_progress")
SHARED_CHALLENGE = _Sharing("shared_challenge")
EDITED = Verb("edited", None, changes_text=True)
WITHDREW = Verb("withdrew", None, changes_text=True, texts=("reason",))
BROUGHT_BACK = Verb("brought_back", None, changes_text=True)
REDACTED = Verb("redacted", None, changes_text=True, texts=("reason",))
REACTED = Verb("reacted", None, act=_l("%(who)s reacted to what you wrote"))
PINNED = Verb("pinned", None)
UNPINNED = Verb("unpinned", None)
CLOSED_THREAD = Verb("closed_thread", _l("%(who)s closed the thread"), in_thread=True, icon="lock")
OPENED_THREAD = Verb("opened_thread", _l("%(who)s opened the thread again"), in_thread=True, icon="reopen")

TOOK = _Turn(
    "took",
    _l("%(who)s has taken the challenge"),
    icon="ongoing",
    credit=_l("Taken by %(who)s"),
    act=_l("%(who)s took the challenge"),
)
ASKED_TO_TAKE = _Move("asked_to_take", _asked_to_take, act=_l("%(who)s asked somebody to take the challenge"))
ASKED_NO_LONGER = Verb("asked_no_longer", _l("%(who)s no longer asks %(person)s to take the challenge"), in_thread=True)
DECLINED_TO_TAKE = _Move(
    "declined_to_take", _l("%(who)s can't take the challenge: %(note)s"), act=_l("%(who)s can't take the challenge")
)
SOLVED = _Turn(
    "solved",
    _l("%(who)s marked the challenge as solved"),
    icon="solved",
    credit=_l("Solved by %(who)s"),
    act=_l("%(who)s solved the challenge"),
    changes_text=True,
)
PARKED = _Turn(
    "parked",
    _l("%(who)s parked the challenge: %(note)s"),
    icon="parked",
    credit=_l("Parked by %(who)s"),
    act=_l("%(who)s parked the challenge"),
)
REOPENED = _Turn(
    "reopened",
    _reopened,
    icon="reopen",
    credit=_l("Opened again by %(who)s"),
    act=_l("%(who)s opened the challenge again"),
    changes_text=True,
)
RESCHEDULED_ANSWER = Verb("rescheduled_answer", _rescheduled_answer, in_thread=True, icon="clock")
RESCHEDULED_OPENING = Verb("rescheduled_opening", _rescheduled_opening, in_thread=True, icon="clock")
MOVED_ON = _Move(
    "moved_on", _l("%(who)s shared progress on the challenge"), act=_l("%(who)s shared progress on the challenge")
)
SHARES_CHALLENGE = _Move(
    "shares_challenge", _l("%(who)s has this challenge too"), act=_l("%(who)s has this challenge too")
)
SHARES_NO_LONGER = Verb("shares_no_longer", _l("%(who)s no longer has this challenge"), in_thread=True)
