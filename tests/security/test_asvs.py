"""What docs/security.md says is met (OWASP ASVS 5.0, level 2) and no other test holds; and that its tests are there."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import inspect, select

from tests.client import Client
from tests.factories import PASSWORD, add_member, make_administrator, make_user, share, start_partnership
from tests.pages import Page
from workspace import Workspace, clock, create_app
from workspace.accounts.models import User
from workspace.accounts.sessions import Session
from workspace.accounts.verification_codes import VerificationCode
from workspace.audit.models import AuditAction, AuditEvent
from workspace.config import ROOT, Settings
from workspace.db import db
from workspace.permissions import public

pytestmark = pytest.mark.either_database

SignIn = Callable[[User], Client]


def sign_in_with(client: Client, email: str, password: str) -> int:
    return client.submit("/sign-in", {"email": email, "password": password}, page="/sign-in").status_code


def rows() -> Iterator[tuple[str, str, str]]:
    """The table: requirement, state, how."""
    table = (ROOT / "docs/security.md").read_text().partition("| requirement | | how |\n| --- | --- | --- |\n")[2]
    for line in table.splitlines():
        if line.startswith("| "):
            requirement, state, how = (cell.strip() for cell in line.strip("| ").split(" | ", 2))
            yield requirement, state, how


def test_what_is_met_names_tests_that_are_there_and_what_is_open_stands_first() -> None:
    states = [state for _requirement, state, _how in rows()]
    assert set(states) == {"open", "met", "not applicable"}
    assert states == ["open"] * states.count("open") + [state for state in states if state != "open"]
    for requirement, state, how in rows():
        tests = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", how)
        assert (state == "met") == bool(tests), requirement
        for file, function in tests:
            assert not function or f"def {function}(" in (ROOT / file).read_text(), f"{requirement}: {function}"
        assert state == "met" or len(how.split()) > 2, requirement


def test_no_requirement_of_these_chapters_is_left_out() -> None:
    """Those of levels 1 and 2 in chapters 5 to 8 and 16 of ASVS 5.0.0."""
    wanted = {
        *("5.1.1", "5.2.1", "5.2.2", "5.2.3", "5.3.1", "5.3.2", "5.4.1", "5.4.2", "5.4.3"),
        *(f"6.1.{number}" for number in range(1, 4)),
        *(f"6.2.{number}" for number in range(1, 12)),
        *("6.3.1", "6.3.2", "6.3.3", "6.4.1", "6.4.2", "6.4.3", "6.4.4"),
        *(f"6.5.{number}" for number in range(1, 6)),
        *("6.6.1", "6.6.2", "6.6.3", "6.8.1", "6.8.3"),
        *("7.1.1", "7.1.2", "7.1.3", "7.2.1", "7.2.2", "7.2.3", "7.2.4", "7.3.1", "7.3.2"),
        *(f"7.4.{number}" for number in range(1, 6)),
        *("7.5.1", "7.5.2", "7.6.1", "7.6.2"),
        *("8.1.1", "8.1.2", "8.2.1", "8.2.2", "8.2.3", "8.3.1", "8.4.1"),
        *("16.1.1", "16.2.1", "16.2.2", "16.2.3", "16.2.4", "16.2.5", "16.3.1", "16.3.2", "16.3.3", "16.3.4"),
        *("16.4.1", "16.4.2", "16.4.3", "16.5.1", "16.5.2", "16.5.3"),
    }
    named = {number for requirement, *_ in rows() for number in re.findall(r"\d+\.\d+\.\d+", requirement)}
    assert wanted - named == set()


def test_a_password_counts_exactly_as_it_is_typed(client: Client, sign_in: SignIn) -> None:
    long = "Korrekt hest  batteri Hæfteklamme " * 5 + "æøå"
    person = make_user(email="mette@gladsaxe.dk")
    browser = sign_in(person)
    typed = {"present_password": PASSWORD, "new_password": long}
    assert browser.submit("/settings/password", typed, page="/settings/password").status_code == 303
    for other in (long[:72], long[:-1], long.upper(), long.replace("  ", " ")):
        assert sign_in_with(client, "mette@gladsaxe.dk", other) == 422
    assert sign_in_with(client, "mette@gladsaxe.dk", long) == 303


def test_a_password_does_not_age(client: Client, app: Workspace) -> None:
    make_user(email="mette@gladsaxe.dk")
    with clock.at(clock.now() + timedelta(days=3650)):
        assert sign_in_with(client, "mette@gladsaxe.dk", PASSWORD) == 303


def test_fields_of_passwords_mask_them_and_take_what_a_manager_fills_in(client: Client, sign_in: SignIn) -> None:
    for page in (client.page("/sign-in"), sign_in(make_user()).page("/settings/password")):
        fields = [field for field in page.all("input") if "password" in (field.get("name") or "")]
        assert fields
        for field in fields:
            assert field.get("type") == "password"
            assert field.get("autocomplete") in ("current-password", "new-password")
            assert not {"readonly", "onpaste", "disabled", "maxlength"} & set(field.keys())


def test_codes_are_six_digits_that_nothing_in_the_database_tells(
    client: Client, app: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = make_user(email="mette@gladsaxe.dk")
    # Nothing that is stored has six digits in a row by chance: no hash of digits, and no microseconds.
    codes = [
        VerificationCode(
            token_hash=f"{number:x>64}", purpose="sign_in", user_id=person.id, address="a@x.dk", browser=""
        )
        for number in range(200)
    ]
    with clock.at(clock.now().replace(microsecond=0)):
        db.session.add_all(codes)
        db.session.flush()
    digits = [code.digits for code in codes]
    assert all(re.fullmatch("[0-9]{6}", each) for each in digits)
    assert len(set(digits)) > 190
    columns = inspect(VerificationCode).column_attrs
    stored = [" ".join(str(getattr(code, column.key)) for column in columns) for code in codes]
    assert [each for each, text in zip(digits, stored, strict=True) if each in text] == []
    monkeypatch.setattr(app, "settings", replace(app.settings, secret_key="another key, which nobody has stored"))
    assert sum(code.digits == each for code, each in zip(codes, digits, strict=True)) < 5


def test_each_sign_in_has_a_token_of_its_own(app: Workspace) -> None:
    make_user(email="mette@gladsaxe.dk")
    tokens = []
    for _number in range(3):
        browser = app.test_client()
        assert isinstance(browser, Client)
        with browser.session_transaction() as cookie:
            cookie["_user_id"] = "from-before"
        assert sign_in_with(browser, "mette@gladsaxe.dk", PASSWORD) == 303
        with browser.session_transaction() as cookie:
            tokens.append(cookie["_user_id"])
    assert len(set(tokens)) == 3
    assert all(re.fullmatch(r"[\w-]{43}", token) for token in tokens)  # 256 bits
    assert not set(tokens) & set(db.session.scalars(select(Session.token_hash)))


def test_every_page_has_the_way_out(app: Workspace, sign_in: SignIn) -> None:
    moderator = start_partnership(by=make_administrator())
    other, post = add_member(moderator), share(moderator)
    here = moderator.partnership.address
    pages = ("/", "/settings", "/partnerships", "/organisations", "/admin/trail", here, f"{here}posts/{post.number}")
    for page in (*pages, f"{here}members/{other.id}", f"{here}roles", f"{here}about"):
        assert sign_in(moderator.user).page(page).form("/sign-out")


def test_a_download_has_a_name_of_ours(app: Workspace, sign_in: SignIn) -> None:
    moderator = start_partnership('"; filename=evil.exe', by=make_administrator())
    for address in (f"{moderator.partnership.address}members/trail", "/admin/trail", "/settings/trail"):
        sent = sign_in(moderator.user).submit(address, {"name": "evil.exe", "filename": "evil.exe"})
        names = r"attachment; filename=[a-z-]+\.csv; filename\*=UTF-8''[\w%.-]+\.csv"
        assert re.fullmatch(names, sent.headers["Content-Disposition"])
        assert "evil" not in sent.headers["Content-Disposition"]
        assert sent.headers["X-Content-Type-Options"] == "nosniff"


def test_signing_in_is_on_record_with_its_moment_in_utc(client: Client, sign_in: SignIn) -> None:
    person, began = make_user(email="mette@gladsaxe.dk"), clock.now()
    assert sign_in_with(client, "mette@gladsaxe.dk", "det er ikke den") == 422
    assert sign_in_with(client, "mette@gladsaxe.dk", PASSWORD) == 303
    client.submit("/sign-out")
    lines = list(db.session.scalars(select(AuditEvent).order_by(AuditEvent.id)))
    acts = (AuditAction.FAILED_TO_SIGN_IN, AuditAction.SIGNED_IN, AuditAction.SIGNED_OUT)
    assert [line.action for line in lines] == list(acts)
    assert {line.address for line in lines} == {"127.0.0.1"}
    assert [line.actor_id or line.subject_id for line in lines] == [person.id] * 3
    assert all(began <= line.at <= clock.now() for line in lines)
    exported = sign_in(person).submit("/settings/trail").text
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d;Person \d+ loggede ind;", exported)


def test_an_error_is_logged_and_told_in_general(
    settings: Settings, app: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    broken = create_app(settings)

    @broken.get("/fails")
    @public
    def fails() -> str:
        raise ValueError("SELECT secret FROM somewhere")

    broken.test_client_class = Client
    answer = broken.test_client().get("/fails", headers={"Accept-Language": "en"})
    assert "Failed: GET /fails" in caplog.text
    assert "ValueError" in caplog.text
    for detail in ("SELECT", "secret", "ValueError", "Traceback", ".py", "fails"):
        assert detail not in Page(answer.text).text
    with broken.app_context():
        db.engine.dispose()
