"""Asking the administrators for an organisation, and their answers."""

from flask_babel import gettext as _
from sqlalchemy import func, select

from workspace import clock
from workspace.accounts.models import User, administrators
from workspace.audit.models import AuditAction, record_audit
from workspace.db import db
from workspace.db.transactions import begin_write
from workspace.i18n import danish
from workspace.mail.models import enqueue
from workspace.members.organisation_requests.models import OrganisationRequest
from workspace.organisations import service as organisations_service
from workspace.organisations.models import Organisation, OrganisationKind
from workspace.partnerships import service as partnerships_service
from workspace.partnerships.activity_log import record
from workspace.partnerships.models import Membership, Participation
from workspace.partnerships.service import participations
from workspace.partnerships.verbs import INVITED_ORGANISATION
from workspace.permissions import Action, Conflict

MOST_WAITING = 20
MOST_LISTED = 100


def ask_for(by: Membership, name: str) -> Organisation | None:
    """Invite the organisation of that name, if there is one; otherwise ask the administrators for it, once.

    Returns the one that was there. Raises Conflict where too many wait for an answer already.
    """
    by.require(Action.EDIT_PARTNERSHIP)
    key = danish.search_key(name)
    known = db.session.scalar(select(Organisation).where(Organisation.name_search_key == key))
    if known:
        partnerships_service.set_sides(by, {known.id: known.usual_side})
        return known
    with by.partnership.locked():
        by.require(Action.EDIT_PARTNERSHIP)
        waiting = select(OrganisationRequest).where(
            OrganisationRequest.partnership_id == by.partnership_id, OrganisationRequest.answered_at.is_(None)
        )
        names = {request.name_key for request in db.session.scalars(waiting)}
        if key in names:
            return None
        if len(names) >= MOST_WAITING:
            raise Conflict(_("The administrators have not yet answered what you have asked for. They do that first."))
        request = OrganisationRequest(partnership_id=by.partnership_id, asked_by_id=by.id, name=name)
        db.session.add(request)
        db.session.flush()
        for administrator in administrators():
            mail_key = f"organisation_wanted:{request.id}:{request.asked_at.isoformat()}:{administrator.id}"
            enqueue("organisation_wanted", key=mail_key, to=administrator.id, request=request.id)
        return None


def waiting() -> list[OrganisationRequest]:
    """What waits for the administrators, the oldest first."""
    query = select(OrganisationRequest).where(OrganisationRequest.answered_at.is_(None))
    return list(db.session.scalars(query.order_by(OrganisationRequest.id).limit(MOST_LISTED)))


def count_waiting() -> int:
    """How many organisations the administrators are asked for."""
    return db.session.scalar(select(func.count()).where(OrganisationRequest.answered_at.is_(None))) or 0


def grant(request: OrganisationRequest, by: User, *, name: str, kind: OrganisationKind) -> Organisation:
    """Create the organisation, unless there is one of that name, and invite it to the partnership that missed it.

    Does nothing twice. Raises Conflict if the partnership is archived.
    """
    begin_write()
    key = danish.search_key(name)
    organisation = db.session.scalar(select(Organisation).where(Organisation.name_search_key == key))
    if organisation is None:
        organisation = organisations_service.create(name=name, kind=kind, cvr_number=None, website="")
        record_audit(AuditAction.MADE_ORGANISATION, actor=by, after=organisation.name)
    partnership, organisation_id = request.partnership, organisation.id
    with partnership.locked():
        if request.answered_at is not None:
            raise Conflict(_("Another administrator has answered in the meantime."))
        if partnership.is_archived:
            raise Conflict(_("The partnership is archived, so nothing in it can be changed."))
        if organisation_id not in participations(partnership):
            side = organisation.usual_side
            db.session.add(Participation(partnership_id=partnership.id, organisation_id=organisation_id, side=side))
            record(partnership, INVITED_ORGANISATION, name=organisation.name)
        request.organisation_id = organisation_id
        _answer(request)
    return organisation


def refuse(request: OrganisationRequest) -> None:
    """Say no."""
    with request.partnership.locked():
        if request.answered_at is None:
            _answer(request)


def _answer(request: OrganisationRequest) -> None:
    request.answered_at = clock.now()
    key = f"organisation_answered:{request.id}:{request.asked_at.isoformat()}"
    enqueue("organisation_answered", key=key, to=request.asked_by.user_id, request=request.id)
