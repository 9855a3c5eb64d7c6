"""A partnership with everybody around it who may or may not see it, each in one state of membership."""

from contextvars import copy_context
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from werkzeug.test import TestResponse

from tests.client import HTMX, Client
from tests.factories import Holder, Level, add_member, challenge, comment, hold, listed, make_role, make_user, share
from tests.test_routes import ROUTES, Route, SignIn, World
from workspace import Workspace, rich_text
from workspace.accounts.models import User
from workspace.db import db
from workspace.db.installation import note_key, note_worker
from workspace.members.invitations import service as invitations_service
from workspace.members.join_requests import service as join_requests_service
from workspace.members.models import Invitation, Verdict
from workspace.members.moderation import handover
from workspace.members.moderation import service as moderation_service
from workspace.members.reports import service as reports_service
from workspace.partnerships import service as partnerships_service
from workspace.partnerships.models import Membership, Visibility
from workspace.posts import co_affected
from workspace.posts.models import Post, PostKind
from workspace.roles import offers

STRANGERS = ("outsider", "colleague", "administrator")
MEMBERS = ("observer", "contributor", "author", "role holder", "moderator")
STATES = {
    "no membership": ("anonymous", *STRANGERS),
    "invited": (*STRANGERS, *MEMBERS),
    "requested": (*STRANGERS, *MEMBERS),
    "active": ("administrator", *MEMBERS),
    "suspended": ("administrator", *MEMBERS),
    "ended": ("administrator", *MEMBERS),
    "rejoined": ("administrator", *MEMBERS),
}
LEVELS = {"moderator": Level.MODERATOR, "contributor": Level.CONTRIBUTOR}
LEVELS |= dict.fromkeys(("author", "role holder"), Level.CONTRIBUTOR)
IN = ("active", "rejoined")
COOKIE = "samspil"


@dataclass
class Person:
    """One of the matrix: what they are, what their membership is, and the browser in which they are signed in."""

    kind: str
    state: str
    browser: Client
    user_id: int = 0
    email: str = ""
    addresses: dict[Route, str] = field(default_factory=dict)
    token: str = ""
    cookie: str = ""

    @property
    def level(self) -> Level | None:
        """What the membership may do at present."""
        return LEVELS.get(self.kind, Level.OBSERVER) if self.state in IN else None

    @property
    def word(self) -> str:
        """Begins every word that is this person's own."""
        return self.kind.replace(" ", "")

    def arrive(self) -> None:
        """Take a form's token, and remember the cookie; to arrive again is to have done nothing since."""
        if not self.token:
            self.token = self.browser.token()
            cookie = self.browser.get_cookie(COOKIE)
            self.cookie = cookie.value if cookie else ""

    def send(self, route: Route, typed: dict[str, str], *, htmx: bool) -> TestResponse:
        """Do what the route's link or form does, in the browser as it was on arrival. Nothing looks at the page."""
        self.browser.set_cookie(COOKIE, self.cookie)
        options: dict[str, Any] = {"method": route.method, "headers": HTMX if htmx else {}}
        if route.method == "POST":
            options["data"] = typed | {"csrf_token": self.token}
        answer: TestResponse = copy_context().run(self.browser._open, self.addresses[route], **options)
        return answer

    def __str__(self) -> str:
        return f"{self.kind}, {self.state}"


