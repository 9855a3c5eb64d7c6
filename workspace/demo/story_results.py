"""The story's indicators and their invented numbers, told by the product's own verbs.

Periods are counted back from the day of the event: 1 is the newest that was over then.
"""

import random
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import select

from workspace import clock, rich_text
from workspace.db import db
from workspace.i18n import formatting
from workspace.organisations.models import OrganisationKind
from workspace.results import periods, recording
from workspace.results.kinds import Direction, IndicatorKind, Measures, Pooling, ReferenceKind
from workspace.results.measurements import Measurement, Reading
from workspace.results.models import Indicator, side_of
from workspace.results.periods import ReportingPeriod, Rhythm
from workspace.results.recording import Story

if TYPE_CHECKING:
    from workspace.demo.story_loader import StoryPlayer

Event = dict[str, Any]
HOLES = 0.06  # of the numbers that are made up by chance


def add_indicator(player: "StoryPlayer", event: Event) -> None:
    """Add an indicator whose numbers the named organisations owe, or all institutions."""
    keys = event["organisations"]
    if keys == "institutions":
        named = [one.id for one in player.organisations.values() if one.kind is OrganisationKind.INSTITUTION]
    else:
        named = [player.organisations[key].id for key in keys]
    player.indicators[event["key"]] = Indicator.add(
        player.memberships[event["by"]],
        one_time_key=_key(player, event["key"]),
        organisations=named,
        name=event["name"],
        definition=event["definition"].strip(),
        kind=IndicatorKind(event["kind"]),
        unit=event.get("unit", ""),
        decimals=event.get("decimals", 0),
        direction=Direction(event.get("direction", "up")),
        measures=Measures(event.get("measures", "flow")),
        rhythm=Rhythm.QUARTER,
        pooling=Pooling(event.get("pooling", "together")),
        goal=event.get("goal"),
        goal_target=event.get("goal_target", ""),
        role_id=player.roles[event["role"]].id if "role" in event else None,
    )


def refer(player: "StoryPlayer", event: Event) -> None:
    """Set a baseline or a target."""
    kind = ReferenceKind(event["do"])
    days = timedelta(days=event["in_days"]) if kind is ReferenceKind.TARGET else timedelta()
    day = _period(event.get("back", 1)).last if kind is ReferenceKind.BASELINE else formatting.today() + days
    indicator = player.indicators[event["indicator"]]
    indicator.set_reference(
        player.memberships[event["by"]],
        kind,
        version=indicator.version,
        value=Decimal(str(event["value"])),
        day=day,
        note=event.get("note", ""),
    )


def agree(player: "StoryPlayer", event: Event) -> None:
    """Agree on an indicator for one's side."""
    by, indicator = player.memberships[event["by"]], player.indicators[event["indicator"]]
    side = side_of(by)
    if side is not None:
        indicator.agree(by, side, terms=indicator.terms)


def count_otherwise(player: "StoryPlayer", event: Event) -> None:
    """Change what is counted."""
    indicator = player.indicators[event["indicator"]]
    by = player.memberships[event["by"]]
    indicator.edit(by, version=indicator.version, definition=event["definition"].strip())


def measure(player: "StoryPlayer", event: Event) -> None:
    """Enter numbers: by organisation a list, the oldest first and the last for the period `back`; or made up."""
    indicator = player.indicators[event["indicator"]]
    numbers = event["numbers"] if "numbers" in event else _made_up(player, event)
    readings = []
    for key, row in numbers.items():
        for place, text in enumerate(reversed(row)):
            readings.append(_reading(player, indicator, key, str(text), _period(event.get("back", 1) + place)))
    story = None
    if "body" in event:
        body = rich_text.from_plain(event["body"].strip())
        story = Story(title=event["title"], body=body, one_time_key=_key(player, f"numbers-{event['nth']}"))
    recording.record(player.memberships[event["by"]], readings, story=story)


def correct(player: "StoryPlayer", event: Event) -> None:
    """Correct one number."""
    indicator = player.indicators[event["indicator"]]
    measured = select(Measurement).where(
        Measurement.partnership_id == player.partnership.id,
        Measurement.indicator_number == indicator.number,
        Measurement.organisation_id == player.organisations[event["organisation"]].id,
        Measurement.replaced_by_number.is_(None),
    )
    found = list(db.session.scalars(measured.order_by(Measurement.to_day.desc())))
    standing = found[event["back"] - 1]
    reading = _reading(player, indicator, event["organisation"], event["number"], standing.period)
    recording.correct(standing, player.memberships[event["by"]], reading, event["why"])


def _reading(player: "StoryPlayer", indicator: Indicator, key: str, text: str, period: ReportingPeriod) -> Reading:
    """A number as the story writes it: "91/130", "6.4", or else the reason why there is none."""
    parts = text.split("/")
    is_number = parts[0].replace(".", "").isdecimal()
    return Reading(
        indicator=indicator,
        organisation_id=player.organisations[key].id,
        period=period,
        numerator=Decimal(parts[0]) if is_number else None,
        denominator=Decimal(parts[1]) if is_number and len(parts) > 1 else None,
        note="" if is_number else text,
    )


def _made_up(player: "StoryPlayer", event: Event) -> dict[str, list[str]]:
    """Shares of the institutions' staff or rooms, rising from `low` to `high` per cent; some could not be measured."""
    chance = random.Random(f"{player.slug} {event['indicator']} {event['days_ago']}")
    made: dict[str, list[str]] = {}
    for key, organisation in player.organisations.items():
        if organisation.kind is not OrganisationKind.INSTITUTION or key in event.get("missing", ()):
            continue
        whole, row = chance.randint(*event["whole"]), []
        for place in range(event["periods"]):
            way = event["low"] + (event["high"] - event["low"]) * place / max(1, event["periods"] - 1)
            part = min(whole, max(0, round(whole * (way + chance.uniform(-12, 12)) / 100)))
            row.append("Vi var for få på arbejde til at tælle" if chance.random() < HOLES else f"{part}/{whole}")
        made[key] = row
    return made


def _period(back: int) -> ReportingPeriod:
    """The period that is `back` before the present one."""
    today: date = clock.now().date()
    return periods.ended(Rhythm.QUARTER, today, back)[-1]


def _key(player: "StoryPlayer", part: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"{player.slug}/results/{part}"))
