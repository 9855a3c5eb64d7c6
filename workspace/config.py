"""Every setting, from the environment, in one place, checked at the start."""

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from workspace import files

ROOT = Path(__file__).resolve().parent.parent

WEAK_KEYS = ("secret", "changeme", "change-me", "password", "development", "samspil")
SHORTEST_KEY = 32


class SettingsError(Exception):
    """A setting is missing or wrong; the message says which, and what to do."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What an installation decides. README.md lists the variables and their defaults."""

    instance: Path
    database_url: str
    secret_key: str
    demo: bool = False
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    trusted_proxies: int = 0
    rate_limit_url: str = "memory://"
    administrators_start_partnerships: bool = False
    help_email: str = ""
    accessibility_url: str = ""
    base_url: str = "http://127.0.0.1:8000"
    mail_from: str = "samspil@localhost"
    trail_months: int = 13
    smtp_url: str = ""
    queue_url: str = ""
    titles_only: bool = False
    busy_timeout: float = 5.0
    secure_cookies: bool = True

    @property
    def mail_domain(self) -> str:
        """The domain that our mails come from."""
        return self.mail_from.rpartition("@")[2]

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Read and check every setting. Raises SettingsError."""
        instance = Path(environment.get("INSTANCE_PATH") or ROOT / "instance").resolve()
        files.make_folder(instance)
        demo = _flag(environment, "DEMO")
        settings = cls(
            instance=instance,
            database_url=_database_url(environment.get("DATABASE_URL", ""), instance),
            secret_key=_secret_key(environment.get("SECRET_KEY", ""), instance, demo=demo),
            demo=demo,
            host=environment.get("HOST") or "127.0.0.1",
            port=_number(environment, "PORT", 8000),
            workers=_number(environment, "WORKERS", 1),
            trusted_proxies=_number(environment, "TRUSTED_PROXIES", 0),
            rate_limit_url=environment.get("RATE_LIMIT_URL") or "memory://",
            administrators_start_partnerships=_flag(environment, "ADMINISTRATORS_START_PARTNERSHIPS"),
            help_email=environment.get("HELP_EMAIL", ""),
            titles_only=_flag(environment, "MAIL_TITLES_ONLY"),
            trail_months=_number(environment, "TRAIL_MONTHS", 13),
            accessibility_url=environment.get("ACCESSIBILITY_URL", ""),
            base_url=(base_url := _base_url(environment)),
            mail_from=_mail_from(environment.get("MAIL_FROM", ""), base_url),
            smtp_url=_smtp_url(environment),
            queue_url=_queue_url(environment.get("QUEUE_URL", "")),
            secure_cookies=not demo,
        )
        if demo and not is_loopback(settings.host):
            raise SettingsError(
                f"The demo is served on this machine only (HOST={settings.host} is not a loopback address): "
                "its sign-ins are public. Set DEMO=0 and a SECRET_KEY for a real installation."
            )
        if demo and settings.trusted_proxies:
            raise SettingsError("The demo is served on this machine only: leave TRUSTED_PROXIES unset.")
        return settings


def is_loopback(host: str) -> bool:
    """Whether `host`, a name or an address, can be reached from this machine only."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _flag(environment: Mapping[str, str], name: str) -> bool:
    value = environment.get(name, "").strip().lower()
    if value in ("", "0", "no", "false", "off"):
        return False
    if value in ("1", "yes", "true", "on"):
        return True
    raise SettingsError(f"{name} is either 1 or 0, not “{value}”.")


def _number(environment: Mapping[str, str], name: str, default: int) -> int:
    value = environment.get(name, "").strip()
    if not value:
        return default
    if not value.isdecimal():
        raise SettingsError(f"{name} is a whole number, not “{value}”.")
    return int(value)


def _base_url(environment: Mapping[str, str]) -> str:
    """Where links in mails lead, without a slash at the end."""
    host = (environment.get("HOST") or "127.0.0.1").strip("[]")
    local = f"http://{f'[{host}]' if ':' in host else host}:{environment.get('PORT') or '8000'}"
    given = (environment.get("BASE_URL") or local).rstrip("/")
    parts = urlsplit(given)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query:
        raise SettingsError(f"BASE_URL is where people reach the workspace, like https://samspil.dk, not “{given}”.")
    return given


def _mail_from(given: str, base_url: str) -> str:
    """Whom mail comes from."""
    host = urlsplit(base_url).hostname or ""
    address = given or f"samspil@{'localhost' if is_loopback(host) or ':' in host else host}"
    if not re.fullmatch(r"[!-;=?A-~]+@[A-Za-z0-9.-]+", address):
        raise SettingsError(f"MAIL_FROM is a mail address, like samspil@kommune.dk, not “{address}”.")
    return address


def _smtp_url(environment: Mapping[str, str]) -> str:
    """The mail server. In the clear there is only one on this machine, and only where that is said."""
    given = environment.get("SMTP_URL", "").strip()
    if not given:
        return ""
    try:
        parts = urlsplit(given)
        known = parts.scheme in ("smtp", "smtps", "smtp+plain") and parts.hostname and parts.port != 0
    except ValueError:  # a port that is none
        known = False
    if not known:
        raise SettingsError("SMTP_URL is a mail server: smtp://user:password@host:587 (STARTTLS), or smtps:// (TLS).")
    if parts.scheme == "smtp+plain" and not is_loopback(parts.hostname or ""):
        raise SettingsError("SMTP_URL: without encryption (smtp+plain) mail goes to this machine only. Use smtp://.")
    if not environment.get("BASE_URL"):
        raise SettingsError("With SMTP_URL, BASE_URL is needed: where people reach the workspace, and links lead.")
    return given


def _queue_url(given: str) -> str:
    """Where the workers' bell hangs."""
    if given and urlsplit(given).scheme not in ("postgresql", "postgres", "redis", "rediss"):
        raise SettingsError(
            "QUEUE_URL is a PostgreSQL (postgresql://…) or a Redis (redis://…); leave it out for a file."
        )
    return given


def _database_url(given: str, instance: Path) -> str:
    if not given:
        return f"sqlite:///{instance / 'samspil.sqlite'}"
    try:
        url = make_url(given)
    except ArgumentError:
        raise SettingsError("DATABASE_URL is not an address of a database, like postgresql://user@host/name.") from None
    if url.drivername in ("postgres", "postgresql"):
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername not in ("sqlite", "postgresql+psycopg"):
        raise SettingsError("DATABASE_URL names a database of another kind: use sqlite or postgresql.")
    return url.render_as_string(hide_password=False)


def _secret_key(given: str, instance: Path, *, demo: bool) -> str:
    if given or not demo:
        weak = any(word in given.lower() for word in WEAK_KEYS) or len(set(given)) < 10
        if len(given) < SHORTEST_KEY or weak:
            raise SettingsError(
                f"SECRET_KEY is missing or weak: it needs at least {SHORTEST_KEY} random characters. "
                'Make one with: python3 -c "import secrets; print(secrets.token_urlsafe(48))"'
            )
        return given
    return _kept_key(instance / "secret-key")


def _kept_key(path: Path) -> str:
    """The demo's own key, made once and kept, so that a restart signs nobody out."""
    if not path.exists():
        with open(path, "w", opener=files.create) as file:
            file.write(secrets.token_urlsafe(48))
    return path.read_text()
