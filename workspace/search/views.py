"""Searching in one's own partnerships. What is searched for is kept nowhere."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from flask import render_template, request
from flask.typing import ResponseReturnValue

from workspace.accounts.models import User
from workspace.permissions import signed_in
from workspace.posts.challenge_workflow import ChallengeStatus
from workspace.posts.labels import CHALLENGE_STATUSES, POST_KINDS
from workspace.search import results
from workspace.search.blueprint import blueprint
from workspace.search.labels import FOUND_KINDS, KIND_CHOICES, KIND_ICONS, PERIODS, STATUS_CHOICES
from workspace.search.results import SearchFilter, SearchPage
from workspace.search.sources import FoundKind
from workspace.search.terms import parsed
from workspace.web import pagination

MOST_PLACES = 20  # somebody in more partnerships can narrow a search to those in which something was found
NARROWING = ("partnership", "kind", "status", "by", "since")


@blueprint.get("/search")
@signed_in
def show(user: User) -> ResponseReturnValue:
    """What is found, and what it can be narrowed to."""
    query, narrowed = parsed(request.args.get("q", "")), _narrowed()
    page = results.find(user, query, narrowed, results.cursor_of(request.args.get("after", "")))
    places = page.places | {page.here.id} if page.here else page.places
    is_short = len(page.partnerships) <= MOST_PLACES
    return render_template(
        "search/show.html",
        query=query,
        page=page,
        here=page.here,
        places=[one for one in page.partnerships if is_short or one.id in places],
        narrowed=narrowed,
        chosen=_chosen(narrowed, page),
        address=_addresses(),
        periods=PERIODS,
        kinds=KIND_CHOICES,
        statuses=STATUS_CHOICES,
        kind_names=FOUND_KINDS,
        kind_icons=KIND_ICONS,
        POST_KINDS=POST_KINDS,
        CHALLENGE_STATUSES=CHALLENGE_STATUSES,
        FoundKind=FoundKind,
        is_later=bool(request.args.get("after")),
    )


def _narrowed() -> SearchFilter:
    """What the address narrows the search to; what means nothing narrows nothing."""
    given = request.args
    kind, status, since = given.get("kind", ""), given.get("status", ""), PERIODS.get(given.get("since", ""))
    is_status = kind == FoundKind.CHALLENGE and status in list(ChallengeStatus)
    return SearchFilter(
        partnership=given.get("partnership", ""),
        kind=FoundKind(kind) if kind in list(FoundKind) else None,
        status=status if is_status else "",
        author_id=pagination.parse_int(given.get("by", "")),
        since=since[1] if since else None,
    )


def _addresses() -> Callable[..., str]:
    """Makes the address of this search with other narrowing; an empty value takes one away. Each is a first page."""
    asked = {name: request.args.get(name, "")[:200] for name in ("q", *NARROWING)}

    def address(**changed: str) -> str:
        given = asked | changed
        if "kind" in changed and changed["kind"] != FoundKind.CHALLENGE:
            given["status"] = ""
        return "/search?" + urlencode({name: value for name, value in given.items() if value})

    return address


def _chosen(narrowed: SearchFilter, page: SearchPage) -> list[tuple[str, Any]]:
    """What narrows the search, by its parameter and in words."""
    found = []
    if narrowed.kind:
        found.append(("kind", KIND_CHOICES[narrowed.kind]))
    if narrowed.status:
        found.append(("status", STATUS_CHOICES[ChallengeStatus(narrowed.status)]))
    if page.here:
        found.append(("partnership", page.here.name))
    if narrowed.author_id is not None:
        found.append(("by", dict(page.authors).get(narrowed.author_id, "–")))
    if narrowed.since:
        found.append(("since", PERIODS[request.args["since"]][0]))
    return found
