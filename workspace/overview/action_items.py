"""What waits for me, as the overview and digests say it: grouped, without what I have put off.

What waits is found by the registry (notifications/action_items.py), to which each feature adds its kinds.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, select

from workspace import clock
from workspace.accounts.models import User
from workspace.db import db
from workspace.db.statements import cached_statement, fetch_rows
from workspace.db.transactions import begin_write
from workspace.db.types import AnySelect
from workspace.notifications.action_items import ActionItem, find_items, grouped
from workspace.overview.models import Postponement

MOST_POSTPONED = 1000


@dataclass(frozen=True)
class ActionList:
    """What waits for a person: `waiting` for them; `asked` for others whom they have asked; and what is `postponed`."""

    waiting: list[ActionItem]
    asked: list[ActionItem]
    postponed: list[ActionItem]

    def __len__(self) -> int:
        """How many things wait for the person, several of a kind as one."""
        return len(self.waiting)


def action_list(
    user: User, *, moderates: bool = True, wanted: Callable[[ActionItem], bool] = lambda item: True
) -> ActionList:
    """What of that which waits for `user` is `wanted`: a statement for each kind, and one for what is put off.

    For somebody of whom it is known that they moderate nothing, what waits for moderators is not asked for.
    """
    found = [item for item in find_items(user, moderates=moderates) if wanted(item)]
    put_off = {row.key: row for row in fetch_rows(_postponed(), user_id=user.id)} if found else {}

    def is_postponed(item: ActionItem) -> bool:
        row = put_off.get(item.key)
        return row is not None and (row.until > clock.now() if row.until else row.version == item.version)

    shown = [item for item in found if not is_postponed(item)]
    return ActionList(
        waiting=grouped([item for item in shown if not item.asked]),
        asked=[item for item in shown if item.asked],
        postponed=[item for item in found if is_postponed(item)],
    )


@cached_statement
def _postponed() -> AnySelect:
    return (
        select(Postponement.key, Postponement.version, Postponement.until)
        .where(Postponement.user_id == bindparam("user_id"))
        .order_by(Postponement.created_at.desc())
        .limit(MOST_POSTPONED)
    )


def postpone(user: User, item: ActionItem, until: datetime | None) -> None:
    """Put off what the item tells of: until a moment, or else each of them until it changes."""
    bring_back(user, list(item.keys))
    db.session.add_all(
        Postponement(user_id=user.id, key=key, version=version, until=until) for key, version in item.keys.items()
    )


def bring_back(user: User, keys: Sequence[str]) -> None:
    """Show again what was put off, if it still waits."""
    begin_write()
    known = [key for key in keys if key.isprintable()]  # PostgreSQL takes no NUL, and no key has one.
    db.session.execute(delete(Postponement).where(Postponement.user_id == user.id, Postponement.key.in_(known)))
