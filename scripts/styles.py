#!/usr/bin/env python3
"""The style sheets: one declaration a line, and a component's rules in the file of its name.

styles.py format   lays them out
styles.py check    fails unless they are laid out, and every rule of components/NAME.css names NAME, or several of it
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import cssbeautifier

CSS = Path(__file__).parent.parent / "static" / "css"
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
KEYFRAMES = re.compile(r"@keyframes [\w-]+ \{.*?\}\s*\}", re.DOTALL)
SELECTOR = re.compile(r"([^{};]+)\{[^{}]*\}")


def main(command: str) -> None:
    wrong = []
    for path in sorted(CSS.rglob("*.css")):
        written = path.read_text("utf-8")
        if command == "format":
            path.write_text(formatted(written), "utf-8")
        elif written != formatted(written):
            wrong.append(f"{path.relative_to(CSS)} is not laid out: make format")
        if path.parent.name == "components":
            wrong += [f"{path.name} has a rule of another component: {each}" for each in strange(path.stem, written)]
    if command == "check" and wrong:
        sys.exit("\n".join(wrong))


def formatted(css: str) -> str:
    """`css` with one declaration a line and a blank line between rules."""
    options = cssbeautifier.default_options()
    options.indent_size, options.end_with_newline = 2, True
    options.newline_between_rules = options.selector_separator_newline = options.space_around_combinator = True
    return str(cssbeautifier.beautify(css, options))


def strange(component: str, css: str) -> Iterator[str]:
    """The selectors in `css` that say nothing of `component`."""
    named = re.compile(rf"[.#]{component}s?(?!-?[a-z0-9])|(?<![\w.#-]){component}-[a-z]")
    for selectors in SELECTOR.findall(KEYFRAMES.sub("", COMMENT.sub("", css))):
        yield from (each for each in re.split(r",\s*(?![^()]*\))", selectors.strip()) if not named.search(each))


if __name__ == "__main__":
    main(*sys.argv[1:])
