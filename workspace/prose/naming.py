"""References to people in a text: those that may stand, and names that are made one."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from workspace.prose import blocks, markup
from workspace.prose.blocks import MENTION, Block, Prose, Run


def resolved(prose: Prose, *, referable: Mapping[int, str], recognisable: Mapping[int, str]) -> Prose:
    """`prose` with references to the ids `referable` alone; `@` and a name of `recognisable` becomes one.

    A name that two people have is nobody's.
    """
    lowered = [name.casefold() for name in recognisable.values()]
    by_name = {name.casefold(): number for number, name in recognisable.items() if lowered.count(name.casefold()) == 1}
    longest_first = sorted(by_name, key=len, reverse=True)
    pattern = re.compile(rf"(?<!\w)@({'|'.join(map(re.escape, longest_first)) or '(?!)'})(?!\w)", re.IGNORECASE)
    read = (_referring(block, referable) for block in markup.read(prose.html))
    return blocks.written(_naming(block, pattern, by_name) for block in read)


def _referring(block: Block, referable: Mapping[int, str]) -> Block:
    """`block` without references to others; what remains says the name, whatever was written there."""
    runs: list[Run] = []
    for run in block.runs:
        match = MENTION.fullmatch(run.href)
        if match and int(match[1]) not in referable:
            run = replace(run, href="")
        elif match and not (runs and runs[-1].href == run.href):
            run = replace(run, text=f"@{referable[int(match[1])]}")
        elif match:
            continue
        runs.append(run)
    return replace(block, runs=blocks.tidied(runs))


def _naming(block: Block, pattern: re.Pattern[str], by_name: Mapping[str, int]) -> Block:
    return replace(block, runs=blocks.tidied(part for run in block.runs for part in _parts(run, pattern, by_name)))


def _parts(run: Run, pattern: re.Pattern[str], by_name: Mapping[str, int]) -> Iterator[Run]:
    end = 0
    for match in [] if run.href else pattern.finditer(run.text):
        if number := by_name.get(match[1].casefold()):
            yield replace(run, text=run.text[end : match.start()])
            yield replace(run, text=match[0], href=f"#member-{number}")
            end = match.end()
    yield replace(run, text=run.text[end:])
