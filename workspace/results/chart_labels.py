"""Where the words in a chart stand: beside what they are about, and not upon one another, also on a small phone.

What is placed first has its choice. The server knows neither the width of the chart nor that of its letters, so it
reckons with the narrowest: where words find room there, they find it everywhere, since all else in a chart stretches.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from markupsafe import escape

WIDTH, HEIGHT = 250.0, 288.0  # of the narrowest chart, in pixels: on a screen of 320, and as static/css says
LARGE = "chart__now"
REACH = 4.0  # of a dot, from its middle
THIN = 0.25  # half of what a line takes


class Box(NamedTuple):
    """A part of the chart, in pixels."""

    left: float
    top: float
    right: float
    bottom: float

    def shared_with(self, other: "Box") -> float:
        """How large the part is that both have."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return width * height if width > 0 and height > 0 else 0.0


CHART = Box(0, 0, WIDTH + 8, HEIGHT)


@dataclass(frozen=True)
class Spot:
    """A place for words, from the point that they are about: so many pixels away, where `anchor` of the text stands."""

    anchor: str = ""
    dx: int = 0
    dy: int = 0


@dataclass(frozen=True)
class Words:
    """Words at a point, which is in per cent of the chart."""

    x: str
    y: str
    text: str
    classes: str = ""

    def at(self, spot: Spot) -> str:
        """The same as SVG."""
        more = "".join(
            f' {name}="{value}"'
            for name, value in (
                ("class", self.classes),
                ("text-anchor", spot.anchor),
                ("dx", spot.dx),
                ("dy", spot.dy),
            )
            if value
        )
        return f'<text x="{self.x}%" y="{self.y}%"{more}>{escape(self.text)}</text>'

    def box(self, spot: Spot) -> Box:
        """What it covers, about."""
        is_large = LARGE in self.classes
        letter, ascent, descent = (8.5, 12.0, 3.0) if is_large else (7.0, 10.0, 2.0)
        width = letter * len(self.text)
        left = float(self.x) / 100 * WIDTH + spot.dx - {"end": width, "middle": width / 2}.get(spot.anchor, 0)
        base = float(self.y) / 100 * HEIGHT + spot.dy
        return Box(left, base - ascent, left + width, base + descent)


Placed = tuple[Words, Spot]


class Labels:
    """The words of a chart that are placed already, and what they may not cover."""

    def __init__(self, dots: Iterable[tuple[str, str]]) -> None:
        middles = [(float(x) / 100 * WIDTH, float(y) / 100 * HEIGHT) for x, y in dots]
        self.taken = [Box(x - REACH, y - REACH, x + REACH, y + REACH) for x, y in middles]
        self.drawn: list[str] = []

    def avoid_line(self, x1: str, y1: str, x2: str, y2: str) -> None:
        """Let words rather not stand upon a level or upright line: they can be read there, but better elsewhere."""
        (left, right), (top, bottom) = sorted(map(float, (x1, x2))), sorted(map(float, (y1, y2)))
        across, down = WIDTH / 100, HEIGHT / 100
        self.taken.append(
            Box(left * across - THIN, top * down - THIN, right * across + THIN, bottom * down + THIN),
        )

    def place(self, *choices: Sequence[Placed], may_be_left_out: bool = False) -> None:
        """Put words where nothing is covered: the first of `choices` that does wins.

        Where none does, they stand where they cover least, unless they can be read elsewhere as well.
        """
        boxes = [[words.box(spot) for words, spot in choice] for choice in choices]
        costs = [sum(map(self._covered, of_choice)) for of_choice in boxes]
        best = costs.index(min(costs))
        if not costs[best] or not may_be_left_out:
            self.taken += boxes[best]
            self.drawn += [words.at(spot) for words, spot in choices[best]]

    def _covered(self, box: Box) -> float:
        """How much it would cover, or would stand outside."""
        size = (box.right - box.left) * (box.bottom - box.top)
        return sum(box.shared_with(other) for other in self.taken) + size - box.shared_with(CHART)
