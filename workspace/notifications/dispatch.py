"""News that is mailed at once, and who gets it: the mails are written in the transaction of the entry.

A feature says whom something concerns; here each person's choices are applied, for the kind of news and for the
partnership. What is not mailed at once is in the next digest, unless they want no mail about it.
"""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, select

from workspace.accounts.mail_preferences import MailTiming
from workspace.accounts.models import User
from workspace.db.statements import cached_statement, fetch_rows
from workspace.db.types import AnyRow, AnySelect
from workspace.mail import outbox
from workspace.mail.models import enqueue_all, mail_row
from workspace.partnerships.activity_log import RecordedEntry
from workspace.partnerships.models import Membership


class NotificationKind(StrEnum):
    """The kinds of news, which are also the names of the types of mail."""

    MENTIONED = "mentioned"
    ANSWER = "answer"
    REPLY = "reply"
    CHALLENGE = "challenge"
    TAKING = "taking"
    ROLE = "role"
    REPORT = "report"
    REQUEST = "request"


# General conversation can wait for the digest: mail at once is for what waits for its reader.
DEFAULT_TIMING = {NotificationKind.REPLY: MailTiming.DIGEST}


def preferred_timing(user: User | AnyRow, notice: NotificationKind) -> MailTiming:
    """How soon the person wants mail about this kind of news, in any partnership."""
    usual = DEFAULT_TIMING.get(notice, MailTiming.AT_ONCE)
    stored = user.mail_preferences.get(notice, usual)
    return MailTiming(stored) if stored in list(MailTiming) else usual


def timing_for(user: User | AnyRow, hears: MailTiming, notice: NotificationKind) -> MailTiming:
    """How soon the person gets mail about it from a partnership with this choice: the later of the two."""
    return preferred_timing(user, notice).at_most(hears)


def notify(told: Mapping[NotificationKind, Collection[int]], entry: RecordedEntry, **about: Any) -> None:
    """Mail those of the memberships in `told` who want to hear of `entry` at once.

    Each person gets one mail, as the first kind of news that they want; the actor gets none. `about` is what else the
    mail is about.
    """
    others = {notice: set(membership_ids) - {entry.actor_id} for notice, membership_ids in told.items()}
    send_immediate(others, entry.partnership_id, key=str(entry.number), entry=entry.number, **about)


def send_immediate(
    told: Mapping[NotificationKind, Collection[int]], partnership_id: int, *, key: str, **about: Any
) -> None:
    """The same for something with this `key`, which need not be an entry."""
    membership_ids = set().union(*told.values())
    if not membership_ids:
        return
    mails = []
    for reader in fetch_rows(_readers(), partnership_id=partnership_id, membership_ids=membership_ids):
        wanted = (
            notice
            for notice, memberships in told.items()
            if reader.membership_id in memberships and _at_once(reader, notice)
        )
        if notice := next(wanted, None):
            references = {"membership": reader.membership_id, "partnership": partnership_id, **about}
            mails.append(
                mail_row(
                    notice.value, key=_mail_key(notice, reader.membership_id, key), to=reader.user_id, **references
                )
            )
    enqueue_all(mails)


def send_after_all(notice: NotificationKind, membership_id: int, *, key: str) -> None:
    """Send the mail about something with this `key` that had nothing left to say when it was due, and has again."""
    outbox.send_after_all(_mail_key(notice, membership_id, key))


def _mail_key(notice: NotificationKind, membership_id: int, key: str) -> str:
    return f"{notice}:{membership_id}:{key}"


def _at_once(reader: AnyRow, notice: NotificationKind) -> bool:
    return timing_for(reader, reader.mail_timing, notice) is MailTiming.AT_ONCE


@cached_statement
def _readers() -> AnySelect:
    return (
        select(
            Membership.id.label("membership_id"),
            Membership.mail_timing,
            User.id.label("user_id"),
            User.mail_preferences,
        )
        .join(Membership.user)
        .where(
            Membership.partnership_id == bindparam("partnership_id"),
            Membership.id.in_(bindparam("membership_ids", expanding=True)),
            Membership.is_active,
            User.deactivated_at.is_(None),
        )
        .order_by(Membership.id)
    )
