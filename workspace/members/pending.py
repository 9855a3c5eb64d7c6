"""Queries of invitations, links and listed partnerships."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, String, and_, bindparam, case, cast, func, literal, or_, select
from sqlalchemy.orm import aliased

from workspace.accounts.models import User
from workspace.comments.models import Comment
from workspace.db import db
from workspace.db.statements import cached_statement, fetch_rows, inline_literal
from workspace.db.types import AnyRow, AnySelect
from workspace.mail.models import Mail, MailState
from workspace.members.invitations import service as invitations_service
from workspace.members.models import Invitation, InvitationAnswer, InviteLink, Report
from workspace.organisations.models import Organisation
from workspace.partnerships.context import moderation_counts
from workspace.partnerships.models import Membership, MembershipState, Participation, Partnership, Visibility
from workspace.permissions import Level
from workspace.posts.models import Post
from workspace.roles.models import Role

PAGE = 25  # A row has two forms, and the page a list of pasted addresses besides.
LISTED_PAGE = 20
MOST_INVITED = 20


def counts(membership: Membership) -> AnyRow:
    """How many `requests`, `invitations` and `reports` wait in the partnership, and how many `organisations` are in it,
    of which `invited` have not said yes. One statement.
    """
    here, organisation = membership.partnership_id, Participation.partnership_id
    found = {
        "requests": select(func.count()).where(
            Membership.partnership_id == here, Membership.state == MembershipState.REQUESTED
        ),
        "invitations": select(func.count()).where(
            Invitation.partnership_id == here, Invitation.answer == inline_literal(InvitationAnswer.OPEN)
        ),
        "reports": select(func.count()).where(Report.partnership_id == here, Report.answered_at.is_(None)),
        "organisations": select(func.count()).where(organisation == here),
        "invited": select(func.count()).where(organisation == here, Participation.accepted_at.is_(None)),
    }
    return db.session.execute(select(*(query.scalar_subquery().label(name) for name, query in found.items()))).one()


@dataclass(frozen=True)
class Invited:
    """An invitation to somebody with an account, as the overview tells it: who invites, whom they represent, where."""

    address: str
    partnership: str
    level: Level
    name: str
    inviter_organisation: str
    represents: str
    expires_at: datetime


def invitations_to(user: User) -> list[Invited]:
    """The invitations that wait for the person's answer, the latest first; one statement."""
    rows = fetch_rows(_invitations_to(), key=user.email_key, organisation_id=user.organisation_id or 0)
    return [Invited(invitations_service.address(row.id), *row[1:]) for row in rows]


@cached_statement
def _invitations_to() -> AnySelect:
    inviters, represented, own = aliased(Organisation), aliased(Organisation), aliased(Organisation)
    mine = and_(
        Participation.partnership_id == Invitation.partnership_id,
        Participation.organisation_id == bindparam("organisation_id"),
    )
    return (
        select(
            Invitation.id,
            Partnership.name.label("partnership"),
            Invitation.level,
            User.name,
            inviters.name.label("inviter_organisation"),
            func.coalesce(own.name, represented.name).label("represents"),
            Invitation.expires_at,
        )
        .join(Partnership, Partnership.id == Invitation.partnership_id)
        .join(represented, represented.id == Invitation.organisation_id)
        .join(Membership, Membership.id == Invitation.invited_by_id)
        .join(User, User.id == Membership.user_id)
        .join(inviters, inviters.id == Membership.organisation_id)
        .outerjoin(Participation, mine)
        .outerjoin(own, own.id == Participation.organisation_id)
        .where(
            Invitation.email_key == bindparam("key"),
            Invitation.is_open,
            Partnership.archived_at.is_(None),
        )
        .order_by(Invitation.id.desc())
        .limit(MOST_INVITED)
    )


def waiting_for_moderators(membership: Membership) -> int:
    """How many requests without an open question, and reports of what is not withdrawn, wait in the partnership."""
    here = membership.partnership_id
    requests = select(func.count()).where(
        Membership.partnership_id == here,
        Membership.state == MembershipState.REQUESTED,
        Membership.moderator_question == "",
    )
    reports = (
        select(func.count())
        .select_from(Report)
        .join(Post, and_(Post.partnership_id == Report.partnership_id, Post.number == Report.post_number))
        .outerjoin(Comment, and_(Comment.partnership_id == Report.partnership_id, Comment.number == Report.number))
        .where(Report.partnership_id == here, Report.answered_at.is_(None), ~is_withdrawn())
    )
    return db.session.scalar(select(requests.scalar_subquery() + reports.scalar_subquery())) or 0


def is_withdrawn() -> ColumnElement[bool]:
    """The condition that what was reported is withdrawn: the comment if it is one, else the post."""
    return or_(Comment.withdrawn_at.is_not(None), and_(Comment.number.is_(None), Post.withdrawn_at.is_not(None)))


moderation_counts.append(waiting_for_moderators)


class InvitationFilter(StrEnum):
    """Which of the invitations without a yes are shown."""

    ALL = ""
    REFUSED = "refused"
    EXPIRED = "expired"
    OBJECTED = "objected"
    DECLINED = "declined"


