"""What becomes of a text: of what is typed, of what is pasted, and of what is meant to harm."""

import re
from pathlib import Path

import html5lib
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.rich_text.payloads import PAYLOADS
from workspace import rich_text
from workspace.rich_text import mentions, merge
from workspace.rich_text.display import display_html

pytestmark = pytest.mark.either_database

CLIPBOARD = sorted(path for path in Path(__file__).parent.glob("clipboard/*.html") if ".clean" not in path.name)
ATTRIBUTES = {"a": {"href", "rel"}}
TAGS = {"p", "br", "h2", "ul", "ol", "li", "blockquote", "strong", "em", "a"}

PIECES = [
    "<p>",
    "</p>",
    "<b>",
    "</b>",
    "<ul>",
    "<ol>",
    "<li>",
    "</li>",
    "</ul>",
    "</ol>",
    "<blockquote>",
    "</blockquote>",
    "<br>",
    "a",
    "b\xa0",
    "•\xa0x",
    "·\xa0\xa0y",
    "<td>",
    "<table>",
    "<tr>",
    "</table>",
    "<sup>",
    "</sup>",
    "<s>",
    "</s>",
    "<q>",
    "<ol start=5>",
    "<ol type=a>",
    "<li value=3>",
    "<li role=checkbox>",
    "<input type=checkbox>",
    "2",
    "<h1>",
    "</h1>",
    "http://a.dk",
    "www.b.dk",
    "x@y.dk",
    "<a\xa0href='http://q.dk/?a=1&amp;b'>",
    "<a\xa0href='#member-3'>",
    "</a>",
    "<i>",
    "<pre>",
    "</pre>",
    "<script>",
    "<svg>",
    "&lt;",
    "&amp;",
    "\u202e",
    "<div>",
    "<p\xa0style='mso-list:l0\xa0level2\xa0lfo1'>",
    "(",
    ")",
    ".",
    "/",
    "<style>",
    "<!--",
    "-->",
    "<math>",
    "@",
    "#",
    "ا",
    "👩\u200d👩\u200d👧",
    "\ufeff",
]
HTML = st.lists(
    st.sampled_from([piece.replace("\xa0", " ") for piece in PIECES] + [" ", "\xa0", "\n"]), max_size=30
).map("".join)


def is_clean(html: str) -> None:
    """Check that `html` is made of nothing but what we allow, as a browser would read it."""
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    for element in parser.parseFragment(html).iter():
        if element.tag == "DOCUMENT_FRAGMENT":
            continue
        assert element.tag in TAGS, f"<{element.tag}> in {html}"
        assert set(element.attrib) <= ATTRIBUTES.get(element.tag, set()), f"{element.attrib} in {html}"
        assert re.match(r"https?://|mailto:|#member-\d+$", element.get("href", "http://")), element.get("href")
        assert element.tag != "a" or element.get("rel") == "nofollow noopener noreferrer"


@settings(max_examples=300)
@given(HTML | st.text())
@example("<ol start=5>• x")
@example("<ol start=5><li>a<p>• b</p></ol>")
def test_sanitising_twice_changes_nothing(html: str) -> None:
    once = rich_text.from_html(html)
    is_clean(once.html)
    assert rich_text.from_html(once.html) == once


@settings(max_examples=200)
@given(
    st.lists(
        st.sampled_from(["- a\n", "1. b\n", "2. c\n", "> q\n", "\n", "x\n", "  - i\n", "www.b.dk ", "> - z\n"])
    ).map("".join)
    | st.text()
)
def test_plain_text_is_kept_in_the_same_shape(text: str) -> None:
    once = rich_text.from_plain(text)
    is_clean(once.html)
    assert rich_text.from_html(once.html) == once


def test_there_are_more_than_three_hundred_payloads() -> None:
    assert len(set(PAYLOADS)) > 300


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_no_payload_is_left_in_html_or_made_of_plain_text(payload: str) -> None:
    for made in (rich_text.from_html(payload), rich_text.from_plain(payload)):
        is_clean(made.html)
        is_clean(
            display_html(made.html, '1:<img src=x onerror="hit()">')
            .replace('<span class="mention">', "")
            .replace("</span>", "")
        )


def test_there_are_at_least_forty_shapes_of_a_clipboard() -> None:
    assert len(CLIPBOARD) >= 40


@pytest.mark.parametrize("path", CLIPBOARD, ids=lambda path: path.stem)
def test_what_is_pasted_comes_out_clean(path: Path) -> None:
    clean = path.with_suffix(".clean.html").read_text("utf-8").rstrip("\n")
    assert rich_text.from_html(path.read_text("utf-8")).html == clean
    assert rich_text.from_html(clean).html == clean


