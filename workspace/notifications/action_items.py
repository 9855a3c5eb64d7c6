"""Action items, what waits for a person: one registry, to which each feature adds its kinds in its action_items.py.

Items are derived from what features store, never stored a second time: an item disappears when it is settled. A feature
declares each `ActionKind` once, and one `action_source` that finds its items by one statement at most.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from flask_babel import LazyString
from flask_babel import gettext as _

from workspace.accounts.models import User
from workspace.i18n.formatting import days_ago
from workspace.notifications.dispatch import NotificationKind
from workspace.partnerships.models import Partnership

# What an item's statement reads of its partnership.
PLACE = (Partnership.id.label("partnership_id"), Partnership.slug, Partnership.name.label("partnership_name"))

# Of one source; what exceeds it follows as the first ones are settled.
MOST_ITEMS = 500


@dataclass(frozen=True, kw_only=True)
class ActionKind:
    """A kind of item. `name` is stored where a person has put one off, and must not change.

    Kinds stand in the order of their `rank`, the most urgent for others first. `several` or more of a kind in one
    partnership are told as one: `together` says how many there are, and they are found below the partnership's
    address at `page`. What is `moderating` waits for any of the moderators, not for one person; `is_request` means that
    somebody waits for an answer. `notice` is its kind of news, where one can choose how soon to get mail about it.
    """

    name: str
    rank: int
    symbol: str
    button: LazyString
    together: Callable[[int], str] | None = None
    together_button: LazyString | None = None
    page: str = ""
    several: int = 2
    moderating: bool = False
    is_request: bool = False
    notice: NotificationKind | None = None

    def __post_init__(self) -> None:
        """Add the kind to the registry."""
        if self.name in KINDS:
            raise ValueError(f"The kind of action item {self.name!r} is registered already.")
        KINDS[self.name] = self

    def item(self, what: object, /, *, title: str, address: str, where: Any = None, **rest: Any) -> "ActionItem":
        """The item of this kind about `what`, named by its ids; `where` is a row with PLACE."""
        place = {"slug": where.slug, "partnership_name": where.partnership_name} if where is not None else {}
        return ActionItem(kind=self.name, key=f"{self.name}:{what}", title=title, address=address, **place, **rest)


KINDS: dict[str, ActionKind] = {}


@dataclass(frozen=True, kw_only=True)
class ActionItem:
    """One item, or several of a kind as one (`parts`): what waits, where, and what settles it.

    That is a page, or with `quick_action_url` a single button. `version` is another once the item has changed. Where
    the reader has done their part, `asked` says whose turn it is: such an item can have `reminder_url` and
    `another_url`, and does not count among what waits. An item in no partnership has no `slug`.
    """

    kind: str
    key: str
    title: str
    address: str
    slug: str = ""
    partnership_name: str = ""
    about: str = ""
    version: str = ""
    quick_action_url: str = ""
    asked: str = ""
    reminder_url: str = ""
    another_url: str = ""
    parts: tuple["ActionItem", ...] = ()

    @property
    def declared(self) -> ActionKind:
        """What all items of its kind have in common."""
        return KINDS[self.kind]

    @property
    def symbol(self) -> str:
        """The icon's name."""
        return self.declared.symbol

    @property
    def meta(self) -> str:
        """The partnership, and what else there is to say in a few words."""
        return " · ".join(part for part in (self.partnership_name, self.about) if part)

    @property
    def button(self) -> str:
        """The word on what settles it."""
        kind = self.declared
        return str((kind.together_button if self.parts else None) or kind.button)

    @property
    def count(self) -> int:
        """How many things it tells of."""
        return len(self.parts) or 1

    @property
    def keys(self) -> dict[str, str]:
        """The keys of what it tells of, each with its version."""
        return {part.key: part.version for part in self.parts or (self,)}


ActionSource = Callable[[User], Iterable[ActionItem]]

_everybody: list[ActionSource] = []
_moderators: list[ActionSource] = []


def action_source(found: ActionSource) -> ActionSource:
    """Register a function that finds items of a person."""
    _everybody.append(found)
    return found


def moderator_source(found: ActionSource) -> ActionSource:
    """Register a function that finds items only of those who moderate, and is not asked for anybody else."""
    _moderators.append(found)
    return found


def find_items(user: User, *, moderates: bool = True) -> list[ActionItem]:
    """Everything that waits for `user`, the most urgent for others first: a statement for each source.

    For somebody of whom it is known that they moderate nothing, the sources for moderators are not asked.
    """
    sources = [*_everybody, *(_moderators if moderates else ())]
    return sorted((item for source in sources for item in source(user)), key=lambda item: item.declared.rank)


def grouped(items: Sequence[ActionItem]) -> list[ActionItem]:
    """The same items, several of a kind in one partnership as one, which stands where the first of them stood."""
    grouped_items = []
    for _rank, of_kind in groupby(items, key=lambda item: item.declared.rank):
        places: dict[tuple[str, str], list[ActionItem]] = {}
        for item in of_kind:
            alone = item.key if item.declared.together is None else ""
            places.setdefault((item.slug, alone), []).append(item)
        for parts in places.values():
            grouped_items += [_together(parts)] if len(parts) >= parts[0].declared.several else parts
    return grouped_items


def asked_when(name: str, asked_at: datetime | None, reminded_at: datetime | None) -> str:
    """ "Anders blev spurgt for to dage siden", and when they were reminded: said where the reader did their part."""
    if asked_at is None:
        return _("%(name)s was asked", name=name)
    asked = _("%(name)s was asked %(when)s", name=name, when=days_ago(asked_at))
    if reminded_at is None or reminded_at < asked_at:
        return asked
    return _("%(asked)s, and reminded %(when)s", asked=asked, when=days_ago(reminded_at))


def _together(parts: Sequence[ActionItem]) -> ActionItem:
    first, kind = parts[0], parts[0].declared
    if kind.together is None:
        return first
    return ActionItem(
        kind=kind.name,
        key=f"{kind.name}:{first.slug}",
        title=kind.together(len(parts)),
        address=f"/partnerships/{first.slug}/{kind.page}",
        slug=first.slug,
        partnership_name=first.partnership_name,
        parts=tuple(parts),
    )
