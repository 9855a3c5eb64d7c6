"""Every route and who may enter it: one table, held to the app in both directions, and then driven.

The table says for each route who may enter, and for the members' routes what they come to do. Who may do that is
access.py's to say; here it is said once more, so that a slip there shows.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Blueprint
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from tests.client import Client
from tests.factories import (
    Level,
    add_member,
    comment,
    make_administrator,
    make_organisation,
    make_user,
    share,
    start_partnership,
)
from tests.pages import Page
from workspace import Workspace, access, create_app, pages
from workspace.access import Action, Entrance, Who
from workspace.accounts.models import User
from workspace.config import Settings
from workspace.extensions import Base, db
from workspace.organisations.models import Kind, Organisation
from workspace.partnerships.models import Membership, State
from workspace.posts.models import Post

SignIn = Callable[[User], Client]

TABLE = """
    GET  /                                                              signed_in
    POST /seen                                                          signed_in
    GET  /privacy                                                       public

    GET  /sign-in                                                       public
    POST /sign-in                                                       public
    POST /sign-out                                                      signed_in
    GET  /settings                                                      signed_in
    POST /settings                                                      signed_in
    GET  /settings/password                                             signed_in
    POST /settings/password                                             signed_in
    GET  /settings/sessions                                             signed_in
    POST /settings/sessions/<number:session_id>/ending                  signed_in
    POST /settings/sessions/ending                                      signed_in

    GET  /organisations                                                 administrators
    POST /organisations                                                 administrators
    GET  /organisations/new                                             administrators
    GET  /organisations/suggestions                                     administrators
    GET  /organisations/<number:organisation_id>                        administrators
    GET  /organisations/<number:organisation_id>/edit                   administrators
    POST /organisations/<number:organisation_id>/edit                   administrators
    GET  /organisations/<number:organisation_id>/people/new             administrators
    POST /organisations/<number:organisation_id>/people                 administrators
    GET  /people/<number:user_id>/edit                                  administrators
    POST /people/<number:user_id>/edit                                  administrators

    GET  /partnerships                                                  signed_in
    POST /partnerships                                                  signed_in
    GET  /partnerships/new                                              signed_in

    GET  /partnerships/<slug:slug>/                                     members read
    POST /partnerships/<slug:slug>/seen                                 members read
    GET  /partnerships/<slug:slug>/about                                members read
    GET  /partnerships/<slug:slug>/edit                                 members edit_partnership
    POST /partnerships/<slug:slug>/edit                                 members edit_partnership
    POST /partnerships/<slug:slug>/stage                                members edit_partnership
    GET  /partnerships/<slug:slug>/people                               members add_members
    POST /partnerships/<slug:slug>/members                              members add_members
    POST /partnerships/<slug:slug>/archiving                            members archive
    POST /partnerships/<slug:slug>/reopening                            members archive

    POST /partnerships/<slug:slug>/posts                                members share
    GET  /partnerships/<slug:slug>/posts/<number:number>                members read
    GET  /partnerships/<slug:slug>/posts/<number:number>/edit           members share
    POST /partnerships/<slug:slug>/posts/<number:number>/edit           members share
    GET  /partnerships/<slug:slug>/posts/<number:number>/withdrawal     members share
    POST /partnerships/<slug:slug>/posts/<number:number>/withdrawal     members share
    POST /partnerships/<slug:slug>/posts/<number:number>/pinning        members pin
    POST /partnerships/<slug:slug>/posts/<number:number>/unpinning      members pin

    POST /partnerships/<slug:slug>/posts/<number:post_number>/comments                              members comment
    GET  /partnerships/<slug:slug>/posts/<number:post_number>/comments/<number:number>              members read
    GET  /partnerships/<slug:slug>/posts/<number:post_number>/comments/<number:number>/edit         members comment
    POST /partnerships/<slug:slug>/posts/<number:post_number>/comments/<number:number>/edit         members comment
    GET  /partnerships/<slug:slug>/posts/<number:post_number>/comments/<number:number>/withdrawal   members comment
    POST /partnerships/<slug:slug>/posts/<number:post_number>/comments/<number:number>/withdrawal   members comment
