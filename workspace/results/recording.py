"""Writing numbers down, and correcting them: one press is one entry, under one lock."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, insert, or_, select, update

from workspace import clock
from workspace.db import db
from workspace.files import attaching
from workspace.files.attaching import NOTHING as NO_FILES
from workspace.files.attaching import Attachments
from workspace.i18n.formatting import today
from workspace.organisations.models import Organisation
from workspace.partnerships.activity_log import Entry, record_by
from workspace.partnerships.models import Membership
from workspace.permissions import Action, Conflict, NotAllowed
from workspace.posts.models import Post, PostKind
from workspace.results import pooling, values
from workspace.results.kinds import Direction, ReferenceKind
from workspace.results.measurements import Measurement, MeasurementState, Reading
from workspace.results.models import Indicator, Source, newest_reference, told_form
from workspace.results.periods import EARLIEST, ReportingPeriod, Rhythm, containing
from workspace.results.verbs import CORRECTED, COULD_NOT_MEASURE, MEASURED
from workspace.rich_text import RichText


class AlreadyMeasured(Conflict):
    """Somebody else has entered another number in the meantime: `present` is theirs."""

    def __init__(self, present: "Measurement") -> None:
        super().__init__(_("Somebody else has entered a number in the meantime."))
        self.present = present


@dataclass(frozen=True, kw_only=True)
class Story:
    """What lies behind the numbers, to be shared as progress."""

    title: str
    body: RichText
    one_time_key: str


@dataclass
class Recorded:
    """What became of the readings: those written, those for which somebody else's number stands already, and those
    whose days another number of the organisation is about in part.
    """

    written: list[Reading] = field(default_factory=list)
    overlapping: list[Reading] = field(default_factory=list)
    conflicts: list[tuple[Reading, Measurement]] = field(default_factory=list)


def record(
    by: Membership,
    readings: Sequence[Reading],
    *,
    story: Story | None = None,
    why: str = "",
    files: Attachments = NO_FILES,
) -> Recorded:
    """Write down numbers: all of them are one entry, or one post where there is a `story`, which carries the `files`.

    With `why` they may correct what stands there; without, a different number of somebody's is a conflict, and the rest
    is written. What says the same as what stands there already is not written again, so twice is once.
    Raises NotAllowed for organisations that the member may not write for, Conflict for what can't be measured.
    """
    with by.partnership.locked():
        by.require(Action.MEASURE)
        _require_writable(by, readings)
        found = present(by, {reading.key for reading in readings})
        result, replaced, repeated = Recorded(), [], set()
        for reading in readings:
            standing = found.get(reading.key)
            if standing is None:
                (result.overlapping if _overlaps(reading) else result.written).append(reading)
            elif reading.equals(standing) and not (why and (files or reading.annotates(standing))):
                repeated.add(standing.entry_number)
            elif why:
                result.written.append(reading)
                replaced.append(standing)
            else:
                result.conflicts.append((reading, standing))
        if result.written:
            number = _entry(by, result, story, why, replaced)
            former = update(Measurement).where(Measurement.id.in_([standing.id for standing in replaced]))
            db.session.execute(former.values(replaced_by_number=number))
            corrected = {(row.indicator_number, row.organisation_id, row.to_day) for row in replaced}
            rows = [_row(by, reading, number, why if reading.key in corrected else "") for reading in result.written]
            db.session.execute(insert(Measurement), rows)
            for reading in result.written:
                reading.indicator.has_numbers = True
            db.session.flush()
            attaching.attach(by, number, files)
            _tell_targets_reached(by, result.written, number)
        elif repeated and files:
            _add_files(by, repeated, files)
        return result


def correct(
    measurement: Measurement, by: Membership, reading: Reading, why: str, files: Attachments = NO_FILES
) -> None:
    """Replace a measurement by another, with the reason and what shows it. What it was stays to be read.

    Raises AlreadyMeasured if somebody else has corrected it in the meantime.
    """
    with by.partnership.locked():
        by.require(Action.MEASURE)
        _require_writable(by, [reading])
        if measurement.replaced_by_number is not None:
            raise AlreadyMeasured(present(by, {reading.key})[reading.key])
        record(by, [reading], why=why, files=files)


def _add_files(by: Membership, numbers: Collection[int], files: Attachments) -> None:
    """Let the newest of these entries, whose numbers were only brought once more, carry the files as well.

    Raises Conflict where all of them are others' posts: what those carry is their authors' to say.
    """
    if any(attaching.is_attached(by, number, files) for number in numbers):
        return
    own = or_(Entry.post_number.is_(None), Entry.actor_id == by.id)
    newest = select(func.max(Entry.number)).where(Entry.partnership_id == by.partnership_id, own)
    number = db.session.scalar(newest.where(Entry.number.in_(numbers)))
    if number is None:
        raise Conflict(_("Somebody else has shared these numbers in a post. Attach the files in a comment on it."))
    attached = attaching.change(by, number, files)
    if attached and (post := db.session.get(Post, (by.partnership_id, number))):
        post.bump(attached)


def _require_writable(by: Membership, readings: Iterable[Reading]) -> None:
    """Raise the appropriate error unless the member may write all of these, and each can be measured."""
    leads: dict[int, bool] = {}
    sources = _sources(by, readings)
    for reading in readings:
        indicator = reading.indicator
        indicator.require_in_use()
        if not by.sits_for(reading.organisation_id):
            if indicator.number not in leads:
                leads[indicator.number] = indicator.is_led_by(by)
            if not leads[indicator.number]:
                raise NotAllowed(_("You enter numbers for your own organisation only."))
        if (indicator.number, reading.organisation_id) not in sources:
            raise Conflict(_("The organisation no longer reports this number."))
        if not is_measurable(indicator, reading.period):
            raise Conflict(_("The period is not over yet. Choose another."))
        if reading.is_too_large:
            raise Conflict(_("The number is too large."))


def is_measurable(indicator: Indicator, period: ReportingPeriod) -> bool:
    """Whether there may be a number for the period: one of the indicator's own that is over."""
    if not EARLIEST <= period.first <= period.last:
        return False
    if indicator.rhythm is Rhythm.IRREGULAR:
        return period.last <= today()
    return period.last < today() and period == containing(indicator.rhythm, period.last)


