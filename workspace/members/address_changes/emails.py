"""Mails about a change of address: to the old one, the new one, the moderators, and the administrators."""

from flask import g
from flask_babel import force_locale
from flask_babel import lazy_gettext as _l

from workspace.accounts.models import User
from workspace.db import db
from workspace.i18n.formatting import spoken
from workspace.mail.message_types import PROMPT, EmailContent, email_type, link, render_email
from workspace.mail.models import Mail
from workspace.members.address_changes import service as address_changes_service
from workspace.members.address_changes.models import AddressChange, AddressChangeOutcome
from workspace.members.address_changes.service import Mailbox


@email_type("address_objection", _l("Question about a new e-mail address"), priority=PROMPT)
@email_type("address_confirmation", _l("Confirmation of a new e-mail address"), priority=PROMPT)
def about_a_change(mail: Mail) -> EmailContent | None:
    """To the old or the new address, with a link to answer: also for a closed account, which may be opened again."""
    change = db.session.get(AddressChange, mail.payload["change"])
    if change is None or not change.is_open:
        return None
    mailbox = Mailbox.OLD if mail.kind == "address_objection" else Mailbox.NEW
    g.user = change.user
    with force_locale(spoken(change.user.language)):
        return render_email(
            mail.kind,
            change=change,
            address=link(f"/address-changes/{address_changes_service.token(change, mailbox)}"),
        )


@email_type("address_of_member", _l("New e-mail address of a member"))
def address_of_member(mail: Mail) -> EmailContent | None:
    """To a moderator, as long as the person is in a partnership of theirs; with the addresses if they may see them."""
    change = db.session.get(AddressChange, mail.payload["change"])
    if change is None or mail.user is None or not (change.is_open or change.outcome is AddressChangeOutcome.DONE):
        return None
    names = address_changes_service.shared_partnerships(change.user, mail.user)
    if not names:
        return None
    shows_addresses = bool(address_changes_service.shared_partnerships(change.user, mail.user, accepted=True))
    return render_email("address_of_member", change=change, names=names, shows_addresses=shows_addresses)


@email_type("address_refused", _l("Objection to a new e-mail address"), priority=PROMPT)
def address_refused(mail: Mail) -> EmailContent | None:
    """To an administrator."""
    change = db.session.get(AddressChange, mail.payload["change"])
    if change is None or mail.user is None or not mail.user.is_administrator:
        return None
    return render_email("address_refused", change=change, address=link(f"/people/{change.user_id}/edit"))


@email_type("password_reset", _l("Request to choose a new password"), priority=PROMPT)
def password_reset(mail: Mail) -> EmailContent | None:
    """To the person's own address: where to get a code, and choose a new password."""
    sender = db.session.get(User, mail.payload["by"])
    if sender is None or mail.user is None:
        return None
    return render_email("password_reset", by=sender, address=link("/sign-in/code?next=/settings/password"))
