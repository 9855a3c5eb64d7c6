"""Charts: ticks, steps, breaks and hollow points, as they were looked at; `GOLDEN=write` writes the picture anew."""

import os
from datetime import date
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.results.town import FIRST, LATEST
from workspace.results import chart

pytestmark = pytest.mark.either_database

GOLDEN = Path(__file__).parent / "golden"


def number(text: str) -> Decimal:
    return Decimal(text)


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        (("41", "75"), ["40", "50", "60", "70", "80"]),
        (("5.1", "6.4"), ["5.0", "5.5", "6.0", "6.5"]),
        (("0", "100"), ["0", "50", "100"]),
        (("7", "7"), ["5", "6", "7", "8", "9"]),
        (("980", "12400"), ["0", "5000", "10000", "15000"]),
        (("0.02", "0.09"), ["0.02", "0.04", "0.06", "0.08", "0.10"]),
    ],
)
def test_ticks_go_in_ones_twos_and_fives(values: tuple[str, str], ticks: list[str]) -> None:
    axis = chart.axis([number(text) for text in values], floor=Decimal(0))
    assert [Decimal(tick) for tick in axis.ticks] == [number(tick) for tick in ticks]
    assert axis.low <= min(map(number, values))
    assert axis.high >= max(map(number, values))


def drawing() -> chart.Drawing:
    def point(day: date, value: str, lowest: str, highest: str, part: str = "", label: str = "") -> chart.Point:
        return chart.Point(day, number(value), number(lowest), number(highest), part, label)

    points = [
        point(FIRST, "50", "41", "58", label="50 %"),
        point(date(2024, 12, 31), "57", "46", "65"),
        point(date(2025, 6, 30), "59", "47", "67"),
        point(date(2025, 9, 30), "61", "48", "68"),
        point(date(2025, 12, 31), "64", "50", "70", label="64 %"),
        point(LATEST, "70", "66", "72", part="3 af 4", label="70 %"),
    ]
    axis = chart.axis([number("41"), number("75")])
    return chart.Drawing(
        key="chart-41",
        title="Borgere, der bruger <løsningen>",
        description="Steget fra 50 % til 64 %. Målet er 70 %.",
        points=points,
        axis=axis,
        ticks=[f"{tick} %" for tick in axis.ticks],
        labels=[(FIRST, "1. kv. 2024"), (date(2025, 6, 30), "2. kv. 2025"), (LATEST, "1. kv. 2026")],
        until=LATEST,
        targets=[
            chart.Step(FIRST, date(2025, 3, 3), number("75"), "Mål 75 %"),
            chart.Step(date(2025, 3, 3), LATEST, number("70"), "Mål 70 %"),
        ],
        breaks=[(date(2025, 7, 1), "Ny måde at tælle på")],
    )


def test_a_chart_is_as_it_was_looked_at() -> None:
    drawn, path = str(chart.draw(drawing())), GOLDEN / "chart.svg"
    if os.environ.get("GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(drawn, "utf-8")
    assert drawn == path.read_text("utf-8"), "The chart is another: GOLDEN=write, and look at it"


def test_what_a_chart_shows_is_not_in_colour_alone() -> None:
    svg = ElementTree.fromstring(str(chart.draw(drawing())))
    assert svg.get("role") == "img"
    assert [svg[0].text, svg[1].text] == ["Borgere, der bruger <løsningen>", "Steget fra 50 % til 64 %. Målet er 70 %."]
    names = [element.get("class", "") for element in svg.iter()]
    assert names.count("chart__line") == 2, "The break cuts the line"
    assert names.count("chart__band") == 2, "and the band"
    assert names.count("chart__part") == 1, "A period that is not complete is hollow"
    assert names.count("chart__target") == 3, "The target goes in steps"
    assert not any("style" in element.attrib for element in svg.iter())
