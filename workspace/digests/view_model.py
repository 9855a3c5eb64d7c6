"""What a digest says, before it is written as HTML, as text or as a part of a page."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from workspace.accounts.models import User
from workspace.digests.queries import Section
from workspace.notifications.action_items import ActionItem


@dataclass(frozen=True, kw_only=True)
class DigestBlock:
    """A post: what happened about it, in a line or two, and where to go on."""

    group: Section
    kind: str
    title: str
    text: str
    turn: str
    meta: str
    partnership: str
    address: str
    button: str


@dataclass(frozen=True, kw_only=True)
class DigestLine:
    """Something to tell in one line, with the page that it is about."""

    text: str
    address: str


@dataclass(frozen=True, kw_only=True)
class Digest:
    """All that one digest says to one person.

    `waiting` waits for them, `moderating` for the moderators; among the latter are so many `requests` of others.
    `more`, `more_waiting` and `more_moderating` count what has no room, `partnerships` those that the blocks are about.
    `trouble` says which posts could not be told.
    """

    user: User
    since: datetime
    until: datetime
    includes_reminders: bool
    sender: str = ""
    waiting: list[ActionItem] = field(default_factory=list)
    more_waiting: int = 0
    blocks: list[DigestBlock] = field(default_factory=list)
    more: int = 0
    new: int = 0
    partnerships: int = 0
    lines: list[DigestLine] = field(default_factory=list)
    comments: int = 0
    commented: int = 0
    moderating: list[DigestLine] = field(default_factory=list)
    more_moderating: int = 0
    requests: int = 0
    memberships: int = 0
    trouble: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is worth a mail. Where it `reminds` what waits is, and whoever waits for a moderator."""
        return self.has_no_news and not ((self.waiting or self.requests) and self.includes_reminders)

    @property
    def has_no_news(self) -> bool:
        """Whether nothing has happened."""
        return not (self.blocks or self.lines or self.comments)

    def of(self, *groups: Section) -> list[DigestBlock]:
        """The blocks of these groups, in their order."""
        return [block for block in self.blocks if block.group in groups]

    @property
    def sections(self) -> list[tuple[Section, list[DigestBlock]]]:
        """The groups that have blocks, each with them."""
        return [(group, self.of(group)) for group in Section if self.of(group)]


Context = dict[str, Any]
