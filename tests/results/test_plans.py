"""How the databases find what the pages of results show: alike with 100 measurements and with 100,000 of others."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event, func, insert, select

from tests.client import Client, signed_in
from tests.databases import KIND
from tests.factories import make_organisation, measured_indicator, start_partnership
from tests.results.test_costs import fill
from tests.results.town import LATEST, NOW, Town, reading
from tests.test_plans import nodes, prepared_plan, sqlite_plan
from workspace import Workspace
from workspace.db import db
from workspace.partnerships.activity_log import Entry
from workspace.partnerships.models import Membership
from workspace.results import periods, recording
from workspace.results.measurements import Measurement, MeasurementState
from workspace.results.models import Indicator, Source
from workspace.results.periods import ReportingPeriod, Rhythm

MANY, QUARTERS = 100_000, 140
MOST = 1.3
COARSE = 200 if KIND == "sqlite" else 0  # SQLite's steps are counted in hundreds.
LARGE = ("measurement", "indicator", "indicator_source", "reference_value")


class Statements:
    """What is asked while it listens: each statement once, with its parameters."""

    def __init__(self) -> None:
        self.asked: dict[str, Any] = {}
        self.listens = False
        event.listen(db.engine, "before_cursor_execute", self._hear)

    def _hear(self, connection: Any, cursor: Any, statement: str, given: Any, *rest: Any) -> None:
        if self.listens and statement.startswith("SELECT") and any(f"{table}." in statement for table in LARGE):
            self.asked.setdefault(statement, given)


def add_others() -> None:
    """Another partnership, in which 60 organisations have measured 12 indicators since 1991: 100,000 measurements."""
    moderator = start_partnership("Et andet sted")
    partners = [make_organisation().id for _ in range(60)]
    lasts = periods.ended(Rhythm.QUARTER, NOW.date(), QUARTERS)
    while (db.session.scalar(select(func.count()).select_from(Measurement)) or 0) < MANY:
        indicator = measured_indicator(None, moderator)
        rows = [row(moderator, indicator, one, period) for one in partners for period in lasts]
        db.session.execute(insert(Measurement), rows)
    db.session.commit()


def row(by: Membership, indicator: Indicator, organisation_id: int, period: ReportingPeriod) -> dict[str, Any]:
    return {
        "partnership_id": by.partnership_id,
        "indicator_number": indicator.number,
        "organisation_id": organisation_id,
        "from_day": period.first,
        "to_day": period.last,
        "state": MeasurementState.MEASURED,
        "numerator": Decimal(40),
        "denominator": Decimal(100),
        "value": Decimal(40),
        "note": "",
        "evidence": "",
        "why": "",
        "membership_id": by.id,
        "entry_number": 1,
        "at": NOW,
    }


@pytest.mark.slow
def test_the_pages_read_the_same_rows_in_the_same_way_however_much_others_have_measured(
    town: Town, app: Workspace
) -> None:
    [one, _other] = fill(town, indicators=2, organisations=6, quarters=8)
    listener = Statements()
    ask(app, town, one, listener)
    assert len(listener.asked) > 15
    before = {statement: look(statement, given) for statement, given in listener.asked.items()}
    add_others()
    db.session.execute(db.text("ANALYZE"))
    db.session.commit()
    ask(app, town, one, listener)
    assert listener.asked.keys() == before.keys(), "More data, other statements"
    wrong = []
    for statement, given in listener.asked.items():
        (plan, rows), (now, many) = before[statement], look(statement, given)
        told = " ".join(statement.split())[:300]
        wrong += [f"{fault}: {told}" for fault in scans(now)]
        if many > rows * MOST + COARSE:
            wrong.append(f"{rows} and then {many} rows or steps: {now}: {told}")
        if KIND == "sqlite" and plan != now:
            wrong.append(f"{plan}, and then {now}: {told}")
    assert not wrong, "\n".join(wrong)


def ask(app: Workspace, town: Town, indicator: Indicator, listener: Statements) -> None:
    """Open every page of results, and what else asks about them."""
    home = town.partnership.address
    moderator: Client = signed_in(app, town.moderator.user)
    source = select(func.min(Source.organisation_id)).where(Source.indicator_number == indicator.number)
    owing = db.session.scalars(source).one()
    listener.listens = True
    for address in (
        f"{home}results",
        f"{home}results/{indicator.number}",
        f"{home}results/{indicator.number}?period={LATEST}",
        f"{home}results/{indicator.number}/missing",
        f"{home}results/numbers/{owing}",
        f"{home}results/order",
        home,
        "/",
    ):
        assert moderator.get(address).status_code == 200, address
    before = db.session.scalar(select(func.max(Entry.number)).where(Entry.partnership_id == town.partnership.id))
    recording.record(town.moderator, [reading(indicator, owing, date(2026, 3, 31), "7", "9")], why="Talt om")
    db.session.rollback()
    listener.listens = False
    assert before == town.partnership.last_number


def look(statement: str, given: Any) -> tuple[list[str], float]:
    """The steps of the plan, and how many measurements it reads; on SQLite the steps of its machine."""
    with db.engine.connect() as connection:
        driver = connection.connection.dbapi_connection
        if KIND == "sqlite":
            driver.execute(statement, given).fetchall()  # type: ignore[union-attr] # It reads the statistics first.
            return sqlite_plan(driver, statement, given)  # type: ignore[arg-type]
        # The other tables are so small here that PostgreSQL reads all of them.
        steps = nodes(prepared_plan(driver, statement, given))
        found = [node for node in steps if node.get("Relation Name") == "measurement"]
        read = sum(
            (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"] for node in found
        )
        return [f"{node['Node Type']} {node['Relation Name']}" for node in found], read


def scans(plan: list[str]) -> Iterator[str]:
    """What reads all of the measurements."""
    for step in plan:
        if step.startswith(("SCAN measurement", "Seq Scan measurement")):
            yield step
