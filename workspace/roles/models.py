"""A role: a responsibility with a name on it."""

from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import (
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    UniqueConstraint,
    exists,
    func,
    or_,
    select,
    tuple_,
)
from sqlalchemy.orm import Mapped, mapped_column

from workspace import clock
from workspace.db import Model, db
from workspace.db.types import UtcDateTime
from workspace.i18n import danish
from workspace.partnerships.activity_log import record_by
from workspace.partnerships.models import Membership
from workspace.permissions import Action, Conflict
from workspace.roles.verbs import ADDED_ROLE, EDITED_ROLE


class StaleRole(Conflict):
    """Somebody else has changed the role since the form was opened."""


class NameTaken(Conflict):
    """Another role in use has the name."""

    def __init__(self, name: str) -> None:
        super().__init__(_("There is a role ‘%(name)s’ already. Choose another name.", name=name))


class AlreadyAdded(Conflict):
    """The one-time key has already made the role `role_id`, with another description."""

    def __init__(self, role_id: int) -> None:
        super().__init__(_("You have already added this role, but with different content."))
        self.role_id = role_id


class Role(Model):
    """A role. Its holders are assignments (roles/assignments.py); that it is vacant is derived from them."""

    __tablename__ = "role"
    __table_args__ = (
        UniqueConstraint("partnership_id", "id"),
        UniqueConstraint("created_by_id", "one_time_key"),
        ForeignKeyConstraint(["partnership_id", "created_by_id"], ["membership.partnership_id", "membership.id"]),
        Index("ix_role_partnership_id_position", "partnership_id", "position"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    partnership_id: Mapped[int] = mapped_column(ForeignKey("partnership.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(80))
    responsibility: Mapped[str] = mapped_column(Text)
    # What searches compare: its name and responsibility, normalised.
    found_by: Mapped[str] = mapped_column(Text)
    position: Mapped[int]
    created_by_id: Mapped[int]
    one_time_key: Mapped[str] = mapped_column(String(36))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # A role that was never used can be deleted: it is nowhere to be seen, and its number names no other.
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(default=1)

    @classmethod
    def add(cls, by: Membership, *, name: str, responsibility: str, one_time_key: str) -> "Role":
        """Add a role, last in order. The same key returns the same role, or raises AlreadyAdded if it differs.

        Raises NameTaken.
        """
        with by.partnership.locked():
            by.require(Action.ASSIGN_ROLES)
            made = db.session.scalar(select(Role).where(Role.created_by_id == by.id, Role.one_time_key == one_time_key))
            if made:
                if (made.name, made.responsibility) != (name, responsibility):
                    raise AlreadyAdded(made.id)
                return made
            require_new_name(by, name)
            last = select(func.max(Role.position)).where(Role.partnership_id == by.partnership_id)
            role = cls(
                partnership_id=by.partnership_id,
                position=(db.session.scalar(last) or 0) + 1,
                created_by_id=by.id,
                one_time_key=one_time_key,
            )
            role._describe(name, responsibility)
            db.session.add(role)
            db.session.flush()
            record_by(by, ADDED_ROLE, role=role.id, name=name)
            return role

    def edit(self, by: Membership, *, name: str, responsibility: str, version: int) -> None:
        """Change its name and responsibility. Raises StaleRole if `version` is not the current one, and NameTaken."""
        with by.partnership.locked():
            by.require(Action.ASSIGN_ROLES)
            self.require_in_use()
            if self.version != version:
                raise StaleRole(_("Somebody else has changed the role in the meantime."))
            if (self.name, self.responsibility) != (name, responsibility):
                before = self.name
                require_new_name(by, name, but=self.id)
                self._describe(name, responsibility)
                self.version += 1
                record_by(by, EDITED_ROLE, role=self.id, name=name, before=before)

    def place(self, by: Membership, *, up: bool) -> None:
        """Swap it with its neighbour. The order of roles is no event, so nothing is logged."""
        with by.partnership.locked():
            by.require(Action.ASSIGN_ROLES)
            self.require_in_use()
            key, own = tuple_(Role.position, Role.id), tuple_(self.position, self.id)
            others = select(Role).where(Role.partnership_id == self.partnership_id, Role.retired_at.is_(None))
            nearest = (
                others.where(key < own).order_by(Role.position.desc(), Role.id.desc())
                if up
                else others.where(key > own).order_by(Role.position, Role.id)
            )
            neighbour = db.session.scalar(nearest.limit(1))
            if neighbour:
                self.position, neighbour.position = neighbour.position, self.position

    def require_in_use(self) -> None:
        """Raise Conflict if it is retired."""
        if self.retired_at is not None:
            raise Conflict(_("The role is no longer in use."))

    def require_unused(self) -> None:
        """Raise Conflict if it has been used."""
        if not self.is_unused:
            raise Conflict(_("The role has been used, so its history stays. You can retire it."))

    @property
    def is_unused(self) -> bool:
        """Whether nobody has held it, or been asked to, and no post, indicator or open invitation names it."""
        uses = (
            exists().where(table.partnership_id == self.partnership_id, table.role_id == self.id, *conditions)
            for table, *conditions in USES
        )
        return not db.session.scalar(select(or_(*uses)))

    def _describe(self, name: str, responsibility: str) -> None:
        self.name, self.responsibility = name, responsibility
        self.found_by = danish.search_key(f"{name} {responsibility}")


# The tables whose rows use a role, by a column `role_id`, and which of their rows: features above add theirs.
USES: list[tuple[Any, ...]] = []


def require_new_name(by: Membership, name: str, *, but: int | None = None) -> None:
    """Raise NameTaken if a role in use has the name, whatever its capitals and spaces. The partnership is locked."""
    in_use = select(Role.name).where(Role.partnership_id == by.partnership_id, Role.retired_at.is_(None))
    names = db.session.scalars(in_use.where(Role.id != but) if but else in_use)
    if _folded(name) in map(_folded, names):
        raise NameTaken(name)


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()
