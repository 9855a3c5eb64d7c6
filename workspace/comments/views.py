"""Comments in a post's thread."""

from typing import Any

from flask import Response, make_response, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from workspace.comments import fragments, queries
from workspace.comments.blueprint import blueprint
from workspace.comments.forms import CommentEditForm, CommentForm
from workspace.comments.models import Comment
from workspace.db import db
from workspace.partnerships.activity_log import text_path
from workspace.partnerships.context import partnership_context
from workspace.partnerships.models import Membership
from workspace.permissions import Action, members_with
from workspace.posts import queries as post_queries
from workspace.posts import versions
from workspace.posts.authored_text import AlreadyShared, StaleText
from workspace.posts.forms import WithdrawalForm
from workspace.posts.models import Post
from workspace.web import htmx
from workspace.web.htmx import flash_live, page_or_partial, took_draft
from workspace.web.request_bodies import takes_files

blueprint.add_app_template_global(fragments.comment_line, "comment_line")
blueprint.add_app_template_global(fragments.empty_comment_form, "empty_comment_form")


@blueprint.post("")
@members_with(Action.COMMENT)
@takes_files
def create(membership: Membership, post_number: int) -> ResponseReturnValue:
    """Comment on a post."""
    form = CommentForm()
    if not form.validate_for(membership):
        post = post_queries.post(membership, post_number)
        return htmx.form_error("comments/_form.html", page="comments/new.html", form=form, **_writing(membership, post))
    try:
        comment = _written(membership, post_number, form)
    except AlreadyShared as earlier:
        form.take_new_key()
        return htmx.form_error(
            "comments/_form.html",
            page="comments/new.html",
            status=409,
            form=form,
            earlier=db.session.get_one(Comment, (membership.partnership_id, earlier.number)),
            mine=form.rich_text,
            **_writing(membership, post_queries.post(membership, post_number)),
        )
    flash_live(_("Your changes are saved.") if form.corrects.data else _("Your comment is shared."))
    took_draft()
    return htmx.partial_or_redirect(
        "comments/create.htmx.html",
        to=comment_address(membership, post_number, comment.number),
        focus=f"#comment-{comment.number}",
        **_line(membership, post_queries.post(membership, post_number), comment.number),
    )


@blueprint.get("/<number:number>")
@members_with(Action.READ)
def show(membership: Membership, post_number: int, number: int) -> ResponseReturnValue:
    """A comment, whole: in place, or marked on the page of its thread."""
    post = post_queries.post(membership, post_number)
    context = _line(membership, post, number)
    if not htmx.is_partial():
        return htmx.redirect_303(comment_address(membership, post_number, number))
    return htmx.with_focus(make_response(render_template("comments/line.htmx.html", **context)), f"#comment-{number}")


@blueprint.get("/<number:number>/edit")
@members_with(Action.COMMENT)
def edit(membership: Membership, post_number: int, number: int) -> ResponseReturnValue:
    """The form for correcting one's own comment."""
    comment = queries.comment(membership, post_number, number)
    comment.require_editable(membership)
    now = {"body": comment.body_text, "body_html": comment.body_html, "version": comment.version}
    form = CommentEditForm(data=now, within=f"comment-{number}")
    return page_or_partial(
        "comments/edit.html", "comments/_edit.html", form=form, **_one(membership, post_number, comment)
    )


@blueprint.post("/<number:number>/edit")
@members_with(Action.COMMENT)
@takes_files
def update(membership: Membership, post_number: int, number: int) -> ResponseReturnValue:
    """Save an edit of one's own comment; a stale form comes back with both texts."""
    comment = queries.comment(membership, post_number, number)
    form = CommentEditForm(instead_of=comment.body_html, within=f"comment-{number}")
    if not form.validate_for(membership):
        context = _one(membership, post_number, comment)
        return htmx.form_error("comments/_edit.html", page="comments/edit.html", form=form, **context)
    try:
        comment.edit(membership, body=form.rich_text, version=form.version.data, files=form.attached())
    except StaleText:
        key = comment.partnership_id, comment.number, form.version.data
        merged = versions.proposal(*key, form.rich_text, comment.body_html)
        context = _one(membership, post_number, comment) | {"mine": form.rich_text}
        context["merged"] = form.reload_with(comment.version, merged)
        return htmx.form_error(
            "comments/_edit.html", page="comments/edit.html", status=409, form=form, stale=True, **context
        )
    flash_live(_("Your changes are saved."))
    took_draft()
    return shown(membership, post_number, number)


