"""The people of an organisation, kept by administrators."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.accounts.broken import broken
from tests.client import Client
from tests.factories import make_administrator, make_organisation, make_user, start_partnership
from tests.pages import Page
from workspace.accounts.models import User, user_with
from workspace.db import db
from workspace.organisations import service as organisations_service
from workspace.organisations.models import Organisation

SignIn = Callable[[User], Client]

FARIDA = {"name": "Farida Nazari", "email": "farida@icura.dk", "title": "Produktchef", "phone": "39 57 50 00"}


@pytest.fixture
def icura(app: object) -> Organisation:
    return make_organisation("Icura")


@pytest.fixture
def admin(sign_in: SignIn, app: object) -> Client:
    office = make_organisation("Samspils Kontor")
    return sign_in(make_administrator(name="Anders And", organisation=office, language="en"))


def add(admin: Client, icura: Organisation, **fields: str) -> Any:
    address = f"/organisations/{icura.id}/people"
    return admin.submit(address, FARIDA | fields, page=f"{address}/new")


def correct(admin: Client, person: User, **fields: str) -> Any:
    address = f"/people/{person.id}/edit"
    return admin.submit(address, fields, page=address)


def number_of_people(organisation: Organisation) -> int:
    counted = select(func.count()).where(User.organisation_id == organisation.id)
    return db.session.scalar(counted) or 0


def farida() -> User:
    person = user_with("farida@icura.dk")
    assert person
    return person


def test_an_administrator_adds_a_person_who_has_no_password_yet(
    admin: Client, icura: Organisation, client: Client
) -> None:
    answer = add(admin, icura)
    assert (answer.status_code, answer.location) == (303, f"/organisations/{icura.id}")
    assert farida().organisation_id == icura.id
    assert farida().password_hash is None
    assert not farida().is_administrator
    text = admin.page(answer.location).text
    assert "No password yet" in text
    assert "signs in with a code by e-mail" in text
    assert client.submit("/sign-in", {"email": "farida@icura.dk", "password": "x"}).status_code == 422


def test_a_double_press_makes_one(admin: Client, icura: Organisation) -> None:
    assert add(admin, icura).location == add(admin, icura).location
    assert number_of_people(icura) == 1


@pytest.mark.parametrize("htmx", [False, True])
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 101),
        ("email", ""),
        ("email", "farida"),
        ("email", "farida@icura"),
        ("email", "farida@icura.dk, jonas@icura.dk"),
        ("email", "x" * 250 + "@icura.dk"),
        ("phone", "ring bare"),
        ("title", "x" * 101),
    ],
)
@pytest.mark.either_database
def test_what_will_not_do_is_said_at_the_field_and_nothing_typed_is_lost(
    admin: Client, icura: Organisation, field: str, value: str, htmx: bool
) -> None:
    address = f"/organisations/{icura.id}/people"
    answer = admin.submit(address, FARIDA | {field: value}, htmx=htmx)
    assert answer.status_code == 422
    page = Page(answer.text)
    assert page.is_whole != htmx
    assert f'id="{field}-error"' in answer.text
    for other in FARIDA.keys() - {field}:
        assert page.form(address)[other] == FARIDA[other]
    assert number_of_people(icura) == 0


@pytest.mark.parametrize("value", [b"farida\0@icura.dk", b"farida\xff@icura.dk"])
def test_text_that_is_none_is_refused_at_the_field(admin: Client, icura: Organisation, value: bytes) -> None:
    form = FARIDA | {"email": value, "csrf_token": admin.token()}
    answer = admin.post(f"/organisations/{icura.id}/people", **broken(form))
    assert answer.status_code == 422
    assert 'id="email-error"' in answer.text


def test_an_address_is_one_persons_in_any_spelling(admin: Client, icura: Organisation) -> None:
    make_user("Jonas Bækgaard", make_organisation("SoftDesign"), email="jonas@softdesign.dk")
    answer = add(admin, icura, email="JONAS@SoftDesign.dk")
    assert answer.status_code == 422
    assert "Jonas Bækgaard, SoftDesign, has this address already." in Page(answer.text).text


def test_two_who_take_an_address_at_the_same_moment_do_not_both_get_it(
    admin: Client, icura: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_user("Farida", email="farida@icura.dk")
    look = organisations_service._require_free_address
    looks: list[bool] = []

    def too_early(*arguments: Any, **facts: Any) -> None:
        looks.append(True)
        if len(looks) > 1:
            look(*arguments, **facts)

    monkeypatch.setattr(organisations_service, "_require_free_address", too_early)
    answer = add(admin, icura)
    assert answer.status_code == 422
    assert 'id="email-error"' in answer.text
    assert len(looks) == 2


def test_a_person_is_corrected(admin: Client, icura: Organisation) -> None:
    person = make_user("Farida", icura, email="farida@icura.dk")
    answer = correct(admin, person, **FARIDA)
    assert (answer.status_code, answer.location) == (303, f"/organisations/{icura.id}")
    assert (person.name, person.title, person.phone) == ("Farida Nazari", "Produktchef", "39 57 50 00")


@pytest.mark.parametrize("typed", ["SoftDesign", "softdesign", "soft"])
def test_a_person_moves_to_the_organisation_that_is_named(admin: Client, icura: Organisation, typed: str) -> None:
    other = make_organisation("SoftDesign")
    person = make_user("Farida", icura)
    assert correct(admin, person, organisation=typed).location == f"/organisations/{other.id}"
    assert person.organisation_id == other.id


def test_the_whole_name_is_meant_even_where_others_begin_with_it(admin: Client, icura: Organisation) -> None:
    meant = make_organisation("KMD")
    make_organisation("KMD Consulting")
    person = make_user("Farida", icura)
    assert correct(admin, person, organisation="kmd").location == f"/organisations/{meant.id}"


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("Findes Ikke", "Choose an organisation from the list."),
        ("", "Choose an organisation from the list."),
        ("gl", "Glostrup"),
    ],
)
def test_a_name_that_is_none_or_several_is_said_at_the_field(
    admin: Client, icura: Organisation, typed: str, told: str
) -> None:
    make_organisation("Gladsaxe Kommune"), make_organisation("Glostrup Kommune")
    person = make_user("Farida", icura)
    answer = correct(admin, person, organisation=typed, title="Chef")
    assert answer.status_code == 422
    assert 'id="organisation-error"' in answer.text
    assert told in Page(answer.text).text
    assert Page(answer.text).form(f"/people/{person.id}/edit")["title"] == "Chef"
    assert person.organisation_id == icura.id


def test_who_belongs_to_no_organisation_may_go_on_doing_so(admin: Client) -> None:
    person = make_user("Farida")
    person.organisation = None
    assert correct(admin, person, title="Chef").location == "/organisations"
    assert person.title == "Chef"


def test_whoever_moves_keeps_the_membership_for_the_organisation_that_they_had(
    admin: Client, icura: Organisation
) -> None:
    make_organisation("SoftDesign")
    membership = start_partnership(by=make_user("Farida", icura))
    correct(admin, membership.user, organisation="SoftDesign")
    assert membership.organisation_id == icura.id


@pytest.mark.parametrize("htmx", [False, True])
def test_who_comes_too_late_sees_both_and_can_save_then(admin: Client, icura: Organisation, htmx: bool) -> None:
    person = make_user("Farida", icura)
    address = f"/people/{person.id}/edit"
    form = admin.page(address).form(address)
    person.name = "Farida Nazari"
    answer = admin.post(address, data=form | {"name": "Farida N."}, htmx=htmx)
    assert answer.status_code == 409
    page = Page(answer.text)
    assert page.is_whole != htmx
    assert page.form(address)["name"] == "Farida N."
    assert "Now it says: Farida Nazari" in page.text
    assert person.name == "Farida Nazari"
    assert admin.post(address, data=page.form(address)).status_code == 303
    assert person.name == "Farida N."


def test_suggestions_complete_what_is_being_typed(admin: Client, icura: Organisation) -> None:
    make_organisation("Infoba")
    form = admin.page(f"/people/{make_user(organisation=icura).id}/edit")
    (field,) = [element for element in form.all("input") if element.get("id") == "organisation"]
    assert (field.get("hx-get"), field.get("list")) == ("/organisations/suggestions", "organisations")
    answer = admin.get("/organisations/suggestions?organisation=ic", htmx=True)
    assert [option.get("value") for option in Page(answer.text).all("option")] == ["Icura"]
    assert admin.get("/organisations/suggestions?organisation=ic").location == "/organisations"
    assert admin.get("/organisations/suggestions?organisation=", htmx=True).text.strip() == ""


def test_the_people_come_in_pages_of_fifty_in_danish_order(admin: Client, icura: Organisation) -> None:
    db.session.add_all(User(name=f"Å {n:03}", email=f"p{n}@icura.dk", organisation_id=icura.id) for n in range(60))
    page = admin.page(f"/organisations/{icura.id}")
    assert page.text.count("@icura.dk") == 50
    (more,) = [link.get("href") for link in page.all("a") if link.get("hx-target") == "#more"]
    assert admin.page(more).text.count("@icura.dk") == 10
    rows = Page(admin.get(more, htmx=True).text)
    assert ["".join(name.itertext()).strip() for name in rows.all("h3")] == [f"Å {n:03}" for n in range(50, 60)]


def test_a_page_of_people_costs_the_same_with_many(
    admin: Client, icura: Organisation, statements: Callable[[], Any]
) -> None:
    counts = []
    for _ in range(2):
        with statements() as asked:
            admin.page(f"/organisations/{icura.id}")
        counts.append(len(asked))
        for _ in range(20):
            make_user(organisation=icura)
    assert counts[0] == counts[1] <= 4
