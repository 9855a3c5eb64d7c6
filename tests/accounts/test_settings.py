"""One's own settings."""

import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.accounts.broken import broken
from tests.client import Client
from tests.factories import make_user
from tests.pages import Page
from workspace.accounts.models import User
from workspace.i18n.formatting import ELSEWHERE, EUROPE, NEAREST, is_zone

SignIn = Callable[[User], Client]


@pytest.fixture
def person(app: object) -> User:
    return make_user("Mette Lindholm Krag", email="mette@gladsaxe.example", language="en", title="Konsulent")


@pytest.fixture
def mette(sign_in: SignIn, person: User) -> Client:
    return sign_in(person)


def save(mette: Client, htmx: bool = False, **fields: str):
    return mette.submit("/settings", fields, page="/settings", htmx=htmx)


def test_what_is_changed_is_kept(mette: Client, person: User) -> None:
    answer = save(
        mette,
        name=" Åse Østergård ",
        title="Projektleder",
        phone="+45 39 57 50 00",
        time_zone="America/Nuuk",
    )
    assert (answer.status_code, answer.location) == (303, "/settings")
    assert (person.name, person.title, person.phone) == ("Åse Østergård", "Projektleder", "+45 39 57 50 00")
    assert person.time_zone == "America/Nuuk"
    assert person.name_search_key == "aase oestergaard"
    assert Page(mette.get("/settings").text).form("/settings")["time_zone"] == "America/Nuuk"


def test_the_language_changes_with_the_next_page(mette: Client, person: User) -> None:
    save(mette, language="da")
    assert person.language == "da"
    assert '<html lang="da">' in mette.get("/settings").text


def test_a_script_is_sent_to_the_page_anew(mette: Client, person: User) -> None:
    answer = save(mette, htmx=True, title="Chef")
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, "/settings")
    assert person.title == "Chef"


@pytest.mark.parametrize("htmx", [False, True])
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "   "),
        ("name", "x" * 101),
        ("name", "to\nlinjer"),
        ("title", "x" * 101),
        ("phone", "ring bare"),
        ("phone", "1" * 41),
        ("language", "fr"),
        ("time_zone", "Europe/Atlantis"),
        ("time_zone", "../../etc/passwd"),
    ],
)
@pytest.mark.either_database
def test_what_will_not_do_is_said_at_the_field_and_nothing_typed_is_lost(
    mette: Client, person: User, field: str, value: str, htmx: bool
) -> None:
    typed = {"name": "Åse Østergård", "title": "Projektleder"}
    answer = save(mette, htmx=htmx, **(typed | {field: value}))
    assert answer.status_code == 422
    page = Page(answer.text)
    assert page.is_whole != htmx
    assert f'id="{field}-error"' in answer.text
    for name in typed.keys() - {field}:
        assert page.form("/settings")[name] == typed[name]
    assert (person.name, person.title) == ("Mette Lindholm Krag", "Konsulent")


@pytest.mark.parametrize("value", [b"Mette\0Krag", b"Mette \xff\xfe", b"\xc3"])
def test_text_that_is_none_is_refused_at_the_field(mette: Client, person: User, value: bytes) -> None:
    form = mette.page("/settings").form("/settings") | {"name": value}
    answer = mette.post("/settings", **broken(form))
    assert answer.status_code == 422
    assert 'id="name-error"' in answer.text
    assert person.name == "Mette Lindholm Krag"


def test_what_is_missing_in_a_forged_form_changes_nothing(mette: Client, person: User) -> None:
    assert mette.submit("/settings", {"name": "Åse Østergård"}).status_code in (303, 422)
    assert (person.language, person.time_zone) == ("en", "Europe/Copenhagen")


def test_nobody_makes_themselves_an_administrator(mette: Client, person: User) -> None:
    save(mette, is_administrator="1", email="chef@gladsaxe.example", organisation_id="1")
    assert not person.is_administrator
    assert person.email == "mette@gladsaxe.example"


def test_sending_it_twice_is_the_same_as_once(mette: Client, person: User) -> None:
    for _ in range(2):
        assert save(mette, title="Chef").status_code == 303
    assert person.title == "Chef"


def test_a_time_zone_that_is_no_citys_can_stay(mette: Client, person: User) -> None:
    person.time_zone = "UTC"
    assert save(mette, title="Chef").status_code == 303
    assert person.time_zone == "UTC"


def test_the_page_has_one_tab_for_each_of_its_pages(mette: Client) -> None:
    for address in ("/settings", "/settings/password", "/settings/sessions"):
        tabs = [a for a in mette.page(address).all("a") if a.get("aria-current") == "page"]
        assert [tab.get("href") for tab in tabs] == [address]


@pytest.mark.parametrize(
    ("language", "cities"),
    [
        ("da", ["København", "Tórshavn", "Nuuk", "Athen", "Bruxelles", "Lissabon", "Wien", "Kairo", "New York"]),
        ("en", ["Copenhagen", "Tórshavn", "Nuuk", "Athens", "Brussels", "Lisbon", "Vienna", "Cairo", "New York"]),
    ],
)
def test_time_zones_are_offered_by_their_cities_in_ones_own_language(
    mette: Client, person: User, language: str, cities: list[str]
) -> None:
    person.language = language
    offered = [option.text.strip() for option in mette.page("/settings").all("option")]
    shown = [city for city in offered if city in cities]
    assert shown == cities
    assert not [city for city in offered if "/" in city]


def test_every_zone_that_is_offered_is_known_once() -> None:
    offered = (*NEAREST, *EUROPE, *ELSEWHERE)
    assert [zone for zone in offered if not is_zone(zone)] == []
    assert len(offered) == len(set(offered))


def test_who_is_in_a_zone_that_is_not_known_is_told_and_can_choose_another(mette: Client, person: User) -> None:
    person.time_zone = "Europe/Atlantis"
    page = mette.page("/settings")
    assert "Samspil does not know your time zone, Europe/Atlantis." in page.text
    assert page.form("/settings")["time_zone"] == "Europe/Copenhagen"
    assert save(mette, time_zone="Europe/Atlantis").status_code == 422
    assert save(mette, title="Chef").status_code == 303
    assert person.time_zone == "Europe/Copenhagen"
    assert "does not know" not in mette.page("/settings").text


def test_zones_are_known_without_the_files_of_the_system() -> None:
    """`tzdata` comes with Samspil: a small container has no zones of its own."""
    told = "from zoneinfo import ZoneInfo; print(ZoneInfo('America/Nuuk').key)"
    alone = subprocess.run(
        [sys.executable, "-c", told], env={"PYTHONTZPATH": ""}, capture_output=True, text=True, check=False
    )
    assert alone.stdout == "America/Nuuk\n", alone.stderr
