"""What stands beside the feed: how things are, and what comes next. Each feature adds its own block here."""

from collections.abc import Callable
from dataclasses import dataclass

from markupsafe import Markup

from workspace.partnerships.models import Membership


@dataclass(frozen=True)
class RailBlock:
    """A section beside the feed; on a phone a line of all blocks' `words` leads down to them."""

    html: Markup
    words: str
    icon: str
    warns: bool = False


Builder = Callable[[Membership], RailBlock | None]

_builders: dict[int, Builder] = {}


def rail_block(position: int) -> Callable[[Builder], Builder]:
    """Add a block to the rail; it gives None where there is nothing to say. The smallest `position` stands first."""

    def add(builder: Builder) -> Builder:
        _builders[position] = builder
        return builder

    return add


def rail(membership: Membership) -> list[RailBlock]:
    """The blocks that say something to this member."""
    built = (builder(membership) for _position, builder in sorted(_builders.items()))
    return [block for block in built if block]
