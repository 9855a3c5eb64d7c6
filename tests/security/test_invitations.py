"""Nobody sends mail to strangers by the thousand, in the workspace's name, or words that lead them elsewhere."""

from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage

import pytest
from sqlalchemy import func, select

from tests.client import Client
from tests.factories import Level, add_member, make_administrator, make_user, start_partnership
from workspace import Workspace, clock
from workspace.accounts.models import User, user_with
from workspace.audit.models import AuditAction, AuditEvent, Outcome
from workspace.db import db
from workspace.mail.models import Mail
from workspace.members.invitations import service as invitations_service
from workspace.members.join_requests import service as join_requests_service
from workspace.members.models import Invitation
from workspace.partnerships.models import Membership
from workspace.rich_text.link_removal import leads_somewhere, unlinked

SignIn = Callable[[User], Client]
Delivered = Callable[[], list[EmailMessage]]


@pytest.fixture
def moderator(app: Workspace) -> Membership:
    return start_partnership("Grønne tage", by=make_user("Mette Moderator", language="en"))


def invite(browser: Client, by: Membership, *emails: str, confirm: bool = True, greeting: str = "Hej") -> object:
    typed = {
        "addresses": "\n".join(emails),
        "level": "observer",
        "organisation": by.organisation_id,
        "language": "en",
        "greeting": greeting,
    }
    return browser.submit(f"{by.partnership.address}invitations", typed | ({"confirm": "1"} if confirm else {}))


def addresses(count: int, name: str = "leder") -> list[str]:
    return [f"{name}{number}@institution{number}.dk" for number in range(count)]


def invited() -> int:
    return db.session.scalar(select(func.count()).select_from(Invitation)) or 0


def test_a_list_of_57_institutions_goes_through(moderator: Membership, sign_in: SignIn) -> None:
    browser = sign_in(moderator.user)
    assert invite(browser, moderator, *addresses(57), confirm=False).status_code == 200
    assert invite(browser, moderator, *addresses(57)).status_code == 303
    assert invited() == 57


def test_a_person_invites_300_new_addresses_a_day(moderator: Membership, sign_in: SignIn) -> None:
    elsewhere = start_partnership(by=moderator.user)
    browser = sign_in(moderator.user)
    with clock.at(clock.now() - timedelta(hours=10)):
        assert invite(browser, moderator, *addresses(290)).status_code == 303
    for confirm in (False, True):
        over = invite(browser, elsewhere, *addresses(11, "ny"), confirm=confirm)
        assert over.status_code == 429
        assert "You can invite at most 300 new addresses a day, and have invited 290." in over.text
        assert "There is room for 10 now, and for more from" in over.text
        assert "An administrator can raise the limit." in over.text
        assert "ny3@institution3.dk" in over.text  # What was typed is still there.
        assert 13 * 3600 < int(over.headers["Retry-After"]) <= 14 * 3600
    assert invited() == 290
    assert invite(browser, elsewhere, *addresses(10, "ny")).status_code == 303
    assert invite(browser, elsewhere, "en.til@x.dk").status_code == 429
    with clock.at(clock.now() + timedelta(hours=15)):
        assert invite(sign_in(moderator.user), elsewhere, "en.til@x.dk").status_code == 303


def test_when_there_is_room_again_is_told_within_a_sentence(moderator: Membership, sign_in: SignIn) -> None:
    moderator.user.language = "da"
    morning = clock.now().replace(hour=8, minute=0)
    with clock.at(morning - timedelta(hours=12)):
        assert invite(sign_in(moderator.user), moderator, *addresses(290)).status_code == 303
    with clock.at(morning):
        over = invite(sign_in(moderator.user), moderator, *addresses(11, "ny"))
    assert "Der er plads til 10 nu og til flere fra i dag kl. " in over.text


