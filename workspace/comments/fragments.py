"""The cached fragments that show comments, and the values that each depends on."""

from typing import Any

from markupsafe import Markup

from workspace.comments.forms import CommentForm
from workspace.db.types import AnyRow
from workspace.partnerships.models import Membership
from workspace.permissions import Action
from workspace.posts.authored_text import is_undoable
from workspace.posts.models import Post
from workspace.web.fragment_cache import cached_fragment


def comment_line(
    membership: Membership, post: Post | AnyRow, comment: AnyRow, marked: int | None = None, files: tuple[Any, ...] = ()
) -> Markup:
    """A comment in its thread, with what its reader may do with it."""
    is_own = comment.author_id == membership.id
    return cached_fragment(
        "comments/_comment.html",
        comment=comment,
        files=files,
        partnership=membership.partnership.link,
        post_number=post.number,
        is_open=not post.withdrawn_at and not post.closed_at,
        is_own=is_own,
        is_new=bool(comment.is_new),
        is_marked=comment.number == marked,
        is_undoable=bool(
            comment.withdrawn_at and comment.withdrawn_by_id == membership.id and is_undoable(comment.withdrawn_at)
        ),
        may_comment=membership.may(Action.COMMENT),
        may_react=membership.may(Action.REACT),
        may_report=membership.may(Action.REPORT),
        may_withdraw_others=membership.may(Action.WITHDRAW_OTHERS),
    )


def empty_comment_form(membership: Membership, post_number: int) -> Markup:
    """The form for a comment, with nothing in it yet."""
    return cached_fragment(
        "comments/_form.html",
        build_context=lambda: {"form": CommentForm(formdata=None)},
        partnership=membership.partnership.link,
        post_number=post_number,
        writer=membership.user.name,
        side=membership.organisation.usual_side,
    )
