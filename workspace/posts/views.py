"""The feed of a partnership, and its posts."""

from functools import partial
from typing import Any

from flask import Response, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import Markup

from workspace.comments import queries as comment_queries
from workspace.comments.forms import CommentForm
from workspace.db.transactions import run_after_request
from workspace.db.types import AnyRow
from workspace.notifications.notices import Topic, read_notices
from workspace.partnerships import reading
from workspace.partnerships.context import partnership_context
from workspace.partnerships.models import Membership
from workspace.partnerships.queries import goals, organisations_by_side, unseen_events
from workspace.partnerships.rail import rail
from workspace.permissions import Action, members_with
from workspace.posts import follows as follows_module
from workspace.posts import fragments, labels, queries, versions
from workspace.posts.authored_text import AlreadyShared, StaleText
from workspace.posts.blueprint import blueprint
from workspace.posts.challenge_workflow import is_stalled
from workspace.posts.context import post_context
from workspace.posts.forms import PostEditForm, ShareForm, WithdrawalForm
from workspace.posts.models import Post, PostKind
from workspace.posts.reactions import summarise
from workspace.rich_text import RichText
from workspace.roles.queries import choices, role
from workspace.web import htmx, pagination
from workspace.web.forms import MAX_TEXT
from workspace.web.fragment_cache import cached_fragment
from workspace.web.htmx import Undo, flash_live, page_or_partial, took_draft
from workspace.web.request_bodies import takes_files

blueprint.add_app_template_global(is_stalled, "is_stalled")
blueprint.add_app_template_global(fragments.card, "card")
blueprint.add_app_template_filter(summarise)
blueprint.add_app_template_filter(fragments.act)
for name in ("POST_KINDS", "POST_KINDS_IN_PLURAL", "POST_KIND_HINTS", "CHALLENGE_STATUSES"):
    blueprint.add_app_template_global(getattr(labels, name), name)
blueprint.add_app_template_filter(labels.REACTIONS.__getitem__, "reaction")

NAMED_IN_HEADER = 6


@blueprint.get("/<slug:slug>/", strict_slashes=True)  # Without the "/" the page's own links lead nowhere.
@members_with(Action.READ)
def index(membership: Membership) -> ResponseReturnValue:
    """The feed: the pinned first, then the latest activity."""
    before = pagination.parse_int(request.args.get("before", ""))
    if htmx.is_partial():
        shown = _feed(membership, before)
        if not before:
            return make_response(render_template("posts/_feed.html", **shown))
        first = f"#post-{shown['page'][0].number} h3 a" if shown["page"] else ""
        return htmx.with_focus(make_response(render_template("posts/_post_list_page.html", **shown)), first)
    return _feed_page(membership, None, before)


@blueprint.post("/<slug:slug>/posts")
@members_with(Action.SHARE)
@takes_files
def create(membership: Membership) -> ResponseReturnValue:
    """Share progress or a challenge."""
    form = _composer(membership)
    if not form.validate_for(membership):
        if htmx.is_partial():
            return htmx.form_error("posts/_composer.html", page="", form=form, **_composing(membership))
        return make_response(_feed_page(membership, form, None), 422)
    try:
        post = _shared(membership, form)
    except AlreadyShared as already:
        form.take_new_key()
        earlier = queries.post(membership, already.number)
        if htmx.is_partial():
            context = {"form": form, "earlier": earlier, "mine": form.rich_text, **_composing(membership)}
            return htmx.form_error("posts/_composer.html", page="", status=409, **context)
        return make_response(_feed_page(membership, form, None, earlier=earlier, mine=form.rich_text), 409)
    flash_live(_("Your changes are saved.") if form.corrects.data else _("Your post is shared."))
    took_draft()
    return htmx.partial_or_redirect(
        "posts/create.htmx.html",
        to=f"{membership.partnership.address}#post-{post.number}",
        focus=f"#post-{post.number} h3 a",
        rail=rail(membership),
        **post_context(membership, queries.card(membership, post.number)),
    )


