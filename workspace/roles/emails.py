"""Mails about roles: offered, handed over, and the answers to both."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from workspace.db import db
from workspace.mail.message_types import EmailContent, email_type
from workspace.mail.models import Mail
from workspace.notifications import emails
from workspace.partnerships.activity_log import Entry
from workspace.partnerships.models import Membership
from workspace.roles.assignments import AssignmentState, RoleAssignment
from workspace.roles.verbs import DECLINED_ROLE, GAVE_ROLE, LEFT_ROLE, OFFERED_ROLE, REFUSED_ROLE, TOOK_ROLE


@email_type("role", _l("Role offered, handed over or answered"))
def role(mail: Mail) -> EmailContent | None:
    """What happened about a role that has to do with the reader; an offer and its reminder only while it stands."""
    membership = emails.recipient_membership(mail)
    assignment = db.session.get_one(RoleAssignment, mail.payload["holding"])
    if mail.payload.get("is_reminder"):
        return _reminder(mail, assignment, membership)
    entry = emails.entry(mail)
    offers = entry.verb is OFFERED_ROLE
    if membership is None or entry.actor is None or (offers and assignment.state is not AssignmentState.OFFERED):
        return None
    return emails.notification_email(
        mail,
        membership,
        heading=_heading(entry, assignment, membership),
        quote=assignment.notes if offers else entry.details.get("reason", ""),
        path=f"roles/{assignment.role_id}",
        button=_("Answer") if offers else _("See the role"),
    )


def _reminder(mail: Mail, assignment: RoleAssignment, membership: Membership | None) -> EmailContent | None:
    offerer = db.session.get(Membership, assignment.offered_by_id) if assignment.offered_by_id else None
    if membership is None or offerer is None or assignment.state is not AssignmentState.OFFERED:
        return None
    names = {"who": offerer.user.name, "role": assignment.role.name}
    return emails.notification_email(
        mail,
        membership,
        heading=_("Reminder: %(who)s offers you the role ‘%(role)s’", **names),
        quote=assignment.notes,
        path=f"roles/{assignment.role_id}",
        button=_("Answer"),
    )


def _heading(entry: Entry, assignment: RoleAssignment, membership: Membership) -> str:
    names = {"who": entry.actor.user.name if entry.actor else "", "role": assignment.role.name}
    took = (
        _("%(who)s has taken over the role ‘%(role)s’ from you", **names)
        if assignment.former_id == membership.id
        else _("%(who)s has accepted the role ‘%(role)s’", **names)
    )
    return {
        OFFERED_ROLE: _("%(who)s offers you the role ‘%(role)s’", **names),
        TOOK_ROLE: took,
        DECLINED_ROLE: _("%(who)s has declined the role ‘%(role)s’", **names),
        GAVE_ROLE: _("%(who)s has given you the role ‘%(role)s’", **names),
        REFUSED_ROLE: _("%(who)s has not given you the role ‘%(role)s’", **names),
        LEFT_ROLE: _("%(who)s has ended your time in the role ‘%(role)s’", **names),
    }[entry.verb]
