"""What administrators change: organisations, and the people in them.

Values that must be unique are looked up first; if two requests take one at once, the database refuses the second.
"""

import hashlib
from collections.abc import Callable
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError

from workspace import clock
from workspace.accounts import sessions
from workspace.accounts.models import User, user_with
from workspace.audit.models import AuditAction, record_audit
from workspace.db import db
from workspace.db.transactions import begin_write
from workspace.i18n import danish
from workspace.mail.models import enqueue, moment_key
from workspace.organisations.models import Organisation
from workspace.permissions import Conflict, NotAllowed

ABOUT_PERSON = ("name", "email", "title", "phone")


class StaleOrganisation(Conflict):
    """Somebody else has changed it since the form was opened."""


class AlreadyTaken(Conflict):
    """Another has this `field` already; the message says who."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def create(**facts: Any) -> Organisation:
    """Create an organisation. The same `facts` twice create one. Raises AlreadyTaken."""
    begin_write()
    organisation = db.session.scalar(select(Organisation).filter_by(**facts))
    if organisation is None:
        organisation = Organisation()
        _keep(organisation, facts, _require_free_name)
    return organisation


def update(organisation: Organisation, *, version: int, **facts: Any) -> None:
    """Update an organisation. Raises StaleOrganisation unless `version` is current, or AlreadyTaken."""
    begin_write()
    db.session.refresh(organisation, with_for_update=True)
    if organisation.version != version:
        raise StaleOrganisation(_("Somebody else has changed the organisation in the meantime."))
    _keep(organisation, facts, _require_free_name)


def create_person(organisation: Organisation, **facts: Any) -> User:
    """Make an account for a person of `organisation`, without a password yet.

    The same `facts` twice create one. Raises AlreadyTaken.
    """
    begin_write()
    facts["organisation_id"] = organisation.id
    person = db.session.scalar(select(User).filter_by(**facts))
    if person is None:
        person = User()
        _keep(person, facts, _require_free_address)
    return person


def update_person(person: User, *, version: str, **facts: Any) -> None:
    """Update a person, or change their organisation, to which they then belong for certain.

    Their memberships stay as they are, and so does their address.

    Raises StaleOrganisation unless `version` is current.
    """
    begin_write()
    db.session.refresh(person, with_for_update=True)
    if version_of(person) != version:
        raise StaleOrganisation(_("Somebody else has changed the person in the meantime."))
    _keep(person, facts | {"organisation_confirmed": True}, _require_free_address)


def welcome(person: User, *, by: User) -> bool:
    """Mail a person how to get in, at their own address; at most once an hour: False if they have had it."""
    begin_write()
    key = f"welcome:{person.id}:{person.created_at.isoformat()}:{clock.now():%Y%m%d%H}"
    return enqueue("welcome", key=key, to=person.id, by=by.id)


def set_administrator(person: User, *, by: User, administers: bool) -> bool:
    """Make a person an administrator, or an ordinary user again; False if they are that already.

    Whoever does it stays one, so there is always one left. All administrators are told, and the person.
    """
    begin_write()
    rows = select(User).where(or_(User.is_administrator, User.id == person.id)).order_by(User.id).with_for_update()
    locked = list(db.session.scalars(rows.execution_options(populate_existing=True)))
    if not by.is_administrator or not by.is_active:
        raise NotAllowed(_("You are no longer an administrator."))
    if person.id == by.id:
        raise Conflict(_("You can't take the administrator's rights from yourself. Another administrator can."))
    if administers and not person.is_active:
        raise Conflict(_("The account is closed. Open it first."))
    if person.is_administrator is administers:
        return False
    person.is_administrator = administers
    record_audit(
        AuditAction.MADE_ADMINISTRATOR if administers else AuditAction.UNMADE_ADMINISTRATOR, actor=by, subject=person
    )
    for to in locked:
        enqueue(
            "administrators",
            key=moment_key("administrators", person.id, to.id),
            to=to.id,
            person=person.id,
            by=by.id,
            administers=administers,
        )
    return True


def end_sessions(person: User, *, by: User) -> int:
    """Sign a person out everywhere; the number of sessions that ended."""
    ended = sessions.end_all(person, at_once=True)
    if ended:
        record_audit(AuditAction.ENDED_SESSIONS, actor=by, subject=person)
    return ended


def version_of(person: User) -> str:
    """A checksum of the facts about `person`, as a version; accounts don't count their edits."""
    facts = [*(getattr(person, name) for name in ABOUT_PERSON), person.organisation_id]
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


def _keep(thing: Organisation | User, facts: dict[str, Any], require_free: Callable[..., None]) -> None:
    """Store the `facts` of `thing`, unless another row has a value that must be unique."""
    require_free(thing.id, **facts)
    try:
        with db.session.begin_nested():
            for name, value in facts.items():
                setattr(thing, name, value)
            db.session.add(thing)
    except IntegrityError:  # Another request took it at the same moment.
        require_free(thing.id, **facts)
        raise


def _require_free_name(own_id: int | None, *, name: str, cvr_number: str | None, **rest: Any) -> None:
    """Raise AlreadyTaken if another organisation has the name or the CVR number."""
    others = select(Organisation).where(Organisation.id != (own_id or 0))
    other = db.session.scalar(others.where(Organisation.name_search_key == danish.search_key(name)))
    if other:
        raise AlreadyTaken("name", _("There is an organisation called %(name)s already.", name=other.name))
    other = db.session.scalar(others.where(Organisation.cvr_number == cvr_number)) if cvr_number else None
    if other:
        raise AlreadyTaken("cvr_number", _("%(name)s has this CVR number already.", name=other.name))


def _require_free_address(own_id: int | None, *, email: str = "", **rest: Any) -> None:
    """Raise AlreadyTaken if another person has the e-mail address."""
    other = user_with(email) if email else None
    if other and other.id != own_id:
        place = other.organisation.name if other.organisation else _("no organisation")
        raise AlreadyTaken("email", _("%(name)s, %(place)s, has this address already.", name=other.name, place=place))