@blueprint.get("/<slug:slug>/posts/<number:number>")
@members_with(Action.READ)
def show(membership: Membership, number: int) -> ResponseReturnValue:
    """A post with its latest comments, or those around one (`comment`); older ones on demand.

    For HTMX also the parts that a form stood in the place of.
    """
    post = queries.card(membership, number)
    if htmx.is_partial() and "before" not in request.args:
        steps = post.status is not None and request.args.get("part") == "steps"
        partial = render_template(
            "posts/_sidebar.html" if steps else "posts/_detail.html", **post_context(membership, post)
        )
        return htmx.with_focus(make_response(partial), "#steps h2" if steps else "#post-title")
    before, marked = (pagination.parse_int(request.args.get(name, "")) for name in ("before", "comment"))
    thread = comment_queries.thread(membership, post, before=before or None, marked=marked or None)
    if htmx.is_partial():
        partial = render_template("comments/_comment_page.html", post=post, **thread, **partnership_context(membership))
        return htmx.with_focus(make_response(partial), thread["latest"])
    form = _quoting(membership, post.number)
    read = _open(membership, post, thread)
    return render_template("posts/show.html", comment_form=form, **read, **thread, **post_context(membership, post))


@blueprint.get("/<slug:slug>/posts/<number:number>/edit")
@members_with(Action.SHARE)
def edit(membership: Membership, number: int) -> ResponseReturnValue:
    """The form for correcting one's own post."""
    post = queries.post(membership, number)
    post.require_editable(membership)
    now = {"body": post.body_text, "body_html": post.body_html, "role": post.role_id}
    form = _edit_form(membership, post, obj=post, data=now)
    return page_or_partial(
        "posts/edit.html", "posts/_edit.html", form=form, post=post, **partnership_context(membership)
    )


@blueprint.post("/<slug:slug>/posts/<number:number>/edit")
@members_with(Action.SHARE)
@takes_files
def update(membership: Membership, number: int) -> ResponseReturnValue:
    """Correct one's own post; a stale form comes back with both texts."""
    post = queries.post(membership, number)
    form = _edit_form(membership, post, instead_of=post.body_html)
    context: dict[str, Any] = {"form": form, "post": post, **partnership_context(membership)}
    if not form.validate_for(membership):
        return htmx.form_error("posts/_edit.html", page="posts/edit.html", **context)
    try:
        post.edit(
            membership,
            title=form.title.data,
            body=form.rich_text,
            version=form.version.data,
            answer_by=form.answer_by.data,
            role=role(membership, form.role.data) if form.role.data else None,
            files=form.attached(),
        )
    except StaleText:
        context["mine"] = form.rich_text
        context["merged"] = form.reload_with(post.version, _proposal(post, form))
        return htmx.form_error("posts/_edit.html", page="posts/edit.html", status=409, stale=True, **context)
    flash_live(_("Your changes are saved."))
    took_draft()
    return shown(membership, post)


@blueprint.get("/<slug:slug>/posts/<number:number>/withdrawal")
@members_with(Action.SHARE)
def ask_to_withdraw(membership: Membership, number: int) -> ResponseReturnValue:
    """Ask before a post is withdrawn."""
    post = queries.post(membership, number)
    post.require_withdrawable(membership)
    return page_or_partial(
        "posts/ask_to_withdraw.html",
        "posts/_withdrawal.html",
        focus="[data-focus]",
        form=WithdrawalForm(),
        post=post,
        **partnership_context(membership),
    )


@blueprint.post("/<slug:slug>/posts/<number:number>/withdrawal")
@members_with(Action.SHARE)
def withdraw(membership: Membership, number: int) -> ResponseReturnValue:
    """Withdraw a post; its place remains, marked."""
    post = queries.post(membership, number)
    form = WithdrawalForm()
    if not form.validate() or not form.is_reasoned(post.author_id == membership.id):
        return htmx.form_error(
            "posts/_withdrawal.html",
            page="posts/ask_to_withdraw.html",
            form=form,
            post=post,
            **partnership_context(membership),
        )
    post.withdraw(membership, reason=form.reason.data or "")
    flash_live(_("The post is withdrawn."))
    return shown(membership, post, answering=True)


@blueprint.post("/<slug:slug>/posts/<number:number>/pinning")
@members_with(Action.PIN)
def pin(membership: Membership, number: int) -> ResponseReturnValue:
    """Pin a post to the top of the feed."""
    post = queries.post(membership, number)
    post.pin(membership)
    address = f"{membership.partnership.address}posts/{number}"
    flash_live(_("‘%(title)s’ is pinned and comes first.", title=post.title), undo=Undo(f"{address}/unpinning"))
    return shown(membership, post)


