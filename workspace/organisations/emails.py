"""Mails about accounts that administrators keep."""

from flask_babel import lazy_gettext as _l

from workspace.accounts.models import User
from workspace.db import db
from workspace.mail.message_types import PROMPT, EmailContent, email_type, link, render_email
from workspace.mail.models import Mail


@email_type("welcome", _l("Welcome, with a way in"), priority=PROMPT)
def welcome(mail: Mail) -> EmailContent | None:
    """To somebody who has an account and has not chosen a password yet: how to get in."""
    sender = db.session.get(User, mail.payload["by"])
    if sender is None or mail.user is None or mail.user.password_hash is not None:
        return None
    return render_email("welcome", by=sender, person=mail.user, address=link("/sign-in/code?next=/settings/password"))


@email_type("administrators", _l("Somebody became an administrator, or no longer is one"))
def administrators(mail: Mail) -> EmailContent | None:
    """To the administrators, and whom it is about: who may administer now, by whom."""
    person, sender = db.session.get(User, mail.payload["person"]), db.session.get(User, mail.payload["by"])
    if person is None or sender is None or mail.user is None:
        return None
    if person.is_administrator is not mail.payload["administers"]:  # It has been taken back since.
        return None
    if mail.user_id != person.id and not mail.user.is_administrator:
        return None
    return render_email("administrators", by=sender, person=person, administers=person.is_administrator)
