"""Settings are checked at the start; what is wrong is told in a sentence that says what to do."""

import stat
from pathlib import Path

import pytest

from workspace.config import Settings, SettingsError, is_loopback

KEY = "qJ3vX8mZ2pL7wR5tY9kB4nC6hD1gF0sA"


def read(folder: Path, **variables: str) -> Settings:
    return Settings.from_environment({"INSTANCE_PATH": str(folder), **variables})


def test_production_needs_nothing_but_a_key(tmp_path: Path) -> None:
    settings = read(tmp_path / "instance", SECRET_KEY=KEY)
    assert settings.database_url == f"sqlite:///{tmp_path / 'instance' / 'samspil.sqlite'}"
    assert (settings.demo, settings.host, settings.port, settings.secure_cookies) == (False, "127.0.0.1", 8000, True)
    assert (tmp_path / "instance").is_dir()


@pytest.mark.parametrize(
    "key",
    [
        "",
        "kort",
        "q" * 40,
        "abcabcabc" * 5,
        KEY[:31],
        f"changeme{KEY}",
        f"{KEY}Secret",
        f"xx-PASSWORD-{KEY}",
        f"samspil{KEY}",
    ],
)
@pytest.mark.parametrize("demo", ["0", "1"])
def test_a_weak_key_does_not_start(key: str, demo: str, tmp_path: Path) -> None:
    if demo == "1" and not key:
        return  # The demo makes its own.
    with pytest.raises(SettingsError, match="SECRET_KEY is missing or weak: it needs at least 32 random characters"):
        read(tmp_path, SECRET_KEY=key, DEMO=demo)


def test_the_demo_makes_a_key_of_its_own_and_keeps_it(tmp_path: Path) -> None:
    first = read(tmp_path, DEMO="1")
    assert len(first.secret_key) >= 32
    assert read(tmp_path, DEMO="1").secret_key == first.secret_key
    assert stat.S_IMODE((tmp_path / "secret-key").stat().st_mode) == 0o600
    assert read(tmp_path / "other", DEMO="1").secret_key != first.secret_key


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "samspil.example", "127.0.0.1.evil.example", "[::]"])
def test_the_demo_is_served_on_this_machine_only(host: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="The demo is served on this machine only"):
        read(tmp_path, DEMO="1", HOST=host)
    assert read(tmp_path, SECRET_KEY=KEY, HOST=host).host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost", "samspil.localhost"])
def test_the_demo_starts_on_a_loopback_address(host: str, tmp_path: Path) -> None:
    assert is_loopback(host)
    assert read(tmp_path, DEMO="1", HOST=host).host == host


def test_the_demo_stands_behind_no_proxy(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="TRUSTED_PROXIES"):
        read(tmp_path, DEMO="1", TRUSTED_PROXIES="1")


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("PORT", "otte", "PORT is a whole number, not “otte”."),
        ("PORT", "-1", "PORT is a whole number"),
        ("PORT", "80.5", "PORT is a whole number"),
        ("WORKERS", "mange", "WORKERS is a whole number"),
        ("TRUSTED_PROXIES", "*", "TRUSTED_PROXIES is a whole number"),
        ("DEMO", "maybe", "DEMO is either 1 or 0, not “maybe”."),
        ("ADMINISTRATORS_START_PARTNERSHIPS", "ja", "ADMINISTRATORS_START_PARTNERSHIPS is either 1 or 0"),
        ("DATABASE_URL", "ikke en adresse", "DATABASE_URL is not an address of a database"),
        ("DATABASE_URL", "mysql://user@host/name", "DATABASE_URL names a database of another kind"),
        ("DATABASE_URL", "sqlite+aiosqlite:///x", "DATABASE_URL names a database of another kind"),
    ],
)
def test_a_setting_that_will_not_do_is_told(variable: str, value: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=words):
        read(tmp_path, **{"SECRET_KEY": KEY, variable: value})


@pytest.mark.parametrize("value", ["1", "yes", "TRUE", " on "])
def test_a_switch_is_on(value: str, tmp_path: Path) -> None:
    assert read(tmp_path, SECRET_KEY=KEY, ADMINISTRATORS_START_PARTNERSHIPS=value).administrators_start_partnerships


@pytest.mark.parametrize("value", ["", "0", "No", "false", "off"])
def test_a_switch_is_off(value: str, tmp_path: Path) -> None:
    assert not read(tmp_path, SECRET_KEY=KEY, ADMINISTRATORS_START_PARTNERSHIPS=value).administrators_start_partnerships


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_is_spoken_to_through_psycopg_with_its_password(scheme: str, tmp_path: Path) -> None:
    settings = read(tmp_path, SECRET_KEY=KEY, DATABASE_URL=f"{scheme}://user:word@host:5433/samspil")
    assert settings.database_url == "postgresql+psycopg://user:word@host:5433/samspil"


def test_an_empty_setting_is_none(tmp_path: Path) -> None:
    settings = read(tmp_path, SECRET_KEY=KEY, PORT="", HOST="", DATABASE_URL="", WORKERS=" ", RATE_LIMIT_URL="")
    assert (settings.port, settings.host, settings.workers) == (8000, "127.0.0.1", 1)
    assert settings.rate_limit_url == "memory://"


def test_cookies_are_secure_but_in_the_demo(tmp_path: Path) -> None:
    assert read(tmp_path, SECRET_KEY=KEY).secure_cookies
    assert not read(tmp_path, DEMO="1").secure_cookies
