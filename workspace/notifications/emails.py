"""Mails about news of a partnership: who may still get them, and what they have in common."""

from typing import Any

from flask import current_app

from workspace.accounts.mail_preferences import MailTiming
from workspace.db import db
from workspace.mail.message_types import EmailContent, link, render_email
from workspace.mail.models import Mail
from workspace.notifications import unsubscribe
from workspace.notifications.dispatch import NotificationKind, timing_for
from workspace.partnerships.activity_log import Entry
from workspace.partnerships.models import Membership

LONGEST_QUOTE = 600


def recipient_membership(mail: Mail) -> Membership | None:
    """The membership that the mail is for; None if it is no longer active, or no longer wants such mail."""
    membership = db.session.get(Membership, mail.payload["membership"])
    if membership is None or membership.user_id != mail.user_id or not membership.is_active:
        return None
    wanted = timing_for(membership.user, membership.mail_timing, NotificationKind(mail.kind))
    return membership if wanted is MailTiming.AT_ONCE else None


def entry(mail: Mail) -> Entry:
    """The entry that the mail tells of."""
    return db.session.get_one(Entry, (mail.payload["partnership"], mail.payload["entry"]))


def notification_email(
    mail: Mail, membership: Membership, *, heading: str, quote: str = "", path: str, button: str, post_number: int = 0
) -> EmailContent:
    """The content of such a mail. `quote` is what somebody wrote; it is left out where mails carry titles only."""
    partnership = membership.partnership
    return render_email(
        "news",
        sender=partnership.name,
        list_id=partnership.slug,
        thread=f"post:{partnership.id}:{post_number}" if post_number else "",
        unsubscribe=unsubscribe.address(membership.user, NotificationKind(mail.kind)),
        heading=heading,
        quoted="" if carries_titles_only(partnership) else shortened(quote),
        address=link(f"{partnership.address}{path}"),
        words=button,
        partnership=partnership,
    )


def carries_titles_only(partnership: Any) -> bool:
    """Whether mails about it (or a row with its column) carry no text, by its own choice or the installation's."""
    everywhere: bool = current_app.settings.titles_only  # type: ignore[attr-defined]
    return everywhere or partnership.titles_only


def shortened(text: str, longest: int = LONGEST_QUOTE) -> str:
    """The beginning of a long text, cut at the end of a word."""
    if len(text) <= longest:
        return text
    return text[:longest].rpartition(" ")[0].rstrip(",.;:–-") + " …"
