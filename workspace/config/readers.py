"""What each setting may be. A reader raises SettingsError with one sentence: what is wrong, and what to do."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

WEAK_KEYS = ("secret", "changeme", "change-me", "password", "development", "samspil")
SHORTEST_KEY = 32
LONGEST_SHOWN = 60
LONGEST_ADDRESS = 254  # RFC 5321, 4.5.3.1.3

LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
HOST = re.compile(rf"(?=.{{1,253}}\Z){LABEL}(?:\.{LABEL})*\.?")
WORD = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
LOCAL_PART = re.compile(rf"(?=.{{1,64}}\Z){WORD}(?:\.{WORD})*")  # RFC 5321, 4.1.2: a dot-string
BUCKET = re.compile(r"[a-z0-9](?:[a-z0-9.-]{1,61}[a-z0-9])")  # Amazon S3, "Bucket naming rules"
KEY_RECIPE = 'python3 -c "import secrets; print(secrets.token_urlsafe(48))"'


Reader = Callable[[str, str], Any]


class SettingsError(Exception):
    """A setting is missing or wrong; the message says which, and what to do."""


@dataclass(frozen=True)
class WholeNumber:
    """A whole number from `least` to `most`."""

    least: int
    most: int

    def __call__(self, name: str, given: str) -> int:
        """Read it."""
        if not re.fullmatch(r"[0-9]{1,9}", given) or not self.least <= int(given) <= self.most:
            raise SettingsError(f"{name} is a whole number from {self.least} to {self.most}, not {shown(given)}.")
        return int(given)


def flag(name: str, given: str) -> bool:
    """Something that is on or off."""
    if given.lower() in ("0", "no", "false", "off"):
        return False
    if given.lower() in ("1", "yes", "true", "on"):
        return True
    raise SettingsError(f"{name} is either 1 or 0, not {shown(given)}.")


def host(name: str, given: str) -> str:
    """A name or an address of a machine, an IPv6 address with or without brackets."""
    if not is_host(given):
        raise SettingsError(f"{name} is a host name or an IP address, like 127.0.0.1, not {shown(given)}.")
    return given


def web_address(name: str, given: str) -> str:
    """The public address of the workspace, without a trailing slash."""
    parts = _split(given.rstrip("/"))
    if not _is_web(parts, "http", "https") or parts.path or parts.query:
        raise SettingsError(f"{name} is where people reach the workspace, like https://samspil.dk, not {shown(given)}.")
    return given.rstrip("/")


def secure_page(name: str, given: str) -> str:
    """An https page elsewhere, to link to."""
    if not _is_web(_split(given), "https"):
        raise SettingsError(f"{name} is the address of a page, like https://kommune.dk/page, not {shown(given)}.")
    return given


def mail_address(name: str, given: str) -> str:
    """A plain e-mail address."""
    local, _at, domain = given.rpartition("@")
    if len(given) > LONGEST_ADDRESS or not LOCAL_PART.fullmatch(local) or not HOST.fullmatch(domain):
        raise SettingsError(f"{name} is a mail address, like samspil@kommune.dk, not {shown(given)}.")
    return given


def mail_server(name: str, given: str) -> str:
    """A mail server, or a folder that mail is written to as files.

    Mail travels unencrypted only to this machine, and only if that is asked for. No error message repeats the value,
    since it contains a password.
    """
    parts = _split(given)
    if parts.scheme == "file":
        folder = unquote(parts.path)
        if parts.netloc not in ("", "localhost") or parts.query or not _is_whole_path(folder):
            raise SettingsError(f"{name} names a folder for mail by its whole path: file:///var/lib/samspil/mail.")
        return given
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if (
        parts.scheme not in ("smtp", "smtps", "smtp+plain")
        or not is_host(parts.hostname or "")
        or parts.path.strip("/")
        or parts.query
    ):
        raise SettingsError(
            f"{name} is a mail server, smtp://user:password@host:587 (STARTTLS) or smtps:// (TLS); "
            "write @, /, : and # of a password as %40, %2F, %3A and %23."
        )
    if bool(user) != bool(password):
        raise SettingsError(f"{name} has a user or a password, but not both: smtp://user:password@host:587.")
    if not (user + password).isascii() or not (user + password).isprintable():
        raise SettingsError(f"{name}: the user and the password for the mail server have plain (ASCII) letters only.")
    if parts.scheme == "smtp+plain" and not is_loopback(parts.hostname or ""):
        raise SettingsError(f"{name}: without encryption (smtp+plain) mail goes to this machine only; use smtp://.")
    return given


def counters(name: str, given: str) -> str:
    """Where failed sign-ins are counted: in a Redis, or without one (empty) in the database."""
    if given == "memory://":  # the default of before
        return ""
    if _is_redis(name, given):
        return given
    raise SettingsError(f"{name} is a Redis (redis://host:6379); leave it out to count in the database.")


def database(name: str, given: str) -> str:
    """The database URL for SQLAlchemy."""
    try:
        url = make_url(given)
    except (ArgumentError, ValueError):
        raise SettingsError(f"{name} is not an address of a database, like postgresql://user@host/name.") from None
    if url.drivername in ("postgres", "postgresql", "postgresql+psycopg"):
        return _postgresql(name, given).render_as_string(hide_password=False)
    if url.drivername != "sqlite":
        raise SettingsError(f"{name} names a database of another kind: use sqlite or postgresql.")
    if url.host or url.query or (url.database or ":").startswith((":", "file:")):
        raise SettingsError(f"{name} names no file for SQLite: sqlite:////var/lib/samspil/samspil.sqlite.")
    return given


def secret_key(name: str, given: str) -> str:
    """The key that signs sessions, tokens and codes."""
    weak = any(word in given.lower() for word in WEAK_KEYS) or len(set(given)) < 10
    if len(given) < SHORTEST_KEY or weak:
        raise SettingsError(
            f"{name} is weak: it needs at least {SHORTEST_KEY} random characters, which {KEY_RECIPE} makes."
        )
    return given


def secret_keys(name: str, given: str) -> tuple[str, ...]:
    """Keys of before, separated by spaces."""
    return tuple(secret_key(name, each) for each in given.split())


def networks(name: str, given: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Networks or single addresses, separated by spaces."""
    try:
        return tuple(ip_network(each) for each in given.split())
    except ValueError:
        raise SettingsError(f"{name} has networks like 10.20.0.0/16 with spaces between, not {shown(given)}.") from None


