"""Views of a text, be it a post or a comment: versions, reactions, mentions, restoring and erasing."""

from itertools import pairwise
from typing import Any

from flask import Response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from workspace.comments import views as comment_views
from workspace.partnerships.context import partnership_context
from workspace.partnerships.labels import SIDES
from workspace.partnerships.models import Membership
from workspace.permissions import Action, members_with
from workspace.posts import authored_text_queries, mentions, reactions, versions
from workspace.posts import views as post_views
from workspace.posts.authored_text_forms import ReactionForm, RedactionForm
from workspace.posts.authored_text_queries import Text
from workspace.posts.blueprint import blueprint
from workspace.posts.labels import REACTIONS
from workspace.rich_text.merge import changes
from workspace.web import htmx, pagination
from workspace.web.htmx import flash_live, page_or_partial


@blueprint.get("/<slug:slug>/editor")
@members_with(Action.COMMENT)
def editor(membership: Membership) -> ResponseReturnValue:
    """The editor of a text field, fetched when the field is first used: its buttons and scripts."""
    return render_template("posts/editor.html", partnership=membership.partnership)


@blueprint.get("/<slug:slug>/mentions")
@members_with(Action.COMMENT)
def suggest_mentions(membership: Membership) -> ResponseReturnValue:
    """Members of this partnership whose name has a part that begins with what was typed after the @."""
    typed = request.args.get("name", "")[:100]
    return render_template("posts/_suggestions.html", members=mentions.suggestions(membership, typed))


@blueprint.get("/<slug:slug>/texts/<number:number>/versions")
@members_with(Action.READ)
def show_versions(membership: Membership, number: int) -> ResponseReturnValue:
    """What was changed, when: each version beside the one before it, the latest first."""
    text = authored_text_queries.text(membership, number)
    until = pagination.parse_int(request.args.get("until", ""))
    found = [] if text.authored.is_withdrawn else versions.earlier(membership.partnership_id, number, until)
    edits = _edits(text, found, from_present=until is None)
    return render_template("posts/versions.html", **edits, **_about(membership, text))


@blueprint.get("/<slug:slug>/texts/<number:number>/reactions")
@members_with(Action.READ)
def show_reactions(membership: Membership, number: int) -> ResponseReturnValue:
    """Who reacted to a text, by side, and the reactions that one can give."""
    text = authored_text_queries.text(membership, number)
    first = f"#reactions-{number}{'' if text.authored.is_withdrawn or not membership.may(Action.REACT) else '-noted'}"
    answer = page_or_partial(
        "posts/reactions.html", "posts/_reactions.html", focus=first, **_reactions(membership, text)
    )
    answer.headers["HX-Retarget"] = f"#{f'comment-{number}' if text.comment else 'post'} [href$='/reactions']"
    return answer


@blueprint.post("/<slug:slug>/texts/<number:number>/reactions")
@members_with(Action.REACT)
def react(membership: Membership, number: int) -> ResponseReturnValue:
    """Give a reaction, or take it back."""
    text = authored_text_queries.text(membership, number)
    form = ReactionForm()
    if form.validate():
        kind, given = form.kind.data, form.is_given.data
        reactions.react(membership, text.authored, text.post.number, kind, given=given)
    return htmx.partial_or_redirect(
        "posts/_reactions.html",
        to=address(membership, text),
        focus=f"#reactions-{number}-{form.kind.data}" if form.kind.data else "",
        **_reactions(membership, text),
    )


@blueprint.post("/<slug:slug>/texts/<number:number>/restoration")
@members_with(Action.COMMENT)
def restore(membership: Membership, number: int) -> ResponseReturnValue:
    """Undo a withdrawal."""
    text = authored_text_queries.text(membership, number)
    if text.comment:
        text.comment.bring_back(membership, text.post)
    else:
        text.post.bring_back(membership)
    flash_live(_("It is back."))
    return _shown(membership, text)


@blueprint.get("/<slug:slug>/texts/<number:number>/redaction")
@members_with(Action.REDACT)
def ask_to_redact(membership: Membership, number: int) -> ResponseReturnValue:
    """Ask before a text is erased."""
    about = _about(membership, authored_text_queries.text(membership, number))
    return page_or_partial("posts/ask_to_redact.html", "posts/_redaction.html", form=RedactionForm(), **about)


@blueprint.post("/<slug:slug>/texts/<number:number>/redaction")
@members_with(Action.REDACT)
def redact(membership: Membership, number: int) -> ResponseReturnValue:
    """Erase a text; that it was, by whom and why remains."""
    text = authored_text_queries.text(membership, number)
    form = RedactionForm()
    if not form.validate():
        about = _about(membership, text)
        return htmx.form_error("posts/_redaction.html", page="posts/ask_to_redact.html", form=form, **about)
    if text.comment:
        text.comment.redact(membership, text.post, form.reason.data)
    else:
        text.post.redact(membership, form.reason.data)
    flash_live(_("The text is deleted for good."))
    return _shown(membership, text)


def address(membership: Membership, text: Text) -> str:
    """The address of the text."""
    if text.comment:
        return comment_views.comment_address(membership, text.post.number, text.comment.number)
    return f"{membership.partnership.address}posts/{text.post.number}"


def _shown(membership: Membership, text: Text) -> Response:
    if text.comment:
        return comment_views.shown(membership, text.post.number, text.comment.number)
    return post_views.shown(membership, text.post, answering=True)


def _about(membership: Membership, text: Text) -> dict[str, Any]:
    return {
        **partnership_context(membership),
        "post": text.post,
        "text": text.authored,
        "comment": text.comment,
        "address": address(membership, text),
    }


def _reactions(membership: Membership, text: Text) -> dict[str, Any]:
    number = text.authored.number
    return {
        "given": reactions.given(membership, number),
        "tally": reactions.summarise(reactions.reacted_to(membership, number)),
        "REACTIONS": REACTIONS,
        "SIDES": SIDES,
        **_about(membership, text),
    }


def _edits(text: Text, found: list[Any], *, from_present: bool) -> dict[str, Any]:
    """The edits, the latest first: each with the words that it changed in the heading and in the text."""
    states = [(version.title, version.body_text, version.written_at) for version in found]
    if from_present:
        states.insert(0, ("" if text.comment else text.post.title, text.authored.body_text, text.authored.edited_at))
    edits = [
        {
            "at": at,
            "title": changes(before[0], title),
            "body": changes(before[1], body),
            "is_same": before[:2] == (title, body),
        }
        for (title, body, at), before in pairwise(states)
    ]
    shown = edits[: versions.MOST_SHOWN]
    return {"edits": shown, "older": found[versions.MOST_SHOWN].version if len(found) > versions.MOST_SHOWN else None}
