"""Charts: ticks, steps, breaks and hollow points, as they were looked at; `GOLDEN=write` writes the picture anew."""

import os
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.results.town import FIRST, LATEST
from workspace.results import chart
from workspace.results.chart_labels import Labels, Spot, Words

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


def point(day: date, value: str, lowest: str, highest: str, part: str = "", label: str = "") -> chart.Point:
    return chart.Point(day, number(value), number(lowest), number(highest), part, label)


def drawing() -> chart.Drawing:
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


def crowded() -> chart.Drawing:
    """The newest period is not complete, and lies on its target, which was changed beside it; then the count was."""
    drawn, changed = drawing(), date(2026, 4, 10)
    points = [*drawn.points[:-2], point(date(2025, 12, 31), "68", "50", "72", label="68 %"), drawn.points[-1]]
    targets = [
        chart.Step(FIRST, changed, number("75"), "Mål 75 %"),
        chart.Step(changed, date(2026, 8, 30), number("70"), "Mål 70 %"),
    ]
    breaks = [(date(2026, 5, 10), "Ny måde at tælle på")]
    return replace(drawn, points=points, targets=targets, breaks=breaks, until=date(2026, 8, 30))


def falling() -> chart.Drawing:
    """What should fall has two periods, and has reached its target."""
    points = [point(FIRST, "70", "70", "70", label="70 %"), point(LATEST, "45", "45", "45", label="45 %")]
    targets = [chart.Step(FIRST, LATEST, number("45"), "Mål 45 %")]
    return replace(drawing(), points=points, targets=targets, breaks=[])


DRAWINGS = {"chart": drawing, "crowded": crowded, "falling": falling}


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_chart_is_as_it_was_looked_at(name: str) -> None:
    drawn, path = str(chart.draw(DRAWINGS[name]())), GOLDEN / f"{name}.svg"
    if os.environ.get("GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(drawn, "utf-8")
    assert drawn == path.read_text("utf-8"), "The chart is another: GOLDEN=write, and look at it"


@pytest.mark.parametrize("name", DRAWINGS)
def test_no_words_stand_upon_one_another_on_the_smallest_phone(name: str) -> None:
    svg = ElementTree.fromstring(str(chart.draw(DRAWINGS[name]())))
    boxes = {}
    for text in svg.iter("text"):
        at = {key: text.get(key, "").rstrip("%") for key in "xy"}
        words = Words(**at, text=text.text or "", classes=text.get("class", ""))
        spot = Spot(text.get("text-anchor", ""), int(text.get("dx", 0)), int(text.get("dy", 0)))
        if words.classes != "chart__between":  # That one is not shown there.
            boxes[words.text] = words.box(spot)
    assert {"3 af 4", "68 %", "Ny måde at tælle på"} <= set(boxes) or name != "crowded"
    covered = {(one, other) for one, other in combinations(boxes, 2) if boxes[one].shared_with(boxes[other])}
    assert not covered


def test_words_that_find_no_room_can_be_left_out() -> None:
    placed, words = Labels([]), Words("50", "50", "64 %")
    for _ in range(2):
        placed.place([(words, Spot())], may_be_left_out=True)
    assert len(placed.drawn) == 1
    placed.place([(words, Spot())], [(words, Spot(dy=40))])
    assert placed.drawn[1:] == [words.at(Spot(dy=40))]


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