@blueprint.post("/<slug:slug>/posts/<number:number>/thread-closing")
@members_with(Action.CLOSE_THREADS)
def close_thread(membership: Membership, number: int) -> ResponseReturnValue:
    """Let nobody comment on a post any more."""
    post = queries.post(membership, number)
    post.close_thread(membership)
    address = f"{membership.partnership.address}posts/{number}"
    told = _("The thread of ‘%(title)s’ is closed. Nobody can comment.", title=post.title)
    flash_live(told, undo=Undo(f"{address}/thread-opening"))
    return htmx.redirect_client(address)


@blueprint.post("/<slug:slug>/posts/<number:number>/thread-opening")
@members_with(Action.CLOSE_THREADS)
def open_thread(membership: Membership, number: int) -> ResponseReturnValue:
    """Let everybody comment on a post again."""
    post = queries.post(membership, number)
    post.open_thread(membership)
    flash_live(_("The thread of ‘%(title)s’ is open again.", title=post.title))
    return htmx.redirect_client(f"{membership.partnership.address}posts/{number}")


@blueprint.post("/<slug:slug>/posts/<number:number>/unpinning")
@members_with(Action.PIN)
def unpin(membership: Membership, number: int) -> ResponseReturnValue:
    """Unpin a post."""
    post = queries.post(membership, number)
    post.unpin(membership)
    address = f"{membership.partnership.address}posts/{number}"
    flash_live(_("‘%(title)s’ is no longer pinned.", title=post.title), undo=Undo(f"{address}/pinning"))
    return shown(membership, post)


@blueprint.get("/<slug:slug>/posts/<number:number>/followers")
@members_with(Action.READ)
def followers(membership: Membership, number: int) -> ResponseReturnValue:
    """Who follows a post."""
    return page_or_partial(
        "posts/followers.html",
        "posts/_followers.html",
        focus="#followers",
        post=queries.card(membership, number),
        followers=follows_module.followers(membership, number),
        **partnership_context(membership),
    )


@blueprint.post("/<slug:slug>/posts/<number:number>/following")
@members_with(Action.FOLLOW)
def follow(membership: Membership, number: int) -> ResponseReturnValue:
    """Follow a post."""
    return _follow(membership, number, follows=True)


@blueprint.post("/<slug:slug>/posts/<number:number>/unfollowing")
@members_with(Action.FOLLOW)
def unfollow(membership: Membership, number: int) -> ResponseReturnValue:
    """Unfollow a post, whatever happens to it."""
    return _follow(membership, number, follows=False)


def _open(membership: Membership, post: AnyRow, thread: dict[str, Any]) -> dict[str, Any]:
    """To open a post is to read it, as far as it is shown: after the answer, in which what is new is marked.

    A browser that fetches the page only in case it is asked for has not opened it.
    """
    shown = membership.partnership.last_number
    if not thread["is_latest"]:
        shown = thread["thread"][-1].number if thread["thread"] else post.number
    entries, texts = reading.unread_of_post(membership, post.number, shown)
    is_opened = request.method == "GET" and "prefetch" not in request.headers.get("Sec-Purpose", "")
    if is_opened and (entries or post.mentions_me):
        run_after_request(partial(reading.read_opened_post, membership.id, post.number, shown))
    if is_opened and post.has_notices:
        run_after_request(partial(read_notices, membership.id, Topic.POST, post.number, shown))
    return {"unread": membership.unread - texts, "has_read": bool(texts or post.has_notices)}


def _follow(membership: Membership, number: int, *, follows: bool) -> Response:
    queries.post(membership, number)
    follows_module.set_following(membership, number, follows=follows)
    return htmx.partial_or_redirect(
        "posts/_followers.html",
        to=f"{membership.partnership.address}posts/{number}",
        focus="#followers button",
        post=queries.card(membership, number),
        **partnership_context(membership),
    )


def _shared(membership: Membership, form: ShareForm) -> Post:
    """The post that the form makes, or the one that it corrects. Raises AlreadyShared if that says something else."""
    said = {"title": form.title.data, "body": form.rich_text, "answer_by": form.answer_by.data}
    said["files"] = form.attached()
    concerns = role(membership, form.role.data) if form.role.data else None
    if not form.corrects.data:
        key, moves = form.one_time_key.data, form.moves.data or None
        return Post.share(membership, kind=form.kind.data, one_time_key=key, moves=moves, role=concerns, **said)
    number, version = form.corrects.data
    post = queries.post(membership, number)
    try:
        post.edit(membership, version=version, role=concerns, **said)
    except StaleText:
        raise AlreadyShared(number) from None
    return post


