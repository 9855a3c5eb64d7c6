"""One name a page: `show` renders show.html, `list_sessions` and `show_versions` sessions.html and versions.html."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from workspace.config import ROOT

pytestmark = pytest.mark.either_database

RENDERS = ("render_template", "page_or_partial")
VERBS = ("show_", "list_", "edit_")

NAMED_BY_RESOURCE = "It asks before a POST, and is named for the resource that the POST makes, as the address is."
SEVERAL = "Several resources of the feature have a page `show` or `index`; this is named for its own."
LIVE = "It is what a page fetches of itself, named for that page."

EXCEPTIONS = {
    "accounts/address.html": SEVERAL,
    "accounts/address_answer.html": SEVERAL,
    "accounts/code.html": SEVERAL,
    "accounts/settings.html": SEVERAL,
    "comments/line.htmx.html": "It is no page: an answer to HTMX only.",
    "comments/withdrawal.html": NAMED_BY_RESOURCE,
    "demo/mail.html": SEVERAL,
    "demo/mailbox.html": SEVERAL,
    "digests/settings.html": SEVERAL,
    "files/redaction.html": NAMED_BY_RESOURCE,
    "files/withdrawal.html": NAMED_BY_RESOURCE,
    "live/feed.html": LIVE,
    "live/post.html": LIVE,
    "members/appointment.html": NAMED_BY_RESOURCE,
    "members/form.html": "Eight questions about members differ only in the heading and the part that they include.",
    "members/help.html": NAMED_BY_RESOURCE,
    "partnerships/people.html": "The page is the list; the view finds who is on it.",
    "posts/redaction.html": NAMED_BY_RESOURCE,
    "posts/withdrawal.html": NAMED_BY_RESOURCE,
    "roles/form.html": "Six questions about a role differ only in the part that they include.",
}


def pages() -> Iterator[tuple[str, str, str]]:
    """Module, view and template of each page that a view names itself: those of GET, without partials."""
    for path in sorted((ROOT / "workspace").rglob("*views.py")):
        for view in ast.parse(path.read_text()).body:
            if isinstance(view, ast.FunctionDef) and any(
                "blueprint.get" in ast.unparse(d) for d in view.decorator_list
            ):
                template = next(templates(view), None)
                if template and not Path(template).name.startswith("_"):
                    yield str(path.relative_to(ROOT)), view.name, template


def templates(view: ast.FunctionDef) -> Iterator[str]:
    """The templates that a view names, in no special order."""
    for node in ast.walk(view):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in RENDERS and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant):
                yield str(first.value)


def is_named_alike(view: str, template: str) -> bool:
    nouns = {view, *(view.removeprefix(verb) for verb in VERBS)}
    return Path(template).name in {f"{noun}.html" for noun in nouns}


def test_a_view_and_its_template_share_a_name() -> None:
    found = list(pages())
    assert len(found) > 40
    others = [page for page in found if not is_named_alike(*page[1:])]
    assert [page for page in others if page[2] not in EXCEPTIONS] == []
    assert set(EXCEPTIONS) == {template for *_, template in others}, "An exception that is none any more"
