"""Every route and who may enter it: one table, held to the app in both directions, and then driven.

The table says for each route who may enter, and for the members' routes what they come to do. Who may do that is
permissions.py's to say; here it is said once more, so that a slip there shows.
"""

import re
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass
from typing import Any, cast

import pytest
from flask import Blueprint
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import DBAPIError
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from tests.client import Client
from tests.databases import Database
from tests.factories import (
    Holder,
    Level,
    add_member,
    attach_picture,
    challenge,
    comment,
    hold,
    keep_bytes,
    listed,
    make_administrator,
    make_organisation,
    make_role,
    make_user,
    measure,
    measured_indicator,
    start_partnership,
    upload_picture,
)
from tests.pages import Page
from workspace import Workspace, create_app, permissions, views
from workspace.accounts.models import User
from workspace.config import Settings
from workspace.db import Base, db
from workspace.db.installation import note_key, note_worker
from workspace.members.address_changes import service as address_changes_service
from workspace.members.address_changes.service import Mailbox
from workspace.members.invitations import service as invitations_service
from workspace.members.join_requests import service as join_requests_service
from workspace.members.organisation_requests import service as organisation_requests_service
from workspace.members.organisation_requests.models import OrganisationRequest
from workspace.members.reports import service as reports_service
from workspace.notifications import unsubscribe
from workspace.organisations.models import Organisation, OrganisationKind
from workspace.partnerships.models import Membership, MembershipState, Visibility
from workspace.permissions import AccessRule, Action, Audience
from workspace.posts import queries
from workspace.roles import offers
from workspace.roles.assignments import RoleAssignment

SignIn = Callable[[User], Client]

