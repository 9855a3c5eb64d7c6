"""What every page and every part of a page must be, checked wherever a test meets one."""

from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import urljoin, urlsplit
from xml.etree.ElementTree import Element

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, RequestRedirect

from tests import markup

LARGEST_TABLE = 75_000  # bytes: fifty members, with a control for each one's access
LARGEST_PAGE = 76_500  # bytes: a feed of the longest posts, with the form, its files, and all that is wrong with it
TABLE_PARTS = ("table", "thead", "tbody", "tr", "th", "td")

# The attributes that hold an address, and the method that a browser or a script of ours asks it with.
LINKS = {
    "href": "GET",
    "hx-get": "GET",
    "hx-post": "POST",
    "data-news": "GET",
    "data-editor": "GET",
    "data-suggestions": "GET",
    "data-copy": "GET",
    "data-seen": "POST",
}
STATIC = "/static/"  # answered by files in front of the app, so not in the url map


class Page:
    """An HTML document, or the part of one."""

    def __init__(self, html: str) -> None:
        self.html = html
        self.is_whole = markup.is_whole(html)
        self.root = markup.read(html)

    def all(self, tag: str) -> list[Element]:
        """All elements of that name, in order."""
        return [element for element in self.root.iter() if element.tag == tag]

    @property
    def text(self) -> str:
        """What there is to read, with single spaces."""
        body = self.root.find("body")
        return " ".join("".join((self.root if body is None else body).itertext()).split())

    def form(self, action: str) -> dict[str, str]:
        """What a form sends when nothing is changed in it: its hidden fields, its texts, its choices."""
        for form in self.all("form"):
            if form.get("action") == action and form.get("method") == "post":
                return _fields(form)
        raise AssertionError(f"No form with the action {action}")

    def check(self) -> None:
        """Raise AssertionError for what no page of ours may be."""
        self._check_elements()
        if self.is_whole:
            self._check_whole()

    def check_links(self, urls: Map, base: str) -> None:
        """Raise AssertionError for a link, form or request of HTMX that no view of ours answers with that method.

        `base` is the address of the page. A part of a page stands on a page that isn't known here, so its relative
        addresses are checked only where a test opens the whole page.
        """
        host = urlsplit(base).netloc
        broken = []
        for tag, method, address in sorted(set(self._links())):
            is_relative = not address.startswith("/") and not urlsplit(address).netloc
            if address.startswith("#") or (is_relative and not self.is_whole):
                continue
            parts = urlsplit(urljoin(base, address))
            if parts.scheme not in ("http", "https") or parts.netloc != host or parts.path.startswith(STATIC):
                continue
            if trouble := _trouble(urls, parts.path, method):
                broken.append(f"<{tag}> {method} {address} ({trouble})")
        assert not broken, f"Links that lead nowhere on {base}: {broken}"

    def _links(self) -> Iterator[tuple[str, str, str]]:
        """Tag, method and address of all that can be followed or sent."""
        for element in self.root.iter():
            if not isinstance(element.tag, str):
                continue  # a comment
            for name, method in LINKS.items():
                if address := element.get(name):
                    yield element.tag, method, address
            if element.tag == "form":
                yield from _targets(element)

    def _check_whole(self) -> None:
        assert self.root.get("lang") in ("da", "en"), "The page does not say its language"
        titles = [(title.text or "").strip() for title in self.all("title")]
        assert titles[0].split("–")[0].strip(), "The page has no title"
        headings = ["".join(heading.itertext()).strip() for heading in self.all("h1")]
        assert len(headings) == 1, f"A page has one h1, not {headings}"
        assert headings[0], "The h1 is empty"
        assert len(self.all("main")) == 1, "The page has no main landmark, or several"
        size = len(self.html.encode())
        most = (
            LARGEST_TABLE
            if any("members" in (table.get("class") or "") for table in self.all("table"))
            else LARGEST_PAGE
        )
        assert size < most, f"The page has {size} bytes"

    def _check_elements(self) -> None:
        ids: list[str] = []
        described: list[str] = []
        for element in self.root.iter():
            if not isinstance(element.tag, str):
                continue  # a comment
            assert element.tag != "style", "A style element: the content security policy forbids it"
            if element.tag == "script":
                assert element.get("src"), "A script in the page: the content security policy forbids it"
            if element.tag in TABLE_PARTS:
                assert element.get("role", "presentation") == "presentation", f"<{element.tag}> has a role of its own"
            if element.get("aria-invalid") == "true":
                described.append(element.get("aria-describedby", "").split(" ")[-1])
            for name, value in element.attrib.items():
                assert name != "style", f"A style attribute in <{element.tag}>"
                assert not name.startswith(("on", "hx-on", "data-hx-on")), f"{name} in <{element.tag}>"
                assert not value.strip().lower().startswith(("javascript:", "js:")), f"{name}={value!r}"
                if name == "id":
                    ids.append(value)
        doubled = {value for value in ids if ids.count(value) > 1}
        assert not doubled, f"Ids that stand twice: {sorted(doubled)}"
        assert set(described) <= set(ids), f"Fields that are wrong, and don't say why: {set(described) - set(ids)}"


@lru_cache(maxsize=10_000)
def _trouble(urls: Map, path: str, method: str) -> str:
    """Why none of our views answers; empty if one does."""
    try:
        urls.bind("").match(path, method)
    except (HTTPException, RequestRedirect) as error:
        return type(error).__name__
    return ""


def _targets(form: Element) -> Iterator[tuple[str, str, str]]:
    """Where a form and each of its buttons send it. A form without an action goes to its own page."""
    method = form.get("method", "get").upper()
    yield "form", method, form.get("action", "")
    for button in form.iter():
        if "formaction" in button.attrib:
            yield button.tag, button.get("formmethod", method).upper(), button.get("formaction", "")


def _fields(form: Element) -> dict[str, str]:
    fields = {}
    for element in form.iter():
        name = element.get("name")
        if not name or element.get("disabled") is not None:
            continue
        kind = element.get("type", "text")
        if element.tag == "input" and (
            kind not in ("checkbox", "radio", "submit", "file") or element.get("checked") is not None
        ):
            fields[name] = element.get("value", "on" if kind == "checkbox" else "")
        elif element.tag == "textarea":
            fields[name] = "".join(element.itertext())
        elif element.tag == "select":
            options = [option for option in element.iter() if option.tag == "option"]
            chosen = [option for option in options if option.get("selected") is not None] or options[:1]
            for option in chosen:
                fields[name] = option.get("value", "".join(option.itertext()))
    return fields
