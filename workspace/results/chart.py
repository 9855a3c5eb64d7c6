"""Charts as SVG, made by the server: no script, no style attribute, and text that keeps its size.

The outer SVG has no viewBox and uses per cent, so texts and dots stay as they are while the chart follows its column;
only lines and bands lie in an inner one, and stretch. Nothing is in colour alone: the target is dashed, a break is a
line with words, a period that is not complete is hollow and unjoined. The numbers always stand beside it as a table.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from markupsafe import Markup, escape

from workspace.results.chart_labels import Labels, Spot, Words

LEFT, RIGHT, TOP, BOTTOM = 12.0, 95.0, 15.0, 86.0  # the drawing area, in per cent of the SVG
WANTED_TICKS = 4
NARROW = 30.0  # per cent of the SVG: the line of a target that has room for its words at one end only
# Where the value of a period stands: of the first one right of the axis, and not upon the line.
NEAR = (Spot("middle", 0, 24), Spot("middle", 0, -11), Spot("end", -10, 5), Spot("end", 14, -11), Spot("", 10, 5))
FIRST = (Spot("", -4, 24), Spot("", 0, -11))
PAIRS = ((14, -11, 22), (-10, 4, 20), (14, -25, -11), (14, 24, 38))  # to the right, the value and what is under it
BESIDE_LINE = (-7, 17)
STEPS = (Decimal(1), Decimal(2), Decimal(5), Decimal(10))


@dataclass(frozen=True)
class Point:
    """A period: its last day, the value, the span over the organisations, and how many of them if not all."""

    day: date
    value: Decimal
    lowest: Decimal | None = None
    highest: Decimal | None = None
    part: str = ""
    label: str = ""


@dataclass(frozen=True)
class Step:
    """A target and its words, from one day to another."""

    since: date
    until: date
    value: Decimal
    words: str


@dataclass(frozen=True)
class Axis:
    """What the values are drawn on: ticks in steps of 1, 2 or 5 times a power of ten."""

    low: Decimal
    high: Decimal
    ticks: tuple[Decimal, ...]


@dataclass(frozen=True)
class Drawing:
    """All of a chart, from the first point `until` a day.

    `title` and `description` say the same as the picture; `ticks` and `labels` are written.
    """

    key: str
    title: str
    description: str
    points: Sequence[Point]
    axis: Axis
    ticks: Sequence[str]
    labels: Sequence[tuple[date, str]]
    until: date
    targets: Sequence[Step] = ()
    breaks: Sequence[tuple[date, str]] = ()


def axis(values: Iterable[Decimal], *, floor: Decimal | None = None, ceiling: Decimal | None = None) -> Axis:
    """An axis on which all the values lie, and not beyond what they can be."""
    found = list(values)
    least, most = min(found), max(found)
    if least == most:
        least, most = least - max(abs(least) / 4, Decimal(1)), most + max(abs(most) / 4, Decimal(1))
    if floor is not None:
        least = max(floor, least)
    rough = (most - least) / WANTED_TICKS
    size = Decimal(1).scaleb(rough.adjusted())
    step = next(size * nice for nice in STEPS if size * nice >= rough)
    low = (least / step).to_integral_value("ROUND_FLOOR") * step
    high = (most / step).to_integral_value("ROUND_CEILING") * step
    if ceiling is not None:
        high = min(high, max(ceiling, most))
    ticks, tick = [], low
    while tick <= high:
        ticks.append(tick)
        tick += step
    return Axis(low, high if high > low else low + step, tuple(ticks))


class Scale:
    """From a day and a value to per cent of the SVG."""

    def __init__(self, since: date, until: date, axis: Axis) -> None:
        self.since, self.days, self.axis = since, max(1, (until - since).days), axis

    def x(self, day: date) -> str:
        """How far to the right."""
        part = min(1.0, max(0.0, (day - self.since).days / self.days))
        return f"{LEFT + (RIGHT - LEFT) * part:.4g}"

    def y(self, value: Decimal) -> str:
        """How far down."""
        part = float((value - self.axis.low) / (self.axis.high - self.axis.low))
        return f"{BOTTOM - (BOTTOM - TOP) * part:.4g}"


def draw(drawing: Drawing) -> Markup:
    """The chart as SVG."""
    points = drawing.points
    scale = Scale(points[0].day, max(points[-1].day, drawing.until), drawing.axis)
    title, description = f"{drawing.key}-title", f"{drawing.key}-description"
    parts = [
        f'<svg class="chart" role="img" aria-labelledby="{title} {description}"><title id="{title}">'
        f'{escape(drawing.title)}</title><desc id="{description}">{escape(drawing.description)}</desc>',
        *_grid(drawing, scale),
        _stretched(_bands(drawing, scale)),
        *_break_lines(drawing, scale),
        *_targets(drawing, scale),
        _stretched(_lines(drawing, scale)),
        *_dots(points, scale),
        *_labels(drawing, scale),
        *_days(drawing, scale),
        "</svg>",
    ]
    return Markup("".join(parts))  # noqa: S704 (every word in it is escaped)


def sparkline(
    values: Sequence[tuple[date, Decimal]],
    axis: Axis,
    label: str,
    *,
    since: date,
    until: date,
    target: Decimal | None = None,
) -> Markup:
    """A small chart in a row of a table, where all rows have the same axis and days."""
    scale = Scale(since, until, axis)
    dots = [(scale.x(day), scale.y(value)) for day, value in values]
    line = f'<polyline class="chart__line" points="{" ".join(f"{x},{y}" for x, y in dots)}"/>' if len(dots) > 1 else ""
    goal = ""
    if target is not None and axis.low <= target <= axis.high:
        goal = f'<line class="chart__target" x1="0" x2="100%" y1="{scale.y(target)}%" y2="{scale.y(target)}%"/>'
    x, y = dots[-1]
    dot = f'<circle class="chart__dot chart__dot--now" cx="{x}%" cy="{y}%" r="3.5"/>'
    return Markup(  # noqa: S704 (the label is escaped)
        f'<svg class="spark" role="img" aria-label="{escape(label)}">{goal}{_stretched(line)}{dot}</svg>'
    )


def _grid(drawing: Drawing, scale: Scale) -> Iterable[str]:
    for tick in drawing.axis.ticks:
        y = scale.y(tick)
        yield f'<line class="chart__grid" x1="0" x2="100%" y1="{y}%" y2="{y}%"/>'


def _runs(drawing: Drawing) -> Iterable[list[Point]]:
    """The complete points that are joined: a break, or a period that is not complete, cuts the line."""
    run: list[Point] = []
    for point in drawing.points:
        is_cut = run and any(run[-1].day < day <= point.day for day, _ in drawing.breaks)
        if point.part or is_cut:
            yield run
            run = []
        if not point.part:
            run.append(point)
    yield run


def _bands(drawing: Drawing, scale: Scale) -> str:
    bands = ""
    for run in _runs(drawing):
        spans = [(point.day, point.lowest, point.highest) for point in run if point.lowest is not None]
        if len(spans) > 1:
            outline = [f"{scale.x(day)},{scale.y(highest or Decimal(0))}" for day, _, highest in spans]
            outline += [f"{scale.x(day)},{scale.y(lowest or Decimal(0))}" for day, lowest, _ in reversed(spans)]
            bands += f'<polygon class="chart__band" points="{" ".join(outline)}"/>'
    return bands


def _lines(drawing: Drawing, scale: Scale) -> str:
    found = ""
    for run in _runs(drawing):
        if len(run) > 1:
            points = " ".join(f"{scale.x(point.day)},{scale.y(point.value)}" for point in run)
            found += f'<polyline class="chart__line" points="{points}"/>'
    return found


def _breaks(drawing: Drawing, scale: Scale) -> list[tuple[str, str]]:
    """Where the way to count was changed, and the words for it."""
    found = [(day, words) for day, words in drawing.breaks if drawing.points[0].day < day <= drawing.until]
    return [(scale.x(day), words) for day, words in found]


def _break_lines(drawing: Drawing, scale: Scale) -> Iterable[str]:
    for x, _words in _breaks(drawing, scale):
        yield f'<line class="chart__break" x1="{x}%" x2="{x}%" y1="4%" y2="{BOTTOM}%"/>'


def _target_lines(drawing: Drawing, scale: Scale) -> Iterable[tuple[str, str, str, str]]:
    """The steps of the target, from x1 and y1 to x2 and y2."""
    for before, step in zip([None, *drawing.targets], drawing.targets, strict=False):
        x1, x2, y = scale.x(step.since), scale.x(step.until), scale.y(step.value)
        if before is not None:
            yield x1, scale.y(before.value), x1, y
        yield x1, y, x2, y


def _targets(drawing: Drawing, scale: Scale) -> Iterable[str]:
    for x1, y1, x2, y2 in _target_lines(drawing, scale):
        yield f'<line class="chart__target" x1="{x1}%" x2="{x2}%" y1="{y1}%" y2="{y2}%"/>'


def _dots(points: Sequence[Point], scale: Scale) -> Iterable[str]:
    whole = [point for point in points if not point.part]
    for point in points:
        x, y = scale.x(point.day), scale.y(point.value)
        if point.part:
            if point.lowest is not None and point.highest is not None:
                ends = scale.y(point.highest), scale.y(point.lowest)
                yield f'<line class="chart__reach" x1="{x}%" x2="{x}%" y1="{ends[0]}%" y2="{ends[1]}%"/>'
            yield f'<circle class="chart__part" cx="{x}%" cy="{y}%" r="5.5"/>'
        elif whole and point is whole[-1]:
            yield f'<circle class="chart__dot chart__dot--now" cx="{x}%" cy="{y}%" r="5.5"/>'
        else:
            yield f'<circle class="chart__dot" cx="{x}%" cy="{y}%" r="3.5"/>'


def _labels(drawing: Drawing, scale: Scale) -> list[str]:
    """The words on the axis, at the dots, the breaks and the targets: what matters most is placed first."""
    placed = Labels((scale.x(point.day), scale.y(point.value)) for point in drawing.points)
    for x1, y1, x2, y2 in _target_lines(drawing, scale):
        placed.avoid_line(x1, y1, x2, y2)
    for x, _words in _breaks(drawing, scale):
        placed.avoid_line(x, "4", x, str(BOTTOM))
    for tick, words in zip(drawing.axis.ticks, drawing.ticks, strict=True):
        placed.place([(Words("0", scale.y(tick), words), Spot(dy=-5))])
    for point in drawing.points:
        if point.part:
            _place_part(placed, point, scale)
    for point in reversed(drawing.points):
        if point.label and not point.part:
            value = Words(scale.x(point.day), scale.y(point.value), point.label, "chart__now chart__halo")
            spots = (*_first_spots(drawing.points), *NEAR) if point is drawing.points[0] else NEAR
            placed.place(*([(value, spot)] for spot in spots))
    for x, text in _breaks(drawing, scale):
        label = Words(x, "4", text, "chart__halo")
        sides = (("end", -6), ("", 6)) if float(x) > (LEFT + RIGHT) / 2 else (("", 6), ("end", -6))
        placed.place(*([(label, Spot(*side, dy))] for dy in (10, 26) for side in sides))
    for step in drawing.targets:
        _place_target(placed, step, scale)
    return placed.drawn


def _first_spots(points: Sequence[Point]) -> Sequence[Spot]:
    """Below a line that rises, above one that falls."""
    return FIRST[::-1] if len(points) > 1 and points[1].value < points[0].value else FIRST


def _place_part(placed: Labels, point: Point, scale: Scale) -> None:
    """How many have answered in a period that is not complete, and its value where that is told."""
    x, y = scale.x(point.day), scale.y(point.value)
    part = Words(x, y, point.part, "chart__halo")
    if not point.label:
        placed.place(*([(part, spot)] for spot in NEAR), may_be_left_out=True)
        return
    value = Words(x, y, point.label, "chart__now chart__halo")
    placed.place(*([(value, Spot("end", dx, over)), (part, Spot("end", dx, under))] for dx, over, under in PAIRS))


def _place_target(placed: Labels, step: Step, scale: Scale) -> None:
    """The words of a target, at one of the ends of its line; above the chart they stand anyhow."""
    x1, x2, y = scale.x(step.since), scale.x(step.until), scale.y(step.value)
    at_start, at_end = (Words(x, y, step.words, "chart__halo") for x in (x1, x2))
    choices = [[(at_end, Spot("end", 0, dy))] for dy in BESIDE_LINE]
    if float(x2) - float(x1) >= NARROW:
        choices = [*([(at_start, Spot("", 6, dy))] for dy in BESIDE_LINE), *choices]
    placed.place(*choices, may_be_left_out=True)


def _days(drawing: Drawing, scale: Scale) -> Iterable[str]:
    for place, (day, words) in enumerate(drawing.labels):
        is_outer = place in (0, len(drawing.labels) - 1)
        anchor = "" if place == 0 else "end" if is_outer else "middle"
        yield Words(scale.x(day), "97", words, "" if is_outer else "chart__between").at(Spot(anchor))


def _stretched(inside: str) -> str:
    if not inside:
        return ""
    frame = 'width="100%" height="100%" viewBox="0 0 100 100" preserveAspectRatio="none" overflow="visible"'
    return f"<svg {frame}>{inside}</svg>"
