"""The overview of all my partnerships."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from flask import make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from workspace import clock
from workspace.accounts.models import User
from workspace.db.types import AnyRow
from workspace.i18n.formatting import relative_day
from workspace.members import pending
from workspace.members.my_memberships_views import closed_memberships, whom_to_ask
from workspace.overview import queries
from workspace.overview.action_items import action_list
from workspace.overview.blueprint import blueprint
from workspace.overview.notices import unread_count
from workspace.partnerships import reading
from workspace.partnerships.queries import organisations_by_side
from workspace.partnerships.views import may_start
from workspace.permissions import signed_in
from workspace.posts.models import PostKind
from workspace.roles.queries import held_by
from workspace.web import htmx, pagination
from workspace.web.htmx import flash_live, redirect_303

NAMED_IN_LIST = 2


@blueprint.get("/")
@signed_in
def index(user: User) -> ResponseReturnValue:
    """The merged feed, with “new” marks, and my partnerships with what is new in each.

    For HTMX the feed with another filter, or its next page.
    """
    before = pagination.decode(request.args.get("before", ""), 2)
    partnerships = queries.latest_partnerships(user)
    listed = partnerships[: queries.PARTNERSHIPS_LISTED]
    shown = _feed(user, partnerships, before) | {
        "unread": [row for row in listed if row.unread > 0],
        "partnerships": listed,
    }
    if htmx.is_partial():
        if not before:
            return make_response(render_template("overview/_feed.html", **shown))
        return htmx.with_focus(make_response(render_template("overview/_post_list_page.html", **shown)), shown["first"])
    return render_template(
        "overview/index.html",
        today=clock.now(),
        waiting=None if before else action_list(user),
        more_partnerships=len(partnerships) > len(listed),
        parties=organisations_by_side([row.id for row in listed], NAMED_IN_LIST),
        may_start=may_start(user),
        my_roles=held_by(user),
        unread_notices=0 if before else unread_count(user),
        invitations=[] if before else pending.invitations_to(user),
        **({} if partnerships else _outside(user)),
        **shown,
    )


def _outside(user: User) -> dict[str, Any]:
    """What waits for somebody who is in no partnership: requests and access that is on hold."""
    memberships = [row for row in closed_memberships(user) if not row.has_ended]
    return {"memberships": memberships, "moderators": whom_to_ask(memberships)}


def _feed(user: User, partnerships: Sequence[AnyRow], before: pagination.Cursor | None) -> dict[str, Any]:
    """The context of a page of the merged feed: posts, and among them what happened to the partnerships themselves."""
    wanted = request.args.get("kind", "")
    kind = PostKind(wanted) if wanted in list(PostKind) else None
    page, last = pagination.split_page(queries.feed(user, partnerships, before, kind), queries.PAGE)
    items: list[tuple[datetime, Any]] = [(post.activity_at, post) for post in page]
    if kind is None and partnerships:
        until = before[0] if before else None
        found = queries.events(user, partnerships, last.activity_at if last else None, until)
        items += [(entry.at, entry) for entry in found]
        items.sort(key=lambda item: item[0], reverse=True)
    days = groupby(items, lambda item: relative_day(item[0]))
    return {
        "kind_shown": kind,
        "days": [(title, [each for _at, each in found]) for title, found in days],
        "older": pagination.encode(last.activity_at, last.partnership_id, last.number) if last else None,
        "first": f"#e{page[0].partnership_id}-{page[0].number} a" if page else "",
    }


@blueprint.post("/seen")
@signed_in
def mark_seen(user: User) -> ResponseReturnValue:
    """Mark everything as read that the overview showed as new: up to the entries it was rendered with."""
    shown = dict(shown_numbers(request.form.get("seen", "")))
    for membership in queries.memberships(user, list(shown)):
        reading.read_all(membership, shown[membership.partnership_id])
    flash_live(_("Everything is marked as read."))
    return redirect_303("/")


def shown_numbers(seen: str) -> Any:
    """ "7:412,9:30": the partnerships' ids with the numbers of their last entries when they were shown."""
    for pair in seen.split(",")[: queries.PARTNERSHIPS_LISTED]:
        partnership_id, _colon, number = pair.partition(":")
        if (key := pagination.parse_int(partnership_id)) and (value := pagination.parse_int(number)):
            yield key, value
