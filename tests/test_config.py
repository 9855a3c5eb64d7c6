"""Settings are checked at the start; what is wrong is told in a sentence that says what to do."""

import re
import stat
from dataclasses import fields
from pathlib import Path

import pytest

from workspace.config import ROOT, Settings, SettingsError, is_loopback
from workspace.config.readers import WholeNumber

pytestmark = pytest.mark.either_database

KEY = "qJ3vX8mZ2pL7wR5tY9kB4nC6hD1gF0sA"
PRODUCTION = {
    "SECRET_KEY": KEY,
    "BASE_URL": "https://samspil.kommune.dk",
    "MAIL_FROM": "samspil@kommune.dk",
    "SMTP_URL": "smtp://user:word@mail.kommune.dk",
}


def read(folder: Path, **variables: str) -> Settings:
    """The settings of a real installation, where `variables` do not say otherwise."""
    return Settings.from_environment(PRODUCTION | {"INSTANCE_PATH": str(folder)} | variables)


def read_demo(folder: Path, **variables: str) -> Settings:
    return Settings.from_environment({"DEMO": "1", "INSTANCE_PATH": str(folder)} | variables)


def test_production_needs_a_key_an_address_and_mail(tmp_path: Path) -> None:
    settings = read(tmp_path / "instance")
    assert settings.database_url == f"sqlite:///{tmp_path / 'instance' / 'samspil.sqlite'}"
    assert (settings.demo, settings.host, settings.port, settings.secure_cookies) == (False, "127.0.0.1", 8000, True)
    assert stat.S_IMODE((tmp_path / "instance").stat().st_mode) == 0o700


@pytest.mark.parametrize("variable", PRODUCTION)
@pytest.mark.parametrize("value", ["", "  "])
def test_production_does_not_start_without(variable: str, value: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=f"^{variable} is missing: .*[.]$"):
        read(tmp_path / "instance", **{variable: value})
    assert not (tmp_path / "instance").exists()


def test_all_that_is_missing_or_wrong_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as told:
        Settings.from_environment({"INSTANCE_PATH": str(tmp_path), "PORT": "0", "HELP_EMAIL": "?"})
    assert [line.split()[0] for line in str(told.value).splitlines()] == ["PORT", "HELP_EMAIL", *PRODUCTION]


@pytest.mark.parametrize("url", ["http://samspil.kommune.dk", "http://10.0.0.1", "http://127.0.0.1.evil.example"])
def test_production_is_reached_over_https(url: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^BASE_URL begins with https:"):
        read(tmp_path, BASE_URL=url)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "http://localhost", "http://[::1]:8000"])
def test_production_can_be_tried_on_this_machine(url: str, tmp_path: Path) -> None:
    assert read(tmp_path, BASE_URL=url).base_url == url


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
    with pytest.raises(SettingsError, match=r"^SECRET_KEY is (missing|weak): .*at least 32 random characters"):
        read(tmp_path, SECRET_KEY=key, DEMO=demo)


def test_former_keys_are_as_strong(tmp_path: Path) -> None:
    assert read(tmp_path, SECRET_KEY_FALLBACKS=f"{KEY[::-1]} {KEY.lower()}").secret_key_fallbacks == (
        KEY[::-1],
        KEY.lower(),
    )
    with pytest.raises(SettingsError, match=r"^SECRET_KEY_FALLBACKS is weak"):
        read(tmp_path, SECRET_KEY_FALLBACKS=f"{KEY[::-1]} changeme")


def test_the_demo_makes_a_key_of_its_own_and_keeps_it(tmp_path: Path) -> None:
    first = read_demo(tmp_path)
    assert len(first.secret_key) >= 32
    assert read_demo(tmp_path).secret_key == first.secret_key
    assert stat.S_IMODE((tmp_path / "secret-key").stat().st_mode) == 0o600
    assert read_demo(tmp_path / "other").secret_key != first.secret_key


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "samspil.example", "127.0.0.1.evil.example", "[::]"])
def test_the_demo_is_served_on_this_machine_only(host: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="The demo is served on this machine only"):
        read_demo(tmp_path, HOST=host)
    assert read(tmp_path, HOST=host).host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost", "samspil.localhost"])
