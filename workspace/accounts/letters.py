"""The mails about one's account: codes, and that the address has changed."""

from flask import g
from flask_babel import force_locale
from flask_babel import lazy_gettext as _l

from workspace.accounts.codes import Code
from workspace.accounts.models import User
from workspace.database import db
from workspace.languages import spoken
from workspace.mail.letters import PROMPT, Letter, compose, kind
from workspace.mail.models import Mail


@kind("sign_in_code", _l("Code for signing in"), priority=PROMPT)
def sign_in_code(mail: Mail) -> Letter | None:
    """The code, while it can be used."""
    code = db.session.get(Code, mail.references["code"])
    if code is None or not code.is_open or code.user_id != mail.user_id:
        return None
    return compose("sign_in_code", code=code)


@kind("address_code", _l("Code for a new mail address"), priority=PROMPT)
def address_code(mail: Mail) -> Letter | None:
    """The same for an address that is not the person's yet."""
    code = db.session.get(Code, mail.references["code"])
    if code is None or not code.is_open or code.user is None or not code.user.is_active:
        return None
    g.user = code.user
    with force_locale(spoken(code.user.language)):
        return compose("address_code", code=code)


@kind("address_changed", _l("Mail address changed"), priority=PROMPT)
def address_changed(mail: Mail) -> Letter | None:
    """To the address that was the person's before."""
    user = db.session.get(User, mail.references["user"])
    if user is None or not user.is_active:
        return None
    g.user = user
    with force_locale(spoken(user.language)):
        return compose("address_changed", user=user)
