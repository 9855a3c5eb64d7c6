#!/usr/bin/env python3
"""The style sheets: one declaration a line, and a component's rules in the file of its name.

styles.py format   lays them out
styles.py check    fails unless they are laid out, every rule of components/NAME.css names NAME, or several of it, and
                   every class is one that something has
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import cssbeautifier

ROOT = Path(__file__).parent.parent
CSS = ROOT / "static" / "css"
CLASS = re.compile(r"\.([a-z][\w-]*)")
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
    if command == "check":
        wrong += [f"nothing has the class {each}" for each in unused()]
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


def unused() -> Iterator[str]:
    """The classes that no template, script or module names, nor by what stands before `{{`; without HTMX's own."""
    css = "".join(path.read_text("utf-8") for path in CSS.rglob("*.css"))
    selectors = " ".join(SELECTOR.findall(COMMENT.sub("", css)))
    written = "".join(
        path.read_text("utf-8")
        for folder in ("templates", "static/js", "workspace")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".html", ".js", ".py")
    )
    for name in sorted(set(CLASS.findall(selectors))):
        before, dashes, _value = name.rpartition("--")
        is_named = re.search(rf"(?<![\w-]){name}(?![\w-])", written)
        is_composed = dashes and re.search(rf"{before}--(?:\{{\{{|[\"']|\$\{{)", written)
        if not is_named and not is_composed and not name.startswith("htmx-"):
            yield name


if __name__ == "__main__":
    main(*sys.argv[1:])
