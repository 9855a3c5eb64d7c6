"""Reporting a post or a comment to the moderators, and the queue in which they answer."""

from typing import Any

from flask import Response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import aliased

from workspace.accounts.models import User
from workspace.comments import queries as comment_queries
from workspace.comments.models import Comment
from workspace.db import db
from workspace.db.types import AnyRow, AnySelect
from workspace.members import pending
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
from workspace.web.htmx import Undo, flash_live, form_error, page_or_partial, redirect_303, redirect_client

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
    """Keep a reported text, withdraw it, or ask its author to correct it."""
    form = ReportAnswerForm()
    verdict = Verdict(request.form["verdict"]) if request.form.get("verdict") in list(Verdict) else None
    if not form.validate():
        reports_service.report_with(membership.partnership, report_id)
        return _reports_page(membership, form, asked=report_id)
    if verdict is None:
        raise Conflict(_("Choose one of the answers."))
    found = reports_service.answer(membership, report_id, verdict, form.reason.data)
    _tell(membership, found, verdict)
    return redirect_client(f"{membership.partnership.address}reports")


@blueprint.post("/partnerships/<slug:slug>/reports/<number:report_id>/handling")
@members_with(Action.WITHDRAW_OTHERS)
def handle_report(membership: Membership, report_id: int) -> ResponseReturnValue:
    """Say that one looks at a report."""
    reports_service.handle(membership, report_id, handles=True)
    flash_live(_("The other moderators can see that you are looking at it."))
    return redirect_client(f"{membership.partnership.address}reports#report-{report_id}")


@blueprint.post("/partnerships/<slug:slug>/reports/<number:report_id>/handling/removal")
@members_with(Action.WITHDRAW_OTHERS)
def handle_report_no_longer(membership: Membership, report_id: int) -> ResponseReturnValue:
    """Leave a report to another."""
    reports_service.handle(membership, report_id, handles=False)
    flash_live(_("The others can see that the report is free."))
    return redirect_client(f"{membership.partnership.address}reports#report-{report_id}")


@blueprint.get("/partnerships/<slug:slug>/reports/<number:report_id>/text")
@members_with(Action.WITHDRAW_OTHERS)
def show_withdrawn_text(membership: Membership, report_id: int) -> ResponseReturnValue:
    """A withdrawn text, for moderators; that they have read it stands in the audit log."""
    thing = reports_service.read_withdrawn(membership, report_id)
    if thing is None:
        flash_live(_("There is no withdrawn text to read."), "info")
        return redirect_303(f"{membership.partnership.address}reports")
    context = _thing(membership, thing)
    heading = thing.title if isinstance(thing, Post) else _("Withdrawn comment")
    part = "members/_withdrawn_text.html"
    return render_template("members/form.html", form=None, heading=heading, part=part, **context)


def _tell(membership: Membership, found: Report, verdict: Verdict) -> None:
    """Announce what became of what was reported, by whose it is, with the way back from a withdrawal."""
    name = reports_service.thing_of(found).author.user.name
    told = {
        Verdict.KEPT: _("What %(name)s wrote stays.", name=name),
        Verdict.WITHDRAWN: _("What %(name)s wrote is withdrawn.", name=name),
        Verdict.CORRECTION: _("%(name)s is asked to correct the text.", name=name),
    }[verdict]
    restoration = Undo(f"{membership.partnership.address}texts/{found.number}/restoration")
    flash_live(told, undo=restoration if verdict is Verdict.WITHDRAWN else None)


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
    """A page of what was answered or needs no answer, the latest first: for others than moderators what concerns them.

    A member is told what came of their own reports, those without an answer among them, and of reports of what they
    wrote, but not who made them.
    """
    answered = Report.answered_at.is_not(None)
    query = _reports(membership)
    if membership.may(Action.WITHDRAW_OTHERS):
        query = query.where(or_(answered, _is_withdrawn()))
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
    handler, handler_person = aliased(Membership), aliased(User)
    return (
        select(
            Report.id,
            Report.number,
            Report.post_number,
            Report.reporter_id,
            Report.reason,
            Report.created_at,
            Report.verdict,
            Report.handled_by_id,
            handler_person.name.label("handled_by"),
            _may_be_read().label("may_be_read"),
            _asks_for_correction().label("waits_for_correction"),
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
        .outerjoin(handler, and_(handler.id == Report.handled_by_id, handler.is_active))
        .outerjoin(handler_person, handler_person.id == handler.user_id)
        .where(Report.partnership_id == membership.partnership_id)
    )


def _author_id() -> Any:
    """Who wrote what was reported: the comment if it is one, else the post."""
    return func.coalesce(Comment.author_id, Post.author_id)


def _is_withdrawn() -> Any:
    return pending.is_withdrawn()


def _asks_for_correction() -> Any:
    """Whether its author has not corrected it yet, as they were asked to."""
    return func.coalesce(Comment.correction_reason, Post.correction_reason) != ""


def _may_be_read() -> Any:
    """Whether moderators may read it although it is withdrawn: as reports/service.py `read_withdrawn` lets them."""

    def readable(text: Any) -> Any:
        by_moderator = text.withdrawn_by_id != text.author_id
        is_known = or_(by_moderator, Report.created_at <= text.withdrawn_at)
        return and_(text.withdrawn_at.is_not(None), text.redacted_at.is_(None), is_known)

    return case((Comment.number.is_not(None), readable(Comment)), else_=readable(Post))
