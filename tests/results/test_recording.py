"""Numbers are written once, corrected with a reason, and never replaced in silence."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import pairwise
from uuid import uuid4

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import delete, func, select

from tests.factories import Holder, add_member, hold, make_role
from tests.partnerships.test_log import at_once
from tests.results.town import BEGUN, LATEST, NAMES, NOW, Town, at, measure, reading
from workspace import Workspace, rich_text
from workspace.db import db
from workspace.organisations.models import Side
from workspace.partnerships import service as partnerships_service
from workspace.partnerships.activity_log import Entry
from workspace.permissions import Conflict, NotAllowed
from workspace.posts.models import Post
from workspace.results import recording
from workspace.results.kinds import IndicatorKind, Pooling, ReferenceKind
from workspace.results.measurements import Measurement
from workspace.results.models import Agreement, Indicator, StaleIndicator
from workspace.results.periods import ReportingPeriod, Rhythm
from workspace.results.recording import AlreadyMeasured, Story

OWN, OTHER = NAMES[0], NAMES[1]


def present(indicator: Indicator) -> list[Measurement]:
    found = select(Measurement).where(
        Measurement.indicator_number == indicator.number, Measurement.replaced_by_number.is_(None)
    )
    return list(db.session.scalars(found.order_by(Measurement.organisation_id, Measurement.to_day)))


def entries(town: Town) -> int:
    return town.partnership.last_number


def test_one_press_is_one_entry_which_the_rows_carry(town: Town) -> None:
    indicator = town.indicator()
    before = entries(town)
    measure(town.moderator, *(reading(indicator, one, LATEST, "50", "100") for one in town.organisations.values()))
    assert entries(town) == before + 1
    assert {row.entry_number for row in present(indicator)} == {before + 1}
    entry = db.session.get_one(Entry, (town.partnership.id, before + 1))
    assert (entry.verb, entry.thing_number, entry.details["count"]) == ("measured", indicator.number, 4)
    assert "4 numbers: Borgere, der bruger løsningen, quarter 1 of 2026" in entry.sentence


def test_a_number_can_be_born_with_its_story(town: Town) -> None:
    indicator, member = town.indicator(), town.members[OWN]
    story = Story(title="64 %", body=rich_text.from_plain("Flere holder fast."), one_time_key=str(uuid4()))
    before = entries(town)
    for _ in range(2):  # A double press makes one post and one number.
        measure(member, reading(indicator, member.organisation_id, LATEST, "64", "100"), story=story)
    assert entries(town) == before + 1
    [row] = present(indicator)
    assert db.session.get_one(Post, (town.partnership.id, row.entry_number)).title == "64 %"


def test_what_says_the_same_is_not_written_again(town: Town) -> None:
    indicator, member = town.indicator(), town.members[OWN]
    brought = reading(indicator, member.organisation_id, LATEST, "64", "100")
    measure(member, brought)
    before = entries(town)
    assert measure(town.moderator, brought).written == []
    assert entries(town) == before


def test_a_different_number_is_a_conflict_and_the_rest_is_written(town: Town) -> None:
    indicator, member = town.indicator(), town.members[OWN]
    measure(member, reading(indicator, member.organisation_id, LATEST, "64", "100"))
    own, other = town.organisations[OWN], town.organisations[OTHER]
    made = measure(
        town.moderator, reading(indicator, own, LATEST, "65", "100"), reading(indicator, other, LATEST, "5", "9")
    )
    [(mine, standing)] = made.conflicts
    assert (mine.numerator, standing.numerator) == (65, 64)
    assert [one.organisation_id for one in made.written] == [other]
    assert {row.numerator for row in present(indicator)} == {64, 5}


def test_two_at_once_leave_one_number(town: Town, app: Workspace) -> None:
    indicator, member = town.indicator(), town.members[OWN]
    colleague = add_member(town.moderator, None, side=Side.COMPANY)
    colleague.organisation_id = member.organisation_id
    db.session.commit()
    memberships, number = (member.id, colleague.id), indicator.number
    outcomes: list[recording.Recorded] = []

    def press(membership_id: int, part: str) -> Callable[[], None]:
        def work() -> None:
            membership = db.session.get_one(type(member), membership_id)
            found = db.session.get_one(Indicator, (membership.partnership_id, number))
            with at(NOW):
                made = recording.record(membership, [reading(found, membership.organisation_id, LATEST, part, "100")])
            outcomes.append(made)
            db.session.commit()

        return work

    refused = at_once(app, press(memberships[0], "61"), press(memberships[1], "62"))
    assert refused == [None, None]
    assert sorted((len(made.written), len(made.conflicts)) for made in outcomes) == [(0, 1), (1, 0)]
    assert len(present(indicator)) == 1


def test_the_database_itself_holds_one_present_number(town: Town) -> None:
    indicator, member = town.indicator(), town.members[OWN]
    measure(member, reading(indicator, member.organisation_id, LATEST, "64", "100"))
    [row] = present(indicator)
    twin = Measurement(
        **{key: getattr(row, key) for key in Measurement.__table__.columns.keys() if key != "id"}  # noqa: SIM118
    )
    db.session.add(twin)
    with pytest.raises(Exception, match=r"(?i)unique"):
        db.session.flush()
    db.session.rollback()


def test_a_correction_adds_and_says_why(town: Town) -> None:
    indicator, member = town.indicator(), town.members[OWN]
    measure(member, reading(indicator, member.organisation_id, LATEST, "79", "120"))
    [row] = present(indicator)
    recording.correct(row, member, reading(indicator, member.organisation_id, LATEST, "79", "126"), "Talt med én gang")
    db.session.commit()
    [now] = present(indicator)
    assert (now.denominator, now.why) == (126, "Talt med én gang")
    assert row.replaced_by_number == now.entry_number
    entry = db.session.get_one(Entry, (town.partnership.id, now.entry_number))
    assert "from 66% to 63%" in entry.sentence
    assert "Talt med én gang" in entry.sentence
    with pytest.raises(AlreadyMeasured) as refused:
        recording.correct(row, member, reading(indicator, member.organisation_id, LATEST, "1", "126"), "Igen")
    assert refused.value.present.id == now.id


def test_members_write_for_their_own_organisation_only(town: Town) -> None:
    indicator, member = town.indicator(), town.members[OWN]
    with pytest.raises(NotAllowed):
        measure(member, reading(indicator, town.organisations[OTHER], LATEST, "64", "100"))
    with pytest.raises(NotAllowed):
        measure(town.reader, reading(indicator, town.organisations[OTHER], LATEST, "64", "100"))
    role = make_role(town.moderator, "Måling af resultater")
    indicator.edit(town.moderator, version=indicator.version, role_id=role.id)
    hold(role, member, town.moderator, Holder.HELPER)
    measure(member, reading(indicator, town.organisations[OTHER], LATEST, "64", "100"))
    assert len(present(indicator)) == 1


def test_what_cannot_be_measured_is_refused(town: Town) -> None:
    indicator, member = town.indicator(), town.members[OWN]
    own = member.organisation_id
    company = town.moderator.organisation_id
    refused = [
        reading(indicator, own, date(2026, 6, 30), "1", "2"),  # It is not over.
        reading(indicator, company, LATEST, "1", "2"),  # It owes none.
    ]
    for brought in refused:
        with pytest.raises(Conflict):
            measure(town.moderator, brought)
    any_days = town.indicator("Besøg", rhythm=Rhythm.IRREGULAR, kind=IndicatorKind.COUNT)
    for first, last, written in ((1, 10, 1), (11, 20, 1), (9, 12, 0), (21, 21, 1)):
        period = ReportingPeriod(date(2026, 2, first), date(2026, 2, last))
        brought = replace(reading(any_days, own, LATEST, "7"), period=period)
        made = measure(member, brought)
        assert (len(made.written), len(made.overlapping)) == (written, 1 - written)
    indicator.retire(town.moderator)
    with pytest.raises(Conflict):
        measure(member, reading(indicator, own, LATEST, "1", "2"))
    partnerships_service.archive(town.moderator)
    with pytest.raises(Conflict):
        measure(member, reading(any_days, own, LATEST, "1"))


def test_each_side_agrees_and_a_changed_definition_asks_again(town: Town) -> None:
    indicator, member = town.indicator(), town.members[OWN]
    indicator.agree(member, Side.MUNICIPALITIES, terms=1)
    indicator.agree(member, Side.MUNICIPALITIES, terms=1)
    indicator.agree(town.moderator, Side.COMPANY, terms=1)
    assert db.session.scalar(select(func.count()).select_from(Agreement)) == 2
    with pytest.raises(NotAllowed):
        indicator.agree(member, Side.COMPANY, terms=1)
    indicator.edit(town.moderator, version=indicator.version, name="Et andet navn")
    assert indicator.terms == 1
    indicator.edit(town.moderator, version=indicator.version, definition="Talt på en ny måde")
    assert indicator.terms == 2
    with pytest.raises(StaleIndicator):
        indicator.agree(member, Side.MUNICIPALITIES, terms=1)
    indicator.set_reference(town.moderator, ReferenceKind.TARGET, version=3, value=Decimal(70), day=date(2026, 12, 31))
    assert indicator.terms == 3


def test_what_is_counted_cannot_become_something_else(town: Town) -> None:
    indicator, member = town.indicator(), town.members[OWN]
    indicator.edit(town.moderator, version=1, kind=IndicatorKind.COUNT)
    indicator.edit(town.moderator, version=2, kind=IndicatorKind.SHARE)
    measure(member, reading(indicator, member.organisation_id, LATEST, "1", "2"))
    with pytest.raises(Conflict):
        indicator.edit(town.moderator, version=3, kind=IndicatorKind.COUNT)
    with pytest.raises(StaleIndicator):
        indicator.edit(town.moderator, version=1, name="For sent")


def test_one_number_for_all_has_one_source(town: Town) -> None:
    indicator = town.indicator(pooling=Pooling.ONCE_FOR_ALL, organisations=[town.organisations[OWN]])
    with pytest.raises(Conflict):
        indicator.set_sources(town.moderator, dict.fromkeys(town.organisations.values()), version=1)


@pytest.mark.slow
@pytest.mark.either_database
def test_whatever_is_pressed_there_is_one_present_number_and_a_whole_chain(town: Town) -> None:
    with at(BEGUN):
        indicator = town.indicator()
    number, organisation_id = indicator.number, town.organisations[OWN]
    member_id, moderator_id = town.members[OWN].id, town.moderator.id

    class Pressing(RuleBasedStateMachine):
        """An indicator that is measured, corrected, retired and resumed in any order."""

        @initialize()
        def begin(self) -> None:
            for row in db.session.scalars(select(Measurement)):
                db.session.delete(row)
            self.value: tuple[Decimal | None, Decimal | None] | None = None
            self.retired = False
            self.agreed: set[Side] = set()
            self.indicator.resume(self.moderator)
            db.session.execute(delete(Agreement))
            db.session.commit()

        @property
        def indicator(self) -> Indicator:
            return db.session.get_one(Indicator, (town.partnership.id, number))

        @property
        def member(self):  # type: ignore[no-untyped-def]
            return db.session.get_one(type(town.moderator), member_id)

        @property
        def moderator(self):  # type: ignore[no-untyped-def]
            return db.session.get_one(type(town.moderator), moderator_id)

        @rule(part=st.integers(0, 3), whole=st.integers(3, 5), why=st.sampled_from(["", "Talt om"]))
        def press(self, part: int, whole: int, why: str) -> None:
            brought = reading(self.indicator, organisation_id, LATEST, str(part), str(whole))
            try:
                made = measure(self.member, brought, why=why)
            except Conflict:
                db.session.rollback()
                assert self.retired
                return
            assert not self.retired
            if self.value in (None, brought.counted) or why:
                self.value = brought.counted
                assert not made.conflicts
            else:
                assert len(made.conflicts) == 1

        @rule()
        @precondition(lambda self: not self.retired)
        def could_not(self) -> None:
            made = measure(self.member, reading(self.indicator, organisation_id, LATEST), why="Det kunne vi ikke")
            self.value = (None, None)
            assert not made.conflicts

        @rule(side=st.sampled_from([Side.MUNICIPALITIES, Side.COMPANY]), late=st.booleans())
        def agree(self, side: Side, late: bool) -> None:
            by = self.member if side is Side.MUNICIPALITIES else self.moderator
            try:
                self.indicator.agree(by, side, terms=self.indicator.terms - late)
                db.session.commit()
            except Conflict:
                db.session.rollback()
                assert late or self.retired
                return
            assert not late
            assert not self.retired
            self.agreed.add(side)

        @rule(change=st.sampled_from(["name", "definition", "target"]))
        def change(self, change: str) -> None:
            found, text = self.indicator, str(uuid4())
            try:
                if change == "target":
                    wanted = {"value": Decimal(70), "day": date(2026, 12, 31), "note": text}
                    found.set_reference(self.moderator, ReferenceKind.TARGET, version=found.version, **wanted)
                else:
                    found.edit(self.moderator, version=found.version, **{change: text})
                db.session.commit()
            except Conflict:
                db.session.rollback()
                assert self.retired
                return
            assert not self.retired
            if change != "name":
                self.agreed = set()

        @invariant()
        def is_agreed_on_by_those_who_read_it(self) -> None:
            if hasattr(self, "agreed"):
                found = self.indicator
                present = select(Agreement.side).where(Agreement.terms == found.terms)
                assert set(db.session.scalars(present)) == self.agreed
                assert not found.retired_at if not self.retired else found.retired_at

        @rule()
        def retire(self) -> None:
            self.indicator.retire(self.moderator)
            db.session.commit()
            self.retired = True

        @rule()
        def resume(self) -> None:
            self.indicator.resume(self.moderator)
            db.session.commit()
            self.retired = False

        @invariant()
        def is_one_chain(self) -> None:
            rows = list(db.session.scalars(select(Measurement).order_by(Measurement.id)))
            standing = [row for row in rows if row.replaced_by_number is None]
            if not hasattr(self, "value") or self.value is None:
                return
            assert [(row.numerator, row.denominator) for row in standing] == [self.value]
            for row, following in pairwise(rows):
                assert row.replaced_by_number == following.entry_number

    machine = Pressing.TestCase
    machine.settings = settings(max_examples=15, stateful_step_count=12)
    machine().runTest()
