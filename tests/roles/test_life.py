"""No order of moves brings a role where it must not be: the verbs against a plain model, and the log against both."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import force_locale
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import select

from tests.factories import add_member, make_role, make_user, start_partnership
from workspace import Workspace, clock
from workspace.db import db
from workspace.partnerships.activity_log import Entry
from workspace.partnerships.models import Membership, MembershipState
from workspace.permissions import UserError
from workspace.roles import answers, endings, offers
from workspace.roles.assignments import OPEN, AssignmentKind, AssignmentState, RoleAssignment, accountable, is_held
from workspace.roles.models import Role
from workspace.roles.verbs import GAVE_ROLE, LEFT_ROLE, TOOK_ROLE

people = st.sampled_from([0, 0, 0, 1, 2])  # 0 is the moderator, who may most.
others = st.integers(0, 2)
roles = st.sampled_from([0, 0, 0, 1])
kinds = st.sampled_from(AssignmentKind)
recent = st.integers(0, 4)
mostly = st.sampled_from([True, True, True, False])
DAY = timedelta(days=1)


@dataclass
class Part:
    """What the model knows of an assignment."""

    role: int
    person: int
    kind: AssignmentKind
    state: AssignmentState
    by: int | None
    since: datetime | None
    helps: bool = False
    until: datetime | None = None

    def counts(self, moment: datetime) -> bool:
        return (
            self.state is AssignmentState.HELD and self.begins <= moment and (self.until is None or moment < self.until)
        )

    def is_to_end_after(self, moment: datetime) -> bool:
        return self.state is AssignmentState.HELD and (
            self.until is None or (self.until > moment and self.until > self.begins)
        )

    @property
    def begins(self) -> datetime:
        assert self.since is not None
        return self.since


class Life(RuleBasedStateMachine):
    """A moderator (0) and two members with two roles, while time goes by and people come and go."""

    def __init__(self) -> None:
        super().__init__()
        self.now = datetime.fromisoformat("2026-03-02T09:00:00+00:00")
        moderator = start_partnership(by=make_user())
        self.memberships = [moderator.id, *(add_member(moderator).id for _ in range(2))]
        self.role_ids = [make_role(moderator).id for _ in range(2)]
        self.active = [True] * 3
        self.parts: dict[int, Part] = {}

    # What the model says

    def accountable(self, role: int, moment: datetime) -> int | None:
        found = [
            part.person
            for part in self.parts.values()
            if part.role == role and part.kind is AssignmentKind.ACCOUNTABLE and part.counts(moment)
        ]
        assert len(found) <= 1
        return found[0] if found and self.active[found[0]] else None

    def is_taken(self, role: int) -> bool:
        """Whether somebody is accountable, or will be in the end."""
        return any(
            part.role == role
            and part.kind is AssignmentKind.ACCOUNTABLE
            and self.active[part.person]
            and part.state is AssignmentState.HELD
            and (part.counts(self.now) or part.until is None)
            for part in self.parts.values()
        )

    def is_in(self, role: int, person: int, kind: AssignmentKind) -> bool:
        """Whether an offer or a question of this kind makes no sense."""
        own = [
            part
            for part in self.parts.values()
            if (part.role, part.person) == (role, person) and part.is_to_end_after(self.now)
        ]
        return any(
            (part.kind is kind and part.until is None) or part.kind is AssignmentKind.ACCOUNTABLE != kind
            for part in own
        )

    def open(self, role: int) -> list[Part]:
        return [part for part in self.parts.values() if part.role == role and part.state in OPEN]

    def may_offer(self, by: int, role: int, to: int, kind: AssignmentKind) -> str:
        hands_over = kind is AssignmentKind.ACCOUNTABLE and self.accountable(role, self.now) == by
        if not self.active[by] or not self.active[to] or not (by == 0 or hands_over):
            return "no"
        for part in self.open(role):
            if not self.active[part.person]:
                continue
            if part.person == to:
                return "again" if (part.state, part.kind) == (AssignmentState.OFFERED, kind) else "no"
        for part in self.open(role):
            offered = part.state is AssignmentState.OFFERED and self.active[part.person]
            if offered and part.kind is AssignmentKind.ACCOUNTABLE and kind is AssignmentKind.ACCOUNTABLE:
                return "no"
        return "no" if self.is_in(role, to, kind) else "yes"

    def may_ask(self, by: int, role: int, kind: AssignmentKind) -> str:
        if not self.active[by]:
            return "no"
        for part in self.open(role):
            if part.person == by:
                return "again" if part.state is AssignmentState.REQUESTED else "no"
        taken = kind is AssignmentKind.ACCOUNTABLE and self.is_taken(role)
        return "no" if taken or self.is_in(role, by, kind) else "yes"

    def may_answer(self, part: Part, by: int) -> bool:
        if not self.active[by] or part.state not in OPEN:
            return False
        return part.person == by if part.state is AssignmentState.OFFERED else by == 0

    def hold(self, part: Part, start: datetime) -> None:
        for other in list(self.parts.values()):
            if other is part or other.role != part.role or other.state is not AssignmentState.HELD:
                continue
            if other.until is not None and other.until <= start:
                continue
            own = other.person == part.person
            if own or (other.kind is AssignmentKind.ACCOUNTABLE and part.kind is AssignmentKind.ACCOUNTABLE):
                began = other.begins < start
                other.until = max(start, other.begins)
                if not own and began and part.helps and other.person == part.by and self.active[other.person]:
                    helper = Part(part.role, other.person, AssignmentKind.HELPER, AssignmentState.HELD, None, start)
                    helper.until = start + answers.FORMER_HELPS_FOR
                    self.parts[-len(self.parts) - 1] = helper  # The verb makes the row; its id is not told.
        part.state, part.since, part.until = AssignmentState.HELD, start, None

    # What people do

    def membership_of(self, person: int) -> Membership:
        return db.session.get_one(Membership, self.memberships[person])

    def role(self, role: int) -> Role:
        return db.session.get_one(Role, self.role_ids[role])

    def does(self, work: object) -> object:
        """What a verb answers, or "no"; a refusal undoes everything, as in a request."""
        assert callable(work)
        with clock.at(self.now):
            try:
                done = work()
                db.session.commit()
            except UserError:
                db.session.rollback()
                return "no"
        return done

    def one(self, number: int) -> tuple[int, Part]:
        known = sorted((assignment for assignment in self.parts if assignment > 0), reverse=True)
        return known[number % len(known)], self.parts[known[number % len(known)]]

    @rule(by=people, to=others, role=roles, kind=kinds, later=st.integers(0, 4), helps=st.booleans())
    def offer(self, by: int, to: int, role: int, kind: AssignmentKind, later: int, helps: bool) -> None:
        start = self.now + later * DAY if later else None
        expected = self.may_offer(by, role, to, kind)
        hands_over = kind is AssignmentKind.ACCOUNTABLE and self.accountable(role, self.now) == by
        made = self.does(
            lambda: offers.offer(
                self.role(role),
                self.membership_of(by),
                to=self.membership_of(to),
                kind=kind,
                starts_at=start,
                stays_as_helper=helps,
            )
        )
        assert (made == "no") == (expected == "no")
        if expected == "no":
            return
        for part in self.open(role):
            if not self.active[part.person]:
                part.state = AssignmentState.WITHDRAWN
        assert isinstance(made, RoleAssignment)
        if expected == "yes":
            assert made.id not in self.parts
            self.parts[made.id] = Part(role, to, kind, AssignmentState.OFFERED, by, start, helps and hands_over)

    @rule(by=others, role=roles, kind=kinds)
    def ask(self, by: int, role: int, kind: AssignmentKind) -> None:
        expected = self.may_ask(by, role, kind)
        made = self.does(lambda: offers.ask(self.role(role), self.membership_of(by), kind=kind))
        assert (made == "no") == (expected == "no")
        if expected == "yes":
            assert isinstance(made, RoleAssignment)
            self.parts[made.id] = Part(role, by, kind, AssignmentState.REQUESTED, None, None)

    @rule(to=others, role=roles, kind=kinds, later=st.sampled_from([0, 0, 2]))
    def assign(self, to: int, role: int, kind: AssignmentKind, later: int) -> None:
        """An offer, and yes at once: what happens most."""
        self.offer(0, to, role, kind, later, False)
        if self.parts:
            self.accept(0, 0, True)

    @precondition(lambda self: self.parts)
    @rule(number=recent, by=people, fitting=mostly)
    def accept(self, number: int, by: int, fitting: bool) -> None:
        assignment, part = self.one(number)
        if fitting:
            by = part.person if part.state is AssignmentState.OFFERED else 0
        asked = part.state is AssignmentState.REQUESTED
        allowed = (
            self.may_answer(part, by)
            and self.active[part.person]
            and not (asked and part.kind is AssignmentKind.ACCOUNTABLE and self.is_taken(part.role))
        )
        held_before = part.state is AssignmentState.HELD
        done = self.does(lambda: answers.accept(db.session.get_one(RoleAssignment, assignment), self.membership_of(by)))
        assert held_before or (done is None) == allowed
        if allowed:
            self.hold(part, max(part.since or self.now, self.now))

    @precondition(lambda self: self.parts)
    @rule(number=recent, by=people)
    def decline(self, number: int, by: int) -> None:
        assignment, part = self.one(number)
        allowed, again = self.may_answer(part, by), part.state is AssignmentState.DECLINED
        done = self.does(
            lambda: answers.decline(db.session.get_one(RoleAssignment, assignment), self.membership_of(by), "Nej")
        )
        assert again or (done is None) == allowed
        if allowed:
            part.state = AssignmentState.DECLINED

    @precondition(lambda self: self.parts)
    @rule(number=recent, by=people)
    def withdraw(self, number: int, by: int) -> None:
        assignment, part = self.one(number)
        mine = by in (0, part.by) if part.state is AssignmentState.OFFERED else part.person == by
        allowed, again = self.active[by] and part.state in OPEN and mine, part.state is AssignmentState.WITHDRAWN
        done = self.does(
            lambda: offers.withdraw(db.session.get_one(RoleAssignment, assignment), self.membership_of(by))
        )
        assert again or (done is None) == allowed
        if allowed:
            part.state = AssignmentState.WITHDRAWN

    @precondition(lambda self: self.parts)
    @rule(number=recent, by=people)
    def end(self, number: int, by: int) -> None:
        assignment, part = self.one(number)
        allowed = self.active[by] and by in (0, part.person)
        done = self.does(
            lambda: endings.end(db.session.get_one(RoleAssignment, assignment), self.membership_of(by), "Slut")
        )
        assert (done is None) == allowed
        if allowed and part.is_to_end_after(self.now):
            part.until = max(part.begins, self.now)

    @rule(
        person=st.integers(1, 2),
        state=st.sampled_from([MembershipState.ACTIVE, MembershipState.SUSPENDED, MembershipState.ENDED]),
    )
    def come_or_go(self, person: int, state: MembershipState) -> None:
        self.membership_of(person).state = state
        db.session.commit()
        self.active[person] = state is MembershipState.ACTIVE

    @rule(days=st.integers(1, 5))
    def time_goes_by(self, days: int) -> None:
        self.now += days * DAY + timedelta(seconds=1)

    # What must hold

    @invariant()
    def the_database_says_what_the_model_says(self) -> None:
        for role, role_id in enumerate(self.role_ids):
            with clock.at(self.now):
                holder = accountable(self.role(role))
                rows = db.session.scalars(
                    select(RoleAssignment).where(RoleAssignment.role_id == role_id, is_held(self.now))
                ).all()
                waiting = db.session.scalars(
                    select(RoleAssignment).where(RoleAssignment.role_id == role_id, RoleAssignment.state.in_(OPEN))
                ).all()
            person = self.accountable(role, self.now)
            assert (holder and holder.membership_id) == (None if person is None else self.memberships[person])
            assert sorted((row.membership_id, row.kind) for row in rows) == sorted(
                (self.memberships[part.person], part.kind)
                for part in self.parts.values()
                if part.role == role and part.counts(self.now)
            )
            assert {row.id for row in waiting} == {
                assignment for assignment, part in self.parts.items() if part.role == role and part.state in OPEN
            }

    def teardown(self) -> None:
        """The log replays to the same holders."""
        db.session.rollback()
        partnership_id = self.membership_of(0).partnership_id
        spans: dict[int, list[tuple[datetime, int, int | None]]] = {role_id: [] for role_id in self.role_ids}
        entries = select(Entry).where(Entry.partnership_id == partnership_id).order_by(Entry.number)
        for entry in db.session.scalars(entries):
            told = entry.details
            if told.get("kind") != AssignmentKind.ACCOUNTABLE:
                continue
            plan = spans[told["role"]]
            if entry.verb in (TOOK_ROLE, GAVE_ROLE):
                start = datetime.fromisoformat(told["since"])
                plan[:] = [span for span in plan if span[0] < start] + [(start, told["holding"], entry.subject_id)]
            elif entry.verb is LEFT_ROLE:
                [begun] = [span for span in plan if span[1] == told["holding"]]
                gap = max(begun[0], entry.at)
                plan[:] = sorted([span for span in plan if span is not begun or span[0] < gap] + [(gap, 0, None)])
        for role, role_id in enumerate(self.role_ids):
            due = [membership for start, _assignment, membership in spans[role_id] if start <= self.now]
            person = due[-1] if due else None
            if person is not None and not self.active[self.memberships.index(person)]:
                person = None
            model = self.accountable(role, self.now)
            assert person == (None if model is None else self.memberships[model])


def test_no_order_of_moves_brings_a_role_where_it_must_not_be(app: Workspace) -> None:
    with force_locale("en"):
        run_state_machine_as_test(
            Life,
            settings=settings(
                max_examples=16,
                stateful_step_count=20,
                derandomize=True,
                suppress_health_check=list(HealthCheck),
            ),
        )