TABLE = """
    GET  /                                                              signed_in
    POST /seen                                                          signed_in
    GET  /notices                                                       signed_in
    POST /notices/emptying                                              signed_in
    GET  /search                                                        signed_in
    GET  /admin/search                                                  administrators
    POST /admin/search/rebuilding                                       administrators
    GET  /privacy                                                       public

    GET  /sign-in                                                       public
    POST /sign-in                                                       public
    GET  /sign-in/code                                                  public
    POST /sign-in/code                                                  public
    GET  /sign-in/code/answer                                           public
    POST /sign-in/code/answer                                           public
    GET  /settings/address                                              signed_in
    POST /settings/address                                              signed_in
    GET  /settings/address/answer                                       signed_in
    POST /settings/address/answer                                       signed_in
    POST /sign-out                                                      signed_in
    GET  /settings                                                      signed_in
    POST /settings                                                      signed_in
    GET  /settings/password                                             signed_in
    POST /settings/password                                             signed_in
    GET  /settings/sessions                                             signed_in
    POST /settings/sessions/<number:session_id>/ending                  signed_in
    POST /settings/sessions/ending                                      signed_in
    GET  /settings/digest                                               signed_in
    POST /settings/digest                                               signed_in
    POST /settings/digest/sending                                       signed_in
    GET  /settings/digest/undelivered                                   signed_in
    POST /settings/digest/undelivered                                   signed_in
    GET  /settings/mail                                                 signed_in
    POST /settings/mail                                                 signed_in
    GET  /unsubscribe/<token:token>                                     public
    POST /unsubscribe/<token:token>                                     by_its_address

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
    POST /people/<number:user_id>/closing                               administrators
    POST /people/<number:user_id>/opening                               administrators
    GET  /people/<number:user_id>/address                               administrators
    POST /people/<number:user_id>/address                               administrators
    POST /people/<number:user_id>/address/cancellation                  administrators
    POST /people/<number:user_id>/password-reset                        administrators
    GET  /address-changes/<token:token>                                 public
    POST /address-changes/<token:token>                                 public
    GET  /people/<number:user_id>/memberships                           administrators
    GET  /admin                                                         administrators
    GET  /people                                                        administrators
    POST /people/<number:user_id>/welcome                               administrators
    POST /people/<number:user_id>/sign-out                              administrators
    POST /people/<number:user_id>/administrator                         administrators
    POST /people/<number:user_id>/administrator/removal                 administrators
    GET  /admin/partnerships                                            administrators
    GET  /admin/partnerships/<number:partnership_id>/joining            administrators
    POST /admin/partnerships/<number:partnership_id>/joining            administrators
    GET  /admin/partnerships/<number:partnership_id>/invitation-limit   administrators
    POST /admin/partnerships/<number:partnership_id>/invitation-limit   administrators
    GET  /admin/partnerships/<number:partnership_id>/organisations      administrators
    POST /admin/partnerships/<number:partnership_id>/organisations      administrators
    POST /partnerships/<slug:slug>/acceptance                           members read
    GET  /people/<number:user_id>/invitation-limit                      administrators
    POST /people/<number:user_id>/invitation-limit                      administrators

    GET  /admin/partnerships/<number:partnership_id>/appointment        administrators
    POST /admin/partnerships/<number:partnership_id>/appointment        administrators

    GET  /live                                                          signed_in
    GET  /live/numbers                                                  signed_in
    GET  /partnerships/<slug:slug>/news                                 members read
    GET  /partnerships/<slug:slug>/posts/<number:number>/news           members read
    GET  /waiting                                                       public

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
    GET  /partnerships/<slug:slug>/members/<number:membership_id>       members read
    GET  /partnerships/<slug:slug>/members                              members read
    POST /partnerships/<slug:slug>/members/levels                       members manage_members
    GET  /partnerships/<slug:slug>/members/suspension                   members manage_members
    POST /partnerships/<slug:slug>/members/suspension                   members manage_members
    POST /partnerships/<slug:slug>/members/<number:membership_id>/reopening     members manage_members
    POST /partnerships/<slug:slug>/members/<number:membership_id>/readmission   members add_members
    GET  /partnerships/<slug:slug>/members/<number:membership_id>/end   members manage_members
    POST /partnerships/<slug:slug>/members/<number:membership_id>/end   members manage_members
    GET  /partnerships/<slug:slug>/members/removal                      members manage_members
    POST /partnerships/<slug:slug>/members/removal                      members manage_members
    GET  /memberships                                                   signed_in
    POST /memberships/<number:membership_id>/answer                     signed_in
    POST /memberships/<number:membership_id>/taking-back                signed_in
    GET  /partnerships/listed                                           signed_in
    POST /partnerships/listed/<number:partnership_id>/requests          signed_in
    POST /settings/trail                                                signed_in
    GET  /healthz                                                       public
    GET  /healthz/ready                                                 public
    GET  /healthz/all                                                   public
    GET  /admin/mail                                                    administrators
    POST /admin/mail/retry                                              administrators
    POST /admin/mail/<number:mail_id>/retry                             administrators
    GET  /admin/trail                                                   administrators
    POST /admin/trail                                                   administrators
    GET  /invitations/<token:token>                                           public
    POST /invitations/<token:token>                                           public
    POST /invitations/<token:token>/objection                                 public
    POST /invitations/<token:token>/refusal                                   public
    POST /invitations/<token:token>/refusal/withdrawal                        public
    GET  /partnerships/<slug:slug>/members/trail                        members read_audit_log
    POST /partnerships/<slug:slug>/members/trail                        members read_audit_log
    GET  /partnerships/<slug:slug>/invitations                          members add_members
    POST /partnerships/<slug:slug>/invitations                          members add_members
    POST /partnerships/<slug:slug>/invitations/<number:invitation_id>/organisation  members add_members
    POST /partnerships/<slug:slug>/invitations/<number:invitation_id>/resending     members add_members
    POST /partnerships/<slug:slug>/invitations/<number:invitation_id>/withdrawal    members add_members
    GET  /partnerships/<slug:slug>/invitations/open                     members add_members
    POST /partnerships/<slug:slug>/invitations/resending                members add_members
    POST /partnerships/<slug:slug>/invitations/withdrawal               members add_members
    POST /partnerships/<slug:slug>/organisation-requests                members edit_partnership
    GET  /admin/organisation-requests                                   administrators
    POST /admin/organisation-requests/<number:request_id>/organisation  administrators
    POST /admin/organisation-requests/<number:request_id>/refusal       administrators
    POST /partnerships/<slug:slug>/invitation-batches/<token:batch>/withdrawal      members add_members
    POST /partnerships/<slug:slug>/links                                members add_members
    GET  /partnerships/<slug:slug>/links/<number:link_id>               members add_members
    POST /partnerships/<slug:slug>/requests/<number:membership_id>/approval     members add_members
    GET  /partnerships/<slug:slug>/requests/<number:membership_id>/refusal      members add_members
    POST /partnerships/<slug:slug>/requests/<number:membership_id>/refusal      members add_members
    POST /partnerships/<slug:slug>/visibility                           members edit_partnership
    GET  /partnerships/<slug:slug>/links/<number:link_id>/screen        members add_members
    POST /partnerships/<slug:slug>/links/<number:link_id>/closing       members add_members
    POST /partnerships/<slug:slug>/links/<number:link_id>/reopening     members add_members
    POST /partnerships/<slug:slug>/invitations/reopening                members add_members
    POST /partnerships/<slug:slug>/members/<number:membership_id>/undoing       members manage_members
    GET  /partnerships/<slug:slug>/administration                       members archive
    GET  /partnerships/<slug:slug>/beginning                            members edit_partnership
    POST /partnerships/<slug:slug>/mail-content                         members edit_partnership
    GET  /partnerships/<slug:slug>/organisations                        members edit_partnership
    POST /partnerships/<slug:slug>/organisations                        members edit_partnership
    POST /partnerships/<slug:slug>/organisations/<number:organisation_id>/side  members edit_partnership
    GET  /partnerships/<slug:slug>/members/<number:membership_id>/organisation  members manage_members
    POST /partnerships/<slug:slug>/members/<number:membership_id>/organisation  members manage_members
    GET  /partnerships/<slug:slug>/organisations/<number:organisation_id>/departure     members manage_members
    POST /partnerships/<slug:slug>/organisations/<number:organisation_id>/departure     members manage_members
    GET  /partnerships/<slug:slug>/reports                              members read
    POST /partnerships/<slug:slug>/reports/<number:report_id>/answer    members withdraw_others
    POST /partnerships/<slug:slug>/reports/<number:report_id>/handling          members withdraw_others
    POST /partnerships/<slug:slug>/reports/<number:report_id>/handling/removal  members withdraw_others
    GET  /partnerships/<slug:slug>/reports/<number:report_id>/text              members withdraw_others
    GET  /partnerships/<slug:slug>/posts/<number:number>/report         members report
    POST /partnerships/<slug:slug>/posts/<number:number>/report         members report
    GET  /partnerships/<slug:slug>/posts/<number:post_number>/comments/<number:number>/report   members report
    POST /partnerships/<slug:slug>/posts/<number:post_number>/comments/<number:number>/report   members report
    POST /partnerships/<slug:slug>/archiving                            members archive
    POST /partnerships/<slug:slug>/reopening                            members archive

    GET  /partnerships/<slug:slug>/roles                                members read
    POST /partnerships/<slug:slug>/roles                                members assign_roles
    GET  /partnerships/<slug:slug>/roles/new                            members assign_roles
    POST /partnerships/<slug:slug>/roles/set                            members assign_roles
    GET  /partnerships/<slug:slug>/roles/order                          members assign_roles
    POST /partnerships/<slug:slug>/roles/order                          members assign_roles
    GET  /partnerships/<slug:slug>/roles/<number:role_id>               members read
    GET  /partnerships/<slug:slug>/roles/<number:role_id>/edit          members assign_roles
    POST /partnerships/<slug:slug>/roles/<number:role_id>/edit          members assign_roles
    GET  /partnerships/<slug:slug>/roles/<number:role_id>/retirement    members assign_roles
    POST /partnerships/<slug:slug>/roles/<number:role_id>/retirement    members assign_roles
    POST /partnerships/<slug:slug>/roles/<number:role_id>/resumption    members assign_roles
    POST /partnerships/<slug:slug>/roles/<number:role_id>/deletion    members assign_roles
    POST /partnerships/<slug:slug>/roles/<number:role_id>/taking    members assign_roles
    GET  /partnerships/<slug:slug>/roles/<number:role_id>/offers/new    members take_roles  
    POST /partnerships/<slug:slug>/roles/<number:role_id>/offers        members take_roles  
    GET  /partnerships/<slug:slug>/roles/<number:role_id>/requests/new  members take_roles
    POST /partnerships/<slug:slug>/roles/<number:role_id>/requests      members take_roles
    POST /partnerships/<slug:slug>/roles/<number:role_id>/holdings/<number:assignment_id>/acceptance   members take_roles
    GET  /partnerships/<slug:slug>/roles/<number:role_id>/holdings/<number:assignment_id>/refusal      members take_roles
    POST /partnerships/<slug:slug>/roles/<number:role_id>/holdings/<number:assignment_id>/refusal      members take_roles
    POST /partnerships/<slug:slug>/roles/<number:role_id>/holdings/<number:assignment_id>/withdrawal   members take_roles
    POST /partnerships/<slug:slug>/roles/<number:role_id>/holdings/<number:assignment_id>/restoration  members take_roles
    POST /partnerships/<slug:slug>/roles/<number:role_id>/holdings/<number:assignment_id>/reminder   members take_roles
    GET  /partnerships/<slug:slug>/roles/<number:role_id>/holdings/<number:assignment_id>/ending       members take_roles
    POST /partnerships/<slug:slug>/roles/<number:role_id>/holdings/<number:assignment_id>/ending       members take_roles

    POST /partnerships/<slug:slug>/posts                                members share
    GET  /partnerships/<slug:slug>/posts/<number:number>                members read
    GET  /partnerships/<slug:slug>/posts/<number:number>/edit           members share
    POST /partnerships/<slug:slug>/posts/<number:number>/edit           members share
    GET  /partnerships/<slug:slug>/posts/<number:number>/withdrawal     members share
    POST /partnerships/<slug:slug>/posts/<number:number>/withdrawal     members share
    POST /partnerships/<slug:slug>/posts/<number:number>/pinning        members pin
    POST /partnerships/<slug:slug>/posts/<number:number>/unpinning      members pin
    POST /partnerships/<slug:slug>/posts/<number:number>/thread-closing   members close_threads
    POST /partnerships/<slug:slug>/posts/<number:number>/thread-opening   members close_threads
    POST /partnerships/<slug:slug>/posts/<number:number>/following      members follow
    POST /partnerships/<slug:slug>/posts/<number:number>/unfollowing    members follow

    GET  /partnerships/<slug:slug>/posts/<number:number>/followers      members read

    GET  /partnerships/<slug:slug>/editor                               members comment
    GET  /partnerships/<slug:slug>/mentions                             members comment
    GET  /partnerships/<slug:slug>/texts/<number:number>/versions       members read
    GET  /partnerships/<slug:slug>/texts/<number:number>/reactions      members read
    POST /partnerships/<slug:slug>/texts/<number:number>/reactions      members react
    GET  /partnerships/<slug:slug>/texts/<number:number>/redaction      members redact
    POST /partnerships/<slug:slug>/texts/<number:number>/redaction      members redact
    POST /partnerships/<slug:slug>/texts/<number:number>/restoration    members comment

    POST /partnerships/<slug:slug>/waiting/challenges/<number:number>                             members move_challenges
    POST /partnerships/<slug:slug>/waiting/roles/<number:role_id>/<number:assignment_id>             members take_roles
    POST /partnerships/<slug:slug>/waiting/mentions/<number:number>                               members read
    POST /partnerships/<slug:slug>/waiting/challenges/<number:number>/reminder                    members move_challenges
    POST /partnerships/<slug:slug>/waiting/roles/<number:role_id>/<number:assignment_id>/reminder members take_roles
    POST /waiting/postponements                                         signed_in
    POST /waiting/postponements/removal                                 signed_in
    GET  /partnerships/<slug:slug>/challenges                                         members read
    GET  /partnerships/<slug:slug>/posts/<number:number>/taking                       members move_challenges
    POST /partnerships/<slug:slug>/posts/<number:number>/taking                       members move_challenges
    POST /partnerships/<slug:slug>/posts/<number:number>/taking/acceptance            members move_challenges
    GET  /partnerships/<slug:slug>/posts/<number:number>/taking/refusal               members move_challenges
    POST /partnerships/<slug:slug>/posts/<number:number>/taking/refusal               members move_challenges
    POST /partnerships/<slug:slug>/posts/<number:number>/taking/withdrawal            members move_challenges
    POST /partnerships/<slug:slug>/posts/<number:number>/taking/reminder              members move_challenges
    GET  /partnerships/<slug:slug>/posts/<number:number>/days                         members move_challenges
    POST /partnerships/<slug:slug>/posts/<number:number>/days                         members move_challenges
    GET  /partnerships/<slug:slug>/posts/<number:number>/solution                     members move_challenges
    POST /partnerships/<slug:slug>/posts/<number:number>/solution                     members move_challenges
    GET  /partnerships/<slug:slug>/posts/<number:number>/parking                      members move_challenges
    POST /partnerships/<slug:slug>/posts/<number:number>/parking                      members move_challenges
    GET  /partnerships/<slug:slug>/posts/<number:number>/reopening                    members move_challenges
    POST /partnerships/<slug:slug>/posts/<number:number>/reopening                    members move_challenges
    POST /partnerships/<slug:slug>/posts/<number:number>/companions                   members move_challenges
    POST /partnerships/<slug:slug>/posts/<number:number>/companions/removal           members move_challenges

    POST /partnerships/<slug:slug>/posts/<number:post_number>/comments                              members comment
    GET  /partnerships/<slug:slug>/posts/<number:post_number>/comments/<number:number>              members read
    GET  /partnerships/<slug:slug>/posts/<number:post_number>/comments/<number:number>/edit         members comment
    POST /partnerships/<slug:slug>/posts/<number:post_number>/comments/<number:number>/edit         members comment
    GET  /partnerships/<slug:slug>/posts/<number:post_number>/comments/<number:number>/withdrawal   members comment
    POST /partnerships/<slug:slug>/posts/<number:post_number>/comments/<number:number>/withdrawal   members comment

    GET  /partnerships/<slug:slug>/results                              members read
    POST /partnerships/<slug:slug>/results                              members add_indicators
    GET  /partnerships/<slug:slug>/results/new                          members add_indicators
    GET  /partnerships/<slug:slug>/results/order                        members add_indicators
    POST /partnerships/<slug:slug>/results/order                        members add_indicators
    GET  /partnerships/<slug:slug>/results/measurements                 members read
    GET  /partnerships/<slug:slug>/results/definitions                  members read
    GET  /partnerships/<slug:slug>/results/definitions/paste            members add_indicators
    POST /partnerships/<slug:slug>/results/definitions/paste            members add_indicators
    GET  /partnerships/<slug:slug>/results/numbers                      members measure
    GET  /partnerships/<slug:slug>/results/numbers/<number:organisation_id>         members measure
    POST /partnerships/<slug:slug>/results/numbers/<number:organisation_id>         members measure
    GET  /partnerships/<slug:slug>/results/measurements/<number:measurement_id>/correction  members measure
    POST /partnerships/<slug:slug>/results/measurements/<number:measurement_id>/correction  members measure
    GET  /partnerships/<slug:slug>/results/<number:indicator_number>                members read
    GET  /partnerships/<slug:slug>/results/<number:indicator_number>/edit           members measure
    POST /partnerships/<slug:slug>/results/<number:indicator_number>/edit           members measure
    GET  /partnerships/<slug:slug>/results/<number:indicator_number>/target         members measure
    POST /partnerships/<slug:slug>/results/<number:indicator_number>/target         members measure
    GET  /partnerships/<slug:slug>/results/<number:indicator_number>/baseline       members measure
    POST /partnerships/<slug:slug>/results/<number:indicator_number>/baseline       members measure
    GET  /partnerships/<slug:slug>/results/<number:indicator_number>/sources        members measure
    POST /partnerships/<slug:slug>/results/<number:indicator_number>/sources        members measure
    GET  /partnerships/<slug:slug>/results/<number:indicator_number>/missing        members measure
    GET  /partnerships/<slug:slug>/results/<number:indicator_number>/paste          members measure
    POST /partnerships/<slug:slug>/results/<number:indicator_number>/paste          members measure
    POST /partnerships/<slug:slug>/results/<number:indicator_number>/agreement      members measure
    POST /partnerships/<slug:slug>/results/<number:indicator_number>/prominence     members measure
    POST /partnerships/<slug:slug>/results/<number:indicator_number>/retirement     members measure
    POST /partnerships/<slug:slug>/results/<number:indicator_number>/resumption     members measure

    GET  /partnerships/<slug:slug>/files                                     members read
    POST /partnerships/<slug:slug>/files                                     members share
    GET  /partnerships/<slug:slug>/files/uploads                             members share
    GET  /partnerships/<slug:slug>/files/<number:number>                     members read
    GET  /partnerships/<slug:slug>/files/<number:number>/content             members read
    GET  /partnerships/<slug:slug>/files/<number:number>/content/<number:version>  members read
    GET  /partnerships/<slug:slug>/files/<number:number>/preview/<number:width>  members read
    GET  /partnerships/<slug:slug>/files/<number:number>/preview/<number:width>/<number:version>  members read
    GET  /partnerships/<slug:slug>/files/<number:number>/tile                members read
    POST /partnerships/<slug:slug>/files/<number:number>/versions            members share
    POST /partnerships/<slug:slug>/files/<number:number>/description         members share
    GET  /partnerships/<slug:slug>/files/<number:number>/withdrawal          members share
    POST /partnerships/<slug:slug>/files/<number:number>/withdrawal          members share
    POST /partnerships/<slug:slug>/files/<number:number>/restoration         members share
    GET  /partnerships/<slug:slug>/files/<number:number>/redaction           members redact
    POST /partnerships/<slug:slug>/files/<number:number>/redaction           members redact
    POST /partnerships/<slug:slug>/files/<number:number>/discarding          members share

    POST /partnerships/<slug:slug>/members/<number:membership_id>/handover      members manage_members
    POST /partnerships/<slug:slug>/members/<number:membership_id>/handover/withdrawal      members manage_members
    GET  /partnerships/<slug:slug>/members/handover                     members read
    POST /partnerships/<slug:slug>/members/handover/acceptance          members read
    POST /partnerships/<slug:slug>/members/handover/refusal             members read
    GET  /partnerships/<slug:slug>/requests/<number:membership_id>/question                members add_members
    POST /partnerships/<slug:slug>/requests/<number:membership_id>/question                members add_members
    GET  /partnerships/<slug:slug>/members/leaving                      members leave
    POST /partnerships/<slug:slug>/members/leaving                      members leave
    GET  /join/<token:token>                                            public
    POST /join/<token:token>                                            public
"""

