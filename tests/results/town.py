"""Four municipalities and a company, who measure together: what the tests of results are made of."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from tests.factories import (
    Level,
    OrganisationKind,
    Side,
    add_member,
    make_organisation,
    make_user,
    start_partnership,
)
from workspace import clock
from workspace.db import db
from workspace.i18n import numbers
from workspace.partnerships.models import Membership
from workspace.results import periods, recording
from workspace.results.kinds import Direction, IndicatorKind, Measures, Pooling, ReferenceKind
from workspace.results.measurements import Reading
from workspace.results.models import Indicator
from workspace.results.periods import ReportingPeriod, Rhythm

NAMES = ("Gentofte Kommune", "Gladsaxe Kommune", "Lyngby-Taarbæk Kommune", "Rudersdal Kommune")
# A Thursday in the second quarter of 2026; two years before, everything began.
NOW = datetime(2026, 4, 9, 9, tzinfo=UTC)
BEGUN = datetime(2024, 1, 11, 9, tzinfo=UTC)
FIRST, LATEST = date(2024, 3, 31), date(2026, 3, 31)


class Town:
    """The partnership: its moderator, of the company, and somebody who enters numbers in each municipality."""

    def __init__(self) -> None:
        company = make_organisation("Icura", OrganisationKind.COMPANY)
        by = make_user("Farida Nazari", company, language="en")
        self.moderator = start_partnership("Digital genoptræning", by=by, sides={company: Side.COMPANY})
        self.partnership = self.moderator.partnership
        self.members = {name: self._member(name) for name in NAMES}
        self.reader = add_member(self.moderator, make_user("Lars Læser", company, language="en"), Level.OBSERVER)

    def _member(self, name: str) -> Membership:
        user = make_user(f"Person i {name}", make_organisation(name), language="en")
        return add_member(self.moderator, user, side=Side.MUNICIPALITIES)

    @property
    def organisations(self) -> dict[str, int]:
        """The municipalities' ids, by name."""
        return {name: member.organisation_id for name, member in self.members.items()}

    members_side = Side.MUNICIPALITIES

    def indicator(self, name: str = "Borgere, der bruger løsningen", **described: Any) -> Indicator:
        """An indicator of the four municipalities: by default a share that should rise, each quarter."""
        defaults: dict[str, Any] = {
            "kind": IndicatorKind.SHARE,
            "definition": "Borgere, der har trænet hjemme mindst én gang. Ikke dem, der er flyttet.",
            "unit": "",
            "decimals": 0,
            "direction": Direction.UP,
            "measures": Measures.FLOW,
            "rhythm": Rhythm.QUARTER,
            "pooling": Pooling.TOGETHER,
            "goal": 3,
            "goal_target": "3.8",
            "role_id": None,
        }
        owing = described.pop("organisations", list(self.organisations.values()))
        made = Indicator.add(
            self.moderator,
            one_time_key=str(uuid4()),
            organisations=owing,
            name=name,
            **defaults | described,
        )
        db.session.commit()
        return made

    def refer(self, indicator: Indicator, baseline: int, target: int, first_target: int | None = None) -> None:
        """Set the baseline and the target, and before it another target."""
        day = date(2026, 12, 31)
        by = self.moderator
        found = [(ReferenceKind.BASELINE, baseline, FIRST, "")]
        if first_target is not None:
            found.append((ReferenceKind.TARGET, first_target, day, ""))
        found.append((ReferenceKind.TARGET, target, day, "Nogle skal ses hver gang."))
        for kind, value, when, note in found:
            indicator.set_reference(by, kind, version=indicator.version, value=Decimal(value), day=when, note=note)
        db.session.commit()


def quarter(last: date) -> ReportingPeriod:
    """The quarter that ends on that day."""
    return periods.containing(Rhythm.QUARTER, last)


def reading(indicator: Indicator, organisation_id: int, last: date, *counted: str, note: str = "") -> Reading:
    """A number as it is brought, "86" of "126"; without one it is not measured."""
    given = [numbers.parse(text) for text in counted]
    return Reading(
        indicator=indicator,
        organisation_id=organisation_id,
        period=periods.containing(indicator.rhythm, last),
        numerator=given[0] if given else None,
        denominator=given[1] if len(given) > 1 else None,
        note=note or ("" if given else "Systemet var nede"),
    )


def measure(by: Membership, *readings: Reading, **options: Any) -> recording.Recorded:
    """Write numbers down."""
    made = recording.record(by, readings, **options)
    db.session.commit()
    return made


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Let it be that moment."""
    with clock.at(moment):
        yield


def after(days: int) -> datetime:
    """So many days after everything began."""
    return BEGUN + timedelta(days=days)
