"""Loads the demo story from story/*.toml, using the product's own verbs.

The same story makes the same rows with the same numbers on any day; only the dates depend on today.
"""

import tomllib
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import func, select, update

from workspace import clock, rich_text
from workspace.accounts import passwords
from workspace.accounts.models import User
from workspace.comments.models import Comment
from workspace.db import db
from workspace.demo import demo_accounts, story_dates, story_files, story_results
from workspace.mail import outbox
from workspace.members.invitations import list_reader, listed_people
from workspace.members.invitations import service as invitations_service
from workspace.members.join_requests import service as join_requests_service
from workspace.members.moderation import service as moderation_service
from workspace.members.reports import service as reports_service
from workspace.members.transfers import service as transfers_service
from workspace.organisations.models import Organisation, Side
from workspace.organisations.models import OrganisationKind as OrganisationKind
from workspace.partnerships import activity_log, creation, reading
from workspace.partnerships import service as partnerships_service
from workspace.partnerships.models import Membership, Partnership, Stage, Visibility
from workspace.permissions import Level
from workspace.posts import co_affected
from workspace.posts.models import Post, PostKind
from workspace.posts.reactions import ReactionKind, react
from workspace.results.models import Indicator
from workspace.roles import answers, endings, offers
from workspace.roles.assignments import AssignmentKind as Holder
from workspace.roles.assignments import RoleAssignment, is_held, waiting
from workspace.roles.models import Role

STORY = Path(__file__).parent / "story"
LAST_MAILS = timedelta(days=1)
NOT_PARTNERSHIPS = ("organisations", "people")
STARTED_AT = "08.00"

# The demo accounts have been away for some days, so that there is something new for them.
UNSEEN_WORKING_DAYS = 2

Event: TypeAlias = dict[str, Any]


class OthersAreHere(Exception):
    """The database already has people, so the story is not loaded into it."""


class StoryError(Exception):
    """The story has an error; the message says where."""


def is_loaded() -> bool:
    """Whether the database has the story's people."""
    first = demo_accounts.SIGN_INS[0][0]
    return db.session.scalar(select(User.id).where(User.email_key == first)) is not None


def load(report: Callable[[str], None] = lambda name: None) -> None:
    """Load the whole story or nothing; `report` is called with the name of each partnership.

    What was mailed in it lies in the past: only the mails of the last day are still sent, into the demo's mailbox.

    Raises OthersAreHere unless the database is without people.
    """
    if db.session.scalar(select(func.count()).select_from(User)):
        raise OthersAreHere
    now = clock.now()
    told = [_read(path.stem) for path in sorted(STORY.glob("*.toml")) if path.stem not in NOT_PARTNERSHIPS]
    first_day = max(partnership["started_days_ago"] for partnership in told)
    with clock.at(story_dates.moments([(first_day, STARTED_AT)], now)[0]):
        organisations = _organisations()
        people = _people(organisations)
    for partnership in told:
        report(partnership["name"])
        StoryPlayer(partnership, organisations, people).tell(now)
    db.session.execute(update(User).values(next_digest_at=now))  # The digests of the story went out long ago.
    outbox.mark_sent_before(now - LAST_MAILS)
    db.session.commit()


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((STORY / f"{name}.toml").read_text("utf-8"))


def _organisations() -> dict[str, Organisation]:
    """The organisations, by their keys in the story."""
    made = {
        told["key"]: Organisation(
            name=told["name"],
            kind=OrganisationKind(told["kind"]),
            cvr_number=told.get("cvr_number"),
            website=told.get("website", ""),
        )
        for told in _read("organisations")["organisation"]
    }
    db.session.add_all(made.values())
    db.session.flush()
    return made


def _people(organisations: dict[str, Organisation]) -> dict[str, User]:
    """The people, by their keys in the story, with the one password of the demo."""
    password_hash = passwords.hashed(demo_accounts.PASSWORD)
    made = {
        told["key"]: User(
            name=told["name"],
            email=told["email"],
            title=told.get("title", ""),
            organisation=organisations[told["organisation"]],
            is_administrator=told.get("administrator", False),
            password_hash=password_hash,
        )
        for told in _read("people")["person"]
    }
    db.session.add_all(made.values())
    db.session.flush()
    return made


def _rich_text(event: Event) -> rich_text.RichText:
    """The text of an event: HTML if it starts with an element, else plain text."""
    body = event["body"]
    return rich_text.from_html(body) if body.lstrip().startswith("<") else rich_text.from_plain(body)