def test_one_post_sends_no_thousand_mails(moderator: Membership, sign_in: SignIn) -> None:
    over = invite(sign_in(moderator.user), moderator, *addresses(301))
    assert over.status_code == 429
    assert "There is room for 300 now" in over.text
    assert (invited(), db.session.scalar(select(func.count()).select_from(Mail))) == (0, 0)


def test_a_partnership_invites_500_new_addresses_a_day(moderator: Membership, sign_in: SignIn) -> None:
    other = add_member(moderator, make_user(language="en"), Level.MODERATOR)
    assert invite(sign_in(moderator.user), moderator, *addresses(300)).status_code == 303
    over = invite(sign_in(other.user), moderator, *addresses(201, "ny"))
    assert over.status_code == 429
    assert "At most 500 new addresses a day can be invited to a partnership; 300 have been." in over.text
    assert invite(sign_in(other.user), moderator, *addresses(200, "ny")).status_code == 303


def test_an_address_that_was_invited_today_is_not_new(moderator: Membership, sign_in: SignIn) -> None:
    elsewhere = start_partnership(by=moderator.user)
    browser = sign_in(moderator.user)
    invite(browser, moderator, *addresses(300))
    assert invite(browser, elsewhere, *addresses(300)).status_code == 303


def test_many_may_invite_from_one_town_hall(app: Workspace, sign_in: SignIn) -> None:
    for _number in range(3):
        by = start_partnership()
        assert invite(sign_in(by.user), by, *addresses(290, f"p{by.id}.")).status_code == 303


def test_an_address_that_does_not_answer_gets_three_mails_a_week(
    moderator: Membership, sign_in: SignIn, delivered: Delivered
) -> None:
    browser, began = sign_in(moderator.user), clock.now()
    address = f"{moderator.partnership.address}invitations"
    invite(browser, moderator, "stille@x.dk")
    number = db.session.scalar(select(Invitation.id))
    assert len(delivered()) == 1
    for hours in (1, 2):
        with clock.at(began + timedelta(hours=hours)):
            assert browser.submit(f"{address}/{number}/resending").status_code == 303
            delivered()
    with clock.at(began + timedelta(hours=3)):
        over = browser.submit(f"{address}/{number}/resending")
        assert over.status_code == 429
        assert "stille@x.dk has had several e-mails without answering. The next can be sent from" in over.text
    assert len(delivered()) == 3
    # Others may not write to it either, and the reminder waits for no better day.
    with clock.at(began + timedelta(days=6)):
        other = start_partnership(by=make_user(language="en"))
        preview = invite(sign_in(other.user), other, "stille@x.dk", "ny@x.dk", confirm=False)
        assert "Has had several e-mails without answering, and can be invited again later" in preview.text
        invite(sign_in(other.user), other, "stille@x.dk", "ny@x.dk")
        assert [mail["To"] for mail in delivered()].count("stille@x.dk") == 3
    with clock.at(began + timedelta(days=8)):
        assert browser.submit(f"{address}/{number}/resending").status_code == 303


def test_whoever_answers_is_not_kept_from_mail(
    moderator: Membership, sign_in: SignIn, client: Client, delivered: Delivered
) -> None:
    for _number in range(4):
        by = start_partnership(by=make_user(language="en"))
        assert invite(sign_in(by.user), by, "svarer@x.dk").status_code == 303
        delivered()
        made = db.session.scalars(select(Invitation).order_by(Invitation.id.desc())).first()
        assert made is not None
        user = user_with("svarer@x.dk") or make_user(email="svarer@x.dk")
        invitations_service.accept(made, user)
        db.session.commit()
    assert len([mail for mail in delivered() if mail["To"] == "svarer@x.dk"]) == 4


def test_a_link_sends_no_more_mails_than_it_lets_in(moderator: Membership, client: Client) -> None:
    link = join_requests_service.open_link(moderator, level=Level.OBSERVER, hours=2, most_uses=2)
    db.session.commit()
    address = f"/join/{invitations_service.token(link)}"
    about = {"organisation": str(moderator.organisation_id)}
    answers = [client.submit(address, about | {"email": f"p{number}@x.dk"}) for number in range(7)]
    assert [answer.status_code for answer in answers] == [303] * 6 + [429]
    assert "Bed moderatorerne om at invitere dig." in answers[-1].text
    assert 'value="p6@x.dk"' in answers[-1].text


