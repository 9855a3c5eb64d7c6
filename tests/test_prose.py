"""What people write becomes paragraphs, line breaks and safe links, and nothing else."""

import re

import html5lib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspace import rich_text

pytestmark = pytest.mark.either_database

REL = 'rel="nofollow noopener noreferrer"'
SIGNS = st.text(alphabet="<>&\"'/=: \n\tapbhrefscriptonload.jvx#;", max_size=60)
PIECES = st.sampled_from(
    [
        "<script>alert(1)</script>",
        "<p>",
        "</p>",
        '<a href="javascript:alert(1)">x</a>',
        '<a href="https://a.dk" onclick="x()" style="color:red" class="btn">x</a>',
        "<img src=x onerror=alert(1)>",
        "<svg/onload=alert(1)>",
        "<style>p{}</style>",
        "<b>",
        "<br>",
        "<!-- x -->",
        "<math><mtext><table><mglyph><style><!--</style><img title=--&gt;&lt;img src=1 onerror=alert(1)&gt;>",
        "&lt;",
        "https://a.dk/?q=<b>&x=1",
        "http://samspil.dk",
        "www.a.dk",
        "mailto:a@b.dk",
        "javascript:alert(1)",
        "\n\n",
        " ",
        "æøå",
    ]
)
TEXTS = st.one_of(SIGNS, st.lists(PIECES, max_size=8).map("".join), st.text(max_size=80))


def elements(html: str) -> list[tuple[str, dict[str, str]]]:
    """What a browser makes of it."""
    fragment = html5lib.parseFragment(html, namespaceHTMLElements=False)
    return [(element.tag, dict(element.attrib)) for element in fragment.iter() if element is not fragment]


@given(TEXTS)
def test_nothing_comes_through_but_what_has_a_place_here(text: str) -> None:
    for html in (rich_text.from_plain(text).html, rich_text.from_html(text).html):
        for tag, attributes in elements(html):
            assert tag in ("p", "br", "a", "h2", "ul", "ol", "li", "blockquote", "strong", "em")
            assert set(attributes) <= ({"href", "rel"} if tag == "a" else set())
            assert re.match(r"https?://|mailto:", attributes.get("href", "https://"), re.IGNORECASE)


@given(TEXTS)
def test_sanitising_twice_changes_nothing_more(text: str) -> None:
    for made in (rich_text.from_html(text), rich_text.from_plain(text)):
        assert rich_text.from_html(made.html) == made


# Without the signs that make lists and quotes at the beginning of a line, and the mark of the order of bytes.
SAID = st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="-*•>.)\ufeff")


@given(st.text(alphabet=SAID, max_size=80))
def test_every_word_is_still_there(text: str) -> None:
    shown = "".join(html5lib.parseFragment(rich_text.from_plain(text).html).itertext())
    assert shown.split() == text.split()


def test_paragraphs_stand_at_blank_lines_and_lines_stay_lines() -> None:
    written = rich_text.from_plain("\r\n\r\nFørste linje\r\nanden linje\r\n \t\r\n\r\nNyt afsnit\n\n")
    assert written.html == "<p>Første linje<br>anden linje</p><p>Nyt afsnit</p>"
    assert written.text == "Første linje\nanden linje\n\nNyt afsnit"


@pytest.mark.parametrize("text", ["", " ", "\n\n\t"])
def test_nothing_makes_nothing(text: str) -> None:
    assert rich_text.from_plain(text) == rich_text.RichText("", "")


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Se https://gladsaxe.dk.", f'Se <a href="https://gladsaxe.dk" {REL}>https://gladsaxe.dk</a>.'),
        ("www.icura.dk", f'<a href="http://www.icura.dk" {REL}>www.icura.dk</a>'),
        ("(https://a.dk/b_(c))", f'(<a href="https://a.dk/b_(c)" {REL}>https://a.dk/b_(c)</a>)'),
        ("https://a.dk/?a=1&b=2", f'<a href="https://a.dk/?a=1&amp;b=2" {REL}>https://a.dk/?a=1&amp;b=2</a>'),
        ("mette@gladsaxe.dk", f'<a href="mailto:mette@gladsaxe.dk" {REL}>mette@gladsaxe.dk</a>'),
        ("javascript:alert(1)", "javascript:alert(1)"),
        ("a < b & c > d", "a &lt; b &amp; c &gt; d"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ('<a href="https://a.dk">x</a>', None),
    ],
)
def test_addresses_become_links_and_signs_stay_signs(text: str, html: str | None) -> None:
    found = rich_text.from_plain(text).html
    assert "<script" not in found
    if html is not None:
        assert found == f"<p>{html}</p>"


@pytest.mark.parametrize(
    "scheme", ["javascript:", "JaVaScRiPt:", "data:text/html,", "vbscript:", "file:///", "ftp://", "//", ""]
)
def test_a_link_goes_to_the_web_or_to_mail_only(scheme: str) -> None:
    assert rich_text.from_html(f'<a href="{scheme}x">x</a>').html == "<p>x</p>"


@pytest.mark.parametrize(
    "text",
    ["010190-1234", "0101901234", "010190 1234", "310199–0001", "cpr: 290200-4321.", "x 010190\u00a01234 y"],
)
def test_what_looks_like_a_cpr_number_is_recognised(text: str) -> None:
    assert rich_text.resembles_cpr_number("Et ord", text)


@pytest.mark.parametrize(
    "text", ["12345678", "320190-1234", "011390-1234", "10101901234", "01019012345", "1.1.1990", "+45 12 34 56 78", ""]
)
def test_other_numbers_are_not(text: str) -> None:
    assert not rich_text.resembles_cpr_number(text)


def test_control_characters_are_shown_as_what_they_are() -> None:
    assert rich_text.replace_control_chars("a\0b\x1bc\td\ne\rf\x85g") == "a\ufffdb\ufffdc\td\ne\rf\ufffdg"
