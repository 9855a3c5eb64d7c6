#!/usr/bin/env python3
"""The words of code and templates, and their translations.

messages.py update   brings new and changed words into every translation, to be translated there
messages.py check    fails unless every word is translated, whole and with the placeholders that it needs
"""

import sys
import tempfile
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
