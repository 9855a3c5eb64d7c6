"""The static files: what the stylesheet becomes, names that follow the content, what browsers are told."""

import shutil
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import brotli
import pytest
from werkzeug.test import Client, TestResponse

from workspace.web.assets import SCRIPTS, Assets, bundle

pytestmark = pytest.mark.either_database

STATIC = Path(__file__).parent.parent / "static"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    files = {
        "css/app.css": '/* It\'s "one" file */\n@layer base, components;\n@import "base.css" layer(base);\n'
        '@import "components/button.css" layer(components);\n',
        "css/base.css": 'a :is(b, i) > p { width: calc(1px + 2px); content: "a, b; /* c */"; }\n',
        "css/components/button.css": "/* Big */\n@media (min-width: 40rem) {\n  .btn { color: red; }\n}\n",
        "js/page.js": 'import "./first.js";\nimport { second } from "./parts/second.js";\nsecond();\n',
        "js/first.js": 'import { second } from "./parts/second.js";\nsecond();\n',
        "js/parts/second.js": 'import { third } from "../third.js";\nexport function second() { third(); }\n',
        "js/third.js": 'import "./parts/second.js";\nexport const third = () => {};\n',
        "js/signin.js": "let alone = 1\n",
        "js/writing.js": 'import { third } from "./third.js";\nexport const open = third;\n',
        "vendor/htmx-1.0.min.js": "var htmx = 2;\n",
        "vendor/trix-1.0.min.js": "let trix = 3\n",
        "vendor/other.LICENSE.txt": "Do as you like\n",
        "icons.svg": '<svg xmlns="http://www.w3.org/2000/svg"/>\n',
    }
    for name, content in files.items():
        (tmp_path / "static" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "static" / name).write_text(content, "utf-8")
    return tmp_path / "static"


def underneath(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    start_response("404 NOT FOUND", [("Content-Type", "text/plain")])
    return [b"the app"]


def get(assets: Assets, address: str, encoding: str = "") -> TestResponse:
    return Client(assets.wrap(underneath)).get(address, headers={"Accept-Encoding": encoding}, buffered=True)


def test_the_stylesheet_is_one_file_in_layer_order_and_means_the_same(source: Path, tmp_path: Path) -> None:
    assets = Assets(source, tmp_path)
    assert get(assets, assets.url("app.css")).text == (
        "@layer base,components;"
        '@layer base{a :is(b,i)>p{width:calc(1px + 2px);content:"a, b; /* c */"}}'
        "@layer components{@media (min-width:40rem){.btn{color:red}}}"
    )


def test_a_script_is_one_file_with_its_modules_each_once_and_after_what_it_imports(
    source: Path, tmp_path: Path
) -> None:
    assets = Assets(source, tmp_path)
    assert get(assets, assets.url("page.js")).text == (
        "var htmx = 2;\n\n;\nconst third = () => {};\n\nfunction second() { third(); }\n\nsecond();\n\nsecond();\n"
    )
    assert get(assets, assets.url("writing.js")).text == (
        "function second() { third(); }\n\nconst third = () => {};\n\nexport const open = third;\n"
    )


def test_two_modules_of_a_script_do_not_declare_the_same_name(source: Path, tmp_path: Path) -> None:
    (source / "js" / "first.js").write_text("let third = 1\n", "utf-8")
    with pytest.raises(ValueError, match=r"declare 'third'"):
        Assets(source, tmp_path)


def test_an_address_changes_with_the_content_and_only_then(source: Path, tmp_path: Path) -> None:
    before = Assets(source, tmp_path)
    (source / "css" / "base.css").write_text("a { color: blue; }", "utf-8")
    after = Assets(source, tmp_path)
    assert after.url("app.css") != before.url("app.css")
    assert after.url("signin.js") == before.url("signin.js")


def test_browsers_keep_a_file_for_good_and_get_it_compressed(source: Path, tmp_path: Path) -> None:
    (source / "js" / "signin.js").write_text("again();\n" * 100, "utf-8")
    assets = Assets(source, tmp_path)
    response = get(assets, assets.url("signin.js"), encoding="gzip, br")
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.headers["Content-Encoding"] == "br"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "Access-Control-Allow-Origin" not in response.headers
    assert brotli.decompress(response.data) == b"again();\n" * 100
    assert get(assets, assets.url("signin.js"), encoding="gzip").headers["Content-Encoding"] == "gzip"


def test_what_is_not_named_is_not_served(source: Path, tmp_path: Path) -> None:
    assets = Assets(source, tmp_path)
    for path in ("css/app.css", "css/base.css", "vendor/other.LICENSE.txt", "js/first.js", "signin.js", "../secret"):
        assert get(assets, f"/static/{path}").text == "the app", path


def test_an_unknown_name_says_which_there_are(source: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyError, match=r"No static file 'app\.js'; there are app\.css, icons\.svg,"):
        Assets(source, tmp_path).url("app.js")


def test_a_second_start_builds_nothing_and_an_upgrade_keeps_one_more(source: Path, tmp_path: Path) -> None:
    def builds() -> int:
        return len(list((tmp_path / "assets").iterdir()))

    Assets(source, tmp_path)
    shutil.rmtree(Assets(source, tmp_path).root / "vendor")
    assert "vendor/trix-1.0.min.js" not in Assets(source, tmp_path).addresses
    for number in range(3):
        (source / "js" / "signin.js").write_text(f"let third = {number}\n", "utf-8")
        Assets(source, tmp_path)
    assert builds() == 2


def test_many_starts_at_once_share_one_build(source: Path, tmp_path: Path) -> None:
    barrier = Barrier(8)

    def start(_: int) -> dict[str, str]:
        barrier.wait()
        return Assets(source, tmp_path).addresses

    with ThreadPoolExecutor(8) as pool:
        first, *others = pool.map(start, range(8))
    assert all(other == first for other in others)
    assert len(list((tmp_path / "assets").iterdir())) == 1


def test_comments_are_not_served() -> None:
    for name in SCRIPTS:
        assert [line for line in bundle(STATIC / "js" / name).splitlines() if line.lstrip().startswith("//")] == []


def test_our_own_files_fit_the_budget_of_a_first_visit(tmp_path: Path) -> None:
    assets = Assets(STATIC, tmp_path)
    for name in ("app.css", "icons.svg", "favicon.svg", "page.js"):
        assert assets.url(name)
    at_once = ("app.css", "icons.svg", "favicon.svg", "page.js", "signin.js")
    compressed = sum(size(assets, name) for name in at_once)
    assert compressed < 53_000, f"{compressed} bytes, and the pages themselves come on top"


def test_the_editor_costs_less_than_60_kilobytes_once(tmp_path: Path) -> None:
    assets = Assets(STATIC, tmp_path)
    parts = ("vendor/trix-2.1.19.umd.min.js", "writing.js")
    compressed = sum(size(assets, name) for name in parts)
    assert compressed < 60_000, f"{compressed} bytes"


def size(assets: Assets, name: str) -> int:
    """How many bytes of a file reach a browser."""
    return Path(assets.root, f"{assets.url(name).removeprefix('/static/')}.br").stat().st_size
