"""Mails about news of a partnership: who may still have them, and what they have in common."""

from typing import Any

from flask import current_app

from workspace.accounts.choices import Soon
from workspace.database import db
from workspace.mail.letters import Letter, compose, link
from workspace.mail.models import Mail
from workspace.partnerships import unsubscribing
from workspace.partnerships.log import Entry
from workspace.partnerships.models import Membership
from workspace.partnerships.notices import Notice, chosen

LONGEST_QUOTE = 600


def reader(mail: Mail) -> Membership | None:
    """The seat that the mail is for; None when it is no longer active, or its holder no longer wants such mail."""
    seat = db.session.get(Membership, mail.references["membership"])
    if seat is None or seat.user_id != mail.user_id or not seat.is_active:
        return None
    wanted = chosen(seat.user, Notice(mail.kind)).at_most(seat.hears)
    return seat if wanted is Soon.AT_ONCE else None


def entry(mail: Mail) -> Entry:
    """The entry that the mail tells of."""
    return db.session.get_one(Entry, (mail.references["partnership"], mail.references["entry"]))


def letter(
    mail: Mail, seat: Membership, *, heading: str, quote: str = "", path: str, button: str, post_number: int = 0
) -> Letter:
    """Such a mail. `quote` is what somebody wrote, and left out where mails carry titles only."""
    partnership = seat.partnership
    return compose(
        "news",
        sender=partnership.name,
        list_id=partnership.slug,
        thread=f"post:{partnership.id}:{post_number}" if post_number else "",
        unsubscribe=unsubscribing.address(seat.user, Notice(mail.kind)),
        heading=heading,
        quoted="" if carries_titles_only(partnership) else shortened(quote),
        address=link(f"{partnership.address}{path}"),
        words=button,
        partnership=partnership,
    )


def carries_titles_only(partnership: Any) -> bool:
    """Whether mails about it (or a row with its column) carry no text: its own rule, or the installation's."""
    everywhere: bool = current_app.settings.titles_only  # type: ignore[attr-defined]
    return everywhere or partnership.titles_only


def shortened(text: str, longest: int = LONGEST_QUOTE) -> str:
    """The beginning of a long text, up to a word's end."""
    if len(text) <= longest:
        return text
    return text[:longest].rpartition(" ")[0].rstrip(",.;:–-") + " …"