def test_who_has_a_link_uses_up_nothing_of_the_moderators(
    moderator: Membership, client: Client, sign_in: SignIn
) -> None:
    link = join_requests_service.open_link(moderator, level=Level.OBSERVER, hours=2, most_uses=200)
    for number in range(499):
        join_requests_service.confirm_by_mail(link, f"p{number}@x.dk", moderator.organisation_id)
    db.session.commit()
    address, about = f"/join/{invitations_service.token(link)}", {"organisation": str(moderator.organisation_id)}
    assert client.submit(address, about | {"email": "p500@x.dk"}).status_code == 303
    assert client.submit(address, about | {"email": "p501@x.dk"}).status_code == 429
    assert invite(sign_in(moderator.user), moderator, *addresses(300)).status_code == 303


def test_the_log_says_who_sent_how_many_also_what_was_refused(moderator: Membership, sign_in: SignIn) -> None:
    browser = sign_in(moderator.user)
    invite(browser, moderator, *addresses(57))
    invite(browser, moderator, *addresses(3, "ny"))
    event = select(AuditEvent).where(AuditEvent.action == AuditAction.SENT_INVITATIONS).order_by(AuditEvent.id)
    assert [(line.actor_id, line.outcome, line.details) for line in db.session.scalars(event)] == [
        (moderator.user_id, Outcome.DONE, {"invitations": 57, "today": 57}),
        (moderator.user_id, Outcome.DONE, {"invitations": 3, "today": 60}),
    ]
    shown = browser.page(f"{moderator.partnership.address}members/trail?act=sent_invitations").text
    assert "sent invitations (57)" in shown
    invite(browser, moderator, *addresses(300, "flere"))
    refused = db.session.scalars(event).all()[-1]
    assert (refused.outcome, refused.details["invitations"]) == (Outcome.REFUSED, 300)


@pytest.mark.parametrize("htmx", [False, True])
def test_an_administrator_raises_the_limit_of_a_person(moderator: Membership, sign_in: SignIn, htmx: bool) -> None:
    administrator, address = make_administrator(language="en"), f"/people/{moderator.user_id}/invitation-limit"
    browser = sign_in(administrator)
    assert address in browser.page(f"/people/{moderator.user_id}/memberships").html
    assert browser.submit(address, {"limit": "0"}, page=address, htmx=htmx).status_code == 422
    raised = browser.submit(address, {"limit": "400"}, page=address, htmx=htmx)
    assert raised.status_code == (204 if htmx else 303)
    assert "The limit is 400." in browser.page(address).text
    assert invite(sign_in(moderator.user), moderator, *addresses(400)).status_code == 303
    line = db.session.scalars(select(AuditEvent).where(AuditEvent.action == AuditAction.SET_INVITATION_LIMIT)).one()
    assert (line.actor_id, line.subject_id, line.details) == (administrator.id, moderator.user_id, {"after": 400})
    browser.submit(address, {"limit": ""}, page=address)
    assert "The limit is 300." in browser.page(address).text
    assert sign_in(moderator.user).get(address).status_code == 404
    assert sign_in(moderator.user).submit(address, {"limit": "400"}).status_code == 404


def test_an_administrator_raises_the_limit_of_a_partnership(moderator: Membership, sign_in: SignIn) -> None:
    other = add_member(moderator, make_user(language="en"), Level.MODERATOR)
    browser = sign_in(make_administrator(language="en"))
    address = f"/admin/partnerships/{moderator.partnership_id}/invitation-limit"
    assert address in browser.page("/admin/partnerships").html
    assert browser.submit(address, {"limit": "600"}, page=address).status_code == 303
    invite(sign_in(moderator.user), moderator, *addresses(300))
    assert invite(sign_in(other.user), moderator, *addresses(300, "ny")).status_code == 303
    log = sign_in(moderator.user).page(f"{moderator.partnership.address}members/trail?act=set_invitation_limit").text
    assert "changed the limit for invitations" in log
    assert sign_in(moderator.user).submit(address, {"limit": "900"}).status_code == 404


