"""Starting a partnership."""

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from workspace import clock
from workspace.accounts.models import User
from workspace.db import db
from workspace.db.transactions import begin_write
from workspace.i18n import danish
from workspace.organisations.models import Side
from workspace.partnerships.activity_log import record_by
from workspace.partnerships.models import Membership, Participation, Partnership
from workspace.partnerships.verbs import STARTED
from workspace.permissions import Conflict, Level, NotAllowed
from workspace.web.url_converters import static_segments


class AlreadyStarted(Conflict):
    """The one-time key has already started `partnership`, with another description."""

    def __init__(self, partnership: Partnership) -> None:
        super().__init__(_("You have already started this partnership, but with different content."))
        self.partnership = partnership


def create(
    *, by: User, name: str, purpose: str, goals: list[int], sides: dict[int, Side], one_time_key: str
) -> Partnership:
    """Start a partnership of the organisations in `sides` (by id); `by` is its first moderator.

    Only their own takes part at once: the others are invited.

    The same key returns the same partnership; raises AlreadyStarted if that has another description. Raises NotAllowed
    for a person without an organisation.
    """
    begin_write()
    if by.organisation_id is None:
        raise NotAllowed(_("You don't belong to an organisation yet. An administrator can put that right."))
    # If a form is sent twice at once, the second waits here, and then finds what the first made.
    db.session.scalar(select(User.id).where(User.id == by.id).with_for_update(key_share=True))
    made = db.session.scalar(
        select(Partnership).where(Partnership.started_by_id == by.id, Partnership.one_time_key == one_time_key)
    )
    if made:
        if (made.name, made.purpose, made.goals) != (name, purpose, sorted(set(goals))):
            raise AlreadyStarted(made)
        return made
    partnership = _with_free_slug(
        Partnership(name=name, purpose=purpose, started_by_id=by.id, one_time_key=one_time_key)
    )
    partnership.goals = goals
    for organisation_id, side in ({by.organisation_id: Side.OTHERS} | sides).items():
        own = organisation_id == by.organisation_id and by.organisation_confirmed
        part = {"partnership_id": partnership.id, "organisation_id": organisation_id, "side": side}
        db.session.add(Participation(**part, accepted_at=clock.now() if own else None))
    moderator = Membership(
        partnership=partnership,
        user=by,
        organisation_id=by.organisation_id,
        level=Level.MODERATOR,
        accepted_at=clock.now(),
    )
    db.session.add(moderator)
    db.session.flush()
    record_by(moderator, STARTED)
    return partnership


def _with_free_slug(partnership: Partnership) -> Partnership:
    slug = wanted = danish.slug(partnership.name)
    # Where a page of its own stands, a partnership's feed could not be reached.
    reserved = static_segments(current_app.url_map, "/partnerships/")
    taken = reserved | set(db.session.scalars(select(Partnership.slug).where(Partnership.slug.startswith(wanted))))
    number = 1
    while True:
        while slug in taken:
            number += 1
            slug = f"{wanted}-{number}"
        partnership.slug = slug
        try:
            with db.session.begin_nested():
                db.session.add(partnership)
        except IntegrityError:  # Somebody else took it at the same moment.
            taken.add(slug)
        else:
            return partnership
