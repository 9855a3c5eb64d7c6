"""The house as docs/design.md draws it: where modules stand, what they are called, and what they import."""

import ast
import re
import tomllib
from collections import defaultdict
from collections.abc import Container, Iterator
from enum import StrEnum
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import grimp
import pytest

from workspace import Workspace, permissions
from workspace.accounts.mail_preferences import DigestFrequency, MailTiming
from workspace.audit import labels as audit_labels
from workspace.audit.models import AuditAction
from workspace.config import ROOT
from workspace.db import Base
from workspace.digests import forms as digest_forms
from workspace.digests import queries as digest_queries
from workspace.files.inspection import Refusal
from workspace.files.refusals import REFUSALS
from workspace.i18n import formatting
from workspace.mail import queries as mail_queries
from workspace.mail.message_types import EMAIL_TYPES, PRIORITIES
from workspace.mail.models import MailState
from workspace.mail.queries import OutboxFilter
from workspace.members import labels as member_labels
from workspace.members.invitations.listed_people import RowStatus
from workspace.notifications.dispatch import NotificationKind
from workspace.organisations import labels as organisation_labels
from workspace.organisations.models import OrganisationKind, Side
from workspace.partnerships import labels as partnership_labels
from workspace.partnerships.activity_log import Entry
from workspace.partnerships.models import Ending, PartnershipDigest, Stage, Visibility
from workspace.partnerships.verbs import VERBS
from workspace.permissions import Action, Level
from workspace.posts import labels as post_labels
from workspace.posts.challenge_workflow import ChallengeStatus
from workspace.posts.models import SHARED, PostKind
from workspace.posts.reactions import ReactionKind
from workspace.results import labels as result_labels
from workspace.results.kinds import Direction, IndicatorKind, Measures, Pooling, ReferenceKind
from workspace.results.periods import Rhythm
from workspace.roles import labels as role_labels
from workspace.roles.assignments import AssignmentKind
from workspace.scheduled_jobs import JOBS

pytestmark = pytest.mark.either_database

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

    assert marks == dict.fromkeys(("bench", "bench-live", "faults-mail", "bench-digests", "bench-search"), 2)


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


def test_no_two_public_classes_share_a_name() -> None:
    places = defaultdict(list)
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(str(path.relative_to(ROOT)))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


# Each enum beside each table that must know all its members.
TABLES: dict[str, tuple[type[StrEnum], Container[Any]]] = {
    "kinds of posts": (PostKind, post_labels.POST_KINDS),
    "kinds of posts in plural": (PostKind, post_labels.POST_KINDS_IN_PLURAL),
    "hints of kinds of posts": (PostKind, post_labels.POST_KIND_HINTS),
    "verbs that share a post": (PostKind, SHARED),
    "statuses of challenges": (ChallengeStatus, post_labels.CHALLENGE_STATUSES),
    "reactions": (ReactionKind, post_labels.REACTIONS),
    "stages": (Stage, partnership_labels.STAGES),
    "levels": (Level, partnership_labels.LEVELS),
    "hints of levels": (Level, member_labels.LEVEL_HINTS),
    "order of levels": (Level, permissions.LEVELS),
    "actions, with who may": (Action, permissions.MINIMUM_LEVEL),
    "sides": (Side, partnership_labels.SIDES),
    "endings": (Ending, member_labels.ENDINGS),
    "visibilities": (Visibility, member_labels.VISIBILITIES),
    "rows of an invitation": (RowStatus, member_labels.FATES),
    "kinds of organisations": (OrganisationKind, organisation_labels.KINDS),
    "refusals of files": (Refusal, REFUSALS),
    "kinds of indicators": (IndicatorKind, result_labels.INDICATOR_KINDS),
    "directions of indicators": (Direction, result_labels.DIRECTIONS),
    "what indicators measure": (Measures, result_labels.MEASURES),
    "rhythms of indicators": (Rhythm, result_labels.RHYTHMS),
    "names of periods": (Rhythm, result_labels.PERIOD_NAMES),
    "pooling of numbers": (Pooling, result_labels.POOLINGS),
    "references of indicators": (ReferenceKind, result_labels.REFERENCE_KINDS),
    "holders of roles": (AssignmentKind, role_labels.HOLDERS),
    "sets of roles": (role_labels.RoleSet, role_labels.ROLE_SETS),
    "roles of the sets": (role_labels.RoleSet, role_labels.ROLES),
    "audited actions": (AuditAction, audit_labels.ACTIONS),
    "audited levels": (Level, audit_labels.VALUES),
    "audited visibilities": (Visibility, audit_labels.VALUES),
    "sections of digests": (PostKind, digest_queries.SECTIONS),
    "frequencies of digests": (DigestFrequency, digest_forms.FREQUENCIES),
    "hints of frequencies": (DigestFrequency, digest_forms.FREQUENCY_HINTS),
    "digests of a partnership": (PartnershipDigest, digest_forms.PARTNERSHIP_FREQUENCIES),
    "timings of mail": (MailTiming, digest_forms.SOON),
    "notifications": (NotificationKind, digest_forms.NOTICES),
    "notifications that are mails": (NotificationKind, EMAIL_TYPES),
    "states of mail": (MailState, mail_queries.STATE_WORDS),
    "filters of the outbox": (OutboxFilter, mail_queries.FILTERS),
    "states behind the filters": (OutboxFilter, mail_queries.STATES),
}


