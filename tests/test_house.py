"""The house as docs/design.md draws it: where modules stand, what they are called, and what they import."""

import ast
import re
import tomllib
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

from workspace.config import ROOT

HOUSE = ROOT / "workspace"
MOST_AT_THE_ROOT = 12
ROUTE_DECORATORS = {"get", "post", "route"}


def modules() -> Iterator[Path]:
    return (module for module in sorted(HOUSE.rglob("*.py")) if module.name != "__init__.py")


def packages() -> Iterator[Path]:
    return (package.parent for package in sorted(HOUSE.rglob("__init__.py")) if package.parent != HOUSE)


def docstring_of(path: str) -> str:
    tree = ast.parse((HOUSE / path / "__init__.py" if path.endswith("/") else HOUSE / path).read_text("utf-8"))
    return (ast.get_docstring(tree) or "").partition("\n")[0]


def drawing() -> Iterator[tuple[int, list[str]]]:
    """The lines of section 4: how far each is indented, and the names that it begins with."""
    section = (ROOT / "docs/design.md").read_text("utf-8").partition("\n## 4. The house\n")[2]
    for line in section.split("```")[1].splitlines()[1:]:
        names = line.strip().partition("  ")[0].split()
        known = [name for name in names if name.endswith((".py", "/"))]
        yield len(line) - len(line.lstrip()), known if names else []


def drawn() -> list[str]:
    """Everything that section 4 names, as paths under workspace/; packages end in a slash."""
    paths, folders = [], {0: ""}
    for indent, names in drawing():
        for name in names:
            paths.append(folders[indent] + name)
            if name.endswith("/"):
                folders[indent + 2] = folders[indent] + name
    return paths


def test_the_design_names_every_module_and_nothing_else() -> None:
    stands = {module.relative_to(HOUSE).as_posix() for module in modules()}
    stands |= {f"{package.relative_to(HOUSE).as_posix()}/" for package in packages()}
    named = drawn()

    missing = [f"add  {path:<44}{docstring_of(path)}" for path in sorted(stands - set(named))]
    gone = [f"take out  {path}" for path in sorted(set(named) - stands)]
    twice = [f"named twice  {path}" for path in sorted({path for path in named if named.count(path) > 1})]

    assert not [*missing, *gone, *twice], (
        "docs/design.md, section 4, is not the house as it stands. Put each name below its package (several may share "
        "a line, two spaces before the words), with half a line of what it is:\n" + "\n".join([*missing, *gone, *twice])
    )


def test_the_design_draws_the_floors_from_the_ground_up() -> None:
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"][0]
    floor_of = {
        name.strip(): floor for floor, names in enumerate(reversed(contract["layers"])) for name in names.split(":")
    }
    top = [path.removesuffix(".py").removesuffix("/") for path in drawn() if "/" not in path.removesuffix("/")]

    assert top == sorted(top, key=floor_of.__getitem__), (
        "docs/design.md, section 4, draws packages in the order of the layers in pyproject.toml, the lowest first"
    )


def test_the_root_holds_at_most_a_dozen_modules() -> None:
    at_the_root = [module.name for module in HOUSE.glob("*.py")]

    assert len(at_the_root) <= MOST_AT_THE_ROOT, f"move one to the package that it belongs to: {sorted(at_the_root)}"


def has_views(module: Path) -> bool:
    """Whether a function in it has a route."""
    return any(
        isinstance(decorator, ast.Call)
        and isinstance(decorator.func, ast.Attribute)
        and decorator.func.attr in ROUTE_DECORATORS
        for node in ast.walk(ast.parse(module.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef)
        for decorator in node.decorator_list
    )


def test_a_module_with_views_is_called_views() -> None:
    astray = [
        module.relative_to(HOUSE).as_posix()
        for module in modules()
        if has_views(module) != (module.stem == "views" or module.stem.endswith("_views"))
    ]

    assert not astray, f"views stand in views.py or …_views.py, and nothing else does: {astray}"


def test_each_feature_has_its_blueprint_in_a_module_of_its_own() -> None:
    features = {module.relative_to(HOUSE).parts[0] for module in modules() if has_views(module)} - {"views.py"}
    without = [feature for feature in sorted(features) if not (HOUSE / feature / "blueprint.py").is_file()]

    assert not without, f"views import the blueprint from blueprint.py, or they go round in a circle: {without}"


def test_imports_go_round_in_no_circle() -> None:
    """Imports for types alone (`if TYPE_CHECKING`) don't count: nothing runs them."""
    graph = grimp.build_graph("workspace", exclude_type_checking_imports=True, cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}

    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        pytest.fail(f"these import each other: {' ← '.join(error.args[1])}")


def test_commands_that_measure_find_their_marks_in_the_documents() -> None:
    targets = re.findall(
        r"^([a-z-]+):.*\n(?:\t.*\\\n)*\t.* --record$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE
    )
    documents = "".join(path.read_text("utf-8") for path in (ROOT / "docs").glob("*.md"))
    marks = {target: documents.count(f"<!-- written by make {target} -->\n") for target in targets}

    assert marks == dict.fromkeys(("bench", "bench-live", "faults-mail", "bench-digests"), 2)


def test_the_examples_of_the_style_are_real_code() -> None:
    code = "\n".join(module.read_text("utf-8") for module in modules())
    examples = re.findall(r"```python\n(.*?)```", (ROOT / "docs/style.md").read_text("utf-8"), re.DOTALL)
    gone = [example for example in examples if example not in code]

    assert examples
    assert not gone, "docs/style.md quotes code that is no longer there; quote it as it is now:\n" + "\n".join(gone)


def test_the_documents_name_modules_that_exist() -> None:
    """Such as `posts/parking.py` or `roles/assignments.py`, as they stand under workspace/ or at the root."""
    documents = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    named = {
        name
        for path in documents
        for name in re.findall(r"`([\w/]+/[\w/]*\w+\.(?:py|toml|js|md))\b", path.read_text("utf-8"))
    }
    gone = [name for name in sorted(named) if not (HOUSE / name).is_file() and not (ROOT / name).is_file()]

    assert not gone, f"no such files: {gone}"
