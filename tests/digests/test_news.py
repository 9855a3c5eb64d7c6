"""News by mail at once: to whom it happened, who wants it so, and who may still read it when it is sent."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.factories import Holder, add_member, challenge, hold, make_role, make_user, start_partnership
from workspace import Workspace, clock
from workspace.accounts.mail_preferences import MailTiming
from workspace.db import db
from workspace.digests import preferences
from workspace.mail import delivery
from workspace.mail.message_types import EmailContent
from workspace.mail.models import Mail, MailState
from workspace.notifications.dispatch import NotificationKind
from workspace.partnerships.models import Membership, MembershipState
from workspace.roles import answers, offers
from workspace.roles.endings import end

pytestmark = pytest.mark.usefixtures("app")


@pytest.fixture
def moderator() -> Membership:
    return start_partnership("Digital genoptræning", by=make_user("Mette Krag"))


@pytest.fixture
def reader(moderator: Membership) -> Membership:
    return add_member(moderator, make_user("Farida Nazari", language="en"))


def news(membership: Membership | None = None) -> list[Mail]:
    """What is in the outbox of news, for one member or for all."""
    query = select(Mail).where(Mail.kind.in_([notice.value for notice in NotificationKind])).order_by(Mail.id)
    return list(db.session.scalars(query.where(Mail.user_id == membership.user_id) if membership else query))


def written(mail: Mail) -> EmailContent:
    message = delivery.written(mail)
    assert message is not None
    return message


def test_who_is_asked_to_take_a_challenge_hears_of_it(moderator: Membership, reader: Membership) -> None:
    post = challenge(moderator, "Vi mangler borgere", "Der er plads til tolv mere.")
    post.ask(moderator, reader)
    [mail] = news()
    assert (mail.kind, mail.user_id) == (NotificationKind.CHALLENGE, reader.user_id)
    message = written(mail)
    assert message.subject == "Mette Krag asks you to take the challenge ‘Vi mangler borgere’"
    assert "Der er plads til tolv mere." in message.text
    assert f"/posts/{post.number}" in message.html
    assert (message.sender, message.list_id) == ("Digital genoptræning", "digital-genoptraening")
    assert message.thread == f"post:{post.partnership_id}:{post.number}"


def test_what_no_longer_waits_is_not_told(moderator: Membership, reader: Membership) -> None:
    post = challenge(moderator)
    post.ask(moderator, reader)
    post.decline(reader, "Ingen tid")
    db.session.commit()
    assert [delivery.written(mail) for mail in news(reader)] == [None]


def test_roles_are_told_to_whom_they_concern(moderator: Membership, reader: Membership) -> None:
    role = make_role(moderator, "Data")
    assignment = offers.offer(role, moderator, to=reader, kind=Holder.ACCOUNTABLE, notes="Her er nøglen.")
    [offered] = news()
    assert written(offered).subject == "Mette Krag offers you the role ‘Data’"
    assert "Her er nøglen." in written(offered).text
    answers.accept(assignment, reader)
    db.session.commit()
    assert delivery.written(offered) is None
    [accepted] = news(moderator)
    assert written(accepted).subject == "Farida Nazari har sagt ja til rollen »Data«"
    end(assignment, moderator, "Ny opgavefordeling")
    assert written(news(reader)[-1]).subject == "Mette Krag has ended your time in the role ‘Data’"
    assert "Ny opgavefordeling" in written(news(reader)[-1]).text


def test_who_hands_a_role_over_hears_who_has_taken_it(moderator: Membership, reader: Membership) -> None:
    role = make_role(moderator, "Data")
    hold(role, reader, moderator)
    successor = add_member(moderator, make_user("Ditte Holm"))
    hold(role, successor, moderator)
    assert written(news(reader)[-1]).subject == "Ditte Holm has taken over the role ‘Data’ from you"


def test_whoever_asks_for_a_role_hears_the_answer(moderator: Membership, reader: Membership) -> None:
    role = make_role(moderator, "Data")
    for answer, told in (
        (
            lambda assignment: answers.decline(assignment, moderator, "Nej"),
            "Mette Krag has not given you the role ‘Data’",
        ),
        (lambda asked: answers.accept(asked, moderator), "Mette Krag has given you the role ‘Data’"),
    ):
        answer(offers.ask(role, reader, kind=Holder.HELPER))
        db.session.commit()
        assert written(news(reader)[-1]).subject == told


def lose_access(membership: Membership) -> None:
    membership.state = MembershipState.ENDED


def be_suspended(membership: Membership) -> None:
    membership.state = MembershipState.SUSPENDED


def reach_the_end(membership: Membership) -> None:
    membership.ends_at = clock.now() - timedelta(seconds=1)


def want_it_in_the_digest(membership: Membership) -> None:
    preferences.lower_notices(membership.user, [NotificationKind.CHALLENGE], MailTiming.DIGEST)


def want_nothing_from_here(membership: Membership) -> None:
    preferences.choose_kinds(membership.user, {}, {membership.id: MailTiming.NEVER})


@pytest.mark.parametrize(
    "change", [lose_access, be_suspended, reach_the_end, want_it_in_the_digest, want_nothing_from_here]
)
def test_nothing_is_sent_to_who_has_lost_access_or_wants_it_no_longer(
    change: Callable[[Membership], None], moderator: Membership, reader: Membership
) -> None:
    challenge(moderator).ask(moderator, reader)
    [mail] = news()
    change(reader)
    db.session.commit()
    assert delivery.written(mail) is None
    delivery.deliver()
    assert mail.state is MailState.SKIPPED


@pytest.mark.parametrize("change", [want_it_in_the_digest, want_nothing_from_here])
def test_who_does_not_want_it_at_once_gets_no_row(
    change: Callable[[Membership], None], moderator: Membership, reader: Membership
) -> None:
    change(reader)
    db.session.commit()
    challenge(moderator).ask(moderator, reader)
    assert news() == []


def test_mail_of_a_partnership_that_wants_it_so_carries_titles_only(
    app: Workspace, moderator: Membership, reader: Membership
) -> None:
    moderator.partnership.titles_only = True
    challenge(moderator, "Titlen", "Fortrolig tekst").ask(moderator, reader)
    assignment = offers.offer(make_role(moderator), moderator, to=reader, kind=Holder.HELPER, notes="Fortrolig besked")
    db.session.commit()
    for mail in news(reader):
        message = written(mail)
        assert "Fortrolig" not in message.text + message.html + message.subject
    assert assignment.notes == "Fortrolig besked"
