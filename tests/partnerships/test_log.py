"""The log under many hands: no gap, no double number, and never two who both succeed where one may."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier
from uuid import uuid4

import pytest
from flask_babel import force_locale
from sqlalchemy import func, select

from tests.factories import (
    Level,
    add_member,
    challenge,
    comment,
    make_organisation,
    make_user,
    share,
    start_partnership,
)
from workspace import Workspace, rich_text
from workspace.accounts.models import User
from workspace.comments.models import Comment
from workspace.comments.verbs import COMMENTED
from workspace.db import db
from workspace.db.transactions import begin_request
from workspace.organisations.models import Side
from workspace.partnerships import creation
from workspace.partnerships import service as partnerships_service
from workspace.partnerships.activity_log import Entry
from workspace.partnerships.models import Membership, Partnership, Stage
from workspace.partnerships.reading import read_all, read_post
from workspace.partnerships.verbs import CHANGED_STAGE, JOINED, Verb
from workspace.permissions import Conflict
from workspace.posts.authored_text import StaleText
from workspace.posts.models import Post, PostKind
from workspace.posts.verbs import EDITED, SHARED_PROGRESS, WITHDREW

WRITERS = 16
EACH = 6
TEXT = rich_text.from_plain("Det virker.")

Work = Callable[[], object]


@contextmanager
def a_request(app: Workspace) -> Iterator[None]:
    """What a thread that answers a request stands in: it reads first, and writes when a verb says so."""
    with app.app_context(), force_locale("en"):
        begin_request(reads_only=False)
        yield


def at_once(app: Workspace, *works: Work) -> list[Exception | None]:
    """Let requests do their work at the same moment, each in a transaction of its own; what each was refused with."""
    db.session.commit()
    barrier = Barrier(len(works))

    def answer(work: Work) -> Exception | None:
        with a_request(app):
            db.session.scalar(select(func.count()).select_from(Entry))  # What it reads is from before.
            barrier.wait(20)
            try:
                work()
                db.session.commit()
            except Exception as refusal:
                db.session.rollback()
                return refusal
        return None

    with ThreadPoolExecutor(len(works)) as threads:
        return list(threads.map(answer, works))


def numbers(partnership: Partnership) -> list[int]:
    """The numbers of the log, ascending."""
    return list(
        db.session.scalars(select(Entry.number).where(Entry.partnership_id == partnership.id).order_by(Entry.number))
    )


def times(partnership: Partnership, verb: Verb) -> int:
    """How often the log says `verb`."""
    entries = select(func.count()).where(Entry.partnership_id == partnership.id, Entry.verb == verb)
    return db.session.scalar(entries) or 0


def writes(membership_id: int, post_number: int) -> Work:
    """A member who shares, comments, and edits what they shared, over and over."""

    def work() -> None:
        membership = db.session.get_one(Membership, membership_id)
        for _ in range(EACH // 3):
            own = Post.share(membership, kind=PostKind.PROGRESS, title="Nyt", body=TEXT, one_time_key=str(uuid4()))
            db.session.commit()
            begin_request(reads_only=False)
            Comment.write(membership, post_number, body=TEXT, one_time_key=str(uuid4()))
            db.session.commit()
            begin_request(reads_only=False)
            own.edit(membership, title="Rettet", body=TEXT, version=own.version)
            db.session.commit()
            begin_request(reads_only=False)

    return work


def test_sixteen_writers_leave_no_gap_and_no_double_number(app: Workspace) -> None:
    moderator = start_partnership()
    organisation = make_organisation()
    memberships = [add_member(moderator, make_user(organisation=organisation)) for _ in range(WRITERS)]
    post = share(moderator)
    before = moderator.partnership.last_number

    refusals = at_once(app, *[writes(membership.id, post.number) for membership in memberships])

    assert refusals == [None] * WRITERS
    partnership = moderator.partnership
    assert partnership.last_number == before + WRITERS * EACH
    assert numbers(partnership) == list(range(1, partnership.last_number + 1))
    assert post.comment_count == WRITERS * EACH // 3
    assert post.activity_number == max(db.session.scalars(select(Entry.number).where(Entry.post_number == post.number)))
    texts = len([verb for verb in db.session.scalars(select(Entry.verb)) if verb.makes_text])
    assert partnership.text_count == texts
    assert {membership.unread for membership in memberships} == {texts - 2 * EACH // 3}


def test_activity_never_runs_back(app: Workspace) -> None:
    moderator = start_partnership()
    memberships = [moderator, add_member(moderator), add_member(moderator)]
    at_once(app, *[writes(membership.id, share(moderator).number) for membership in memberships])
    found = db.session.execute(select(Post.activity_number, Post.activity_at)).all()
    assert sorted(found, key=lambda post: post[0]) == sorted(found, key=lambda post: (post[1], post[0]))
    assert max(found)[1] == moderator.partnership.last_activity_at


def test_withdrawing_at_once_happens_once(app: Workspace) -> None:
    moderator = start_partnership()
    author = add_member(moderator)
    post = share(author)
    key, ids = (post.partnership_id, post.number), (author.id, moderator.id)

    def withdraws(membership_id: int) -> Work:
        return lambda: db.session.get_one(Post, key).withdraw(db.session.get_one(Membership, membership_id), "")

    assert at_once(app, *map(withdraws, ids * 2)) == [None] * 4
    assert post.is_withdrawn
    assert times(moderator.partnership, WITHDREW) == 1


def test_withdrawing_a_comment_at_once_counts_once(app: Workspace) -> None:
    moderator = start_partnership()
    post = share(moderator)
    key = comment(post, moderator).number
    comment(post, moderator)
    partnership_id, number, membership_id = post.partnership_id, post.number, moderator.id

    def withdraw() -> None:
        found = db.session.get_one(Post, (partnership_id, number))
        written = db.session.get_one(Comment, (partnership_id, key))
        written.withdraw(db.session.get_one(Membership, membership_id), found)

    assert at_once(app, withdraw, withdraw, withdraw) == [None] * 3
    assert post.comment_count == 1
    assert times(moderator.partnership, WITHDREW) == 1


def test_of_two_who_pin_the_last_place_one_is_refused(app: Workspace) -> None:
    moderator = start_partnership()
    other = add_member(moderator, level=Level.MODERATOR)
    pinned = [share(moderator) for _ in range(2)]
    for post in pinned:
        post.pin(moderator)
    places = [(post.partnership_id, post.number) for post in (share(moderator), share(moderator))]
    memberships = (moderator.id, other.id)

    def pins(place: tuple[int, int], membership_id: int) -> Work:
        return lambda: db.session.get_one(Post, place).pin(db.session.get_one(Membership, membership_id))

    refusals = at_once(app, *map(pins, places, memberships))
    assert sorted(type(refusal) for refusal in refusals if refusal) == [Conflict]
    assert db.session.scalar(select(func.count()).where(Post.pinned_at.is_not(None))) == 3


def test_of_two_edits_of_one_version_one_is_stale(app: Workspace) -> None:
    author = start_partnership()
    post = share(author)
    key, membership_id = (post.partnership_id, post.number), author.id

    def edits(title: str) -> Work:
        def work() -> None:
            found = db.session.get_one(Post, key)
            found.edit(db.session.get_one(Membership, membership_id), title=title, body=TEXT, version=1)

        return work

    refusals = at_once(app, edits("Den ene"), edits("Den anden"))
    assert [type(refusal) for refusal in refusals if refusal] == [StaleText]
    assert post.version == 2
    assert times(author.partnership, EDITED) == 1


def test_a_form_that_is_sent_twice_at_once_makes_one_post_and_one_comment(app: Workspace) -> None:
    author = start_partnership()
    post = challenge(author)
    post_number, membership_id, one_time_key = post.number, author.id, str(uuid4())

    def shares() -> None:
        membership = db.session.get_one(Membership, membership_id)
        Post.share(membership, kind=PostKind.PROGRESS, title="Nyt", body=TEXT, one_time_key=one_time_key)

    def comments() -> None:
        membership = db.session.get_one(Membership, membership_id)
        Comment.write(membership, post_number, body=TEXT, one_time_key=one_time_key)

    assert at_once(app, shares, comments, shares, comments, shares) == [None] * 5
    assert times(author.partnership, SHARED_PROGRESS) == 1
    assert times(author.partnership, COMMENTED) == post.comment_count == 1


def test_a_stage_that_two_choose_at_once_changes_once(app: Workspace) -> None:
    moderator = start_partnership()
    membership_id = moderator.id

    def move() -> None:
        partnerships_service.change_stage(db.session.get_one(Membership, membership_id), Stage.TRIAL)

    assert at_once(app, move, move, move) == [None] * 3
    assert times(moderator.partnership, CHANGED_STAGE) == 1


def test_a_person_whom_two_add_at_once_gets_one_membership(app: Workspace) -> None:
    moderator = start_partnership()
    user = make_user(organisation=moderator.organisation)
    membership_id, user_id = moderator.id, user.id

    def add() -> None:
        by, person = db.session.get_one(Membership, membership_id), db.session.get_one(User, user_id)
        partnerships_service.add_person(by, person, Level.OBSERVER)

    assert at_once(app, add, add, add) == [None] * 3
    assert times(moderator.partnership, JOINED) == 1


def test_a_partnership_that_is_started_twice_at_once_is_one(app: Workspace) -> None:
    user = make_user()
    user_id, organisation_id, one_time_key = user.id, user.organisation_id, str(uuid4())
    assert organisation_id is not None

    def start() -> None:
        creation.create(
            by=db.session.get_one(User, user_id),
            name="Grønne tage",
            purpose="Regnen skal blive på taget.",
            goals=[11],
            sides={organisation_id: Side.MUNICIPALITIES},
            one_time_key=one_time_key,
        )

    assert at_once(app, start, start, start) == [None] * 3
    assert list(db.session.scalars(select(Partnership.slug))) == ["groenne-tage"]


def test_partnerships_of_one_name_that_are_started_at_once_get_different_slugs(app: Workspace) -> None:
    people = [make_user() for _ in range(3)]
    ids = [(user.id, user.organisation_id) for user in people]

    def starts(user_id: int, organisation_id: int | None) -> Work:
        assert organisation_id is not None
        return lambda: creation.create(
            by=db.session.get_one(User, user_id),
            name="Grønne tage",
            purpose="Regnen skal blive på taget.",
            goals=[11],
            sides={organisation_id: Side.MUNICIPALITIES},
            one_time_key=str(uuid4()),
        )

    assert at_once(app, *[starts(*pair) for pair in ids]) == [None] * 3
    slugs = sorted(db.session.scalars(select(Partnership.slug)))
    assert slugs == ["groenne-tage", "groenne-tage-2", "groenne-tage-3"]


@pytest.mark.usefixtures("app")
class TestBookmarks:
    def test_what_one_does_oneself_is_never_new(self) -> None:
        moderator = start_partnership()
        post = share(moderator)
        comment(post, moderator)
        assert moderator.unread == 0

    def test_what_others_do_is_new_until_it_is_seen(self) -> None:
        moderator = start_partnership()
        other = add_member(moderator)
        share(moderator)
        post = share(moderator)
        comment(post, other)
        assert other.unread == 2
        read_all(other, post.number - 1)
        assert other.unread == 1
        read_all(other, post.number)
        assert other.unread == 0

    def test_who_joins_has_nothing_new(self) -> None:
        moderator = start_partnership()
        share(moderator)
        other = add_member(moderator)
        assert other.unread == 0
        assert other.digested_number == moderator.partnership.last_number

    def test_the_bookmark_never_moves_back(self) -> None:
        moderator = start_partnership()
        other = add_member(moderator)
        post = share(moderator)
        read_all(other, post.number)
        read_all(other, post.number - 1)
        assert (other.seen_number, other.unread) == (post.number, 0)

    def test_the_bookmark_never_moves_past_the_end(self) -> None:
        moderator = start_partnership()
        other = add_member(moderator)
        share(moderator)
        read_all(other, 1_000)
        assert other.seen_number == moderator.partnership.last_number
        share(moderator)
        assert other.unread == 1

    def test_a_post_that_is_all_the_news_is_seen_when_it_is_read(self) -> None:
        moderator = start_partnership()
        other = add_member(moderator)
        post = share(moderator)
        comment(post, moderator)
        last = comment(post, other).number
        read_post(other, post.number, last)
        assert (other.seen_number, other.unread) == (last, 0)

    def test_reading_a_post_leaves_other_news_new(self) -> None:
        moderator = start_partnership()
        other = add_member(moderator)
        read = share(moderator)
        news = share(moderator)
        last = comment(read, moderator).number
        read_post(other, read.number, last)
        assert other.seen_number == news.number - 1
        assert other.unread == 1

    def test_one_s_own_news_about_others_does_not_hold_the_bookmark(self) -> None:
        moderator = start_partnership()
        other = add_member(moderator)
        post = share(moderator)
        share(other)
        last = comment(post, moderator).number
        read_post(other, post.number, last)
        assert (other.seen_number, other.unread) == (last, 0)

    def test_news_that_came_after_the_page_stays_new(self) -> None:
        moderator = start_partnership()
        other = add_member(moderator)
        post = share(moderator)
        rendered = moderator.partnership.last_number
        comment(post, moderator)
        read_post(other, post.number, rendered)
        assert (other.seen_number, other.unread) == (rendered, 1)
