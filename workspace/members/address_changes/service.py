"""Changing somebody's e-mail address, which is what they sign in with: nobody gets into an account unseen by it."""

from enum import StrEnum
from typing import Any

from flask_babel import gettext as _
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import and_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from workspace import clock
from workspace.accounts import sessions, verification_codes
from workspace.accounts.models import User, administrators, user_with
from workspace.audit.models import AuditAction, record_audit
from workspace.db import db
from workspace.db.transactions import begin_write
from workspace.mail.models import enqueue, moment_key
from workspace.members.address_changes.models import AddressChange, AddressChangeOutcome
from workspace.partnerships.models import Membership, Partnership
from workspace.permissions import Conflict, Level
from workspace.web.signing import signing_keys


class Taken(Conflict):
    """Another account has the address."""

    def __init__(self) -> None:
        super().__init__(_("Another account has this address."))


class Mailbox(StrEnum):
    """Who was asked: a link answers for the address that it was sent to, and for no other."""

    OLD = "old"
    NEW = "new"


def ask(person: User, address: str, *, by: User) -> AddressChange:
    """Ask for another address, instead of what was asked for before. Raises Taken.

    An account that opens nothing (no password, no partnership, no administration) gets it at once: there it corrects
    how the person was added.
    """
    change = _begin(person, address, by=by)
    if _opens_nothing(person):
        _take_effect(change)
        return change
    record_audit(AuditAction.ASKED_FOR_ADDRESS, actor=by, subject=person, before=change.before, after=address)
    enqueue("address_objection", key=_key("address_objection", change), to=change.before, change=change.id)
    enqueue("address_confirmation", key=_key("address_confirmation", change), to=address, change=change.id)
    _tell_moderators(change)
    return change


def change_at_once(person: User, address: str) -> None:
    """Change it without asking anybody, but not unseen: for the command line. Raises Taken."""
    change = _begin(person, address, by=None)
    _take_effect(change)
    _tell_moderators(change)


def withdraw(person: User, *, by: User) -> None:
    """Take back what was asked for."""
    begin_write()
    if change := open_change(person):
        _end(change, AddressChangeOutcome.WITHDRAWN)
        record_audit(AuditAction.WITHDREW_ADDRESS, actor=by, subject=person, after=change.address)


def confirm(change: AddressChange) -> None:
    """The new address is confirmed: its owner has typed the code that was sent there."""
    _lock(change)
    if change.is_open and change.confirmed_at is None:
        change.confirmed_at = clock.now()
    _take_effect_if_due(change)


def agree(change: AddressChange) -> None:
    """Whoever reads the mail of the old address agrees."""
    _lock(change)
    if change.is_open and change.agreed_at is None:
        change.agreed_at = clock.now()
    _take_effect_if_due(change)


def refuse(change: AddressChange) -> None:
    """Whoever reads the mail of the old address objects: it does not happen, and all administrators are told."""
    _lock(change)
    if not change.is_open:
        return
    _end(change, AddressChangeOutcome.OBJECTED)
    record_audit(AuditAction.REFUSED_ADDRESS, subject=change.user, after=change.address)
    for administrator in administrators():
        enqueue(
            "address_refused",
            key=_key("address_refused", change, administrator.id),
            to=administrator.id,
            change=change.id,
        )


def settle(change: AddressChange) -> None:
    """Let it take effect if its time has come, and give it up if nobody has confirmed it in time."""
    _lock(change)
    if change.outcome is AddressChangeOutcome.OPEN and not change.is_open:
        _end(change, AddressChangeOutcome.EXPIRED)
    else:
        _take_effect_if_due(change)


def open_change(person: User) -> AddressChange | None:
    """The change that waits, if there is one."""
    query = select(AddressChange).where(
        AddressChange.user_id == person.id, AddressChange.outcome == AddressChangeOutcome.OPEN
    )
    return db.session.scalar(query)


def token(change: AddressChange, mailbox: Mailbox) -> str:
    """The token of the link that is sent to that mailbox."""
    return str(_signer().dumps([change.id, mailbox.value, change.asked_at.isoformat()]))