LOWEST_LEVELS = {
    "read": "observer",
    "share": "contributor",
    "comment": "contributor",
    "move_challenges": "contributor",
    "move_any_challenge": "moderator",
    "pin": "moderator",
    "close_threads": "moderator",
    "withdraw_others": "moderator",
    "report": "observer",
    "take_roles": "contributor",
    "assign_roles": "moderator",
    "redact": "moderator",
    "react": "contributor",
    "follow": "observer",
    "add_members": "moderator",
    "manage_members": "moderator",
    "read_audit_log": "moderator",
    "leave": "observer",
    "edit_partnership": "moderator",
    "archive": "moderator",
    "add_indicators": "moderator",
    "measure": "contributor",
}

OPEN = ("public", "by_its_address")
PEOPLE = ("anonymous", "outsider", "administrator", "observer", "contributor", "moderator")
LEVELS = PEOPLE[3:]
TYPED = {"title": "Noget <b>jeg</b> skrev", "body": "æøå & 100 %"}
# What an open entrance may answer: a page, a redirect, or what a form that is filled in badly gets.
IN = {"GET": {200, 303}, "POST": {200, 204, 303, 409, 422}}
# A form's token holds the second in which it was made.
TOKEN = re.compile(r"I[jm][\w.-]{60,}")


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
# A form sent to an address that is signed needs no token of ours: the address itself says who asks.
POSTS = [route for route in ROUTES if route.method == "POST" and route.who != "by_its_address"]