def _sources(by: Membership, readings: Iterable[Reading]) -> set[tuple[int, int]]:
    """Which of these organisations owe which of these numbers now."""
    wanted = {reading.indicator.number for reading in readings}
    query = pooling.present_sources(Source.indicator_number, Source.organisation_id).where(
        Source.partnership_id == by.partnership_id, Source.indicator_number.in_(wanted)
    )
    return {(row.indicator_number, row.organisation_id) for row in db.session.execute(query)}


def present(by: Membership, keys: Collection[tuple[int, int, date]]) -> dict[tuple[int, int, date], Measurement]:
    """What stands already for the readings that have these keys."""
    if not keys:
        return {}
    found = select(Measurement).where(
        Measurement.partnership_id == by.partnership_id,
        Measurement.replaced_by_number.is_(None),
        Measurement.indicator_number.in_({key[0] for key in keys}),
        Measurement.organisation_id.in_({key[1] for key in keys}),
        Measurement.to_day.in_({key[2] for key in keys}),
    )
    standing = {(row.indicator_number, row.organisation_id, row.to_day): row for row in db.session.scalars(found)}
    return {key: row for key, row in standing.items() if key in keys}


def _overlaps(reading: Reading) -> bool:
    """Whether another number of the same organisation is about some of the same days."""
    if reading.indicator.rhythm is not Rhythm.IRREGULAR:
        return False
    others = select(Measurement.id).where(
        Measurement.partnership_id == reading.indicator.partnership_id,
        Measurement.indicator_number == reading.indicator.number,
        Measurement.organisation_id == reading.organisation_id,
        Measurement.replaced_by_number.is_(None),
        Measurement.from_day <= reading.period.last,
        Measurement.to_day >= reading.period.first,
    )
    return db.session.scalar(others.limit(1)) is not None


