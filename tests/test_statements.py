"""What a page asks the database: the same with a thousand posts as with ten, in two partnerships as in 200."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import insert

from tests.client import Client
from tests.factories import Level, OrganisationKind, Side, Stage, add_member, make_user, start_partnership
from workspace.accounts.models import User
from workspace.comments.models import Comment
from workspace.comments.verbs import COMMENTED
from workspace.db import db
from workspace.i18n import danish
from workspace.organisations.models import Organisation
from workspace.partnerships import reading
from workspace.partnerships.activity_log import Entry, record
from workspace.partnerships.models import Membership, MembershipState, Participation, Partnership
from workspace.partnerships.verbs import JOINED, STARTED, Verb
from workspace.posts.models import Post, PostKind
from workspace.posts.verbs import SHARED_PROGRESS

Statements = Callable[[], AbstractContextManager[list[str]]]

MOST = 9
# For the transaction in which an opened post becomes read.
MOST_TO_READ = 12
MOST_WITH_WHAT_WAITS = 16  # the overview, which also says what waits for its reader, and who invites them
BEGIN = datetime(2026, 1, 5, 8, tzinfo=UTC)


class Reader:
    """Somebody who reads what another writes in the same partnerships, all of it new to them."""

    def __init__(self, sign_in: Callable[[User], Client], statements: Statements) -> None:
        self.author = make_user("Mette Lindholm Krag")
        self.membership = add_member(start_partnership("Digital genoptræning", by=self.author))
        self.partnership = self.membership.partnership
        self.browser = sign_in(self.membership.user)
        self._statements = statements

    def asks(self, address: str, *, htmx: bool = False) -> int:
        """How many statements the page at `address` takes."""
        with self._statements() as asked:
            answer = self.browser.get(address, htmx=htmx)
        assert answer.status_code == 200, f"{address} answered {answer.status}"
        return len(asked)

    def asks_each(self, *addresses: str) -> dict[str, int]:
        """How many statements each page takes, plain and HTMX."""
        place = {"home": self.partnership.address, "last": self.partnership.last_number}
        return {
            f"{address} {htmx=}": self.asks(address.format(**place), htmx=htmx)
            for address in addresses
            for htmx in (False, True)
        }


@pytest.fixture
def reader(sign_in: Callable[[User], Client], statements: Statements) -> Reader:
    return Reader(sign_in, statements)


def author_of(partnership: Partnership) -> int:
    """The membership of the one who writes: the first moderator."""
    memberships = db.session.query(Membership.id).filter_by(partnership_id=partnership.id)
    return int(memberships.order_by(Membership.id).limit(1).scalar())


def add_posts(partnership: Partnership, count: int, *, comments: int = 0) -> int:
    """Rows as by so many posts of the moderator, the first of them with `comments`; the number of that one."""
    author, number = author_of(partnership), partnership.last_number
    entries: list[dict[str, Any]] = []
    posts: list[dict[str, Any]] = []
    remarks: list[dict[str, Any]] = []

    def written(at: int) -> dict[str, Any]:
        return {
            "partnership_id": partnership.id,
            "number": at,
            "author_id": author,
            "body_html": f"<p>Tekst {at} med æøå.</p>",
            "body_text": f"Tekst {at} med æøå.",
            "one_time_key": str(uuid4()),
            "created_at": BEGIN + timedelta(minutes=at),
        }

    before = partnership.text_count

    def entry(at: int, verb: Verb, post: int) -> None:
        entries.append(
            {
                "partnership_id": partnership.id,
                "number": at,
                "verb": verb,
                "actor_id": author,
                "post_number": post,
                "details": {},
                "stands": True,
                "text_count": before + len(entries) + 1,
                "at": BEGIN + timedelta(minutes=at),
            }
        )

    for place in range(count):
        number += 1
        first = number
        entry(number, SHARED_PROGRESS, first)
        posts.append(
            written(number) | {"kind": list(PostKind)[place % 2], "title": f"Opslag {number}", "comment_count": 0}
        )
        if place == 0:
            for _ in range(comments):
                number += 1
                entry(number, COMMENTED, first)
                remarks.append(written(number) | {"post_number": first})
            posts[-1]["comment_count"] = comments
        posts[-1] |= {"activity_number": number, "activity_at": BEGIN + timedelta(minutes=number)}
    first = posts[0]["number"]
    for model, rows in ((Entry, entries), (Post, posts), (Comment, remarks)):
        if rows:
            db.session.execute(insert(model), rows)
    partnership.last_number = number
    partnership.last_activity_at = BEGIN + timedelta(minutes=number)
    partnership.text_count = before + len(entries)
    db.session.query(Membership).filter_by(id=author).update({"known_texts": Membership.known_texts + len(entries)})
    db.session.commit()
    return int(first)


def add_partnerships(reader: Reader, count: int) -> None:
    """Rows as by so many further partnerships of the reader, each started by the author, who shared a post there."""
    begin = db.session.query(Partnership).count() + 1
    for number in range(begin, begin + count):
        partnership = Partnership(
            name=f"Partnerskab {number}",
            slug=f"partnerskab-{number}",
            purpose="Et formål.",
            stage=list(Stage)[number % 5],
            started_by_id=reader.author.id,
            one_time_key=str(uuid4()),
            last_number=1,
            last_activity_at=BEGIN,
        )
        db.session.add(partnership)
        db.session.flush()
        for user, level in ((reader.author, Level.MODERATOR), (reader.membership.user, Level.CONTRIBUTOR)):
            db.session.add(
                Membership(
                    partnership_id=partnership.id,
                    user_id=user.id,
                    organisation_id=user.organisation_id,
                    level=level,
                )
            )
            db.session.add(
                Participation(
                    partnership_id=partnership.id, organisation_id=user.organisation_id, side=Side.MUNICIPALITIES
                )
            )
        db.session.flush()
        db.session.add(
            Entry(
                partnership_id=partnership.id,
                number=1,
                verb=STARTED,
                actor_id=author_of(partnership),
                at=BEGIN,
            )
        )
        db.session.flush()
        add_posts(partnership, 2)


def add_members(reader: Reader, count: int) -> None:
    """Rows as by so many further members, each of an organisation of their own that takes part."""
    for number in range(count):
        name = f"Organisation {count}-{number}"
        organisation = Organisation(name=name, kind=OrganisationKind.INSTITUTION)
        user = User(name=f"Person {name}", email=f"{danish.slug(name)}@example.dk", organisation=organisation)
        db.session.add_all([organisation, user])
        db.session.flush()
        part = {"partnership_id": reader.partnership.id, "organisation_id": organisation.id}
        db.session.add(Participation(**part, side=Side.OTHERS))
        membership = Membership(**part, user_id=user.id, level=Level.OBSERVER, state=MembershipState.ACTIVE)
        db.session.add(membership)
        db.session.flush()
        record(reader.partnership, JOINED, actor=membership, subject=membership, level="observer")
    db.session.commit()


def test_the_sign_in_page_asks_nothing(client: Client, statements: Statements) -> None:
    with statements() as asked:
        assert client.get("/sign-in?next=/partnerships/x/").status_code == 200
        assert client.get("/privacy").status_code == 200
        assert client.get("/findes-ikke").status_code == 404
        assert client.get("/partnerships/x/").status_code == 303
    assert asked == []


def assert_bounded(asked: dict[str, int]) -> None:
    """No page asks more than it may."""
    beyond = {
        page: count
        for page, count in asked.items()
        if count > (MOST_WITH_WHAT_WAITS if page.startswith("/ ") else MOST)
    }
    assert beyond == {}


def test_a_page_asks_the_same_with_a_thousand_posts_as_with_ten(reader: Reader) -> None:
    addresses = ("/", "{home}", "{home}?kind=challenge", "{home}?before={last}", "{home}about", "/partnerships")
    add_posts(reader.partnership, 10)
    few = reader.asks_each(*addresses)
    add_posts(reader.partnership, 990)
    assert reader.asks_each(*addresses) == few
    assert_bounded(few)


def test_a_post_asks_the_same_with_a_thousand_comments_as_with_ten(reader: Reader) -> None:
    few, many = (add_posts(reader.partnership, 1, comments=count) for count in (10, 1000))
    reading.read_all(reader.membership, reader.partnership.last_number)
    for htmx in (False, True):
        posts = f"{reader.partnership.address}posts"
        asked = reader.asks(f"{posts}/{few}", htmx=htmx)
        assert reader.asks(f"{posts}/{many}", htmx=htmx) == asked <= MOST
        older = reader.asks(f"{posts}/{few}?before={few + 5}", htmx=htmx)
        assert reader.asks(f"{posts}/{many}?before={many + 500}", htmx=htmx) == older <= MOST


def test_opening_what_is_new_asks_the_same_with_a_thousand_comments_as_with_ten(reader: Reader) -> None:
    few, many = (add_posts(reader.partnership, 1, comments=count) for count in (10, 1000))
    posts = f"{reader.partnership.address}posts"
    asked = reader.asks(f"{posts}/{many}")
    assert reader.membership.unread == 11
    assert reader.asks(f"{posts}/{few}") == asked <= MOST + MOST_TO_READ
    assert reader.membership.unread == 0


@pytest.mark.either_database
def test_a_page_asks_the_same_in_two_hundred_partnerships_as_in_two(reader: Reader) -> None:
    later = "1767603600000000"
    addresses = ("/", f"/?before={later}.99.99", "/partnerships", f"/partnerships?before={later}.99", "{home}")
    add_posts(reader.partnership, 10)
    add_partnerships(reader, 1)
    few = reader.asks_each(*addresses)
    add_partnerships(reader, 198)
    assert reader.asks_each(*addresses) == few
    assert_bounded(few)


def test_a_page_asks_the_same_with_many_members_and_organisations_as_with_few(reader: Reader) -> None:
    addresses = ("/", "{home}", "{home}about", "{home}people?q=person", "{home}edit", "/partnerships")
    reader.membership.level = Level.MODERATOR
    add_posts(reader.partnership, 3)
    add_members(reader, 3)
    few = reader.asks_each(*addresses)
    add_members(reader, 60)
    assert reader.asks_each(*addresses) == few
    assert_bounded(few)


def test_sharing_asks_the_same_with_a_thousand_posts_as_with_ten(reader: Reader, statements: Statements) -> None:
    address = f"{reader.partnership.address}posts"

    def asked(htmx: bool) -> int:
        fields = {"kind": "progress", "title": "Nyt", "body": "Tekst", "csrf_token": reader.browser.token()}
        with statements() as heard:
            assert reader.browser.post(address, data=fields, htmx=htmx).status_code == (200 if htmx else 303)
        return len(heard)

    add_posts(reader.partnership, 10)
    few = asked(False), asked(True)
    add_posts(reader.partnership, 990)
    assert (asked(False), asked(True)) == few


def test_marking_everything_as_read_asks_a_few_for_each_partnership_shown(
    reader: Reader, statements: Statements
) -> None:
    add_partnerships(reader, 30)
    token = reader.browser.token()
    form = reader.browser.page("/").form("/seen")
    with statements() as heard:
        assert reader.browser.post("/seen", data=form | {"csrf_token": token}).status_code == 303
    assert len(heard) <= 6 * 20


def test_nothing_read_counts_the_log(reader: Reader, statements: Statements) -> None:
    """What is new is a subtraction, never a count of all that is new."""
    add_posts(reader.partnership, 30)
    with statements() as heard:
        reader.browser.get("/partnerships")
    assert not [statement for statement in heard if "count(" in statement.lower() and "entry" in statement.lower()]


def test_the_rows_of_these_tests_are_as_the_product_makes_them(reader: Reader) -> None:
    add_posts(reader.partnership, 10, comments=3)
    number, entries = reader.partnership.last_number, db.session.query(Entry.number)
    of_this = entries.filter_by(partnership_id=reader.partnership.id).order_by(Entry.number)
    assert [row.number for row in of_this] == list(range(1, number + 1))
    assert reader.membership.unread == number - reader.membership.seen_number == 13
    author = db.session.get(Membership, author_of(reader.partnership))
    assert author is not None
    assert author.unread == 0


def test_a_page_of_twenty_shows_twenty_of_a_thousand(reader: Reader) -> None:
    add_posts(reader.partnership, 60)
    for address in (reader.partnership.address, "/"):
        assert len(reader.browser.page(address).all("article")) == 20
