"""The digest as a kind of mail: what stands in it is read when it is sent."""

from flask import g
from flask_babel import force_locale
from flask_babel import lazy_gettext as _l

from workspace.accounts.models import User
from workspace.digests import planning, render
from workspace.digests.compose import DigestRequest, build
from workspace.i18n.formatting import spoken
from workspace.mail.message_types import BULK, EmailContent, email_type
from workspace.mail.models import Mail
from workspace.notifications import unsubscribe


@email_type("digest", _l("Digest"), priority=BULK)
def digest(mail: Mail) -> EmailContent | None:
    """What is new for its reader in the spans that the row holds; None when nothing is."""
    return _email(planning.request_of(mail))


def preview(user: User) -> EmailContent | None:
    """The next digest as it would be now, in the person's language and zone."""
    g.user = user
    with force_locale(spoken(user.language)):
        return _email(planning.coming(user))


def _email(request: DigestRequest) -> EmailContent | None:
    made = build(request)
    if made.is_empty:
        return None
    return render.digest_email(made, unsubscribe=unsubscribe.address(made.user))