def shown(membership: Membership, post: Post, *, answering: bool = False) -> Response:
    """The post as it is now: in place, or on its page; with `answering` if one can answer it now, or no longer."""
    address = f"{membership.partnership.address}posts/{post.number}"
    if htmx.has_own_page():
        return htmx.redirect_client(address)
    return htmx.partial_or_redirect(
        "posts/shown.htmx.html",
        to=address,
        focus="#post-title",
        answering=answering,
        **post_context(membership, queries.card(membership, post.number)),
    )


def _quoting(membership: Membership, post_number: int) -> CommentForm | None:
    """The form for a comment with the one in it that is to be quoted, if any."""
    number = pagination.parse_int(request.args.get("quote", ""))
    if not number:
        return None
    quoted = comment_queries.comment(membership, post_number, number)
    who = _("%(name)s wrote:", name=quoted.author.user.name)
    lines = "".join(f"> {line}\n" for line in quoted.body_text.splitlines())
    return CommentForm(formdata=None, data={"body": f"{who}\n\n{lines}\n"})


def _edit_form(membership: Membership, post: Post, **options: Any) -> PostEditForm:
    """The form for correcting a post; a role that is retired since may stay."""
    form = PostEditForm(within="post", **options)
    form.offer(choices(membership, post.role_id))
    return form


def _proposal(post: Post, form: PostEditForm) -> RichText | None:
    return versions.proposal(post.partnership_id, post.number, form.version.data, form.rich_text, post.body_html)


def _feed(membership: Membership, before: int | None) -> dict[str, Any]:
    """The context of the feed."""
    wanted = request.args.get("kind", "")
    kind = PostKind(wanted) if wanted in list(PostKind) else None
    pinned = [] if before else queries.pinned(membership, kind=kind)
    page, last = pagination.split_page(queries.feed(membership, kind=kind, before=before), queries.PAGE)
    return {
        "kind_shown": kind,
        "pinned": pinned,
        "page": page,
        "older": last.activity_number if last else None,
        **partnership_context(membership),
    }


def _feed_page(membership: Membership, form: ShareForm | None, before: int | None, **already: Any) -> str:
    return render_template(
        "posts/index.html",
        form=form,
        goals=goals(membership),
        parties=organisations_by_side([membership.partnership_id], NAMED_IN_HEADER)[membership.partnership_id],
        events=unseen_events(membership) if membership.has_news else [],
        rail=rail(membership) if form is None else [],
        **_writer(membership),
        **(partnership_context(membership) if form else _feed(membership, before)),
        **already,
    )


@blueprint.app_template_global()
def longest_text() -> int:
    """How many characters a text may have."""
    return MAX_TEXT


@blueprint.app_template_global()
def empty_composer(membership: Membership) -> Markup:
    """The composer with nothing in it yet."""
    wanted, offered = request.args.get("share", ""), _offered(membership)
    return cached_fragment(
        "posts/_composer.html",
        build_context=lambda: {"form": _form(*offered, formdata=None)},
        partnership=membership.partnership.link,
        kind=wanted if wanted in list(PostKind) else None,
        offered=offered,
        **_writer(membership),
    )


def _composing(membership: Membership) -> dict[str, Any]:
    """The context of the composer."""
    return {**_writer(membership), **partnership_context(membership)}


def _writer(membership: Membership) -> dict[str, str]:
    return {"writer": membership.user.name, "side": membership.organisation.usual_side}


def _composer(membership: Membership) -> ShareForm:
    return _form(*_offered(membership))


def _offered(membership: Membership) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """The challenges and the roles that can be chosen in the composer."""
    if not membership.may(Action.SHARE):
        return (), ()
    return tuple(queries.unsolved(membership)), tuple(choices(membership))


def _form(moves: tuple[Any, ...], roles: tuple[Any, ...], **options: Any) -> ShareForm:
    form = ShareForm(data={"kind": request.args.get("share")}, **options)
    form.moves.choices = [(0, _("No")), *moves]
    form.offer(list(roles))
    return form