def rules(app: Workspace) -> Iterator[tuple[str, Rule]]:
    """The routes that the app has, one method each."""
    for rule in app.url_map.iter_rules():
        for method in rule.methods or ():
            if method not in ("HEAD", "OPTIONS"):
                yield method, rule


def said_of(route: Route) -> AccessRule:
    """What the table says of a route, as a view declares it."""
    if route.who == "by_its_address":
        return AccessRule(Audience.PUBLIC, checks_csrf=False)
    return AccessRule(Audience(route.who), Action(route.action) if route.action else None)


def declared(app: Workspace, rule: Rule) -> AccessRule | None:
    return permissions.access_rule(app.view_functions[rule.endpoint])


class World:
    """A partnership with somebody of each kind around it, and something by everybody who may write."""

    def __init__(self, app: Workspace, sign_in: SignIn) -> None:
        self._app, self._sign_in = app, sign_in
        moderator = start_partnership("Digital genoptræning", by=make_user("Mette Moderator", language="en"))
        self.partnership = moderator.partnership
        self.elsewhere = start_partnership("Et andet sted", by=make_user("Ulla Udenfor", language="en"))
        self.memberships = {"moderator": moderator} | {
            level.value: add_member(moderator, make_user(f"Person {level}", language="en"), level)
            for level in (Level.OBSERVER, Level.CONTRIBUTOR)
        }
        self.users = {name: membership.user for name, membership in self.memberships.items()}
        self.users["outsider"] = self.elsewhere.user
        self.users["administrator"] = make_administrator(name="Anders And", language="en")
        self.elsewhere.partnership.visibility = Visibility.LISTED
        add_member(self.elsewhere, self.users["administrator"], Level.OBSERVER)
        self.organisation = make_organisation("Icura")
        self.posts = {name: challenge(self.memberships[name]) for name in ("moderator", "contributor")}
        [self.invitation] = invitations_service.invite(
            moderator,
            listed("ny@example.dk"),
            level=Level.OBSERVER,
            organisation_id=moderator.organisation_id,
            language="en",
            greeting="",
        )
        self.link, self.closed_link = (
            join_requests_service.open_link(moderator, level=Level.OBSERVER, hours=2, most_uses=20) for _ in range(2)
        )
        self.comments = {name: comment(post, self.memberships[name]) for name, post in self.posts.items()}
        self.change = address_changes_service.ask(
            self.users["contributor"], "nyt@example.dk", by=self.users["administrator"]
        )
        organisation_requests_service.ask_for(moderator, "Ukendt ApS")
        self.wanted = db.session.scalars(select(OrganisationRequest)).one()
        self.partner_id = moderator.organisation_id
        self.report = reports_service.report(self.memberships["observer"], self.posts["contributor"], "Et CPR-nummer")
        self.role = make_role(moderator)
        self.assignments = {name: self._assignments(self.memberships[name]) for name in self.posts}

        self.indicator = measured_indicator(self.assignments["contributor"]["ending"].role, *self._writers)
        self.files = {name: attach_picture(self.memberships[name], post) for name, post in self.posts.items()}
        self.uploads = {name: upload_picture(self.memberships[name]) for name in self.posts}
        self.measurements = {name: measure(self.indicator, self.memberships[name]) for name in self.posts}

    @property
    def _writers(self) -> tuple[Membership, Membership]:
        return self.memberships["moderator"], self.memberships["contributor"]

    def _assignments(self, membership: Membership) -> dict[str, RoleAssignment]:
        """What somebody may do each of these things to, each in a role of its own."""
        moderator = self.memberships["moderator"]

        def offered() -> RoleAssignment:
            return offers.offer(make_role(moderator), moderator, to=membership, kind=Holder.ACCOUNTABLE)

        made = {
            "acceptance": offered(),
            "refusal": offered(),
            "withdrawal": offers.ask(make_role(moderator), membership, kind=Holder.HELPER),
            "ending": hold(make_role(moderator), membership, moderator),
            "reminder": self._offered_by(membership),
            "restoration": self._offered_by(membership),
        }
        offers.withdraw(made["restoration"], membership)
        db.session.commit()
        return made

    def _offered_by(self, membership: Membership) -> RoleAssignment:
        """A role that somebody offers to the moderator, or the moderator to another."""
        moderator, role = self.memberships["moderator"], make_role(self.memberships["moderator"])
        hold(role, membership, moderator)
        to = self.memberships["contributor"] if membership is moderator else moderator
        return offers.offer(role, membership, to=to, kind=Holder.ACCOUNTABLE)

    def browser(self, name: str) -> Client:
        """The browser of one of PEOPLE, newly signed in: some requests sign out."""
        if name in self.users:
            return self._sign_in(self.users[name])
        return cast(Client, self._app.test_client())

    def own_membership(self, name: str) -> int:
        """The membership of one of PEOPLE; for a stranger, another's."""
        user = self.users.get(name, self.users["outsider"])
        return db.session.scalars(select(Membership.id).where(Membership.user_id == user.id)).first() or 0

    def address(self, rule: str, name: str = "contributor") -> str:
        """The address for `rule`, about what one of PEOPLE wrote; for those who can't write, what another did."""
        owner = name if name in self.posts else "contributor"
        assignment = self.assignments[owner].get(rule.rpartition("/")[2], self.assignments[owner]["ending"])
        parts = {
            "number:role_id": self.role.id if re.search(r"edit|retirement|resumption", rule) else assignment.role_id,
            "number:assignment_id": assignment.id,
            "slug:slug": self.partnership.slug,
            "number:post_number": self.posts[owner].number,
            "number:number": self._number(rule, owner),
            "number:version": 1,
            "number:width": 480,
            "number:organisation_id": self._organisation_id(rule, owner),
            "number:indicator_number": self.indicator.number,
            "number:measurement_id": self.measurements[owner].id,
            "number:report_id": self.report.id,
            "number:user_id": self.users["outsider"].id,
            "number:session_id": 1,
            "number:mail_id": 1,
            "number:partnership_id": self.elsewhere.partnership.id,
            "number:invitation_id": self.invitation.id,
            "number:link_id": self.closed_link.id,
            "number:request_id": self.wanted.id,
            "token:token": self._token(rule),
            "token:batch": "0b0f1c9e-6f0c-4a53-9d0c-3a1c7a1f8a10",
            "number:membership_id": self.own_membership(name)
            if rule.startswith("/mem")
            else self.memberships["observer"].id,
        }
        return re.sub(r"<([^>]+)>", lambda match: str(parts[match[1]]), rule)

    def _number(self, rule: str, owner: str) -> int:
        """That of a comment, a post or a file; one's own file that is not shared yet is let go of."""
        if "/files/" in rule:
            return (self.uploads if rule.endswith("/discarding") else self.files)[owner].number
        return (self.comments if "/comments/" in rule else self.posts)[owner].number

    def _organisation_id(self, rule: str, owner: str) -> int:
        """One that may leave, the one that numbers are entered for, or another one."""
        if "/numbers/" in rule:
            return self.memberships[owner].organisation_id
        return self.partner_id if re.search("departure|side", rule) else self.organisation.id

    def _token(self, rule: str) -> str:
        if rule.startswith("/address-changes"):
            return address_changes_service.token(self.change, Mailbox.OLD)
        if rule.startswith("/unsubscribe"):
            return unsubscribe.token(self.users["outsider"])
        return invitations_service.token(self.invitation if rule.startswith("/inv") else self.link)