def test_the_demo_starts_on_a_loopback_address(host: str, tmp_path: Path) -> None:
    assert is_loopback(host)
    assert read_demo(tmp_path, HOST=host).host == host


def test_the_demo_stands_behind_no_proxy(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="TRUSTED_PROXIES"):
        read_demo(tmp_path, TRUSTED_PROXIES="1")


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("PORT", "otte", "PORT is a whole number from 1 to 65535, not “otte”."),
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
        read(tmp_path, **{variable: value})


@pytest.mark.parametrize("value", ["1", "yes", "TRUE", " on "])
def test_a_switch_is_on(value: str, tmp_path: Path) -> None:
    assert read(tmp_path, ADMINISTRATORS_START_PARTNERSHIPS=value).administrators_start_partnerships


@pytest.mark.parametrize("value", ["", "0", "No", "false", "off"])
def test_a_switch_is_off(value: str, tmp_path: Path) -> None:
    assert not read(tmp_path, ADMINISTRATORS_START_PARTNERSHIPS=value).administrators_start_partnerships


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_is_spoken_to_through_psycopg_with_its_password(scheme: str, tmp_path: Path) -> None:
    settings = read(tmp_path, DATABASE_URL=f"{scheme}://user:word@host:5433/samspil")
    assert settings.database_url == "postgresql+psycopg://user:word@host:5433/samspil"


def test_an_empty_setting_is_none(tmp_path: Path) -> None:
    settings = read(tmp_path, PORT="", HOST="", DATABASE_URL="", WORKERS=" ", RATE_LIMIT_URL="")
    assert (settings.port, settings.host, settings.workers) == (8000, "127.0.0.1", 1)
    assert settings.rate_limit_url == ""


def test_cookies_are_secure_but_in_the_demo(tmp_path: Path) -> None:
    assert read(tmp_path).secure_cookies
    assert not read_demo(tmp_path).secure_cookies


def test_links_in_mails_have_no_second_slash(tmp_path: Path) -> None:
    assert read(tmp_path, BASE_URL="https://samspil.kommune.dk/").base_url == "https://samspil.kommune.dk"


def test_the_links_of_the_demo_lead_to_it(tmp_path: Path) -> None:
    assert read_demo(tmp_path, HOST="::1").base_url == "http://[::1]:8000"
    assert read_demo(tmp_path, PORT="8100").base_url == "http://127.0.0.1:8100"


@pytest.mark.parametrize(
    "address", ["samspil.dk", "//samspil.dk", "ftp://samspil.dk", "https://samspil.dk/under", "https://"]
)
def test_links_in_mails_need_a_whole_address(address: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="BASE_URL is where people reach the workspace"):
        read(tmp_path, BASE_URL=address)


@pytest.mark.parametrize("address", ["samspil", "a@b@c", "Samspil <samspil@kommune.dk>", "a@b.dk\nBcc: c@d.dk"])
def test_mail_comes_from_an_address(address: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="MAIL_FROM is a mail address"):
        read(tmp_path, MAIL_FROM=address)


@pytest.mark.parametrize("url", ["smtp://user:word@mail.dk:587", "smtps://mail.dk", "smtp+plain://127.0.0.1:1025"])
def test_mail_goes_to_a_server_that_encrypts_or_to_this_machine(url: str, tmp_path: Path) -> None:
    assert read(tmp_path, BASE_URL="https://samspil.dk", SMTP_URL=url).smtp_url == url


@pytest.mark.parametrize("url", ["mail.dk", "http://mail.dk", "smtp://", "smtp://mail.dk:port", "smtp+plain://mail.dk"])
def test_mail_never_goes_out_in_the_clear_or_nowhere(url: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="SMTP_URL"):
        read(tmp_path, BASE_URL="https://samspil.dk", SMTP_URL=url)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("smtp://samspil:p/ss@mail.dk", "write @, /, : and # of a password as %40, %2F, %3A and %23"),
        ("smtp://samspil@mail.dk", "has a user or a password, but not both"),
        ("smtp://samspil:k%C3%B8d@mail.dk", "have plain .ASCII. letters only"),
    ],
)
def test_a_user_and_a_password_for_mail_are_whole(url: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=f"^SMTP_URL.*{words}") as told:
        read(tmp_path, SMTP_URL=url)
    assert "p/ss" not in str(told.value)


