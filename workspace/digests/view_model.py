"""What a digest says, before it is written as HTML, as text or as a part of a page."""

from dataclasses import dataclass, field
from datetime import datetime

from workspace.accounts.models import User
from workspace.digests.queries import Section
from workspace.notifications.action_items import ActionItem


@dataclass(frozen=True, kw_only=True)
class DigestBlock:
    """A post: what happened about it, in a line or two.

    `turn` is how far a challenge is, `meta` who did it, and how many comments are new.
    """

    group: Section
    kind: str
    title: str
    text: str
    turn: str
    meta: str
    address: str


@dataclass(frozen=True, kw_only=True)
class DigestLine:
    """Something to tell in one line, with the page that it is about."""

    text: str
    address: str


@dataclass(frozen=True, kw_only=True)
class DigestPartnership:
    """What happened in one partnership: posts, `more` that have no room, comments on others, and to itself.

    `organisations` names those that work in it, where there are several.
    """

    name: str
    organisations: str
    address: str
    blocks: list[DigestBlock] = field(default_factory=list)
    more: int = 0
    comments: int = 0
    commented: int = 0
    lines: list[DigestLine] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Digest:
    """All that one digest says to one person.

    `waiting` waits for them or for any moderator; so many of it are `requests` of others, and so many `reminders`,
    which are reason enough to send it. `moderating` is told to moderators. `more`, `more_waiting`, `more_moderating`
    and `more_places` count what has no room; `new`, `comments` and `commented` count what there is in all `places` of
    news, and `partnerships` those that posts are told of. `trouble` says which posts could not be told.
    """

    user: User
    since: datetime
    until: datetime
    includes_reminders: bool
    sender: str = ""
    waiting: list[ActionItem] = field(default_factory=list)
    more_waiting: int = 0
    requests: int = 0
    reminders: int = 0
    places: list[DigestPartnership] = field(default_factory=list)
    more_places: int = 0
    more: int = 0
    new: int = 0
    partnerships: int = 0
    comments: int = 0
    commented: int = 0
    moderating: list[DigestLine] = field(default_factory=list)
    more_moderating: int = 0
    memberships: int = 0
    trouble: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is worth a mail. Where it includes reminders, they are."""
        return not self.places and not (self.reminders and self.includes_reminders)

    @property
    def blocks(self) -> list[DigestBlock]:
        """The posts of all partnerships."""
        return [block for place in self.places for block in place.blocks]

    @property
    def lines(self) -> list[DigestLine]:
        """What happened to the partnerships themselves."""
        return [line for place in self.places for line in place.lines]

    def of(self, *groups: Section) -> list[DigestBlock]:
        """The blocks of these groups."""
        return [block for block in self.blocks if block.group in groups]
