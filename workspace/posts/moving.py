"""The life of a challenge: open → in progress → solved, or parked; and back again.

Each move is one verb, one entry in the log, and activity of the post. What time does has no actor.
"""

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from workspace import clock
from workspace.access import Action, Conflict, NotAllowed
from workspace.database import Moment, db, one_of
from workspace.partnerships.log import Entry, Verb, append, record
from workspace.partnerships.models import Membership, Partnership
from workspace.posts.writing import Writing
from workspace.roles.queries import holds

STANDS_STILL_AFTER = timedelta(days=14)


class Status(StrEnum):
    """How far a challenge is."""

    OPEN = "open"
    ONGOING = "ongoing"
    SOLVED = "solved"
    PARKED = "parked"


UNSOLVED = (Status.OPEN, Status.ONGOING)

# The entries that move a challenge: they stand in its thread between the comments.
MOVES = (
    Verb.TOOK,
    Verb.ASKED_TO_TAKE,
    Verb.DECLINED_TO_TAKE,
    Verb.SOLVED,
    Verb.PARKED,
    Verb.REOPENED,
    Verb.SHARES_CHALLENGE,
    Verb.SHARES_NO_LONGER,
)


def stands_still(challenge: Any) -> bool:
    """Whether nobody has taken or touched an unsolved challenge (a post, or a row with its columns) for 14 days."""
    unsolved = challenge.status in UNSOLVED and not getattr(challenge, "withdrawn_at", None)
    return unsolved and clock.now() - challenge.activity_at > STANDS_STILL_AFTER


class Moved(Conflict):
    """Somebody else was faster: the challenge is no longer where it was when the form was opened."""