@pytest.fixture(scope="session")
def made() -> dict[str, World]:
    """The world that the worker's database keeps a copy of."""
    return {}


@pytest.fixture
def world(
    app: Workspace, sign_in: SignIn, database: Database, made: dict[str, World], request: pytest.FixtureRequest
) -> World:
    """Made once by each worker for each module that asks for it, and brought back as it was for each test."""
    name = f"world_of_{request.module.__name__.rpartition('.')[2]}"
    if not made:
        made["world"] = World(app, sign_in)
        note_key(app.settings.secret_key, ())
        note_worker()
        db.session.commit()
        database.keep(app, name)
        return made["world"]
    database.bring_back(app, name)
    again = copy(made["world"])
    keep_bytes()
    again.__dict__.update({name: read_again(value) for name, value in made["world"].__dict__.items()})
    return again


def read_again(value: Any) -> Any:
    """The same rows, in the session of this test."""
    if isinstance(value, dict):
        return {name: read_again(one) for name, one in value.items()}
    return db.session.get_one(type(value), inspect(value).identity) if isinstance(value, db.Model) else value


def send(browser: Client, route: Route, address: str, **options: Any) -> TestResponse:
    """Do what the route's link or form does."""
    if route.method == "GET":
        return browser.get(address, **options)
    return browser.submit(address, TYPED, **options)


