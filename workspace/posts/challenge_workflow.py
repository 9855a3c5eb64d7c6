"""The life of a challenge: open → in progress → solved, or parked; and back again.

Each move is one verb, one entry in the log, and activity of the post. What time does has no actor.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Text, and_
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column

from workspace import clock
from workspace.db import db
from workspace.db.statements import inline_literal
from workspace.db.types import UtcDateTime, enum_column_type
from workspace.notifications.dispatch import NotificationKind, notify, send_immediate
from workspace.partnerships.activity_log import Entry, RecordedEntry, record, record_by
from workspace.partnerships.models import Membership, Partnership
from workspace.partnerships.verbs import Verb
from workspace.permissions import Action, Conflict, NotAllowed
from workspace.posts import follows
from workspace.posts.authored_text import AuthoredText
from workspace.posts.verbs import (
    ASKED_NO_LONGER,
    ASKED_TO_TAKE,
    DECLINED_TO_TAKE,
    MOVED_ON,
    PARKED,
    REOPENED,
    RESCHEDULED_ANSWER,
    RESCHEDULED_OPENING,
    SOLVED,
    TOOK,
)
from workspace.roles.queries import holds

STALLED_AFTER = timedelta(days=14)


class ChallengeStatus(StrEnum):
    """How far a challenge is."""

    OPEN = "open"
    ONGOING = "ongoing"
    SOLVED = "solved"
    PARKED = "parked"


UNSOLVED = (ChallengeStatus.OPEN, ChallengeStatus.ONGOING)

# The entries that brought a challenge where it is, and that asked somebody to take it.
STATUS_VERBS = (TOOK, SOLVED, PARKED, ASKED_TO_TAKE)


def is_stalled(challenge: Any) -> bool:
    """Whether nobody has taken or touched an unsolved challenge (a post, or a row with its columns) for 14 days."""
    unsolved = challenge.status in UNSOLVED and not getattr(challenge, "withdrawn_at", None)
    return unsolved and clock.now() - challenge.activity_at > STALLED_AFTER


def may_move(member: Membership, challenge: Any) -> bool:
    """Whether `member` may move a challenge on (a post, or a row that also has the column `holds_role`).

    Its author, whoever has taken it or holds the role that it concerns, and a moderator may.
    """
    if challenge.status is None or challenge.withdrawn_at is not None or not member.may(Action.MOVE_CHALLENGES):
        return False
    if member.id in (challenge.author_id, challenge.taker_id) or member.may(Action.MOVE_ANY_CHALLENGE):
        return True
    known = getattr(challenge, "holds_role", None)
    return holds(member, challenge.role_id) if known is None else bool(known)


class StateChanged(Conflict):
    """Somebody else was faster: the challenge is no longer where it was when the form was opened."""


class ChallengeMixin(AuthoredText):
    """What a challenge has beside its text: a status, and somebody who has taken it. Progress has no status.

    `taker_id` has taken it; `asked_id` has been asked to, by the entry `asked_number`, and was reminded of it at
    `reminded_at`. `status_at` is the moment of the last change of status.
    `outcome` says what solved it, or why it is parked; `parked_until` is the day on which it opens again by itself.
    """

    activity_number: Mapped[int]
    activity_at: Mapped[datetime] = mapped_column(UtcDateTime)
    status: Mapped[ChallengeStatus | None] = mapped_column(
        enum_column_type(ChallengeStatus, otherwise=ChallengeStatus.PARKED)
    )
    status_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    taker_id: Mapped[int | None]
    asked_id: Mapped[int | None]
    asked_number: Mapped[int | None]
    reminded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    outcome: Mapped[str] = mapped_column(Text, default="")
    parked_until: Mapped[date | None]
    answer_by: Mapped[date | None]
    # The role that the post concerns, if any: it waits for whoever is accountable for that.
    role_id: Mapped[int | None]

    @hybrid_property
    def is_unsolved(self) -> bool:
        """Whether somebody still has to do something about it."""
        return self.status in UNSOLVED and not self.is_withdrawn

    @is_unsolved.inplace.expression
    @classmethod
    def _is_unsolved(cls) -> ColumnElement[bool]:
        return and_(cls.status.in_(inline_literal(UNSOLVED)), cls.withdrawn_at.is_(None))

    @property
    def assignee_id(self) -> int | None:
        """The member who has been asked to take it, or else has taken it."""
        return self.asked_id or self.taker_id

    def begin(self, partnership: Partnership, answer_by: date | None) -> None:
        """Be an open challenge."""
        self.answer_by = answer_by
        self._set(partnership, ChallengeStatus.OPEN)

    def take(self, by: Membership, *, instead_of: int | None = None) -> None:
        """Take the challenge oneself; also from another, who then no longer has it.

        `instead_of` is the member whom it concerned before one's eyes (`assignee_id`). Raises StateChanged if that is
        no longer so.
        """
        with by.partnership.locked():
            self.require_unsolved(by)
            if self.taker_id != by.id or self.asked_id:
                self._require_as_seen(instead_of)
                self._give_to(by)

    def ask(
        self,
        by: Membership,
        whom: Membership,
        *,
        instead_of: int | None = None,
        note: str = "",
        answer_by: date | None = None,
    ) -> None:
        """Ask another member to take it, who accepts or declines. `instead_of` is as for `take`.

        `note` is a word to them; `answer_by` becomes the day by which an answer is wished.
        """
        with by.partnership.locked():
            self.require_unsolved(by)
            if whom.partnership_id != self.partnership_id or not whom.may(Action.MOVE_CHALLENGES):
                raise Conflict(_("Whoever is asked has to be a member who can write here. Choose another."))
            if self.assignee_id != whom.id:
                self._require_as_seen(instead_of)
                self.asked_id, self.reminded_at = whom.id, None
                self.answer_by = answer_by or self.answer_by
                entry = self._moved(by.partnership, ASKED_TO_TAKE, by, subject=whom, note=note)
                self.asked_number = entry.number
                follows.auto_follow(self.partnership_id, self.number, {by.id, whom.id})
                notify({NotificationKind.CHALLENGE: [whom.id]}, entry, post=self.number)

    def withdraw_asking(self, by: Membership) -> Membership:
        """Ask nobody any more, and return who was asked. Raises StateChanged if they have answered."""
        with by.partnership.locked():
            whom = self.require_someone_asked(by)
            self.asked_id = self.asked_number = None
            self._moved(by.partnership, ASKED_NO_LONGER, by, subject=whom)
            return whom

    def remind(self, by: Membership) -> Membership:
        """Mail whoever has been asked once more, at most once a day, and return them. Raises as `withdraw_asking`."""
        with by.partnership.locked():
            whom = self.require_someone_asked(by)
            day = clock.now().date()
            if self.asked_number and (self.reminded_at is None or self.reminded_at.date() < day):
                self.reminded_at = clock.now()
                about = {"entry": self.asked_number, "post": self.number, "is_reminder": True}
                key = f"{self.asked_number}:reminder:{day}"
                send_immediate({NotificationKind.CHALLENGE: [whom.id]}, self.partnership_id, key=key, **about)
            return whom

    def set_day(self, by: Membership, day: date | None, *, of: str) -> None:
        """Change the day by which an answer is wished, or, while it is parked, that on which it opens again.

        `of` is the status that the form showed; raises StateChanged if it was parked or opened in the meantime.
        """
        with by.partnership.locked():
            self.require_solvable(by)
            is_parked = self.status is ChallengeStatus.PARKED
            if is_parked is not (of == ChallengeStatus.PARKED):
                raise StateChanged(_("The challenge has been parked or opened in the meantime."))
            if day == (self.parked_until if is_parked else self.answer_by):
                return
            if is_parked:
                self.parked_until = day
            else:
                self.answer_by = day
            verb = RESCHEDULED_OPENING if is_parked else RESCHEDULED_ANSWER
            record_by(by, verb, post_number=self.number, day=day.isoformat() if day else None)

    def accept(self, by: Membership) -> None:
        """Take the challenge as one was asked to. Raises StateChanged if one is asked no longer."""
        with by.partnership.locked():
            by.require(Action.MOVE_CHALLENGES)
            self.require_present()
            if self.taker_id != by.id or self.status is not ChallengeStatus.ONGOING:
                self.require_asked(by)
                self._give_to(by)

    def decline(self, by: Membership, reason: str) -> None:
        """Say no to taking it, and why. Raises StateChanged if one is asked no longer."""
        with by.partnership.locked():
            self.require_asked(by)
            asker_ids = self._asker_ids()
            self.asked_id = self.asked_number = None
            entry = self._moved(by.partnership, DECLINED_TO_TAKE, by, note=reason)
            notify({NotificationKind.TAKING: asker_ids}, entry, post=self.number)

    def solve(self, by: Membership, note: str, by_posts: Sequence[int] = ()) -> None:
        """Close it with the note that says what solved it, and the numbers of the progress posts that did."""
        with by.partnership.locked():
            self.require_solvable(by)
            self._set(by.partnership, ChallengeStatus.SOLVED, outcome=note)
            self._moved(by.partnership, SOLVED, by, note=note, posts=list(by_posts))

    def park(self, by: Membership, reason: str, until: date | None = None) -> None:
        """Put it aside, and say why; on `until`, a day to come, it opens again by itself."""
        with by.partnership.locked():
            self.require_unsolved(by)
            self._set(by.partnership, ChallengeStatus.PARKED, outcome=reason, until=until)
            self._moved(by.partnership, PARKED, by, note=reason, until=until.isoformat() if until else None)

    def reopen(self, by: Membership, reason: str) -> None:
        """Open it again, and say why: it was solved, parked, or taken by somebody who can't go on with it.

        If it was parked, whoever has taken it goes on with it.
        """
        with by.partnership.locked():
            self.require_reopenable(by)
            self._open(by.partnership)
            self._moved(by.partnership, REOPENED, by, note=reason)

    def open_in_time(self, partnership: Partnership, today: date) -> bool:
        """Open it if its day has come, and say whether it had. Nobody does it: Samspil; its taker goes on with it."""
        with partnership.locked():
            has_come = (
                self.status is ChallengeStatus.PARKED and self.parked_until is not None and self.parked_until <= today
            )
            if not has_come or self.is_withdrawn or partnership.is_archived:
                return False
            self._open(partnership)
            self._moved(partnership, REOPENED, None)
            return True

    def advance(self, by: Membership) -> None:
        """Let it be moved by the progress that `by` shares in the same breath: the next entry makes it.

        The partnership is locked. Raises StateChanged if there is no longer anything to move.
        """
        self.require_challenge()
        if not self.is_unsolved:
            raise StateChanged(_("The challenge that you chose is no longer unsolved. Choose another, or none."))
        self._moved(by.partnership, MOVED_ON, by, progress=by.partnership.last_number + 2)

    def bump(self, entry: RecordedEntry) -> None:
        """Make the entry, which lifts, the post's latest activity."""
        self.activity_number, self.activity_at = entry.number, entry.activity_at

    def require_challenge(self) -> None:
        """Raise Conflict if it is progress."""
        if self.status is None:
            raise Conflict(_("This is progress: there is nothing to solve."))

    def require_movable(self, by: Membership) -> None:
        """Raise the fitting refusal unless `by` may move it."""
        by.require(Action.MOVE_CHALLENGES)
        self.require_challenge()
        self.require_present()
        if not may_move(by, self):
            raise NotAllowed(
                _("Only the author, whoever has taken the challenge or holds its role, or a moderator can do this.")
            )

    def require_unsolved(self, by: Membership) -> None:
        """Raise the fitting refusal unless it is there to be taken or parked, and `by` may."""
        self.require_movable(by)
        if self.status is ChallengeStatus.SOLVED:
            raise StateChanged(_("The challenge has already been solved."))
        if self.status is ChallengeStatus.PARKED:
            raise StateChanged(_("The challenge has been parked in the meantime."))

    def require_solvable(self, by: Membership) -> None:
        """Raise the fitting refusal unless it waits for a solution, and `by` may say what it is."""
        self.require_movable(by)
        if self.status is ChallengeStatus.SOLVED:
            raise StateChanged(_("The challenge has already been solved."))

    def require_reopenable(self, by: Membership) -> None:
        """Raise the fitting refusal unless it is anything but open, and `by` may open it."""
        self.require_movable(by)
        if self.status is ChallengeStatus.OPEN:
            raise StateChanged(_("The challenge is open already."))

    def require_asked(self, by: Membership) -> None:
        """Raise the fitting refusal unless `by` has been asked to take it, and has not answered."""
        by.require(Action.MOVE_CHALLENGES)
        self.require_challenge()
        self.require_present()
        if self.asked_id != by.id:
            raise StateChanged(_("You are no longer asked to take this challenge."))

    def require_someone_asked(self, by: Membership) -> Membership:
        """Raise the fitting refusal unless somebody has been asked, and `by` may take it back; returns who."""
        self.require_movable(by)
        whom = db.session.get(Membership, self.asked_id) if self.asked_id else None
        if whom is None:
            raise StateChanged(_("Nobody is asked to take the challenge any more."))
        return whom

    def _require_as_seen(self, concerned_id: int | None) -> None:
        if self.assignee_id != concerned_id:
            raise StateChanged(_("Somebody else has taken the challenge, or been asked to, in the meantime."))

    def _give_to(self, taker: Membership) -> None:
        asker_ids = self._asker_ids()
        self._set(taker.partnership, ChallengeStatus.ONGOING)
        self.taker_id = taker.id
        entry = self._moved(taker.partnership, TOOK, taker)
        notify({NotificationKind.TAKING: asker_ids}, entry, post=self.number)

    def _asker_ids(self) -> list[int]:
        """Who has asked somebody to take it, and waits for an answer: at most one."""
        asking = db.session.get(Entry, (self.partnership_id, self.asked_number)) if self.asked_number else None
        return [asking.actor_id] if asking and asking.actor_id else []

    def _open(self, partnership: Partnership) -> None:
        """Let it be unsolved again: in progress if it was parked by somebody who has taken it, and is still here."""
        taker = db.session.get(Membership, self.taker_id) if self.taker_id else None
        goes_on = self.status is ChallengeStatus.PARKED and taker is not None and taker.may(Action.MOVE_CHALLENGES)
        self._set(partnership, ChallengeStatus.ONGOING if goes_on else ChallengeStatus.OPEN)

    def _set(
        self, partnership: Partnership, status: ChallengeStatus, *, outcome: str = "", until: date | None = None
    ) -> None:
        """Change the status, and count the unsolved along. What is open has nobody who has taken it."""
        partnership.unsolved_count += (status in UNSOLVED) - (self.status in UNSOLVED)
        self.status, self.status_at = status, clock.now()
        self.asked_id, self.asked_number, self.outcome, self.parked_until = None, None, outcome, until
        if status is ChallengeStatus.OPEN:
            self.taker_id = None

    def _moved(self, partnership: Partnership, verb: Verb, by: Membership | None, **about: Any) -> RecordedEntry:
        """Record the move, which lifts the challenge."""
        append = partial(record_by, by) if by else partial(record, partnership)
        entry = append(verb, post_number=self.number, **about)
        self.bump(entry)
        db.session.flush()
        return entry
