"""Appointing a moderator where there is none, since the last one's account was closed."""

from flask_babel import gettext as _
from sqlalchemy import select

from workspace.accounts.models import User
from workspace.audit.models import AuditAction, record_audit
from workspace.db import db
from workspace.db.types import AnyRow
from workspace.mail.models import enqueue_all, mail_row
from workspace.members.moderation.service import find_member, moderating_sides
from workspace.members.verbs import APPOINTED
from workspace.organisations.models import Organisation
from workspace.partnerships.activity_log import record
from workspace.partnerships.models import Membership, Partnership
from workspace.permissions import Conflict, Level

MOST_LISTED = 500


def appoint(partnership: Partnership, membership_id: int, *, by: User) -> Membership:
    """Make one of the present members a moderator; all members are told. Raises Conflict while there is a moderator."""
    with partnership.locked():
        if moderating_sides(partnership):
            raise Conflict(_("The partnership has a moderator. Ask them."))
        membership = find_member(partnership, membership_id)
        if not membership.is_active or not membership.user.is_active:
            raise Conflict(_("Choose somebody who is a member now."))
        before, membership.level, membership.ends_at = membership.level, Level.MODERATOR, None
        membership.decide(Level.MODERATOR)
        entry = record(partnership, APPOINTED, subject=membership, administrator=by.name)
        record_audit(
            AuditAction.APPOINTED_MODERATOR,
            actor=by,
            subject=membership.user,
            partnership=partnership,
            before=before.value,
            after=membership.level.value,
        )
        enqueue_all(
            [
                mail_row(
                    "appointed",
                    key=f"appointed:{partnership.id}:{entry.number}:{row.id}",
                    to=row.user_id,
                    membership=row.id,
                    appointed=membership.id,
                    by=by.id,
                )
                for row in members_to_choose_from(partnership, most=None)
            ]
        )
        return membership


def members_to_choose_from(partnership: Partnership, *, most: int | None = MOST_LISTED) -> list[AnyRow]:
    """The present members who can sign in, in Danish order: membership, account, name, organisation and level."""
    query = (
        select(Membership.id, Membership.user_id, Membership.level, User.name, Organisation.name.label("organisation"))
        .join(Membership.user)
        .join(Organisation, Organisation.id == Membership.organisation_id)
        .where(Membership.partnership_id == partnership.id, Membership.is_active, User.deactivated_at.is_(None))
        .order_by(User.name_key, Membership.id)
        .limit(most)
    )
    return list(db.session.execute(query))