def test_a_folder_for_mail_is_asked_for_by_name_and_is_ours_alone(tmp_path: Path) -> None:
    folder = tmp_path / "her er mail"
    assert read(tmp_path, SMTP_URL=f"file://{tmp_path}/her%20er%20mail").mail_folder == folder
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert read(tmp_path).mail_folder is None
    assert read_demo(tmp_path).mail_folder == tmp_path / "mail"


@pytest.mark.parametrize("url", ["file:mail", "file://server/mail", "file:///", "file:///mail?x", "file:///%00"])
def test_a_folder_for_mail_has_a_whole_path(url: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="SMTP_URL names a folder for mail by its whole path"):
        read(tmp_path, SMTP_URL=url)


@pytest.mark.parametrize("path", ["/proc/samspil", "/dev/null", "/dev/null/samspil", "/" + "x" * 300])
@pytest.mark.parametrize("variable", ["INSTANCE_PATH", "SMTP_URL"])
def test_a_folder_that_can_not_be_used_is_told(variable: str, path: str, tmp_path: Path) -> None:
    value = f"file://{path}" if variable == "SMTP_URL" else path
    with pytest.raises(SettingsError, match=f"^{variable}: the folder .* can't be used .*[.]$"):
        read(tmp_path, **{variable: value})


def test_browsers_are_told_to_stay_with_https_for_as_long_as_is_set(tmp_path: Path) -> None:
    assert read(tmp_path).strict_transport_security == "max-age=63072000; includeSubDomains"
    assert read(tmp_path, HSTS_DAYS="1", HSTS_SUBDOMAINS="0").strict_transport_security == "max-age=86400"
    assert read(tmp_path, HSTS_DAYS="0").strict_transport_security == ""
    assert read_demo(tmp_path).strict_transport_security == ""


