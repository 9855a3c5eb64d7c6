"""Static files: bundled, named by their content and compressed once, then served by WhiteNoise.

A name that changes with the content lets browsers cache a file for good: a changed file has a new address.
"""

import gzip
import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import brotli
from whitenoise import WhiteNoise

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

PREFIX = "/static/"
SERVED = ("vendor/trix-*.js", "*.svg")
# Each of these becomes one file with all the modules that it imports, since every request costs a wait on a phone.
SCRIPTS = ("page.js", "signin.js", "writing.js")
# They come first in `page.js`, and its modules see what they declare.
LIBRARIES = ("vendor/htmx-*.js", "vendor/idiomorph-*.js")
BUILDS_RETAINED = 2  # the current one, and the one that a process from before an upgrade may still serve

HASH = re.compile(r"\.[0-9a-f]{8}(?=\.\w+$)")
IMPORT = re.compile(r'@import\s+"([^"]+)"\s+layer\((\w+)\);')
MODULE_IMPORT = re.compile(r'^import (?:\{[\w\s,]+\} from )?"(\.[^"]+)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async function|function|const|let) )", re.MULTILINE)
DECLARED = re.compile(r"^(?:export )?(?:async function|function|const|let) (\w+)", re.MULTILINE)
STRING = r"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')"""
COMMENT = re.compile(STRING + r"|/\*.*?\*/", re.DOTALL)
COMMENT_LINES = re.compile(r"^\s*//.*\n", re.MULTILINE)
SPACE = re.compile(STRING + r"|\s*([{};,>])\s*|(:)\s+|(\s)\s*")


class Assets:
    """The files in `source` as they are served, built under `instance` unless they are there already."""

    def __init__(self, source: Path, instance: Path) -> None:
        self.root = instance / "assets" / fingerprint(source)
        if not self.root.is_dir():
            build(source, self.root)
            remove_old_builds(self.root)
        self.addresses = dict(addresses(self.root))

    def url(self, name: str) -> str:
        """The address of a file by its name in the source; the whole style is `app.css`."""
        try:
            return self.addresses[name]
        except KeyError:
            known = ", ".join(sorted(self.addresses))
            raise KeyError(f"No static file {name!r}; there are {known}") from None

    def wrap(self, wsgi_app: "WSGIApplication") -> "WSGIApplication":
        """Serve static files in front of `wsgi_app`, which gets all other requests."""
        wrapped: WSGIApplication = WhiteNoise(
            wsgi_app, root=self.root, prefix=PREFIX, add_headers_function=add_headers, allow_all_origins=False
        )
        return wrapped


def add_headers(headers: dict[str, str], path: str, url: str) -> None:
    """Let browsers cache a file for a year, and use it only as its declared type."""
    headers["Cache-Control"] = "public, max-age=31536000, immutable"
    headers["X-Content-Type-Options"] = "nosniff"


def fingerprint(source: Path) -> str:
    """A digest of every source file and of this module, which determines how they are built."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for path in sorted(path for path in source.rglob("*") if path.is_file()):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(source).as_posix()} {len(content)} ".encode() + content)
    return digest.hexdigest()[:16]


def build(source: Path, root: Path) -> None:
    """Write all served files into `root`, which appears whole or not at all; other processes may be doing the same."""
    root.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".", dir=root.parent, ignore_cleanup_errors=True) as workshop:
        built = Path(workshop, "built")
        for name, content in served(source):
            write(built / hashed(name, content), content)
        try:
            os.replace(built, root)
        except OSError:
            if not root.is_dir():  # else another process was faster, with the same files
                raise


def served(source: Path) -> Iterator[tuple[str, bytes]]:
    yield "app.css", stylesheet(source / "css" / "app.css").encode()
    libraries = [path.read_text("utf-8") for pattern in LIBRARIES for path in sorted(source.glob(pattern))]
    for name in SCRIPTS:
        code = bundle(source / "js" / name)
        yield name, "\n;\n".join([*libraries, code] if name == "page.js" else [code]).encode()
    for pattern in SERVED:
        for path in source.glob(pattern):
            yield path.relative_to(source).as_posix(), path.read_bytes()


def stylesheet(path: Path) -> str:
    """`path` and its imports as one stylesheet, each in its layer, without comments and unnecessary space."""

    def imported(match: re.Match[str]) -> str:
        return f"@layer {match[2]} {{ {without_comments(path.parent / match[1])} }}"

    return SPACE.sub(r"\1\2\3\4", IMPORT.sub(imported, without_comments(path))).replace(";}", "}").strip()


def bundle(entry: Path) -> str:
    """The module `entry` with all modules that it imports, directly or not, each once and after what it imports.

    Lines that are comments are left out. The modules share one scope, so no two of them may declare the same name; only
    `entry` exports anything.
    """
    modules: dict[Path, str] = {}
    declared: dict[str, Path] = {}

    def add(path: Path) -> None:
        code = modules[path] = COMMENT_LINES.sub("", path.read_text("utf-8"))
        for imported in MODULE_IMPORT.findall(code):
            if (other := (path.parent / imported).resolve()) not in modules:
                add(other)
        for name in DECLARED.findall(code):
            if other := declared.get(name):
                raise ValueError(f"Both {other.name} and {path.name} declare {name!r}")
            declared[name] = path
        modules[path] = modules.pop(path)

    add(entry.resolve())
    codes = {path: MODULE_IMPORT.sub("", code) for path, code in modules.items()}
    return "\n".join(code if path == entry.resolve() else EXPORT.sub("", code) for path, code in codes.items())


def without_comments(path: Path) -> str:
    return COMMENT.sub(r"\1", path.read_text("utf-8"))


def hashed(name: str, content: bytes) -> str:
    stem, _, extension = name.rpartition(".")
    return f"{stem}.{hashlib.sha256(content).hexdigest()[:8]}.{extension}"


def write(path: Path, content: bytes) -> None:
    """Write a file, and its brotli and gzip versions beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    Path(f"{path}.br").write_bytes(brotli.compress(content))
    Path(f"{path}.gz").write_bytes(gzip.compress(content, mtime=0))


def addresses(root: Path) -> Iterator[tuple[str, str]]:
    for path in root.rglob("*"):
        if path.is_file() and path.suffix not in (".br", ".gz"):
            name = path.relative_to(root).as_posix()
            yield HASH.sub("", name), PREFIX + name


def remove_old_builds(present: Path) -> None:
    others = [path for path in present.parent.glob("[!.]*") if path != present]
    for path in sorted(others, key=lambda path: path.stat().st_mtime, reverse=True)[BUILDS_RETAINED - 1 :]:
        shutil.rmtree(path, ignore_errors=True)