class StoryPlayer:
    """Plays one partnership's part of the story."""

    def __init__(self, story: dict[str, Any], organisations: dict[str, Organisation], people: dict[str, User]) -> None:
        self.story = story
        self.slug: str = story["slug"]
        self.organisations = organisations
        self.people = people
        self.memberships: dict[str, Membership] = {}
        self.posts: dict[str, Post] = {}
        self.comments: dict[str, Comment] = {}
        self.roles: dict[str, Role] = {}
        self.indicators: dict[str, Indicator] = {}

    def tell(self, now: datetime) -> None:
        """Start the partnership, play its events, and set the bookmarks."""
        self.today: date = now.astimezone(story_dates.ZONE).date()
        self.now = now
        for event, moment in self._in_order(now):
            with clock.at(moment):
                try:
                    VERBS[event["do"]](self, event)
                except Exception as error:
                    where = ", ".join(f"{key} = {value!r:.60}" for key, value in event.items())
                    raise StoryError(f"{self.slug}.toml: {error!r} at {where}") from error
        self._mark_seen(story_dates.working_days_before(UNSEEN_WORKING_DAYS, now))

    def _in_order(self, now: datetime) -> Iterator[tuple[Event, datetime]]:
        start = {"do": "start", "by": self.story["started_by"], "days_ago": self.story["started_days_ago"]}
        told = [{"nth": nth, **event} for nth, event in enumerate(self.story["event"], 1)]
        told += [event for role in self.story.get("role", []) for event in _events_of_role(role)]
        told.sort(key=lambda event: (-event["days_ago"], event["time"]))
        events = [start | {"time": STARTED_AT}, *told]
        return zip(
            events,
            story_dates.moments([(event["days_ago"], event["time"]) for event in events], now),
            strict=True,
        )

    def start(self, event: Event) -> None:
        starter = self.people[event["by"]]
        partnership = creation.create(
            by=starter,
            name=self.story["name"],
            purpose=self.story["purpose"],
            goals=self.story["goals"],
            sides={
                self.organisations[told["organisation"]].id: Side(told["side"]) for told in self.story["participation"]
            },
            one_time_key=self.key("start"),
        )
        partnership.slug = self.slug
        partnership.stage = Stage(self.story["stage"])  # Where it was when it moved into Samspil.
        for participation in partnerships_service.participations(partnership).values():
            participation.accepted_at = clock.now()  # They all took part before it moved into Samspil.
        self.partnership: Partnership = partnership
        self.memberships[event["by"]] = db.session.scalars(
            select(Membership).where(Membership.partnership_id == partnership.id)
        ).one()

    def add(self, event: Event) -> None:
        person = self.people[event["person"]]
        membership = partnerships_service.add_person(self._by(event), person, Level(event["level"]))
        membership.accepted_at = clock.now()
        self.memberships[event["person"]] = membership

    def share(self, event: Event) -> None:
        key = event.get("key", f"post-{event['nth']}")
        self.posts[key] = Post.share(
            self._by(event),
            kind=PostKind(event["do"]),
            title=event["title"],
            body=_rich_text(event),
            one_time_key=self.key(event["nth"]),
            role=self.roles[event["role"]] if "role" in event else None,
            answer_by=self._day(event.get("answer_by_days")),
            moves=self.posts[event["moves"]].number if "moves" in event else None,
            files=story_files.of_event(self, event),
        )

    def comment(self, event: Event) -> None:
        post_number = self.posts[event["on"]].number
        comment = Comment.write(
            self._by(event),
            post_number,
            body=_rich_text(event),
            one_time_key=self.key(event["nth"]),
            files=story_files.of_event(self, event),
        )
        if "key" in event:
            self.comments[event["key"]] = comment

    def edit(self, event: Event) -> None:
        body = _rich_text(event)
        if "comment" in event:
            written = self.comments[event["comment"]]
            written.edit(self._by(event), body=body, version=written.version)
        else:
            post = self.posts[event["on"]]
            title = event.get("title", post.title)
            post.edit(self._by(event), title=title, body=body, version=post.version)

    def withdraw(self, event: Event) -> None:
        reason = event.get("reason", "")
        if "comment" in event:
            written = self.comments[event["comment"]]
            post = next(post for post in self.posts.values() if post.number == written.post_number)
            written.withdraw(self._by(event), post, reason)
        else:
            self.posts[event["on"]].withdraw(self._by(event), reason)

    def pin(self, event: Event) -> None:
        self.posts[event["on"]].pin(self._by(event))

    def unpin(self, event: Event) -> None:
        self.posts[event["on"]].unpin(self._by(event))

    def take(self, event: Event) -> None:
        post = self.posts[event["on"]]
        post.take(self._by(event), instead_of=post.assignee_id)

    def ask(self, event: Event) -> None:
        post = self.posts[event["on"]]
        post.ask(self._by(event), self.memberships[event["person"]], instead_of=post.assignee_id)

    def accept(self, event: Event) -> None:
        self.posts[event["on"]].accept(self._by(event))

    def decline(self, event: Event) -> None:
        self.posts[event["on"]].decline(self._by(event), event["note"])

    def solve(self, event: Event) -> None:
        solved_by = [self.posts[key].number for key in event.get("posts", [])]
        self.posts[event["on"]].solve(self._by(event), event["note"], solved_by)

    def park(self, event: Event) -> None:
        self.posts[event["on"]].park(self._by(event), event["note"], self._day(event.get("until_days")))

    def reopen(self, event: Event) -> None:
        self.posts[event["on"]].reopen(self._by(event), event["note"])

    def have_too(self, event: Event) -> None:
        co_affected.join(self.posts[event["on"]], self._by(event))

    def react(self, event: Event) -> None:
        post = self.posts[event["on"]]
        react(self._by(event), post, post.number, ReactionKind(event["reaction"]), given=True)

    def change_stage(self, event: Event) -> None:
        partnerships_service.change_stage(self._by(event), Stage(event["stage"]))

    def describe(self, event: Event) -> None:
        partnerships_service.update(
            self._by(event),
            name=event.get("name", self.partnership.name),
            purpose=event.get("purpose", self.partnership.purpose),
            goals=event.get("goals", self.partnership.goals),
            version=self.partnership.version,
        )

    def add_role(self, event: Event) -> None:
        key = event["key"]
        self.roles[key] = Role.add(
            self._by(event),
            name=event["name"],
            responsibility=event["responsibility"],
            one_time_key=self.key(f"role-{key}"),
        )

    def offer_role(self, event: Event) -> None:
        later = event.get("starts_in_days")
        offers.offer(
            self.roles[event["role"]],
            self._by(event),
            to=self.memberships[event["to"]],
            kind=Holder(event.get("as", "accountable")),
            notes=event.get("notes", "").strip(),
            starts_at=clock.now() + timedelta(days=later) if later else None,
            stays_as_helper=event.get("stays_as_helper", False),
        )

    def ask_for_role(self, event: Event) -> None:
        kind = Holder(event.get("as", "helper"))
        offers.ask(self.roles[event["role"]], self._by(event), kind=kind, notes=event.get("notes", "").strip())

    def accept_role(self, event: Event) -> None:
        answers.accept(self._waiting(event), self._by(event))

    def decline_role(self, event: Event) -> None:
        answers.decline(self._waiting(event), self._by(event), event["reason"])

    def leave_role(self, event: Event) -> None:
        role = self.roles[event["role"]]
        held = select(RoleAssignment).where(
            RoleAssignment.role_id == role.id, RoleAssignment.membership_id == self._by(event).id, is_held(clock.now())
        )
        endings.end(db.session.scalars(held).one(), self._by(event), event["reason"])

    def _waiting(self, event: Event) -> RoleAssignment:
        """What waits about a role for an answer by, or about, somebody."""
        person = self.memberships[event["about"] if "about" in event else event["by"]]
        role = self.roles[event["role"]]
        return next(assignment for assignment in waiting(role) if assignment.membership_id == person.id)

    def list_it(self, event: Event) -> None:
        join_requests_service.set_visibility(self._by(event), Visibility.LISTED)

    def request(self, event: Event) -> None:
        membership = join_requests_service.ask_to_join(self.people[event["person"]], self.partnership, event["words"])
        self.memberships[event["person"]] = membership

    def invite(self, event: Event) -> None:
        by = self._by(event)
        invitations_service.invite(
            by,
            listed_people.rows_of(list_reader.read(event["emails"]).people),
            level=Level(event["level"]),
            organisation_id=by.organisation_id,
            language="da",
            greeting=event.get("greeting", ""),
        )

    def suspend(self, event: Event) -> None:
        until = clock.now() + timedelta(days=event["in_days"])
        moderation_service.suspend(self._by(event), [self._membership_id(event)], until=until, reason=event["reason"])

    def remove(self, event: Event) -> None:
        moderation_service.remove(self._by(event), [self._membership_id(event)], reason=event["reason"])

    def end_on(self, event: Event) -> None:
        ends_at = self.now + timedelta(days=event["in_days"])
        moderation_service.end_on(self._by(event), self._membership_id(event), ends_at)

    def let_go(self, event: Event) -> None:
        organisation = self.organisations[event["organisation"]]
        transfers_service.end_participation(self._by(event), organisation.id, stay_for=None, reason=event["reason"])

    def report(self, event: Event) -> None:
        reports_service.report(self._by(event), self.posts[event["on"]], event["reason"])

    def _membership_id(self, event: Event) -> int:
        return self.memberships[event["person"]].id

    def _by(self, event: Event) -> Membership:
        return self.memberships[event["by"]]

    def _day(self, days: int | None) -> date | None:
        """The day that comes so many days after today."""
        return None if days is None else self.today + timedelta(days=days)

    def key(self, part: str | int) -> str:
        """The one-time key of a part of the story."""
        return str(uuid5(NAMESPACE_URL, f"{self.slug}/{part}"))

    def _mark_seen(self, before: datetime) -> None:
        """The fixed sign-ins have seen what was there at `before`, everybody else all."""
        seen = select(func.max(activity_log.Entry.number)).where(
            activity_log.Entry.partnership_id == self.partnership.id, activity_log.Entry.at < before
        )
        unread_from = db.session.scalar(seen) or 0
        fixed = [email for email, _ in demo_accounts.SIGN_INS]
        for membership in self.memberships.values():
            number = unread_from if membership.user.email in fixed else self.partnership.last_number
            reading.read_all(membership, number)
            membership.digested_number = membership.notices_after = membership.seen_number


