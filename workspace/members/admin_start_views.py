"""The administrators' start page: what needs one of them, and how the installation is."""

from datetime import timedelta
from importlib.metadata import version
from typing import Any

from flask import render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from workspace import clock
from workspace.accounts.models import User
from workspace.audit.models import AuditAction, AuditEvent, Outcome
from workspace.db import db, failures
from workspace.db.installation import Installation
from workspace.db.types import AnyRow
from workspace.files import quota
from workspace.mail import queries as mail_queries
from workspace.members.blueprint import blueprint
from workspace.members.organisation_requests import service as organisation_requests_service
from workspace.partnerships.models import Membership, Partnership
from workspace.permissions import Level, administrators_only

MOST_LISTED = 20
HELD_SINCE = timedelta(days=7)
BACKUP_IS_OLD = timedelta(days=2)
WORKER_IS_AWAY = timedelta(minutes=5)


@blueprint.get("/admin")
@administrators_only
def admin_start(user: User) -> ResponseReturnValue:
    """Mail, partnerships without moderator, invitations held and released, the last backup, and the version."""
    now = clock.now()
    installation = db.session.get(Installation, 1)
    backed_up_at = installation.backed_up_at if installation else None
    worker_seen_at = installation.worker_seen_at if installation else None
    return render_template(
        "members/admin_start.html",
        mail=mail_queries.status(),
        failures=failures.standing(),
        unmoderated=_without_moderator(),
        held=_held(),
        released=_released(),
        asked_for=organisation_requests_service.count_waiting(),
        backed_up_at=backed_up_at,
        is_backup_old=backed_up_at is None or backed_up_at < now - BACKUP_IS_OLD,
        worker_seen_at=worker_seen_at,
        is_worker_away=worker_seen_at is None or worker_seen_at < now - WORKER_IS_AWAY,
        disk=quota.disk(),
        full=_with_little_room(),
        version=version("samspil"),
    )


def _without_moderator() -> list[AnyRow]:
    """Partnerships in use with members and no moderator who can sign in, by name; the first few."""
    here = select(Membership.id).where(Membership.partnership_id == Partnership.id, Membership.is_active)
    moderator = here.join(Membership.user).where(Membership.level == Level.MODERATOR, User.deactivated_at.is_(None))
    query = (
        select(Partnership.id, Partnership.name)
        .where(Partnership.archived_at.is_(None), here.exists(), ~moderator.exists())
        .order_by(Partnership.name_key, Partnership.id)
        .limit(MOST_LISTED)
    )
    return list(db.session.execute(query))


def _with_little_room() -> list[AnyRow]:
    """Partnerships whose files take nearly all the room that they may, by name; the first few."""
    query = (
        select(Partnership.id, Partnership.name)
        .where(Partnership.file_bytes >= quota.NEAR * quota.limit(), Partnership.archived_at.is_(None))
        .order_by(Partnership.name_key, Partnership.id)
        .limit(MOST_LISTED)
    )
    return list(db.session.execute(query))


def _held() -> list[AuditEvent]:
    """Invitations that a limit held back in the last week, the latest first."""
    query = (
        select(AuditEvent)
        .where(
            AuditEvent.at > clock.now() - HELD_SINCE,
            AuditEvent.action == AuditAction.SENT_INVITATIONS,
            AuditEvent.outcome == Outcome.REFUSED,
        )
        .order_by(AuditEvent.at.desc())
        .limit(MOST_LISTED)
    )
    return list(db.session.scalars(query))


def _released() -> list[dict[str, Any]]:
    """People and partnerships whose limit for invitations an administrator has decided: name, address, limit."""
    people = select(User.id, User.name, User.invitation_limit).where(User.invitation_limit.is_not(None))
    partnerships = select(Partnership.id, Partnership.name, Partnership.invitation_limit).where(
        Partnership.invitation_limit.is_not(None)
    )
    found = [("/people/{}/invitation-limit", row) for row in db.session.execute(people.limit(MOST_LISTED))]
    found += [
        ("/admin/partnerships/{}/invitation-limit", row) for row in db.session.execute(partnerships.limit(MOST_LISTED))
    ]
    return [{"name": row.name, "limit": row.invitation_limit, "address": page.format(row.id)} for page, row in found]
