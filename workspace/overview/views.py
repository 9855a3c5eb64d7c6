"""The overview of all my partnerships."""

from itertools import groupby
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from workspace import clock
from workspace.accounts.models import User
from workspace.i18n.formatting import relative_day
from workspace.overview import queries
from workspace.overview.action_items import action_list
from workspace.overview.blueprint import blueprint
from workspace.partnerships import reading
from workspace.partnerships.queries import organisations_by_side
from workspace.partnerships.views import may_start
from workspace.permissions import signed_in
from workspace.web import pagination
from workspace.web.htmx import flash_live, page_or_partial, redirect_303

NAMED_IN_LIST = 2


@blueprint.get("/")
@signed_in
def index(user: User) -> ResponseReturnValue:
    """The merged feed, with “new” marks, and my partnerships with what is new in each."""
    before = pagination.decode(request.args.get("before", ""), 2)
    partnerships = queries.latest_partnerships(user)
    listed = partnerships[: queries.PARTNERSHIPS_LISTED]
    found = queries.feed(user, partnerships, before)
    page, last = pagination.split_page(found, queries.PAGE)
    return page_or_partial(
        "overview/index.html",
        "overview/_post_list_page.html",
        focus=f"#e{page[0].partnership_id}-{page[0].number} a" if page else "",
        today=clock.now(),
        waiting=None if before else action_list(user),
        partnerships=listed,
        more_partnerships=len(partnerships) > len(listed),
        parties=organisations_by_side([row.id for row in listed], NAMED_IN_LIST),
        unread=[row for row in listed if row.unread > 0],
        days=[(title, list(posts)) for title, posts in groupby(page, lambda post: relative_day(post.activity_at))],
        older=pagination.encode(last.activity_at, last.partnership_id, last.number) if last else None,
        may_start=may_start(user),
    )


@blueprint.post("/seen")
@signed_in
def mark_seen(user: User) -> ResponseReturnValue:
    """Mark everything as read that the overview showed as new: up to the entries it was rendered with."""
    shown = dict(_numbers(request.form.get("seen", "")))
    for membership in queries.memberships(user, list(shown)):
        reading.read_all(membership, shown[membership.partnership_id])
    flash_live(_("Everything is marked as read."))
    return redirect_303("/")


def _numbers(seen: str) -> Any:
    """ "7:412,9:30": the partnerships' ids with the numbers of their last entries when they were shown."""
    for pair in seen.split(",")[: queries.PARTNERSHIPS_LISTED]:
        partnership_id, _colon, number = pair.partition(":")
        if (key := pagination.parse_int(partnership_id)) and (value := pagination.parse_int(number)):
            yield key, value