def log_format(name: str, given: str) -> str:
    """How lines of logs are written."""
    if given not in ("text", "json"):
        raise SettingsError(f"{name} is either text or json, not {shown(given)}.")
    return given


def listening_address(name: str, given: str) -> str:
    """An address of this machine, and a port."""
    host, _colon, port = given.rpartition(":")
    if not is_host(host) or not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) < 65536:
        raise SettingsError(f"{name} is an address and a port, like 127.0.0.1:9464, not {shown(given)}.")
    return given


def scanner(name: str, given: str) -> str:
    """Where ClamAV's clamd listens."""
    parts = _split(given)
    by_tcp = (
        parts.scheme == "tcp" and is_host(parts.hostname or "") and parts.port and not parts.path and not parts.query
    )
    by_socket = parts.scheme == "unix" and not parts.netloc and _is_whole_path(parts.path) and not parts.query
    if not by_tcp and not by_socket:
        raise SettingsError(
            f"{name} is where clamd listens, tcp://127.0.0.1:3310 or unix:/run/clamav/clamd.ctl, not {shown(given)}."
        )
    return given


def bucket(name: str, given: str) -> str:
    """A bucket that speaks S3. Keys come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, never from the address."""
    parts = _split(given)
    options = parse_qs(parts.query, keep_blank_values=True)
    endpoint = _split(options.get("endpoint", ["https://s3"])[0])
    if (
        parts.scheme != "s3"
        or not BUCKET.fullmatch(parts.netloc)
        or parts.path.strip("/")
        or not set(options) <= {"endpoint", "region"}
        or not _is_web(endpoint, "http", "https")
        or endpoint.query
    ):
        raise SettingsError(
            f"{name} is a bucket, like s3://samspil?endpoint=https://s3.kommune.dk&region=eu-north-1; "
            "the keys stand in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        )
    if endpoint.scheme == "http" and not is_loopback(endpoint.hostname or ""):
        raise SettingsError(f"{name}: without encryption (http://) files go to this machine only; use https://.")
    return given


def folder(name: str, given: str) -> Path:
    """A folder, which need not exist yet. Its path is absolute, since the command may be run from anywhere."""
    if not _is_whole_path(given) or "?" in given:  # SQLite's URL would end there.
        raise SettingsError(f"{name} is the whole path of a folder, like /var/lib/samspil, not {shown(given)}.")
    return Path(given)


def is_loopback(host: str) -> bool:
    """Whether `host`, a name or an address, can be reached from this machine only."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def is_host(text: str) -> bool:
    """Whether `text` is a name or an address of a machine."""
    try:
        ip_address(text[1:-1] if text.startswith("[") and text.endswith("]") else text)
    except ValueError:
        return HOST.fullmatch(text) is not None and not re.fullmatch(r"[0-9.]*", text)
    return True


def shown(given: str) -> str:
    """A value as a message quotes it: short, on one line, printable on every terminal."""
    short = given if len(given) <= LONGEST_SHOWN else f"{given[:LONGEST_SHOWN]}…"
    return f"“{''.join(letter if letter.isprintable() else '?' for letter in short)}”"


def is_readable(given: str) -> bool:
    """Whether `given` was valid UTF-8 in the environment; Python accepts any bytes there."""
    return not any("\ud800" <= letter <= "\udfff" for letter in given)


NOWHERE = SplitResult("", "", "", "", "")


def _split(given: str) -> SplitResult:
    """The parts of an address; none of them where it is no address, or has a part that never stands in ours."""
    if not given.isascii() or not given.isprintable() or " " in given or "\\" in given:
        return NOWHERE
    try:
        parts = urlsplit(given)
        is_one = parts.port != 0 and not parts.fragment and not given.endswith("#")
    except ValueError:  # brackets that don't match, a port that is none
        return NOWHERE
    return parts if is_one else NOWHERE


def _is_whole_path(text: str) -> bool:
    """Whether `text` is the absolute path of a folder other than the root."""
    return text.isprintable() and Path(text).is_absolute() and len(Path(text).parts) > 1


def _is_web(parts: SplitResult, *schemes: str) -> bool:
    return parts.scheme in schemes and is_host(parts.hostname or "") and "@" not in parts.netloc


def _is_redis(name: str, given: str) -> bool:
    """Whether it is the address of a Redis. Raises SettingsError where that can't be spoken to."""
    parts = _split(given)
    if parts.scheme not in ("redis", "rediss") or not is_host(parts.hostname or ""):
        return False
    try:
        from redis.connection import parse_url

        parse_url(given)  # type: ignore[no-untyped-call]
    except ImportError:
        raise SettingsError(f"{name} is a Redis, for which a package is missing: run make install.") from None
    except ValueError:
        raise SettingsError(f"{name} has an option that Redis does not know: redis://host:6379/0.") from None
    return parts.path.strip("/").isdecimal() or not parts.path.strip("/")


def _postgresql(name: str, given: str) -> URL:
    """The address of a PostgreSQL. Raises SettingsError where that can't be spoken to."""
    try:
        from psycopg import ProgrammingError
        from psycopg.conninfo import make_conninfo
    except ImportError:
        raise SettingsError(f"{name} is a PostgreSQL, for which a package is missing: run make install.") from None
    try:
        url = make_url(given).set(drivername="postgresql+psycopg")
        options = {key: value for key, value in url.query.items() if isinstance(value, str)}
        make_conninfo(**(url.translate_connect_args(username="user", database="dbname") | options))
    except (ArgumentError, ValueError, ProgrammingError):
        url = URL.create("postgresql+psycopg", port=0)
    if (url.port is not None and not 0 < url.port < 65536) or (url.host and not is_host(url.host)):
        raise SettingsError(
            f"{name} is not an address of a PostgreSQL, like postgresql://user:password@host:5432/name."
        )
    return url
