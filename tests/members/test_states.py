"""A membership's life in any order: after every step all that is shown is what a plain model of it says.

The model is a few dictionaries. It knows nothing of the database, and it is what a moderator would say that happened.
"""

import os
from collections.abc import Callable, Iterator
from contextvars import copy_context
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask_babel import force_locale
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
from sqlalchemy import or_, select

from tests.client import Client
from tests.factories import Level, add_member, challenge, listed, make_organisation, make_user, share, start_partnership
from workspace import Workspace, clock
from workspace.accounts import sessions
from workspace.accounts.models import User
from workspace.db import db
from workspace.mail import delivery
from workspace.mail.models import Mail
from workspace.mail.models import MailState as MailState
from workspace.members import expiry
from workspace.members.invitations import service as invitations_service
from workspace.members.join_requests import service as join_requests_service
from workspace.members.models import VALID, Invitation, InvitationAnswer
from workspace.members.moderation import service as moderation_service
from workspace.partnerships import reading
from workspace.partnerships import service as partnerships_service
from workspace.partnerships.memberships import find
from workspace.partnerships.models import Membership, Partnership, Visibility
from workspace.permissions import LEVELS, UserError

NAMES = ("Anna", "Bent", "Cille", "Didrik")
BEGIN = datetime(2026, 3, 2, 8, tzinfo=UTC)
DAY = timedelta(days=1)
EXAMPLES, STEPS = int(os.environ.get("EXAMPLES", "5")), 15

people = st.sampled_from(NAMES)
levels = st.sampled_from(list(Level))
days = st.integers(1, 4).map(lambda number: DAY * number)


@dataclass
class Model:
    """What a moderator would say of one person."""

    state: str = "none"  # requested, active, suspended, ended
    level: Level = Level.OBSERVER
    until: datetime | None = None
    ends_at: datetime | None = None
    invited_until: datetime | None = None
    invited_as: Level = Level.OBSERVER
    invited_by: str = ""
    invited_anew: bool = False  # after their membership had ended, and nobody has decided about them since
    decided: Level | str = ""  # what moderators decided last: a level, "out", or nothing yet
    was_in: bool = False
    seen: int = 0

    @property
    def is_over(self) -> bool:
        return self.state == "ended" or (self.ends_at is not None and self.ends_at <= clock.now())

    @property
    def is_barred(self) -> bool:
        return self.decided == "out" or (self.ends_at is not None and self.ends_at <= clock.now())

    @property
    def is_decided_by_invitation(self) -> bool:
        return self.invited_anew or (not self.decided and not self.is_barred)

    def decide(self, what: Level | str) -> None:
        self.decided, self.invited_anew = what, False

    @property
    def is_in(self) -> bool:
        is_back = self.state == "suspended" and self.until is not None and self.until <= clock.now()
        return (self.state == "active" or is_back) and not self.is_over

    @property
    def moderates(self) -> bool:
        return self.is_in and self.level is Level.MODERATOR

    @property
    def is_invited(self) -> bool:
        return self.invited_until is not None and self.invited_until > clock.now()


