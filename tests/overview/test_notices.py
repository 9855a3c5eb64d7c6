"""The bell: what others did that concerns me, until I have opened the very thing that it is about."""

from collections.abc import Callable

import pytest

from tests.client import Client
from tests.factories import Level, add_member, challenge, comment, hold, make_role, make_user, share, start_partnership
from workspace.accounts.models import User
from workspace.db import db
from workspace.members.reports import service as reports_service
from workspace.notifications.notices import Topic, read_notices
from workspace.overview.notices import notices, unread_count
from workspace.partnerships import reading
from workspace.partnerships.activity_log import text_path
from workspace.partnerships.models import Membership
from workspace.posts import follows
from workspace.posts.reactions import ReactionKind, react
from workspace.roles import answers, offers
from workspace.roles.assignments import AssignmentKind

SignIn = Callable[[User], Client]


@pytest.fixture
def mette(app: object) -> Membership:
    return start_partnership("Grønne tage", by=make_user("Mette Krag", language="en"))


@pytest.fixture
def farida(mette: Membership) -> Membership:
    return add_member(mette, make_user("Farida Nazari", language="en"))


def told(membership: Membership, *, new: bool = False) -> list[str]:
    """What stands under the bell, the oldest first; only what is unread with `new`."""
    found = [f"{notice.text}: {notice.title}" for notice in notices(membership.user) if notice.is_unread or not new]
    return found[::-1]


def test_what_others_do_about_my_texts_challenges_and_askings_stands_under_the_bell(
    mette: Membership, farida: Membership
) -> None:
    post, other = challenge(farida, "Grus"), share(mette, "Støv")
    said = comment(other, farida)
    comment(other, mette, "Hvad siger du, @Farida Nazari?")
    react(mette, said, other.number, ReactionKind.THANKS, given=True)
    react(mette, other, other.number, ReactionKind.THANKS, given=True)  # On one's own text: no news to Farida.
    post.ask(farida, mette)
    post.accept(mette)
    post.solve(mette, "Fejet")
    assert told(farida) == [
        "Mette Krag mentions you: Støv",
        "Mette Krag reacted to what you wrote: Støv",
        "Mette Krag took the challenge: Grus",
        "Mette Krag solved the challenge: Grus",
    ]
    assert told(mette) == [
        "Farida Nazari commented: Støv",
        "Farida Nazari asks you to take the challenge: Grus",
    ]


def test_an_answer_to_who_asked_is_told_whosever_challenge_it_is(mette: Membership, farida: Membership) -> None:
    bo = add_member(mette, make_user("Bo Lund"))
    post = challenge(bo, "Grus")
    post.ask(mette, farida)
    post.decline(farida, "Ferie")
    assert "Farida Nazari can't take the challenge: Grus" in told(mette)


def test_a_notice_is_read_by_opening_its_post_and_never_passed_by_a_bookmark(
    mette: Membership, farida: Membership, sign_in: SignIn
) -> None:
    window, home = sign_in(farida.user), mette.partnership.address
    first, second = share(farida, "Grus"), share(farida, "Støv")
    for post in (first, second):
        comment(post, mette)
    reading.read_all(farida, mette.partnership.last_number)
    assert unread_count(farida.user) == 2
    page = window.get("/waiting", htmx=True).text
    assert 'id="notice-count"' in page
    assert ">2<span" in page
    window.page(f"{home}posts/{first.number}")
    assert told(farida, new=True) == ["Mette Krag commented: Støv"]
    assert len(told(farida)) == 2
    listed = window.page("/notices")
    assert [link.get("href") for link in listed.all("a") if "?comment=" in str(link.get("href"))] == [
        f"{home}posts/{post.number}?comment={number}#comment-{number}"
        for post, number in ((second, second.number + 2), (first, second.number + 1))
    ]
    window.post("/notices/emptying", data=listed.form("/notices/emptying"))
    assert told(farida) == []
    comment(first, mette)
    assert told(farida, new=True) == ["Mette Krag commented: Grus"]


def test_a_page_that_was_rendered_earlier_takes_nothing_back(mette: Membership, farida: Membership) -> None:
    post = share(farida, "Grus")
    earlier, later = comment(post, mette), comment(post, mette)
    read_notices(farida.id, Topic.POST, post.number, later.number)
    read_notices(farida.id, Topic.POST, post.number, earlier.number)
    assert told(farida, new=True) == []