@pytest.mark.parametrize(
    "url", ["http://kommune.dk/side", "/side", "javascript:alert(1)", "https://", "https://a@b.dk"]
)
def test_the_accessibility_statement_is_a_page_over_https(url: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^ACCESSIBILITY_URL is the address of a page"):
        read(tmp_path, ACCESSIBILITY_URL=url)
    page = "https://www.was.digst.dk/samspil?language=da"
    assert read(tmp_path, ACCESSIBILITY_URL=page).accessibility_url == page


def test_a_setting_is_still_read_by_its_name_of_before(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert read(tmp_path, TRAIL_MONTHS="24").audit_months == 24
    assert caplog.messages == ["TRAIL_MONTHS is called AUDIT_MONTHS now: rename it."]
    assert read(tmp_path, TRAIL_MONTHS="24", AUDIT_MONTHS="6").audit_months == 6
    with pytest.raises(SettingsError, match=r"^TRAIL_MONTHS is a whole number from 1 to 120"):
        read(tmp_path, TRAIL_MONTHS="0")


def test_a_setting_that_is_not_needed_any_more_stops_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    read(tmp_path, QUEUE_URL="redis://queue.dk")
    assert caplog.messages == [
        "QUEUE_URL is not needed any more, since workers look into the outbox by themselves: leave it out."
    ]


VARIABLES = {each.metadata["variable"]: each for each in fields(Settings) if each.metadata}
OTHERS = ("SECRET_KEY", "DATABASE_URL", "INSTANCE_PATH")
NUMBERS = {
    name: each.metadata["read"] for name, each in VARIABLES.items() if isinstance(each.metadata["read"], WholeNumber)
}
ODD = [
    *("", " ", "\t\n", "0", "-1", "-0", "+1", "1.5", "1e3", "0x10", "1_000", "9" * 5000, "٣", "²", "1 2", "NaN"),
    *(
        "ja",
        "æøå",
        "a\nb",
        "a\x1b[31mb",
        "\udcff",
        "x" * 100_000,
        "%",
        "%00",
        "%(x)s",
        "{}",
        "~",
        "..",
        "/",
        "//",
        "/dev/null",
    ),
    *("http://", "http://[::1", "http://[::1]:x", "https://h:99999", "https://h:0", "ftp://h", "javascript:alert(1)"),
    *("https://user:word@h", "https://h/?q#f", "https://h\\@evil", "https://ø.dk", "https://a..b", "https://-"),
    *("a@b@c", "@", "a@", "@b", "a b@c.dk", "a@b.dk\nBcc: c@d.dk", "<a@b.dk>", f"{'a' * 65}@b.dk", f"a@{'b' * 300}"),
    *(
        "redis://",
        "redis://h:x",
        "redis://h:99999",
        "redis://h/x",
        "redis://h?socket_timeout=x",
        "rediss://[",
        "memory:",
    ),
    *("memory://x", "memcached://h", "sqlite://", "sqlite:///:memory:", "sqlite:///x?mode=memory", "sqlite://h/x"),
    *("sqlite:///file:x?uri=true", "postgresql://h:x/n", "postgresql://h:99999/n", "postgresql://h/n?x=1"),
    *("postgresql://[::1/n", "postgresql+asyncpg://h/n", "mysql://h/n", "oracle://", "://", "smtp://h:0", "smtp://h:x"),
    *(
        "smtp://h/path",
        "smtp://u:p@ss@h",
        "smtp://u:%0D%0Ap@h",
        "smtps://",
        "smtp+plain://mail.dk",
        "file:///",
        "file:x",
    ),
]


@pytest.mark.parametrize("variable", [*VARIABLES, *OTHERS])
@pytest.mark.parametrize("rest", [PRODUCTION, PRODUCTION | {"DEMO": "1"}], ids=["production", "demo"])
def test_whatever_a_setting_is_it_will_do_or_is_told_in_one_sentence(
    variable: str, rest: dict[str, str], tmp_path: Path
) -> None:
    for value in ODD if variable != "INSTANCE_PATH" else [value for value in ODD if value.strip()]:
        try:
            Settings.from_environment({"INSTANCE_PATH": str(tmp_path)} | rest | {variable: value})
        except SettingsError as error:
            told = str(error)
            assert re.fullmatch(rf"(The demo is|{variable}\b).{{20,300}}[.]", told), (value[:80], told)
            assert told.isprintable()


@pytest.mark.parametrize("variable", NUMBERS)
def test_a_number_has_a_least_and_a_most(variable: str, tmp_path: Path) -> None:
    bounds, field = NUMBERS[variable], VARIABLES[variable]
    assert bounds.least <= field.default <= bounds.most
    for value in (bounds.least, bounds.most):
        assert getattr(read(tmp_path, **{variable: str(value)}), field.name) == value
    for value in (bounds.least - 1, bounds.most + 1):
        with pytest.raises(SettingsError, match=f"^{variable} is a whole number from {bounds.least} to {bounds.most}"):
            read(tmp_path, **{variable: str(value)})


def test_the_readme_lists_every_setting_with_its_default_and_its_bounds() -> None:
    section = (ROOT / "README.md").read_text("utf-8").partition("\n## Settings\n")[2].partition("\n## ")[0]
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| (.*?) \|", section, re.MULTILINE))
    assert sorted(rows) == sorted([*VARIABLES, *OTHERS])
    for name, field in VARIABLES.items():
        default = str(int(field.default) if isinstance(field.default, bool) else field.default)
        if isinstance(field.default, tuple):
            default = " ".join(map(str, field.default))
        if name in NUMBERS:
            assert rows[name] == f"`{default}` ({NUMBERS[name].least} to {NUMBERS[name].most})"
        elif name in PRODUCTION:
            assert rows[name].startswith("needed; ")
        else:
            assert rows[name].startswith("none" if field.default in ("", ()) else f"`{default}`"), name
