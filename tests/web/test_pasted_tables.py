"""Cells are found in whatever a spreadsheet puts on the clipboard, or in a file that somebody pastes."""

import pytest

from workspace.web import pasted_tables

pytestmark = pytest.mark.either_database

NUMBERS = [["Organisation", "Tæller", "Nævner"], ["Gladsaxe Kommune", "3,5", "12"], ["Icura", "", "7"]]


@pytest.mark.parametrize(
    "text",
    [
        "Organisation\tTæller\tNævner\r\nGladsaxe Kommune\t3,5\t12\r\nIcura\t\t7\r\n",
        "\ufeffOrganisation;Tæller;Nævner\nGladsaxe Kommune;3,5;12\n\nIcura;;7",
        'Organisation,Tæller,Nævner\r"Gladsaxe Kommune","3,5",12\rIcura,,7\r',
        'sep=;\r\n"Organisation";"Tæller";"Nævner"\r\n"Gladsaxe Kommune" ; "3,5";"12"\r\nIcura;"";7',
    ],
)
def test_cells_are_found_however_a_table_is_written(text: str) -> None:
    assert [[cell.strip() for cell in row] for row in pasted_tables.split(text)] == NUMBERS


def test_a_comma_in_a_number_or_in_quotes_separates_nothing() -> None:
    assert pasted_tables.split("Gladsaxe Kommune; 3,5; 4,25") == [["Gladsaxe Kommune", " 3,5", " 4,25"]]
    assert pasted_tables.split('"Krag; Mette",12') == [["Krag; Mette", "12"]]


def test_quotes_hold_line_breaks_and_quotes_and_an_open_one_is_a_letter() -> None:
    assert pasted_tables.split('"Bo\n""Bob""\nKrag"\t1\nA\t2') == [['Bo\n"Bob"\nKrag', "1"], ["A", "2"]]
    assert pasted_tables.split('"Bo;1\nB "x" y;3') == [['"Bo', "1"], ['B "x" y', "3"]]


def test_headings_name_columns_however_they_are_written() -> None:
    titles = {"organisation": {"organisation", "company"}, "address": {"e mail 1 value", "e mail"}}
    assert pasted_tables.columns(["COMPANY ", "x", "E-mail 1 - Value:"], titles) == {"organisation": 0, "address": 2}
    assert pasted_tables.columns(["E-mail", "e_mail"], titles) == {"address": 0}
    assert pasted_tables.columns(["", "-"], titles) == {}


def test_nothing_is_nothing() -> None:
    assert pasted_tables.split("") == pasted_tables.split("\r\n\n") == []
