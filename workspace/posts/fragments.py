"""The cached fragments that show posts, and the values that each depends on."""

from markupsafe import Markup

from workspace.db.types import AnyRow
from workspace.partnerships.models import Membership
from workspace.posts.challenge_workflow import is_stalled
from workspace.web.fragment_cache import cached_fragment


def act(post: AnyRow) -> str:
    """What somebody did last about a post, which lifted it; nothing where that was to share it."""
    verb = post.act_verb
    if verb is None or verb.creates_post or not verb.act:
        return ""
    return str(verb.act) % {"who": post.act_name or "Samspil"}


def card(membership: Membership, post: AnyRow) -> Markup:
    """A post in the feed."""
    place = membership.partnership.link
    return cached_fragment("posts/_post.html", post=post, partnership=place, is_still=is_stalled(post))
