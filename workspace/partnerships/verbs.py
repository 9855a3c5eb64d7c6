"""What can be done in a partnership: one registry of verbs, to which each feature adds its own in its verbs.py.

A verb says all that readers of the log need to know of it, so that none of them keeps a list of its own.
"""

from collections.abc import Callable
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Self

from flask_babel import LazyString, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Dialect, String, TypeDecorator

from workspace.partnerships.labels import STAGES

if TYPE_CHECKING:
    from workspace.partnerships.activity_log import Entry


class DigestUse(Enum):
    """What an entry about a post is to a digest."""

    NEW_POST = auto()
    TURN = auto()
    COMMENT = auto()


class Verb(str):
    """A word that stands in the log, and what its entries mean.

    `tells` is the sentence that an entry makes: a message with the names that `sentence` fills in, or a function for
    where one message does not do. It stands in the history of the partnership or, `in_thread`, with an icon between a
    post's comments. None where the post itself shows what was done.
    `digest` says what a digest makes of an entry about a post; `digest_line` tells of the partnership itself, from a
    row with its name and stage, and how often it happened, and leads to the partnership's `page`. Anything else
    is not in digests. `credit` names there who did it, as `who`; `act` says in feeds what they did about the post.
    Entries that `creates_post` give their number to a post, those that `creates_thing` to anything else; those that
    `bumps_activity` are activity of the partnership. One that `changes_text` leaves what it is about with another text,
    or none. `texts` names the details that are people's own words:
    `erase_texts` deletes exactly those.
    """

    tells: LazyString | Callable[["Entry"], str] | None
    in_thread: bool
    icon: str
    digest: DigestUse | None
    digest_line: Callable[[Any, int], str] | None
    credit: LazyString | None
    act: LazyString | None
    page: str
    creates_post: bool
    creates_thing: bool
    bumps_activity: bool
    changes_text: bool
    texts: tuple[str, ...]

    def __new__(
        cls,
        word: str,
        tells: LazyString | Callable[["Entry"], str] | None,
        *,
        in_thread: bool = False,
        icon: str = "forward",
        digest: DigestUse | None = None,
        digest_line: Callable[[Any, int], str] | None = None,
        credit: LazyString | None = None,
        act: LazyString | None = None,
        page: str = "about",
        creates_post: bool = False,
        creates_thing: bool = False,
        bumps_activity: bool = False,
        changes_text: bool = False,
        texts: tuple[str, ...] = (),
    ) -> Self:
        """Add a verb to the registry; its word stands in databases and must not change."""
        if word in VERBS:
            raise ValueError(f"The verb {word!r} is registered already.")
        self = super().__new__(cls, word)
        self.tells, self.in_thread, self.icon = tells, in_thread, icon
        self.digest, self.digest_line, self.page, self.credit = digest, digest_line, page, credit
        self.act = act
        self.creates_post, self.creates_thing = creates_post, creates_thing
        self.bumps_activity, self.changes_text, self.texts = bumps_activity, changes_text, texts
        VERBS[word] = self
        return self

    @property
    def makes_text(self) -> bool:
        """Whether its entries make a post or a comment: what is counted as new."""
        return self.digest in (DigestUse.NEW_POST, DigestUse.COMMENT)

    def sentence(self, entry: "Entry") -> str:
        """What `entry` says, in the reader's language."""
        if self.tells is None or callable(self.tells):
            return self.tells(entry) if self.tells else ""
        names = _Names(entry.details)
        names["who"] = who(entry)
        if entry.subject:
            names |= {"person": entry.subject.user.name, "organisation": entry.subject.organisation.name}
        return str(self.tells) % names

    def deed(self, entry: "Entry") -> str:
        """What was done, without the words that went with it where feeds have a sentence of their own for it."""
        said = any(entry.details.get(name) for name in self.texts)
        return str(self.act) % {"who": who(entry)} if said and self.act else self.sentence(entry)


class _Names(dict[str, Any]):
    """What a message is filled in with. A detail that has been erased, or never was there, is nothing."""

    def __missing__(self, key: str) -> str:
        return ""


