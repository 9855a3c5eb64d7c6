"""The index: made by a reader of the log, from where it was, and the same when it is made anew."""

import random
from array import array
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from sqlalchemy import event, select

from tests.client import Client
from tests.factories import (
    comment,
    make_administrator,
    make_user,
    share,
    start_partnership,
)
from tests.search.searching import searched, titles
from workspace import clock
from workspace.accounts.models import User
from workspace.db import db
from workspace.partnerships.models import Membership, Partnership
from workspace.rich_text import from_plain
from workspace.search import indexing, postings, results
from workspace.search.compounds import WORDS
from workspace.search.models import SearchBucket
from workspace.search.results import SearchFilter
from workspace.search.terms import parsed, terms, terms_of

SignIn = Callable[[User], Client]
Statements = Callable[[], AbstractContextManager[list[str]]]


def test_who_writes_pays_nothing_for_the_index(statements: Statements, moderator: Membership) -> None:
    post = share(moderator, "Varme")
    db.session.commit()
    indexing.index_due()
    with statements() as asked:
        comment(post, moderator, "Varmen er en aftale")
        post.edit(moderator, title="Kulde", body=from_plain("Nye ord"), version=1)
        db.session.commit()
    assert asked
    assert not [statement for statement in asked if "search_b" in statement]


