"""A text by its number, which says by itself whether it is a post or a comment."""

from dataclasses import dataclass

from flask import abort

from workspace.comments.models import Comment
from workspace.db import db
from workspace.partnerships.models import Membership
from workspace.posts.models import Post


@dataclass(frozen=True)
class Text:
    """A post, or a comment on the post."""

    post: Post
    comment: Comment | None

    @property
    def authored(self) -> Post | Comment:
        """The post or the comment itself."""
        return self.comment or self.post


def text(membership: Membership, number: int) -> Text:
    """The text with this number; 404 for none in the member's partnership."""
    comment = db.session.get(Comment, (membership.partnership_id, number))
    post = db.session.get(Post, (membership.partnership_id, comment.post_number if comment else number))
    return Text(post, comment) if post else abort(404)