class VerbColumn(TypeDecorator[Verb]):
    """A column that holds a verb. Another version may have written a word that is none: that is read as UNKNOWN."""

    impl = String(30)
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """The word alone."""
        return None if value is None else str(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Verb:
        """The registered verb."""
        return VERBS.get(value, UNKNOWN)


VERBS: dict[str, Verb] = {}


def verbs_that(holds: Callable[[Verb], Any]) -> tuple[Verb, ...]:
    """The registered verbs of which something holds. Ask when a statement is made, with all features loaded."""
    return tuple(verb for verb in VERBS.values() if holds(verb))


def history_verbs() -> tuple[Verb, ...]:
    """What the history of a partnership tells: the partnership itself."""
    return verbs_that(lambda verb: verb.tells and not verb.in_thread)


def thread_verbs() -> tuple[Verb, ...]:
    """The entries that stand between the comments on a post: they move a challenge, or change files."""
    return verbs_that(lambda verb: verb.in_thread)


def who(entry: "Entry") -> str:
    """Who did it: a member with their organisation, or Samspil for what time does."""
    if entry.actor is None:
        return "Samspil"
    return _("%(name)s from %(organisation)s", name=entry.actor.user.name, organisation=entry.actor.organisation.name)


def _joined(entry: "Entry") -> str:
    if entry.details.get("helps"):
        return _("%(who)s, administrator, joined to help: %(reason)s", who=who(entry), reason=entry.details["helps"])
    if entry.actor_id == entry.subject_id or entry.subject is None:
        return _("%(who)s joined", who=who(entry))
    membership = entry.subject
    return _(
        "%(who)s let %(person)s from %(organisation)s in",
        who=who(entry),
        person=membership.user.name,
        organisation=membership.organisation.name,
    )


def _changed_stage(entry: "Entry") -> str:
    before, after = (STAGES.get(entry.details.get(key, ""), "") for key in ("before", "after"))
    return _("%(who)s changed the stage from %(before)s to %(after)s", who=who(entry), before=before, after=after)


def _changed_mails(entry: "Entry") -> str:
    if entry.details.get("after"):
        return _("%(who)s chose that e-mails about the partnership carry titles only", who=who(entry))
    return _("%(who)s chose that e-mails about the partnership may carry text again", who=who(entry))


def _accepted(entry: "Entry") -> str:
    name = entry.details.get("name", "")
    if entry.actor is None:
        return _("An administrator said yes on behalf of %(name)s, which takes part now", name=name)
    return _("%(who)s said yes on behalf of %(name)s, which takes part now", who=who(entry), name=name)


UNKNOWN = Verb("unknown", None)
STARTED = Verb("started", _l("%(who)s started the partnership"))
JOINED = Verb(
    "joined",
    _joined,
    texts=("helps",),
    digest_line=lambda place, count: ngettext(
        "%(num)s new member in %(name)s", "%(num)s new members in %(name)s", count, name=place.name
    ),
)
CHANGED_STAGE = Verb(
    "changed_stage",
    _changed_stage,
    digest_line=lambda place, count: _(
        "%(name)s is in the stage ‘%(stage)s’ now", name=place.name, stage=STAGES[place.stage]
    ),
)
CHANGED_PURPOSE = Verb(
    "changed_purpose",
    _l("%(who)s changed the purpose. Before it was: ‘%(before)s’"),
    texts=("before", "after"),
)
RENAMED = Verb("renamed", _l("%(who)s changed the name from ‘%(before)s’ to ‘%(after)s’"), texts=("before", "after"))
CHANGED_GOALS = Verb("changed_goals", _l("%(who)s changed the goals"))
CHANGED_MAILS = Verb("changed_mails", _changed_mails)
INVITED_ORGANISATION = Verb("invited_organisation", _l("%(who)s invited %(name)s to take part"))
ACCEPTED_ORGANISATION = Verb("accepted_organisation", _accepted)
ADDED_ORGANISATION = Verb("added_organisation", _l("%(who)s added %(name)s"))
ARCHIVED = Verb("archived", _l("%(who)s archived the partnership"))
UNARCHIVED = Verb("unarchived", _l("%(who)s opened the partnership again"))