def test_words_are_divided_before_anything_is_locked(moderator: Membership) -> None:
    chance = random.Random(17)
    words = ["".join(chance.choices(sorted(WORDS), k=20))[:40] for _word in range(80)]
    for number in range(30):
        share(moderator, f"Nummer {number}", " ".join(words[number:][:50]))
    db.session.commit()
    terms.cache_clear()
    locked: list[int] = []

    def hear(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("INSERT INTO search_bookmark"):
            locked.append(terms.cache_info().misses)

    event.listen(db.engine, "before_cursor_execute", hear)
    try:
        indexing.index_due()
    finally:
        event.remove(db.engine, "before_cursor_execute", hear)
    assert locked[0] >= 80
    assert terms.cache_info().misses == locked[0]


def test_a_batch_of_long_texts_is_a_small_one(moderator: Membership, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "MOST_CHARACTERS", 1000)
    monkeypatch.setattr(indexing, "BATCH_OF_LONG", 2)
    monkeypatch.setattr(indexing, "MOST_BATCHES", 1)
    for number in range(9):
        share(moderator, f"Nummer {number}", "Det samme. " * 40)
    db.session.commit()
    before = indexing.completeness().waiting
    assert indexing._index(moderator.partnership_id, 0) == 2
    assert indexing.completeness().waiting == before - 2
    assert titles(searched(moderator, "samme")) == [f"Nummer {number}" for number in reversed(range(9))]


def test_the_index_goes_on_where_it_was_and_is_the_same_when_made_anew(
    moderator: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "BATCH", 3)
    monkeypatch.setattr(postings, "LARGEST_BUCKET", 40)
    posts = [share(moderator, f"Nummer {number}", f"ord{number} og det samme") for number in range(9)]
    posts[2].withdraw(moderator)
    posts[3].edit(moderator, title="Ny", body=from_plain("Nye ord"), version=1)
    put, calls = indexing._put, []

    def killed(*given: object) -> None:
        calls.append(given)
        put(*given)  # type: ignore[arg-type]
        if len(calls) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(indexing, "_put", killed)
    with pytest.raises(KeyboardInterrupt):
        indexing.index_due()
    db.session.rollback()
    monkeypatch.setattr(indexing, "_put", put)
    assert 0 < indexing.completeness().waiting < indexing.completeness().entries
    indexing.index_due()
    assert indexing.completeness() == (db.session.scalar(select(Partnership.last_number)), 0, 0)
    first = _content()
    indexing.rebuild()
    db.session.commit()
    assert indexing.completeness().waiting == indexing.completeness().entries
    assert titles(results.find(moderator.user, parsed("samme"), SearchFilter(), None)), (
        "the old index is used meanwhile"
    )
    indexing.index_due()
    assert _content() == first


def _content() -> dict[tuple[str, int], object]:
    db.session.commit()
    rows = db.session.execute(select(SearchBucket.bucket, SearchBucket.block, SearchBucket.postings))
    return {(row.bucket, row.block): _unpacked(row.bucket, row.postings) for row in rows}


def _unpacked(bucket: str, stored: bytes) -> object:
    if bucket != postings.FACTS:
        return postings.unpacked(stored)
    return postings.unpacked_days(stored), postings.unpacked_facts(stored)


# As `packed_facts({0: 5, 3: 7}, {"progress": {0}, "7": {3}})` has written them since version 4 of the terms.
STORED_FACTS = bytes.fromhex(
    "20000000780163656060671805a321301a02a321301a02a321301a02232a040067eb000d"
    "7801e362606030e72a28ca4f2f4a2d2e6664646060068a000030c803c6"
)


def test_an_index_of_earlier_is_read_until_it_is_made_anew() -> None:
    assert postings.unpacked_days(STORED_FACTS)[:4].tolist() == [5, 0, 0, 7]
    assert postings.unpacked_facts(STORED_FACTS) == {"progress": {0}, "7": {3}}
    assert postings.places_of_facts(STORED_FACTS, ["7", "8"]) == {"7": array("H", [3])}


def test_a_partnership_that_cannot_be_indexed_holds_up_no_other(
    moderator: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = start_partnership(by=make_user())
    share(moderator, "Umulig")
    share(other, "Mulig")
    batch = indexing._index_batch

    def failing(partnership_id: int) -> int:
        if partnership_id == moderator.partnership_id:
            raise ValueError
        return batch(partnership_id)

    monkeypatch.setattr(indexing, "_index_batch", failing)
    indexing.index_due()
    assert titles(results.find(other.user, parsed("mulig"), SearchFilter(), None)) == ["Mulig"]
    assert indexing.completeness().partnerships == 1


def test_a_text_that_cannot_be_indexed_is_set_aside_told_and_tried_again(
    moderator: Membership, reader: Membership, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    share(moderator, "Før", "zebra")
    wrong = share(moderator, "Umulig", "zebra")
    share(moderator, "Efter", "zebra")

    def failing(title: str, text: str) -> set[str]:
        if title == "Umulig":
            raise ValueError
        return terms_of(title, text)

    monkeypatch.setattr(indexing, "terms_of", failing)
    assert titles(searched(reader, "zebra")) == ["Efter", "Før"]
    assert indexing.completeness().waiting == 0
    page = sign_in(make_administrator(language="en")).page("/admin/mail").text
    assert f"Text {wrong.number} of partnership {moderator.partnership_id} in the search index" in page
    share(moderator, "Senere", "zebra")
    assert titles(searched(reader, "zebra")) == ["Senere", "Efter", "Før"]
    monkeypatch.setattr(indexing, "terms_of", terms_of)
    assert not indexing.is_any_due()
    with clock.at(clock.now() + timedelta(minutes=2)):
        assert indexing.is_any_due()
        assert titles(searched(reader, "zebra")) == ["Senere", "Efter", "Umulig", "Før"]
        assert not indexing.is_any_due()


def test_administrators_see_how_far_it_is_and_nothing_of_what_is_in_it(moderator: Membership, sign_in: SignIn) -> None:
    share(moderator, "Zebrafinken")
    administrator = sign_in(make_administrator(language="en"))
    assert "not in the index yet" in administrator.page("/admin/search").text
    indexing.index_due()
    page = administrator.page("/admin/search")
    assert "The index is complete" in page.text
    assert "Zebra" not in page.text
    assert administrator.submit("/admin/search/rebuilding", {}, page="/admin/search").status_code == 303
    assert "not in the index yet" in administrator.page("/admin/search").text


def test_what_is_divided_by_more_letters_is_found_like_what_is_not(
    monkeypatch: pytest.MonkeyPatch, moderator: Membership, reader: Membership
) -> None:
    """And an index of before terms were divided is read and written on."""
    words = ("ko", "køerne", "kommune", "komm", "barn", "børnehave", "måling", "år")
    monkeypatch.setattr(postings, "LARGEST_BUCKET", 1_000_000)
    share(moderator, "En ko i kommunens børnehave", "Her")
    share(moderator, "Temperaturmåling i kommunerne hvert år", "Her")
    undivided = {word: titles(searched(reader, word)) for word in words}
    assert all(undivided.values())
    assert max(map(len, _buckets())) == 1
    monkeypatch.setattr(postings, "LARGEST_BUCKET", 0)
    share(moderator, "Køer og måling i kommunen om året", "Her")
    after = {word: titles(searched(reader, word)) for word in words}
    assert {len(name) for name in _buckets()} == {0, 1, 3}, "letters that have nothing new stay as they are"
    indexing.rebuild()
    assert {word: titles(searched(reader, word)) for word in words} == after
    assert {word: found for word, found in after.items() if not set(found) >= set(undivided[word])} == {}
    assert after["ko"] == after["køerne"] != undivided["ko"]
    assert {len(name) for name in _buckets()} == {0, 3}


def _buckets() -> set[str]:
    db.session.commit()
    return set(db.session.scalars(select(SearchBucket.bucket)))
