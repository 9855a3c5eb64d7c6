"""Every setting, from the environment, in one place, checked at the start."""

import logging
import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from errno import EACCES
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from workspace.config import files, readers
from workspace.config.readers import SHORTEST_KEY, WholeNumber
from workspace.config.readers import SettingsError as SettingsError
from workspace.config.readers import is_loopback as is_loopback

ROOT = Path(__file__).resolve().parent.parent.parent

MONTHS_OF_AUDIT = WholeNumber(1, 120)
INVITATIONS = WholeNumber(1, 100_000)
MEGABYTES_OF_FILE, MEGABYTES_OF_FILES = WholeNumber(1, 200), WholeNumber(1, 10_000_000)
SECONDS_A_DAY = 24 * 60 * 60

log = logging.getLogger(__name__)

# Required in production, with what the error says where one is missing.
NEEDED = {
    "SECRET_KEY": f"at least {SHORTEST_KEY} random characters, which {readers.KEY_RECIPE} makes",
    "BASE_URL": "where people reach the workspace, and the links in mails lead, like https://samspil.kommune.dk",
    "MAIL_FROM": "whom the mails come from, like samspil@kommune.dk",
    "SMTP_URL": "the server that takes the mails, like smtp://user:password@mail.kommune.dk "
    "(or file:///var/lib/samspil/mail for a folder, from which nobody is sent any)",
}


# Names of before, which are still read, with a warning.
RENAMED = {"AUDIT_MONTHS": "TRAIL_MONTHS"}
NOT_NEEDED = {"QUEUE_URL": "workers look into the outbox by themselves"}


def _setting(variable: str, read: readers.Reader, default: Any) -> Any:
    """A field that the environment's `variable` gives, or where that is empty, `default`."""
    return field(default=default, metadata={"variable": variable, "read": read})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What an installation decides. README.md lists the variables and their defaults; a test compares."""

    instance: Path
    database_url: str
    secret_key: str
    secret_key_fallbacks: tuple[str, ...] = _setting("SECRET_KEY_FALLBACKS", readers.secret_keys, ())
    demo: bool = _setting("DEMO", readers.flag, False)
    host: str = _setting("HOST", readers.host, "127.0.0.1")
    port: int = _setting("PORT", WholeNumber(1, 65535), 8000)
    workers: int = _setting("WORKERS", WholeNumber(1, 64), 1)
    trusted_proxies: int = _setting("TRUSTED_PROXIES", WholeNumber(0, 10), 0)
    rate_limit_url: str = _setting("RATE_LIMIT_URL", readers.counters, "")
    administrators_start_partnerships: bool = _setting("ADMINISTRATORS_START_PARTNERSHIPS", readers.flag, False)
    invitations_per_person: int = _setting("INVITATIONS_PER_PERSON", INVITATIONS, 300)
    invitations_per_partnership: int = _setting("INVITATIONS_PER_PARTNERSHIP", INVITATIONS, 500)
    invitation_mails_per_address: int = _setting("INVITATION_MAILS_PER_ADDRESS", WholeNumber(1, 20), 3)
    file_megabytes: int = _setting("FILE_MEGABYTES", MEGABYTES_OF_FILE, 25)
    files_megabytes: int = _setting("FILES_MEGABYTES", MEGABYTES_OF_FILES, 2048)
    help_email: str = _setting("HELP_EMAIL", readers.mail_address, "")
    accessibility_url: str = _setting("ACCESSIBILITY_URL", readers.secure_page, "")
    base_url: str = _setting("BASE_URL", readers.web_address, "http://127.0.0.1:8000")
    mail_from: str = _setting("MAIL_FROM", readers.mail_address, "samspil@localhost")
    audit_months: int = _setting("AUDIT_MONTHS", MONTHS_OF_AUDIT, 13)
    smtp_url: str = _setting("SMTP_URL", readers.mail_server, "")
    mails_per_minute: int = _setting("MAILS_PER_MINUTE", WholeNumber(0, 100_000), 0)
    titles_only: bool = _setting("MAIL_TITLES_ONLY", readers.flag, False)
    hsts_days: int = _setting("HSTS_DAYS", WholeNumber(0, 730), 730)
    hsts_subdomains: bool = _setting("HSTS_SUBDOMAINS", readers.flag, True)
    monitoring_networks: tuple[IPv4Network | IPv6Network, ...] = _setting(
        "MONITORING_NETWORKS", readers.networks, readers.networks("MONITORING_NETWORKS", "127.0.0.0/8 ::1/128")
    )
    log_format: str = _setting("LOG_FORMAT", readers.log_format, "text")
    access_log: bool = _setting("ACCESS_LOG", readers.flag, True)
    clamd_url: str = _setting("CLAMD_URL", readers.scanner, "")
    storage_url: str = _setting("STORAGE_URL", readers.bucket, "")
    metrics_address: str = _setting("METRICS_ADDRESS", readers.listening_address, "")
    busy_timeout: float = 5.0
    secure_cookies: bool = True

    @property
    def largest_file(self) -> int:
        """How many bytes a file may have."""
        return self.file_megabytes * 2**20

    @property
    def files_of_partnership(self) -> int:
        """How many bytes the files of a partnership may have together."""
        return self.files_megabytes * 2**20

    @property
    def mail_domain(self) -> str:
        """The domain that our mails come from."""
        return self.mail_from.rpartition("@")[2]

    @property
    def mail_folder(self) -> Path | None:
        """The folder that mails are written to as files; None where a server takes them."""
        if self.smtp_url.startswith("file:"):
            return Path(unquote(urlsplit(self.smtp_url).path))
        return None if self.smtp_url else self.instance / "mail"

    @property
    def incoming_folder(self) -> Path:
        """The folder for files on their way: in, through the inspection, or out. None of them stays."""
        return self.instance / "incoming"

    @property
    def strict_transport_security(self) -> str:
        """For how long browsers are told to come by HTTPS only (RFC 6797); empty for not at all."""
        if not self.secure_cookies or not self.hsts_days:
            return ""
        return f"max-age={self.hsts_days * SECONDS_A_DAY}{'; includeSubDomains' if self.hsts_subdomains else ''}"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Read and check every setting. Raises SettingsError, with a sentence for each that won't do."""
        reading = _Reading(environment)
        reading.warn_of_what_is_not_needed()
        instance: Path = reading.value("INSTANCE_PATH", readers.folder, ROOT / "instance")
        settings = cls(
            instance=instance,
            database_url=reading.value("DATABASE_URL", readers.database, f"sqlite:///{instance / 'samspil.sqlite'}"),
            secret_key=reading.value("SECRET_KEY", readers.secret_key, ""),
            **{
                each.name: reading.value(each.metadata["variable"], each.metadata["read"], each.default)
                for each in fields(cls)
                if each.metadata
            },
        )
        if not reading.text("BASE_URL"):
            settings = replace(settings, base_url=_local_address(settings))
        if settings.demo:
            settings = replace(settings, secure_cookies=False)
            if not reading.text("ACCESS_LOG"):  # Whoever tries the demo in a terminal reads whom to sign in as.
                settings = replace(settings, access_log=False)
            reading.wrong += _wrong_in_the_demo(settings)
        else:
            reading.wrong += _wrong_in_production(settings, reading)
        if reading.wrong:
            raise SettingsError("\n".join(reading.wrong))
        _make_folders(settings)
        return (
            settings if settings.secret_key else replace(settings, secret_key=_demo_secret_key(instance / "secret-key"))
        )