class Memberships(RuleBasedStateMachine):
    """A partnership with two moderators and two who may come and go."""

    app: Workspace

    @initialize()
    def begin(self) -> None:
        self.time = time_machine.travel(BEGIN, tick=True)
        self.traveller = self.time.start()
        organisation = make_organisation()
        users = {name: make_user(f"{name} Prøve", organisation, language="en") for name in NAMES}
        anna = start_partnership("Grønne tage", by=users["Anna"], visibility=Visibility.LISTED)
        self.partnership_id, self.home = anna.partnership_id, anna.partnership.address
        self.users = {name: user.id for name, user in users.items()}
        self.browsers = {name: self._browser(user) for name, user in users.items()}
        self.model = {name: Model() for name in NAMES}
        self.log: list[str | None] = ["Anna", "Anna"]  # by whom each entry is: started, joined
        self.log = self.log[: anna.partnership.last_number]
        self._let_in("Anna", Level.MODERATOR, logged=None)
        add_member(anna, users["Bent"], Level.MODERATOR)
        self._let_in("Bent", Level.MODERATOR, logged="Anna")
        self.model["Bent"].decide(Level.MODERATOR)
        self.post = challenge(anna, "Et opslag om tage").number
        self.log.append("Anna")
        self.texts = [(self.post, "Anna")]  # the numbers of posts, and who wrote them
        db.session.commit()

    def teardown(self) -> None:
        db.session.rollback()
        if hasattr(self, "time"):
            self.time.stop()

    # Ways in

    @rule(by=people, whom=people, level=levels)
    def invite(self, by: str, whom: str, level: Level) -> None:
        model = self.model[whom]

        def verb() -> None:
            rows = listed(self._user(whom).email)
            organisation_id = self._user(whom).organisation_id or 0
            invitations_service.invite(
                self._membership(by), rows, level=level, organisation_id=organisation_id, language="en", greeting=""
            )

        is_new = not model.is_invited and (model.state == "none" or model.is_over)
        if self._done(verb, allowed=self.model[by].moderates) and is_new:
            model.invited_until, model.invited_as = clock.now() + VALID, level
            model.invited_by, model.invited_anew = by, model.is_over

    @rule(whom=people)
    def accept(self, whom: str) -> None:
        model, invitation = self.model[whom], self._invitation(whom)
        if invitation is None:
            return
        held = model.state == "suspended" and not model.is_in and not model.is_over
        verb = lambda: invitations_service.accept(self._invitation(whom), self._user(whom))  # type: ignore[arg-type] # noqa: E731
        is_decision = model.is_decided_by_invitation
        if self._done(verb, allowed=model.is_invited and not held and (is_decision or not model.is_barred)):
            if not model.is_in:
                most = model.invited_as if is_decision or not model.decided else Level(model.decided)
                self._let_in(whom, lower(model.invited_as, most), logged=whom)
                if is_decision:
                    model.decide(model.invited_as)
            model.invited_until = None

    @rule(by=people, whom=people)
    def withdraw(self, by: str, whom: str) -> None:
        invitation = self._invitation(whom)
        if invitation and self._done(
            lambda: invitations_service.withdraw(self._membership(by), invitation.id), allowed=self.model[by].moderates
        ):
            self.model[whom].invited_until = None

    @rule(whom=people)
    def ask_to_join(self, whom: str) -> None:
        model = self.model[whom]
        self._done(
            lambda: join_requests_service.ask_to_join(self._user(whom), self._partnership(), "Hej"), allowed=True
        )
        if model.state == "none" or model.is_over:
            model.decided = "out" if model.is_barred else model.decided
            model.state, model.until, model.ends_at, model.level = "requested", None, None, Level.OBSERVER

    @rule(by=people, whom=people, level=levels)
    def approve(self, by: str, whom: str, level: Level) -> None:
        if self._done(
            lambda: join_requests_service.approve(self._membership(by), self._membership(whom).id, level),
            allowed=self._answers(by, whom),
        ):
            self._let_in(whom, level, logged=by)
            self.model[whom].decide(level)

    @rule(by=people, whom=people)
    def decline(self, by: str, whom: str) -> None:
        if self._done(
            lambda: join_requests_service.decline(self._membership(by), self._membership(whom).id, "Nej"),
            allowed=self._answers(by, whom),
        ):
            self.model[whom].state = "ended"
            self.model[whom].decide("out")

    @rule(by=people, whom=people)
    def ask_back(self, by: str, whom: str) -> None:
        self._done(
            lambda: join_requests_service.ask_back(self._membership(by), self._membership(whom).id, "Hvem?"),
            allowed=self._answers(by, whom),
        )

    @precondition(lambda self: any(model.state == "requested" for model in self.model.values()))
    @rule(whom=people)
    def take_back(self, whom: str) -> None:
        if self.model[whom].state != "none":
            self._done(lambda: join_requests_service.take_back(self._membership(whom)), allowed=True)
        if self.model[whom].state == "requested":
            self.model[whom].state = "ended"

    @rule(by=people, whom=people, level=levels)
    def add(self, by: str, whom: str, level: Level) -> None:
        was_in = self.model[whom].is_in
        if (
            self._done(
                lambda: partnerships_service.add_person(self._membership(by), self._user(whom), level),
                allowed=self.model[by].moderates,
            )
            and not was_in
        ):
            self._let_in(whom, level, logged=by)
            self.model[whom].decide(level)

    # While in

    @rule(by=people, whom=people, level=levels)
    def change_level(self, by: str, whom: str, level: Level) -> None:
        model = self.model[whom]
        if model.state == "none":
            return
        would_end = level is Level.MODERATOR and model.level is not level and model.ends_at is not None
        would_be_last = model.level is Level.MODERATOR and level is not model.level and not self._moderators(but=whom)
        allowed = self.model[by].moderates and not would_end and not would_be_last
        membership_id = self._membership(whom).id
        if self._done(
            lambda: moderation_service.change_levels(self._membership(by), {membership_id: level}, confirmed=True),
            allowed=allowed,
        ):
            self._set_level(whom, level)

    @rule(by=people, whom=people, until=st.none() | days)
    def suspend(self, by: str, whom: str, until: timedelta | None) -> None:
        model, moment = self.model[whom], clock.now() + until if until else None
        if model.state == "none":
            return
        allowed = self.model[by].moderates and by != whom
        verb = lambda: moderation_service.suspend(  # noqa: E731
            self._membership(by), [self._membership(whom).id], until=moment, reason="x", confirmed=True
        )
        if self._done(verb, allowed=allowed) and model.is_in:
            model.state, model.until = "suspended", moment
            self._withdraw_from(whom)

    @rule(by=people, whom=people)
    def lift(self, by: str, whom: str) -> None:
        model = self.model[whom]
        if model.state != "none" and self._done(
            lambda: moderation_service.lift(self._membership(by), self._membership(whom).id),
            allowed=self.model[by].moderates,
        ):
            model.state = "active" if model.state == "suspended" else model.state

    @rule(by=people, whom=people)
    def remove(self, by: str, whom: str) -> None:
        model = self.model[whom]
        verb = lambda: moderation_service.remove(  # noqa: E731
            self._membership(by), [self._membership(whom).id], reason="x", confirmed=True
        )
        if model.state == "none":
            return
        if self._done(verb, allowed=self.model[by].moderates and by != whom) and model.state in ("active", "suspended"):
            model.state = "ended"
            model.decide("out")
            self._withdraw_from(whom)
            self.log.append(by)

    @rule(who=people)
    def leave(self, who: str) -> None:
        model = self.model[who]
        if model.state == "none":
            return
        allowed = model.is_in and bool(not model.moderates or self._moderators(but=who))
        if self._done(lambda: moderation_service.leave(self._membership(who), confirmed=True), allowed=allowed):
            model.state = "ended"
            self.log.append(who)

    @rule(by=people, whom=people, later=st.none() | days)
    def end_on(self, by: str, whom: str, later: timedelta | None) -> None:
        model, moment = self.model[whom], clock.now() + later if later else None
        if model.state == "none":
            return
        allowed = self.model[by].moderates and not (moment and model.level is Level.MODERATOR)
        if (
            self._done(
                lambda: moderation_service.end_on(self._membership(by), self._membership(whom).id, moment),
                allowed=allowed,
            )
            and not model.is_over
        ):
            model.ends_at = moment

    @rule(by=people, whom=people)
    def hand_over(self, by: str, whom: str) -> None:
        to = self.model[whom]
        if to.state == "none":
            return
        stays = to.ends_at is None or to.level is Level.MODERATOR
        allowed = self.model[by].moderates and by != whom and to.is_in and stays
        if self._done(
            lambda: moderation_service.hand_over(self._membership(by), self._membership(whom).id, confirmed=True),
            allowed=allowed,
        ):
            self._set_level(whom, Level.MODERATOR)
            self._set_level(by, Level.CONTRIBUTOR)

    @rule(who=people)
    def share(self, who: str) -> None:
        model = self.model[who]
        if model.is_in and model.level is not Level.OBSERVER:
            self.texts.append((share(self._membership(who)).number, who))
            self.log.append(who)

    @rule(who=people)
    def read(self, who: str) -> None:
        if self.model[who].is_in:
            reading.read_all(self._membership(who), len(self.log))
            db.session.commit()
            self.model[who].seen = len(self.log)

    @rule(length=days, tends=st.booleans())
    def time_passes(self, length: timedelta, tends: bool) -> None:
        if clock.now() + length < BEGIN + 25 * DAY:  # Sessions last for 30 days.
            self.traveller.shift(length)
        if tends:
            expiry.apply_due_endings()
            for model in self.model.values():
                if model.state in ("active", "suspended") and model.is_over:
                    model.state, model.decided = "ended", "out"
                    self.log.append(None)
                elif model.state == "suspended" and model.is_in:
                    model.state = "active"

    # What is shown

    @invariant()
    def everybody_sees_what_is_theirs(self) -> None:
        if not hasattr(self, "model"):
            return
        for name, model in self.model.items():
            status, text = self._asked(name, self.home)
            assert (status == 200) is model.is_in, f"{name}: {status}"
            assert ("Et opslag om tage" in text) is model.is_in, name
        name, model = list(self.model.items())[len(self.log) % len(NAMES)]  # The rest of one, for each in turn.
        _, lists = self._asked(name, "/partnerships")
        assert ("Grønne tage" in lists) is model.is_in, name
        unread = len([by for number, by in self.texts if number > model.seen and by != name])
        assert (f"{unread} new" in lists) is (model.is_in and unread > 0), f"{name}: {unread} new"
        _, overview = self._asked(name, "/")
        assert ("Et opslag om tage" in overview) is model.is_in, name

    @invariant()
    def the_lists_have_those_who_are_in(self) -> None:
        if not hasattr(self, "model"):
            return
        reader = self._moderators()[0]
        _, table = self._asked(reader, f"{self.home}members?sort=level")
        _, suggested = self._asked(reader, f"{self.home}posts/{self.post}/taking")
        for name, model in self.model.items():
            seated = model.state in ("active", "suspended") and not model.is_over
            asks = model.state == "requested"
            assert (f"{name} Prøve" in table) is (seated or asks or name == reader), name
            writes = model.is_in and model.level is not Level.OBSERVER
            assert (f">{name} Prøve, " in suggested) is (writes and name != reader), name

    @invariant()
    def mail_says_only_what_is_so(self) -> None:
        if not hasattr(self, "model"):
            return
        for name in NAMES:
            user, model = self._user(name), self.model[name]
            theirs = or_(Mail.user_id == user.id, Mail.address == user.email)
            for mail in db.session.scalars(select(Mail).where(theirs, Mail.state == MailState.DUE)):
                message = delivery.written(mail)
                if message:
                    assert "Et opslag om tage" not in message.text
                    assert self._is_so(mail.kind, model), f"{mail.kind} to {name}, who is {model}"
        db.session.rollback()

    @staticmethod
    def _is_so(kind: str, model: Model) -> bool:
        return {
            "invitation": model.is_invited,
            "reminder": model.is_invited,
            "suspended": model.state == "suspended" and not model.is_in,
            "removed": model.is_over,
            "declined": model.is_over,
            "asked_back": model.state == "requested",
        }.get(kind, model.is_in)

    # By hand

    def _let_in(self, name: str, level: Level, *, logged: str | None) -> None:
        """Who comes in for the first time has seen everything; who comes back goes on where they were."""
        model = self.model[name]
        was_up_to_date = model.seen == len(self.log) or not model.was_in
        if logged:
            self.log.append(logged)
        model.state, model.level, model.until, model.ends_at = "active", level, None, None
        model.seen = len(self.log) if was_up_to_date else model.seen
        model.was_in = True
        model.invited_until = None

    def _set_level(self, name: str, level: Level) -> None:
        """A moderator sets the level: it is a decision, and what they offered others beyond it is withdrawn."""
        model = self.model[name]
        if model.level is level:
            return
        if lower(model.level, level) is level:
            self._withdraw_from(name, beyond=level)
        model.level = level
        if not model.is_barred:
            model.decide(level)

    def _withdraw_from(self, name: str, *, beyond: Level | None = None) -> None:
        for model in self.model.values():
            is_more = beyond is None or lower(model.invited_as, beyond) is not model.invited_as
            if model.invited_by == name and model.is_invited and is_more:
                model.invited_until = None

    def _answers(self, by: str, whom: str) -> bool:
        return self.model[by].moderates and self.model[whom].state == "requested"

    def _moderators(self, *, but: str = "") -> list[str]:
        return [name for name, model in self.model.items() if model.moderates and name != but]

    def _done(self, verb: Callable[[], Any], *, allowed: bool) -> bool:
        """Do it, and see that it is refused unless it is allowed."""
        refusal: Exception | None = None
        try:
            verb()
            db.session.commit()
        except (UserError, NoMembership) as refused:
            db.session.rollback()
            refusal = refused
        assert (refusal is None) is allowed, f"Allowed: {allowed}, and refused: {refusal}"
        return allowed

    def _partnership(self) -> Partnership:
        return db.session.get_one(Partnership, self.partnership_id)

    def _user(self, name: str) -> User:
        return db.session.get_one(User, self.users[name])

    def _membership(self, name: str) -> Membership:
        found = find(self._partnership(), self._user(name))
        if found is None:
            raise NoMembership
        return found

    def _invitation(self, name: str) -> Invitation | None:
        query = db.session.query(Invitation).filter_by(answer=InvitationAnswer.OPEN, partnership_id=self.partnership_id)
        return query.filter(Invitation.email_key == self._user(name).email_key).one_or_none()

    def _browser(self, user: User) -> Client:
        session = sessions.start(user, remembered=True, browser="Tests", address="127.0.0.1")
        token = session.token
        db.session.commit()
        browser = self.app.test_client()
        assert isinstance(browser, Client)
        with browser.session_transaction() as cookie:
            cookie["_user_id"], cookie["_fresh"] = token, True
        return browser

    def _asked(self, name: str, address: str) -> tuple[int, str]:
        """The status and the text of a page, at which nothing else looks: there are thousands."""
        db.session.commit()
        answer = copy_context().run(self.browsers[name]._open, address, method="GET")
        return answer.status_code, answer.get_data(as_text=True)


def lower(one: Level, other: Level) -> Level:
    """The lower of two levels."""
    return min(one, other, key=LEVELS.index)


class NoMembership(Exception):
    """The person has none, so no verb can be about it."""


@pytest.fixture
def machine(app: Workspace) -> Iterator[type[Memberships]]:
    Memberships.app = app
    with force_locale("en"):
        yield Memberships


def test_whatever_happens_everybody_sees_what_is_theirs(machine: type[Memberships]) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
