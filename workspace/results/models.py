"""An indicator: what a partnership counts in the same way in all its organisations, from a baseline to a target."""

from collections.abc import Collection
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import (
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    UniqueConstraint,
    select,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from workspace import clock
from workspace.db import Model, db
from workspace.db.types import FixedPoint, UtcDateTime, enum_column_type
from workspace.i18n.formatting import today
from workspace.organisations.models import Side
from workspace.partnerships.activity_log import record_by
from workspace.partnerships.models import Membership, Participation
from workspace.permissions import Action, Conflict, Level, NotAllowed
from workspace.results.kinds import Direction, IndicatorKind, Measures, Pooling, ReferenceKind
from workspace.results.periods import Rhythm
from workspace.results.verbs import (
    ADDED_INDICATOR,
    AGREED_ON_INDICATOR,
    EDITED_INDICATOR,
    RESUMED_INDICATOR,
    RETIRED_INDICATOR,
    SET_BASELINE,
    SET_TARGET,
)
from workspace.roles.models import USES, Role
from workspace.roles.queries import holds

MOST_INDICATORS = 50
# Organisations that owe an indicator's numbers, or have owed them. A sum is over one period, so it has one number of
# each at most; each is below numbers.LARGEST (10**12), as is the product that a mean is stored as. SQLite sums steps of
# 0.0001 in 63 bits, which is 922 * 10**12; PostgreSQL sums exactly, however many there are.
MOST_SOURCES = 900


class StaleIndicator(Conflict):
    """Somebody else has changed the indicator since the form was opened."""


class SeveralReporters(Conflict):
    """There is one number for all, but not one organisation that enters it."""


class IndicatorAlreadyAdded(Conflict):
    """The one-time key has already made the indicator of that `number`, with another description."""

    def __init__(self, number: int) -> None:
        super().__init__(_("You have already added this indicator, but with different content."))
        self.number = number


# What can't change once there are numbers: they would no longer be what they say.
SETTLED = ("kind", "measures", "rhythm")
# What is counted, and how: when it changes, what was counted before can't be compared with what is counted after.
COUNTED = ("definition", "unit")
DESCRIBED = (*SETTLED, *COUNTED, "name", "decimals", "direction", "pooling", "goal", "goal_target", "role_id")


class Indicator(Model):
    """Its number is that of the entry that made it.

    `role_id` is the role that answers for it. `terms` counts what the sides agree on: the definition, the baseline and
    the target. `version` counts the edits. The main one stands first; there is one as long as there are any in use.
    """

    __tablename__ = "indicator"
    __table_args__ = (
        ForeignKeyConstraint(["partnership_id", "number"], ["entry.partnership_id", "entry.number"]),
        ForeignKeyConstraint(["partnership_id", "created_by_id"], ["membership.partnership_id", "membership.id"]),
        ForeignKeyConstraint(["partnership_id", "role_id"], ["role.partnership_id", "role.id"]),
        UniqueConstraint("created_by_id", "one_time_key"),
    )

    partnership_id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(120))
    definition: Mapped[str] = mapped_column(Text)
    kind: Mapped[IndicatorKind] = mapped_column(enum_column_type(IndicatorKind, otherwise=IndicatorKind.COUNT))
    unit: Mapped[str] = mapped_column(String(20), default="")
    decimals: Mapped[int] = mapped_column(default=0)
    direction: Mapped[Direction] = mapped_column(enum_column_type(Direction, otherwise=Direction.UP))
    measures: Mapped[Measures] = mapped_column(enum_column_type(Measures, otherwise=Measures.FLOW))
    rhythm: Mapped[Rhythm] = mapped_column(enum_column_type(Rhythm, otherwise=Rhythm.IRREGULAR))
    pooling: Mapped[Pooling] = mapped_column(enum_column_type(Pooling, otherwise=Pooling.SEPARATELY))
    goal: Mapped[int | None]
    goal_target: Mapped[str] = mapped_column(String(5), default="")
    role_id: Mapped[int | None]
    position: Mapped[int]
    is_main: Mapped[bool] = mapped_column(default=False)
    created_by_id: Mapped[int]
    one_time_key: Mapped[str] = mapped_column(String(36))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    has_numbers: Mapped[bool] = mapped_column(default=False)
    terms: Mapped[int] = mapped_column(default=1)
    version: Mapped[int] = mapped_column(default=1)

    @classmethod
    def add(cls, by: Membership, *, one_time_key: str, organisations: Collection[int], **described: Any) -> "Indicator":
        """Add an indicator, last in order, whose numbers these organisations owe from now on.

        The first is the main one. The same key returns the same one, or raises IndicatorAlreadyAdded if it differs.
        Raises SeveralReporters unless one organisation owes a number that there is once for all.
        """
        with by.partnership.locked():
            by.require(Action.ADD_INDICATORS)
            mine = select(cls).where(cls.created_by_id == by.id, cls.one_time_key == one_time_key)
            if made := db.session.scalar(mine):
                if (made.name, made.definition) != (described["name"], described["definition"]):
                    raise IndicatorAlreadyAdded(made.number)
                return made
            if by.partnership.indicator_count >= MOST_INDICATORS:
                raise Conflict(
                    _("There are %(num)s indicators already. Edit one of them instead.", num=MOST_INDICATORS)
                )
            _require_role(by, described.get("role_id"))
            _require_one_reporter(described["pooling"], organisations)
            entry = record_by(by, ADDED_INDICATOR, name=described["name"])
            indicator = cls(
                partnership_id=by.partnership_id,
                number=entry.number,
                position=entry.number,
                is_main=not _has_main(by.partnership_id),
                created_by_id=by.id,
                one_time_key=one_time_key,
                created_at=entry.at,
                **described,
            )
            by.partnership.indicator_count += 1
            db.session.add(indicator)
            db.session.flush()
            indicator._put_sources(dict.fromkeys(organisations))
            return indicator

    def edit(self, by: Membership, *, version: int, **described: Any) -> None:
        """Change what is said of it. Raises StaleIndicator if `version` is not the current one.

        Another definition or unit ends what was agreed on, and numbers before and after are told apart by a break.
        Raises SeveralReporters unless one organisation owes a number that there will be once for all.
        """
        with by.partnership.locked():
            self.require_led_by(by)
            self._require_version(version)
            changed = {key for key in DESCRIBED if key in described and described[key] != getattr(self, key)}
            if changed & set(SETTLED) and self.has_numbers:
                raise Conflict(
                    _("There are numbers already, so what is counted can't become something else. Add a new indicator.")
                )
            if "role_id" in changed:
                _require_role(by, described["role_id"])
            if "pooling" in changed:
                _require_one_reporter(described["pooling"], self._reporters())
            if changed:
                breaks = {"before": self.definition, "after": described["definition"]} if changed & set(COUNTED) else {}
                for key in changed:
                    setattr(self, key, described[key])
                self.version += 1
                self.terms += bool(breaks)
                record_by(by, EDITED_INDICATOR, thing_number=self.number, name=self.name, **breaks)

    def make_main(self, by: Membership) -> None:
        """Let it stand first. That is no event, so nothing is logged."""
        with by.partnership.locked():
            self.require_led_by(by)
            others = update(Indicator).where(Indicator.partnership_id == self.partnership_id)
            db.session.execute(others.values(is_main=False))
            self.is_main = True

    def move(self, by: Membership, *, by_places: int) -> tuple[int, int]:
        """Let it stand one place earlier (-1) or later (1); returns its place, from 1, among how many.

        The main one stays first, and what is last or right behind it stays where it is at the end of its way. That is
        no event, so nothing is logged. Raises Conflict for the main one, and for one that is retired.
        """
        with by.partnership.locked():
            by.require(Action.ADD_INDICATORS)
            self.require_in_use()
            if self.is_main:
                raise Conflict(_("The main indicator always comes first. Show another one first instead."))
            order = sorted(db.session.scalars(_in_order(self.partnership_id)), key=lambda one: not one.is_main)
            place = order.index(self)
            other = max(1, min(len(order) - 1, place + by_places))
            order[place], order[other] = order[other], order[place]
            for position, one in enumerate(order):
                one.position = position
            return other + 1, len(order)

    def set_sources(self, by: Membership, reporters: dict[int, int | None], *, version: int) -> None:
        """Let exactly these organisations owe its numbers, each with who enters them, if that is decided.

        Twice is once. Raises StaleIndicator if `version` is not the current one, and SeveralReporters unless one
        organisation owes a number that there is once for all.
        """
        with by.partnership.locked():
            self.require_led_by(by)
            _require_one_reporter(self.pooling, reporters)
            reporters = _of_their_own(self.partnership_id, reporters)
            if reporters == self._reporters():
                return
            self._require_version(version)
            self._put_sources(reporters)
            self.version += 1
            record_by(by, EDITED_INDICATOR, thing_number=self.number, name=self.name)

    def set_reference(
        self,
        by: Membership,
        kind: ReferenceKind,
        *,
        version: int,
        value: Decimal,
        parts: tuple[Decimal, Decimal] | None = None,
        day: date,
        note: str = "",
        organisation_id: int | None = None,
    ) -> None:
        """Set the target, or the baseline, which may be one organisation's; `parts` are what a share is made of.

        The former ones stay. Both sides are asked to agree again. Twice is once. Raises StaleIndicator if `version` is
        not the current one.
        """
        with by.partnership.locked():
            self.require_led_by(by)
            former = newest_reference(self, kind, organisation_id)
            numerator, denominator = parts or (None, None)
            wanted = {"value": value, "numerator": numerator, "denominator": denominator, "day": day, "note": note}
            if former and all(getattr(former, name) == wanted[name] for name in wanted):
                return
            self._require_version(version)
            reference = Reference(
                partnership_id=self.partnership_id,
                indicator_number=self.number,
                kind=kind,
                organisation_id=organisation_id,
                membership_id=by.id,
                at=clock.now(),
                **wanted,
            )
            db.session.add(reference)
            self.terms += 1
            self.version += 1
            verb = SET_TARGET if kind is ReferenceKind.TARGET else SET_BASELINE
            said = {"value": str(value), "before": str(former.value) if former else "", "note": note, **told_form(self)}
            record_by(by, verb, thing_number=self.number, name=self.name, **said)

    def agree(self, by: Membership, side: Side, *, terms: int) -> None:
        """Say for a side that the definition, the baseline and the target are right; twice is once.

        Raises StaleIndicator if `terms` are not the present ones: what was read is not what would be agreed on.
        """
        with by.partnership.locked():
            by.require(Action.MEASURE)
            self.require_in_use()
            if side_of(by) is not side:
                raise NotAllowed(_("Only the other side can agree for itself."))
            if self.terms != terms:
                raise StaleIndicator(_("The indicator has been changed in the meantime. Read it again first."))
            if db.session.get(Agreement, (self.partnership_id, self.number, side, terms)) is None:
                agreed = Agreement(
                    partnership_id=self.partnership_id,
                    indicator_number=self.number,
                    side=side,
                    terms=terms,
                    membership_id=by.id,
                    at=clock.now(),
                )
                db.session.add(agreed)
                record_by(by, AGREED_ON_INDICATOR, thing_number=self.number, name=self.name)

    def retire(self, by: Membership) -> None:
        """Measure it no longer. Its numbers can still be read; twice is once."""
        with by.partnership.locked():
            self.require_led_by(by, may_be_retired=True)
            if self.retired_at is None:
                self.retired_at = clock.now()
                if self.is_main:
                    self.is_main = False
                    db.session.flush()
                    if heir := db.session.scalar(_in_order(self.partnership_id).limit(1)):
                        heir.is_main = True
                record_by(by, RETIRED_INDICATOR, thing_number=self.number, name=self.name)

    def resume(self, by: Membership) -> None:
        """Measure it again. Nobody owes numbers of the time in between."""
        with by.partnership.locked():
            self.require_led_by(by, may_be_retired=True)
            if self.retired_at is not None:
                self.retired_at = None
                self.is_main = not _has_main(self.partnership_id)
                db.session.flush()
                own = Source.partnership_id == self.partnership_id, Source.indicator_number == self.number
                db.session.execute(update(Source).where(*own).values(since=today()))
                record_by(by, RESUMED_INDICATOR, thing_number=self.number, name=self.name)

    def is_led_by(self, member: Membership) -> bool:
        """Whether `member` may decide about it: a moderator, or whoever has the role that answers for it."""
        if not member.may(Action.MEASURE):
            return False
        return member.level is Level.MODERATOR or holds(member, self.role_id)

    def require_led_by(self, member: Membership, *, may_be_retired: bool = False) -> None:
        """Raise the appropriate error unless `member` may decide about it, and it is in use."""
        member.require(Action.MEASURE)
        if not self.is_led_by(member):
            raise NotAllowed(_("Only moderators and whoever answers for the indicator can do this."))
        if not may_be_retired:
            self.require_in_use()

    def require_in_use(self) -> None:
        """Raise Conflict for a retired one."""
        if self.retired_at is not None:
            raise Conflict(_("The indicator is no longer in use."))

    def _require_version(self, version: int) -> None:
        """Raise StaleIndicator unless that is the current version."""
        if self.version != version:
            raise StaleIndicator(_("Somebody else has changed the indicator in the meantime."))

    def _reporters(self) -> dict[int, int | None]:
        """The organisations that owe its numbers, each with who enters them, if that is decided."""
        return {source.organisation_id: source.reporter_id for source in self._sources() if source.owes}

    def _sources(self) -> list["Source"]:
        own = Source.partnership_id == self.partnership_id, Source.indicator_number == self.number
        return list(db.session.scalars(select(Source).where(*own)))

    def _put_sources(self, reporters: dict[int, int | None]) -> None:
        here = Participation.partnership_id == self.partnership_id
        partners = set(db.session.scalars(select(Participation.organisation_id).where(here)))
        known = {source.organisation_id: source for source in self._sources()}
        if len(known.keys() | reporters.keys()) > MOST_SOURCES:
            raise Conflict(_("At most %(num)s organisations can enter numbers for an indicator.", num=MOST_SOURCES))
        for organisation_id, source in known.items():
            if organisation_id not in reporters and source.owes:
                source.ended_at = clock.now()
        for organisation_id, member_id in reporters.items():
            if organisation_id not in partners:
                raise Conflict(
                    _("An organisation that you chose takes no part any more. Reload the page, and try again.")
                )
            source = known.get(organisation_id) or self._new_source(organisation_id)
            if not source.owes:
                source.ended_at, source.since = None, today()
            source.reporter_id = member_id
        db.session.flush()

    def _new_source(self, organisation_id: int) -> "Source":
        source = Source(
            partnership_id=self.partnership_id,
            indicator_number=self.number,
            organisation_id=organisation_id,
            since=today(),
        )
        db.session.add(source)
        return source


