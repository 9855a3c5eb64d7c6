"""A member reports a post or a comment; the moderators keep it or withdraw it, with a reason that the author sees."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.client import Client
from tests.factories import Level, add_member, challenge, comment, make_user, share, start_partnership
from tests.partnerships.test_log import at_once
from workspace import Workspace, clock, rich_text
from workspace.accounts.mail_preferences import MailTiming
from workspace.accounts.models import User
from workspace.audit.models import AuditAction, AuditEvent
from workspace.comments.models import Comment
from workspace.db import db
from workspace.digests import planning, preferences
from workspace.digests.compose import build
from workspace.mail import delivery
from workspace.mail.models import Mail
from workspace.members.models import Report, Verdict
from workspace.members.moderation import service as moderation_service
from workspace.members.reports import service as reports_service
from workspace.members.reports.views import past_reports
from workspace.notifications.dispatch import NotificationKind
from workspace.partnerships.models import Membership
from workspace.permissions import Conflict, NotAllowed
from workspace.posts.models import Post

SignIn = Callable[[User], Client]


class World:
    """A partnership in which a member wrote something that another one reports."""

    def __init__(self) -> None:
        self.moderator = start_partnership("Grønne tage", by=make_user("Mette Moderator", language="en"))
        self.partnership = self.moderator.partnership
        self.author = add_member(self.moderator, make_user("Farida Forfatter", language="en"))
        self.reader = add_member(self.moderator, make_user("Rikke Reader", language="en"), Level.OBSERVER)
        self.post = share(self.author, title="Et opslag")
        self.comment = comment(self.post, self.author)

    def address(self, thing: Post | Comment) -> str:
        posts = f"{self.partnership.address}posts/{self.post.number}"
        return f"{posts}/comments/{thing.number}" if isinstance(thing, Comment) else posts

    def reports(self) -> list[Report]:
        return list(db.session.scalars(select(Report).order_by(Report.id)))


@pytest.fixture
def world(app: Workspace) -> World:
    return World()


def said(mail: Mail) -> str:
    message = delivery.written(mail)
    return message.text if message else ""


@pytest.mark.parametrize("htmx", [False, True], ids=["plain", "htmx"])
@pytest.mark.parametrize("what", ["post", "comment"])
def test_what_is_reported_waits_for_the_moderators(world: World, sign_in: SignIn, what: str, htmx: bool) -> None:
    thing = getattr(world, what)
    reader, address = sign_in(world.reader.user), f"{world.address(thing)}/report"
    # The thread's addresses begin at the post's.
    shown = address.rpartition("/posts/")[2] if what == "comment" else address
    assert f'"{shown}"' in reader.page(world.address(world.post)).html
    assert reader.submit(address, {"reason": ""}, htmx=htmx).status_code == 422
    answer = reader.submit(address, {"reason": "Et CPR-nummer"}, htmx=htmx)
    assert answer.status_code == ((200 if what == "comment" else 204) if htmx else 303)
    if htmx and what == "comment":  # It stands in its place again.
        assert f'id="comment-{thing.number}"' in answer.text
    [report] = world.reports()
    assert (report.number, report.is_of_comment) == (thing.number, what == "comment")
    queue = sign_in(world.moderator.user).page(f"{world.partnership.address}reports")
    for words in ("Et CPR-nummer", "Rikke Reader reports", "Written by Farida Forfatter"):
        assert words in queue.text
    overview = sign_in(world.moderator.user).page("/")
    assert "Reported to the moderators: Et opslag" in overview.text
    for other in (world.author, world.reader):
        assert "Reported to the moderators" not in sign_in(other.user).page("/").text


@pytest.mark.parametrize("what", ["post", "comment"])
@pytest.mark.parametrize("verdict", list(Verdict))
def test_the_author_sees_the_answer_and_not_who_reported(
    world: World, sign_in: SignIn, what: str, verdict: Verdict
) -> None:
    thing = getattr(world, what)
    report = reports_service.report(world.reader, thing, "Det er fortroligt")
    db.session.commit()
    answer = f"{world.partnership.address}reports/{report.id}/answer"
    moderators = sign_in(world.moderator.user)
    assert moderators.submit(answer, {"reason": "", "verdict": verdict.value}).status_code == 422
    assert moderators.submit(answer, {"reason": "Fordi", "verdict": "burned"}).status_code == 409
    assert moderators.submit(answer, {"reason": "Det er i orden sådan", "verdict": verdict.value}).status_code == 303
    assert thing.is_withdrawn is (verdict is Verdict.WITHDRAWN)
    author = sign_in(world.author.user)
    for page in (world.address(world.post), f"{world.partnership.address}reports"):
        shown = author.page(page)
        assert "Det er i orden sådan" in shown.text
        assert "Rikke" not in shown.text
        assert "Det er fortroligt" not in shown.text
    if verdict is Verdict.KEPT:
        assert "Det er i orden sådan" not in sign_in(world.reader.user).page(world.address(world.post)).text
    assert "Det er i orden sådan" in sign_in(world.reader.user).page(f"{world.partnership.address}reports").text
    mails = {
        mail.user_id: said(mail)
        for mail in db.session.scalars(select(Mail).where(Mail.kind.in_(("report_on_yours", "report_answered"))))
    }
    assert set(mails) == {world.author.user_id, world.reader.user_id}
    assert all("Det er i orden sådan" in text for text in mails.values())
    assert "Rikke" not in mails[world.author.user_id]


def told(membership: Membership) -> list[Mail]:
    """The mails about reports to a moderator."""
    return list(
        db.session.scalars(select(Mail).where(Mail.kind == NotificationKind.REPORT, Mail.user_id == membership.user_id))
    )


@pytest.mark.parametrize("what", ["post", "comment"])
def test_moderators_are_told_at_once_of_what_waits_for_their_answer(world: World, what: str) -> None:
    other = add_member(world.moderator, make_user("Ole Observatør"), Level.MODERATOR)
    report = reports_service.report(world.reader, getattr(world, what), "Et CPR-nummer")
    db.session.commit()
    for moderator in (world.moderator, other):
        [mail] = told(moderator)
        assert "Et CPR-nummer" in said(mail)
        assert f"{world.partnership.address}reports" in said(mail)
        assert "Rikke" not in said(mail), "A mail that is sent on does not tell who reported it"
    assert [told(membership) for membership in (world.author, world.reader)] == [[], []]
    other.level = Level.CONTRIBUTOR
    db.session.commit()
    assert said(told(other)[0]) == "", "Whoever moderates no longer"
    reports_service.answer(world.moderator, report.id, Verdict.KEPT, "Fint")
    db.session.commit()
    assert said(told(world.moderator)[0]) == "", "It waits no more"


def test_the_author_is_told_of_a_report_only_if_nobody_else_can_answer_it(world: World) -> None:
    own = share(world.moderator, "Moderatorens eget")
    reports_service.report(world.reader, own, "Først")
    assert len(told(world.moderator)) == 1
    other = add_member(world.moderator, make_user("Ole Observatør"), Level.MODERATOR)
    reports_service.report(world.author, own, "Så")
    assert [len(told(membership)) for membership in (world.moderator, other)] == [1, 1]


@pytest.mark.parametrize(("soon", "waits"), [(MailTiming.DIGEST, True), (MailTiming.NEVER, False)])
def test_a_moderator_can_choose_to_be_told_of_reports_in_the_digest_or_not_at_all(
    world: World, soon: MailTiming, waits: bool
) -> None:
    preferences.choose_kinds(world.moderator.user, {NotificationKind.REPORT: soon}, {})
    reports_service.report(world.reader, world.post, "Et CPR-nummer")
    db.session.commit()
    assert told(world.moderator) == []
    digest = build(planning.coming(world.moderator.user))
    assert [item.address for item in digest.waiting] == ([f"{world.partnership.address}reports"] if waits else [])
    assert digest.requests == waits


def test_mails_of_titles_only_carry_neither_reason_nor_answer(world: World) -> None:
    world.partnership.titles_only = True
    report = reports_service.report(world.reader, world.post, "Fortrolig grund")
    db.session.commit()
    assert "Fortrolig" not in said(told(world.moderator)[0])
    reports_service.answer(world.moderator, report.id, Verdict.KEPT, "Fortroligt svar")
    db.session.commit()
    answers = db.session.scalars(select(Mail).where(Mail.kind.in_(("report_on_yours", "report_answered")))).all()
    assert len(answers) == 2
    for mail in answers:
        assert "A moderator has kept it." in said(mail)
        assert "Fortrolig" not in said(mail)


def test_one_answer_answers_all_reports_of_the_same_thing(world: World) -> None:
    first = reports_service.report(world.reader, world.post, "Først")
    assert reports_service.report(world.reader, world.post, "Igen").id == first.id
    other = reports_service.report(world.moderator, world.post, "Også")
    about_comment = reports_service.report(world.reader, world.comment, "Noget andet")
    reports_service.answer(world.moderator, other.id, Verdict.KEPT, "Fint")
    assert (first.answer, other.answer, about_comment.answer) == ("Fint", "Fint", "")
    with pytest.raises(Conflict):
        reports_service.answer(world.moderator, first.id, Verdict.WITHDRAWN, "Nej")
    assert not world.post.is_withdrawn
    again = reports_service.report(world.reader, world.post, "Stadig")
    assert again.id != first.id


def test_what_is_withdrawn_waits_no_longer(world: World, sign_in: SignIn) -> None:
    reports_service.report(world.reader, world.post, "Det er fortroligt")
    world.post.withdraw(world.author)
    db.session.commit()
    moderators = sign_in(world.moderator.user)
    assert "Nothing is waiting" in moderators.page(f"{world.partnership.address}reports").text
    assert "Reported to the moderators" not in moderators.page("/").text
    assert "It has been withdrawn." in sign_in(world.reader.user).page(f"{world.partnership.address}reports").text
    with pytest.raises(Conflict):
        reports_service.report(world.reader, world.post, "Igen")


def test_nobody_judges_their_own_while_there_is_another(world: World) -> None:
    with pytest.raises(Conflict):
        reports_service.report(world.author, world.post, "Min egen")
    own = share(world.moderator)
    report = reports_service.report(world.reader, own, "Forkert")
    other = add_member(world.moderator, level=Level.MODERATOR)
    with pytest.raises(Conflict, match="another moderator"):
        reports_service.answer(world.moderator, report.id, Verdict.KEPT, "Jeg synes selv")
    moderation_service.remove(world.moderator, [other.id], reason="x", confirmed=True)
    reports_service.answer(world.moderator, report.id, Verdict.KEPT, "Jeg er alene")


def test_only_moderators_answer_and_see_the_queue(world: World, sign_in: SignIn) -> None:
    report = reports_service.report(world.reader, world.post, "Det er fortroligt")
    db.session.commit()
    other = add_member(world.moderator, make_user(language="en"))
    assert "fortroligt" not in sign_in(other.user).page(f"{world.partnership.address}reports").text
    for by in (other, world.reader):
        with pytest.raises(NotAllowed):
            reports_service.answer(by, report.id, Verdict.WITHDRAWN, "x")
        db.session.rollback()


def test_a_report_of_another_partnership_is_not_there(world: World, sign_in: SignIn) -> None:
    report = reports_service.report(world.reader, world.post, "x")
    db.session.commit()
    stranger = start_partnership(by=make_user())
    address = f"{stranger.partnership.address}reports/{report.id}/answer"
    assert sign_in(stranger.user).submit(address, {"reason": "x", "verdict": "kept"}).status_code == 404
    assert report.verdict is None


def test_who_is_out_gets_no_answer_by_mail(world: World) -> None:
    report = reports_service.report(world.reader, world.post, "x")
    reports_service.answer(world.moderator, report.id, Verdict.KEPT, "Fint")
    moderation_service.remove(world.moderator, [world.reader.id, world.author.id], reason="x")
    db.session.commit()
    mails = list(db.session.scalars(select(Mail).where(Mail.kind.in_(("report_on_yours", "report_answered")))))
    assert [said(mail) for mail in mails] == ["", ""]


def test_two_moderators_give_one_answer(app: Workspace, world: World) -> None:
    report = reports_service.report(world.reader, world.post, "x")
    ids = [world.moderator.id, add_member(world.moderator, level=Level.MODERATOR).id]
    db.session.commit()
    report_id = report.id

    def answers(membership_id: int, verdict: Verdict) -> Callable[[], object]:
        return lambda: reports_service.answer(
            db.session.get_one(Membership, membership_id), report_id, verdict, verdict.value
        )

    refusals = at_once(app, answers(ids[0], Verdict.KEPT), answers(ids[1], Verdict.WITHDRAWN))
    assert len([refusal for refusal in refusals if refusal]) == 1
    assert (report.verdict is Verdict.WITHDRAWN) is world.post.is_withdrawn
    line = db.session.scalars(select(AuditEvent).where(AuditEvent.action == AuditAction.ANSWERED_REPORT)).one()
    assert (line.subject_id, line.details["after"]) == (world.author.user_id, report.answer)


# By sight


@pytest.mark.parametrize("what", ["post", "comment"])
def test_a_text_is_marked_until_its_author_has_corrected_it(world: World, sign_in: SignIn, what: str) -> None:
    thing = getattr(world, what)
    report = reports_service.report(world.reader, thing, "Et navn")
    reports_service.answer(world.moderator, report.id, Verdict.CORRECTION, "Skriv uden navnet")
    db.session.commit()
    page = world.address(world.post)
    asked = "ask you to correct the text: Skriv uden navnet"
    author, moderator, reader = (sign_in(member.user) for member in (world.author, world.moderator, world.reader))
    assert asked in author.page(page).text
    assert "The author is asked to correct the text: Skriv uden navnet" in moderator.page(page).text
    assert "Skriv uden navnet" not in reader.page(page).text
    reports = f"{world.partnership.address}reports"
    assert "It is not corrected yet." in moderator.page(reports).text
    edited = {"title": "Rettet"} if isinstance(thing, Post) else {}
    thing.edit(world.author, body=rich_text.from_plain("Uden navnet"), version=thing.version, **edited)
    db.session.commit()
    assert asked not in author.page(page).text
    assert "It has been edited since." in moderator.page(reports).text

    mails = select(Mail).where(Mail.user_id == world.moderator.user_id, Mail.kind == "report").order_by(Mail.id)
    told = [mail for mail in db.session.scalars(mails) if "corrected" in mail.key]
    assert len(told) == 1
    written = delivery.written(told[0])
    assert written is not None
    assert written.subject == "Corrected, as you asked: Rettet" if what == "post" else written.subject
    assert "Skriv uden navnet" in written.text
    assert f"posts/{world.post.number}" + ("" if what == "post" else f"?comment={thing.number}") in written.text
    thing.edit(world.author, body=rich_text.from_plain("En gang til"), version=thing.version, **edited)
    db.session.commit()
    assert len([mail for mail in db.session.scalars(mails) if "corrected" in mail.key]) == 1, "nobody waits any more"


def test_a_moderator_who_wants_no_mail_about_reports_gets_none_of_a_correction(world: World) -> None:
    report = reports_service.report(world.reader, world.post, "Et navn")
    reports_service.answer(world.moderator, report.id, Verdict.CORRECTION, "Skriv uden navnet")
    preferences.choose_kinds(world.moderator.user, {NotificationKind.REPORT: MailTiming.DIGEST}, {})
    world.post.edit(world.author, body=rich_text.from_plain("Uden"), version=world.post.version, title="Rettet")
    db.session.commit()
    assert [mail for mail in db.session.scalars(select(Mail)) if "corrected" in mail.key] == []


def test_two_moderators_see_who_looks_at_a_report(world: World, sign_in: SignIn) -> None:
    other = add_member(world.moderator, make_user("Ole Observatør", language="en"), Level.MODERATOR)
    report = reports_service.report(world.reader, world.post, "Et navn")
    db.session.commit()
    page = f"{world.partnership.address}reports"
    first, second = sign_in(world.moderator.user), sign_in(other.user)
    first.submit(f"{page}/{report.id}/handling", page=page)
    assert f"{world.moderator.user.name} is looking at it." in second.page(page).text
    second.submit(f"{page}/{report.id}/handling", page=page)
    assert "Ole Observatør is looking at it." in first.page(page).text
    second.submit(f"{page}/{report.id}/handling/removal", page=page)
    assert "is looking at it" not in first.page(page).text
    reports_service.answer(other, report.id, Verdict.KEPT, "Fint")
    with pytest.raises(Conflict):
        reports_service.handle(world.moderator, report.id, handles=True)


@pytest.mark.parametrize("what", ["post", "comment"])
def test_moderators_read_what_was_reported_before_it_was_withdrawn_and_the_log_notes_it(
    world: World, sign_in: SignIn, what: str
) -> None:
    thing = getattr(world, what)
    report = reports_service.report(world.reader, thing, "Et navn")
    db.session.commit()
    words, text = thing.body_text, f"{world.partnership.address}reports/{report.id}/text"
    moderator = sign_in(world.moderator.user)
    assert moderator.get(text).status_code == 303, "it is not withdrawn"
    rest = () if what == "post" else (world.post,)
    thing.withdraw(world.author, *rest)
    db.session.commit()
    assert "Read the withdrawn text" in moderator.page(f"{world.partnership.address}reports").text
    assert words in moderator.page(text).text
    [line] = db.session.scalars(select(AuditEvent).where(AuditEvent.action == AuditAction.READ_WITHDRAWN))
    assert (line.actor_id, line.subject_id) == (world.moderator.user_id, world.author.user_id)
    assert line.details == {"number": thing.number}
    for member in (world.reader, world.author):
        assert sign_in(member.user).get(text).status_code == 403
    thing.redact(world.moderator, *rest, "Slettet")
    db.session.commit()
    assert moderator.get(text).status_code == 303, "it is deleted for good"
    assert words not in moderator.page(f"{world.partnership.address}reports").text


def test_moderators_read_with_a_withdrawn_challenge_what_came_of_it(world: World, sign_in: SignIn) -> None:
    post = challenge(world.author, "Hvem har en nøgle?")
    post.solve(world.author, "Nøglen ligger i skuret.")
    report = reports_service.report(world.reader, post, "Et navn")
    db.session.commit()
    post.withdraw(world.author)
    db.session.commit()
    page = sign_in(world.moderator.user).page(f"{world.partnership.address}reports/{report.id}/text")
    assert "Nøglen ligger i skuret." in page.text


def test_what_an_author_took_back_unreported_stays_theirs(world: World) -> None:
    report = reports_service.report(world.reader, world.post, "Et navn")
    with clock.at(clock.now() - timedelta(days=1)):
        world.post.withdraw(world.author)
    db.session.commit()
    assert reports_service.read_withdrawn(world.moderator, report.id) is None
    assert not any(row.may_be_read for row in past_reports(world.moderator, None))


@pytest.mark.parametrize("what", ["post", "comment"])
def test_the_author_hears_when_a_moderator_withdraws_something_outside_reports_too(world: World, what: str) -> None:
    thing = getattr(world, what)
    rest = () if what == "post" else (world.post,)
    thing.withdraw(world.moderator, *rest, reason="Hører ikke til her")
    db.session.commit()
    [mail] = db.session.scalars(select(Mail).where(Mail.kind == "withdrawn_of_yours"))
    assert mail.user_id == world.author.user_id
    assert "Hører ikke til her" in said(mail)
    thing.bring_back(world.moderator, *rest)
    thing.withdraw(world.author, *rest)
    db.session.commit()
    assert len(list(db.session.scalars(select(Mail).where(Mail.kind == "withdrawn_of_yours")))) == 1


def test_an_answer_that_withdraws_is_undone_and_the_queue_says_so(world: World, sign_in: SignIn) -> None:
    report = reports_service.report(world.reader, world.post, "Et navn")
    db.session.commit()
    page, browser = f"{world.partnership.address}reports", sign_in(world.moderator.user)
    browser.submit(f"{page}/{report.id}/answer", {"reason": "Nej", "verdict": "withdrawn"})
    assert not db.session.scalars(select(Mail).where(Mail.kind == "withdrawn_of_yours")).all(), "told once"
    browser.submit(f"{world.partnership.address}texts/{world.post.number}/restoration", page=page)
    assert not world.post.is_withdrawn
    assert "It has been brought back since." in browser.page(page).text


def test_nobody_comments_on_a_closed_thread(world: World, sign_in: SignIn) -> None:
    address, browser = world.address(world.post), sign_in(world.moderator.user)
    author = sign_in(world.author.user)
    assert author.submit(f"{address}/thread-closing").status_code == 403
    form = author.page(address).form(f"{address}/comments")
    assert browser.submit(f"{address}/thread-closing", page=address).status_code == 303
    page = author.page(address)
    assert "The moderators have closed the thread, so nobody can comment." in page.text
    assert f"{address}/comments" not in [found.get("action") for found in page.all("form")]
    answer = author.post(f"{address}/comments", data=form | {"body": "Nåede det ikke"})
    assert (answer.status_code, "Nåede det ikke" in answer.text) == (409, True), "what was typed is kept"
    browser.submit(f"{address}/thread-opening", page=address)
    assert f"{address}/comments" in [found.get("action") for found in author.page(address).all("form")]


def test_the_text_stands_beside_the_question_whether_to_withdraw_it(world: World, sign_in: SignIn) -> None:
    browser = sign_in(world.moderator.user)
    for thing, address in ((world.post, ""), (world.comment, f"/comments/{world.comment.number}")):
        page = browser.page(f"{world.address(world.post)}{address}/withdrawal")
        assert thing.body_text in page.text
        assert thing.body_text in browser.page(f"{world.partnership.address}texts/{thing.number}/redaction").text
