"""Assignments of roles: each is one person's time in a role, from the offer on; all of them are its history.

Who is accountable now follows from `since` and `until`: a role changes hands on its date without a job that does it.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, ForeignKeyConstraint, Index, Text, and_, or_, select, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from workspace import clock
from workspace.db import Model, db
from workspace.db.statements import inline_literal
from workspace.db.types import UtcDateTime, enum_column_type
from workspace.notifications.dispatch import NotificationKind, notify
from workspace.partnerships.activity_log import record_by
from workspace.partnerships.models import Membership
from workspace.partnerships.verbs import Verb
from workspace.permissions import Action, Conflict
from workspace.roles.models import USES, Role
from workspace.roles.verbs import DECLINED_ROLE, GAVE_ROLE, LEFT_ROLE, OFFERED_ROLE, REFUSED_ROLE, TOOK_ROLE


class AssignmentKind(StrEnum):
    """How somebody holds a role: one is accountable, any number help."""

    ACCOUNTABLE = "accountable"
    HELPER = "helper"


class AssignmentState(StrEnum):
    """The state of an assignment. A held one counts from `since` to `until`."""

    REQUESTED = "requested"
    OFFERED = "offered"
    HELD = "held"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


OPEN = (AssignmentState.REQUESTED, AssignmentState.OFFERED)


def _unique(name: str, *columns: str, where: str) -> Index:
    return Index(name, *columns, unique=True, sqlite_where=text(where), postgresql_where=text(where))


class RoleAssignment(Model):
    """One person's time in one role.

    `offered_by_id` is None for what the person asked for. `since` is the intended beginning until it is held.
    `notes` say what the next holder needs to know, or why somebody asks; `reason` why it was declined or ended.
    `former_id` is whom it was taken over from.
    """

    __tablename__ = "role_assignment"
    __table_args__ = (
        ForeignKeyConstraint(["partnership_id", "role_id"], ["role.partnership_id", "role.id"]),
        ForeignKeyConstraint(["partnership_id", "membership_id"], ["membership.partnership_id", "membership.id"]),
        ForeignKeyConstraint(["partnership_id", "offered_by_id"], ["membership.partnership_id", "membership.id"]),
        ForeignKeyConstraint(["partnership_id", "answered_by_id"], ["membership.partnership_id", "membership.id"]),
        ForeignKeyConstraint(["partnership_id", "former_id"], ["membership.partnership_id", "membership.id"]),
        _unique(
            "uq_role_assignment_accountable",
            "role_id",
            where="kind = 'accountable' AND state = 'held' AND until IS NULL",
        ),
        _unique("uq_role_assignment_offered", "role_id", where="kind = 'accountable' AND state = 'offered'"),
        _unique("uq_role_assignment_open", "role_id", "membership_id", where="state IN ('requested', 'offered')"),
        _unique("uq_role_assignment_held", "role_id", "membership_id", where="state = 'held' AND until IS NULL"),
        Index("ix_role_assignment_partnership_id_role_id_id", "partnership_id", "role_id", "id"),
        Index("ix_role_assignment_membership_id_state", "membership_id", "state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    partnership_id: Mapped[int]
    role_id: Mapped[int]
    membership_id: Mapped[int]
    kind: Mapped[AssignmentKind] = mapped_column(enum_column_type(AssignmentKind, otherwise=AssignmentKind.HELPER))
    state: Mapped[AssignmentState] = mapped_column(
        enum_column_type(AssignmentState, otherwise=AssignmentState.WITHDRAWN)
    )
    offered_by_id: Mapped[int | None]
    answered_by_id: Mapped[int | None]
    former_id: Mapped[int | None]
    stays_as_helper: Mapped[bool] = mapped_column(default=False)
    notes: Mapped[str] = mapped_column(Text, default="")
    reason: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reminded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    until: Mapped[datetime | None] = mapped_column(UtcDateTime)

    role: Mapped[Role] = relationship(
        primaryjoin=lambda: RoleAssignment.role_id == Role.id,
        foreign_keys=lambda: RoleAssignment.role_id,
        viewonly=True,
    )
    membership: Mapped[Membership] = relationship(
        primaryjoin=lambda: RoleAssignment.membership_id == Membership.id,
        foreign_keys=lambda: RoleAssignment.membership_id,
        viewonly=True,
    )

    @property
    def is_over(self) -> bool:
        """Whether its time has passed, or will never come."""
        return self.until is not None and self.until <= max(clock.now(), self.since or self.until)

    def may_be_answered_by(self, member: Membership) -> bool:
        """Whether `member` may answer it: the person it was offered to, or a moderator if the person asked."""
        if self.state is AssignmentState.OFFERED:
            return self.membership_id == member.id and member.may(Action.TAKE_ROLES)
        return self.state is AssignmentState.REQUESTED and member.may(Action.ASSIGN_ROLES)

    def may_be_withdrawn_by(self, member: Membership) -> bool:
        """Whether `member` may withdraw it: whoever offered or asked, and for an offer any moderator."""
        if self.state is AssignmentState.OFFERED:
            return self.offered_by_id == member.id or member.may(Action.ASSIGN_ROLES)
        return self.state is AssignmentState.REQUESTED and self.membership_id == member.id

    def may_be_ended_by(self, member: Membership) -> bool:
        """Whether `member` may end it: the holder, or a moderator."""
        return self.membership_id == member.id or member.may(Action.ASSIGN_ROLES)

    def require_open(self) -> None:
        """Raise Conflict unless it still waits for an answer."""
        if self.state is AssignmentState.WITHDRAWN:
            raise Conflict(_("It has been withdrawn in the meantime."))
        if self.state not in OPEN:
            raise Conflict(_("It has been answered in the meantime."))

    def resolve(self, by: Membership, state: AssignmentState, reason: str = "") -> None:
        """Close it without its being held."""
        self.state, self.answered_by_id, self.answered_at = state, by.id, clock.now()
        self.reason = reason
        db.session.flush()

    def end_at(self, moment: datetime) -> None:
        """End it at `moment`; one that would begin later never does."""
        self.until = max(self.since or moment, moment)

    def log(self, by: Membership, verb: Verb, **details: Any) -> None:
        """Append to the log what `by` did about it."""
        told = {"role": self.role_id, "name": self.role.name, "holding": self.id, "kind": self.kind.value}
        entry = record_by(by, verb, subject=self.membership, **told, **details)
        notify({NotificationKind.ROLE: self._concerned(verb)}, entry, holding=self.id)

    def _concerned(self, verb: Verb) -> set[int]:
        """The memberships of those whom what was done about it concerns."""
        if verb in (OFFERED_ROLE, GAVE_ROLE, REFUSED_ROLE, LEFT_ROLE):
            return {self.membership_id}
        if verb in (TOOK_ROLE, DECLINED_ROLE):
            return {member_id for member_id in (self.offered_by_id, self.former_id) if member_id}
        return set()


USES.append((RoleAssignment,))


def is_held(moment: Any) -> ColumnElement[bool]:
    """The condition that an assignment counts at `moment`, which may be a parameter.

    Whether its membership is active is asked beside it.
    """
    return and_(
        RoleAssignment.state == inline_literal(AssignmentState.HELD),
        RoleAssignment.since <= moment,
        or_(RoleAssignment.until.is_(None), RoleAssignment.until > moment),
    )


def is_to_come(moment: Any) -> ColumnElement[bool]:
    """The condition that an assignment begins after `moment`."""
    return and_(
        RoleAssignment.state == inline_literal(AssignmentState.HELD),
        RoleAssignment.since > moment,
        RoleAssignment.until.is_(None),
    )


def waiting(role: Role) -> list[RoleAssignment]:
    """Offers and requests for `role` that wait for an answer."""
    query = (
        select(RoleAssignment)
        .where(RoleAssignment.role_id == role.id, RoleAssignment.state.in_(inline_literal(OPEN)))
        .order_by(RoleAssignment.id)
    )
    return list(db.session.scalars(query))


def accountable(role: Role) -> RoleAssignment | None:
    """Who is accountable now: nobody when the holder is not active, or an observer."""
    found = db.session.scalar(
        select(RoleAssignment).where(
            RoleAssignment.role_id == role.id,
            RoleAssignment.kind == inline_literal(AssignmentKind.ACCOUNTABLE),
            is_held(clock.now()),
        )
    )
    return found if found and found.membership.can_hold_roles else None


def successor(role: Role) -> RoleAssignment | None:
    """Who is to be accountable in the end, of those who can be: the present holder, or one who takes over later."""
    found = db.session.scalar(
        select(RoleAssignment).where(
            RoleAssignment.role_id == role.id,
            RoleAssignment.kind == inline_literal(AssignmentKind.ACCOUNTABLE),
            RoleAssignment.state == inline_literal(AssignmentState.HELD),
            RoleAssignment.until.is_(None),
        )
    )
    return found if found and found.membership.can_hold_roles else None
