"""Organisations, kept by administrators."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.accounts.broken import broken
from tests.client import Client
from tests.factories import make_administrator, make_organisation, make_user
from tests.pages import Page
from workspace.accounts.models import User
from workspace.db import db
from workspace.organisations import forms
from workspace.organisations import service as organisations_service
from workspace.organisations.models import Organisation, OrganisationKind

SignIn = Callable[[User], Client]

ICURA = {"name": "Icura", "kind": "company", "cvr_number": "12345678", "website": "icura.dk"}


@pytest.fixture
def office(app: object) -> Organisation:
    return make_organisation("Samspils Kontor")


@pytest.fixture
def admin(sign_in: SignIn, office: Organisation) -> Client:
    return sign_in(make_administrator(name="Anders And", organisation=office, language="en"))


def make(admin: Client, **fields: str) -> Any:
    return admin.submit("/organisations", ICURA | fields, page="/organisations/new")


def named(name: str) -> Organisation:
    return db.session.scalars(select(Organisation).filter_by(name=name)).one()


def listed(page: Page) -> list[str]:
    return ["".join(title.itertext()) for title in page.all("h2") if title.get("class") == "item__title"]


def number_of_organisations() -> int:
    return db.session.scalar(select(func.count()).select_from(Organisation)) or 0


@pytest.mark.parametrize("htmx", [False, True])
@pytest.mark.parametrize(
    "address",
    [
        "/organisations",
        "/organisations/suggestions",
        "/organisations/new",
        "/organisations/1",
        "/organisations/1/edit",
        "/organisations/1/people/new",
        "/people/1/edit",
    ],
)
@pytest.mark.either_database
def test_for_everybody_else_there_are_no_such_pages(
    sign_in: SignIn, office: Organisation, address: str, htmx: bool
) -> None:
    stranger = sign_in(make_user(organisation=office))
    assert stranger.get(address, htmx=htmx).status_code == 404


@pytest.mark.parametrize(
    "address", ["/organisations", "/organisations/1/edit", "/organisations/1/people", "/people/1/edit"]
)
def test_nobody_else_changes_anything(sign_in: SignIn, office: Organisation, address: str) -> None:
    stranger = sign_in(make_user(organisation=office))
    assert stranger.submit(address, ICURA | {"email": "ny@icura.dk"}).status_code == 404
    assert number_of_organisations() == 1
    assert office.name == "Samspils Kontor"


def test_an_administrator_makes_an_organisation(admin: Client) -> None:
    answer = make(admin, cvr_number="DK 12 34 56 78")
    made = named("Icura")
    assert (answer.status_code, answer.location) == (303, f"/organisations/{made.id}")
    assert (made.kind, made.cvr_number, made.website) == (OrganisationKind.COMPANY, "12345678", "https://icura.dk")
    text = admin.page(answer.location).text
    assert "Icura" in text
    assert "CVR 12345678" in text
    assert "has no password yet" not in text


def test_a_script_is_sent_to_the_new_organisation(admin: Client) -> None:
    answer = admin.submit("/organisations", ICURA, htmx=True)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (
        204,
        f"/organisations/{named('Icura').id}",
    )


def test_number_and_website_may_be_missing_in_several(admin: Client) -> None:
    for name in ("Icura", "SoftDesign"):
        assert make(admin, name=name, cvr_number="", website="").status_code == 303


def test_a_double_press_makes_one(admin: Client) -> None:
    first, second = make(admin), make(admin)
    assert first.location == second.location
    assert number_of_organisations() == 2


@pytest.mark.parametrize("htmx", [False, True])
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 121),
        ("kind", "club"),
        ("kind", ""),
        ("cvr_number", "1234567"),
        ("cvr_number", "123456789"),
        ("cvr_number", "1234567a"),
        ("cvr_number", "١٢٣٤٥٦٧٨"),
        ("website", "data:text/html,hej"),
        ("website", "ftp://icura.dk"),
        ("website", "https://bruger@icura.dk"),
        ("website", "icura"),
        ("website", "https://[icura"),
        ("website", "icura.dk/" + "x" * 200),
    ],
)
@pytest.mark.either_database
def test_what_will_not_do_is_said_at_the_field_and_nothing_typed_is_lost(
    admin: Client, field: str, value: str, htmx: bool
) -> None:
    answer = admin.submit("/organisations", ICURA | {field: value}, htmx=htmx)
    assert answer.status_code == 422
    page = Page(answer.text)
    assert page.is_whole != htmx
    assert f'id="{field}-error"' in answer.text
    for other in ICURA.keys() - {field}:
        assert page.form("/organisations")[other] == ICURA[other]
    assert number_of_organisations() == 1


@pytest.mark.parametrize("address", ["javascript:alert(1)", "javascript://icura.dk/%0aalert(1)"])
def test_a_website_is_nothing_that_runs(address: str) -> None:
    assert not forms.is_website(forms.with_scheme(address) or "")


@pytest.mark.parametrize("value", [b"Icu\0ra", b"Icura \xff"])
def test_text_that_is_none_is_refused_at_the_field(admin: Client, value: bytes) -> None:
    answer = admin.post("/organisations", **broken(ICURA | {"name": value, "csrf_token": admin.token()}))
    assert answer.status_code == 422
    assert 'id="name-error"' in answer.text


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"name": "  gladsaxe  KOMMUNE"}, "name"),
        ({"name": "Anden", "cvr_number": "62 76 11 13"}, "cvr_number"),
    ],
)
def test_what_another_has_already_is_refused_at_the_field(admin: Client, typed: dict[str, str], field: str) -> None:
    make_organisation("Gladsaxe Kommune", cvr_number="62761113")
    answer = make(admin, **typed)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert "Gladsaxe Kommune" in answer.text


def test_two_who_take_a_name_at_the_same_moment_do_not_both_get_it(
    admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_organisation("Icura", OrganisationKind.OTHER)
    look = organisations_service._require_free_name
    looks: list[bool] = []

    def too_early(*arguments: Any, **facts: Any) -> None:
        looks.append(True)
        if len(looks) > 1:
            look(*arguments, **facts)

    monkeypatch.setattr(organisations_service, "_require_free_name", too_early)
    answer = make(admin)
    assert answer.status_code == 422
    assert 'id="name-error"' in answer.text
    assert len(looks) == 2


def test_an_organisation_is_corrected(admin: Client) -> None:
    organisation = make_organisation("Gladsaxe", website="https://gladsaxe.dk")
    address = f"/organisations/{organisation.id}"
    answer = admin.submit(f"{address}/edit", {"name": "Gladsaxe Kommune"}, page=f"{address}/edit")
    assert (answer.status_code, answer.location) == (303, address)
    assert (organisation.name, organisation.website) == ("Gladsaxe Kommune", "https://gladsaxe.dk")
    assert organisation.name_search_key == "gladsaxe kommune"


def test_saving_what_is_there_already_is_no_error(admin: Client) -> None:
    organisation = make_organisation("Gladsaxe Kommune", cvr_number="62761113")
    address = f"/organisations/{organisation.id}/edit"
    for _ in range(2):
        assert admin.submit(address, page=address).status_code == 303


@pytest.mark.parametrize("htmx", [False, True])
def test_who_comes_too_late_sees_both_and_can_save_then(admin: Client, htmx: bool) -> None:
    organisation = make_organisation("Gladsaxe")
    address = f"/organisations/{organisation.id}/edit"
    form = admin.page(address).form(address)
    organisation.name = "Gladsaxe Kommune"
    answer = admin.post(address, data=form | {"name": "Gladsakse"}, htmx=htmx)
    assert answer.status_code == 409
    page = Page(answer.text)
    assert page.is_whole != htmx
    assert page.form(address)["name"] == "Gladsakse"
    assert "Now it says: Gladsaxe Kommune, Municipality" in page.text
    assert organisation.name == "Gladsaxe Kommune"
    assert admin.post(address, data=page.form(address)).status_code == 303
    assert organisation.name == "Gladsakse"


@pytest.mark.parametrize("version", ["", "en", "99999999999999999999"])
def test_a_version_that_is_none_changes_nothing(admin: Client, version: str) -> None:
    organisation = make_organisation("Gladsaxe")
    address = f"/organisations/{organisation.id}/edit"
    answer = admin.submit(address, ICURA | {"version": version})
    assert answer.status_code in (409, 422)
    assert organisation.name == "Gladsaxe"


@pytest.mark.parametrize("address", ["/organisations/99", "/organisations/99/edit", "/people/99/edit"])
def test_what_does_not_exist_is_not_found(admin: Client, address: str) -> None:
    assert admin.get(address).status_code == 404


def test_the_list_is_in_danish_order_and_counts_people(admin: Client, office: Organisation) -> None:
    for name in ("Ærø Kommune", "Aarhus Kommune", "Zealand", "Øens Drift", "Allerød Kommune"):
        make_organisation(name)
    page = admin.page("/organisations")
    assert listed(page) == [
        "Allerød Kommune",
        "Samspils Kontor",
        "Zealand",
        "Ærø Kommune",
        "Øens Drift",
        "Aarhus Kommune",
    ]
    assert "Municipality · 1 person" in page.text
    assert "Municipality · 0 people" in page.text


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("gladsaxe", ["Gladsaxe Kommune"]),
        ("KOM", ["Gladsaxe Kommune", "Lyngby-Taarbæk Kommune"]),
        ("kom gla", ["Gladsaxe Kommune"]),
        ("tårbæk", ["Lyngby-Taarbæk Kommune"]),
        ("ladsaxe", []),
        ("100%", ["100% Grøn"]),
        ("_", []),
    ],
)
def test_an_organisation_is_found_by_the_beginning_of_any_word(admin: Client, words: str, found: list[str]) -> None:
    for name in ("Gladsaxe Kommune", "Lyngby-Taarbæk Kommune", "100% Grøn"):
        make_organisation(name)
    assert listed(admin.page(f"/organisations?q={words.replace('%', '%25')}")) == found
    part = admin.get("/organisations", query_string={"q": words}, htmx=True)
    assert not Page(part.text).is_whole
    assert listed(Page(part.text)) == found


@pytest.mark.parametrize("query", ["q=%00", "q=%FF", "after=x", "after=-1", "after=9999999999999", "after=77"])
@pytest.mark.either_database
def test_an_address_that_was_tampered_with_is_no_error(admin: Client, query: str) -> None:
    assert admin.get(f"/organisations?{query}").status_code == 200
    assert admin.get(f"/organisations/1?{query}").status_code == 200


def test_the_list_comes_in_pages_of_fifty(admin: Client) -> None:
    db.session.add_all(Organisation(name=f"Ø {n:03}", kind=OrganisationKind.OTHER) for n in range(101))
    pages, address = [], "/organisations?q=%C3%B8"
    while address:
        page = admin.page(address)
        pages.append(listed(page))
        more = [link.get("href") for link in page.all("a") if link.get("hx-target") == "#more"]
        address = more[0] if more else ""
    assert [len(page) for page in pages] == [50, 50, 1]
    assert [name for page in pages for name in page] == [f"Ø {n:03}" for n in range(101)]


def test_a_script_extends_the_list_in_place(admin: Client) -> None:
    db.session.add_all(Organisation(name=f"Ø {n:03}", kind=OrganisationKind.OTHER) for n in range(52))
    page = admin.page("/organisations?q=ø")
    (more,) = [link.get("href") for link in page.all("a") if link.get("hx-target") == "#more"]
    answer = admin.get(more, htmx=True)
    assert listed(Page(answer.text)) == ["Ø 050", "Ø 051"]
    assert answer.text.lstrip().startswith("<li")
    assert answer.headers["HX-Trigger-After-Settle"].startswith('{"focus-on": "#organisation-')


def test_a_page_of_the_list_costs_the_same_with_many(admin: Client, statements: Callable[[], Any]) -> None:
    counts = []
    for _ in range(2):
        with statements() as asked:
            admin.page("/organisations")
        counts.append(len(asked))
        for _ in range(20):
            make_user()
    assert counts[0] == counts[1] <= 3
