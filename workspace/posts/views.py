"""The feed of a partnership, and its posts."""

from typing import Any

from flask import Blueprint, Response, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from workspace import cursors, htmx
from workspace.access import Action, members_may
from workspace.comments import queries as comment_queries
from workspace.comments.forms import CommentForm
from workspace.htmx import announce, page_or_partial
from workspace.partnerships.models import Membership
from workspace.partnerships.queries import parties, unseen_events
from workspace.posts import queries
from workspace.posts.forms import EditForm, ShareForm, WithdrawalForm
from workspace.posts.models import Kind, Post
from workspace.posts.moving import stands_still
from workspace.posts.place import place, whole
from workspace.posts.writing import Stale
from workspace.roles.queries import choices, role

blueprint = Blueprint("posts", __name__, url_prefix="/partnerships")
blueprint.add_app_template_global(stands_still, "stands_still")

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
    return _feed_page(membership, _composer(membership), before)


@blueprint.post("/<slug:slug>/posts")
@members_may(Action.SHARE)
def create(membership: Membership) -> ResponseReturnValue:
    """Share progress or a challenge."""
    form = _composer(membership)
    if not form.validate():
        if htmx.is_partial():
            return htmx.invalid("posts/_composer.html", page="", form=form, **place(membership))
        return make_response(_feed_page(membership, form, None), 422)
    post = Post.share(
        membership,
        kind=form.kind.data,
        title=form.title.data,
        body=form.prose,
        one_time_key=form.one_time_key.data,
        answer_by=form.answer_by.data,
        moves=form.moves.data or None,
        role=role(membership, form.role.data) if form.role.data else None,
    )
    announce(_("Your post is shared."))
    return htmx.partial_or_redirect(
        "posts/create.htmx.html",
        to=f"{membership.partnership.address}#post-{post.number}",
        focus=f"#post-{post.number} h3 a",
        post=queries.card(membership, post.number),
        form=_composer(membership, formdata=None),
        **place(membership),
    )


@blueprint.get("/<slug:slug>/posts/<number:number>")
@members_may(Action.READ)
def show(membership: Membership, number: int) -> ResponseReturnValue:
    """A post with its latest comments; older ones on demand, and the parts that a form stood in the place of."""
    post = queries.card(membership, number)
    if htmx.is_partial() and "before" not in request.args:
        steps = post.status is not None and request.args.get("part") == "steps"
        partial = render_template("posts/_steps.html" if steps else "posts/_whole.html", **whole(membership, post))
        return htmx.focused(make_response(partial), "#steps h2" if steps else "#post-title")
    thread = comment_queries.thread(membership, post, cursors.number(request.args.get("before", "")))
    if htmx.is_partial():
        partial = render_template("comments/_page.html", post=post, **thread, **place(membership))
        return htmx.focused(make_response(partial), thread["latest"])
    return render_template(
        "posts/show.html", comment_form=CommentForm(formdata=None), **thread, **whole(membership, post)
    )


@blueprint.get("/<slug:slug>/posts/<number:number>/edit")
@members_may(Action.SHARE)
def edit(membership: Membership, number: int) -> ResponseReturnValue:
    """The form for correcting one's own post."""
    post = queries.post(membership, number)
    post.require_editable(membership)
    form = EditForm(obj=post, data={"body": post.body_text})
    return page_or_partial("posts/edit.html", "posts/_edit.html", form=form, post=post, **place(membership))


@blueprint.post("/<slug:slug>/posts/<number:number>/edit")
@members_may(Action.SHARE)
def update(membership: Membership, number: int) -> ResponseReturnValue:
    """Correct one's own post; a stale form comes back with both texts."""
    post = queries.post(membership, number)
    form = EditForm()
    context: dict[str, Any] = {"form": form, "post": post, **place(membership)}
    if not form.validate():
        return htmx.invalid("posts/_edit.html", page="posts/edit.html", **context)
    try:
        post.edit(
            membership,
            title=form.title.data,
            body=form.prose,
            version=form.version.data,
            answer_by=form.answer_by.data,
        )
    except Stale:
        form.begin_at(post.version)
        return htmx.invalid("posts/_edit.html", page="posts/edit.html", status=409, stale=True, **context)
    announce(_("Your changes are saved."))
    return _shown(membership, post)


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
        **place(membership),
    )


@blueprint.post("/<slug:slug>/posts/<number:number>/withdrawal")
@members_may(Action.SHARE)
def withdraw(membership: Membership, number: int) -> ResponseReturnValue:
    """Take a post back; its place stays, marked."""
    post = queries.post(membership, number)
    form = WithdrawalForm()
    if not form.validate() or not form.is_reasoned(post.author_id == membership.id):
        return htmx.invalid(
            "posts/_withdrawal.html", page="posts/withdrawal.html", form=form, post=post, **place(membership)
        )
    post.withdraw(membership, reason=form.reason.data or "")
    announce(_("The post is withdrawn."))
    return _shown(membership, post)


@blueprint.post("/<slug:slug>/posts/<number:number>/pinning")
@members_may(Action.PIN)
def pin(membership: Membership, number: int) -> ResponseReturnValue:
    """Keep a post first in the feed."""
    post = queries.post(membership, number)
    post.pin(membership)
    announce(_("The post is pinned: it stands first among the posts."))
    return _shown(membership, post)


@blueprint.post("/<slug:slug>/posts/<number:number>/unpinning")
@members_may(Action.PIN)
def unpin(membership: Membership, number: int) -> ResponseReturnValue:
    """Let a post take its place among the others."""
    post = queries.post(membership, number)
    post.unpin(membership)
    announce(_("The post is no longer pinned."))
    return _shown(membership, post)


def _shown(membership: Membership, post: Post) -> Response:
    """The post as it is now: in place, or on its page."""
    return htmx.partial_or_redirect(
        "posts/shown.htmx.html",
        to=f"{membership.partnership.address}posts/{post.number}",
        focus="#post-title",
        **whole(membership, queries.card(membership, post.number)),
    )


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
        **place(membership),
    }


def _feed_page(membership: Membership, form: ShareForm, before: int | None) -> str:
    return render_template(
        "posts/index.html",
        form=form,
        parties=parties([membership.partnership_id], NAMED_IN_HEADER)[membership.partnership_id],
        events=unseen_events(membership) if membership.unread else [],
        **_feed(membership, before),
    )


def _composer(membership: Membership, **options: Any) -> ShareForm:
    form = ShareForm(data={"kind": request.args.get("share")}, **options)
    may_share = membership.may(Action.SHARE)
    form.moves.choices = [(0, _("No")), *(queries.unsolved(membership) if may_share else [])]
    form.offer(choices(membership) if may_share else [])
    return form


from workspace.posts import challenges  # noqa: E402, F401 (its routes are on the same blueprint)
