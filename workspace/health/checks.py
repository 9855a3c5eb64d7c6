"""The checks: each returns what is wrong, in a few words without addresses or texts; empty if all is well."""

import shutil
from collections.abc import Iterator
from datetime import timedelta

from flask import Flask, current_app
from sqlalchemy import func, select

from workspace import clock
from workspace.config import Settings
from workspace.db import db, failures, schema
from workspace.db.installation import Installation
from workspace.db.transactions import begin_write
from workspace.files import checking, scanner
from workspace.files.quota import LEAST_FREE
from workspace.files.storage import StorageUnavailable, require_storage
from workspace.health.probe import Finding, Probe
from workspace.mail.delivery import REFUSALS
from workspace.mail.models import Mail, MailState
from workspace.mail.queries import overdue_since

WORKER_SILENT = timedelta(minutes=5)
LATEST, FEW, SHARE_REFUSED = 200, 20, 0.5  # of the latest mails, where they are not just a few
UNCHECKED_FOR = timedelta(minutes=15)


def database() -> str:
    """The database answers, and has the tables of this version."""
    if schema.is_current():
        return ""
    return f"its schema is {schema.present_version()}, older than {schema.newest_version()}"


def write() -> str:
    """It can be written to."""
    begin_write()
    installation = db.session.get(Installation, 1)
    if installation:
        installation.written_at = clock.now()
    return ""


def worker() -> str:
    """A worker has looked for work lately."""
    seen = db.session.scalar(select(Installation.worker_seen_at))
    if seen is None:
        return "none has ever run"
    return f"none has run since {seen:%Y-%m-%d %H:%M} UTC" if seen < clock.now() - WORKER_SILENT else ""


def mail() -> str:
    """Mail goes out, and most of it is taken."""
    if failures.has_failed(REFUSALS):
        return "the mail server refuses everything"
    if since := overdue_since():
        return f"overdue since {since:%Y-%m-%d %H:%M} UTC"
    latest = select(Mail.state).order_by(Mail.id.desc()).limit(LATEST).subquery()
    grouped = db.session.execute(select(latest.c.state, func.count()).group_by(latest.c.state))
    counts: dict[MailState, int] = {state: count for state, count in grouped}
    refused = counts.get(MailState.REFUSED, 0) + counts.get(MailState.FAILED, 0)
    finished = refused + counts.get(MailState.SENT, 0)
    return f"{refused} of the latest {finished} were refused" if refused > max(FEW, SHARE_REFUSED * finished) else ""


def disk() -> str:
    """There is room for more data."""
    settings: Settings = current_app.settings  # type: ignore[attr-defined]
    free = shutil.disk_usage(settings.instance).free
    return f"{free // 2**20} MB left" if free < LEAST_FREE else ""


def files() -> str:
    """Their bytes can be reached, the scanner answers, and none waits for long to be checked."""
    try:
        require_storage()
    except StorageUnavailable as error:
        return f"the storage does not answer ({error})"
    if not scanner.is_answering():
        return "the scanner at CLAMD_URL does not answer, so files wait"
    since = db.session.scalar(checking.unchecked_since())
    return f"unchecked since {since:%Y-%m-%d %H:%M} UTC" if since and since < clock.now() - UNCHECKED_FOR else ""


READY = (Probe("database", database),)
ALL = (
    *READY,
    Probe("writing", write, writes=True),
    Probe("worker", worker),
    Probe("mail", mail),
    Probe("files", files),
    Probe("disk", disk),
)


def findings(app: Flask, probes: tuple[Probe, ...]) -> Iterator[Finding]:
    """What they find, one after another; where the first can't be reached, the others would only wait as well."""
    for probe in probes:
        finding = probe.find(app)
        yield finding
        if probe is probes[0] and finding.trouble:
            return