@pytest.mark.usefixtures("app")  # It loads every feature, and so what each registers.
@pytest.mark.parametrize("table", TABLES)
def test_every_table_knows_every_member(table: str) -> None:
    members, known = TABLES[table]
    assert [member.value for member in members if member not in known] == []


def test_every_kind_status_and_move_has_its_icon() -> None:
    icons = set(re.findall(r'<symbol id="([^"]+)"', (ROOT / "static/icons.svg").read_text()))
    wanted = {*PostKind, *ChallengeStatus, *(verb.icon for verb in VERBS.values())}
    assert sorted(wanted - icons) == []


@pytest.mark.usefixtures("app")
def test_every_verb_tells_something_or_says_that_it_tells_nothing() -> None:
    silent = {word for word, verb in VERBS.items() if verb.tells is None}
    shown_by_the_post = {"shared_progress", "shared_challenge", "commented", "edited", "withdrew", "brought_back"}
    shown_by_the_post |= {"redacted", "reacted", "pinned", "unpinned", "corrected_as_asked", "refused_file"}
    assert silent == shown_by_the_post | {"unknown"}
    assert [
        word for word, verb in VERBS.items() if verb.tells and not verb.sentence(Entry(verb=verb, details={}))
    ] == []


def test_administrators_read_the_name_of_every_job() -> None:
    assert [job.__module__ for job in JOBS if job.__module__.rpartition(".")[2] not in mail_queries.JOB_NAMES] == []


@pytest.mark.usefixtures("app")
def test_every_mail_has_a_title_a_priority_and_its_templates() -> None:
    assert [name for name, kind in EMAIL_TYPES.items() if not str(kind.title) or kind.priority not in PRIORITIES] == []
    sources = "".join(path.read_text() for path in (ROOT / "workspace").rglob("*emails.py"))
    for name in re.findall(r'render_email\(\s*"(\w+)"', sources):
        for part in ("subject.txt", "body.txt", "body.html"):
            assert (ROOT / "templates/mail" / name / part).is_file(), f"templates/mail/{name}/{part}"


def test_the_text_of_a_mail_says_of_an_address_what_the_button_says() -> None:
    for html in (ROOT / "templates/mail").glob("*/body.html"):
        text = html.with_name("body.txt").read_text()
        for words in re.findall(r"button\(address, (.+)\) }}", html.read_text()):
            assert f"{{{{ {words} }}}}: {{{{ address }}}}" in text, html.parent.name


@pytest.mark.parametrize("language", formatting.LANGUAGES)
def test_every_language_has_a_catalogue_and_its_formats(language: str) -> None:
    formats = ("DAYS", "DATES", "DATES_WITH_YEAR", "TIMES", "LONG_DATETIMES")
    assert [name for name in formats if language not in getattr(formatting, name)] == []
    # The messages themselves are English.
    assert language == "en" or (ROOT / "translations" / language / "LC_MESSAGES/messages.po").is_file()


def test_every_catalogue_is_of_a_language() -> None:
    assert {path.parent.parent.name for path in ROOT.glob("translations/*/LC_MESSAGES/*.po")} < {*formatting.LANGUAGES}


# Names that meant something to nobody but their author, or two things; docs/design.md has the words of today.
RETIRED = {"alike", "bell", "carrier", "kept", "letter", "piece", "postman", "seat"}
# The letters of the alphabet, and a report whose text a moderator kept.
PLAIN = {"KEPT", "SORTED_LETTERS", "WRITTEN_LETTERS", "kept_reason"}


def words_of(name: str) -> set[str]:
    """The words of an identifier, in the singular: `_CLOSED_Seats` and `ClosedSeats` are closed and seat."""
    found = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)
    return {word.lower().removesuffix("s") for word in found}


def names_in_code() -> Iterator[str]:
    """Modules, classes, functions, and what stands at a module's or a class's top."""
    for path in modules():
        yield path.stem
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef | ast.FunctionDef):
                yield node.name
            if isinstance(node, ast.ClassDef | ast.Module):
                for each in node.body:
                    targets = each.targets if isinstance(each, ast.Assign) else []
                    targets = [each.target] if isinstance(each, ast.AnnAssign) else targets
                    yield from (
                        name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)
                    )


def names_outside_code(app: Workspace) -> Iterator[str]:
    """Endpoints, tables and columns, templates, and classes of the style sheets."""
    yield from app.view_functions
    for table in Base.metadata.tables.values():
        yield from (table.name, *(column.name for column in table.columns))
    yield from (path.name for path in (ROOT / "templates").rglob("*.*"))
    for path in (ROOT / "static/css").rglob("*.css"):
        yield from re.findall(
            r"\.([a-z][\w-]*)", re.sub(r"/\*.*?\*/|url\([^)]*\)", "", path.read_text("utf-8"), flags=re.S)
        )


def test_the_token_of_a_form_stands_in_no_address() -> None:
    for path in sorted((ROOT / "templates").rglob("*.html")):
        written = path.read_text("utf-8")
        assert 'formmethod="get"' not in written, path
        for form in re.findall(r"<form.*?</form>", written, re.DOTALL):
            if "{{ token() }}" in form:
                assert 'method="post"' in form.partition("{{ token() }}")[0], f"{path}: {form[:80]}"


def test_retired_words_name_nothing(app: Workspace) -> None:
    names = {*names_in_code(), *names_outside_code(app)} - PLAIN
    assert sorted(name for name in names if words_of(name) & RETIRED) == []
