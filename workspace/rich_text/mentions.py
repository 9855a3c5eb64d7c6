"""Mentions in a text: which references may stay, and which names become one."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace

from workspace.rich_text import blocks, html_reader
from workspace.rich_text.blocks import MENTION, MOST_LINKS, Block, RichText, Run

SIGN = re.compile(r"(?<!\w)@")
# A name ends where no letter follows, nor the s of a genitive: "@Farida Nazaris".
ENDING = re.compile(r"s?(?!\w)", re.IGNORECASE)


def resolve_mentions(body: RichText, *, referable: Mapping[int, str], recognisable: Mapping[int, str]) -> RichText:
    """`body` with references only to the ids `referable`; `@` and a name of `recognisable` become one.

    A name that two people share becomes none. A name may stand in the genitive; one that is a whole name goes first.
    """
    folded = {number: name.casefold() for number, name in recognisable.items()}
    bearers = Counter(folded.values())
    names = Names({name: number if bearers[name] == 1 else None for number, name in folded.items() if name})
    read = (_referring(block, referable) for block in html_reader.read(body.html))
    return blocks.render(_naming(block, names) for block in read)


class Names:
    """Lower-case names and whose they are, None for a shared one: ten thousand are searched for as quickly as ten.

    At most as many are found in a text as it may have links.
    """

    def __init__(self, by_name: Mapping[str, int | None]) -> None:
        self.by_name = by_name
        self.first_letters = {name[0] for name in by_name}
        self.longest = max(map(len, by_name), default=0)
        self.room = MOST_LINKS

    def longest_at(self, text: str, begin: int) -> tuple[int, int] | None:
        """The end of the longest name that starts in `text` at `begin`, as whole words, and whose it is."""
        if not self.room or text[begin : begin + 1].casefold()[:1] not in self.first_letters:
            return None
        for end in range(min(begin + self.longest, len(text)), begin, -1):
            if not ENDING.match(text, end):
                continue
            name = text[begin:end].casefold()
            if name in self.by_name:
                number = self.by_name[name]
                if number is None:
                    return None
                self.room -= 1
                return end, number
        return None


def _referring(block: Block, referable: Mapping[int, str]) -> Block:
    """`block` without references to others; the remaining ones show the name, whatever text they had."""
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
    return replace(block, runs=blocks.normalise_runs(runs))


def _naming(block: Block, names: Names) -> Block:
    return replace(block, runs=blocks.normalise_runs(part for run in block.runs for part in _parts(run, names)))


def _parts(run: Run, names: Names) -> Iterator[Run]:
    end = 0
    for sign in [] if run.href else SIGN.finditer(run.text):
        if sign.start() >= end and (found := names.longest_at(run.text, sign.end())):
            yield replace(run, text=run.text[end : sign.start()])
            end, number = found
            yield replace(run, text=run.text[sign.start() : end], href=f"#member-{number}")
    yield replace(run, text=run.text[end:])
