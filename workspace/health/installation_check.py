"""`workspace check`: what is wrong with an installation, each with its remedy, before its users find out."""

import difflib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path

from limits.storage import storage_from_string
from sqlalchemy import make_url, text
from sqlalchemy.exc import SQLAlchemyError

from workspace.backup import databases
from workspace.backup.archive import BackupError
from workspace.config import RENAMED, Settings, SettingsError
from workspace.db import db, installation, schema
from workspace.db.engine import connections_needed
from workspace.db.remedies import cause_of
from workspace.demo import separation
from workspace.files import scanner
from workspace.files.quota import LEAST_FREE
from workspace.files.storage import StorageUnavailable, require_storage
from workspace.mail import diagnostics

SECONDS_APART = 2.0  # between two clocks: more confuses what ends and begins
SIMILARITY = 0.8  # of difflib's ratio, for a name that somebody meant to be one of ours
EXAMPLES = ("your-municipality", "kommune.example")  # what README.md writes where everybody has their own
NETWORK_DISKS = ("nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "9p")
# How many connections PostgreSQL lets us have: what it keeps for its administrators taken off, and not more than the
# database and the role may have. -1 is without limit.
CONNECTIONS_ALLOWED = """
    SELECT min(number) FROM (
        SELECT sum(CASE name WHEN 'max_connections' THEN setting::int ELSE -setting::int END)
        FROM pg_settings
        WHERE name IN ('max_connections', 'superuser_reserved_connections', 'reserved_connections')
        UNION ALL SELECT datconnlimit FROM pg_database WHERE datname = current_database()
        UNION ALL SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user
    ) AS limits (number)
    WHERE number >= 0
"""

Check = Callable[[Settings, Mapping[str, str]], Iterator[str]]


def spelling(_settings: Settings, environment: Mapping[str, str]) -> Iterator[str]:
    """Variables that nobody reads, but whose names are nearly those of settings."""
    known = {each.metadata["variable"] for each in fields(Settings) if each.metadata}
    known |= {"SECRET_KEY", "DATABASE_URL", "INSTANCE_PATH", *RENAMED.values()}
    for name in sorted(set(environment) - known):
        for meant in difflib.get_close_matches(name, known, n=1, cutoff=SIMILARITY):
            if meant not in environment:
                yield f"{name} is no setting, so it has no effect. If {meant} is meant, rename it."


def examples(_settings: Settings, environment: Mapping[str, str]) -> Iterator[str]:
    """Values that were copied from the README."""
    for name, value in sorted(environment.items()):
        if any(example in value for example in EXAMPLES):
            yield f"{name} still has the README's example. Set it to your own."


def proxy(settings: Settings, _environment: Mapping[str, str]) -> Iterator[str]:
    """A proxy that is not declared makes all visitors one."""
    if settings.base_url.startswith("https:") and not settings.trusted_proxies:
        yield (
            "BASE_URL is https, so a proxy stands in front, but TRUSTED_PROXIES is 0: all visitors would seem to have "
            "one address, and share its limits. Set TRUSTED_PROXIES=1, or to as many proxies as there are."
        )


def database(settings: Settings, _environment: Mapping[str, str]) -> Iterator[str]:
    """It answers, has this version's tables, and is set up as it must be."""
    try:
        if not schema.is_current():
            present, newest = schema.present_version() or "empty", schema.newest_version()
            yield f"The database's schema is {present}, and this version needs {newest}: workspace migrate."
        yield from _postgresql(settings) if db.engine.dialect.name == "postgresql" else _sqlite(settings)
    except SQLAlchemyError as error:
        server = "that the server runs and lets us in"
        file = "that the workspace's user may write the file and its folder, and that the disk is not full"
        reason = server if db.engine.dialect.name == "postgresql" else file
        yield f"The database can't be used: {cause_of(error)}. Check DATABASE_URL, and {reason}."


def _postgresql(settings: Settings) -> Iterator[str]:
    with db.engine.connect() as connection:
        encoding = connection.scalar(text("SHOW server_encoding"))
        if encoding != "UTF8":
            yield f"The database's encoding is {encoding}. Create one with ENCODING 'UTF8', and move into it."
        if not connection.scalar(text("SELECT has_schema_privilege(current_schema(), 'CREATE')")):
            yield "The database's user may not create tables. Make it the owner of the database."
        apart = abs((connection.scalar(text("SELECT clock_timestamp()")) or datetime.now(UTC)) - datetime.now(UTC))
        if apart.total_seconds() > SECONDS_APART:
            yield f"This machine's clock and the database's are {apart.total_seconds():.0f} s apart. Set both by NTP."
    yield from connections(settings)


def connections(settings: Settings) -> Iterator[str]:
    """PostgreSQL allows as many as the processes of this instance may open: with fewer, pages fail when it is busy."""
    if db.engine.dialect.name != "postgresql":
        return
    with db.engine.connect() as connection:
        allowed = int(connection.scalar(text(CONNECTIONS_ALLOWED)) or 0)
    needed = connections_needed(settings.workers)
    if needed > allowed:
        yield (
            f"WORKERS={settings.workers} web processes and a worker may open {needed} connections, and PostgreSQL "
            f"allows {allowed} to this database and role. Raise max_connections (or that limit), or lower WORKERS."
        )


def _sqlite(settings: Settings) -> Iterator[str]:
    path = Path(make_url(settings.database_url).database or "")
    if settings.workers > 1:
        yield f"SQLite is for one web process, and WORKERS is {settings.workers}. Use PostgreSQL."
    kind = _file_system_of(path)
    if kind in NETWORK_DISKS:
        yield f"{path} is on a network disk ({kind}), where SQLite loses data. Use a local disk, or PostgreSQL."
    with db.engine.connect() as connection:
        found = connection.scalar(text("PRAGMA quick_check"))
    if found != "ok":
        yield f"The database is damaged ({found}). Restore the last backup: workspace restore."


def _file_system_of(path: Path) -> str:
    """The kind of the file system that a file is on, by Linux's table; empty elsewhere."""
    try:
        lines = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    except OSError:
        return ""
    mounted = {Path(where): kind for _what, where, kind, *_rest in lines}
    return next((mounted[folder] for folder in path.resolve().parents if folder in mounted), "")


def backup(_settings: Settings, _environment: Mapping[str, str]) -> Iterator[str]:
    """PostgreSQL's own program can copy the database: it refuses a server that is newer than itself."""
    if db.engine.dialect.name != "postgresql":
        return
    try:
        ours = databases.version_of("pg_dump")
    except BackupError as error:
        yield f"workspace backup can't work. {error}"
        return
    with db.engine.connect() as connection:
        server = int(connection.scalar(text("SELECT current_setting('server_version_num')::int / 10000")) or 0)
    if ours < server:
        yield (
            f"workspace backup can't work: pg_dump is of PostgreSQL {ours}, and the server is {server}. Install the "
            f"programs of {server} or newer (postgresql-client-{server}, from apt.postgresql.org if need be)."
        )


def demo(settings: Settings, _environment: Mapping[str, str]) -> Iterator[str]:
    """Nobody can sign in with the demo's public password."""
    try:
        separation.keep_apart(settings)
    except SettingsError as error:
        yield str(error)


def key(settings: Settings, _environment: Mapping[str, str]) -> Iterator[str]:
    """The key is the one that the database knows."""
    known = (settings.secret_key, *settings.secret_key_fallbacks)
    if not installation.is_known_key(known):
        yield (
            "SECRET_KEY is not the one that this database was last used with. Put the former key into "
            "SECRET_KEY_FALLBACKS, or everybody is signed out."
        )


def mail(settings: Settings, _environment: Mapping[str, str]) -> Iterator[str]:
    """The mail server takes us in, and our address as sender and recipient. No mail is sent."""
    if settings.mail_folder:
        yield f"SMTP_URL is a folder ({settings.mail_folder}), so no mail reaches anybody. Set it to a mail server."
        return
    try:
        diagnostics.connect(settings)
    except diagnostics.NotSent as error:
        yield str(error)


def counters(settings: Settings, _environment: Mapping[str, str]) -> Iterator[str]:
    """The Redis for limits answers."""
    if settings.rate_limit_url and not storage_from_string(settings.rate_limit_url).check():
        yield "RATE_LIMIT_URL names a Redis that does not answer. Start it, or leave the setting out."


def files(settings: Settings, _environment: Mapping[str, str]) -> Iterator[str]:
    """What people upload can be kept, read and scanned."""
    try:
        require_storage()
    except StorageUnavailable as error:
        where = "STORAGE_URL" if settings.storage_url else f"{settings.instance / 'files'}"
        yield f"The storage of files can't be used ({error}). Check {where}, and that it lets us in."
    if not scanner.is_answering():
        yield "The scanner at CLAMD_URL does not answer, so every file waits. Start clamd, or check CLAMD_URL."


def disk(settings: Settings, _environment: Mapping[str, str]) -> Iterator[str]:
    """There is room."""
    free = shutil.disk_usage(settings.instance).free
    if free < LEAST_FREE:
        yield f"Only {free // 2**20} MB are left on the disk of {settings.instance}. Make room."


CHECKS: dict[str, Check] = {
    "spelling of settings": spelling,
    "examples": examples,
    "proxy": proxy,
    "database": database,
    "backup": backup,
    "demo accounts": demo,
    "key": key,
    "mail": mail,
    "limits": counters,
    "files": files,
    "disk": disk,
}


def troubles(settings: Settings, environment: Mapping[str, str] = os.environ) -> Iterator[tuple[str, list[str]]]:
    """Each check, in order, with what it found wrong: whatever keeps one from looking keeps no other."""
    for name, check in CHECKS.items():
        try:
            found = list(check(settings, environment))
        except SQLAlchemyError as error:
            found = [f"Can't be checked without the database ({cause_of(error)}). Mend that, and check again."]
        db.session.rollback()
        yield name, found