def counts_of_invitations(membership: Membership) -> AnyRow:
    """How many invitations are open or expired, in `all`, and how many of each other filter. One statement."""
    is_open = Invitation.answer == inline_literal(InvitationAnswer.OPEN)
    first = aliased(Mail)
    counted = {
        "all": is_open,
        **{kind.value: and_(*conditions) for kind, conditions in _kinds(first).items() if kind.value},
    }
    query = (
        select(*(func.sum(case((condition, 1), else_=0)).label(name) for name, condition in counted.items()))
        .select_from(Invitation)
        .outerjoin(first, first.key == _mail_key("invitation"))
        .where(
            Invitation.partnership_id == membership.partnership_id,
            Invitation.answer.in_((InvitationAnswer.OPEN, InvitationAnswer.DECLINED)),
        )
    )
    return db.session.execute(query).one()


def invitations(
    membership: Membership,
    before: int | None = None,
    shown: InvitationFilter = InvitationFilter.ALL,
    organisation_id: int | None = None,
) -> list[AnyRow]:
    """A page of invitations without a yes, the latest first, and one more if there are older ones.

    `mail_state` is what became of the invitation, `reminder_state` of its reminder, which was sent at `reminded_at`.
    """
    first, reminder = aliased(Mail), aliased(Mail)
    query = (
        select(
            Invitation.id,
            Invitation.email,
            Invitation.name.label("invited_name"),
            Invitation.level,
            Invitation.answer,
            Invitation.sent_at,
            Invitation.expires_at,
            Invitation.has_way_in.label("has_way_in"),
            Invitation.objection,
            Invitation.organisation_id,
            Organisation.name.label("organisation_name"),
            Role.name.label("role_name"),
            User.name,
            first.state.label("mail_state"),
            reminder.state.label("reminder_state"),
            reminder.finished_at.label("reminded_at"),
        )
        .join(Organisation, Organisation.id == Invitation.organisation_id)
        .join(Membership, Membership.id == Invitation.invited_by_id)
        .join(Membership.user)
        .outerjoin(Role, Role.id == Invitation.role_id)
        .outerjoin(first, first.key == _mail_key("invitation"))
        .outerjoin(reminder, reminder.key == _mail_key("reminder"))
        .where(Invitation.partnership_id == membership.partnership_id, *_kinds(first)[shown])
        .order_by(Invitation.id.desc())
        .limit(PAGE + 1)
    )
    if organisation_id:
        query = query.where(Invitation.organisation_id == organisation_id)
    if before:
        query = query.where(Invitation.id < before)
    return list(db.session.execute(query))


def _kinds(first: Any) -> dict[InvitationFilter, tuple[ColumnElement[bool], ...]]:
    """The conditions of each filter; `first` is the mail of the invitation."""
    is_open = Invitation.answer == inline_literal(InvitationAnswer.OPEN)
    return {
        InvitationFilter.ALL: (is_open,),
        InvitationFilter.REFUSED: (is_open, first.state.in_((MailState.REFUSED, MailState.FAILED))),
        InvitationFilter.EXPIRED: (is_open, ~Invitation.is_open),
        InvitationFilter.OBJECTED: (is_open, Invitation.objection != ""),
        InvitationFilter.DECLINED: (Invitation.answer == inline_literal(InvitationAnswer.DECLINED),),
    }


def _mail_key(kind: str) -> ColumnElement[str]:
    """The key of the invitation's last mail of that kind, as the service makes it."""
    return literal(f"{kind}:") + cast(Invitation.id, String) + literal(":") + cast(Invitation.round, String)


def links(membership: Membership) -> list[InviteLink]:
    """The latest links, open or closed."""
    query = (
        select(InviteLink)
        .where(InviteLink.partnership_id == membership.partnership_id)
        .order_by(InviteLink.id.desc())
        .limit(10)
    )
    return list(db.session.scalars(query))


def came_by(link: InviteLink) -> list[AnyRow]:
    """Who joined by the link."""
    query = (
        select(User.name, Membership.state_since)
        .join(Membership.user)
        .where(Membership.partnership_id == link.partnership_id, Membership.link_id == link.id)
        .order_by(Membership.state_since)
        .limit(500)
    )
    return list(db.session.execute(query))


def listed(user: User, after: int | None) -> list[AnyRow]:
    """Listed partnerships without me, the newest first, with what everybody may know of them."""
    query = (
        select(Partnership.id, Partnership.name, Partnership.purpose)
        .outerjoin(
            Membership,
            and_(
                Membership.partnership_id == Partnership.id,
                Membership.user_id == user.id,
                Membership.is_present,
                ~Membership.has_ended,
            ),
        )
        .where(Partnership.visibility == Visibility.LISTED, Partnership.archived_at.is_(None), Membership.id.is_(None))
        .order_by(Partnership.id.desc())
        .limit(LISTED_PAGE + 1)
    )
    if after:
        query = query.where(Partnership.id < after)
    return list(db.session.execute(query))