def entitled(route: Route) -> tuple[str, ...]:
    """Those of PEOPLE whom the table lets in."""
    return {
        "public": PEOPLE,
        "by_its_address": PEOPLE,
        "signed_in": PEOPLE[1:],
        "administrators": ("administrator",),
        "members": LEVELS[LEVELS.index(LOWEST_LEVELS[route.action]) :] if route.action else (),
    }[route.who]


def expected(route: Route, name: str) -> str:
    """The answer that the table promises to one of PEOPLE."""
    if name in entitled(route):
        return "let in"
    if name == "anonymous":
        return "sent to sign in"
    return "told to lack the level" if route.who == "members" and name in LEVELS else "not found"


def told(route: Route, answer: TestResponse, *, htmx: bool) -> str:
    """What an answer comes to, in the words of `expected`; anything else as it is."""
    told_so = {404: "not found", 403: "told to lack the level"}
    if answer.headers.get("HX-Redirect", "").split("?")[0] == "/sign-in":
        return "sent to sign in" if htmx and answer.status_code == 204 else answer.status
    if answer.status_code == 303 and answer.location.split("?")[0] == "/sign-in" and route.rule != "/sign-out":
        return "sent to sign in" if not htmx and route.method == "GET" else answer.status
    if answer.status_code == 401:
        return "sent to sign in" if not htmx and route.method == "POST" else answer.status
    return "let in" if answer.status_code in IN[route.method] else told_so.get(answer.status_code, answer.status)


def snapshot() -> dict[str, list[Any]]:
    """Everything in the database."""
    tables = Base.metadata.sorted_tables
    found = {table.name: sorted(db.session.execute(select(table)).all(), key=repr) for table in tables}
    db.session.commit()
    return found


def kept_form(page: Page, address: str) -> dict[str, str | None]:
    """What the form sends that hands back what was typed for `address`."""
    (section,) = (section for section in page.all("section") if section.get("aria-labelledby") == "kept")
    form = section.find("form")
    assert form is not None
    assert form.get("action") == address
    return {str(field.get("name")): field.get("value") for field in form.iter("input")}


# The table and the app


def test_every_route_stands_in_the_table(app: Workspace) -> None:
    routes = {f"{method} {rule.rule}" for method, rule in rules(app)}
    assert routes - {str(route) for route in ROUTES} == set()


def test_every_line_of_the_table_is_a_route(app: Workspace) -> None:
    routes = {f"{method} {rule.rule}" for method, rule in rules(app)}
    assert {str(route) for route in ROUTES} - routes == set()


def test_every_view_declares_what_the_table_says(app: Workspace) -> None:
    said = {str(route): said_of(route) for route in ROUTES}
    found = {f"{method} {rule.rule}": declared(app, rule) for method, rule in rules(app)}
    assert {route: entrance for route, entrance in found.items() if said.get(route) != entrance} == {}


def test_every_action_needs_the_level_that_is_said_here() -> None:
    assert {action.value: level.value for action, level in permissions.MINIMUM_LEVEL.items()} == LOWEST_LEVELS
    assert {route.action for route in MEMBERS} <= set(LOWEST_LEVELS)


def test_every_part_of_an_address_is_typed(app: Workspace) -> None:
    untyped = {rule.rule for _, rule in rules(app) if re.search(r"<(?!slug:|number:|token:)", rule.rule)}
    assert untyped == set()


def test_every_address_is_in_kebab_case(app: Workspace) -> None:
    fixed = {rule.rule: re.sub(r"<[^>]+>", "x", rule.rule) for _, rule in rules(app)}
    kebab = re.compile(r"/|(/[a-z]+(-[a-z]+)*)+/?")
    assert {rule for rule, address in fixed.items() if not kebab.fullmatch(address)} == set()


def test_only_get_and_post_are_used(app: Workspace) -> None:
    assert {method for method, _ in rules(app)} == {"GET", "POST"}


