"""The feed of a partnership, and its posts."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from workspace import cursors, htmx
from workspace.access import Action, members_may
from workspace.comments import queries as comment_queries
from workspace.comments.forms import CommentForm
from workspace.database import AnyRow
from workspace.htmx import announce, page_or_partial
from workspace.partnerships.models import Membership
from workspace.partnerships.queries import parties, unseen_events
from workspace.posts import following, mentions, queries, versions
from workspace.posts.forms import EditForm, ShareForm, WithdrawalForm
from workspace.posts.models import Kind, Post
from workspace.posts.reactions import tallies
from workspace.posts.words import REACTIONS
from workspace.posts.writing import Stale
from workspace.prose import Prose

blueprint = Blueprint("posts", __name__, url_prefix="/partnerships")

NAMED_IN_HEADER = 6


@blueprint.get("/<slug:slug>/")
@members_may(Action.READ)
def index(membership: Membership) -> ResponseReturnValue:
    """The feed: the pinned first, then the latest activity."""
    before = cursors.number(request.args.get("before", ""))
    if htmx.is_partial():
        shown = _feed(membership, before)
        if not before:
            return make_response(render_template("posts/_feed.html", **shown))
        first = f"#post-{shown['page'][0].number} a" if shown["page"] else ""
        return htmx.focused(make_response(render_template("posts/_page.html", **shown)), first)
    return _feed_page(membership, ShareForm(), before)


@blueprint.post("/<slug:slug>/posts")
@members_may(Action.SHARE)
def create(membership: Membership) -> ResponseReturnValue:
    """Share progress or a challenge."""
    form = ShareForm()
    if not form.validate():
        if htmx.is_partial():
            return htmx.invalid("posts/_composer.html", page="", form=form, **_place(membership))
        return make_response(_feed_page(membership, form, None), 422)
    post = Post.share(
        membership,
        kind=form.kind.data,
        title=form.title.data,
        body=form.prose,
        one_time_key=form.one_time_key.data,
    )
    announce(_("Your post is shared."))
    return htmx.partial_or_redirect(
        "posts/create.htmx.html",
        to=f"{membership.partnership.address}#post-{post.number}",
        focus=f"#post-{post.number} h3 a",
        form=ShareForm(formdata=None),
        **_one(membership, post.number),
    )


@blueprint.get("/<slug:slug>/posts/<number:number>")
@members_may(Action.READ)
def show(membership: Membership, number: int) -> ResponseReturnValue:
    """A post with its latest comments; older ones on demand."""
    if htmx.is_partial() and "before" not in request.args:
        return render_template("posts/_whole.html", **_one(membership, number))
    post = queries.card(membership, number)
    before = cursors.number(request.args.get("before", ""))
    return with_thread(membership, post, comment_queries.thread(membership, post, before))


def with_thread(membership: Membership, post: AnyRow, thread: dict[str, Any]) -> Response:
    """The post's page with a page of its thread; for HTMX the page of the thread alone."""
    comments: Sequence[AnyRow] = thread["comments"]
    return page_or_partial(
        "posts/show.html",
        "comments/_page.html",
        focus=f"#comment-{thread['comments'][-1].number}" if thread["comments"] else "",
        post=post,
        comment_form=_quoting(membership, post.number),
        followers=following.followers(membership, post.number),
        tallies=tallies(membership, [post.number, *(comment.number for comment in comments)]),
        mentioned=mentions.names(membership, [post.body_html, *(comment.body_html for comment in comments)]),
        REACTIONS=REACTIONS,
        **thread,
        **_place(membership),
    )


@blueprint.get("/<slug:slug>/posts/<number:number>/edit")
@members_may(Action.SHARE)
def edit(membership: Membership, number: int) -> ResponseReturnValue:
    """The form for correcting one's own post."""
    post = queries.post(membership, number)
    post.require_editable(membership)
    form = EditForm(
        data={"title": post.title, "body": post.body_text, "body_html": post.body_html, "version": post.version}
    )
    return page_or_partial("posts/edit.html", "posts/_edit.html", form=form, post=post, **_place(membership))


@blueprint.post("/<slug:slug>/posts/<number:number>/edit")
@members_may(Action.SHARE)
def update(membership: Membership, number: int) -> ResponseReturnValue:
    """Correct one's own post; a stale form comes back with both texts."""
    post = queries.post(membership, number)
    form = EditForm(instead_of=post.body_html)
    context: dict[str, Any] = {"form": form, "post": post, **_place(membership)}
    if not form.validate():
        return htmx.invalid("posts/_edit.html", page="posts/edit.html", **context)
    try:
        post.edit(membership, title=form.title.data, body=form.prose, version=form.version.data)
    except Stale:
        context["mine"] = form.prose
        context["merged"] = form.begin_again(post.version, _proposal(post, form))
        return htmx.invalid("posts/_edit.html", page="posts/edit.html", status=409, stale=True, **context)
    announce(_("Your changes are saved."))
    return shown(membership, post)