def _entry(by: Membership, result: Recorded, story: Story | None, why: str, replaced: Sequence[Measurement]) -> int:
    """The number of the entry that brings what is written: a post of its own, or a line of the log."""
    if story:
        post = Post.share(
            by, kind=PostKind.PROGRESS, title=story.title, body=story.body, one_time_key=story.one_time_key
        )
        return post.number
    written = result.written
    indicators = {reading.indicator.number: reading.indicator for reading in written}
    details: dict[str, Any] = {"count": len(written)}
    only = next(iter(indicators.values())) if len(indicators) == 1 else None
    if only:
        details |= {"name": only.name, **told_form(only)}
    periods = {(reading.indicator.rhythm, reading.period) for reading in written}
    if len(periods) == 1:
        [(rhythm, period)] = periods
        details |= {"rhythm": rhythm.value, "first": period.first.isoformat(), "last": period.last.isoformat()}
    organisations = {reading.organisation_id for reading in written}
    if len(organisations) == 1 and organisations != {by.organisation_id}:
        details["organisation"] = db.session.get_one(Organisation, organisations.pop()).name
    if len(written) == 1 and replaced:
        before, after = ("" if value is None else str(value) for value in (replaced[0].value, written[0].value))
        details |= {"before": before, "after": after, "why": why}
        return record_by(by, CORRECTED, thing_number=written[0].indicator.number, **details).number
    if all(reading.numerator is None for reading in written):
        details["why"] = written[0].note if len(written) == 1 else ""
        verb = COULD_NOT_MEASURE
    else:
        details |= {"corrected": len(replaced), "why": why}
        verb = MEASURED
    return record_by(by, verb, thing_number=only.number if only else None, **details).number


def _tell_targets_reached(by: Membership, written: Sequence[Reading], number: int) -> None:
    """Note in the entry which targets the numbers have reached."""
    reached = [
        reading.indicator.name
        for reading in {reading.indicator.number: reading for reading in written}.values()
        if _has_just_reached(
            reading.indicator, {one.period.last for one in written if one.indicator is reading.indicator}
        )
    ]
    entry = db.session.get(Entry, (by.partnership_id, number))
    if reached and entry and entry.verb in (MEASURED, CORRECTED):
        entry.details = entry.details | {"reached": reached}


def _row(by: Membership, reading: Reading, number: int, why: str) -> dict[str, Any]:
    numerator, denominator = reading.counted
    measured = reading.numerator is not None
    return {
        "partnership_id": by.partnership_id,
        "indicator_number": reading.indicator.number,
        "organisation_id": reading.organisation_id,
        "from_day": reading.period.first,
        "to_day": reading.period.last,
        "state": MeasurementState.MEASURED if measured else MeasurementState.NOT_MEASURED,
        "numerator": numerator,
        "denominator": denominator,
        "value": reading.value,
        "note": reading.note,
        "evidence": reading.evidence,
        "why": why,
        "membership_id": by.id,
        "entry_number": number,
        "at": clock.now(),
    }


def _has_just_reached(indicator: Indicator, written: Collection[date]) -> bool:
    """Whether the target is reached in the newest complete period, one of those just `written`, and was not before.

    As on the indicator's page, the way goes from the baseline to the target, if there are both.
    """
    target = newest_reference(indicator, ReferenceKind.TARGET)
    found = pooling.totals(indicator.partnership_id, [indicator.number]).get(indicator.number, [])
    complete = [total for total in found if total.is_complete]
    if target is None or not complete or complete[-1].period.last not in written:
        return False
    baseline = newest_reference(indicator, ReferenceKind.BASELINE)
    start = baseline.value if baseline else None
    reached = [_is_reached(indicator, total.value(indicator), start, target.value) for total in complete[-2:]]
    return reached[-1] and not (len(reached) == 2 and reached[0])


def _is_reached(indicator: Indicator, value: Decimal | None, baseline: Decimal | None, target: Decimal) -> bool:
    """Whether a value is at the target or beyond; where there is no way from the baseline, by the wanted direction."""
    way = values.progress(value, baseline, target)
    if way.part is not None or value is None:
        return way.is_reached
    return value >= target if indicator.direction is Direction.UP else value <= target
