"""Mails about one's account: codes, and a changed address."""

from flask import g
from flask_babel import force_locale
from flask_babel import lazy_gettext as _l

from workspace.accounts.models import User
from workspace.accounts.verification_codes import VerificationCode, serves
from workspace.db import db
from workspace.i18n.formatting import spoken
from workspace.mail.message_types import PROMPT, EmailContent, email_type, render_email
from workspace.mail.models import Mail


@email_type("sign_in_code", _l("Code for signing in"), priority=PROMPT)
def sign_in_code(mail: Mail) -> EmailContent | None:
    """The code, as long as it can be used."""
    code = db.session.get(VerificationCode, mail.payload["code"])
    if code is None or not code.is_worth_sending or code.user_id != mail.user_id:
        return None
    return render_email("sign_in_code", code=code)


@email_type("address_code", _l("Code for a new e-mail address"), priority=PROMPT)
@email_type("address_change_code", _l("Code for a new e-mail address"), priority=PROMPT)
def address_code(mail: Mail) -> EmailContent | None:
    """The same, to an address that is not the person's yet."""
    code = db.session.get(VerificationCode, mail.payload["code"])
    if code is None or not code.is_open or code.user is None or not serves(code.purpose, code.user):
        return None
    g.user = code.user
    with force_locale(spoken(code.user.language)):
        return render_email("address_code", code=code)


@email_type("address_changed", _l("E-mail address changed"), priority=PROMPT)
def address_changed(mail: Mail) -> EmailContent | None:
    """To the person's previous address; also of a closed account, which may be opened again."""
    user = db.session.get(User, mail.payload["user"])
    if user is None:
        return None
    g.user = user
    with force_locale(spoken(user.language)):
        return render_email("address_changed", user=user)
