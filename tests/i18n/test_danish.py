"""How names are compared, sorted and made into addresses, as Danes do it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspace.i18n import danish

pytestmark = pytest.mark.either_database


def test_names_are_sorted_as_danes_do() -> None:
    """Æ, ø, å come last, and aa counts as å (Retskrivningsordbogen § 4)."""
    in_order = ["Abel", "Bjerg", "Zebra", "Ægir", "Ærø", "Øgård", "Østrup", "Aabenraa", "Ågård", "Århus", "Aars"]
    assert sorted(reversed(in_order), key=danish.sort_key) == in_order


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Aarhus", "Århus"),
        ("aarhus", "ÅRHUS"),
        ("Ærø  Kommune", "ærø kommune"),
        ("A\u030arhus", "Århus"),
        ("Göteborg", "Gøteborg"),
        ("Müller", "Myller"),
        ("Séverin", "Severin"),
    ],
)
def test_spellings_that_stand_together(one: str, other: str) -> None:
    assert danish.sort_key(one) == danish.sort_key(other)


def test_every_danish_letter_stands_behind_z() -> None:
    assert danish.sort_key("z") < danish.sort_key("æ") < danish.sort_key("ø") < danish.sort_key("å")


@pytest.mark.parametrize(
    ("typed", "name"),
    [("aarhus", "Århus"), ("ÅRHUS", "Aarhus"), ("ærø", "Ærø"), ("aeroe", "Ærø"), ("soeren", "Søren"), ("rene", "René")],
)
def test_a_name_is_found_however_it_is_typed(typed: str, name: str) -> None:
    assert danish.search_key(typed) == danish.search_key(name)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Digital genoptræning", "digital-genoptraening"),
        ("Fra vejhuller til digital drift", "fra-vejhuller-til-digital-drift"),
        ("Innovationscenter i Søborg", "innovationscenter-i-soeborg"),
        ("Grønne tage på Åboulevarden", "groenne-tage-paa-aaboulevarden"),
        ("  ÆØÅ!  ", "aeoeaa"),
        ("KlimaKlar 2.0 & mere", "klimaklar-2-0-mere"),
        ("日本", "ri-ben"),
        ("!!!", "partnerskab"),
        ("", "partnerskab"),
    ],
)
def test_an_address_can_be_read(name: str, slug: str) -> None:
    assert danish.slug(name) == slug


def test_a_long_name_makes_a_short_address_of_whole_words() -> None:
    slug = danish.slug("Vi afprøver digital genoptræning af knæ og hofter i hele hovedstadsområdet")
    assert slug == "vi-afproever-digital-genoptraening-af"


@given(st.text(max_size=150))
def test_any_name_makes_an_address_of_ours(name: str) -> None:
    slug = danish.slug(name)
    assert re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", slug)
    assert len(slug) <= 40


@given(st.text(max_size=100))
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert danish.search_key(danish.search_key(text)) == danish.search_key(text)


@pytest.mark.parametrize(
    ("name", "initials"),
    [
        ("Mette Lindholm Krag", "MK"),
        ("Mette", "M"),
        ("  Åse   Øster ", "ÅØ"),
        ("Mette Hansen (MEHA)", "MH"),
        ("Mette (MEHA) Hansen", "MH"),
        ("O'Hara", "O"),
        ("Sean O'Hara", "SO"),
        ("»Bo« Jens-Peter 't Hooft", "BH"),
        ("(Ukendt)", "U"),
        ("!!!", ""),
        ("", ""),
    ],
)
def test_initials_are_of_the_first_and_the_last_name(name: str, initials: str) -> None:
    assert danish.initials(name) == initials
