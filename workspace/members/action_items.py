"""What waits for its reader about members: requests to join, reports, and the moderators' questions.

Requests and reports wait for moderators; a question waits for whoever asked to join.
"""

from collections.abc import Iterator
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import and_, bindparam, case, func, literal, or_, select, union_all
from sqlalchemy.orm import aliased

from workspace.accounts.models import User
from workspace.comments.models import Comment
from workspace.db.statements import cached_statement, fetch_rows
from workspace.db.types import AnyRow, AnySelect
from workspace.members.models import Report
from workspace.members.organisation_requests import service as organisation_requests_service
from workspace.notifications.action_items import MOST_ITEMS, PLACE, ActionItem, ActionKind, action_source
from workspace.notifications.dispatch import NotificationKind
from workspace.organisations.models import Organisation
from workspace.partnerships.models import Membership, MembershipState, Partnership
from workspace.permissions import Level
from workspace.posts.models import Post

QUESTION = ActionKind(name="question", rank=30, symbol="users", button=_l("Answer"))
JOIN_REQUEST = ActionKind(
    name="request",
    rank=31,
    symbol="users",
    button=_l("See the request"),
    together=lambda count: ngettext("%(num)s person would like to join", "%(num)s people would like to join", count),
    together_button=_l("See the requests"),
    page="members#requests",
    moderating=True,
    is_request=True,
    notice=NotificationKind.REQUEST,
)
REPORT = ActionKind(
    name="report",
    rank=32,
    symbol="warning",
    button=_l("See the report"),
    together=lambda count: ngettext("%(num)s report waits for an answer", "%(num)s reports wait for an answer", count),
    together_button=_l("See the reports"),
    page="reports",
    moderating=True,
    is_request=True,
    notice=NotificationKind.REPORT,
)


MODERATION = ActionKind(name="moderation", rank=21, symbol="users", button=_l("Answer"))


ORGANISATION = ActionKind(name="organisation", rank=33, symbol="plus", button=_l("Answer"), is_request=True)


@action_source
def organisations_wanted(user: User) -> Iterator[ActionItem]:
    """The organisations that moderators ask an administrator for."""
    for wanted in organisation_requests_service.waiting() if user.is_administrator else ():
        title = _("%(name)s is missing", name=wanted.name)
        yield ORGANISATION.item(wanted.id, title=title, address="/admin/organisation-requests")


@action_source
def answers_wanted(user: User) -> Iterator[ActionItem]:
    """Requests and reports where the person moderates, and questions about their own requests; the oldest first."""
    return (_ITEMS[row.what](row) for row in fetch_rows(_answers_wanted(), user_id=user.id))


def _question(row: AnyRow) -> ActionItem:
    name = row.partnership_name
    title = _("The moderators of ‘%(name)s’ have a question about your request", name=name)
    return QUESTION.item(row.id, title=title, address="/memberships", version=str(row.words))


def _join_request(row: AnyRow) -> ActionItem:
    return JOIN_REQUEST.item(
        row.id,
        title=_("%(name)s asks to join", name=row.title),
        address=f"/partnerships/{row.slug}/members#request-{row.id}",
        where=row,
        about=row.about,
        version=str(row.words),
    )


def _report(row: AnyRow) -> ActionItem:
    title = _("Reported to the moderators: %(title)s", title=row.title or _("Withdrawn post"))
    return REPORT.item(row.id, title=title, address=f"/partnerships/{row.slug}/reports", where=row)


def _moderation(row: AnyRow) -> ActionItem:
    title = _("%(name)s offers you to take over as moderator", name=row.title)
    return MODERATION.item(row.id, title=title, address=f"/partnerships/{row.slug}/members/handover", where=row)


_ITEMS = {
    MODERATION.name: _moderation,
    QUESTION.name: _question,
    JOIN_REQUEST.name: _join_request,
    REPORT.name: _report,
}


@cached_statement
def _answers_wanted() -> AnySelect:
    asking, asker, organisation = aliased(Membership), aliased(User), aliased(Organisation)
    moderated = (
        Membership.user_id == bindparam("user_id"),
        Membership.level == Level.MODERATOR,
        Membership.is_active,
        Partnership.archived_at.is_(None),
    )

    def told(kind: ActionKind, about_id: Any, title: Any, about: Any, words: Any, moment: Any) -> AnySelect:
        named = {"what": literal(kind.name), "id": about_id, "title": title, "about": about, "words": words}
        columns = (column.label(name) for name, column in (named | {"moment": moment}).items())
        return select(*PLACE, *columns).join(Membership, Membership.partnership_id == Partnership.id)

    requests = (
        told(
            JOIN_REQUEST, asking.id, asker.name, organisation.name, func.length(asking.request_text), asking.state_since
        )
        .join(asking, and_(asking.partnership_id == Partnership.id, asking.state == MembershipState.REQUESTED))
        .join(asker, asker.id == asking.user_id)
        .join(organisation, organisation.id == asking.organisation_id)
        .where(*moderated, asking.moderator_question == "")
    )
    is_withdrawn = or_(
        Comment.withdrawn_at.is_not(None), and_(Comment.number.is_(None), Post.withdrawn_at.is_not(None))
    )
    post_title = case((Post.withdrawn_at.is_(None), Post.title), else_="")
    reports = (
        told(REPORT, Report.id, post_title, literal(""), literal(0), Report.created_at)
        .join(Report, and_(Report.partnership_id == Partnership.id, Report.answered_at.is_(None)))
        .join(Post, and_(Post.partnership_id == Report.partnership_id, Post.number == Report.post_number))
        .outerjoin(Comment, and_(Comment.partnership_id == Report.partnership_id, Comment.number == Report.number))
        .where(*moderated, ~is_withdrawn)
    )
    words = func.length(Membership.request_text)
    questions = told(QUESTION, Membership.id, literal(""), literal(""), words, Membership.state_since).where(
        Membership.user_id == bindparam("user_id"),
        Membership.state == MembershipState.REQUESTED,
        Membership.moderator_question != "",
    )
    offers = (
        told(MODERATION, Membership.id, asker.name, literal(""), literal(0), Membership.state_since)
        .join(asking, asking.id == Membership.moderation_offered_by_id)
        .join(asker, asker.id == asking.user_id)
        .where(
            Membership.user_id == bindparam("user_id"),
            Membership.is_active,
            Partnership.archived_at.is_(None),
            asking.level == Level.MODERATOR,
            asking.is_active,
        )
    )
    found = union_all(requests, reports, questions, offers).subquery()
    return select(found).order_by(found.c.moment, found.c.id).limit(MOST_ITEMS)
