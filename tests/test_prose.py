"""What people write becomes paragraphs, line breaks and safe links, and nothing else."""

import re

import html5lib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspace import prose

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
def test_nothing_comes_through_but_paragraphs_breaks_and_links(text: str) -> None:
    for html in (prose.from_plain(text).html, prose.sanitised(text)):
        for tag, attributes in elements(html):
            assert tag in ("p", "br", "a")
            assert set(attributes) <= ({"href", "rel"} if tag == "a" else set())
            assert re.match(r"https?://|mailto:", attributes.get("href", "https://"), re.IGNORECASE)


@given(TEXTS)
def test_sanitising_twice_changes_nothing_more(text: str) -> None:
    for html in (prose.sanitised(text), prose.from_plain(text).html):
        assert prose.sanitised(html) == html


@given(st.text(alphabet=st.characters(blacklist_categories=("Cs", "Cc")), max_size=80))
def test_every_word_is_still_there(text: str) -> None:
    shown = "".join(html5lib.parseFragment(prose.from_plain(text).html).itertext())
    assert shown.split() == text.split()


def test_paragraphs_stand_at_blank_lines_and_lines_stay_lines() -> None:
    written = prose.from_plain("\r\n\r\nFørste linje\r\nanden linje\r\n \t\r\n\r\nNyt afsnit\n\n")
    assert written.html == "<p>Første linje<br>anden linje</p><p>Nyt afsnit</p>"
    assert written.text == "Første linje\nanden linje\n \t\n\nNyt afsnit"


@pytest.mark.parametrize("text", ["", " ", "\n\n\t"])
def test_nothing_makes_nothing(text: str) -> None:
    assert prose.from_plain(text) == prose.Prose("", "")


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
    found = prose.from_plain(text).html
    assert "<script" not in found
    if html is not None:
        assert found == f"<p>{html}</p>"


@pytest.mark.parametrize(
    "scheme", ["javascript:", "JaVaScRiPt:", "data:text/html,", "vbscript:", "file:///", "ftp://", "//", ""]
)
def test_a_link_goes_to_the_web_or_to_mail_only(scheme: str) -> None:
    assert "href" not in prose.sanitised(f'<a href="{scheme}x">x</a>') or scheme in ("//", "")


@pytest.mark.parametrize(
    "text",
    ["010190-1234", "0101901234", "010190 1234", "310199–0001", "cpr: 290200-4321.", "x 010190\u00a01234 y"],
)
def test_what_looks_like_a_cpr_number_is_recognised(text: str) -> None:
    assert prose.resembles_cpr_number("Et ord", text)


@pytest.mark.parametrize(
    "text", ["12345678", "320190-1234", "011390-1234", "10101901234", "01019012345", "1.1.1990", "+45 12 34 56 78", ""]
)
def test_other_numbers_are_not(text: str) -> None:
    assert not prose.resembles_cpr_number(text)


def test_control_characters_are_shown_as_what_they_are() -> None:
    assert prose.legible("a\0b\x1bc\td\ne\rf\x85g") == "a\ufffdb\ufffdc\td\ne\rf\ufffdg"
