"""States and moves against a plain model: no order of moves, by members of any level, reaches what it forbids."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from tests.databases import Database
from tests.factories import (
    Level,
    OrganisationKind,
    add_member,
    challenge,
    make_organisation,
    make_user,
    start_partnership,
)
from workspace import Workspace, clock
from workspace.db import db
from workspace.partnerships.activity_log import Entry
from workspace.permissions import Conflict, NotAllowed, UserError
from workspace.posts import co_affected, parking
from workspace.posts.challenge_workflow import StateChanged
from workspace.posts.verbs import (
    SHARES_CHALLENGE,
)

PEOPLE = ("moderator", "author", "colleague", "partner", "observer")
ORGANISATIONS = {"moderator": "a", "author": "a", "colleague": "a", "partner": "b", "observer": "b"}

people = st.sampled_from(PEOPLE)
DAYS_PARKED = 3
OF_REFUSALS = {None: (type(None),), NotAllowed: (NotAllowed,), Conflict: (Conflict, StateChanged)}


@dataclass
class Model:
    """A challenge as it is meant to be."""

    status: str = "open"
    taker: str | None = None
    asked: str | None = None
    until: bool = False
    withdrawn: bool = False
    affected: bool = False

    def may_move(self, by: str) -> bool:
        return by in ("moderator", "author") or (by == self.taker and by != "observer")

    @property
    def is_unsolved(self) -> bool:
        return self.status in ("open", "ongoing") and not self.withdrawn

    def become(self, status: str, taker: str | None = None, until: bool = False) -> None:
        self.status, self.asked, self.until = status, None, until
        if status in ("open", "ongoing"):
            self.taker = taker

    def take(self, by: str) -> None:
        self.become("ongoing", by)

    def reopen(self) -> None:
        """A parked one goes on with whoever had taken it."""
        if self.status == "parked" and self.taker and self.taker != "observer":
            self.become("ongoing", self.taker)
        else:
            self.become("open")

    def ask(self, by: str, whom: str) -> None:
        if whom != (self.asked or self.taker):
            self.asked = whom

    def decline(self, by: str) -> None:
        self.asked = None

    def expected(self, move: str, by: str, whom: str = "") -> type[Exception] | None:
        """What the move is refused with, or None."""
        if by == "observer":
            return NotAllowed
        if self.withdrawn:
            return Conflict
        if move in ("join", "leave"):
            return Conflict if ORGANISATIONS[by] == "a" else None
        if move == "decline":
            return None if self.asked == by else Conflict
        if move == "accept":
            return None if self.asked == by or (self.taker == by and self.status == "ongoing") else Conflict
        if not self.may_move(by):
            return NotAllowed
        possible = {
            "solve": self.status != "solved",
            "reopen": self.status != "open",
            "ask": self.is_unsolved and whom != "observer",
        }.get(move, self.is_unsolved)
        return None if possible else Conflict


def replayed(entries: list[Entry], names: dict[int, str]) -> Model:
    """The challenge as its log tells it."""
    model = Model()
    for entry in entries:
        by = names.get(entry.actor_id or 0, "")
        match entry.verb:
            case "took":
                model.become("ongoing", by)
            case "asked_to_take":
                model.asked = names[entry.subject_id or 0]
            case "declined_to_take":
                model.asked = None
            case "solved":
                model.become("solved")
            case "parked":
                model.become("parked", until=entry.details["until"] is not None)
            case "reopened":
                model.become("open")
            case "shares_challenge" | "shares_no_longer":
                model.affected = entry.verb is SHARES_CHALLENGE
            case "withdrew":
                model.withdrawn = True
    return model


def test_no_order_of_moves_reaches_what_the_model_forbids(workers_app: Workspace, database: Database) -> None:
    class Life(RuleBasedStateMachine):
        @initialize()
        def begin(self) -> None:
            database.empty(workers_app)
            self.context = workers_app.test_request_context()
            self.context.push()
            moderator = start_partnership()
            company = make_organisation(kind=OrganisationKind.COMPANY)
            ours, theirs = moderator.user.organisation, company
            self.memberships = {
                "moderator": moderator,
                "author": add_member(moderator, make_user(organisation=ours)),
                "colleague": add_member(moderator, make_user(organisation=ours)),
                "partner": add_member(moderator, make_user(organisation=theirs)),
                "observer": add_member(moderator, make_user(organisation=theirs), Level.OBSERVER),
            }
            self.ids = {name: membership.id for name, membership in self.memberships.items()}
            self.post = challenge(self.memberships["author"])
            self.model = Model()
            self.now = clock.now()

        def attempt(self, move: str, by: str, verb: Callable[[], Any], whom: str = "") -> bool:
            """Whether the move was made, which must be just when the model says so."""
            expected = self.model.expected(move, by, whom)
            before = self.memberships[by].partnership.last_number
            refused = None
            try:
                with clock.at(self.now):
                    verb()
                db.session.commit()
            except UserError as refusal:
                db.session.rollback()
                refused = refusal
            assert type(refused) in OF_REFUSALS[expected], f"{by} {move}: {refused!r}, not {expected}"
            if refused:
                assert self.memberships[by].partnership.last_number == before
            return refused is None

        @rule(by=people)
        def take(self, by: str) -> None:
            if self.attempt("take", by, lambda: self.post.take(self.memberships[by], instead_of=self.post.assignee_id)):
                self.model.take(by)

        @rule(by=people, whom=people)
        def ask(self, by: str, whom: str) -> None:
            def verb() -> None:
                self.post.ask(self.memberships[by], self.memberships[whom], instead_of=self.post.assignee_id)

            if self.attempt("ask", by, verb, whom):
                self.model.ask(by, whom)

        @rule(by=people)
        def accept(self, by: str) -> None:
            if self.attempt("accept", by, lambda: self.post.accept(self.memberships[by])) and self.model.asked == by:
                self.model.take(by)

        @rule(by=people)
        def decline(self, by: str) -> None:
            if self.attempt("decline", by, lambda: self.post.decline(self.memberships[by], "Ikke nu.")):
                self.model.decline(by)

        @rule(by=people)
        def solve(self, by: str) -> None:
            if self.attempt("solve", by, lambda: self.post.solve(self.memberships[by], "Sådan.")):
                self.model.become("solved")

        @rule(by=people, dated=st.booleans())
        def park(self, by: str, dated: bool) -> None:
            until = (self.now + timedelta(days=DAYS_PARKED)).date() if dated else None
            if self.attempt("park", by, lambda: self.post.park(self.memberships[by], "Ferie.", until)):
                self.model.become("parked", until=dated)

        @rule(by=people)
        def reopen(self, by: str) -> None:
            if self.attempt("reopen", by, lambda: self.post.reopen(self.memberships[by], "Om igen.")):
                self.model.reopen()

        @rule(by=people, joins=st.booleans())
        def have_too(self, by: str, joins: bool) -> None:
            verb = co_affected.join if joins else co_affected.leave
            if self.attempt("join" if joins else "leave", by, lambda: verb(self.post, self.memberships[by])):
                self.model.affected = joins

        @rule()
        def days_pass(self) -> None:
            self.now += timedelta(days=DAYS_PARKED + 1)
            with clock.at(self.now):
                parking.open_due()
            if self.model.status == "parked" and self.model.until and not self.model.withdrawn:
                self.model.reopen()

        @precondition(lambda self: self.model.status == "solved" and not self.model.withdrawn)
        @rule()
        def withdraw(self) -> None:
            self.post.withdraw(self.memberships["author"])
            db.session.commit()
            self.model.withdrawn = True

        @invariant()
        def it_is_as_the_model_says_and_as_its_log_tells(self) -> None:
            if not hasattr(self, "model"):
                return
            db.session.expire_all()
            names = {number: name for name, number in self.ids.items()}
            found = Model(
                status=str(self.post.status),
                taker=names.get(self.post.taker_id or 0),
                asked=names.get(self.post.asked_id or 0),
                until=self.post.parked_until is not None,
                withdrawn=self.post.is_withdrawn,
                affected=bool(self.post.affected_count),
            )
            assert found == self.model
            assert self.memberships["author"].partnership.unsolved_count == int(self.model.is_unsolved)
            about = select(Entry).where(Entry.post_number == self.post.number).order_by(Entry.number)
            assert replayed(list(db.session.scalars(about)), names) == self.model
            db.session.rollback()

        def teardown(self) -> None:
            if hasattr(self, "context"):
                db.session.rollback()
                self.context.pop()

    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Life,
        settings=settings(
            max_examples=20,
            stateful_step_count=25,
            derandomize=True,
            phases=(Phase.explicit, Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