USES.append((Indicator,))


class Source(Model):
    """Who owes the numbers of an indicator: an organisation, for all periods that end after `since`.

    One that has left the partnership owes none; what it measured counts. The reporter is who enters them, if that is
    decided; else any of the organisation's contributors does.
    """

    __tablename__ = "indicator_source"
    __table_args__ = (
        ForeignKeyConstraint(["partnership_id", "indicator_number"], ["indicator.partnership_id", "indicator.number"]),
        ForeignKeyConstraint(["partnership_id", "reporter_id"], ["membership.partnership_id", "membership.id"]),
        Index("ix_indicator_source_partnership_id_organisation_id", "partnership_id", "organisation_id"),
    )

    partnership_id: Mapped[int] = mapped_column(primary_key=True)
    indicator_number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    reporter_id: Mapped[int | None]
    since: Mapped[date]
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def owes(self) -> bool:
        """Whether it owes the numbers still, as long as it takes part."""
        return self.ended_at is None


class Reference(Model):
    """A baseline, as of a day, or a target, by a day; in per cent for a share. The newest holds; all are kept.

    A share may say what it is made of: numerator and denominator.
    """

    __tablename__ = "reference_value"
    __table_args__ = (
        ForeignKeyConstraint(["partnership_id", "indicator_number"], ["indicator.partnership_id", "indicator.number"]),
        ForeignKeyConstraint(["partnership_id", "membership_id"], ["membership.partnership_id", "membership.id"]),
        Index("ix_reference_value_partnership_id_indicator_number", "partnership_id", "indicator_number", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    partnership_id: Mapped[int]
    indicator_number: Mapped[int]
    kind: Mapped[ReferenceKind] = mapped_column(enum_column_type(ReferenceKind, otherwise=ReferenceKind.BASELINE))
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    value: Mapped[Decimal] = mapped_column(FixedPoint)
    numerator: Mapped[Decimal | None] = mapped_column(FixedPoint)
    denominator: Mapped[Decimal | None] = mapped_column(FixedPoint)
    day: Mapped[date]
    note: Mapped[str] = mapped_column(Text, default="")
    membership_id: Mapped[int]
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Agreement(Model):
    """That a side has said good for an indicator's definition, baseline and target as of its `terms`."""

    __tablename__ = "agreement"
    __table_args__ = (
        ForeignKeyConstraint(["partnership_id", "indicator_number"], ["indicator.partnership_id", "indicator.number"]),
        ForeignKeyConstraint(["partnership_id", "membership_id"], ["membership.partnership_id", "membership.id"]),
    )

    partnership_id: Mapped[int] = mapped_column(primary_key=True)
    indicator_number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    side: Mapped[Side] = mapped_column(enum_column_type(Side, otherwise=Side.OTHERS), primary_key=True)
    terms: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    membership_id: Mapped[int]
    at: Mapped[datetime] = mapped_column(UtcDateTime)


def told_form(indicator: Indicator) -> dict[str, Any]:
    """What the log needs to tell a value of this indicator later, as it was counted at the time."""
    return {"kind": indicator.kind.value, "unit": indicator.unit, "decimals": indicator.decimals}


def side_of(member: Membership) -> Side | None:
    """The side that the member's organisation is on; None if it no longer takes part."""
    found = db.session.get(Participation, (member.partnership_id, member.organisation_id))
    return found.side if found else None


def _require_one_reporter(pooling: Pooling, organisations: Collection[int]) -> None:
    """Raise SeveralReporters if there is one number for all, and not one organisation that owes it."""
    if pooling is Pooling.ONCE_FOR_ALL and len(organisations) != 1:
        raise SeveralReporters(_("There is one number for all, so choose one organisation."))


def _of_their_own(partnership_id: int, reporters: dict[int, int | None]) -> dict[int, int | None]:
    """The same, without reporters who are no active members of the organisation that they would report for."""
    found = select(Membership.id, Membership.organisation_id).where(
        Membership.partnership_id == partnership_id,
        Membership.id.in_({member_id for member_id in reporters.values() if member_id}),
        Membership.is_active,
    )
    organisations = {row.id: row.organisation_id for row in db.session.execute(found)}
    return {
        organisation_id: member_id if organisations.get(member_id or 0) == organisation_id else None
        for organisation_id, member_id in reporters.items()
    }


def newest_reference(indicator: Indicator, kind: ReferenceKind, organisation_id: int | None = None) -> Reference | None:
    """The target or baseline that holds now: of one organisation, or for all together."""
    of_it = select(Reference).where(
        Reference.partnership_id == indicator.partnership_id,
        Reference.indicator_number == indicator.number,
        Reference.kind == kind,
        Reference.organisation_id.is_not_distinct_from(organisation_id),
    )
    return db.session.scalar(of_it.order_by(Reference.id.desc()).limit(1))


def _has_main(partnership_id: int) -> bool:
    main = select(Indicator.number).where(Indicator.partnership_id == partnership_id, Indicator.is_main)
    return db.session.scalar(main.limit(1)) is not None


def _in_order(partnership_id: int) -> Any:
    in_use = select(Indicator).where(Indicator.partnership_id == partnership_id, Indicator.retired_at.is_(None))
    return in_use.order_by(Indicator.position, Indicator.number)


def _require_role(by: Membership, role_id: int | None) -> None:
    """Raise Conflict unless the role is one in use here, or none."""
    role = db.session.get(Role, role_id) if role_id else None
    if role_id and (role is None or role.partnership_id != by.partnership_id or role.retired_at is not None):
        raise Conflict(_("The role that you chose is no longer in use. Choose another, or none."))
