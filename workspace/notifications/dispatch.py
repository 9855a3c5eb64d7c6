"""News that a member can hear of by mail at once, and who hears of it: written with the entry that it tells of.

A feature says to whom something happened; here it is held to what each of them has chosen, for the kind of news and
for the partnership. What they do not hear of at once stands in their next digest, unless they want none of it.
"""

from collections.abc import Collection, Mapping
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import bindparam, select

from workspace.accounts.mail_preferences import MailTiming
from workspace.accounts.models import User
from workspace.db.statements import fetch_rows
from workspace.db.types import AnyRow, AnySelect
from workspace.mail.models import enqueue_all, mail_row
from workspace.partnerships.activity_log import RecordedEntry
from workspace.partnerships.models import Membership


class NotificationKind(StrEnum):
    """The kinds of news, and by these names the kinds of mail."""

    MENTIONED = "mentioned"
    ANSWER = "answer"
    REPLY = "reply"
    CHALLENGE = "challenge"
    ROLE = "role"
    REPORT = "report"


# What is everybody's talk can wait for the digest: a mail at once is for what waits for its reader.
DEFAULT_TIMING = {NotificationKind.REPLY: MailTiming.DIGEST}


def preferred_timing(user: User | AnyRow, notice: NotificationKind) -> MailTiming:
    """How soon the person wants to hear of this kind of news, wherever it is."""
    usual = DEFAULT_TIMING.get(notice, MailTiming.AT_ONCE)
    stored = user.mail_preferences.get(notice, usual)
    return MailTiming(stored) if stored in list(MailTiming) else usual


def timing_for(user: User | AnyRow, hears: MailTiming, notice: NotificationKind) -> MailTiming:
    """How soon the person wants to hear of it from a partnership of which they want to hear so soon at most."""
    return preferred_timing(user, notice).at_most(hears)


def notify(told: Mapping[NotificationKind, Collection[int]], entry: RecordedEntry, **about: Any) -> None:
    """Tell the members with the seats in `told` of `entry` by mail, who want to hear of it at once.

    One hears of it once, as the first kind of news of which one wants to hear; its actor never hears of what they did
    themselves. `about` is what the mail is about beside the entry.
    """
    others = {notice: set(seat_ids) - {entry.actor_id} for notice, seat_ids in told.items()}
    send_immediate(others, entry.partnership_id, key=str(entry.number), entry=entry.number, **about)


def send_immediate(
    told: Mapping[NotificationKind, Collection[int]], partnership_id: int, *, key: str, **about: Any
) -> None:
    """The same about something of this `key`, which may be no entry."""
    seat_ids = set().union(*told.values())
    if not seat_ids:
        return
    mails = []
    for reader in fetch_rows(_readers(), partnership_id=partnership_id, seat_ids=seat_ids):
        wanted = (notice for notice, seats in told.items() if reader.seat_id in seats and _at_once(reader, notice))
        if notice := next(wanted, None):
            references = {"membership": reader.seat_id, "partnership": partnership_id, **about}
            mails.append(
                mail_row(notice.value, key=f"{notice}:{reader.seat_id}:{key}", to=reader.user_id, **references)
            )
    enqueue_all(mails)


def _at_once(reader: AnyRow, notice: NotificationKind) -> bool:
    return timing_for(reader, reader.mail_timing, notice) is MailTiming.AT_ONCE


@cache
def _readers() -> AnySelect:
    """Made once: making a statement takes longer than running it."""
    return (
        select(Membership.id.label("seat_id"), Membership.mail_timing, User.id.label("user_id"), User.mail_preferences)
        .join(Membership.user)
        .where(
            Membership.partnership_id == bindparam("partnership_id"),
            Membership.id.in_(bindparam("seat_ids", expanding=True)),
            Membership.is_active,
            User.deactivated_at.is_(None),
        )
        .order_by(Membership.id)
    )
