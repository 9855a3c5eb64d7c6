"""The words of the mails about membership. Each is asked for when it is sent: what is no longer true says nothing."""

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _

from workspace import languages
from workspace.database import db
from workspace.mail.models import Mail
from workspace.mail.postman import KINDS, Letter
from workspace.members import inviting
from workspace.members.models import Invitation
from workspace.partnerships.models import Membership
from workspace.partnerships.words import LEVELS


def invitation(mail: Mail) -> Letter | None:
    """The invitation, or the reminder of the round that it belongs to."""
    found = db.session.get(Invitation, mail.references["invitation"])
    if found is None or not found.is_open or mail.references.get("round", found.round) != found.round:
        return None
    with force_locale(found.language):
        address = f"{current_app.settings.base_url}/invitations/{inviting.token(found)}"  # type: ignore[attr-defined]
        subject = _("%(who)s invites you to »%(name)s«", who=found.invited_by.user.name, name=found.partnership.name)
        parts = [
            found.greeting,
            _("You are invited as %(level)s. See what it is, and say yes:", level=str(LEVELS[found.level]).lower()),
            address,
            _("The invitation is valid until %(day)s.", day=languages.short_date(found.expires_at)),
        ]
        return Letter(subject, "\n\n".join(part for part in parts if part) + "\n")


def about_a_seat(mail: Mail) -> Letter | None:
    """What has become of one's membership."""
    seat = db.session.get(Membership, mail.references["membership"])
    if seat is None or not seat.user.is_active:
        return None
    with force_locale(seat.user.language):
        name = seat.partnership.name
        subject = {
            "suspended": _("Your access to »%(name)s« is on hold", name=name),
            "lifted": _("You have access to »%(name)s« again", name=name),
            "removed": _("You are no longer a member of »%(name)s«", name=name),
            "ending": _("Your access to »%(name)s« ends soon", name=name),
            "approved": _("You are a member of »%(name)s«", name=name),
            "added": _("You are a member of »%(name)s«", name=name),
            "declined": _("Your request to join »%(name)s« was declined", name=name),
            "asked_back": _("The moderators of »%(name)s« have a question", name=name),
        }[mail.kind]
        day = seat.ends_at if mail.kind == "ending" else seat.suspended_until
        parts = [
            seat.question if mail.kind == "asked_back" else seat.reason,
            _("Until %(day)s.", day=languages.short_date(day)) if day else "",
            f"{current_app.settings.base_url}/memberships",  # type: ignore[attr-defined]
        ]
        return Letter(subject, "\n\n".join(part for part in parts if part) + "\n")


KINDS.update(invitation=invitation, reminder=invitation)
KINDS.update(
    dict.fromkeys(
        ("suspended", "lifted", "removed", "ending", "approved", "added", "declined", "asked_back"), about_a_seat
    )
)