def read(signed: str) -> tuple[AddressChange, Mailbox] | None:
    """What a token is about, and for which mailbox it answers; None if it is not ours."""
    try:
        change_id, mailbox, asked_at = _signer().loads(signed)
        change = db.session.get(AddressChange, change_id)
        return (change, Mailbox(mailbox)) if change and change.asked_at.isoformat() == asked_at else None
    except (BadSignature, ValueError, TypeError):
        return None


def shared_partnerships(person: User, moderator: User, *, accepted: bool = False) -> list[str]:
    """The names of the partnerships that the person is in, and `moderator` moderates.

    With `accepted` only those in which the person has let the others see how to reach them.
    """
    theirs = aliased(Membership)
    query = (
        select(Partnership.name)
        .join(Membership, and_(Membership.partnership_id == Partnership.id, Membership.user_id == person.id))
        .join(theirs, and_(theirs.partnership_id == Partnership.id, theirs.user_id == moderator.id))
        .where(Membership.is_active, theirs.is_active, theirs.level == Level.MODERATOR)
        .order_by(Partnership.name_key)
    )
    return list(db.session.scalars(query.where(Membership.accepted_at.is_not(None)) if accepted else query))


def _begin(person: User, address: str, *, by: User | None) -> AddressChange:
    """A new open change, in place of the last one."""
    begin_write()
    db.session.refresh(person, with_for_update=True)
    _require_free(person, address)
    if last := open_change(person):
        _end(last, AddressChangeOutcome.WITHDRAWN)
        db.session.flush()
    change = AddressChange(user=person, before=person.email, address=address, asked_by=by, asked_at=clock.now())
    db.session.add(change)
    db.session.flush()
    return change


def _lock(change: AddressChange) -> None:
    """Lock the person's row, and read both again: answers come one after the other."""
    begin_write()
    db.session.scalar(select(User.id).where(User.id == change.user_id).with_for_update())
    db.session.refresh(change)
    db.session.refresh(change.user)


def _take_effect_if_due(change: AddressChange) -> None:
    if not change.is_due:
        return
    try:
        if change.user.email != change.before:  # They have changed it themselves meanwhile.
            raise Taken
        _take_effect(change)
    except Taken:
        _end(change, AddressChangeOutcome.WITHDRAWN)


def _take_effect(change: AddressChange) -> None:
    """Give the person the address. All sessions and codes end: from now on one signs in with the new one."""
    person = change.user
    _require_free(person, change.address)
    try:
        with db.session.begin_nested():
            person.email = change.address
    except IntegrityError:  # Another request took it at the same moment.
        raise Taken from None
    sessions.end_all(person)
    verification_codes.end_all(person)
    _end(change, AddressChangeOutcome.DONE)
    enqueue("address_changed", key=_key("address_changed", change), to=change.before, user=person.id)
    record_audit(
        AuditAction.CHANGED_ADDRESS,
        actor=change.asked_by,
        subject=person,
        before=change.before,
        after=change.address,
    )


def _end(change: AddressChange, outcome: AddressChangeOutcome) -> None:
    change.outcome, change.ended_at = outcome, clock.now()


def _require_free(person: User, address: str) -> None:
    other = user_with(address)
    if other is not None and other.id != person.id:
        raise Taken


def _opens_nothing(person: User) -> bool:
    has_membership = db.session.scalar(select(Membership.id).where(Membership.user_id == person.id).limit(1))
    return person.password_hash is None and not person.is_administrator and not has_membership


def _tell_moderators(change: AddressChange) -> None:
    """Each moderator of the partnerships that the person is in gets one mail."""
    theirs = aliased(Membership)
    query = (
        select(Membership.user_id)
        .join(theirs, theirs.partnership_id == Membership.partnership_id)
        .where(
            theirs.user_id == change.user_id,
            theirs.is_active,
            Membership.user_id != change.user_id,
            Membership.is_active,
            Membership.level == Level.MODERATOR,
        )
        .distinct()
        .order_by(Membership.user_id)
    )
    for user_id in db.session.scalars(query).all():
        enqueue("address_of_member", key=_key("address_of_member", change, user_id), to=user_id, change=change.id)


def _key(kind: str, change: AddressChange, to: int = 0) -> str:
    """The key of a mail. The number alone would not do: SQLite gives those of deleted changes again."""
    return moment_key(kind, change.id, to, at=change.asked_at)


def _signer() -> Any:
    return URLSafeSerializer(signing_keys(), salt="address-change")
