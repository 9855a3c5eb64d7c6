#!/usr/bin/env python3
"""The words of code and templates, and their translations.

messages.py update   brings new and changed words into every translation, to be translated there
messages.py check    fails unless every word is translated, whole and with the placeholders that it needs, says
                     nothing that translations/retired.toml retires, and mails have no words but those
"""

import re
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.frontend import CommandLineInterface
from babel.messages.pofile import read_po

ROOT = Path(__file__).parent.parent
EXTRACT = ["extract", "--mapping-file=pyproject.toml", "--add-comments=Translators:", "--sort-by-file"]
EXTRACT += ["--add-location=file", "--keywords=_l lazy_gettext lazy_ngettext:1,2 lazy_pgettext:1c,2"]
UPDATE = ["update", "--output-dir=translations", "--no-fuzzy-matching", "--ignore-pot-creation-date"]
UPDATE += ["--width=110"]
# What a template of a mail has beside the words that are read.
NOT_SAID = re.compile(r"{#.*?#}|{{.*?}}|{%.*?%}|{\w+}|<style.*?</style>|<!--.*?-->|<[^>]*>|&\w+;", re.DOTALL)


def main(command: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        words = Path(folder, "messages.pot")
        pybabel(*EXTRACT, f"--output-file={words}", ".")
        if command == "update":
            pybabel(*UPDATE, f"--input-file={words}")
        else:
            check(read(words))


def pybabel(*arguments: str) -> None:
    CommandLineInterface().run(["pybabel", "--quiet", *arguments])  # type: ignore[no-untyped-call]


def check(words: Catalog) -> None:
    complaints = list(missing(words))
    if complaints:
        print("\n".join(complaints))
        sys.exit("`make messages` brings new words into the translations; translate them there.")
    if badly_said := [*retired(words), *untranslatable()]:
        print("\n".join(badly_said))
        sys.exit("Say it otherwise: translations/retired.toml has the words that Samspil no longer uses.")


def read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=None if path.suffix == ".pot" else path.parts[-3])


def missing(words: Catalog) -> Iterator[str]:
    """What is wrong with the translations, a line each."""
    translations = sorted((ROOT / "translations").glob("*/LC_MESSAGES/messages.po"))
    if not translations:
        yield "There are no translations under translations/"
    for path in translations:
        translation = read(path)
        for word in words:
            if word.id and (complaint := flaw(translation, translation.get(word.id, word.context))):
                place = ", ".join(sorted({file for file, _ in word.locations}))
                yield f"{path.relative_to(ROOT)}: {complaint}: {word.id!r} ({place})"


def retired(words: Catalog) -> Iterator[str]:
    """Where retired words are used, a line each: in the English of the code, and in the translations."""
    with (ROOT / "translations" / "retired.toml").open("rb") as file:
        by_language = tomllib.load(file)
    yield from _using(by_language["en"], "the code", (text for word in words if word.id for text in _forms(word.id)))
    for path in sorted((ROOT / "translations").glob("*/LC_MESSAGES/messages.po")):
        translation = read(path)
        texts = (text for word in translation if word.id and word.string for text in _forms(word.string))
        yield from _using(by_language.get(path.parts[-3], {}), str(path.relative_to(ROOT)), texts)


def _using(retired_words: dict[str, str], place: str, texts: Iterator[str]) -> Iterator[str]:
    patterns = {re.compile(word): instead for word, instead in retired_words.items()}
    for text in texts:
        for pattern, instead in patterns.items():
            if found := pattern.search(re.sub(r"%\(\w+\)s", "X", text)):
                yield f"{place}: {found[0]!r} is retired; say: {instead}: {text!r}"


def _forms(said: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return (said,) if isinstance(said, str) else tuple(said)


def untranslatable() -> Iterator[str]:
    """Words that stand in the templates of mails themselves, and so in no catalogue, a line each."""
    folder = ROOT / "templates"
    pages = {*(folder / "mail").glob("*.html")}  # What administrators see of mails is in the same folder.
    for path in sorted({*(folder / "mail").rglob("*.*"), *(folder / "layouts").glob("mail.*")} - pages):
        said = NOT_SAID.sub(" ", path.read_text()).replace("Samspil", " ").replace("SAMSPIL", " ")
        if found := re.search(r"[^\W\d_]{2,}", said):
            yield f"{path.relative_to(ROOT)}: {found[0]!r} is in no catalogue"


def flaw(translation: Catalog, message: Message | None) -> str | None:
    if message is None or not message.string:
        return "not translated"
    if message.fuzzy:
        return "marked as fuzzy"
    if isinstance(message.string, tuple) and not all(message.string):
        return "a plural form is missing"
    return next((str(error) for error in message.check(translation)), None)


if __name__ == "__main__":
    main(*sys.argv[1:])
