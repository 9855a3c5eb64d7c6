"""The cached fragments that show posts, and the values that each depends on."""

from typing import Any

from flask_babel import ngettext
from markupsafe import Markup

from workspace import clock
from workspace.db.types import AnyRow
from workspace.partnerships.models import Membership
from workspace.partnerships.rail import RailBlock, rail_block
from workspace.permissions import Action
from workspace.posts import queries
from workspace.posts.challenge_workflow import is_stalled
from workspace.web.fragment_cache import cached_fragment


def act(post: AnyRow) -> str:
    """What somebody did last about a post, which lifted it; nothing where that was to share it."""
    verb = post.act_verb
    if verb is None or verb.creates_post or not verb.act:
        return ""
    return str(verb.act) % {"who": post.act_name or "Samspil"}


def card(
    membership: Membership,
    post: AnyRow,
    figures: tuple[tuple[Any, ...], ...] = (),
    files: tuple[Any, ...] = (),
) -> Markup:
    """A post in the feed, with what its reader may do with it; its addresses begin at the feed's.

    `figures` are the numbers that it carries: of each the indicator's number, the value, the name and what it is about;
    `files` are those that it carries (files/queries.FileRow).
    """
    is_own = post.author_id == membership.id
    return cached_fragment(
        "posts/_post.html",
        post=post,
        partnership=membership.partnership.link,
        figures=figures,
        files=files,
        is_still=is_stalled(post),
        may_comment=membership.may(Action.COMMENT),
        may_edit=is_own and membership.may(Action.SHARE),
        may_withdraw=membership.may(Action.SHARE if is_own else Action.WITHDRAW_OTHERS),
        may_report=not is_own and membership.may(Action.REPORT),
    )


@rail_block(20)
def unsolved(membership: Membership) -> RailBlock | None:
    """The challenges that are not solved, those in which something happened last."""
    count = membership.partnership.unsolved_count
    if not count:
        return None
    challenges = tuple((row, (clock.now() - row.created_at).days) for row in queries.last_unsolved(membership))
    html = cached_fragment(
        "posts/_unsolved_challenges.html", partnership=membership.partnership.link, challenges=challenges, count=count
    )
    return RailBlock(html, ngettext("%(num)s unsolved", "%(num)s unsolved", count), "challenge")