def _events_of_role(role: Event) -> Iterator[Event]:
    """A role with its first holders: added, offered and accepted on one day."""
    when = {"days_ago": role["days_ago"], "time": role["time"]}
    yield {"do": "role", **role}
    holders = [(role["accountable"], "accountable")] if "accountable" in role else []
    for person, kind in holders + [(helper, "helper") for helper in role.get("helpers", [])]:
        offered = {"role": role["key"], **when}
        yield {"do": "offer-role", "by": role["by"], "to": person, "as": kind, **offered}
        yield {"do": "accept-role", "by": person, **offered}


VERBS: dict[str, Callable[[StoryPlayer, Event], None]] = {
    "start": StoryPlayer.start,
    "add": StoryPlayer.add,
    "progress": StoryPlayer.share,
    "challenge": StoryPlayer.share,
    "comment": StoryPlayer.comment,
    "edit": StoryPlayer.edit,
    "withdraw": StoryPlayer.withdraw,
    "pin": StoryPlayer.pin,
    "unpin": StoryPlayer.unpin,
    "take": StoryPlayer.take,
    "ask": StoryPlayer.ask,
    "accept": StoryPlayer.accept,
    "decline": StoryPlayer.decline,
    "solve": StoryPlayer.solve,
    "park": StoryPlayer.park,
    "reopen": StoryPlayer.reopen,
    "have-too": StoryPlayer.have_too,
    "react": StoryPlayer.react,
    "stage": StoryPlayer.change_stage,
    "purpose": StoryPlayer.describe,
    "role": StoryPlayer.add_role,
    "offer-role": StoryPlayer.offer_role,
    "ask-for-role": StoryPlayer.ask_for_role,
    "accept-role": StoryPlayer.accept_role,
    "decline-role": StoryPlayer.decline_role,
    "leave-role": StoryPlayer.leave_role,
    "list": StoryPlayer.list_it,
    "request": StoryPlayer.request,
    "invite": StoryPlayer.invite,
    "suspend": StoryPlayer.suspend,
    "remove": StoryPlayer.remove,
    "end": StoryPlayer.end_on,
    "let-go": StoryPlayer.let_go,
    "report": StoryPlayer.report,
    "indicator": story_results.add_indicator,
    "baseline": story_results.refer,
    "target": story_results.refer,
    "agree": story_results.agree,
    "count-otherwise": story_results.count_otherwise,
    "measure": story_results.measure,
    "correct": story_results.correct,
}