class Moving(Writing):
    """What a challenge has beside its text: a status, and somebody who has taken it. Progress has no status.

    `taker_id` has taken it; `asked_id` has been asked to. `status_at` is the moment of the last change of status.
    `outcome` says what solved it, or why it is parked; `parked_until` is the day on which it opens again by itself.
    """

    activity_number: Mapped[int]
    activity_at: Mapped[datetime] = mapped_column(Moment)
    status: Mapped[Status | None] = mapped_column(one_of(Status))
    status_at: Mapped[datetime | None] = mapped_column(Moment)
    taker_id: Mapped[int | None]
    asked_id: Mapped[int | None]
    outcome: Mapped[str] = mapped_column(Text, default="")
    parked_until: Mapped[date | None]
    answer_by: Mapped[date | None]
    # The role that the post concerns, if any: it waits for whoever is accountable for that.
    role_id: Mapped[int | None]

    @property
    def is_challenge(self) -> bool:
        """Whether there is anything to solve."""
        return self.status is not None

    @property
    def is_unsolved(self) -> bool:
        """Whether somebody still has to do something about it."""
        return self.status in UNSOLVED and not self.is_withdrawn

    def take(self, by: Membership) -> None:
        """Take the challenge oneself; also from another, who then no longer has it."""
        with by.partnership.locked():
            self.require_movable(by)
            self._require_unsolved()
            if self.taker_id != by.id:
                self._give_to(by, by)

    def ask(self, by: Membership, whom: Membership) -> None:
        """Ask another member to take it. Whoever was asked before is asked no longer."""
        with by.partnership.locked():
            self.require_movable(by)
            self._require_unsolved()
            if whom.partnership_id != self.partnership_id or not whom.may(Action.MOVE_CHALLENGES):
                raise Conflict(_("Whoever is asked has to be a member who can write here. Choose another."))
            if whom.id in (self.taker_id, self.asked_id):
                return
            self.asked_id = whom.id
            self._moved(by.partnership, Verb.ASKED_TO_TAKE, by, subject=whom)

    def accept(self, by: Membership) -> None:
        """Take the challenge as one was asked to. Raises Moved if one is asked no longer."""
        with by.partnership.locked():
            by.require(Action.MOVE_CHALLENGES)
            self._require_unsolved()
            if self.taker_id != by.id:
                self._require_asked(by)
                self._give_to(by, by)

    def decline(self, by: Membership, reason: str) -> None:
        """Say no to taking it, and why."""
        with by.partnership.locked():
            by.require(Action.MOVE_CHALLENGES)
            self._require_asked(by)
            self.asked_id = None
            self._moved(by.partnership, Verb.DECLINED_TO_TAKE, by, note=reason)

    def solve(self, by: Membership, note: str, by_posts: list[int] | None = None) -> None:
        """Close it with the note that says what solved it, and the numbers of the progress posts that did."""
        with by.partnership.locked():
            self.require_movable(by)
            if self.status is Status.SOLVED:
                raise Moved(_("The challenge has already been solved."))
            self._set(by.partnership, Status.SOLVED, outcome=note)
            self._moved(by.partnership, Verb.SOLVED, by, note=note, posts=by_posts or [])

    def park(self, by: Membership, reason: str, until: date | None = None) -> None:
        """Put it aside, and say why; on `until`, a day in the partnership's future, it opens again by itself."""
        with by.partnership.locked():
            self.require_movable(by)
            self._require_unsolved()
            self._set(by.partnership, Status.PARKED, outcome=reason, until=until)
            self._moved(by.partnership, Verb.PARKED, by, note=reason, until=until.isoformat() if until else None)

    def reopen(self, by: Membership, reason: str) -> None:
        """Open it again, and say why: it was solved, parked, or taken by somebody who can't go on with it."""
        with by.partnership.locked():
            self.require_movable(by)
            if self.status is Status.OPEN:
                raise Moved(_("The challenge is open already."))
            self._open_again(by.partnership)
            self._moved(by.partnership, Verb.REOPENED, by, note=reason)

    def open_in_time(self, partnership: Partnership, today: date) -> None:
        """Open it because its day has come. Nobody does it: Samspil."""
        with partnership.locked():
            due = self.status is Status.PARKED and self.parked_until is not None and self.parked_until <= today
            if due and not self.is_withdrawn and not partnership.is_archived:
                self._open_again(partnership)
                self._moved(partnership, Verb.REOPENED, None)

    def lift(self, partnership: Partnership, number: int) -> None:
        """Make entry `number` the post's latest activity, and the partnership's. Its row is locked.

        The moment never runs back, whatever the clock does, so that numbers and moments sort alike.
        """
        self.activity_number = number
        self.activity_at = max(clock.now(), partnership.last_activity_at)
        partnership.last_activity_at = self.activity_at

    def may_be_moved_by(self, member: Membership) -> bool:
        """Whether `member` may move it on: its author, whoever has taken it or holds its role, or a moderator."""
        concerned = member.id in (self.author_id, self.taker_id) or holds(member, self.role_id)
        return member.may(Action.MOVE_CHALLENGES) and (concerned or member.may(Action.MOVE_ANY_CHALLENGE))

    def require_movable(self, by: Membership) -> None:
        """Raise the fitting refusal unless `by` may move it."""
        by.require(Action.MOVE_CHALLENGES)
        self.require_present()
        if not self.is_challenge:
            raise Conflict(_("This is progress: there is nothing to solve."))
        if not self.may_be_moved_by(by):
            raise NotAllowed(
                _("Only the author, whoever has taken the challenge or holds its role, or a moderator can do this.")
            )

    def begin(self, partnership: Partnership, answer_by: date | None) -> None:
        """Be an open challenge."""
        self.answer_by = answer_by
        self._set(partnership, Status.OPEN)

    def _require_unsolved(self) -> None:
        self.require_present()
        if not self.is_unsolved:
            raise Moved(
                _("The challenge has already been solved.")
                if self.status is Status.SOLVED
                else _("The challenge has been parked in the meantime.")
            )

    def _require_asked(self, by: Membership) -> None:
        if self.asked_id != by.id:
            raise Moved(_("You are no longer asked to take this challenge."))

    def _give_to(self, taker: Membership, by: Membership) -> None:
        self._set(by.partnership, Status.ONGOING, taker=taker)
        self._moved(by.partnership, Verb.TOOK, by)

    def _open_again(self, partnership: Partnership) -> None:
        self._set(partnership, Status.OPEN)

    def _set(
        self,
        partnership: Partnership,
        status: Status,
        *,
        taker: Membership | None = None,
        outcome: str = "",
        until: date | None = None,
    ) -> None:
        """Change the status, and count the unsolved along."""
        if status is Status.OPEN or taker:
            self.taker_id = taker.id if taker else None
        partnership.unsolved_count += (status in UNSOLVED) - (self.status in UNSOLVED)
        self.status, self.status_at = status, clock.now()
        self.asked_id, self.outcome, self.parked_until = None, outcome, until

    def _moved(self, partnership: Partnership, verb: Verb, by: Membership | None, **about: Any) -> Entry:
        """Record the move, which lifts the post."""
        if by:
            entry = record(by, verb, post_number=self.number, **about)
        else:
            entry = append(partnership, verb, post_number=self.number, **about)
        self.lift(partnership, entry.number)
        db.session.flush()
        return entry