class Place(World):
    """The world of the routes, around which all of `STATES[state]` stand. What addresses name is the author's."""

    def __init__(self, app: Workspace, sign_in: SignIn, state: str) -> None:
        super().__init__(app, sign_in)
        self.state = state
        self.moderator = self.memberships["moderator"]
        sign_in(self.moderator.user)  # The session that addresses name is nobody's of the matrix.
        self._write()
        self._fill_elsewhere()
        self.invitations: dict[str, int] = {}
        self.slug = self.partnership.slug
        self.people = [self._person(kind) for kind in STATES[state]]
        note_key(app.settings.secret_key, ())
        note_worker()

    def archive(self) -> None:
        """Let the partnership only be read from now on."""
        partnerships_service.archive(self.moderator)
        db.session.commit()

    def _write(self) -> None:
        """What was said in passing: it stands in the log."""
        partnerships_service.update(self.moderator, name="Digital genoptræning nu", purpose="Før", goals=[3], version=1)
        parked = Post.share(self.moderator, **_text("challenge"))
        parked.park(self.moderator, "Vi venter")
        withdrawn = Post.share(self.moderator, **_text("progress"))
        withdrawn.withdraw(self.moderator, "Det var forkert")
        withdrawn = share(self.memberships["contributor"], "Et navn, der ikke hører til her")
        self.withdrawn = reports_service.report(self.memberships["observer"], withdrawn, "Et navn")
        reports_service.answer(self.moderator, self.withdrawn.id, Verdict.WITHDRAWN, "Et navn")
        handover.offer(self.moderator, self.memberships["contributor"].id)
        self.posts["contributor"].role_id = self.role.id
        db.session.commit()

    def _fill_elsewhere(self) -> None:
        """The same kinds of things in the other partnership, where nobody of the matrix is."""
        by, there = self.elsewhere, self.elsewhere.partnership
        member, guest = add_member(by), make_user(organisation=by.organisation)
        join_requests_service.join(
            join_requests_service.open_link(by, level=Level.OBSERVER, hours=2, most_uses=5), guest
        )
        join_requests_service.ask_to_join(make_user(), there, "Må jeg være med?")
        invite(by, "et.andet@sted.dk")
        pinned, taken = challenge(by), challenge(member)
        pinned.pin(by)
        co_affected.join(pinned, member)
        reports_service.report(member, pinned, "Et CPR-nummer")
        taken.ask(by, member)
        taken.accept(member)
        comment(taken, by)
        share(member, moves=taken.number)
        taken.solve(member, "Sådan")
        challenge(by).ask(by, member)
        share(by, body=f"Hvad siger du, @{member.user.name}?")
        roles = [make_role(by) for _ in range(4)]
        hold(roles[0], by, by)
        hold(roles[0], member, by)  # It is handed over.
        offers.offer(roles[1], by, to=member, kind=Holder.ACCOUNTABLE)
        offers.ask(roles[2], member, kind=Holder.HELPER)
        taken.role_id = roles[0].id
        db.session.commit()

    def _person(self, kind: str) -> Person:
        """Somebody of that kind, brought into the state by the verbs that bring people there."""
        if kind == "anonymous":
            browser = self._app.test_client()
            assert isinstance(browser, Client)
            return self._known(Person(kind, self.state, browser), None)
        user = self._user(kind)
        membership = self._membership(kind, user) if kind in MEMBERS or self.state in STATES_WITH_SEATS else None
        self._bring(kind, user, membership)
        db.session.commit()
        return self._known(Person(kind, self.state, self._sign_in(user), user.id, user.email), user)

    def _user(self, kind: str) -> User:
        if kind == "author":
            return self.memberships["contributor"].user
        organisation = self.moderator.organisation if kind == "colleague" else None
        administers = kind == "administrator"
        return make_user(f"Prøve {kind}", organisation, language="en", is_administrator=administers)

    def _membership(self, kind: str, user: User) -> Membership:
        if kind == "author":
            return self.memberships["contributor"]
        membership = add_member(self.moderator, user, LEVELS.get(kind, Level.OBSERVER))
        if kind == "role holder":
            hold(self.role, membership, self.moderator)
        return membership

    def _bring(self, kind: str, user: User, membership: Membership | None) -> None:
        by = self.moderator
        if membership and self.state == "suspended":
            moderation_service.suspend(by, [membership.id], until=None, reason="Ferie", confirmed=True)
        elif membership and self.state != "active":
            moderation_service.remove(by, [membership.id], reason="Ny stilling", confirmed=True)
        if membership and self.state == "rejoined":
            partnerships_service.add_person(by, user, LEVELS.get(kind, Level.OBSERVER))
        if self.state == "invited":
            made = invite(by, user.email)
            self.invitations[kind] = made.id
        if self.state == "requested":
            join_requests_service.set_visibility(by, Visibility.LISTED)
            asked = join_requests_service.ask_to_join(user, self.partnership, "Må jeg være med?")
            join_requests_service.ask_back(by, asked.id, "Hvem er du?")
            asked.level = LEVELS.get(kind, Level.OBSERVER)  # What it would be must not count before it is.
            join_requests_service.set_visibility(by, Visibility.HIDDEN)

    def _known(self, person: Person, user: User | None) -> Person:
        """With all addresses, so that nothing has to be read between two requests."""
        person.addresses = self._addresses | self._own_addresses(person, user)
        return person

    @cached_property
    def _addresses(self) -> dict[Route, str]:
        """About what the author wrote."""
        try:
            return {route: self._address(route.rule) for route in ROUTES}
        except KeyError as missing:
            raise AssertionError(f"World.address (tests/test_routes.py) does not know {missing}") from None

    def _address(self, rule: str) -> str:
        if rule.endswith("/reports/<number:report_id>/text"):
            return self.address(rule.replace("<number:report_id>", str(self.withdrawn.id)))
        return self.address(rule)

    def _own_addresses(self, person: Person, user: User | None) -> dict[Route, str]:
        """About one's own membership and invitation, where there is one."""
        membership = user and db.session.query(Membership).filter_by(partnership=self.partnership, user=user).first()
        invitation = self.invitations.get(person.kind)
        token = invitation and invitations_service.token(db.session.get_one(Invitation, invitation))
        own: dict[Route, str] = {}
        for route in ROUTES:
            if route.rule.startswith("/memberships/") and membership:
                own[route] = route.rule.replace("<number:membership_id>", str(membership.id))
            elif route.rule.startswith("/invitations/") and token:
                own[route] = route.rule.replace("<token:token>", token)
        return own

    def has_membership(self, person: Person) -> bool:
        """Whether there is a row for this person, whatever its state."""
        return person.kind in MEMBERS or person.state not in ("no membership", "invited")


def invite(by: Membership, email: str) -> Invitation:
    """Invite one address, with a greeting."""
    rows, organisation_id = listed(email), by.organisation_id
    about: dict[str, Any] = {"level": Level.OBSERVER, "language": "en", "greeting": "Kom med"}
    [made] = invitations_service.invite(by, rows, organisation_id=organisation_id or 0, **about)
    return made


STATES_WITH_SEATS = ("active", "suspended", "ended", "rejoined")


def _text(kind: str) -> dict[str, Any]:
    return {
        "kind": PostKind(kind),
        "title": "Et opslag",
        "body": rich_text.from_plain("Det, der skete."),
        "one_time_key": f"key of {kind}",
    }