LINKS = [
    *("https://evil.example/x", "Se evil.dk", "www.evil.dk", "skriv til bo@evil.dk", "http://10.0.0.1/x"),
    *("ftp://evil", "e\u200bvil.dk", "evil\uff0edk", "evil\u3002dk", "ｅｖｉｌ.dk", "HTTPS://evil", "evil.com/a b"),
]


@pytest.mark.parametrize("greeting", LINKS)
def test_a_greeting_with_a_link_is_refused(moderator: Membership, sign_in: SignIn, greeting: str) -> None:
    browser = sign_in(moderator.user)
    for confirm in (False, True):
        refused = invite(browser, moderator, "a@x.dk", greeting=f"Hej, {greeting} !", confirm=confirm)
        assert refused.status_code == 422
        assert "Leave out links and addresses." in refused.text
    assert invited() == 0


@pytest.mark.parametrize(
    "greeting",
    ["Hej. Vi ses kl. 14.30 den 3.12.", "Tag f.eks. Bo, Åse m.fl. med, bl.a. fordi vi er 2,5 gange flere", "1.a, 2.b"],
)
def test_ordinary_words_are_no_links(moderator: Membership, sign_in: SignIn, greeting: str) -> None:
    assert not leads_somewhere(greeting)
    assert invite(sign_in(moderator.user), moderator, "a@x.dk", greeting=greeting).status_code == 303


def test_no_word_of_an_invitation_becomes_a_link(app: Workspace, sign_in: SignIn, delivered: Delivered) -> None:
    """A mail program makes links of names with dots, whatever ends them."""
    by = start_partnership("Vind på evil.icu nu", by=make_user("Gå til evil.zip", language="en"))
    made = invite(sign_in(by.user), by, "a@x.dk", greeting="Se nu her: evil.xyz")
    assert made.status_code == 303  # type: ignore[attr-defined]
    db.session.execute(Invitation.__table__.update().values(greeting="https://old.example/x evil.xyz bo@evil.icu"))
    [mail] = delivered()
    body = mail.get_body(("html",))
    plain = mail.get_body(("plain",))
    assert body is not None
    assert plain is not None
    for text in (body.get_content(), plain.get_content(), mail["Subject"], mail["From"]):
        for link in ("evil.icu", "evil.zip", "evil.xyz", "old.example", "https://old"):
            assert link not in text
    assert "evil.\u200bxyz" in plain.get_content()


def test_unlinked_words_read_as_before() -> None:
    for words in (*LINKS, "\\\\server\\share", "Kl. 14.30"):
        assert unlinked(words).replace("\u200b", "") == words.replace("\u200b", "")
    assert not leads_somewhere(unlinked("evil") + " kl. 8")


def test_all_open_invitations_can_be_found(moderator: Membership, sign_in: SignIn) -> None:
    browser = sign_in(moderator.user)
    invite(browser, moderator, *addresses(60))
    home = f"{moderator.partnership.address}invitations"
    assert f"{home}/open" in [link.get("href") for link in browser.page(home).all("a")]
    first = browser.page(f"{home}/open")
    assert "Waiting for an answer 60" in first.text
    oldest = db.session.scalar(select(Invitation.id).where(Invitation.email == "leder0@institution0.dk"))
    assert f"/{oldest}/withdrawal" not in first.html
    page, seen = first, 0
    while older := [link.get("href") or "" for link in page.all("a") if "before=" in (link.get("href") or "")]:
        page, seen = browser.page(older[0]), seen + 1
    assert f"/{oldest}/withdrawal" in page.html
    assert seen == 2