def test_a_view_that_declares_nothing_keeps_the_app_from_starting(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    blueprint = Blueprint("pages", __name__)
    blueprint.add_url_rule("/open", "open", lambda: "Open to all")
    monkeypatch.setattr(views, "blueprint", blueprint)
    with pytest.raises(RuntimeError, match=r"pages\.open"):
        create_app(settings)


# Driven


@pytest.mark.slow  # The matrix holds the table, too, in each state of membership; here everybody does all in a row.
@pytest.mark.parametrize("htmx", [False, True], ids=["plain", "htmx"])
@pytest.mark.parametrize("name", PEOPLE)
@pytest.mark.either_database
def test_the_table_holds_for(name: str, htmx: bool, world: World) -> None:
    different = {}
    for route in ROUTES:
        answer = send(world.browser(name), route, world.address(route.rule, name), htmx=htmx)
        if told(route, answer, htmx=htmx) != expected(route, name):
            different[str(route)] = f"{answer.status}, not {expected(route, name)}"
    assert different == {}


@pytest.mark.parametrize("route", [route for route in ROUTES if route.who not in OPEN], ids=str)
@pytest.mark.either_database
def test_who_is_sent_to_sign_in_loses_nothing(route: Route, world: World) -> None:
    address = world.address(route.rule)
    plain = send(world.browser("anonymous"), route, address, headers={"Accept-Language": "en"})
    if route.method == "POST":
        form = Page(plain.text).form("/sign-in")
        assert {name: form[f"kept-{name}"] for name in TYPED} == TYPED
        assert form["kept_for"] == address
    elif address != "/":
        assert plain.location == f"/sign-in?next={address}"
    current = {"HX-Current-URL": "http://localhost/partnerships/x/?kind=progress"}
    htmx = send(world.browser("anonymous"), route, address, htmx=True, headers=current)
    assert htmx.headers["HX-Redirect"] == "/sign-in?next=/partnerships/x/%3Fkind%3Dprogress"
    assert htmx.data == b""


@pytest.mark.slow  # The matrix has each of these states, too.
@pytest.mark.parametrize("state", [MembershipState.REQUESTED, MembershipState.SUSPENDED, MembershipState.ENDED])
@pytest.mark.parametrize("htmx", [False, True], ids=["plain", "htmx"])
@pytest.mark.either_database
def test_a_membership_that_is_not_active_opens_nothing(state: MembershipState, htmx: bool, world: World) -> None:
    world.memberships["moderator"].state = state
    statuses = {
        str(route): send(
            world.browser("moderator"), route, world.address(route.rule, "moderator"), htmx=htmx
        ).status_code
        for route in MEMBERS
    }
    assert {route: status for route, status in statuses.items() if status != 404} == {}


@pytest.mark.parametrize(
    "htmx", [pytest.param(False, id="plain", marks=pytest.mark.slow), pytest.param(True, id="htmx")]
)
@pytest.mark.either_database
def test_an_archived_partnership_can_be_read_and_opened_again_only(htmx: bool, world: World) -> None:
    world.partnership.archived_at = world.partnership.created_at
    in_an_archive = {
        str(route): send(
            world.browser("moderator"), route, world.address(route.rule, "moderator"), htmx=htmx
        ).status_code
        for route in MEMBERS
        if route.rule != "/partnerships/<slug:slug>/reopening"
    }
    refused = {route for route, status in in_an_archive.items() if status == 409}
    refusing = {str(route) for route in MEMBERS if route.action not in ("read", "read_audit_log", "leave", "archive")}
    # The only moderator can't leave, in an archive or not; and nobody offers moderation there.
    members = "POST /partnerships/<slug:slug>/members"
    assert refused == refusing | {
        f"{members}/{each}" for each in ("leaving", "handover/acceptance", "handover/refusal")
    }
    assert set(in_an_archive.values()) <= {200, 204, 303, 409}


@pytest.mark.parametrize(
    ("name", "htmx", "language"),
    [
        ("outsider", True, "da"),
        ("administrator", False, "en"),
        pytest.param("outsider", False, "da", marks=pytest.mark.slow),
        pytest.param("outsider", False, "en", marks=pytest.mark.slow),
        pytest.param("outsider", True, "en", marks=pytest.mark.slow),
        pytest.param("administrator", False, "da", marks=pytest.mark.slow),
        pytest.param("administrator", True, "da", marks=pytest.mark.slow),
        pytest.param("administrator", True, "en", marks=pytest.mark.slow),
    ],
)
@pytest.mark.either_database
def test_a_foreign_partnership_and_a_missing_one_are_the_same(
    name: str, htmx: bool, language: str, world: World
) -> None:
    world.users[name].language = language
    browser = world.browser(name)
    seen = set()
    for route in MEMBERS:
        foreign = world.address(route.rule)
        missing = foreign.replace(world.partnership.slug, "findes-ikke-her")
        answers = [send(browser, route, address, htmx=htmx) for address in (foreign, missing)]
        seen |= {(answer.status, answer.data, headers_of(answer)) for answer in answers}
    assert len(seen) == 1, f"{len(seen)} different answers: {[(status, headers) for status, _, headers in seen]}"
    status, content, _ = seen.pop()
    assert status.startswith("404")
    for secret in ("genoptr", world.partnership.slug, "Mette", world.users[name].name, "csrf", "findes-ikke"):
        assert secret not in content.decode()


def headers_of(answer: TestResponse) -> tuple[tuple[str, str], ...]:
    """All but the id of the request, which is random."""
    return tuple(header for header in answer.headers if header[0] != "X-Request-ID")


@pytest.mark.parametrize(
    "method",
    [
        "HEAD",
        "OPTIONS",
        "PUT",
        *(pytest.param(method, marks=pytest.mark.slow) for method in ("PATCH", "DELETE", "POST", "GET")),
    ],
)
@pytest.mark.either_database
def test_no_method_tells_a_foreign_partnership_from_a_missing_one(method: str, world: World) -> None:
    browser = world.browser("outsider")
    browser.put("/")  # A first page with a form in it sets a cookie.
    for rule in sorted({route.rule for route in MEMBERS}):
        foreign = world.address(rule)
        missing = foreign.replace(world.partnership.slug, "findes-ikke-her")
        answers = [browser.open(address, method=method) for address in (foreign, missing)]
        told = {(answer.status, TOKEN.sub("", answer.text), headers_of(answer)) for answer in answers}
        assert len(told) == 1, rule


def test_what_another_partnership_holds_is_not_found_through_ones_own(world: World) -> None:
    browser, there = world.browser("outsider"), world.elsewhere.partnership.slug
    answers = {}
    for route in MEMBERS:
        if "<number:" in route.rule:
            foreign = world.address(route.rule).replace(world.partnership.slug, there)
            nowhere = re.sub(r"\d+", "9999", foreign)
            answers[str(route)] = [send(browser, route, address) for address in (foreign, nowhere)]
    assert {name: [answer.status_code for answer in both] for name, both in answers.items()} == {
        name: [404, 404] for name in answers
    }
    assert len({answer.data for both in answers.values() for answer in both}) == 1


def test_an_entry_that_made_no_post_is_no_post(world: World) -> None:
    browser = world.browser("moderator")
    for number in (1, world.comments["moderator"].number):
        assert browser.get(f"{world.partnership.address}posts/{number}").status_code == 404


def test_a_comment_is_only_found_on_its_own_post(world: World) -> None:
    browser = world.browser("moderator")
    elsewhere = world.posts["contributor"].number
    address = f"{world.partnership.address}posts/{elsewhere}/comments/{world.comments['moderator'].number}"
    assert {browser.get(f"{address}{ending}").status_code for ending in ("", "/edit", "/withdrawal")} == {404}
    assert {browser.submit(f"{address}{ending}").status_code for ending in ("/edit", "/withdrawal")} == {404}


def test_a_removed_member_is_out_at_once(world: World) -> None:
    browser = world.browser("contributor")
    assert browser.get(world.partnership.address).status_code == 200
    world.memberships["contributor"].state = MembershipState.ENDED
    assert browser.get(world.partnership.address).status_code == 404


def test_a_lowered_member_writes_no_more(world: World) -> None:
    browser = world.browser("contributor")
    world.memberships["contributor"].level = Level.OBSERVER
    assert browser.submit(f"{world.partnership.address}posts", TYPED).status_code == 403


def test_a_member_who_lacks_the_level_is_told_what_to_do(world: World) -> None:
    answer = world.browser("observer").submit(f"{world.partnership.address}posts", TYPED)
    assert answer.status_code == 403
    assert "A moderator of the partnership can change that." in Page(answer.text).text
    assert Page(answer.text).form(f"{world.partnership.address}posts").items() >= TYPED.items()


# A GET never writes


# The matrix sees on both databases that no GET of anybody is committed; this one looks at all that is stored.
@pytest.mark.parametrize("htmx", [False, True], ids=["plain", "htmx"])
@pytest.mark.slow
def test_no_get_changes_anything(htmx: bool, world: World) -> None:
    browsers = {name: world.browser(name) for name in PEOPLE}
    before = snapshot()
    for route in GETS:
        if route.rule == "/healthz/all":
            continue  # It tries whether the database can be written to.
        name = entitled(route)[-1]
        for query in ("", "?before=3&q=a&after=1&kind=progress&language=en&next=/"):
            assert browsers[name].get(world.address(route.rule, name) + query, htmx=htmx).status_code in (200, 303)
            assert browsers[name].head(world.address(route.rule, name) + query).status_code in (200, 303)
    after = snapshot()
    # What opening a page reads is noted after its answer, in a transaction of its own.
    del after["notice_position"], before["notice_position"]
    assert after == before


@pytest.fixture
def writing(settings: Settings, world: World) -> Iterator[tuple[Client, list[str]]]:
    """An app with views that write at a GET, in the browser of the moderator, and what became of the writing."""
    app, refusals = create_app(settings), list[str]()
    number = world.posts["moderator"].number

    def tried(write: Callable[[], object]) -> str:
        try:
            write()
        except (DBAPIError, RuntimeError) as refusal:
            refusals.append(str(refusal))
            raise
        return "written"

    def orm(membership: Membership) -> str:
        def write() -> None:
            membership.partnership.name = "Skrevet af en GET"
            db.session.flush()

        return tried(write)

    def sql(membership: Membership) -> str:
        return tried(lambda: db.session.execute(text("DELETE FROM comment")))

    def verb(membership: Membership) -> str:
        return tried(lambda: queries.post(membership, number).pin(membership))

    def at_commit(membership: Membership) -> str:
        db.session.add(Organisation(name="Skrevet til sidst", kind=OrganisationKind.OTHER))
        return "written"

    for view in (orm, sql, verb, at_commit):
        view.__name__ = view.__name__.replace("_", "-")
        app.add_url_rule(
            f"/partnerships/<slug:slug>/{view.__name__}",
            view.__name__,
            permissions.members_with(Action.READ)(view),
            methods=["GET", "POST"],
        )
    app.test_client_class = Client
    browser = cast(Client, app.test_client())
    with world.browser("moderator").session_transaction() as cookie, browser.session_transaction() as own:
        own.update(cookie)
    yield browser, refusals
    with app.app_context():
        db.engine.dispose()


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("view", ["orm", "sql", "verb", "at-commit"])
def test_a_get_that_tries_to_write_is_refused(
    view: str, method: str, world: World, writing: tuple[Client, list[str]]
) -> None:
    browser, refusals = writing
    before = snapshot()
    answer = browser.open(f"{world.partnership.address}{view}", method=method)
    if method != "OPTIONS":  # which Flask answers itself
        assert answer.status_code == 500
        assert "Traceback" not in answer.text
        readonly = r"readonly database|read-only transaction|A GET never writes"
        assert all(re.search(readonly, refusal) for refusal in refusals)
        assert len(refusals) == (view != "at-commit")
    assert snapshot() == before


def test_the_same_connection_writes_again_in_a_post(world: World, writing: tuple[Client, list[str]]) -> None:
    browser, refusals = writing
    assert browser.get(f"{world.partnership.address}sql").status_code == 500
    refusals.clear()
    assert browser.submit(f"{world.partnership.address}verb").text == "written"
    assert world.posts["moderator"].pinned_at is not None
    assert browser.get(f"{world.partnership.address}sql").status_code == 500


def test_a_view_that_was_added_later_and_declares_nothing_is_not_found(settings: Settings, app: Workspace) -> None:
    late = create_app(settings)
    late.add_url_rule("/late", "late", lambda: "Open to all")
    assert late.test_client().get("/late").status_code == 404
    with late.app_context():
        db.engine.dispose()


# Forms that are not ours


@pytest.mark.parametrize(
    "token", [None, "another's", *(pytest.param(one, marks=pytest.mark.slow) for one in ("", "forged"))]
)
@pytest.mark.either_database
def test_a_form_without_its_token_changes_nothing_and_comes_back_whole(token: str | None, world: World) -> None:
    sign_ins = {name: world.browser(name) for name in PEOPLE}
    forged = sign_ins["observer"].token() if token == "another's" else token
    fields = TYPED | ({} if forged is None else {"csrf_token": forged})
    before = snapshot()
    for route in POSTS:
        name = entitled(route)[-1]
        address = world.address(route.rule, name)
        answer = sign_ins[name].post(address, data=fields, headers={"Accept-Language": "en"})
        assert answer.status_code == 400, route
        page = Page(answer.text)
        assert "The page had been open for too long" in page.text, route
        kept = kept_form(page, address)
        assert kept.items() >= TYPED.items(), route
        assert kept["csrf_token"] != forged, route
        partial = sign_ins[name].post(address, data=fields, htmx=True)
        assert (partial.status_code, Page(partial.text).is_whole) == (400, False), route
    assert snapshot() == before


def test_what_came_back_can_be_sent_again(world: World) -> None:
    browser, address = world.browser("contributor"), f"{world.partnership.address}posts"
    refused = browser.post(address, data=TYPED | {"kind": "progress", "csrf_token": "forged"})
    sent = browser.post(address, data=Page(refused.text).form(address))
    assert sent.status_code == 303
    assert TYPED["title"] in browser.page(sent.location).text


def test_a_forged_header_is_no_token_either(world: World) -> None:
    browser, address = world.browser("contributor"), f"{world.partnership.address}posts"
    answer = browser.post(address, data=TYPED, htmx=True, headers={"X-CSRFToken": "forged"})
    assert answer.status_code == 400
    good = {"X-CSRFToken": browser.token()}
    assert browser.post(address, data=TYPED | {"kind": "progress"}, htmx=True, headers=good).status_code == 200


def test_a_form_from_another_site_is_not_carried_through_signing_in(world: World) -> None:
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}):
        answer = world.browser("anonymous").post(f"{world.partnership.address}posts", data=TYPED, headers=headers)
        assert (answer.status_code, answer.location) == (303, "/sign-in")
