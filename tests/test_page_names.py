"""One name a page: `show` renders show.html, `list_sessions` and `show_versions` sessions.html and versions.html.

`show` of settings_views.py renders settings.html, where the feature has other pages beside.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from workspace.config import ROOT

pytestmark = pytest.mark.either_database

RENDERS = ("render_template", "page_or_partial")
VERBS = ("show_", "list_", "edit_")

EXCEPTIONS = {
    "members/form.html": "Questions about members differ only in the heading and the part that they include.",
    "roles/form.html": "Questions about a role differ only in the part that they include.",
}


def pages() -> Iterator[tuple[str, str, str]]:
    """Module, view and template of each page that a view names itself: those of GET, without what is for HTMX only."""
    for path in sorted((ROOT / "workspace").rglob("*views.py")):
        for view in ast.parse(path.read_text()).body:
            if isinstance(view, ast.FunctionDef) and any(
                "blueprint.get" in ast.unparse(d) for d in view.decorator_list
            ):
                template = next(templates(view), None)
                if template and not Path(template).name.startswith("_") and not template.endswith(".htmx.html"):
                    yield str(path.relative_to(ROOT)), view.name, template


def templates(view: ast.FunctionDef) -> Iterator[str]:
    """The templates that a view names, in no special order."""
    for node in ast.walk(view):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in RENDERS and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant):
                yield str(first.value)


def is_named_after(module: str, view: str, template: str) -> bool:
    """Where a feature has several modules of views, the module's name may stand before the view's, or for it."""
    nouns = {view, *(view.removeprefix(verb) for verb in VERBS)}
    resource = Path(module).name.removesuffix("views.py").rstrip("_")
    names = nouns | {f"{resource}_{noun}" for noun in nouns} | ({resource} if view in ("show", "index") else set())
    return Path(template).name in {f"{name}.html" for name in names}


def test_a_view_and_its_template_share_a_name() -> None:
    found = list(pages())
    assert len(found) > 40
    others = [page for page in found if not is_named_after(*page)]
    assert [page for page in others if page[2] not in EXCEPTIONS] == []
    assert set(EXCEPTIONS) == {template for *_, template in others}, "An exception that is none any more"
