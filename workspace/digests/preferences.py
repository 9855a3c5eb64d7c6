"""A person's choices about mail, written down. Whoever turns something on again hears of what comes from then on."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from sqlalchemy import select

from workspace import clock
from workspace.accounts.mail_preferences import DigestFrequency, MailTiming
from workspace.accounts.models import User
from workspace.db import db
from workspace.db.transactions import begin_write
from workspace.digests.planning import next_moment
from workspace.notifications.dispatch import NotificationKind, preferred_timing
from workspace.partnerships.models import Membership, PartnershipDigest


def choose_digest(
    user: User,
    *,
    frequency: DigestFrequency,
    weekday: int,
    hour: int,
    paused_until: date | None,
    frequencies: Mapping[int, PartnershipDigest],
) -> None:
    """Let digests come so, and tell of partnerships (by the ids of one's memberships) so often."""
    begin_write()
    begins = user.digest_frequency is DigestFrequency.OFF and frequency is not DigestFrequency.OFF
    user.digest_frequency, user.digest_weekday, user.digest_hour = frequency, weekday, hour
    user.digest_paused_until = paused_until
    for membership in _memberships(user):
        before, membership.digest_frequency = (
            membership.digest_frequency,
            frequencies.get(membership.id, membership.digest_frequency),
        )
        was_silent = before is PartnershipDigest.NEVER or (begins and before is PartnershipDigest.USUAL)
        if was_silent and membership.digest_frequency is not PartnershipDigest.NEVER:
            membership.digested_number = membership.partnership.last_number
    if begins:
        user.last_digest_at = user.last_full_digest_at = clock.now()
    db.session.flush()
    user.next_digest_at = next_moment(user)


def choose_kinds(user: User, kinds: Mapping[NotificationKind, MailTiming], timings: Mapping[int, MailTiming]) -> None:
    """Hear of each kind of news so soon, and of partnerships (by the ids of one's memberships) not sooner than so."""
    begin_write()
    user.mail_preferences = user.mail_preferences | {notice.value: soon.value for notice, soon in kinds.items()}
    for membership in _memberships(user):
        membership.mail_timing = timings.get(membership.id, membership.mail_timing)


def lower_digest(user: User, frequency: DigestFrequency) -> None:
    """Let the digest come so often at most, for all partnerships."""
    begin_write()
    user.digest_frequency = min(user.digest_frequency, frequency, key=list(DigestFrequency).index)
    for membership in _memberships(user):
        if membership.digest_frequency is PartnershipDigest.DAILY:
            membership.digest_frequency = PartnershipDigest.USUAL
    db.session.flush()
    user.next_digest_at = next_moment(user)


def lower_notices(user: User, notices: Collection[NotificationKind], to: MailTiming) -> None:
    """Let the person hear of these kinds of news so soon at most."""
    begin_write()
    lowered = {notice.value: preferred_timing(user, notice).at_most(to).value for notice in notices}
    user.mail_preferences = user.mail_preferences | lowered


def chosen(user: User) -> dict[str, Any]:
    """What the person has chosen that unsubscribing can lower, as JSON."""
    daily = [
        membership.id for membership in _memberships(user) if membership.digest_frequency is PartnershipDigest.DAILY
    ]
    return {"digest": user.digest_frequency.value, "daily": daily, "notices": dict(user.mail_preferences)}


def restore(user: User, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Undo what made `before` into `after`, and say whether it was: not if something else was chosen since."""
    begin_write()
    db.session.refresh(user)
    if chosen(user) != after:
        return False
    user.digest_frequency = DigestFrequency(before["digest"])
    user.mail_preferences = dict(before["notices"])
    for membership in _memberships(user):
        if membership.id in before["daily"]:
            membership.digest_frequency = PartnershipDigest.DAILY
    db.session.flush()
    user.next_digest_at = next_moment(user)
    return True


def _memberships(user: User) -> list[Membership]:
    return list(db.session.scalars(select(Membership).where(Membership.user_id == user.id).order_by(Membership.id)))
