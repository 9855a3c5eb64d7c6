"""What moderators do with memberships, and what everybody does with their own: the rules, and out means out at once."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from tests.client import Client
from tests.factories import (
    Holder,
    Level,
    Side,
    add_member,
    challenge,
    hold,
    make_administrator,
    make_role,
    make_user,
    share,
    start_partnership,
)
from tests.pages import Page
from tests.partnerships.test_log import at_once
from workspace import Workspace, clock
from workspace.accounts.models import User
from workspace.audit.models import AuditAction, AuditEvent
from workspace.db import db
from workspace.mail import delivery
from workspace.mail.models import Mail
from workspace.members import expiry, queries
from workspace.members.moderation import service as moderation_service
from workspace.members.moderation.service import LastModerator, LastOfSide
from workspace.members.transfers import service as transfers_service
from workspace.members.verbs import EXPIRED
from workspace.partnerships.activity_log import Entry
from workspace.partnerships.models import Ending, Membership, MembershipState
from workspace.permissions import Conflict, NotAllowed

SignIn = Callable[[User], Client]
HOUR = timedelta(hours=1)


@pytest.fixture
def moderator(app: Workspace) -> Membership:
    return start_partnership("Grønne tage", by=make_user("Mette Moderator", language="en"))


def surfaces(membership: Membership, post: int) -> list[str]:
    address = membership.partnership.address
    return [address, f"{address}about", f"{address}members", f"{address}posts/{post}", f"{address}members/leaving"]


def is_out(browser: Client, membership: Membership, post: int) -> bool:
    """Whether nothing of the partnership reaches the person any more, on any page, whole or in part.

    Its name still stands once on the overview while the access is on hold, with the reason and whom to ask.
    """
    answers = [
        browser.get(page, htmx=htmx).status_code for page in surfaces(membership, post) for htmx in (False, True)
    ]
    overview, partnerships = browser.get("/").text, browser.get("/partnerships").text
    lists, name = overview + partnerships, membership.partnership.name
    told = 1 if membership.state is MembershipState.SUSPENDED else 0
    outside = {404} == set(answers) and membership.partnership.slug not in lists
    outside = outside and overview.count(name) == told and name not in partnerships
    inside = {200} == set(answers) and membership.partnership.slug in lists and name in partnerships
    assert outside or inside, f"Half in, half out: {answers}"
    return outside


@pytest.mark.parametrize("until", [None, 24 * HOUR], ids=["until lifted", "until a day"])
def test_a_suspended_member_is_out_at_once_and_back_when_it_is_lifted(
    moderator: Membership, sign_in: SignIn, until: timedelta | None
) -> None:
    membership, post = add_member(moderator), share(moderator).number
    browser = sign_in(membership.user)
    assert not is_out(browser, membership, post)
    moderation_service.suspend(moderator, [membership.id], until=clock.now() + until if until else None, reason="Ferie")
    assert is_out(browser, membership, post)
    moderation_service.lift(moderator, membership.id)
    assert not is_out(browser, membership, post)


def test_a_suspension_ends_by_itself(moderator: Membership, sign_in: SignIn) -> None:
    membership, post = add_member(moderator), share(moderator).number
    moderation_service.suspend(moderator, [membership.id], until=clock.now() + HOUR, reason="Ferie")
    db.session.commit()
    assert is_out(sign_in(membership.user), membership, post)
    membership.suspended_until = clock.now() - timedelta(seconds=1)
    assert not is_out(sign_in(membership.user), membership, post)
    assert expiry.apply_due_endings() == 1
    assert membership.state is MembershipState.ACTIVE


def test_a_membership_ends_on_its_date_and_is_announced_a_week_before(moderator: Membership, sign_in: SignIn) -> None:
    membership, post = add_member(moderator), share(moderator).number
    browser = sign_in(membership.user)
    moderation_service.end_on(moderator, membership.id, clock.now() + timedelta(days=8))
    assert expiry.apply_due_endings() == 0
    assert db.session.scalar(select(func.count()).where(Mail.kind == "ending")) == 0
    moderation_service.end_on(moderator, membership.id, clock.now() + timedelta(days=6))
    expiry.apply_due_endings()
    expiry.apply_due_endings()
    assert db.session.scalar(select(func.count()).where(Mail.kind == "ending")) == 1
    membership.ends_at = clock.now() - timedelta(seconds=1)
    assert is_out(browser, membership, post)
    assert expiry.apply_due_endings() == 1
    assert (membership.state, membership.ending) == (MembershipState.ENDED, Ending.EXPIRED)
    entry = db.session.scalars(select(Entry).order_by(Entry.number.desc())).first()
    assert entry is not None
    assert (entry.verb, entry.actor_id, entry.subject_id) == (EXPIRED, None, membership.id)


@pytest.mark.parametrize("days", [30, None])
def test_a_suspended_member_is_told_that_why_and_until_when_and_nothing_else(
    moderator: Membership, sign_in: SignIn, days: int | None
) -> None:
    moderator.partnership.purpose = "kanariefugl"
    membership = add_member(moderator, make_user(language="en"))
    share(moderator, title="kanariefugl")
    until = clock.now() + timedelta(days=days) if days else None
    moderation_service.suspend(moderator, [membership.id], until=until, reason="Vi mangler en underskrift")
    assert (
        membership.user.name
        in sign_in(moderator.user).page(f"{moderator.partnership.address}members?state=suspended").text
    )
    assert "Your requests" in sign_in(membership.user).page("/partnerships").text
    page = sign_in(membership.user).page("/memberships")
    assert "on hold until" in page.text
    assert "Vi mangler en underskrift" in page.text
    assert "kanariefugl" not in page.html
    assert membership.partnership.slug not in page.html


def test_rejoining_brings_back_the_unread_position(moderator: Membership) -> None:
    membership = add_member(moderator)
    share(moderator)
    unread, seen = membership.unread, membership.seen_number
    moderation_service.remove(moderator, [membership.id], reason="Ny stilling")
    share(moderator)
    back = add_member(moderator, membership.user)
    assert back.id == membership.id
    assert (back.state, back.ending, back.seen_number) == (MembershipState.ACTIVE, None, seen)
    assert back.unread == unread + 1
    assert back.digested_number == back.partnership.last_number


def test_the_last_moderator_stays(moderator: Membership) -> None:
    other = add_member(moderator)
    for refused in (
        lambda: moderation_service.change_levels(moderator, {moderator.id: Level.OBSERVER}, confirmed=True),
        lambda: moderation_service.leave(moderator, confirmed=True),
    ):
        with pytest.raises(LastModerator):
            refused()
        db.session.rollback()
    moderation_service.change_levels(moderator, {other.id: Level.MODERATOR})
    moderation_service.leave(moderator, confirmed=True)
    assert not moderator.is_active


def test_a_closed_account_does_not_count_as_a_moderator(moderator: Membership) -> None:
    other = add_member(moderator, level=Level.MODERATOR)
    other.user.deactivated_at = clock.now()
    with pytest.raises(LastModerator):
        moderation_service.leave(moderator, confirmed=True)


def test_a_moderator_has_no_end(moderator: Membership) -> None:
    other = add_member(moderator)
    moderation_service.end_on(moderator, other.id, clock.now() + HOUR)
    with pytest.raises(Conflict):
        moderation_service.change_levels(moderator, {other.id: Level.MODERATOR})
    with pytest.raises(Conflict):
        moderation_service.end_on(moderator, moderator.id, clock.now() + HOUR)


def test_the_last_moderator_of_a_side_is_asked_to_confirm(moderator: Membership) -> None:
    other = add_member(moderator, level=Level.MODERATOR, side=Side.COMPANY)
    with pytest.raises(LastOfSide):
        moderation_service.change_levels(moderator, {other.id: Level.CONTRIBUTOR})
    with pytest.raises(LastOfSide):
        moderation_service.remove(moderator, [other.id], reason="x")
    with pytest.raises(LastOfSide):
        moderation_service.suspend(moderator, [other.id], until=None, reason="x")
    moderation_service.change_levels(moderator, {other.id: Level.CONTRIBUTOR}, confirmed=True)
    assert other.level is Level.CONTRIBUTOR


def test_handing_over_is_one_step(moderator: Membership) -> None:
    other = add_member(moderator, level=Level.OBSERVER)
    moderation_service.hand_over(moderator, other.id, confirmed=True)
    assert (moderator.level, other.level) == (Level.CONTRIBUTOR, Level.MODERATOR)


@pytest.mark.parametrize("level", [Level.OBSERVER, Level.CONTRIBUTOR])
def test_only_moderators_moderate(moderator: Membership, level: Level) -> None:
    by, other = add_member(moderator, level=level), add_member(moderator)
    for verb in (
        lambda: moderation_service.change_levels(by, {other.id: Level.OBSERVER}),
        lambda: moderation_service.suspend(by, [other.id], until=None, reason="x"),
        lambda: moderation_service.lift(by, other.id),
        lambda: moderation_service.remove(by, [other.id], reason="x"),
        lambda: moderation_service.end_on(by, other.id, None),
        lambda: moderation_service.hand_over(by, other.id),
    ):
        with pytest.raises(NotAllowed):
            verb()
        db.session.rollback()
    assert (other.level, other.state) == (Level.CONTRIBUTOR, MembershipState.ACTIVE)


def test_when_the_last_two_lower_each_other_at_once_one_stays(app: Workspace, moderator: Membership) -> None:
    other = add_member(moderator, level=Level.MODERATOR)
    pairs = [(moderator.id, other.id), (other.id, moderator.id)]

    def lowers(by_id: int, membership_id: int) -> Callable[[], object]:
        return lambda: moderation_service.change_levels(
            db.session.get_one(Membership, by_id), {membership_id: Level.OBSERVER}, confirmed=True
        )

    refusals = at_once(app, *[lowers(*pair) for pair in pairs])
    assert len([refusal for refusal in refusals if refusal]) == 1
    assert {moderator.level, other.level} == {Level.MODERATOR, Level.OBSERVER}


def test_when_the_last_two_leave_at_once_one_stays(app: Workspace, moderator: Membership) -> None:
    ids = [moderator.id, add_member(moderator, level=Level.MODERATOR).id]

    def leaves(membership_id: int) -> Callable[[], object]:
        return lambda: moderation_service.leave(db.session.get_one(Membership, membership_id), confirmed=True)

    refusals = at_once(app, *[leaves(membership_id) for membership_id in ids])
    assert sorted(type(refusal) for refusal in refusals if refusal) == [LastModerator]


class TestPages:
    def test_a_level_changes_in_place_and_can_be_undone(self, moderator: Membership, sign_in: SignIn) -> None:
        other, browser = add_member(moderator), sign_in(moderator.user)
        address = f"{moderator.partnership.address}members/levels"
        answer = browser.submit(address, {"member": other.id, "level": "observer"}, htmx=True)
        assert other.level is Level.OBSERVER
        [form] = Page(answer.text).all("form")
        values = {field.get("name"): field.get("value") for field in form.iter("input")}
        assert values["level"] == "contributor"
        browser.submit(address, {"member": other.id, "level": values["level"]})
        assert other.level is Level.CONTRIBUTOR

    def test_several_change_at_once_and_back(self, moderator: Membership, sign_in: SignIn) -> None:
        others, browser = [add_member(moderator) for _ in range(3)], sign_in(moderator.user)
        address = f"{moderator.partnership.address}members/levels"
        ids = [str(other.id) for other in others]
        answer = browser.submit(address, {"member": ids, "level": "observer"})
        assert {other.level for other in others} == {Level.OBSERVER}
        form = browser.page(answer.location).form(address)
        browser.submit(address, form | {"member": ids})
        assert {other.level for other in others} == {Level.CONTRIBUTOR}

    def test_whoever_has_taken_something_on_becomes_an_observer_only_when_that_is_confirmed(
        self, moderator: Membership, sign_in: SignIn
    ) -> None:
        other, browser = add_member(moderator), sign_in(moderator.user)
        hold(make_role(moderator, "Kurser"), other, moderator, Holder.HELPER)
        challenge(other, "Hvem kører?").take(other)
        db.session.commit()
        address, typed = f"{moderator.partnership.address}members/levels", {"member": other.id, "level": "observer"}
        for htmx in (True, False):
            answer = browser.submit(address, typed, htmx=htmx)
            assert answer.status_code == 409
            assert "take care of: Kurser and ‘Hvem kører?’" in Page(answer.text).text
        assert other.level is Level.CONTRIBUTOR
        browser.submit(address, typed | {"confirmed": "1"})
        assert other.level is Level.OBSERVER

    def test_what_members_have_taken_on_is_said_before_they_are_put_on_hold_or_removed(
        self, moderator: Membership, sign_in: SignIn
    ) -> None:
        other, browser = add_member(moderator, make_user("Emil Borte")), sign_in(moderator.user)
        hold(make_role(moderator, "Kurser"), other, moderator)
        challenge(other, "Hvem kører?").take(other)
        db.session.commit()
        for page in ("suspension", "removal"):
            text = browser.page(f"{moderator.partnership.address}members/{page}?member={other.id}").text
            assert "Kurser" in text
            assert "Hvem kører?" in text
        moderation_service.suspend(moderator, [other.id], until=None, reason="Orlov")
        row = browser.page(f"{moderator.partnership.address}members?q=Emil").text
        assert "Nobody meanwhile: Kurser" in row

    def test_a_former_member_comes_back_with_an_access_of_the_moderators_choice(
        self, moderator: Membership, sign_in: SignIn
    ) -> None:
        other, browser = add_member(moderator, level=Level.OBSERVER), sign_in(moderator.user)
        moderation_service.remove(moderator, [other.id], reason="x")
        address = f"{moderator.partnership.address}members/{other.id}"
        form = browser.page(address).form(f"{address}/readmission")
        assert form["level"] == "observer"
        assert browser.submit(f"{address}/readmission", {"level": "king"}).status_code == 409
        browser.submit(f"{address}/readmission", {"level": "contributor"})
        assert (other.is_active, other.level, other.accepted_at) == (True, Level.CONTRIBUTOR, None)
        assert db.session.scalars(select(Mail.kind).order_by(Mail.id.desc())).first() == "added"
        assert browser.submit(f"{address}/readmission", {"level": "moderator"}).status_code == 409
        assert other.level is Level.CONTRIBUTOR

    @pytest.mark.parametrize("why", ["closed", "gone"])
    def test_nobody_comes_back_with_a_closed_account_or_for_an_organisation_that_is_gone(
        self, why: str, moderator: Membership, sign_in: SignIn
    ) -> None:
        other, browser = add_member(moderator), sign_in(moderator.user)
        moderation_service.remove(moderator, [other.id], reason="x")
        if why == "closed":
            other.user.deactivated_at = clock.now()
        else:
            transfers_service.end_participation(moderator, other.organisation_id, stay_for=None, reason="x")
        db.session.commit()
        address = f"{moderator.partnership.address}members/{other.id}"
        assert f"{address}/readmission" not in browser.page(address).html
        assert browser.submit(f"{address}/readmission", {"level": "observer"}, page="").status_code == 409
        assert not other.is_active

    def test_the_last_day_is_a_day_with_access(self, moderator: Membership, sign_in: SignIn) -> None:
        other, browser = add_member(moderator), sign_in(moderator.user)
        address = f"{moderator.partnership.address}members/{other.id}/end"
        browser.submit(address, {"ends_on": "2030-12-31"})
        assert other.ends_at == datetime(2030, 12, 31, 23, tzinfo=UTC)  # midnight in Copenhagen, after that day
        assert browser.page(address).form(address)["ends_on"] == "2030-12-31"
        assert "Last day: 31 December 2030" in browser.page(f"{moderator.partnership.address}members").text

    def test_more_than_a_hundred_at_once_are_refused_and_none_left_out_unsaid(
        self, moderator: Membership, sign_in: SignIn
    ) -> None:
        address = f"{moderator.partnership.address}members/levels"
        ids = [str(number) for number in range(1, 103)]
        answer = sign_in(moderator.user).submit(address, {"member": ids, "level": "observer"})
        assert answer.status_code == 409
        assert "at most 100" in Page(answer.text).text

    def test_further_members_come_behind_those_that_are_there(
        self, moderator: Membership, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(queries, "PAGE", 2)
        for name in ("Ane", "Bo", "Carl"):
            add_member(moderator, make_user(name))
        browser, address = sign_in(moderator.user), f"{moderator.partnership.address}members"
        [more] = [
            link.get("hx-get") for link in browser.page(address).all("a") if link.get("hx-target") == "#more-members"
        ]
        text = browser.get(more, htmx=True).text
        assert text.lstrip().startswith("<tr")
        assert "Carl" in text
        assert "Ane" not in text

    def test_lowering_the_last_of_a_side_asks_in_place(self, moderator: Membership, sign_in: SignIn) -> None:
        other, browser = add_member(moderator, level=Level.MODERATOR), sign_in(moderator.user)
        address, typed = f"{moderator.partnership.address}members/levels", {"member": other.id, "level": "observer"}
        for htmx in (True, False):
            answer = browser.submit(address, typed, htmx=htmx)
            assert answer.status_code == 409
            assert Page(answer.text).form(address)["confirmed"] == "1"
        assert other.level is Level.MODERATOR
        browser.submit(address, typed | {"confirmed": "1"})
        assert other.level is Level.OBSERVER

    def test_a_suspension_needs_a_reason_and_a_day_to_come(self, moderator: Membership, sign_in: SignIn) -> None:
        other, browser = add_member(moderator), sign_in(moderator.user)
        address = f"{moderator.partnership.address}members/suspension"
        for typed in ({}, {"reason": " "}, {"reason": "x", "until": "2020-01-01"}, {"reason": "x", "until": "i går"}):
            assert browser.submit(address, {"member": other.id} | typed).status_code == 422
        browser.submit(address, {"reason": "Ferie", "until": "2031-01-01"}, page=f"{address}?member={other.id}")
        assert (other.state, other.reason) == (MembershipState.SUSPENDED, "Ferie")

    def test_others_see_a_plain_list_without_reasons(self, moderator: Membership, sign_in: SignIn) -> None:
        observer, gone = add_member(moderator, level=Level.OBSERVER), add_member(moderator, make_user("Emil Borte"))
        moderation_service.suspend(moderator, [gone.id], until=None, reason="kanariefugl")
        page = sign_in(observer.user).page(f"{moderator.partnership.address}members")
        assert "Emil Borte" not in page.text
        assert "kanariefugl" not in page.html
        assert page.all("select") == []

    def test_the_table_is_filtered_sorted_and_paged(self, moderator: Membership, sign_in: SignIn) -> None:
        for name in ("Åse Ager", "Ane Ager", "Bo Bager"):
            add_member(moderator, make_user(name))
        address, browser = f"{moderator.partnership.address}members", sign_in(moderator.user)

        def names(query: str) -> list[str]:
            page = browser.page(f"{address}?{query}")
            return ["".join(cell.find(".//b").itertext()) for cell in page.all("th") if cell.get("scope") == "row"]

        assert names("") == ["Ane Ager", "Bo Bager", "Mette Moderator", "Åse Ager"]
        assert names("q=ager") == ["Ane Ager", "Åse Ager"]
        assert names("level=moderator") == ["Mette Moderator"]
        assert names("sort=level")[0] == "Mette Moderator"
        assert names("sort=since") == ["Mette Moderator", "Åse Ager", "Ane Ager", "Bo Bager"]
        assert names("side=municipalities") == ["Mette Moderator"]
        assert names("state=suspended") == []
        assert names(f"organisation={moderator.organisation_id}") == ["Mette Moderator"]
        for sort in ("name", "level", "since"):
            whole = names(f"sort={sort}")
            memberships = {membership.user.name: membership.id for membership in db.session.scalars(select(Membership))}
            for place, name in enumerate(whole):
                assert names(f"sort={sort}&after={memberships[name]}") == whole[place + 1 :]

    def test_dirt_in_the_address_is_left_out(self, moderator: Membership, sign_in: SignIn) -> None:
        browser, address = sign_in(moderator.user), f"{moderator.partnership.address}members"
        for query in (
            "after=x",
            "after=99999999999",
            "side=up",
            "level=king",
            "sort=;",
            "state=",
            "q=%00",
            "undo=1-x..",
        ):
            assert browser.get(f"{address}?{query}").status_code == 200

    def test_an_administrator_who_is_no_member_sees_nothing(self, moderator: Membership, sign_in: SignIn) -> None:
        assert sign_in(make_administrator()).get(f"{moderator.partnership.address}members").status_code == 404


def test_what_is_done_is_on_record_with_before_after_and_reason(moderator: Membership, sign_in: SignIn) -> None:
    other, browser = add_member(moderator), sign_in(moderator.user)
    address = moderator.partnership.address
    browser.submit(f"{address}members/levels", {"member": other.id, "level": "observer"})
    browser.submit(f"{address}members/removal", {"member": other.id, "reason": "Ny stilling"})
    mine = (
        select(AuditEvent)
        .where(AuditEvent.actor_id == moderator.user_id, AuditEvent.address != "")
        .order_by(AuditEvent.id)
    )
    lines = db.session.scalars(mine).all()
    assert [(line.action, line.subject_id, line.partnership_id) for line in lines] == [
        (AuditAction.CHANGED_LEVEL, other.user_id, moderator.partnership_id),
        (AuditAction.REMOVED, other.user_id, moderator.partnership_id),
    ]
    assert lines[0].details == {"before": "contributor", "after": "observer"}
    assert lines[1].details == {"reason": "Ny stilling"}
    assert lines[1].address == "127.0.0.1"


def test_whose_level_is_changed_is_told_by_mail_as_long_as_it_is_so(moderator: Membership) -> None:
    membership = add_member(moderator, make_user("Farida Nazari", language="en"), Level.OBSERVER)
    moderation_service.change_levels(moderator, {membership.id: Level.CONTRIBUTOR})
    db.session.commit()
    [mail] = db.session.scalars(select(Mail).where(Mail.kind == "level_changed")).all()
    message = delivery.written(mail)
    assert message is not None
    assert (mail.user_id, message.subject) == (membership.user_id, "Your access to ‘Grønne tage’ has changed")
    assert "From now on you take part as" in message.text
    membership.level = Level.OBSERVER
    db.session.commit()
    assert delivery.written(mail) is None


@pytest.mark.parametrize("what", ["suspension", "removal"])
def test_who_writes_a_reason_is_told_who_sees_it_and_that_it_is_mailed(
    moderator: Membership, sign_in: SignIn, what: str
) -> None:
    member, home = add_member(moderator), moderator.partnership.address
    other = add_member(moderator, make_user(language="en"), Level.MODERATOR)
    desk, address = sign_in(moderator.user), f"{home}members/{what}"
    asked = desk.page(f"{address}?member={member.id}").text
    assert "The person, the moderators and the administrators see it" in asked
    assert "They are told by e-mail." in asked
    assert desk.submit(address, {"member": str(member.id), "reason": "Skrev til pressen"}).status_code == 303
    assert db.session.scalars(select(Mail.user_id).where(Mail.kind.in_(("suspended", "removed")))).all() == [
        member.user_id
    ]
    assert "Skrev til pressen" in sign_in(other.user).page(f"{home}members/trail").text
    assert "Skrev til pressen" in sign_in(make_administrator()).page("/admin/trail").text