class _Reading:
    """Reads variables and collects their errors."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment
        self.wrong: list[str] = []

    def text(self, variable: str) -> str:
        """The value in the environment, without surrounding spaces."""
        return self.environment.get(variable, "").strip()

    def warn_of_what_is_not_needed(self) -> None:
        """Say which variables are set in vain."""
        for variable, reason in NOT_NEEDED.items():
            if self.text(variable):
                log.warning("%s is not needed any more, since %s: leave it out.", variable, reason)

    def _name_in_use(self, variable: str) -> str:
        """`variable`, or its name of before where only that is set."""
        former = RENAMED.get(variable, "")
        if self.text(variable) or not self.text(former):
            return variable
        log.warning("%s is called %s now: rename it.", former, variable)
        return former

    def value(self, variable: str, read: readers.Reader, default: Any) -> Any:
        """The value as parsed by `read`; `default` if it is missing or invalid."""
        variable = self._name_in_use(variable)
        given = self.text(variable)
        try:
            if not readers.is_readable(given):
                raise SettingsError(f"{variable} is not written in UTF-8; write it again.")
            return read(variable, given) if given else default
        except SettingsError as error:
            self.wrong.append(str(error))
            return default


def _wrong_in_the_demo(settings: Settings) -> Iterator[str]:
    if not is_loopback(settings.host):
        yield (
            f"The demo is served on this machine only (HOST={settings.host} is not a loopback address): "
            "its sign-ins are public. Set DEMO=0 and a SECRET_KEY for a real installation."
        )
    if settings.trusted_proxies:
        yield "The demo is served on this machine only: leave TRUSTED_PROXIES unset."


def _wrong_in_production(settings: Settings, reading: _Reading) -> Iterator[str]:
    for variable, meaning in NEEDED.items():
        if not reading.text(variable):
            yield f"{variable} is missing: {meaning}."
    base = urlsplit(settings.base_url)
    if base.scheme == "http" and not is_loopback(base.hostname or ""):
        yield "BASE_URL begins with https://, or nobody stays signed in: cookies are sent over HTTPS only."


def _local_address(settings: Settings) -> str:
    """Where the workspace is served, for browsers on this machine."""
    host = settings.host.strip("[]")
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def _make_folders(settings: Settings) -> None:
    """Create the folders for data and for mail, which other users of this machine can't read."""
    folders = {"INSTANCE_PATH": settings.instance}
    if settings.smtp_url and settings.mail_folder:
        folders["SMTP_URL"] = settings.mail_folder
    for variable, folder in folders.items():
        try:
            files.make_folder(folder)
            if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
                raise PermissionError(EACCES, os.strerror(EACCES))
        except OSError as error:
            raise SettingsError(
                f"{variable}: the folder {readers.shown(str(folder))} can't be used ({error.strerror}); "
                "choose another, or let the user who runs the workspace write to it."
            ) from None


def _demo_secret_key(path: Path) -> str:
    """The demo's own key, created once and stored, so that a restart signs nobody out."""
    try:
        key = path.read_text("ascii", errors="replace") if path.exists() else ""
        if len(key) < SHORTEST_KEY:
            key = secrets.token_urlsafe(48)
            with open(path, "w", opener=files.create) as file:
                file.write(key)
    except OSError as error:
        raise SettingsError(
            f"SECRET_KEY: the demo keeps its own in {path}, which can't be used ({error.strerror})."
        ) from None
    return key