@blueprint.get("/<slug:slug>/posts/<number:number>/withdrawal")
@members_may(Action.SHARE)
def ask_to_withdraw(membership: Membership, number: int) -> ResponseReturnValue:
    """Ask before a post is withdrawn."""
    post = queries.post(membership, number)
    post.require_withdrawable(membership)
    return page_or_partial(
        "posts/withdrawal.html",
        "posts/_withdrawal.html",
        focus="[data-focus]",
        form=WithdrawalForm(),
        post=post,
        **_place(membership),
    )


@blueprint.post("/<slug:slug>/posts/<number:number>/withdrawal")
@members_may(Action.SHARE)
def withdraw(membership: Membership, number: int) -> ResponseReturnValue:
    """Take a post back; its place stays, marked."""
    post = queries.post(membership, number)
    form = WithdrawalForm()
    if not form.validate() or not form.is_reasoned(post.author_id == membership.id):
        return htmx.invalid(
            "posts/_withdrawal.html", page="posts/withdrawal.html", form=form, post=post, **_place(membership)
        )
    post.withdraw(membership, reason=form.reason.data or "")
    announce(_("The post is withdrawn."))
    return shown(membership, post)


@blueprint.post("/<slug:slug>/posts/<number:number>/pinning")
@members_may(Action.PIN)
def pin(membership: Membership, number: int) -> ResponseReturnValue:
    """Keep a post first in the feed."""
    post = queries.post(membership, number)
    post.pin(membership)
    announce(_("The post is pinned: it stands first among the posts."))
    return shown(membership, post)


@blueprint.post("/<slug:slug>/posts/<number:number>/unpinning")
@members_may(Action.PIN)
def unpin(membership: Membership, number: int) -> ResponseReturnValue:
    """Let a post take its place among the others."""
    post = queries.post(membership, number)
    post.unpin(membership)
    announce(_("The post is no longer pinned."))
    return shown(membership, post)


@blueprint.post("/<slug:slug>/posts/<number:number>/following")
@members_may(Action.FOLLOW)
def follow(membership: Membership, number: int) -> ResponseReturnValue:
    """Follow a post."""
    return _follow(membership, number, follows=True)


@blueprint.post("/<slug:slug>/posts/<number:number>/unfollowing")
@members_may(Action.FOLLOW)
def unfollow(membership: Membership, number: int) -> ResponseReturnValue:
    """Follow a post no longer, whatever happens to it."""
    return _follow(membership, number, follows=False)


def _follow(membership: Membership, number: int, *, follows: bool) -> Response:
    post = queries.post(membership, number)
    following.choose(membership, number, follows=follows)
    return htmx.partial_or_redirect(
        "posts/_followers.html",
        to=f"{membership.partnership.address}posts/{number}",
        focus="#followers button",
        post=post,
        followers=following.followers(membership, number),
        **_place(membership),
    )


def shown(membership: Membership, post: Post) -> Response:
    """The post as it is now: in place, or on its page."""
    return htmx.partial_or_redirect(
        "posts/_whole.html",
        to=f"{membership.partnership.address}posts/{post.number}",
        focus="#post-title",
        **_one(membership, post.number),
    )


def _one(membership: Membership, number: int) -> dict[str, Any]:
    """A post on its own, with what stands around its text."""
    post = queries.card(membership, number)
    return {
        "post": post,
        "followers": following.followers(membership, number),
        "tallies": tallies(membership, [number]),
        "mentioned": mentions.names(membership, [post.body_html]),
        "REACTIONS": REACTIONS,
        **_place(membership),
    }


def _quoting(membership: Membership, post_number: int) -> CommentForm:
    """The form for a comment, with the comment in it that is to be quoted, if any."""
    number = cursors.number(request.args.get("quote", ""))
    if not number:
        return CommentForm(formdata=None)
    quoted = comment_queries.comment(membership, post_number, number)
    lines = "".join(f"> {line}\n" for line in quoted.body_text.splitlines())
    return CommentForm(formdata=None, data={"body": f"{lines}\n"})


def _proposal(post: Post, form: EditForm) -> Prose | None:
    return versions.proposal(post.partnership_id, post.number, form.version.data, form.prose, post.body_html)


def _place(membership: Membership) -> dict[str, Any]:
    return {"membership": membership, "partnership": membership.partnership}


def _feed(membership: Membership, before: int | None) -> dict[str, Any]:
    """What the feed shows."""
    wanted = request.args.get("kind", "")
    kind = Kind(wanted) if wanted in list(Kind) else None
    pinned = [] if before else queries.pinned(membership, kind=kind)
    found = queries.feed(membership, kind=kind, before=before)
    page = found[: queries.PAGE]
    return {
        "kind_shown": kind,
        "pinned": pinned,
        "page": page,
        "older": page[-1].activity_number if len(found) > len(page) else None,
        "news": queries.news(membership, [post.number for post in (*pinned, *page)]),
        "mentioned": mentions.names(membership, [post.body_html for post in (*pinned, *page)]),
        **_place(membership),
    }


def _feed_page(membership: Membership, form: ShareForm, before: int | None) -> str:
    return render_template(
        "posts/index.html",
        form=form,
        parties=parties([membership.partnership_id], NAMED_IN_HEADER)[membership.partnership_id],
        events=unseen_events(membership) if membership.unread else [],
        **_feed(membership, before),
    )