def test_plain_text_has_lists_quotes_and_links() -> None:
    made = rich_text.from_plain("Vi mangler:\n- strøm\n- skabe\n  til cykler\n\n> Hvem kan?\n\nSe www.gladsaxe.dk")
    assert made.html == (
        "<p>Vi mangler:</p><ul><li>strøm</li><li>skabe<br>til cykler</li></ul><blockquote><p>Hvem kan?</p></blockquote>"
        '<p>Se <a href="http://www.gladsaxe.dk" rel="nofollow noopener noreferrer">www.gladsaxe.dk</a></p>'
    )


def test_a_date_begins_no_list() -> None:
    assert rich_text.from_plain("1. maj holder vi fri.").html == "<p>1. maj holder vi fri.</p>"


def test_what_plain_text_leaves_alone_keeps_its_formatting() -> None:
    before = rich_text.from_html("<p>Det er <b>vigtigt</b>.</p><p>Andet.</p>")
    after = rich_text.from_plain(before.text.replace("Andet", "Noget andet"), instead_of=before.html)
    assert after.html == "<p>Det er <strong>vigtigt</strong>.</p><p>Noget andet.</p>"


def test_a_link_says_in_plain_text_where_it_leads() -> None:
    made = rich_text.from_html('<p><a href="https://dr.dk/1">Nyheden</a></p>')
    assert made.text == "Nyheden (https://dr.dk/1)"


def test_a_name_becomes_a_reference_unless_two_have_it() -> None:
    people = {1: "Bo", 2: "Bo Holm", 3: "Ida", 4: "ida"}
    made = mentions.resolve_mentions(
        rich_text.from_plain("@bo holm, @Bo, @Ida og x@Bo"), referable=people, recognisable=people
    )
    assert made.mentions == {1, 2}


@pytest.mark.parametrize(
    ("text", "mentioned"),
    [
        ("@Farida Nazaris opslag", {5}),
        ("@Nis' opslag og @Niss' opslag", {6}),
        ("@Jens Buhls opslag", {8}),
        ("@Jens Buhlsen", set()),
        ("@Ida Holms", set()),
    ],
)
def test_a_name_in_the_genitive_is_a_mention(text: str, mentioned: set[int]) -> None:
    people = {5: "Farida Nazari", 6: "Nis", 7: "Jens Buhl", 8: "Jens Buhls", 9: "Ida Holm", 10: "ida holm"}
    made = mentions.resolve_mentions(rich_text.from_plain(text), referable=people, recognisable=people)
    assert made.mentions == mentioned


def test_a_reference_to_somebody_else_is_plain_text() -> None:
    made = mentions.resolve_mentions(
        rich_text.from_html('<a href="#member-9">@Hemmelig</a>'), referable={1: "Bo"}, recognisable={}
    )
    assert made.html == "<p>@Hemmelig</p>"


def test_a_mention_shows_the_present_name() -> None:
    made = rich_text.from_html('<a href="#member-9">@Før</a>')
    assert display_html(made.html, "9:Efter <b>") == '<p><span class="mention">@Efter &lt;b&gt;</span></p>'
    linked = '<p><a class="mention" href="../members/9">@Efter &lt;b&gt;</a></p>'
    assert display_html(made.html, "9:Efter <b>", 2, "../members/") == linked


def test_changes_mark_added_and_removed_words() -> None:
    marks = [(change.mark, change.words.strip()) for change in merge.changes("en to tre", "en fire tre")]
    assert marks == [("", "en"), ("removed", "to"), ("added", "fire"), ("", "tre")]


def test_corrections_of_different_paragraphs_fit_together() -> None:
    base, mine, theirs = "<p>a</p><p>b</p>", "<p>A</p><p>b</p>", "<p>a</p><p>B</p>"
    merged = merge.merged(base, mine, theirs)
    assert merged
    assert merged.html == "<p>A</p><p>B</p>"
    assert merge.merged(base, mine, "<p>C</p><p>b</p>") is None


@pytest.mark.parametrize("text", ["שלום עולם", "مرحبا بالعالم", "你好", "👩‍👩‍👧‍👦 🇩🇰", "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A", "\u202eabc", "x" * 200])
def test_every_script_leaves_the_text_whole(text: str) -> None:
    assert rich_text.from_plain(text).text == text
    assert rich_text.from_html(f"<p>{text}</p>").text == text
