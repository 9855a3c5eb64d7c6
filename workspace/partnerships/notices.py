"""News that a member can hear of by mail at once, and who hears of it: written with the entry that it tells of.

A feature says to whom something happened; here it is held to what each of them has chosen, for the kind of news and
for the partnership. What they do not hear of at once stands in their next digest, unless they want none of it.
"""

from collections.abc import Collection
from enum import StrEnum
from typing import Any

from sqlalchemy import select

from workspace.accounts.choices import Soon
from workspace.accounts.models import User
from workspace.database import db
from workspace.mail.models import post_all, row
from workspace.partnerships.log import Entry
from workspace.partnerships.models import Membership


class Notice(StrEnum):
    """The kinds of news, and by these names the kinds of mail."""

    MENTIONED = "mentioned"
    REPLY = "reply"
    CHALLENGE = "challenge"
    ROLE = "role"
    REPORT = "report"


NOTICES = tuple(notice.value for notice in Notice)


def chosen(user: User, notice: Notice) -> Soon:
    """How soon the person wants to hear of this kind of news, wherever it is."""
    return Soon(user.mail_choices.get(notice, Soon.AT_ONCE))


def notify(notice: Notice, entry: Entry, seat_ids: Collection[int], **about: Any) -> set[int]:
    """Tell the members with these seats of `entry` by mail, who want to hear of it at once; their seats' ids.

    Its actor never hears of what they did themselves. `about` is what the mail is about beside the entry.
    """
    others = set(seat_ids) - {entry.actor_id}
    if not others:
        return set()
    query = (
        select(Membership.id, Membership.hears, User)
        .join(Membership.user)
        .where(
            Membership.partnership_id == entry.partnership_id,
            Membership.id.in_(others),
            Membership.is_active,
            User.deactivated_at.is_(None),
        )
        .order_by(Membership.id)
    )
    told = [
        (seat_id, user)
        for seat_id, hears, user in db.session.execute(query)
        if chosen(user, notice).at_most(hears) is Soon.AT_ONCE
    ]
    post_all(
        [
            row(
                notice.value,
                key=f"{notice}:{seat_id}:{entry.number}",
                to=user.id,
                membership=seat_id,
                partnership=entry.partnership_id,
                entry=entry.number,
                **about,
            )
            for seat_id, user in told
        ]
    )
    return {seat_id for seat_id, _user in told}