"""

LOWEST_LEVELS = {
    "read": "observer",
    "share": "contributor",
    "comment": "contributor",
    "pin": "moderator",
    "withdraw_others": "moderator",
    "add_members": "moderator",
    "edit_partnership": "moderator",
    "archive": "moderator",
}

PEOPLE = ("anonymous", "outsider", "administrator", "observer", "contributor", "moderator")
LEVELS = PEOPLE[3:]
TYPED = {"title": "Noget <b>jeg</b> skrev", "body": "æøå & 100 %"}
# What an entrance that is open may answer: a page, a redirect, or what a form that was filled in badly gets.
IN = {"GET": {200, 303}, "POST": {200, 204, 303, 409, 422}}


@dataclass(frozen=True)
class Route:
    """A line of the table."""

    method: str
    rule: str
    who: str
    action: str = ""

    def __str__(self) -> str:
        return f"{self.method} {self.rule}"


ROUTES = [Route(*line.split()) for line in TABLE.splitlines() if line.strip()]
MEMBERS = [route for route in ROUTES if route.who == "members"]
GETS = [route for route in ROUTES if route.method == "GET"]
POSTS = [route for route in ROUTES if route.method == "POST"]


def rules(app: Workspace) -> Iterator[tuple[str, Rule]]:
    """The routes that the app has, one method each."""
    for rule in app.url_map.iter_rules():
        for method in rule.methods or ():
            if method not in ("HEAD", "OPTIONS"):
                yield method, rule


def declared(app: Workspace, rule: Rule) -> Entrance | None:
    return access.entrance(app.view_functions[rule.endpoint])


class World:
    """A partnership with somebody of each kind around it, and something of everybody's who may write."""

    def __init__(self, sign_in: SignIn) -> None:
        self._sign_in = sign_in
        moderator = start_partnership("Digital genoptræning", by=make_user("Mette Moderator", language="en"))
        seats = {"moderator": moderator}
        for level in (Level.OBSERVER, Level.CONTRIBUTOR):
            user = make_user(f"Person {level}", language="en")
            seats[level.value] = add_member(moderator, user, level)
        self.partnership = moderator.partnership
        self.seats = seats
        self.users = {name: seat.user for name, seat in seats.items()}
        self.users["administrator"] = make_administrator(name="Anders Administrator", language="en")
        self.elsewhere = start_partnership("Et andet sted", by=make_user("Ulla Udenfor", language="en"))
        self.users["outsider"] = self.elsewhere.user
        self.organisation = make_organisation("Icura")
        self.posts: dict[str, Post] = {}
        self.comments: dict[str, Any] = {}
        for name in ("moderator", "contributor"):
            post = share(seats[name], f"Opslag af {name}")
            self.posts[name] = post
            self.comments[name] = comment(post, seats[name], f"Kommentar af {name}")

    def client(self, name: str) -> Client:
        """The browser of one of PEOPLE, newly signed in: some requests sign out."""
        if name == "anonymous":
            return self._sign_in.__closure__ and self.fresh()  # type: ignore[return-value]
        return self._sign_in(self.users[name])

    def fresh(self) -> Client:
        raise NotImplementedError

    def address(self, rule: str, name: str) -> str:
        """The address for `rule`, about what one of PEOPLE wrote; for those who can't write, what another did."""
        owner = name if name in self.posts else "contributor"
        parts = {
            "slug:slug": self.partnership.slug,
            "number:post_number": self.posts[owner].number,
            "number:number": (self.comments if "/comments/" in rule else self.posts)[owner].number,
            "number:organisation_id": self.organisation.id,
            "number:user_id": self.users["outsider"].id,
            "number:session_id": 1,
        }
        return re.sub(r"<([^>]+)>", lambda match: str(parts[match[1]]), rule)


@pytest.fixture
def world(sign_in: SignIn) -> World:
    return World(sign_in)


def send(client: Client, route: Route, address: str, **options: Any) -> TestResponse:
    """Send what the route's form would, with its token."""
    if route.method == "GET":
        return client.get(address, **options)
    return client.submit(address, TYPED, **options)
