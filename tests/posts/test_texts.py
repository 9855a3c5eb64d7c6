"""What becomes of a text after it was written: versions, redaction, mentions, reactions, undoing, following."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from tests.client import Client
from tests.factories import Level, add_member, comment, make_role, make_user, share, start_partnership
from tests.pages import Page
from workspace import clock, rich_text
from workspace.accounts.models import User
from workspace.db import Base, db
from workspace.members.models import Verdict
from workspace.members.reports import service as reports_service
from workspace.partnerships.activity_log import Entry
from workspace.partnerships.models import Membership
from workspace.partnerships.verbs import Verb
from workspace.permissions import Conflict, NotAllowed
from workspace.posts import follows, mentions, reactions
from workspace.posts.models import Post, PostKind
from workspace.posts.reactions import ReactionKind
from workspace.posts.verbs import EDITED, PARKED, REACTED, REDACTED
from workspace.posts.versions import TextVersion

SignIn = Callable[[User], Client]
SECRET = "Kodeordetkartoffel"


@pytest.fixture
def moderator() -> Membership:
    return start_partnership("Grønne tage", by=make_user("Mette Ågård"))


@pytest.fixture
def member(moderator: Membership) -> Membership:
    return add_member(moderator, make_user("Bo Østergaard"))


pytestmark = pytest.mark.usefixtures("app")


def verbs(member: Membership) -> list[Verb]:
    query = select(Entry.verb).where(Entry.partnership_id == member.partnership_id).order_by(Entry.number)
    return list(db.session.scalars(query))


def everything() -> str:
    """All that the database holds."""
    return "\n".join(str(row) for table in Base.metadata.sorted_tables for row in db.session.execute(select(table)))


def test_every_edit_keeps_the_version_before_and_says_what_changed(member: Membership, sign_in: SignIn) -> None:
    post = share(member, "Aftale", "Vi mødes mandag.")
    post.edit(member, title="Aftale", body=rich_text.from_plain("Vi mødes fredag."), version=1)
    db.session.commit()
    assert db.session.scalar(select(TextVersion.body_text)) == "Vi mødes mandag."
    page = sign_in(member.user).page(f"{member.partnership.address}texts/{post.number}/versions")
    removed, added = (["".join(piece.itertext()) for piece in page.all(tag)] for tag in ("del", "ins"))
    assert [("mandag." in words) for words in removed] == [True]
    assert [("fredag." in words) for words in added] == [True]
    assert "Bo Østergaard" in page.text


def test_what_is_redacted_is_nowhere_and_the_fact_remains(
    moderator: Membership, member: Membership, sign_in: SignIn
) -> None:
    reader = add_member(moderator)
    post = share(member, f"Titel {SECRET}", f"Her står {SECRET} og @Mette Ågård")
    post.edit(member, title=f"Ny {SECRET}", body=rich_text.from_plain(f"Rettet {SECRET}"), version=1)
    said = comment(post, member, f"Også her: {SECRET}")
    for text in (post, said):
        reports_service.report(moderator, text, f"Der står {SECRET}")
    reports_service.answer(
        moderator, reports_service.report(reader, post, f"Ja, {SECRET}").id, Verdict.KEPT, f"Kun {SECRET}"
    )
    said.withdraw(moderator, post, reason=f"Der stod {SECRET}")
    db.session.commit()
    assert SECRET in everything()
    browser = sign_in(moderator.user)
    for number in (post.number, said.number):
        address = f"{moderator.partnership.address}texts/{number}/redaction"
        assert browser.submit(address, {"reason": ""}).status_code == 422
        assert browser.submit(address, {"reason": "Et kodeord"}, page=address).status_code == 303
    assert SECRET not in everything()
    assert browser.page(f"{moderator.partnership.address}reports")
    page = browser.page(f"{moderator.partnership.address}posts/{post.number}")
    assert page.text.count("Mette Ågård har slettet teksten for altid: Et kodeord") == 2
    assert verbs(moderator).count(REDACTED) == 2
    with pytest.raises(Conflict):
        post.bring_back(moderator)


def test_the_number_of_unsolved_challenges_follows_a_text_that_goes_and_comes(moderator: Membership) -> None:
    post = share(moderator, kind=PostKind.CHALLENGE)
    partnership = moderator.partnership
    counts = [partnership.unsolved_count]
    for step in (post.withdraw, post.bring_back, post.bring_back):
        step(moderator)
        counts.append(partnership.unsolved_count)
    for _time in range(2):
        post.redact(moderator, "Et navn")
        counts.append(partnership.unsolved_count)
    assert counts == [1, 0, 1, 1, 0, 0]


def test_redacting_a_challenge_takes_what_solved_it_along(moderator: Membership, sign_in: SignIn) -> None:
    post = share(moderator, kind=PostKind.CHALLENGE)
    post.park(moderator, f"Vi venter på {SECRET}")
    post.reopen(moderator, "Nu")
    post.solve(moderator, f"Det var {SECRET}")
    db.session.commit()
    post.redact(moderator, "Et kodeord")
    db.session.commit()
    assert SECRET not in everything()
    assert "Et kodeord" in sign_in(moderator.user).page(f"{moderator.partnership.address}posts/{post.number}").text


def test_redacting_deletes_what_people_wrote_and_nothing_else_of_the_log(moderator: Membership) -> None:
    post = share(moderator, kind=PostKind.CHALLENGE)
    until = clock.now().date() + timedelta(days=9)
    post.park(moderator, f"Vi venter på {SECRET}", until=until)
    post.redact(moderator, "Et kodeord")
    db.session.commit()
    parked = db.session.scalars(select(Entry).where(Entry.verb == PARKED)).one()
    assert parked.details == {"until": until.isoformat()}


def test_an_edit_of_the_role_alone_says_that_the_text_is_the_same(
    moderator: Membership, member: Membership, sign_in: SignIn
) -> None:
    role = make_role(moderator, "Drift")
    post = share(member, "Aftale", "Det samme.")
    post.edit(member, title="Aftale", body=rich_text.from_plain("Det samme."), version=1, role=role)
    db.session.commit()
    page = sign_in(member.user).page(f"{member.partnership.address}texts/{post.number}/versions")
    assert "Teksten er den samme" in page.text


def test_a_member_cannot_redact(member: Membership) -> None:
    post = share(member)
    with pytest.raises(NotAllowed):
        post.redact(member, "Nej")


def test_the_reason_does_not_say_a_cpr_number_again(moderator: Membership, sign_in: SignIn) -> None:
    post = share(moderator)
    address = f"{moderator.partnership.address}texts/{post.number}/redaction"
    answer = sign_in(moderator.user).submit(address, {"reason": "Der stod 010190-1234"}, htmx=True)
    assert answer.status_code == 422


def test_a_stale_edit_shows_both_texts_and_a_proposal(member: Membership, sign_in: SignIn) -> None:
    post = share(member, "Aftale", "Første.\n\nAndet.")
    post.edit(member, title="Aftale", body=rich_text.from_plain("Første.\n\nAndet, rettet."), version=1)
    address = f"{member.partnership.address}posts/{post.number}/edit"
    browser = sign_in(member.user)
    typed = {"title": "Aftale", "body": "Første, også rettet.\n\nAndet.", "version": "1"}
    answer = browser.submit(address, typed, htmx=True)
    assert answer.status_code == 409
    assert "forslag med begge rettelser" in answer.text
    assert "Første, også rettet.\n\nAndet, rettet.</textarea>" in answer.text.replace("\r", "")
    answer = browser.submit(address, typed | {"body": "Første.\n\nAndet, men anderledes."}, htmx=True)
    assert answer.status_code == 409
    assert "rettet det samme afsnit" in answer.text


def test_an_edit_that_is_sent_again_after_it_was_saved_is_no_conflict(member: Membership) -> None:
    post = share(member, "Aftale", "Før.")
    for _time in range(2):
        post.edit(member, title="Aftale", body=rich_text.from_plain("Efter."), version=1)
    assert verbs(member).count(EDITED) == 1


def test_formatted_text_is_sanitised_and_checked_for_cpr_numbers(member: Membership, sign_in: SignIn) -> None:
    browser = sign_in(member.user)
    address = f"{member.partnership.address}posts"
    typed = {"kind": "progress", "title": "T", "body": "", "body_html": "<p>Nr. <b>010190</b>-1234</p>"}
    assert browser.submit(address, typed).status_code == 422
    assert browser.submit(address, typed | {"body_html": "<p><b onclick=x>Fed</b><img src=x></p>"}).status_code == 303
    assert db.session.scalar(select(Post.body_html)) == "<p><strong>Fed</strong></p>"
    assert db.session.scalar(select(Post.body_text)) == "Fed"


def test_formatting_survives_an_error_elsewhere_in_the_form(member: Membership, sign_in: SignIn) -> None:
    browser = sign_in(member.user)
    address = f"{member.partnership.address}posts"
    typed = {"kind": "progress", "title": "", "body": "Fed", "body_html": "<p><b>Fed</b></p>"}
    answer = browser.submit(address, typed)
    assert answer.status_code == 422
    again = Page(answer.text).form(address)
    assert again["body_html"] == "<p><strong>Fed</strong></p>"
    assert browser.post(address, data=again | {"title": "T"}).status_code == 303
    assert db.session.scalar(select(Post.body_html)) == "<p><strong>Fed</strong></p>"


def test_a_full_name_after_an_at_sign_is_a_mention_that_follows_the_name(
    moderator: Membership, member: Membership, sign_in: SignIn
) -> None:
    post = share(member, "Spørgsmål", "Ved du det, @mette ågård?")
    moderator.user.name = "Mette Nygift"
    db.session.commit()
    browser = sign_in(member.user)
    for address in (member.partnership.address, f"{member.partnership.address}posts/{post.number}"):
        assert "@Mette Nygift" in browser.page(address).text
    assert {row.id for row in follows.followers(member, post.number)} == {moderator.id, member.id}


def test_nobody_outside_can_be_mentioned_or_found(member: Membership, sign_in: SignIn) -> None:
    stranger = start_partnership(by=make_user("Ulla Udenfor"))
    post = share(member, "T", "@Ulla Udenfor")
    made = rich_text.from_html(f'<a href="#member-{stranger.id}">@Ulla</a>')
    post.edit(member, title="T", body=made, version=1)
    assert "#member-" not in post.body_html
    browser = sign_in(member.user)
    assert "Ulla" not in browser.get(f"{member.partnership.address}mentions?name=ul").text


def test_suggestions_find_any_part_of_a_name_with_the_organisation(moderator: Membership, member: Membership) -> None:
    assert mentions.suggestions(member, "bo")[0].organisation_name == member.organisation.name
    assert [row.name for row in mentions.suggestions(member, "å")] == ["Mette Ågård"]
    assert [row.name for row in mentions.suggestions(member, "METTE å")] == ["Mette Ågård"]
    assert mentions.suggestions(member, "ette") == []
    assert mentions.suggestions(member, "%") == []
    member.user.name = "Signe Vestergaard-Thomsen"
    db.session.flush()
    assert [row.name for row in mentions.suggestions(member, "thomsen")] == ["Signe Vestergaard-Thomsen"]


def test_reactions_stand_in_the_log_but_do_not_lift(moderator: Membership, member: Membership, sign_in: SignIn) -> None:
    post = share(moderator)
    lifted = post.activity_number
    browser = sign_in(member.user)
    address = f"{member.partnership.address}texts/{post.number}/reactions"
    for given in ({"is_given": "y"}, {}, {"is_given": "y"}):
        assert browser.submit(address, {"kind": "thanks", **given}).status_code == 303
    assert "Bo Østergaard" in browser.page(address).text
    assert db.session.get_one(Post, (post.partnership_id, post.number)).activity_number == lifted
    assert verbs(member).count(REACTED) == 1
    assert reactions.summarise(reactions.reacted_to(member, post.number)).counts == {ReactionKind.THANKS: 1}


def test_withdrawing_is_undone_within_a_moment_and_by_a_moderator_later(
    moderator: Membership, member: Membership, sign_in: SignIn
) -> None:
    post = share(member)
    said = comment(post, member)
    with time_machine.travel("2026-03-02 09:00:00+00:00", tick=False) as time:
        said.withdraw(member, post)
        time.shift(timedelta(seconds=20))
        said.bring_back(member, post)
        assert post.comment_count == 1
        said.withdraw(member, post)
        time.shift(timedelta(minutes=2))
        with pytest.raises(NotAllowed):
            said.bring_back(member, post)
        said.bring_back(moderator, post)
    assert not said.is_withdrawn


def test_whoever_stopped_following_is_not_made_to_follow_again(member: Membership, sign_in: SignIn) -> None:
    post = share(member)
    browser = sign_in(member.user)
    browser.submit(f"{member.partnership.address}posts/{post.number}/unfollowing")
    comment(post, member)
    assert follows.followers(member, post.number) == []
    browser.submit(f"{member.partnership.address}posts/{post.number}/following")
    assert [row.id for row in follows.followers(member, post.number)] == [member.id]


def test_a_permalink_opens_the_page_of_the_thread_and_marks_the_comment(member: Membership, sign_in: SignIn) -> None:
    post = share(member)
    said = [comment(post, member, f"Kommentar {number}") for number in range(70)]
    page = sign_in(member.user).page(f"{member.partnership.address}posts/{post.number}?comment={said[3].number}")
    marked = [article.get("id") for article in page.all("article") if "is-marked" in article.get("class", "")]
    assert marked == [f"comment-{said[3].number}"]
    assert f"comment-{said[-1].number}" not in page.html


def test_a_comment_is_quoted_without_javascript(member: Membership, sign_in: SignIn) -> None:
    post = share(member)
    said = comment(post, member, "Første linje\nanden linje")
    page = sign_in(member.user).page(f"{member.partnership.address}posts/{post.number}?quote={said.number}")
    form = page.form(f"{member.partnership.address}posts/{post.number}/comments")
    lines = (form["body"] or "").strip().splitlines()
    assert lines[0].startswith(member.user.name)
    assert lines[-2:] == ["> Første linje", "> anden linje"]


def test_pages_ask_the_database_at_most_ten_times(
    moderator: Membership, member: Membership, sign_in: SignIn, statements: Callable[[], object]
) -> None:
    for number in range(12):
        post = share(moderator, body=f"Nr. {number} @Bo Østergaard")
        for _comment in range(5):
            said = comment(post, moderator, "Se her, @Bo Østergaard")
    db.session.commit()
    browser = sign_in(member.user)
    thread = f"{member.partnership.address}posts/{post.number}"
    for address in (member.partnership.address, thread, f"{thread}?comment={said.number}", f"{thread}/followers"):
        browser.page(address)  # What is read by opening is noted once, after the answer.
        with statements() as asked:  # type: ignore[attr-defined]
            browser.page(address)
        assert len(asked) <= 10, f"{address}: {len(asked)}"


def test_an_observer_may_follow_but_not_react(moderator: Membership, sign_in: SignIn) -> None:
    observer = add_member(moderator, level=Level.OBSERVER)
    post = share(moderator)
    browser = sign_in(observer.user)
    address = f"{moderator.partnership.address}texts/{post.number}/reactions"
    assert browser.submit(address, {"kind": "noted", "is_given": "y"}).status_code == 403
    assert browser.submit(f"{moderator.partnership.address}posts/{post.number}/following").status_code == 303


@pytest.mark.parametrize("body", ["שלום עולם", "مرحبا", "👩‍👩‍👧‍👦", "x" * 200, "\u202eabc"])
@pytest.mark.either_database
def test_every_script_leaves_the_page_whole(member: Membership, sign_in: SignIn, body: str) -> None:
    post = share(member, body[:100], body)
    assert body in sign_in(member.user).page(f"{member.partnership.address}posts/{post.number}").html


def test_the_editor_needs_a_nonce_for_its_style_and_pages_without_it_the_plain_policy(
    member: Membership, sign_in: SignIn
) -> None:
    browser = sign_in(member.user)
    policy = browser.get(member.partnership.address).headers["Content-Security-Policy"]
    assert "; style-src 'self' 'nonce-" in policy
    assert policy != browser.get(member.partnership.address).headers["Content-Security-Policy"]
    assert "nonce" not in browser.get(f"{member.partnership.address}about").headers["Content-Security-Policy"]
    assert "unsafe" not in policy
