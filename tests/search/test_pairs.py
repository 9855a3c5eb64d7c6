"""Words that people search for find what a Dane would expect, and nothing that only looks like it."""

import pytest

from tests.factories import add_member, make_user, share, start_partnership
from tests.search.pairs import FOUND_HELD_OUT, FOUND_TUNED, NOT_FOUND_HELD_OUT, NOT_FOUND_TUNED
from workspace.db import db
from workspace.partnerships.models import Membership
from workspace.search import indexing, results
from workspace.search.compounds import WORDS
from workspace.search.results import SearchFilter
from workspace.search.stems import FORMS, stem
from workspace.search.terms import fold, parsed

pytestmark = pytest.mark.either_database
FIRST = 10


@pytest.fixture
def reader(app: object) -> Membership:
    """A member of a partnership in which all these sentences are shared."""
    moderator = start_partnership("Alle ordene", by=make_user())
    sentences = {
        text: ""
        for pairs in (FOUND_HELD_OUT, FOUND_TUNED, NOT_FOUND_HELD_OUT, NOT_FOUND_TUNED)
        for _word, text in pairs
    }
    genuine = {f"Det handler om {word} og ikke andet.": "" for word, _text in (*NOT_FOUND_HELD_OUT, *NOT_FOUND_TUNED)}
    for number, text in enumerate((*sentences, *genuine)):
        share(moderator, f"Nummer {number}", text)
    indexing.index_due()
    return add_member(moderator, make_user("Lene Læser"))


def texts(reader: Membership, word: str, most: int = 1000) -> list[str]:
    """What a search for the word finds, in its order, without marks."""
    found: list[str] = []
    cursor = None
    while len(found) < most:
        page = results.find(reader.user, parsed(word), SearchFilter(), cursor)
        found += [hit.text.striptags() for hit in page.hits]
        cursor = results.cursor_of(page.after)
        if cursor is None:
            break
    return found[:most]


def test_what_must_be_found_is_and_what_must_not_is_not_among_the_first(reader: Membership) -> None:
    db.session.commit()
    for found in (FOUND_HELD_OUT, FOUND_TUNED):
        missed = [(word, text) for word, text in found if text not in texts(reader, word)]
        assert len(missed) <= 0.05 * len(found), missed
    not_found = [*NOT_FOUND_HELD_OUT, *NOT_FOUND_TUNED]
    wrong = [(word, text) for word, text in not_found if text in texts(reader, word, FIRST)]
    assert len(wrong) <= 0.05 * len(not_found), wrong
    held_out = [pair for pair in wrong if pair in NOT_FOUND_HELD_OUT]
    assert len(held_out) <= 0.06 * len(NOT_FOUND_HELD_OUT), held_out


def test_a_spelling_of_a_searched_word_stands_in_all_its_forms() -> None:
    for base in sorted({*WORDS, *FORMS.values(), "borgmester", "trivsel", "tilbyde", "indgå", "licens"} - {""}):
        forms = [form for form, of in FORMS.items() if of == base]
        forms += [
            base + ending for ending in ("en", "et", "er", "erne", "s", "e", "ede") if stem(base + ending) == stem(base)
        ]
        for word in parsed(base).words:
            for form in forms:
                assert any(one in fold(form) for one in word.spellings), (base, form)
