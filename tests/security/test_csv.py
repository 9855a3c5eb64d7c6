"""What a spreadsheet opens runs nothing: cells of text are no formulas, and numbers are numbers all the same."""

import codecs
import csv
import io
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import workspace
from tests.client import Client
from tests.factories import add_member, listed, make_administrator, make_user, start_partnership
from workspace import Workspace, clock
from workspace.accounts.models import User
from workspace.db import db
from workspace.members.moderation import service as moderation_service
from workspace.web import csv_files, pasted_tables

pytestmark = pytest.mark.either_database

SignIn = Callable[[User], Client]

FORMULAS = [
    *("=1+1", "+45 1", "-2+3", "@SUM(A1)", "＝1+1", "＋1", "－1", "＠SUM(A1)"),
    *(" =1", "\t=1", "\r\n=1", "\xa0=1", "\0=1", '"=1"', "'=1", "\ufeff=1"),
    *("Bo;=1", "Bo; =1", "Bo,=1", "Bo\t=1", "Bo\n=1", 'Bo";"=1', "Bo;;＝1", 'Bo",-1', "−3,5"),
]
SIGNS = "=+-@−＝＋－＠"


@pytest.mark.parametrize("text", FORMULAS)
def test_no_text_begins_a_formula_however_the_file_is_split(text: str) -> None:
    written = csv_files.written(["a", "b"], [[text, "Bo"]])
    for separator in ";,\t":
        for row in csv.reader(written.removeprefix("\ufeff").splitlines(), delimiter=separator):
            for cell in row:
                assert not _begins_with_a_sign(cell), (separator, row)
    for separator in ";,\t\n":  # as a program that knows no quotes
        assert not [piece for piece in written.split(separator) if _begins_with_a_sign(piece)]


def test_a_number_stays_a_number(app: Workspace) -> None:
    written = csv_files.written(["tal"], [[-3.5], [Decimal("-0.10")], [-1200], [0], [None], ["-3,5"]])
    assert written.splitlines()[1:] == ["-3,5", "-0,10", "-1200", "0", '""', "'-3,5"]


def test_moments_are_local_and_headings_and_file_names_danish(app: Workspace) -> None:
    moment = datetime(2026, 11, 29, 23, 30, tzinfo=UTC)
    with app.test_request_context():
        table = csv_files.written(["Tidspunkt", "=Beløb"], [[moment, 1e-7], [date(2026, 12, 31), 1e16], [None, 12.5]])
        file = csv_files.download("Hændelseslog – Icura.csv", ["a"], [])
    assert table.splitlines() == [
        "\ufeffTidspunkt;'=Beløb",
        "2026-11-30 00:30:00;0,0000001",
        "2026-12-31;10000000000000000",
        ";12,5",
    ]
    assert "filename*=UTF-8''H%C3%A6ndelseslog" in file.headers["Content-Disposition"]


@given(st.lists(st.lists(st.text(alphabet=f"{SIGNS}';,\"\t\n \0ab"), min_size=2, max_size=2), max_size=4))
def test_our_own_files_are_read_as_they_were_written(rows: list[list[str]]) -> None:
    assert pasted_tables.split(csv_files.written(["a", "b"], rows)) == [["a", "b"], *rows]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table_from_elsewhere_is_read_too(separator: str) -> None:
    text = separator.join(("Navn", "E-mail")) + "\r\n" + separator.join(('"Bo ""Bob"" Krag"', "bo@x.dk")) + "\r\n"
    assert pasted_tables.split(text) == [["Navn", "E-mail"], ['Bo "Bob" Krag', "bo@x.dk"]]


def test_the_export_of_the_log_holds_no_formula(app: Workspace, sign_in: SignIn) -> None:
    here = start_partnership()
    for name in ("=1+1", "Bo;=1+1", "＝1+1", "Bo,＠SUM(A1)"):
        membership = add_member(here, make_user(name))
        moderation_service.suspend(here, [membership.id], until=None, reason="x\n@SUM(A1)")
    everything = sign_in(make_administrator()).submit("/admin/trail").text
    one_s_own = sign_in(here.user).submit("/settings/trail").text
    for text in (everything, one_s_own, sign_in(here.user).submit(f"{here.partnership.address}members/trail").text):
        assert text.startswith("\ufeff")
        for separator in ";,\t\n":
            assert not [piece for piece in text.split(separator) if _begins_with_a_sign(piece)]
    assert "Bo;'=1+1" in everything


def test_danish_excel_opens_the_log_of_access(app: Workspace, sign_in: SignIn) -> None:
    here = start_partnership("Grønne tage", by=make_user("Åse Ømark"))
    member = add_member(here, make_user("=Bo"))
    with clock.at(datetime(2026, 3, 28, 23, 30, tzinfo=UTC)):
        moderation_service.suspend(here, [member.id], until=None, reason='Orlov; "barsel"\n=1+1')
        db.session.commit()
    answer = sign_in(here.user).submit(f"{here.partnership.address}members/trail", {"act": "suspended"})
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "filename*=UTF-8''H%C3%A6ndelseslog.csv" in answer.headers["Content-Disposition"]
    assert answer.data.startswith(codecs.BOM_UTF8)
    headings, row = csv.reader(io.StringIO(answer.data.decode("utf-8-sig"), newline=""), delimiter=";")
    assert headings == [
        "Tidspunkt (København)",
        "Hvad der skete",
        "Mere",
        "Hvem",
        "Om hvem",
        "Partnerskab",
        "Netværksadresse",
        "Gennemført",
    ]
    event = dict(zip(headings, row, strict=True))
    assert datetime.strptime(event["Tidspunkt (København)"], "%Y-%m-%d %H:%M:%S") == datetime(2026, 3, 29, 0, 30)
    assert event["Hvem"] == "Åse Ømark"
    assert event["Om hvem"] == "'=Bo"
    assert event["Gennemført"] == "ja"
    assert event["Mere"].startswith('begrundelse: Orlov; "barsel"')
    assert not [cell for cell in row if _begins_with_a_sign(cell) or "{" in cell]


def test_invitations_take_our_own_table_back(app: Workspace, sign_in: SignIn) -> None:
    moderator = start_partnership(by=make_user(language="en"))
    table = csv_files.written(["Navn", "E-mail"], [["=Bo; Krag", "+bo@x.dk"], ["Åse", "-aase@x.dk"]])
    address = f"{moderator.partnership.address}invitations"
    preview = sign_in(moderator.user).submit(
        address, {"addresses": table, "organisation": moderator.organisation_id}, page=address
    )
    assert "2 addresses will be invited" in preview.text
    rows = listed(table)
    assert [(row.name, row.email) for row in rows] == [("Bo; Krag", "+bo@x.dk"), ("Åse", "-aase@x.dk")]
    [row] = listed("'+bo@x.dk")
    assert row.email == "+bo@x.dk"


def test_all_tables_are_written_in_one_module() -> None:
    package = Path(workspace.__file__).parent
    modules = {str(path.relative_to(package)) for path in package.rglob("*.py") if "import csv\n" in path.read_text()}
    assert modules == {"web/csv_files.py"}


def _begins_with_a_sign(text: str) -> bool:
    return text.lstrip('\0\ufeff" \t\r\n\xa0')[:1] in (*SIGNS,)
