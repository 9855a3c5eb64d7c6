"""The pieces of pages that show posts (workspace/pieces.py), and what each is made of."""

from markupsafe import Markup

from workspace.database import AnyRow
from workspace.partnerships.models import Membership
from workspace.pieces import piece
from workspace.posts.moving import stands_still


def card(membership: Membership, post: AnyRow) -> Markup:
    """A post in the feed."""
    place = membership.partnership.place
    return piece("posts/_post.html", post=post, partnership=place, is_still=stands_still(post))