@blueprint.get("/<number:number>/withdrawal")
@members_with(Action.COMMENT)
def ask_to_withdraw(membership: Membership, post_number: int, number: int) -> ResponseReturnValue:
    """Ask before a comment is withdrawn."""
    comment = queries.comment(membership, post_number, number)
    comment.require_withdrawable(membership)
    context = _one(membership, post_number, comment)
    return page_or_partial(
        "comments/ask_to_withdraw.html",
        "comments/_withdrawal.html",
        focus="[data-focus]",
        form=WithdrawalForm(),
        **context,
    )


@blueprint.post("/<number:number>/withdrawal")
@members_with(Action.COMMENT)
def withdraw(membership: Membership, post_number: int, number: int) -> ResponseReturnValue:
    """Withdraw a comment; its place remains, marked."""
    comment = queries.comment(membership, post_number, number)
    form = WithdrawalForm()
    if not form.validate() or not form.is_reasoned(comment.author_id == membership.id):
        context = _one(membership, post_number, comment)
        return htmx.form_error("comments/_withdrawal.html", page="comments/ask_to_withdraw.html", form=form, **context)
    comment.withdraw(membership, post_queries.post(membership, post_number), reason=form.reason.data or "")
    flash_live(_("The comment is withdrawn."))
    return shown(membership, post_number, number)


def _written(membership: Membership, post_number: int, form: CommentForm) -> Comment:
    """The comment that the form makes, or that it corrects. Raises AlreadyShared if that says something else."""
    said: dict[str, Any] = {"body": form.rich_text, "files": form.attached()}
    if not form.corrects.data:
        return Comment.write(membership, post_number, one_time_key=form.one_time_key.data, **said)
    number, version = form.corrects.data
    comment = queries.comment(membership, post_number, number)
    try:
        comment.edit(membership, version=version, **said)
    except StaleText:
        raise AlreadyShared(number) from None
    return comment


def shown(membership: Membership, post_number: int, number: int) -> Response:
    """The comment as it is now: in place, with the thread's count, or in its thread."""
    address = comment_address(membership, post_number, number)
    if htmx.has_own_page():
        return htmx.redirect_client(address)
    return htmx.partial_or_redirect(
        "comments/update.htmx.html",
        to=address,
        focus=f"#comment-{number}",
        **_line(membership, post_queries.post(membership, post_number), number),
    )


def comment_address(membership: Membership, post_number: int, number: int) -> str:
    """The permanent address of a comment, on whichever page of its thread it is."""
    return f"{membership.partnership.address}{text_path(post_number, number)}"


def _thread_context(membership: Membership, post: Post) -> dict[str, Any]:
    return {"post": post, **partnership_context(membership)}


def _writing(membership: Membership, post: Post) -> dict[str, Any]:
    """The context of the form for a comment."""
    writer = {"writer": membership.user.name, "side": membership.organisation.usual_side}
    return {"post_number": post.number, **writer, **_thread_context(membership, post)}


def _line(membership: Membership, post: Post, number: int) -> dict[str, Any]:
    """The context of a comment as the thread shows it."""
    return {"comment": queries.comment_row(membership, post.number, number), **_thread_context(membership, post)}


def _one(membership: Membership, post_number: int, comment: Comment) -> dict[str, Any]:
    return {"comment": comment, **_thread_context(membership, post_queries.post(membership, post_number))}
