"""Mails about texts: to whom a text mentions, and to who follows the post; never of what is gone when it is sent."""

import pytest
from sqlalchemy import select

from tests.factories import add_member, challenge, comment, make_user, share, start_partnership
from workspace import rich_text
from workspace.accounts.mail_preferences import MailTiming
from workspace.db import db
from workspace.digests import preferences
from workspace.mail import delivery
from workspace.mail.message_types import EmailContent
from workspace.mail.models import Mail
from workspace.notifications.dispatch import NotificationKind
from workspace.partnerships.models import Membership
from workspace.posts import follows

pytestmark = pytest.mark.usefixtures("app")


@pytest.fixture
def moderator() -> Membership:
    return start_partnership("Grønne tage", by=make_user("Mette Krag"))


@pytest.fixture
def reader(moderator: Membership) -> Membership:
    return add_member(moderator, make_user("Farida Nazari", language="en"))


def news(membership: Membership) -> list[Mail]:
    query = select(Mail).where(
        Mail.kind.in_([notice.value for notice in NotificationKind]), Mail.user_id == membership.user_id
    )
    return list(db.session.scalars(query.order_by(Mail.id)))


def messages(membership: Membership) -> list[EmailContent | None]:
    """What becomes of the news in the outbox for a member, if it is sent now."""
    return [delivery.written(mail) for mail in news(membership)]


def subjects(membership: Membership) -> list[str | None]:
    return [message and message.subject for message in messages(membership)]


def test_whoever_is_mentioned_hears_of_it_once(moderator: Membership, reader: Membership) -> None:
    post = share(moderator, "Grus", "Hvad siger du, @Farida Nazari?")
    said = comment(post, moderator, "Og her, @Farida Nazari: strøm.")
    assert subjects(reader) == ["Mette Krag mentions you in ‘Grus’"] * 2
    message = messages(reader)[1]
    assert message is not None
    assert "strøm" in message.text
    assert f"/posts/{post.number}?comment={said.number}#comment-{said.number}" in message.text
    assert news(moderator) == []


def test_an_edit_tells_only_those_who_were_not_mentioned_before(moderator: Membership, reader: Membership) -> None:
    other = add_member(moderator, make_user("Bo Holm", language="en"))
    post = share(moderator, "Grus", "@Farida Nazari")
    post.edit(moderator, title="Grus", body=rich_text.from_plain("@Farida Nazari og @Bo Holm"), version=1)
    assert [len(news(membership)) for membership in (reader, other)] == [1, 1]


def test_comments_on_ones_own_post_are_mailed_at_once_until_one_no_longer_follows_it(
    moderator: Membership, reader: Membership
) -> None:
    post = share(reader, "Grus")
    comment(post, moderator, "Det ligger der.")
    comment(post, reader, "Tak.")
    assert subjects(reader) == ["Mette Krag has commented on ‘Grus’"]
    assert news(moderator) == [], "Who only follows it reads of it in the digest"
    follows.set_following(reader, post.number, follows=False)
    comment(post, moderator, "Og mere.")
    assert len(news(reader)) == 1


def test_whoever_has_taken_a_challenge_hears_of_comments_at_once(moderator: Membership, reader: Membership) -> None:
    post = challenge(moderator, "Grus")
    post.ask(moderator, reader)
    post.accept(reader)
    comment(post, moderator, "Hvordan går det?")
    assert subjects(reader)[-1] == "Mette Krag has commented on ‘Grus’"


def test_who_wants_to_hears_at_once_of_comments_on_all_that_they_follow(
    moderator: Membership, reader: Membership
) -> None:
    preferences.choose_kinds(reader.user, {NotificationKind.REPLY: MailTiming.AT_ONCE}, {})
    post = share(moderator, "Grus")
    follows.set_following(reader, post.number, follows=True)
    comment(post, moderator, "Det ligger der.")
    assert subjects(reader) == ["Mette Krag has commented on ‘Grus’"]


def test_who_wants_no_mail_about_mentions_hears_of_the_comment(moderator: Membership, reader: Membership) -> None:
    preferences.lower_notices(reader.user, [NotificationKind.MENTIONED], MailTiming.NEVER)
    comment(share(reader, "Grus"), moderator, "@Farida Nazari")
    assert subjects(reader) == ["Mette Krag has commented on ‘Grus’"]


def test_what_is_gone_is_not_sent_and_what_is_corrected_is_sent_as_it_is(
    moderator: Membership, reader: Membership
) -> None:
    post = share(moderator, "Grus", "Kodeord: kartoffel, @Farida Nazari")
    post.edit(moderator, title="Grus", body=rich_text.from_plain("Rettet, @Farida Nazari"), version=1)
    message = messages(reader)[0]
    assert message is not None
    assert "kartoffel" not in message.text + message.html
    post.edit(moderator, title="Grus", body=rich_text.from_plain("Ingen"), version=2)
    assert messages(reader) == [None], "It mentions them no longer"
    said = comment(post, moderator, "Her, @Farida Nazari")
    said.redact(moderator, post, "Et kodeord")
    assert messages(reader) == [None, None]
    comment(post, moderator, "Og her, @Farida Nazari")
    post.withdraw(moderator)
    assert messages(reader) == [None, None, None]


def test_whoever_asked_hears_whether_the_challenge_is_taken(moderator: Membership, reader: Membership) -> None:
    asker = add_member(moderator, make_user("Bo Holm", language="en"))
    taken, declined, other = (challenge(asker, title) for title in ("Grus", "Støv", "Mudder"))
    for post in (taken, declined, other):
        post.ask(asker, reader)
    taken.accept(reader)
    declined.decline(reader, "Vi er kun to.")
    other.take(moderator, instead_of=reader.id)
    assert subjects(asker) == [
        "Farida Nazari takes the challenge ‘Grus’",
        "Farida Nazari can't take the challenge ‘Støv’",
        "Mette Krag takes the challenge ‘Mudder’",
    ]
    message = messages(asker)[1]
    assert message is not None
    assert "Vi er kun to." in message.text
    assert f"/posts/{declined.number}" in message.text
    declined.withdraw(asker)
    assert subjects(asker)[1] is None


def test_nobody_hears_who_takes_what_they_did_not_ask_for_or_when_they_chose_not_to(
    moderator: Membership, reader: Membership
) -> None:
    asker = add_member(moderator, make_user("Bo Holm", language="en"))
    challenge(asker).take(moderator)
    preferences.lower_notices(asker.user, [NotificationKind.TAKING], MailTiming.NEVER)
    post = challenge(asker)
    post.ask(asker, reader)
    post.accept(reader)
    own = challenge(reader)
    own.ask(reader, moderator)
    own.take(reader, instead_of=moderator.id)
    told = [(mail.kind, mail.user_id) for mail in news(asker) + news(reader)]
    assert told == [("challenge", reader.user_id)], "Only that the reader was asked"
