"""What is done about posts and their texts, comments among them, and how challenges move."""

from functools import partial

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from workspace.partnerships.activity_log import Entry
from workspace.partnerships.verbs import DigestUse, Verb, who


def _reopened(entry: Entry) -> str:
    if entry.actor is None:
        return _("Samspil opened the challenge again, as agreed when it was parked")
    return _("%(who)s opened the challenge again: %(note)s", who=who(entry), note=entry.details.get("note", ""))


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
REACTED = Verb("reacted", None)
PINNED = Verb("pinned", None)
UNPINNED = Verb("unpinned", None)

TOOK = _Turn("took", _l("%(who)s has taken the challenge"), icon="ongoing", credit=_l("Taken by %(who)s"))
ASKED_TO_TAKE = _Move("asked_to_take", _l("%(who)s asked %(person)s to take the challenge"))
DECLINED_TO_TAKE = _Move("declined_to_take", _l("%(who)s can't take the challenge: %(note)s"))
SOLVED = _Turn(
    "solved",
    _l("%(who)s marked the challenge as solved"),
    icon="solved",
    credit=_l("Solved by %(who)s"),
    changes_text=True,
)
PARKED = _Turn("parked", _l("%(who)s parked the challenge: %(note)s"), icon="parked", credit=_l("Parked by %(who)s"))
REOPENED = _Turn("reopened", _reopened, icon="reopen", credit=_l("Opened again by %(who)s"), changes_text=True)
MOVED_ON = _Move("moved_on", _l("%(who)s shared progress on the challenge"))
SHARES_CHALLENGE = _Move("shares_challenge", _l("%(who)s has this challenge too"))
SHARES_NO_LONGER = Verb("shares_no_longer", _l("%(who)s no longer has this challenge"), in_thread=True)
