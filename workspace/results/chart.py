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

LEFT, RIGHT, TOP, BOTTOM = 12.0, 95.0, 15.0, 86.0  # the drawing area, in per cent of the SVG
WANTED_TICKS = 4
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
        *_breaks(drawing, scale),
        *_targets(drawing, scale),
        _stretched(_lines(drawing, scale)),
        *_dots(points, scale),
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
    for tick, words in zip(drawing.axis.ticks, drawing.ticks, strict=True):
        y = scale.y(tick)
        yield f'<line class="chart__grid" x1="0" x2="100%" y1="{y}%" y2="{y}%"/>{_text("0", y, words, dy=-5)}'


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


def _breaks(drawing: Drawing, scale: Scale) -> Iterable[str]:
    for day, words in drawing.breaks:
        if drawing.points[0].day < day <= drawing.until:
            x = scale.x(day)
            is_left = float(x) > (LEFT + RIGHT) / 2
            yield f'<line class="chart__break" x1="{x}%" x2="{x}%" y1="4%" y2="{BOTTOM}%"/>'
            yield _text(x, "4", words, "chart__halo", "end" if is_left else "", dx=-6 if is_left else 6, dy=10)


def _targets(drawing: Drawing, scale: Scale) -> Iterable[str]:
    for before, step in zip([None, *drawing.targets], drawing.targets, strict=False):
        x1, x2, y = scale.x(step.since), scale.x(step.until), scale.y(step.value)
        if before is not None:
            former = scale.y(before.value)
            yield f'<line class="chart__target" x1="{x1}%" x2="{x1}%" y1="{former}%" y2="{y}%"/>'
        yield f'<line class="chart__target" x1="{x1}%" x2="{x2}%" y1="{y}%" y2="{y}%"/>'
        is_right = float(x1) > (LEFT + 2 * RIGHT) / 3
        yield _text(
            x2 if is_right else x1,
            y,
            step.words,
            "chart__halo",
            "end" if is_right else "",
            6 * bool(before and not is_right),
            -6,
        )


def _dots(points: Sequence[Point], scale: Scale) -> Iterable[str]:
    whole = [point for point in points if not point.part]
    for place, point in enumerate(points):
        x, y = scale.x(point.day), scale.y(point.value)
        is_last = place == len(points) - 1
        if point.part:
            if point.lowest is not None and point.highest is not None:
                ends = scale.y(point.highest), scale.y(point.lowest)
                yield f'<line class="chart__reach" x1="{x}%" x2="{x}%" y1="{ends[0]}%" y2="{ends[1]}%"/>'
            yield f'<circle class="chart__part" cx="{x}%" cy="{y}%" r="5.5"/>'
            yield _text(x, y, point.part, "chart__halo", "end", dx=14, dy=22)
        elif whole and point is whole[-1]:
            yield f'<circle class="chart__dot chart__dot--now" cx="{x}%" cy="{y}%" r="5.5"/>'
        else:
            yield f'<circle class="chart__dot" cx="{x}%" cy="{y}%" r="3.5"/>'
        if point.label:
            above = bool(point.part) or not place
            yield _text(
                x,
                y,
                point.label,
                "chart__now chart__halo",
                "end" if is_last else "middle",
                dx=14 * is_last,
                dy=-11 if above else 24,
            )


def _days(drawing: Drawing, scale: Scale) -> Iterable[str]:
    for place, (day, words) in enumerate(drawing.labels):
        anchor = "" if place == 0 else "end" if place == len(drawing.labels) - 1 else "middle"
        yield _text(scale.x(day), "97", words, "", anchor)


def _text(x: str, y: str, words: str, names: str = "", anchor: str = "", dx: int = 0, dy: int = 0) -> str:
    more = "".join(
        (
            f' class="{names}"' if names else "",
            f' text-anchor="{anchor}"' if anchor else "",
            f' dx="{dx}"' if dx else "",
            f' dy="{dy}"' if dy else "",
        )
    )
    return f'<text x="{x}%" y="{y}%"{more}>{escape(words)}</text>'


def _stretched(inside: str) -> str:
    if not inside:
        return ""
    frame = 'width="100%" height="100%" viewBox="0 0 100 100" preserveAspectRatio="none" overflow="visible"'
    return f"<svg {frame}>{inside}</svg>"
