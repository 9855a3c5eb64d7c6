"""The rules of membership one by one, each where its lack would show first (scripts/faults takes them away in turn)."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Connection, event, select

from tests.client import Client
from tests.factories import (
    Level,
    add_member,
    challenge,
    make_administrator,
    make_organisation,
    make_user,
    share,
    start_partnership,
)
from workspace import Workspace, clock
from workspace.accounts.models import User
from workspace.accounts.sessions import Session
from workspace.db import db
from workspace.mail import delivery
from workspace.mail.models import Mail
from workspace.members import pending
from workspace.members.join_requests import service as join_requests_service
from workspace.members.moderation import service as moderation_service
from workspace.members.moderation.service import LastModerator
from workspace.partnerships import activity_log
from workspace.partnerships.mentions import Mention
from workspace.partnerships.models import Ending, Membership, MembershipState, Visibility
from workspace.permissions import Conflict, NotAllowed
from workspace.posts import follows
from workspace.web import pagination

SignIn = Callable[[User], Client]


@pytest.fixture
def moderator(app: Workspace) -> Membership:
    return start_partnership("Grønne tage", by=make_user("Mette Moderator", language="en"))


@pytest.fixture
def stranger(app: Workspace) -> Membership:
    """A member of another partnership, which has a moderator of its own."""
    return add_member(start_partnership("Et andet sted"), make_user("Svend Fremmed"))


@pytest.fixture(params=["as-found", "reversed"])
def order(request: pytest.FixtureRequest, app: Workspace) -> Iterator[None]:
    """Rows that no statement puts in order come in either, on SQLite: which is first must not matter."""

    def reverse(connection: Connection) -> None:
        connection.exec_driver_sql(f"PRAGMA reverse_unordered_selects={'ON' if request.param == 'reversed' else 'OFF'}")

    if db.engine.dialect.name != "sqlite":
        yield
        return
    event.listen(db.engine, "begin", reverse)
    yield
    event.remove(db.engine, "begin", reverse)
    db.engine.dispose()


def test_a_membership_for_an_organisation_of_before_opens_nothing(
    order: None, moderator: Membership, sign_in: SignIn
) -> None:
    old = add_member(moderator)
    old.transition_to(MembershipState.ENDED)
    old.ending = Ending.MOVED
    db.session.commit()
    browser = sign_in(old.user)
    assert browser.get(moderator.partnership.address).status_code == 404
    new = add_member(moderator, old.user)
    assert new.id != old.id
    assert browser.get(moderator.partnership.address).status_code == 200


@pytest.mark.parametrize("remembered", [False, True])
def test_a_session_that_was_not_used_for_long_is_over(remembered: bool, moderator: Membership, sign_in: SignIn) -> None:
    browser = sign_in(moderator.user)
    session = db.session.scalars(select(Session)).one()
    session.remembered = remembered
    session.created_at = session.last_used_at = clock.now() - timedelta(days=31 if remembered else 1)
    assert browser.get(moderator.partnership.address).location.startswith("/sign-in")


class TestLists:
    def test_only_who_is_in_stands_in_the_list(
        self, moderator: Membership, stranger: Membership, sign_in: SignIn
    ) -> None:
        observer = add_member(moderator, make_user("Olga Observatør", language="en"), Level.OBSERVER)
        gone = add_member(moderator, make_user("Gerda Gået"))
        moderation_service.remove(moderator, [gone.id], reason="x")
        join_requests_service.set_visibility(moderator, Visibility.LISTED)
        join_requests_service.ask_to_join(make_user("Sanne Spørger"), moderator.partnership, "Hej")
        text = sign_in(observer.user).page(f"{moderator.partnership.address}members").text
        assert "Mette Moderator" in text
        for name in ("Gerda Gået", "Sanne Spørger", "Svend Fremmed"):
            assert name not in text

    def test_who_was_never_in_has_no_page_and_is_no_member_of_before(
        self, moderator: Membership, sign_in: SignIn
    ) -> None:
        join_requests_service.set_visibility(moderator, Visibility.LISTED)
        membership = join_requests_service.ask_to_join(make_user("Sanne Spørger"), moderator.partnership, "Hej")
        browser, members = sign_in(moderator.user), f"{moderator.partnership.address}members"
        assert browser.get(f"{members}/{membership.id}").status_code == 404
        join_requests_service.decline(moderator, membership.id, "Vi er nok")
        assert browser.get(f"{members}/{membership.id}").status_code == 404
        assert "Sanne Spørger" not in browser.page(f"{members}?state=ended").text

    def test_only_who_is_in_can_be_asked_to_take_a_challenge(self, moderator: Membership, sign_in: SignIn) -> None:
        gone, there = add_member(moderator, make_user("Gerda Gået")), add_member(moderator, make_user("Theo Der"))
        post = challenge(moderator)
        moderation_service.suspend(moderator, [gone.id], until=None, reason="x")
        text = sign_in(moderator.user).page(f"{moderator.partnership.address}posts/{post.number}/taking").text
        assert there.user.name in text
        assert "Gerda Gået" not in text

    def test_the_organisations_are_those_that_take_part(
        self, moderator: Membership, stranger: Membership, sign_in: SignIn
    ) -> None:
        stranger.organisation.name = "Fremmed A/S"
        page = sign_in(moderator.user).page(f"{moderator.partnership.address}about")
        assert moderator.organisation.name in page.text
        assert "Fremmed A/S" not in page.text

    def test_the_overview_has_nothing_of_what_one_is_out_of(self, moderator: Membership, sign_in: SignIn) -> None:
        membership = add_member(moderator)
        share(moderator, "Et opslag om tage")
        browser = sign_in(membership.user)
        assert "Et opslag om tage" in browser.page("/").text
        start_partnership("Deres eget", by=membership.user)  # Who is in none gets another page.
        older = f"/?before={pagination.encode(clock.now() + timedelta(days=1), 999, 999)}"
        assert "Et opslag om tage" in browser.page(older).text
        moderation_service.remove(moderator, [membership.id], reason="x")
        for address in ("/", older):
            assert "Et opslag om tage" not in browser.page(address).text

    def test_everybody_is_told_of_their_own_closed_memberships_only(
        self, moderator: Membership, sign_in: SignIn
    ) -> None:
        first, second = add_member(moderator), add_member(moderator)
        moderation_service.remove(moderator, [first.id], reason="Til den første")
        moderation_service.remove(moderator, [second.id], reason="Til den anden")
        text = sign_in(first.user).page("/memberships").text
        assert "Til den første" in text
        assert "Til den anden" not in text


class TestModeration:
    def test_a_moderator_who_is_on_hold_is_none(self, moderator: Membership, stranger: Membership) -> None:
        other = add_member(moderator, level=Level.MODERATOR)
        moderation_service.suspend(moderator, [other.id], until=None, reason="x", confirmed=True)
        with pytest.raises(LastModerator):
            moderation_service.leave(moderator, confirmed=True)

    def test_a_membership_elsewhere_is_none_of_a_moderator_s(
        self, moderator: Membership, stranger: Membership, sign_in: SignIn
    ) -> None:
        browser, members = sign_in(moderator.user), f"{moderator.partnership.address}members"
        typed = {"member": stranger.id, "reason": "x", "level": "observer"}
        for way in ("removal", "suspension", "levels"):
            browser.submit(f"{members}/{way}", typed)
        for way in ("removal", "suspension"):
            assert "Svend Fremmed" not in browser.get(f"{members}/{way}?member={stranger.id}").text
        assert (stranger.state, stranger.level) == (MembershipState.ACTIVE, Level.CONTRIBUTOR)

    def test_nobody_removes_or_suspends_themselves(self, moderator: Membership) -> None:
        add_member(moderator, level=Level.MODERATOR)
        for verb in (
            lambda: moderation_service.remove(moderator, [moderator.id], reason="x", confirmed=True),
            lambda: moderation_service.suspend(moderator, [moderator.id], until=None, reason="x", confirmed=True),
        ):
            with pytest.raises(Conflict, match="yourself"):
                verb()
            db.session.rollback()

    def test_it_is_handed_over_to_an_active_member(self, moderator: Membership) -> None:
        held = add_member(moderator)
        moderation_service.suspend(moderator, [held.id], until=None, reason="x")
        with pytest.raises(Conflict, match="active member"):
            moderation_service.hand_over(moderator, held.id, confirmed=True)

    def test_a_link_lets_in_no_moderators(self, moderator: Membership) -> None:
        with pytest.raises(Conflict):
            join_requests_service.open_link(moderator, level=Level.MODERATOR, hours=1, most_uses=1)


class TestAccounts:
    def test_that_is_opened_again_opens_no_browser_of_before(self, app: Workspace, sign_in: SignIn) -> None:
        user = make_user(organisation=make_organisation(), language="en")
        theirs, browser = sign_in(user), sign_in(make_administrator(language="en"))
        for verb in ("closing", "opening"):
            browser.submit(f"/people/{user.id}/{verb}")
            assert theirs.get("/").status_code == 303


class TestWhoeverIsRemovedMeanwhile:
    """A request that waited for the lock while its member was removed changes nothing."""

    def test_follows_nothing(self, moderator: Membership) -> None:
        membership, post = add_member(moderator), share(moderator)
        moderation_service.remove(moderator, [membership.id], reason="x")
        with pytest.raises(NotAllowed):
            follows.set_following(membership, post.number, follows=True)
        db.session.rollback()
        assert db.session.get(follows.Follow, (moderator.partnership_id, post.number, membership.id)) is None

    def test_has_seen_no_mention(self, moderator: Membership) -> None:
        membership = add_member(moderator, make_user("Farida"))
        post = share(moderator, "Grus", "Hvad siger du, @Farida?")
        moderation_service.remove(moderator, [membership.id], reason="x")
        with pytest.raises(NotAllowed):
            activity_log.see_mention(membership, post.number)
        db.session.rollback()
        assert db.session.scalars(select(Mention.is_seen)).all() == [False]


def test_the_listed_partnerships_come_in_pages(
    moderator: Membership, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pending, "LISTED_PAGE", 2)
    names = [f"Partnerskab {letter}" for letter in "ABCDE"]
    for name in names:
        start_partnership(name, by=moderator.user, visibility=Visibility.LISTED)
    browser, address, seen = sign_in(make_user(language="en")), "/partnerships/listed", []
    while address:
        page = browser.page(address)
        seen.append(["".join(heading.itertext()) for heading in page.all("h2")])
        address = next((str(link.get("href")) for link in page.all("a") if "after=" in str(link.get("href"))), "")
    assert [sorted(set(names) & set(shown)) for shown in seen] == [names[3:], names[1:3], names[:1]]


def test_what_came_while_one_waited_to_be_let_in_is_no_news(moderator: Membership) -> None:
    join_requests_service.set_visibility(moderator, Visibility.LISTED)
    membership = join_requests_service.ask_to_join(
        make_user(organisation=moderator.organisation), moderator.partnership, "Hej"
    )
    share(moderator)
    join_requests_service.approve(moderator, membership.id, Level.OBSERVER)
    db.session.commit()
    assert (membership.unread, membership.has_news) == (0, False)


def test_a_mail_says_nothing_of_what_is_no_longer_so(moderator: Membership) -> None:
    membership = add_member(moderator)
    moderation_service.suspend(moderator, [membership.id], until=None, reason="x")
    moderation_service.lift(moderator, membership.id)
    moderation_service.remove(moderator, [membership.id], reason="x")
    db.session.commit()
    mails = db.session.scalars(select(Mail).where(Mail.user_id == membership.user_id).order_by(Mail.id)).all()
    assert [mail.kind for mail in mails] == ["added", "suspended", "lifted", "removed"]
    assert [mail.kind for mail in mails if delivery.written(mail)] == ["removed"]
