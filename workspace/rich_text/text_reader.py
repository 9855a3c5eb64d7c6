"""Reads plain text, as it is typed without formatting, into blocks."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from workspace.rich_text.blocks import DEEPEST_LIST, NOT_TEXT, Block, Run, normalise_runs

QUOTE = re.compile(r">(?: |$)")
BULLET = re.compile(r"( *)[-*•] +(?=\S)")
NUMBER = re.compile(r"( *)(\d{1,3})[.)] +(?=\S)")


@dataclass
class _Lines:
    """A block while its lines are gathered."""

    quoted: bool
    lists: tuple[str, ...] = ()
    lines: list[str] = field(default_factory=list)

    def block(self) -> Block:
        return Block(normalise_runs([Run("\n".join(self.lines))]), lists=self.lists, quoted=self.quoted)


def read(text: str) -> list[Block]:
    """The blocks of `text`."""
    lines = [
        line.rstrip().replace("\t", "    ") for line in re.split(r"\r\n|[\r\n\u2028\u2029\v\f]", NOT_TEXT.sub("", text))
    ]
    return [gathered.block() for gathered in _gathered(lines) if any(gathered.lines)]


def _gathered(lines: list[str]) -> Iterator[_Lines]:
    present = _Lines(quoted=False)
    number = 0  # the last number of the numbered list that continues
    for index, line in enumerate(lines):
        quoted = bool(QUOTE.match(line))
        words = QUOTE.sub("", line, count=1) if quoted else line
        bullet, numbered = BULLET.match(words), NUMBER.match(words)
        follows = numbered and (
            int(numbered[2]) == number + 1 if number else _begins_list(lines[index : index + 2], quoted)
        )
        if found := bullet or (numbered if follows else None):
            yield present
            depth = min(len(found[1]) // 2 + 1, DEEPEST_LIST)
            outer = (present.lists + ("ul",) * depth)[: depth - 1]
            number = 0 if bullet else int(numbered[2]) if numbered else 0
            present = _Lines(quoted, (*outer, "ul" if bullet else "ol"), [words[found.end() :]])
        elif not words:
            yield present
            present, number = _Lines(quoted), 0
        elif quoted != present.quoted or (present.lists and not words.startswith("  ")):
            yield present
            present, number = _Lines(quoted, (), [words]), 0
        else:
            present.lines.append(words.strip())
    yield present


def _begins_list(lines: list[str], quoted: bool) -> bool:
    """Whether these two lines begin a numbered list: "1." followed by "2.", since "1. maj" begins none."""
    found = [NUMBER.match(QUOTE.sub("", line, count=1) if quoted else line) for line in lines]
    return [match and match[2] for match in found] == ["1", "2"]
