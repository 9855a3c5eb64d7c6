"""Reporting a post or a comment to the moderators, and the queue in which they answer."""

from typing import Any

from flask import Response, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import aliased

from workspace.accounts.models import User
from workspace.comments import queries as comment_queries
from workspace.comments.models import Comment
from workspace.db import db
from workspace.db.types import AnyRow, AnySelect
from workspace.members.blueprint import blueprint
from workspace.members.forms import ReportAnswerForm, ReportForm
from workspace.members.models import Report, Verdict
from workspace.members.reports import service as reports_service
from workspace.partnerships.context import partnership_context
from workspace.partnerships.models import Membership
from workspace.permissions import Action, Conflict, members_with
from workspace.posts import queries as post_queries
from workspace.posts.models import Post
from workspace.web import htmx, pagination
from workspace.web.htmx import flash_live, form_error, page_or_partial, redirect_client

PAGE = 20
SHOWN = 600


@blueprint.get("/partnerships/<slug:slug>/posts/<number:number>/report")
@members_with(Action.REPORT)
def ask_to_report_post(membership: Membership, number: int) -> ResponseReturnValue:
    """Ask what is wrong with a post."""
    return _report_page(membership, post_queries.post(membership, number))


@blueprint.post("/partnerships/<slug:slug>/posts/<number:number>/report")
@members_with(Action.REPORT)
def report_post(membership: Membership, number: int) -> ResponseReturnValue:
    """Report a post."""
    return _report(membership, post_queries.post(membership, number))


@blueprint.get("/partnerships/<slug:slug>/posts/<number:post_number>/comments/<number:number>/report")
@members_with(Action.REPORT)
def ask_to_report_comment(membership: Membership, post_number: int, number: int) -> ResponseReturnValue:
    """Ask what is wrong with a comment."""
    return _report_page(membership, comment_queries.comment(membership, post_number, number))


@blueprint.post("/partnerships/<slug:slug>/posts/<number:post_number>/comments/<number:number>/report")
@members_with(Action.REPORT)
def report_comment(membership: Membership, post_number: int, number: int) -> ResponseReturnValue:
    """Report a comment."""
    return _report(membership, comment_queries.comment(membership, post_number, number))


@blueprint.get("/partnerships/<slug:slug>/reports")
@members_with(Action.READ)
def reports(membership: Membership) -> ResponseReturnValue:
    """Open reports for moderators, and past reports that concern the reader."""
    return _reports_page(membership, ReportAnswerForm())


@blueprint.post("/partnerships/<slug:slug>/reports/<number:report_id>/answer")
@members_with(Action.WITHDRAW_OTHERS)
def answer_report(membership: Membership, report_id: int) -> ResponseReturnValue:
    """Keep a reported text, or withdraw it."""
    form = ReportAnswerForm()
    verdict = Verdict(request.form["verdict"]) if request.form.get("verdict") in list(Verdict) else None
    if not form.validate():
        reports_service.report_with(membership.partnership, report_id)
        return _reports_page(membership, form, asked=report_id)
    if verdict is None:
        raise Conflict(_("Choose one of the answers."))
    reports_service.answer(membership, report_id, verdict, form.reason.data)
    flash_live(_("It stays.") if verdict is Verdict.KEPT else _("It is withdrawn."))
    return redirect_client(f"{membership.partnership.address}reports")


def _report_page(membership: Membership, thing: Post | Comment) -> ResponseReturnValue:
    thing.require_present()
    return page_or_partial(
        "members/form.html",
        "members/_report.html",
        focus="[data-focus]",
        form=ReportForm(),
        **_question(membership, thing),
    )


def _report(membership: Membership, thing: Post | Comment) -> ResponseReturnValue:
    form = ReportForm()
    if not form.validate():
        context = _question(membership, thing)
        return form_error(context["part"], page="members/form.html", form=form, **context)
    reports_service.report(membership, thing, form.reason.data)
    flash_live(_("The moderators are told. Under ‘Members’ you see what they answer."))
    return _shown(membership, thing)


def _shown(membership: Membership, thing: Post | Comment) -> Response:
    """Where it stands: a comment in the place of the form that stood in its place."""
    context = _thing(membership, thing)
    if isinstance(thing, Post):
        return redirect_client(context["back"])
    return htmx.partial_or_redirect(
        "comments/line.htmx.html",
        to=context["back"],
        focus=f"#comment-{thing.number}",
        comment=comment_queries.comment_row(membership, thing.post_number, thing.number),
        post=post_queries.post(membership, thing.post_number),
        **partnership_context(membership),
    )