def test_what_is_withdrawn_unfollowed_or_anothers_is_no_notice(mette: Membership, farida: Membership) -> None:
    post, left = share(farida, "Grus"), share(farida, "Støv")
    comment(post, mette).withdraw(mette, post)
    follows.set_following(farida, left.number, follows=False)
    comment(left, mette)
    comment(share(mette, "En andens"), mette)
    assert told(farida) == []
    post.withdraw(farida)
    assert told(farida) == []


def test_who_is_out_has_no_notices(mette: Membership, farida: Membership) -> None:
    comment(share(farida), mette)
    assert len(told(farida)) == 1
    farida.ends_at = farida.created_at
    db.session.commit()
    assert told(farida) == []


def test_my_roles_are_told_until_the_role_is_opened(mette: Membership, farida: Membership, sign_in: SignIn) -> None:
    role, other = make_role(mette, "Tovholder"), make_role(mette, "Målinger")
    offers.offer(role, mette, to=farida, kind=AssignmentKind.HELPER)
    hold(other, mette, mette)
    [line] = told(farida, new=True)
    assert line.endswith("the role ‘Tovholder’: Tovholder")
    sign_in(farida.user).page(f"{mette.partnership.address}roles/{role.id}")
    assert told(farida, new=True) == []
    assert len(told(farida)) == 1


def test_the_answer_to_my_offering_a_role_is_told_and_to_nobody_else(
    mette: Membership, farida: Membership, sign_in: SignIn
) -> None:
    other = add_member(mette, make_user("Bo Lund"), level=Level.MODERATOR)
    taken, declined = make_role(mette, "Tovholder"), make_role(mette, "Målinger")
    answers.accept(offers.offer(taken, mette, to=farida, kind=AssignmentKind.ACCOUNTABLE), farida)
    answers.decline(offers.offer(declined, mette, to=farida, kind=AssignmentKind.HELPER), farida, "Ferie")
    where = farida.organisation.name
    assert told(mette, new=True) == [
        f"Farida Nazari from {where} took over the responsibility for ‘Tovholder’: Tovholder",
        f"Farida Nazari from {where} declined the role ‘Målinger’: Målinger",
    ]
    assert told(other) == []
    sign_in(mette.user).page(f"{mette.partnership.address}roles/{declined.id}")
    assert len(told(mette, new=True)) == 1


@pytest.mark.parametrize("what", ["post", "comment"])
def test_a_correction_is_told_to_the_moderator_who_asked_for_it(
    mette: Membership, farida: Membership, sign_in: SignIn, what: str
) -> None:
    other = add_member(mette, make_user("Ole Lund"), level=Level.MODERATOR)
    reader = add_member(mette, make_user("Rikke Lund"))
    post = share(farida, "Grus")
    follows.set_following(other, post.number, follows=True)
    thing = post if what == "post" else comment(post, farida)
    report = reports_service.report(reader, thing, "Et navn")
    window, home = sign_in(mette.user), mette.partnership.address
    window.submit(f"{home}reports/{report.id}/answer", {"verdict": "correction", "reason": "Skriv uden navnet"})
    author = sign_in(farida.user)
    form = f"{home}posts/{post.number}" + ("/edit" if what == "post" else f"/comments/{thing.number}/edit")
    author.submit(form, {"body": "Uden navnet"}, page=form)
    address = f"{home}{text_path(post.number, thing.number)}"
    assert told(mette, new=True) == ["Farida Nazari corrected the text, as you asked: Grus"]
    assert address in [link.get("href") for link in window.page("/notices").all("a")]
    author.submit(form, {"body": "Igen"}, page=form)
    assert len(told(mette, new=True)) == 1, "it was asked for once"
    for nobody in (other, reader, farida):
        assert not [line for line in told(nobody) if "corrected" in line]
    window.page(f"{home}posts/{post.number}")
    assert told(mette, new=True) == []


def test_notices_ask_the_same_for_many_as_for_few(
    mette: Membership, farida: Membership, sign_in: SignIn, statements: Callable[..., object]
) -> None:
    window = sign_in(farida.user)

    def asked() -> int:
        with statements() as heard:  # type: ignore[attr-defined]
            window.get("/notices")
        return len(heard)

    comment(share(farida), mette)
    few = asked()
    for _ in range(20):
        comment(share(farida), mette)
    assert asked() == few
