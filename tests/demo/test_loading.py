"""The demo story, told into a database: all of it, by the rules, the same every time."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from sqlalchemy import Row, func, select

from tests.databases import migrate, new_database
from tests.factories import Level, make_user
from workspace import Workspace, clock, create_app, rich_text
from workspace.accounts import passwords
from workspace.accounts.models import User, user_with
from workspace.comments.models import Comment
from workspace.config import Settings
from workspace.db import Base, db
from workspace.demo import demo_accounts, story_loader
from workspace.demo.story_dates import ZONE
from workspace.files.inspection import FileKind, process
from workspace.files.models import File, FileVersion
from workspace.mail.models import Mail
from workspace.mail.models import MailState as Standing
from workspace.organisations.models import Organisation, OrganisationKind
from workspace.partnerships.activity_log import Entry
from workspace.partnerships.models import Membership, Participation, Partnership, Stage
from workspace.posts.challenge_workflow import ChallengeStatus, is_stalled
from workspace.posts.models import Post
from workspace.posts.models import PostKind as PostKind
from workspace.posts.verbs import EDITED, PINNED, SHARES_NO_LONGER, UNPINNED, WITHDREW

pytestmark = pytest.mark.either_database

NOW = datetime(2026, 11, 18, 9, 30, tzinfo=ZONE)  # A Wednesday, in the morning.
SIX = [
    "digital-genoptraening",
    "fra-vejhuller-til-digital-drift",
    "innovationscenter-i-soeborg",
    "klimaklar",
    "relationsarbejde",
    "verdensmaalshuset",
]
MAIN = SIX[0]
# What happens about a post without lifting it.
WITHOUT_LIFTING = (EDITED, WITHDREW, PINNED, UNPINNED, SHARES_NO_LONGER)


@pytest.fixture(scope="module")
def demo(
    settings: Settings, postgresql: str, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Iterator[Workspace]:
    """An app with the story, which the tests of this file only read."""
    database = new_database(tmp_path_factory.mktemp("demo"), postgresql, worker_id)
    app = create_app(replace(settings, database_url=database.url, demo=True))
    with app.app_context():
        migrate("upgrade", "head")
        with clock.at(NOW):
            story_loader.load()
    yield app
    with app.app_context():
        db.engine.dispose()
    database.remove()


@pytest.fixture
def told(demo: Workspace) -> Iterator[None]:
    with demo.app_context():
        yield


def partnership(slug: str) -> Partnership:
    return db.session.scalars(select(Partnership).where(Partnership.slug == slug)).one()


def memberships(email: str) -> dict[str, Membership]:
    """A person's memberships, by the partnership's slug."""
    found = db.session.scalars(select(Membership).join(Membership.user).where(User.email == email))
    return {membership.partnership.slug: membership for membership in found}


def content() -> dict[str, list[Row[Any]]]:
    """Every row of every table; the hash of the password, and where a file lies, is another each time."""
    left_out = ("password_hash", "storage_key")
    return {
        table.name: sorted(
            db.session.execute(select(*[column for column in table.c if column.name not in left_out])), key=repr
        )
        for table in Base.metadata.sorted_tables
    }


@pytest.mark.slow  # test_cli.py starts the demo.
@pytest.mark.usefixtures("told")
class TestTheStory:
    def test_there_are_six_partnerships_under_the_slugs_of_their_files(self) -> None:
        assert sorted(db.session.scalars(select(Partnership.slug))) == SIX

    def test_the_log_of_each_is_without_a_gap(self) -> None:
        for slug in SIX:
            found = partnership(slug)
            numbers = db.session.scalars(
                select(Entry.number).where(Entry.partnership_id == found.id).order_by(Entry.number)
            )
            assert list(numbers) == list(range(1, found.last_number + 1))

    def test_the_log_of_each_runs_forward_and_never_past_now(self) -> None:
        for slug in SIX:
            moments = list(
                db.session.scalars(
                    select(Entry.at).where(Entry.partnership_id == partnership(slug).id).order_by(Entry.number)
                )
            )
            assert moments == sorted(moments)
            assert moments[-1] < NOW
            assert NOW - moments[0] > timedelta(days=90)

    def test_nobody_works_in_the_weekend(self) -> None:
        days = {f"{moment.astimezone(ZONE):%a}" for moment in db.session.scalars(select(Entry.at))}
        assert not days & {"Sat", "Sun"}

    def test_there_is_something_of_every_kind(self) -> None:
        assert (db.session.scalar(select(func.count()).select_from(User)) or 0) >= 40
        assert (db.session.scalar(select(func.count()).select_from(Post)) or 0) >= 100
        assert (db.session.scalar(select(func.count()).select_from(Comment)) or 0) >= 200
        assert set(db.session.scalars(select(Partnership.stage))) >= {Stage.TRIAL, Stage.OPERATION}

    def test_57_institutions_take_part_in_one_of_them(self) -> None:
        institutions = (
            select(func.count())
            .select_from(Participation)
            .join(Organisation)
            .where(
                Participation.partnership_id == partnership("relationsarbejde").id,
                Organisation.kind == OrganisationKind.INSTITUTION,
            )
        )
        assert db.session.scalar(institutions) == 57

    def test_comments_are_counted_and_lift_their_posts(self) -> None:
        for post in db.session.scalars(select(Post)):
            written = db.session.scalars(
                select(Comment).where(Comment.partnership_id == post.partnership_id, Comment.post_number == post.number)
            ).all()
            assert post.comment_count == sum(not comment.is_withdrawn for comment in written)
            lifting = select(func.max(Entry.number)).where(
                Entry.partnership_id == post.partnership_id,
                Entry.post_number == post.number,
                Entry.verb.not_in(WITHOUT_LIFTING),
            )
            assert post.activity_number == db.session.scalar(lifting)

    def test_challenges_are_in_every_state_and_counted(self) -> None:
        found = list(db.session.scalars(select(Post).where(Post.kind == PostKind.CHALLENGE)))
        assert {challenge.status for challenge in found} == set(ChallengeStatus)
        for partnership_id, count in db.session.execute(select(Partnership.id, Partnership.unsolved_count)):
            unsolved = [one for one in found if one.partnership_id == partnership_id and one.is_unsolved]
            assert len(unsolved) == count

    def test_what_the_texts_say_of_challenges_is_so(self) -> None:
        for challenge in db.session.scalars(select(Post).where(Post.kind == PostKind.CHALLENGE)):
            last = db.session.scalars(
                select(Comment.body_text)
                .where(Comment.partnership_id == challenge.partnership_id, Comment.post_number == challenge.number)
                .order_by(Comment.number.desc())
            ).first()
            if last and " løst" in last.lower():
                assert challenge.status is ChallengeStatus.SOLVED, challenge.title

    def test_one_is_asked_one_stands_still_and_two_are_parked_with_a_date(self) -> None:
        challenges = select(Post).where(Post.partnership_id == partnership(MAIN).id, Post.kind == PostKind.CHALLENGE)
        found = list(db.session.scalars(challenges))
        asked = [db.session.get_one(Membership, one.asked_id) for one in found if one.asked_id]
        assert [membership.user.email for membership in asked] == ["deltager@icura.example"]
        with clock.at(NOW):
            assert [one.title for one in found if is_stalled(one)] == [
                "Vi mangler vejledningen til borgerne på engelsk, tyrkisk og arabisk"
            ]
        parked = list(db.session.scalars(select(Post.parked_until).where(Post.status == ChallengeStatus.PARKED)))
        assert len(parked) == 2
        assert all(until and until > NOW.date() for until in parked)

    def test_its_files_are_what_their_names_say(self, demo: Workspace) -> None:
        """As the worker finds them: pictures that say what they show, two PDFs and a spreadsheet."""
        kinds = []
        for file in db.session.scalars(select(File)):
            version = db.session.get_one(FileVersion, (file.partnership_id, file.number, 1))
            assert version.storage_key
            with TemporaryDirectory() as into:
                found = process(demo.settings.instance / "files" / version.storage_key, file.name, Path(into))
            assert found.refusal is None, file.name
            assert found.kind
            assert bool(file.alt) == found.kind.is_picture, file.name
            kinds.append(found.kind)
        assert sorted(kinds) == sorted([FileKind.WEBP] * 6 + [FileKind.PDF] * 2 + [FileKind.XLSX])

    def test_nothing_looks_like_a_cpr_number(self) -> None:
        for post in db.session.scalars(select(Post)):
            assert not rich_text.resembles_cpr_number(post.title, post.body_text), post.title
        for comment in db.session.scalars(select(Comment)):
            assert not rich_text.resembles_cpr_number(comment.body_text), comment.body_text

    def test_every_address_is_made_up(self) -> None:
        assert all(email.endswith(".example") for email in db.session.scalars(select(User.email)))


@pytest.mark.usefixtures("told")
class TestTheSignIns:
    @pytest.mark.parametrize("email", [email for email, _ in demo_accounts.SIGN_INS])
    def test_each_has_the_password(self, email: str) -> None:
        assert passwords.matches(user_with(email), demo_accounts.PASSWORD)

    @pytest.mark.parametrize(
        ("email", "level"),
        [
            ("moderator@gladsaxe.example", Level.MODERATOR),
            ("moderator@icura.example", Level.MODERATOR),
            ("deltager@icura.example", Level.CONTRIBUTOR),
            ("observator@rudersdal.example", Level.OBSERVER),
        ],
    )
    def test_each_has_the_promised_membership_and_something_new(self, email: str, level: Level) -> None:
        membership = memberships(email)[MAIN]
        assert membership.level is level
        assert 0 < membership.unread < membership.partnership.last_number / 2
        assert membership.digested_number == membership.seen_number

    def test_the_outsider_is_a_member_of_others_only(self) -> None:
        found = memberships("udenfor@kmd.example")
        assert found
        assert MAIN not in found

    def test_the_administrator_is_a_member_of_none(self) -> None:
        administrator = user_with("admin@samspil.example")
        assert administrator is not None
        assert administrator.is_administrator
        assert memberships("admin@samspil.example") == {}

    def test_everybody_else_has_seen_all(self) -> None:
        fixed = [email for email, _ in demo_accounts.SIGN_INS]
        others = select(Membership).join(Membership.user).where(User.email.not_in(fixed))
        assert {membership.unread for membership in db.session.scalars(others)} == {0}


@pytest.mark.slow
def test_twice_on_one_day_it_is_the_same(demo: Workspace, app: Workspace) -> None:
    with demo.app_context():
        first = content()
    with clock.at(NOW):
        story_loader.load()
    assert content() == first


def test_it_is_not_told_to_a_database_with_other_people(app: Workspace) -> None:
    make_user()
    assert not story_loader.is_loaded()
    with pytest.raises(story_loader.OthersAreHere):
        story_loader.load()
    assert db.session.scalar(select(func.count()).select_from(Partnership)) == 0


def test_it_is_not_told_twice(demo: Workspace) -> None:
    with demo.app_context():
        assert story_loader.is_loaded()
        with pytest.raises(story_loader.OthersAreHere):
            story_loader.load()


def test_a_fault_in_the_story_says_where_it_is(app: Workspace) -> None:
    story = {
        "name": "Kort",
        "slug": "kort",
        "purpose": "",
        "goals": [],
        "stage": "idea",
        "started_by": "mette",
        "started_days_ago": 3,
        "participation": [],
        "event": [{"days_ago": 1, "time": "09.00", "by": "mette", "do": "pin", "on": "nowhere"}],
    }
    telling = story_loader.StoryPlayer(story, {}, {"mette": make_user()})
    with pytest.raises(story_loader.StoryError, match=r"kort\.toml.*'nowhere'.* do = 'pin'"):
        telling.tell(datetime.now(UTC))


@pytest.mark.usefixtures("told")
def test_only_the_news_of_the_last_day_is_mailed_when_the_demo_starts() -> None:
    due = list(db.session.scalars(select(Mail.not_before).where(Mail.state == Standing.DUE)))
    assert due
    assert min(due) > NOW - timedelta(days=1)
    told = db.session.scalar(select(func.count()).select_from(Mail))
    assert told is not None
    assert len(due) < told / 10
    planned = set(db.session.scalars(select(User.next_digest_at)))
    assert planned == {NOW}
