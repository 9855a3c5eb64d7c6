"""The quick reader of pages: it takes nothing that html5lib would refuse, and finds the same."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from xml.etree.ElementTree import tostring

import pytest

from tests import markup
from tests.client import Client
from tests.factories import add_member, challenge, comment, start_partnership
from workspace.accounts.models import User

pytestmark = pytest.mark.either_database

DOCUMENT = "<!doctype html><html><head><title>Tage</title></head><body>{}</body></html>"
GOOD = (
    "<main><p>Grønne <a href='/'>tage</a><br></p><ul><li>Et</li><li>To</li></ul>"
    '<form><label>Navn <input name="name" required></label><textarea>\n\nTo linjer</textarea>'
    "<select><option>1</option></select></form>"
    "<table><caption>Tal</caption><tbody><tr><td>1</td></tr></tbody></table>"
    '<svg viewBox="0 0 1 1"><path d="M0 0"/></svg></main>'
)


@pytest.fixture
def pages(sign_in: Callable[[User], Client]) -> list[str]:
    """A feed, a form and a table."""
    moderator = start_partnership()
    comment(challenge(moderator), add_member(moderator))
    browser, home = sign_in(moderator.user), moderator.partnership.address
    return [browser.page(address).html for address in (home, f"{home}edit", f"{home}members")]


def is_refused(read: Callable[[str], object], html: str) -> bool:
    try:
        read(html)
    except AssertionError:
        return True
    return False


def changed(html: str, every: int) -> Iterator[str]:
    """For one of `every` tags: the page without it, with it twice, with words before it, with it after the next."""
    tags = list(markup.TAG.finditer(html))
    for tag, following in list(pairwise(tags))[::every]:
        before, after = html[: tag.start()], html[tag.end() :]
        yield before + after
        yield before + 2 * tag[0] + after
        yield f"{before}Ord{tag[0]}{after}"
        yield before + html[tag.end() : following.end()] + tag[0] + html[following.end() :]


@pytest.mark.parametrize("every", [101, pytest.param(9, marks=pytest.mark.slow)])
def test_what_is_changed_in_a_page_is_refused_as_html5lib_refuses_it(pages: list[str], every: int) -> None:
    wrong = []
    for page in pages:
        markup.read(page)
        for html in changed(page, every):
            if is_refused(markup.read, html) != is_refused(markup.read_strictly, html):
                wrong.append(html)
    assert wrong == []


def test_both_readers_find_the_same(pages: list[str]) -> None:
    for html in (*pages, DOCUMENT.format(GOOD), GOOD):
        quick = markup.read_quickly(html)
        assert quick
        assert markup._is_same(quick.root, markup.read_strictly(html))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("</p>", "<div></div></p>"),
        ("<br>", "<br><br/ />"),
        ("<ul>", "<ul/>"),
        ("<a href='/'>tage</a>", "<a href='/'><a href='/'>tage</a></a>"),
        ("<form>", "<form><form></form>"),
        ("<tbody>", "<tbody><div></div>"),
        ("</tr>", "</tr></tr>"),
        ("required", "required required"),
        ("Grønne", "Grønne & blå &gårde;"),
        ("Grønne", "Grønne <"),
        ("Grønne", "Grønne \x07"),
        ("</main>", "</main></main>"),
        ("</main>", ""),
        ("<body>", "<body></body><body>"),
        ("</head>", "</head><head></head>"),
        ("<html>", "Tage<html>"),
        ("<!doctype html>", '<!doctype html PUBLIC "-//W3C//DTD HTML 4.01//EN">'),
    ],
)
def test_after_the_right_page_the_wrong_one_is_refused(right: str, wrong: str) -> None:
    html = DOCUMENT.format(GOOD)
    assert html.count(right) == 1
    markup.read(html)
    with pytest.raises(AssertionError, match="Not HTML"):
        markup.read(html.replace(right, wrong))


def test_a_page_of_known_parts_is_read_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    markup.read(DOCUMENT.format(GOOD))
    monkeypatch.setattr(markup, "read_strictly", lambda html: pytest.fail("It was read strictly"))
    root = markup.read(DOCUMENT.format(GOOD.replace("<li>To</li>", "<li>To</li><li>Tre &amp; fire</li>")))
    assert "Tre & fire" in tostring(root, encoding="unicode").replace("&amp;", "&")
