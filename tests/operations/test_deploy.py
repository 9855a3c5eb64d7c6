"""The programs that the files in deploy/ are for take them, where they are installed; what is set is a setting."""

import re
import shutil
import subprocess
from dataclasses import fields
from pathlib import Path

import pytest

from workspace.config import ROOT, Settings
from workspace.web.request_bodies import FILES_AT_ONCE, LARGEST

pytestmark = [pytest.mark.either_database, pytest.mark.slow]

DEPLOY = ROOT / "deploy"
SETTINGS = {each.metadata["variable"] for each in fields(Settings) if each.metadata}
SETTINGS |= {"SECRET_KEY", "DATABASE_URL", "INSTANCE_PATH"}
OTHERS = {"PYTHONDONTWRITEBYTECODE", "PATH", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}


def run(*command: str) -> str:
    """What a program says of a file; the test is left out where the program is not installed."""
    if not shutil.which(command[0]):
        pytest.skip(f"{command[0]} is not installed.")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_caddy_takes_its_file() -> None:
    assert "Valid configuration" in run("caddy", "validate", "--config", str(DEPLOY / "Caddyfile"))


def test_nginx_takes_its_file(tmp_path: Path) -> None:
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run(
        [*made, "-keyout", tmp_path / "privkey.pem", "-out", tmp_path / "fullchain.pem"],
        check=True,
        capture_output=True,
    )
    site = (DEPLOY / "nginx.conf").read_text().replace("/etc/ssl/samspil", str(tmp_path))
    (tmp_path / "nginx.conf").write_text(f"pid {tmp_path}/pid; events {{}} http {{ access_log off; {site} }}")
    run("nginx", "-t", "-c", str(tmp_path / "nginx.conf"), "-e", str(tmp_path / "errors"))


def test_systemd_takes_its_units(tmp_path: Path) -> None:
    """With the path of this repository, since it looks for the command."""
    units = []
    for path in (DEPLOY / "systemd").iterdir():
        command = f"{ROOT}/.venv/bin/workspace"
        unit = tmp_path / path.name.replace("@", "@8001")
        unit.write_text(path.read_text().replace("/srv/samspil/.venv/bin/workspace", command))
        units.append(str(unit))
    assert run("systemd-analyze", "verify", *units) == ""


def test_proxies_take_the_largest_form() -> None:
    """A form brings two files of the largest size, and its other fields."""
    nginx = re.findall(r"^ *client_max_body_size (\d+)m;$", (DEPLOY / "nginx.conf").read_text(), re.MULTILINE)
    caddy = re.findall(r"^\t*max_size (\d+)MB$", (DEPLOY / "Caddyfile").read_text(), re.MULTILINE)
    largest = FILES_AT_ONCE * Settings.file_megabytes * 2**20 + LARGEST
    assert [largest <= int(size) * 10**6 <= largest * 1.2 for size in (*nginx, *caddy)] == [True, True]


def test_what_is_set_is_a_setting() -> None:
    dockerfile = re.findall(r"^ENV (PATH=.*)$", (DEPLOY / "container" / "Dockerfile").read_text(), re.MULTILINE)
    units = re.findall(r"^Environment=(.*)$", (DEPLOY / "systemd" / "samspil@.service").read_text(), re.MULTILINE)
    named = {word.partition("=")[0] for line in [*dockerfile, *units] for word in line.split()}
    compose = (DEPLOY / "compose.yaml").read_text().partition("environment: &environment")[2].partition("\n\n")[0]
    named |= set(re.findall(r"^    ([A-Z_]+):", compose, re.MULTILINE))
    named |= set(re.findall(r"^([A-Z_]+)=", (DEPLOY / "environment.example").read_text(), re.MULTILINE))
    assert named - OTHERS <= SETTINGS


def test_the_container_has_a_pg_dump_that_is_not_older_than_the_server() -> None:
    of_debian = {"bookworm": 15, "trixie": 17}
    bases = re.findall(
        r"^FROM python:[0-9.]+-slim-(\w+)", (DEPLOY / "container" / "Dockerfile").read_text(), re.MULTILINE
    )
    server = re.findall(r"^ *image: postgres:(\d+)", (DEPLOY / "compose.yaml").read_text(), re.MULTILINE)
    assert (len(set(bases)), len(server)) == (1, 1)
    assert of_debian[bases[-1]] >= int(server[0])


def test_what_comes_from_others_is_listed_with_its_version_and_licence() -> None:
    table = (ROOT / "docs" / "operations.md").read_text("utf-8").partition("## What comes from others")[2]
    listed = {name: version for name, version in re.findall(r"^\| (\w+) \| ([0-9.]+) \| \w+ \|", table, re.MULTILINE)}
    licences = (ROOT / "static" / "vendor").glob("*.LICENSE.txt")
    kept = dict(path.name.removesuffix(".LICENSE.txt").split("-", 1) for path in licences)
    assert {name.lower(): version for name, version in listed.items()} == kept