def _question(membership: Membership, thing: Post | Comment) -> dict[str, Any]:
    return {
        "heading": _("Report to the moderators"),
        "part": "members/_report.html",
        "tab": "posts",
        **_thing(membership, thing),
    }


def _thing(membership: Membership, thing: Post | Comment) -> dict[str, Any]:
    """What was reported, the address that it has alone, and the page that it stands on."""
    posts = f"{membership.partnership.address}posts/"
    if isinstance(thing, Comment):
        address = f"{posts}{thing.post_number}/comments/{thing.number}"
        back = f"{posts}{thing.post_number}#comment-{thing.number}"
    else:
        address = back = f"{posts}{thing.number}"
    return {"thing": thing, "address": address, "back": back, **partnership_context(membership)}


def _reports_page(membership: Membership, form: ReportAnswerForm, asked: int | None = None) -> Response:
    may_answer = membership.may(Action.WITHDRAW_OTHERS)
    before = pagination.parse_int(request.args.get("before", ""))
    past, last = pagination.split_page(past_reports(membership, before), PAGE)
    response = page_or_partial(
        "members/reports.html",
        "members/_past_reports.html",
        queue=open_reports(membership) if may_answer else [],
        past=past,
        older=last.id if last else None,
        may_answer=may_answer,
        form=form,
        asked=asked,
        **partnership_context(membership),
    )
    response.status_code = 422 if form.errors else 200
    return response


def open_reports(membership: Membership) -> list[AnyRow]:
    """What waits for an answer, the oldest first; what was withdrawn meanwhile needs none."""
    query = _reports(membership).where(Report.answered_at.is_(None), ~_is_withdrawn())
    return list(db.session.execute(query.order_by(Report.id).limit(PAGE)))


def past_reports(membership: Membership, before: int | None) -> list[AnyRow]:
    """A page of what was answered, the latest first: for moderators all, for others what concerns them.

    A member is told what came of their own reports, those without an answer among them, and of reports of what they
    wrote, but not who made them.
    """
    answered = Report.answered_at.is_not(None)
    query = _reports(membership)
    if membership.may(Action.WITHDRAW_OTHERS):
        query = query.where(answered)
    else:
        of_mine = and_(answered, _author_id() == membership.id)
        query = query.where(or_(Report.reporter_id == membership.id, of_mine))
    if before:
        query = query.where(Report.id < before)
    return list(db.session.execute(query.order_by(Report.id.desc()).limit(PAGE + 1)))


def _reports(membership: Membership) -> AnySelect:
    """Reports, each with what was reported, who wrote that, and who answered."""
    member, person = aliased(Membership), aliased(User)
    writer, author = aliased(Membership), aliased(User)
    answerer, moderator = aliased(Membership), aliased(User)
    return (
        select(
            Report.id,
            Report.number,
            Report.post_number,
            Report.reporter_id,
            Report.reason,
            Report.created_at,
            Report.verdict,
            Report.answer,
            Report.answered_at,
            Post.title,
            Post.withdrawn_at.label("post_withdrawn_at"),
            _is_withdrawn().label("is_withdrawn"),
            func.substr(func.coalesce(Comment.body_text, Post.body_text), 1, SHOWN).label("beginning"),
            _author_id().label("author_id"),
            author.name.label("author_name"),
            person.name.label("reporter_name"),
            moderator.name.label("answered_by"),
        )
        .join(Post, and_(Post.partnership_id == Report.partnership_id, Post.number == Report.post_number))
        .outerjoin(Comment, and_(Comment.partnership_id == Report.partnership_id, Comment.number == Report.number))
        .join(member, member.id == Report.reporter_id)
        .join(person, person.id == member.user_id)
        .join(writer, writer.id == _author_id())
        .join(author, author.id == writer.user_id)
        .outerjoin(answerer, answerer.id == Report.answered_by_id)
        .outerjoin(moderator, moderator.id == answerer.user_id)
        .where(Report.partnership_id == membership.partnership_id)
    )


def _author_id() -> Any:
    """Who wrote what was reported: the comment if it is one, else the post."""
    return func.coalesce(Comment.author_id, Post.author_id)


def _is_withdrawn() -> Any:
    return or_(Comment.withdrawn_at.is_not(None), and_(Comment.number.is_(None), Post.withdrawn_at.is_not(None)))
