"""What was measured, beside what is to be reached."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

GROWTH, PART_OF_TIME, PART_OF_BYTES = 1.15, 1 / 3, 1 / 8
COMMENTS, P99, MEGABYTES, SECONDS_TO_START = 120, 100, 130, 3
FLAT = 1.1  # of the memory at the beginning
BYTES, REQUESTS, SHIFT, MILLISECONDS = 70_000, 8, 0, 300
KINDS = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


@dataclass(frozen=True)
class Figure:
    """One figure: what it is, of what row of the short table, what is to be reached, and how well it is."""

    row: str
    what: str
    goal: str
    shown: str
    reach: float  # 1 and above: reached

    @property
    def marked(self) -> str:
        """Shown, with a mark where it is not reached."""
        return self.shown if self.reach >= 1 else f"{self.shown} ✗"


def table(found: dict[str, Any]) -> str:
    """All figures, in Markdown."""
    lines = ["| what | to reach | SQLite | PostgreSQL |", "| --- | --- | --- | --- |"]
    of_kinds = {kind: {figure.what: figure for figure in figures(found.get(kind, {}))} for kind in KINDS}
    for what in dict.fromkeys(what for of in of_kinds.values() for what in of):
        both = [of_kinds[kind].get(what) for kind in KINDS]
        goal = next(figure.goal for figure in both if figure)
        lines.append(f"| {what} | {goal} | {' | '.join(figure.marked if figure else '' for figure in both)} |")
    lines += [f"| {each.what} | {each.goal} | {each.marked} | |" for each in _once(found)]
    return "\n".join(lines)


def short(found: dict[str, Any]) -> str:
    """The worst figure of each row, in Markdown."""
    lines = ["| the worst of each row | to reach | SQLite | PostgreSQL |", "| --- | --- | --- | --- |"]
    worst = {kind: _worst(list(figures(found.get(kind, {})))) for kind in KINDS}
    for row in dict.fromkeys(row for of in worst.values() for row in of):
        both = [worst[kind].get(row) for kind in KINDS]
        goal = next(figure.goal for figure in both if figure)
        shown = " | ".join(f"{figure.marked} ({figure.what})" if figure else "" for figure in both)
        lines.append(f"| {row} | {goal} | {shown} |")
    lines += [
        f"| {row} | {each.goal} | {each.marked} ({each.what}) | |" for row, each in _worst(list(_once(found))).items()
    ]
    return "\n".join(lines)


def _worst(all_of_them: list[Figure]) -> dict[str, Figure]:
    of_rows: dict[str, list[Figure]] = {}
    for figure in all_of_them:
        of_rows.setdefault(figure.row, []).append(figure)
    return {row: min(of, key=lambda figure: figure.reach) for row, of in of_rows.items()}


def figures(of: dict[str, Any]) -> Iterator[Figure]:
    """Those of one database."""
    for posts, pages in of.get("pages", {}).items():
        for name, speeds in pages.items():
            for floor, goal in (("plain", "≥ 1 ×"), ("rows", "")):
                if floor in speeds:
                    ratio = speeds["workspace"] / speeds[floor]
                    shown = f"{ratio:.2f} × ({speeds['workspace']:.0f} a second)"
                    row = f"a page a second, beside *{floor}*"
                    yield Figure(row, f"{name}, {int(posts):,} posts", goal, shown, ratio if goal else 1)
    for name, speeds in of.get("growth", {}).items():
        ratio = speeds["small"] / speeds["large"]
        row = "time of a page at the most posts, against the least"
        yield Figure(row, f"{name}, the most posts", "≤ 1.15 × the time", f"{ratio:.2f} ×", GROWTH / ratio)
    for name, costs in of.get("partials", {}).items():
        yield from _partial(name, costs)
    for name, speeds in of.get("comments", {}).items():
        ratio = speeds["workspace"] / speeds["plain"]
        yield Figure("comments a second, beside *plain*", name, "≥ 1 ×", f"{ratio:.2f} ×", ratio)
    for name, speeds in of.get("comments", {}).items():
        speed = speeds["workspace"]
        yield Figure("comments a second", f"{name}, a second", "≥ 120", f"{speed:.0f}", speed / COMMENTS)
    for name, speeds in of.get("comments", {}).items():
        what, shown = f"{name} at 50 a second, p99", f"{speeds['p99']:.0f} ms, {speeds['failed']} failed"
        reach = 0 if speeds["failed"] else P99 / speeds["p99"]
        yield Figure("a comment at 50 a second, p99", what, "< 100 ms", shown, reach)
    if mixed := of.get("mixed"):
        yield from _mixed(mixed)
    if megabytes := of.get("megabytes"):
        yield Figure("memory", "a web process, warm", "< 130 MB", f"{megabytes} MB", MEGABYTES / megabytes)


def _partial(name: str, costs: dict[str, float]) -> Iterator[Figure]:
    for kind, goal, most in (
        ("milliseconds", "≤ 1/3", PART_OF_TIME),
        ("bytes", "≤ 1/8", PART_OF_BYTES),
        ("compressed", "≤ 1/8", PART_OF_BYTES),
    ):
        part, page = costs[f"part {kind}"], costs[f"page {kind}"]
        unit = {"milliseconds": "ms", "bytes": "bytes", "compressed": "bytes compressed"}[kind]
        row = "a part of a page, its time" if kind == "milliseconds" else "a part of a page, its bytes"
        shown = (
            f"{part / page:.2f} ({part:,.4g} of {page:,.4g})"
            if unit == "ms"
            else f"{part / page:.2f} ({part:,.0f} of {page:,.0f})"
        )
        yield Figure(row, f"a {name}, {unit}", goal, shown, most / (part / page))


def _mixed(mixed: dict[str, Any]) -> Iterator[Figure]:
    failed, missing = f"{mixed['failed']} of {mixed['answers']:,}", f"{mixed['missing']} of {mixed['acknowledged']:,}"
    begin, end = mixed["megabytes"]
    row = f"reading and writing at once, {mixed['minutes']:g} minutes"
    yield Figure(row, "failures", "none", failed, float(not mixed["failed"]))
    yield Figure(row, "acknowledged, but missing", "none", missing, float(not mixed["missing"]))
    yield Figure(row, "memory of all processes, before and after", "flat", f"{begin} → {end} MB", FLAT * begin / end)


def _once(found: dict[str, Any]) -> Iterator[Figure]:
    """Those that no database has to do with."""
    for key, goal, most, unit in (
        ("bytes", "< 70 kB", BYTES, "bytes"),
        ("requests", "≤ 8", REQUESTS, "requests"),
        ("shift", "none", SHIFT, "layout shift"),
        ("milliseconds", "< 300 ms", MILLISECONDS, "ms until it can be used"),
    ):
        for name, costs in found.get("visit", {}).items():
            value = costs[key]
            reach = most / value if value else 1.0
            yield Figure(f"first visit, {unit}", f"first visit of {name}, {unit}", goal, f"{value:,g}", reach)
    for name, seconds in found.get("start", {}).items():
        what = f"from the command to the first page, {name} start"
        yield Figure("start", what, "< 3 s", f"{seconds:.1f} s", SECONDS_TO_START / seconds)
