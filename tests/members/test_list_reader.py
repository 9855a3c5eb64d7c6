"""Lists of people as they are pasted: every address of the text in exactly one row, and no row without one."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workspace.members.invitations import list_reader
from workspace.members.invitations.list_reader import Vocabulary

pytestmark = pytest.mark.either_database

WORDS = Vocabulary(
    organisations={"gladsaxe kommune", "icura"}, access={"moderator", "deltager", "observatør"}, roles={"tovholder"}
)
M, B = "mk@x.dk", "bo@x.dk"
OUTLOOK = "First Name,Middle Name,Last Name,Company,E-mail Address,E-mail Type,E-mail Display Name\n"
GOOGLE = "Name,Given Name,Family Name,E-mail 1 - Type,E-mail 1 - Value,Organization 1 - Name\n"
GOOGLE_NEW = "First Name,Middle Name,Last Name,Organization Name,E-mail 1 - Label,E-mail 1 - Value\n"
DANISH = '"Fornavn","Mellemnavn","Efternavn","Firma","E-mail-adresse","E-mail-type","E-mail-vist navn"\n'

# Each text, and its rows: address | name | organisation | access | role, as far as they are known.
SHAPES: dict[str, list[str]] = {
    # Addresses alone
    f"{M}": [M],
    f"{M}, {B}": [M, B],
    f"{M};{B};": [M, B],
    f"{M} {B}\u00a0ida@x.dk": [M, B, "ida@x.dk"],
    f"{M}\r\n{B}\rida@x.dk\n": [M, B, "ida@x.dk"],
    f"{M}/{B}|ida@x.dk\\jo@x.dk": [M, B, "ida@x.dk", "jo@x.dk"],
    f"{M}&{B} og ida@x.dk samt jo@x.dk": [M, B, "ida@x.dk", "jo@x.dk"],
    f"'{M}', '{B}'": [M, B],
    f'"{M}","{B}"': [M, B],
    f"»{M}«, „{B}“, “ida@x.dk”": [M, B, "ida@x.dk"],
    f"{M}.": [M],
    f"({M})": [M],
    f"**{M}** og `{B}`": [M, B],
    f"MAILTO:{M}; mailto:{B}": [M, B],
    f"smtp:{M};SMTP:{B}": [M, B],
    f"mailto:{M}?subject=Hej%20du&cc={B}": [M, B],
    f"<{M}<mailto:{M}>>": [M],
    f"{M}<mailto:{M}>, {B}<mailto:{B}>": [M, B],
    f"[{M}](mailto:{M})": [M],
    "\ufeffmk\u200b@x.dk": [M],
    "mk＠x.dk": [M],
    "o'brien@x.dk, bo+1@x.dk, r&d@x.dk, x=y@x.dk": ["o'brien@x.dk", "bo+1@x.dk", "r&d@x.dk", "x=y@x.dk"],
    "søren@smørrebrød.dk": ["søren@smørrebrød.dk"],
    f"{M}, {B}, {M.upper()}": [M, B],
    # Names with addresses in brackets
    f"Mette Krag <{M}>": [f"{M}|Mette Krag"],
    f'"Krag, Mette" <{M}>, "Bo" <{B}>': [f"{M}|Krag, Mette", f"{B}|Bo"],
    f"Hansen, Mette <{M}>; Smith, Jr. <{B}>": [f"{M}|Hansen, Mette", f"{B}|Smith, Jr."],
    f"Hansen, Mette <{M}>, Smith, Bo <{B}>": [f"{M}|Hansen, Mette", f"{B}|Smith, Bo"],
    f"'Mette Krag' <{M}>": [f"{M}|Mette Krag"],
    f"Mette Krag ({M})": [f"{M}|Mette Krag"],
    f"Mette Krag [{M}]; Bo ({B})": [f"{M}|Mette Krag", f"{B}|Bo"],
    f"Mette Krag<mailto:{M}>": [f"{M}|Mette Krag"],
    f"Mette <{M}<mailto:{M}>>; Bo <{B}<mailto:{B}>>": [f"{M}|Mette", f"{B}|Bo"],
    f"[Mette Krag](mailto:{M})": [f"{M}|Mette Krag"],
    f"Mette Krag (GLAD) <{M}>": [f"{M}|Mette Krag (GLAD)"],
    f"Mette O'Brien <{M}>": [f"{M}|Mette O'Brien"],
    f"{M}, Bo <{B}>": [M, f"{B}|Bo"],
    f"<{M}>\n<{B}>": [M, B],
    f"Mette <{M}>, Icura": [f"{M}|Mette|Icura"],
    # Names beside addresses
    f"Mette Krag\t{M}": [f"{M}|Mette Krag"],
    f"{M}\tMette Krag\tGladsaxe Kommune": [f"{M}|Mette Krag|Gladsaxe Kommune"],
    f"Mette\tKrag\t{M}": [f"{M}|Mette Krag"],
    f"Mette Krag\t{M}\r\nBo\t{B}\r\n": [f"{M}|Mette Krag", f"{B}|Bo"],
    f'"Mette\nKrag"\t{M}\nBo\t{B}': [f"{M}|Mette Krag", f"{B}|Bo"],
    f"Mette Krag, {M}": [f"{M}|Mette Krag"],
    f"{M}, Mette Krag": [f"{M}|Mette Krag"],
    f"{M}; Mette Krag; Gladsaxe Kommune; Moderator; Tovholder": [
        f"{M}|Mette Krag|Gladsaxe Kommune|Moderator|Tovholder"
    ],
    f"Mette Krag;Icura;{M}\nBo Bo;Ukendt firma;{B}": [f"{M}|Mette Krag|Icura", f"{B}|Bo Bo|Ukendt firma"],
    "Mette Krag, Sund Klinik ApS, info@x.dk": ["info@x.dk|Mette Krag|Sund Klinik ApS"],
    "info@sundklinik.dk, Sundklinik": ["info@sundklinik.dk||Sundklinik"],
    f"Mette {M}, Bo {B}": [f"{M}|Mette", f"{B}|Bo"],
    f"{M} Mette, {B} Bo": [f"{M}|Mette", f"{B}|Bo"],
    f"Mette; {M}; Bo; {B}": [f"{M}|Mette", f"{B}|Bo"],
    f"{M} (Mette Krag)": [f"{M}|Mette Krag"],
    f"Mette Krag: {M}": [f"{M}|Mette Krag"],
    f"Mette Krag – {M}": [f"{M}|Mette Krag"],
    f"mette krag | {M} | deltager": [f"{M}|mette krag||deltager"],
    f"Navn: Mette Krag, e-mail: {M}": [f"{M}|Mette Krag"],
    f"Mette van der Berg, {M}": [f"{M}|Mette van der Berg"],
    # Lists, groups, headers of a mail, text around them
    f"- {M}\n- Bo <{B}>\n• ida@x.dk\n-jo@x.dk": [M, f"{B}|Bo", "ida@x.dk", "jo@x.dk"],
    f"1. Mette {M}\n2) {B}\n(3) Ida, ida@x.dk": [f"{M}|Mette", B, "ida@x.dk|Ida"],
    f"Gruppe: {M}, {B};": [M, B],
    f"Gruppe: Mette <{M}>;": [f"{M}|Mette"],
    f"Gladsaxe Kommune: {M}, Bo <{B}>;": [f"{M}||Gladsaxe Kommune", f"{B}|Bo|Gladsaxe Kommune"],
    f"Til: Mette <{M}>; Bo <{B}>\nCc: ida@x.dk": [f"{M}|Mette", f"{B}|Bo", "ida@x.dk"],
    f"Gladsaxe Kommune\n{M}\n\nIcura:\n{B}": [f"{M}||Gladsaxe Kommune", f"{B}||Icura"],
    f"Mette Krag\nProjektleder\nGladsaxe Kommune\n{M}\n\nBo Bo\nIcura\nTlf. 12345678\n{B}": [
        f"{M}|Mette Krag|Gladsaxe Kommune",
        f"{B}|Bo Bo|Icura",
    ],
    f"Kære Mette\n\nKan du tilføje {M} og Bo <{B}>?\n\nHilsen Ida": [M, f"{B}|Bo"],
    # Files
    f"E-mail\n{M}\n{B}": [M, B],
    f"Navn,E-mail\nMette Krag,{M}": [f"{M}|Mette Krag"],
    f"\ufeffsep=;\r\nE-mail;Navn\r\n{M};Mette": [f"{M}|Mette"],
    f"Deltagerliste 2026\n\nNavn;E-mail;Organisation;Adgang;Rolle\nBo;{B};Icura;Moderator;Tovholder\n;;;;": [
        f"{B}|Bo|Icura|Moderator|Tovholder"
    ],
    OUTLOOK + f"Mette,Lind,Krag,Icura,{M},SMTP,Mette Krag ({M})": [f"{M}|Mette Lind Krag|Icura"],
    DANISH + f'"Mette","","Krag","Icura","{M}","SMTP","Mette Krag"': [f"{M}|Mette Krag|Icura"],
    GOOGLE + f"Mette Krag,Mette,Krag,* Work,{M} ::: {B},Icura": [f"{M}|Mette Krag|Icura", f"{B}|Mette Krag|Icura"],
    GOOGLE_NEW + f"Mette,,Krag,Icura,Work,{M}\n,,,,,{B}": [f"{M}|Mette Krag|Icura", B],
    f"Name\tMail\tTitle\nMette\t{M}\tLeder": [f"{M}|Mette"],
    f"Navn;E-mail\nMette;Mette Krag <{M}>\nBo;{B}, ida@x.dk": [f"{M}|Mette", f"{B}|Bo", "ida@x.dk|Bo"],
    f"| Navn | Mail |\n|---|---|\n| Mette | {M} |": [f"{M}|Mette"],
    f"BEGIN:VCARD\nFN:Mette\nEMAIL;TYPE=INTERNET:{M}\nEND:VCARD": [M],
    f'<a href="mailto:{M}">Mette</a>': [M],
    # What is meant as an address and is none: to be mended in its row
    "sune.toft@gladsaxe; mk@": ["sune.toft@gladsaxe", "mk@"],
    "mette@gladsaxe,dk": ["mette@gladsaxe,dk"],
    "mette @x.dk, a@b@c": ["@x.dk|mette", "a@b@c"],
    # No address at all
    "": [],
    "Mette Krag\nBo Hansen; Ida": [],
    "@ og @mette": [],
    "E-mail;Navn": [],
    "Navn;E-mail\nMette;\n": [],
}


@pytest.mark.parametrize("text", SHAPES)
def test_a_list_is_read_however_it_is_written(text: str) -> None:
    rows = [
        "|".join((one.address, one.name, one.organisation, one.access, one.role)).rstrip("|")
        for one in list_reader.read(text, WORDS).people
    ]
    assert rows == SHAPES[text]
    assert list_reader.count(text) == len(rows)


def test_there_are_many_shapes() -> None:
    assert len(SHAPES) >= 60


def test_what_has_words_but_no_address_is_left() -> None:
    assert list_reader.read(f"Navn;E-mail\nMette Krag;\nBo;{B}\n;;").rest == ["Mette Krag"]
    assert list_reader.read(f"{M}\nBo Hansen\n-----\n").rest == ["Bo Hansen"]


def test_an_unknown_word_in_a_column_of_known_ones_is_of_their_kind() -> None:
    text = f"{M}\tMette Krag\tIcura\tmoderator\n{B}\tBo Bo\tIcuro\tmoderater"
    assert [(one.organisation, one.access) for one in list_reader.read(text, WORDS).people] == [
        ("Icura", "moderator"),
        ("Icuro", "moderater"),
    ]


ADDRESSES = st.lists(
    st.from_regex(r"[a-z][a-z0-9]{0,8}([._+-][a-z0-9]{1,5})?@[a-z][a-z0-9-]{0,6}[a-z]\.(dk|com)", fullmatch=True),
    min_size=1,
    max_size=8,
    unique=True,
)
NAMES = st.sampled_from(["", "Mette Krag", "Krag, Mette", "Smith, Jr.", "Bo (GLAD)", "Åse O'Brien", "Anne-Mette"])
WAYS = [
    *(
        "{a}",
        "<{a}>",
        "{n} <{a}>",
        '"{n}" <{a}>',
        "{n} ({a})",
        "{n}\t{a}",
        "{a}\t{n}\tIcura A/S",
        "{a} {n}",
        "{n}: {a}",
    ),
    *("mailto:{a}", "'{a}'", "{n}<mailto:{a}>", "{n} <{a}<mailto:{a}>>", "- {n} {a}", "{a}.", "[{n}](mailto:{a})"),
]
ENDS = ["\n", "\r\n", "; ", ", ", ";\n", "\n\n", " og "]


@given(ADDRESSES, st.data())
@settings(max_examples=60)
def test_every_address_is_in_exactly_one_row(addresses: list[str], drawn: st.DataObject) -> None:
    text = "".join(
        drawn.draw(st.sampled_from(WAYS)).format(a=address, n=drawn.draw(NAMES)) + drawn.draw(st.sampled_from(ENDS))
        for address in addresses
    )
    assert sorted(one.address for one in list_reader.read(text, WORDS).people) == sorted(addresses)


@given(st.text(alphabet="ab@.,;:<>()[]\"'|\t\n -&=", max_size=60))
@settings(max_examples=100)
def test_no_row_is_without_an_address_and_no_address_without_a_row(text: str) -> None:
    rows = [one.address for one in list_reader.read(text, WORDS).people]
    assert all("@" in address and address in text for address in rows)
    assert len({address.casefold() for address in rows}) == len(rows) == list_reader.count(text)
    plain = {found.casefold() for found in re.findall(r"(?<![^\s,;<(])[ab]+@[ab]+\.[ab]+(?![^\s;>)])", text)}
    assert plain <= {address.casefold() for address in rows}
