"""How many bytes of files a partnership may have: asked before anything is written, and again under the lock."""

import shutil
from typing import NamedTuple

from flask import current_app
from flask_babel import gettext as _

from workspace.config import Settings
from workspace.db import db
from workspace.partnerships.models import Membership, Partnership
from workspace.permissions import Action, Conflict

LEAST_FREE = 2 * 2**30  # bytes of the disk: time to make room before anything fails
NEAR = 0.8  # from this share on moderators are told


class Quota(NamedTuple):
    """How many bytes are used, of how many; `least_free` should be free, where that is what counts."""

    used: int
    limit: int
    least_free: int | None = None

    @property
    def share(self) -> int:
        """How full it is, in per cent."""
        return self.used * 100 // self.limit

    @property
    def is_near(self) -> bool:
        """Whether there is little room left: a fifth, or `least_free`."""
        if self.least_free is not None:
            return self.limit - self.used < self.least_free
        return self.used >= NEAR * self.limit


class NoRoom(Conflict):
    """The partnership's files take all the room that they may."""

    def __init__(self) -> None:
        super().__init__(
            _("There is no more room for files in the partnership. Delete some for good, or ask an administrator.")
        )


def limit() -> int:
    """How many bytes the files of a partnership may have together."""
    settings: Settings = current_app.settings  # type: ignore[attr-defined]
    return settings.files_of_partnership


def disk() -> Quota:
    """The same of the disk that our data is on: near is what monitoring is told as well."""
    settings: Settings = current_app.settings  # type: ignore[attr-defined]
    found = shutil.disk_usage(settings.instance)
    return Quota(found.total - found.free, found.total, least_free=LEAST_FREE)


def require_room(partnership_id: int, size: int) -> None:
    """Raise NoRoom where so many more bytes are too many, before they are written anywhere."""
    used = db.session.get_one(Partnership, partnership_id).file_bytes
    require_within(used + size)


def require_within(total: int) -> None:
    """Raise NoRoom if so many bytes are too many."""
    if total > limit():
        raise NoRoom


def quota_of(membership: Membership) -> Quota | None:
    """What moderators are told where little room is left; None for others, and where there is enough."""
    found = Quota(membership.partnership.file_bytes, limit())
    return found if found.is_near and membership.may(Action.EDIT_PARTNERSHIP) else None
