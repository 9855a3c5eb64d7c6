"""Inviting right: who represents whom, what is mended in place, what is taken back, and who hears of what is wrong."""

from collections.abc import Callable
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
from flask_babel import force_locale
from sqlalchemy import select, update

from tests.client import Client
from tests.factories import (
    Level,
    add_member,
    make_administrator,
    make_organisation,
    make_user,
    share,
    start_partnership,
)
from tests.pages import Page
from workspace import Workspace
from workspace.accounts.models import User
from workspace.db import db
from workspace.mail import delivery
from workspace.mail.models import Mail, MailState
from workspace.members import pending
from workspace.members.invitations import list_reader
from workspace.members.invitations import preview as previews
from workspace.members.invitations import service as invitations_service
from workspace.members.invitations.listed_people import RowStatus
from workspace.members.invitations.preview import Evidence, Preview, Suggestion
from workspace.members.join_requests import service as join_requests_service
from workspace.members.models import Invitation, InvitationAnswer
from workspace.members.moderation import closing
from workspace.members.moderation import service as moderation_service
from workspace.members.organisation_requests import service as organisation_requests_service
from workspace.members.organisation_requests.models import OrganisationRequest
from workspace.members.reports import service as reports_service
from workspace.organisations.models import Organisation, OrganisationKind, Side
from workspace.partnerships import service as partnerships_service
from workspace.partnerships.models import Membership, Visibility
from workspace.roles.assignments import AssignmentState, RoleAssignment
from workspace.roles.models import Role

SignIn = Callable[[User], Client]


class World:
    """A partnership of Gladsaxe and Icura; Gentofte is not in it. Each has somebody with an address of its own."""

    def __init__(self) -> None:
        self.gladsaxe, self.gentofte = make_organisation("Gladsaxe Kommune"), make_organisation("Gentofte Kommune")
        self.icura = make_organisation("Icura A/S", OrganisationKind.COMPANY)
        self.mette = make_user("Mette Krag", self.gladsaxe, email="mette@gladsaxe.dk", language="en")
        self.bo = make_user("Bo Bo", self.icura, email="bo@icura.dk", language="en")
        make_user("Gert", self.gentofte, email="gert@gentofte.dk")
        self.moderator = start_partnership("Grønne tage", by=self.mette)
        partnerships_service.set_sides(self.moderator, {self.icura.id: Side.COMPANY})
        db.session.commit()
        self.home = f"{self.moderator.partnership.address}invitations"

    def preview(self, text: str, chosen: Organisation | None = None, **typed: str) -> Preview:
        return previews.preview(
            self.moderator,
            text,
            organisation_id=chosen.id if chosen else None,
            level=Level.CONTRIBUTOR,
            typed={name.replace("_", "-"): value for name, value in typed.items()},
        )

    def one(self, text: str, chosen: Organisation | None = None) -> Suggestion:
        [found] = self.preview(text, chosen).suggestions
        return found

    def form(self, text: str, **typed: Any) -> dict[str, Any]:
        return {"addresses": text, "level": "contributor", "organisation": "", "language": "en", **typed}

    def made(self) -> dict[str, tuple[int, Level]]:
        db.session.expire_all()
        return {one.email: (one.organisation_id, one.level) for one in db.session.scalars(select(Invitation))}


@pytest.fixture
def world(app: Workspace) -> World:
    return World()


class TestWhomTheyRepresent:
    def test_the_list_says_it_first_then_the_account_then_the_address_then_the_choice(self, world: World) -> None:
        make_user(organisation=world.icura, email="ida@gmail.com")
        guesses = {
            "a@icura.dk\tMette\tGladsaxe Kommune": (world.gladsaxe, Evidence.LIST),
            "a@icura.dk\tMette\tgladsaxe": (world.gladsaxe, Evidence.LIST),
            "ida@gmail.com": (world.icura, Evidence.ACCOUNT),
            "a@icura.dk": (world.icura, Evidence.DOMAIN),
            "a@gmail.com": (world.gladsaxe, Evidence.CHOICE),
        }
        for text, (organisation, source) in guesses.items():
            found = world.one(text, world.gladsaxe)
            assert (found.row.organisation_id, found.source) == (organisation.id, source), text
        assert world.one("a@gmail.com").row.organisation_id is None
        assert not world.one("a@gmail.com").is_ready

    def test_another_organisation_s_address_is_told(self, world: World) -> None:
        assert world.one("a@icura.dk\tA\tGladsaxe Kommune").domain_of == "Icura A/S"
        assert world.one("a@gentofte.dk", world.gladsaxe).domain_of == "Gentofte Kommune"
        assert world.one("a@icura.dk").domain_of == world.one("a@gmail.com").domain_of == ""

    def test_an_address_says_nothing_that_several_organisations_or_strangers_have(self, world: World) -> None:
        make_user(organisation=world.gladsaxe, email="x@icura.dk")
        make_user(organisation=world.icura, email="y@fremmed.dk", organisation_confirmed=False)
        assert world.one("a@icura.dk").source is world.one("a@fremmed.dk").source is None

    def test_access_and_role_are_read_and_what_is_unknown_is_told(self, world: World) -> None:
        role = Role.add(world.moderator, name="Tovholder", responsibility="x", one_time_key="1")
        text = "Navn;E-mail;Organisation;Adgang;Rolle\nA;a@icura.dk;Icura;Moderator;tovholder\nB;b@x.dk;Icuro;Chef;Vært"
        first, second = world.preview(text).suggestions
        assert (first.row.level, first.row.role_id, first.unknown) == (Level.MODERATOR, role.id, [])
        assert (second.row.level, second.row.role_id) == (Level.CONTRIBUTOR, None)
        assert second.unknown == ["Icuro", "Chef", "Vært"]
        assert second.lacks_organisation

    def test_thirty_addresses_of_several_organisations_are_not_put_under_one(
        self, world: World, sign_in: SignIn
    ) -> None:
        browser = sign_in(world.mette)
        text = "a@gladsaxe.dk, b@icura.dk, c@ukendt.dk"
        page = browser.submit(world.home, world.form(text), page=world.home)
        assert "Choose an organisation for 1 row" in page.text
        browser.submit(world.home, world.form(text, confirm="1"))
        ours, theirs = world.gladsaxe.id, world.icura.id
        assert world.made() == {
            "a@gladsaxe.dk": (ours, Level.CONTRIBUTOR),
            "b@icura.dk": (theirs, Level.CONTRIBUTOR),
        }

    def test_each_row_is_chosen_in_the_preview(self, world: World, sign_in: SignIn) -> None:
        typed = {
            **{f"person-{number}": f"{message}@icura.dk" for number, message in enumerate("abc")},
            **{f"asked-{number}": "1" for number in range(3)},
            **{"pick-0": "1", "organisation-0": world.gladsaxe.id, "level-0": "observer"},
            **{"pick-1": "1", "organisation-1": 999_999},
        }
        text = "a@icura.dk, b@icura.dk, c@icura.dk"
        answer = sign_in(world.mette).submit(world.home, world.form(text, confirm="1", **typed))
        assert world.made() == {
            "a@icura.dk": (world.gladsaxe.id, Level.OBSERVER),
            "b@icura.dk": (world.icura.id, Level.CONTRIBUTOR),
        }
        assert "c@icura.dk" in _box(answer.text)

    def test_nobody_is_preselected_in_a_link(self, world: World, sign_in: SignIn, client: Client) -> None:
        browser = sign_in(world.mette)
        typed = {"level": "contributor", "hours": "2", "most_uses": "5"}
        browser.submit(f"{world.moderator.partnership.address}links", typed)
        [link] = db.session.scalars(select(invitations_service.InviteLink))
        address = f"/join/{invitations_service.token(link)}"
        assert "selected" not in client.page(address).html.split("<select")[1].split("</select>")[0]
        answer = client.submit(address, {"email": "ny@x.dk", "organisation": ""})
        assert answer.status_code == 422
        assert "Vælg den organisation, som du kommer fra." in answer.text


class TestTheListIsKept:
    def test_bad_rows_are_mended_in_place(self, world: World, sign_in: SignIn) -> None:
        browser = sign_in(world.mette)
        text = "a@icura.dk; Bo <bo.ny@icura>; x@icura"
        page = browser.submit(world.home, world.form(text), page=world.home)
        assert 'name="email-1"' in page.text
        typed = {
            "person-0": "a@icura.dk",
            "asked-0": "1",
            "pick-0": "1",
            "person-1": "bo.ny@icura",
            "email-1": "bo.ny@icura.dk",
            "person-2": "x@icura",
            "email-2": "A@icura.dk",  # the same as another row
        }
        answer = browser.submit(world.home, world.form(text, confirm="1", **typed))
        assert answer.status_code == 303
        assert sorted(world.made()) == ["a@icura.dk", "bo.ny@icura.dk"]

    def test_rejected_rows_stay_in_the_box_and_nothing_else_does(self, world: World, sign_in: SignIn) -> None:
        browser = sign_in(world.mette)
        text = "Navn;E-mail;Organisation\nA;a@icura.dk;Icura\nB;b@x.dk;Ukendt ApS\nC;c@icura;Icura\nD;;Icura\n"
        text += f"Mette;{world.mette.email};"
        answer = browser.submit(world.home, world.form(text, confirm="1"))
        assert answer.status_code == 200
        left = previews.preview(world.moderator, _box(answer.text), organisation_id=None, level=Level.CONTRIBUTOR)
        assert [(one.row.name, one.row.email or one.row.written, one.row.organisation) for one in left.suggestions] == [
            ("B", "b@x.dk", "Ukendt ApS"),
            ("C", "c@icura", "Icura"),
        ]
        assert left.rest == ["D Icura"]

    @pytest.mark.parametrize("language", ["da", "en"])
    def test_a_written_list_is_read_as_it_was(self, world: World, language: str) -> None:
        text = "Navn;E-mail;Organisation;Adgang;Rolle\n=A, B;a@icura.dk;Icura;Moderator;Vært\nBo;bo@;;;\nUden adresse"
        with force_locale(language):
            first = world.preview(text)
            second = world.preview(first.text)
        assert [one.row for one in first.suggestions] == [one.row for one in second.suggestions]
        assert second.rest == first.rest == ["Uden adresse"]

    def test_changing_the_list_keeps_what_was_chosen(self, world: World, sign_in: SignIn) -> None:
        typed = {"person-0": "a@x.dk", "organisation-0": world.icura.id, "level-0": "moderator", "change": "1"}
        page = sign_in(world.mette).submit(world.home, world.form("a@x.dk", **typed))
        [kept] = world.preview(_box(page.text)).suggestions
        assert (kept.row.organisation_id, kept.row.level) == (world.icura.id, Level.MODERATOR)

    def test_a_batch_is_sent_once_and_taken_back_in_one_press(self, world: World, sign_in: SignIn) -> None:
        browser, batch = sign_in(world.mette), "0b0f1c9e-6f0c-4a53-9d0c-3a1c7a1f8a10"
        typed = world.form("a@icura.dk, b@icura.dk, c@icura.dk", confirm="1", batch=batch)
        to = browser.submit(world.home, typed).location
        assert browser.submit(world.home, typed).location == to == f"{world.home}?batch={batch}"
        assert len(world.made()) == 3
        first = db.session.scalars(select(Invitation).order_by(Invitation.id)).first()
        assert first is not None
        invitations_service.accept(first, make_user(email="a@icura.dk"))
        db.session.commit()
        assert "Take them all back" in browser.page(to).text
        browser.submit(f"{world.moderator.partnership.address}invitation-batches/{batch}/withdrawal", page=to)
        db.session.expire_all()
        answers = db.session.scalars(select(Invitation.answer).order_by(Invitation.id)).all()
        assert answers == [InvitationAnswer.ACCEPTED, InvitationAnswer.WITHDRAWN, InvitationAnswer.WITHDRAWN]
        assert "Take" not in browser.page(to).text

    def test_another_partnership_s_batch_is_not_mine(self, world: World, sign_in: SignIn) -> None:
        batch = "0b0f1c9e-6f0c-4a53-9d0c-3a1c7a1f8a10"
        sign_in(world.mette).submit(world.home, world.form("a@icura.dk", confirm="1", batch=batch))
        other = start_partnership(by=make_user())
        sign_in(other.user).submit(f"{other.partnership.address}invitation-batches/{batch}/withdrawal")
        db.session.expire_all()
        assert db.session.scalars(select(Invitation.answer)).one() is InvitationAnswer.OPEN


class TestWhatIsWrong:
    def invited(self, world: World, email: str = "ny@x.dk", **about: Any) -> tuple[Invitation, str]:
        found = world.preview(f"Ny;{email};Icura")
        [made] = invitations_service.invite(
            world.moderator,
            found.ready,
            **{"level": Level.CONTRIBUTOR, "organisation_id": None, "language": "en", "greeting": ""} | about,
        )
        db.session.commit()
        return made, f"/invitations/{invitations_service.token(made)}"

    def test_mail_and_page_say_whom_one_represents_and_whoever_invited_hears_that_it_is_wrong(
        self, world: World, client: Client, sign_in: SignIn
    ) -> None:
        _made, address = self.invited(world)
        message = delivery.written(db.session.scalars(select(Mail).where(Mail.kind == "invitation")).one())
        assert message is not None
        assert "You are to represent Icura A/S." in message.text
        page = client.page(address)
        assert "Icura A/S" in page.text
        assert client.submit(f"{address}/objection", {"words": ""}).status_code == 422
        assert client.submit(f"{address}/objection", {"words": "se http://x.dk"}).status_code == 422
        assert client.submit(f"{address}/objection", {"words": "Rambøll"}, page=address).location == address
        client.submit(f"{address}/objection", {"words": "Nej, Rambøll"})
        assert "Nej, Rambøll" in client.page(address).text
        [mail] = db.session.scalars(select(Mail).where(Mail.kind == "objection")).all()
        message = delivery.written(mail)
        assert message is not None
        assert mail.user_id == world.mette.id
        assert "Nej, Rambøll" in message.text
        assert "Nej, Rambøll" in sign_in(world.mette).page(world.home).text

    def test_who_objects_is_told_whom_the_words_go_to_when_whoever_invited_has_left(
        self, world: World, client: Client
    ) -> None:
        _made, address = self.invited(world)
        add_member(world.moderator, level=Level.MODERATOR)
        moderation_service.leave(world.moderator, confirmed=True)
        english = {"Accept-Language": "en"}
        assert "Tell the moderators" in client.page(address, headers=english).text
        typed = {"words": "Rambøll"}
        answer = client.submit(f"{address}/objection", typed, follow_redirects=True, headers=english)
        assert "Thank you. The moderators have been told." in answer.text
        assert "You have told the moderators:" in answer.text

    def test_the_account_s_own_organisation_is_named_if_it_takes_part(self, world: World, client: Client) -> None:
        make_user(organisation=world.gladsaxe, email="ny@x.dk")
        _made, address = self.invited(world)
        page = client.page(address).text
        assert "Gladsaxe Kommune" in page

    def test_an_archived_partnership_is_told_before_a_password_is_typed(self, world: World, client: Client) -> None:
        made, address = self.invited(world)
        partnerships_service.archive(world.moderator)
        db.session.commit()
        page = client.page(address)
        assert "er arkiveret" in page.text
        assert "password" not in page.html
        answer = client.submit(address, {"name": "Ny", "password": "lampe gulerod fjernsyn"})
        assert answer.status_code == 409
        assert made.answer is InvitationAnswer.OPEN

    def test_a_closed_account_is_told_to_whom_it_shares_a_partnership_with(self, world: World) -> None:
        membership = add_member(world.moderator, make_user(email="lukket@icura.dk"))
        closing.close(membership.user, by=make_administrator())
        db.session.commit()
        assert world.one("lukket@icura.dk").row.status is RowStatus.CLOSED
        other = start_partnership(by=make_user())
        [found] = previews.preview(
            other, "lukket@icura.dk", organisation_id=other.organisation_id, level=Level.CONTRIBUTOR
        ).suggestions
        assert found.row.status is RowStatus.NEW

    @pytest.mark.parametrize("way", ["closed after it", "by a link"])
    def test_whose_account_is_closed_is_not_told_that_the_administrators_know_who_do_not(
        self, world: World, client: Client, way: str
    ) -> None:
        administrator, english = make_administrator(), {"Accept-Language": "en"}
        closed = make_user("Lukke Lukket", email="ny@x.dk")
        if way == "by a link":
            closing.close(closed, by=administrator)
            link = join_requests_service.open_link(world.moderator, level=Level.OBSERVER, hours=1, most_uses=1)
            join_requests_service.confirm_by_mail(link, "ny@x.dk", world.gladsaxe.id)
            [made] = db.session.scalars(select(Invitation)).all()
            address = f"/invitations/{invitations_service.token(made)}"
        else:
            _made, address = self.invited(world)
            closing.close(closed, by=administrator)
        page = client.page(address, headers=english).text
        assert not db.session.scalars(select(Mail).where(Mail.kind == "invited_closed")).all()
        assert "An administrator has been told" not in page
        assert "Your account is closed, so you can't accept yet. Ask an administrator to open it again." in page

    def test_of_any_other_closed_account_the_administrators_are_told(self, world: World, client: Client) -> None:
        administrator = make_administrator(language="en")
        closed = make_user("Lukke Lukket", email="ny@x.dk")
        closing.close(closed, by=administrator)
        db.session.commit()
        made, address = self.invited(world)
        [mail] = db.session.scalars(
            select(Mail).where(Mail.kind == "invited_closed", Mail.user_id == administrator.id)
        ).all()
        message = delivery.written(mail)
        assert message is not None
        assert "Lukke Lukket" in message.text
        page = client.page(address)
        assert "Din konto er lukket" in page.text
        assert "csrf_token" in page.form(f"{address}/refusal")
        invitations_service.withdraw(world.moderator, made.id)
        db.session.commit()
        assert delivery.written(mail) is None

    def test_the_invited_says_no(self, world: World, client: Client, sign_in: SignIn) -> None:
        made, address = self.invited(world)
        assert sign_in(world.bo).submit(f"{address}/refusal").status_code == 409
        client.submit(f"{address}/refusal", page=address)
        db.session.expire_all()
        assert made.answer is InvitationAnswer.DECLINED
        assert client.get(address).status_code == 410

    def test_a_role_is_offered_to_whoever_accepts(self, world: World) -> None:
        role = Role.add(world.moderator, name="Tovholder", responsibility="x", one_time_key="1")
        db.session.commit()
        found = world.preview("Navn;E-mail;Organisation;Rolle\nNy;ny@x.dk;Icura;Tovholder")
        [made] = invitations_service.invite(
            world.moderator, found.ready, level=Level.CONTRIBUTOR, organisation_id=None, language="en", greeting=""
        )
        membership = invitations_service.accept(made, make_user(email="ny@x.dk"))
        db.session.commit()
        [offer] = db.session.scalars(select(RoleAssignment).where(RoleAssignment.role_id == role.id))
        assert (offer.membership_id, offer.state, offer.offered_by_id) == (
            membership.id,
            AssignmentState.OFFERED,
            world.moderator.id,
        )

    def test_a_role_that_can_no_longer_be_offered_keeps_nobody_out(self, world: World) -> None:
        role = Role.add(world.moderator, name="Tovholder", responsibility="x", one_time_key="1")
        made, _address = self.invited(world)
        made.role_id, role.retired_at = role.id, role.created_at
        db.session.commit()
        membership: Membership = invitations_service.accept(made, make_user(email="ny@x.dk"))
        db.session.commit()
        assert membership.is_active


class TestWhoHasNotAnswered:
    @pytest.fixture
    def made(self, world: World) -> list[Invitation]:
        found = world.preview("A;a@icura.dk;Icura\nB;b@icura.dk;Icura\nC;c@gladsaxe.dk;Gladsaxe\nD;d@icura.dk;Icura")
        made = invitations_service.invite(
            world.moderator, found.ready, level=Level.OBSERVER, organisation_id=None, language="en", greeting=""
        )
        refused = Mail.key == f"invitation:{made[0].id}:1"
        db.session.execute(update(Mail).where(refused).values(state=MailState.REFUSED))
        reminded = Mail.key == f"reminder:{made[1].id}:1"
        day = datetime(2026, 3, 24, 12, tzinfo=UTC)
        db.session.execute(update(Mail).where(reminded).values(state=MailState.SENT, finished_at=day))
        invitations_service.object_to(made[2], None, "Rambøll")
        invitations_service.decline(made[3], None)
        db.session.commit()
        return made

    def test_each_is_told_with_what_became_of_it_and_found_by_it(
        self, world: World, sign_in: SignIn, made: list[Invitation]
    ) -> None:
        browser, here = sign_in(world.mette), f"{world.home}/open"
        everything = browser.page(here).text
        assert "Could not be delivered" in everything
        assert "Reminded 24 Mar" in everything
        assert "Says that the organisation is wrong: ‘Rambøll’" in everything
        assert "d@icura.dk" not in everything
        shown = {"refused": "a@icura.dk", "objected": "c@gladsaxe.dk", "declined": "d@icura.dk"}
        for state, email in shown.items():
            page = browser.page(f"{here}?state={state}").text
            assert [one.email for one in made if one.email in page] == [email]
        page = browser.page(f"{here}?organisation={world.gladsaxe.id}").text
        assert [one.email for one in made if one.email in page] == ["c@gladsaxe.dk"]

    def test_several_are_sent_again_or_taken_back_at_once(
        self, world: World, sign_in: SignIn, made: list[Invitation]
    ) -> None:
        browser = sign_in(world.mette)
        ids = {"invitation": [str(one.id) for one in made]}
        browser.submit(f"{world.home}/resending", ids, page=f"{world.home}/open")
        db.session.expire_all()
        assert [one.round for one in made] == [2, 2, 2, 1]
        browser.submit(f"{world.home}/withdrawal", ids)
        db.session.expire_all()
        assert [one.answer for one in made] == [InvitationAnswer.WITHDRAWN] * 3 + [InvitationAnswer.DECLINED]

    def test_another_partnership_s_invitations_are_not_mine(
        self, world: World, sign_in: SignIn, made: list[Invitation]
    ) -> None:
        other = start_partnership(by=make_user())
        browser, there = sign_in(other.user), f"{other.partnership.address}invitations"
        for verb in ("resending", "withdrawal"):
            browser.submit(f"{there}/{verb}", {"invitation": [str(one.id) for one in made]})
        typed = {"organisation": str(other.organisation_id)}
        assert browser.submit(f"{there}/{made[0].id}/organisation", typed).status_code == 404
        db.session.expire_all()
        assert {(one.answer, one.round) for one in made[:3]} == {(InvitationAnswer.OPEN, 1)}

    def test_older_ones_come_behind_those_that_are_there_and_many_go_at_once(
        self, world: World, sign_in: SignIn, made: list[Invitation], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pending, "PAGE", 2)
        browser, address = sign_in(world.mette), f"{world.home}/open"
        page = browser.page(address)
        [more] = [link for link in page.all("a") if link.get("hx-get")]
        assert (more.get("hx-select"), more.get("hx-target")) == ("#invitations > tr", "#older-invitations")
        older = browser.page(str(more.get("href")))
        assert [one.email for one in made if one.email in page.text] == ["b@icura.dk", "c@gladsaxe.dk"]
        assert [one.email for one in made if one.email in older.text] == ["a@icura.dk"]
        ids = [str(one.id) for one in made[:3]]
        browser.submit(f"{world.home}/withdrawal", {"invitation": ids})
        assert browser.page(address).form(f"{world.home}/reopening")["invitation"]
        many = [str(number) for number in range(1, 102)]
        answer = browser.submit(f"{world.home}/withdrawal", {"invitation": many})
        assert answer.status_code == 409
        assert "at most 100" in Page(answer.text).text

    def test_another_partnership_s_are_neither_told_nor_counted(
        self, world: World, sign_in: SignIn, made: list[Invitation]
    ) -> None:
        join_requests_service.set_visibility(world.moderator, Visibility.LISTED)
        join_requests_service.ask_to_join(make_user(organisation=world.icura), world.moderator.partnership, "Hej")
        reports_service.report(add_member(world.moderator), share(world.moderator), "Et navn")
        other = start_partnership(by=make_user(language="en"))
        db.session.commit()
        browser, home = sign_in(other.user), other.partnership.address
        counted = browser.page(f"{home}administration").text
        assert "No invitation waits for an answer." in counted
        assert "Nobody waits for an answer." in counted
        assert "None waits for an answer." in counted
        for page in ("", "/open", "/open?state=refused", "/open?state=objected", "/open?state=declined"):
            answer = browser.page(f"{home}invitations{page}")
            assert [one.email for one in made if one.email in answer.text] == []
            filters = [str(link.get("href")) for link in answer.all("a") if "?state=" in str(link.get("href"))]
            assert [state for state in filters if state not in f"{home}invitations{page}"] == []

    def test_a_wrong_organisation_is_put_right_and_the_invitation_sent_again(
        self, world: World, sign_in: SignIn, made: list[Invitation]
    ) -> None:
        browser, address = sign_in(world.mette), f"{world.home}/{made[2].id}/organisation"
        assert browser.submit(address, {"organisation": str(world.gentofte.id)}).status_code == 409
        browser.submit(address, {"organisation": str(world.icura.id)}, page=f"{world.home}/open")
        db.session.expire_all()
        assert (made[2].organisation_id, made[2].objection, made[2].round) == (world.icura.id, "", 2)


class TestAMissingOrganisation:
    def test_it_is_asked_for_in_the_preview_and_the_administrator_creates_it(
        self, world: World, sign_in: SignIn
    ) -> None:
        administrator = make_administrator(language="en")
        browser, text = sign_in(world.mette), "Ny;ny@x.dk;Ukendt ApS"
        assert "Ask for ‘Ukendt ApS’" in browser.submit(world.home, world.form(text), page=world.home).text
        for _again in range(2):
            answer = browser.submit(world.home, world.form(text, ask="Ukendt ApS"))
            assert "ny@x.dk" in answer.text  # Nothing is lost meanwhile.
        [wanted] = db.session.scalars(select(OrganisationRequest))
        mails = db.session.scalars(select(Mail).where(Mail.kind == "organisation_wanted")).all()
        assert [mail.user_id for mail in mails] == [administrator.id]
        admins = sign_in(administrator)
        assert "Ukendt ApS is missing" in admins.page("/").text
        assert "One organisation is asked for" in admins.page("/admin").text
        here = f"/admin/organisation-requests/{wanted.id}/organisation"
        assert admins.submit(here, {"name": "", "kind": "company"}).status_code == 422
        admins.submit(here, {"name": "Ukendt ApS", "kind": "company"}, page="/admin/organisation-requests")
        assert admins.submit(here, {"name": "Ukendt ApS", "kind": "company"}).status_code == 409
        assert world.one(text).is_ready
        [mail] = db.session.scalars(select(Mail).where(Mail.kind == "organisation_answered"))
        message = delivery.written(mail)
        assert mail.user_id == world.mette.id
        assert message is not None
        assert "You can invite people of Ukendt ApS now" in message.subject
        assert "Ukendt ApS is missing" not in admins.page("/").text

    def test_one_that_is_in_samspil_is_invited_at_once(self, world: World, sign_in: SignIn) -> None:
        to = f"{world.moderator.partnership.address}organisation-requests"
        sign_in(world.mette).submit(to, {"missing": "gentofte kommune"}, page=world.home)
        assert db.session.scalars(select(OrganisationRequest)).all() == []
        assert world.one("gert.ny@gentofte.dk").row.organisation_id == world.gentofte.id

    def test_the_administrator_says_no(self, world: World, sign_in: SignIn) -> None:
        organisation_requests_service.ask_for(world.moderator, "Ukendt ApS")
        db.session.commit()
        [wanted] = db.session.scalars(select(OrganisationRequest))
        browser, requests = sign_in(make_administrator(language="en")), "/admin/organisation-requests"
        assert "Are you sure? Mette Krag gets an e-mail about it." in browser.page(requests).text
        refused = f"{requests}/{wanted.id}/refusal"
        told = Page(browser.submit(refused, page=requests, follow_redirects=True).text).text
        assert "No to ‘Ukendt ApS’: Mette Krag is told." in told
        [mail] = db.session.scalars(select(Mail).where(Mail.kind == "organisation_answered"))
        message = delivery.written(mail)
        assert message is not None
        assert "Ukendt ApS is not going to be in Samspil" in message.subject


class TestWhatWaitsForWhoeverIsInNoPartnership:
    def test_an_invitation_is_accepted_or_declined_on_the_overview(self, world: World, sign_in: SignIn) -> None:
        invited = make_user(organisation=world.gentofte, email="ny@x.dk", language="en")
        browser = sign_in(invited)
        assert "You are invited" not in browser.page("/").text
        for answer, to in (("/refusal", "/"), ("", world.moderator.partnership.address)):
            found = world.preview("Ny;ny@x.dk;Icura")
            [made] = invitations_service.invite(
                world.moderator, found.ready, level=Level.OBSERVER, organisation_id=None, language="da", greeting=""
            )
            db.session.commit()
            page = browser.page("/")
            assert "Mette Krag from Gladsaxe Kommune invites you as" in page.text
            assert "You are to represent Icura A/S." in page.text
            address = f"/invitations/{invitations_service.token(made)}{answer}"
            assert browser.submit(address, page.form(address)).location == to
        assert "You are invited" not in browser.page("/").text

    def test_whom_one_represents_is_one_s_own_organisation_if_it_takes_part(
        self, world: World, sign_in: SignIn
    ) -> None:
        invited = make_user(organisation=world.gladsaxe, email="ny@x.dk", language="en")
        found = world.preview("Ny;ny@x.dk;Icura")
        invitations_service.invite(
            world.moderator, found.ready, level=Level.OBSERVER, organisation_id=None, language="da", greeting=""
        )
        db.session.commit()
        assert "You are to represent Gladsaxe Kommune." in sign_in(invited).page("/").text

    def test_a_suspension_is_told_with_its_reason_and_whom_to_ask(self, world: World, sign_in: SignIn) -> None:
        membership = add_member(world.moderator, make_user(language="en"))
        moderation_service.suspend(world.moderator, [membership.id], until=None, reason="Orlov til maj")
        db.session.commit()
        page = sign_in(membership.user).page("/")
        assert "Reason: Orlov til maj" in page.text
        assert "You can ask: Mette Krag" in page.text
        assert "mailto:mette@gladsaxe.dk" in page.html

    def test_a_moderators_question_is_answered_there(self, world: World, sign_in: SignIn) -> None:
        join_requests_service.set_visibility(world.moderator, Visibility.LISTED)
        asking = make_user(language="en")
        membership = join_requests_service.ask_to_join(asking, world.moderator.partnership, "Hej")
        join_requests_service.ask_back(world.moderator, membership.id, "Hvem kender dig?")
        db.session.commit()
        page = sign_in(asking).page("/")
        assert "Hvem kender dig?" in page.text
        assert page.form(f"/memberships/{membership.id}/answer")


def test_a_long_preview_says_how_many_rows_are_left_to_choose_in(world: World, sign_in: SignIn) -> None:
    browser = sign_in(world.mette)
    text = "\n".join(f"p{number}@ukendt.dk" for number in range(45))
    page = Page(browser.submit(world.home, world.form(text), page=world.home).text)
    assert "Choose in these 30 and press ‘Check again’: then the next ones come, and 15 are left." in page.text
    sent = page.form(world.home) | {"check": "1"}
    sent |= {name: str(world.icura.id) for name in sent if name.startswith("organisation-")}
    again = Page(browser.post(world.home, data=sent).text)
    assert "‘Check again’" not in again.text
    assert "30 addresses will be invited." in again.text
    assert "Choose an organisation for 15 rows" in again.text


def test_a_preview_takes_no_more_statements_for_more_people(world: World, statements: Callable[..., Any]) -> None:
    heard = {}
    for count in (5, 400):
        text = "\n".join(f"Person {number};p{number}@icura.dk;Icura" for number in range(count))
        with statements() as found:
            world.preview(text)
        heard[count] = len(found)
    assert heard[5] == heard[400] <= 12
    assert list_reader.count(text) == 400


def _box(html: str) -> str:
    """What stands in the box for addresses."""
    return unescape(html.split('name="addresses"')[1].split(">", 1)[1].split("</textarea>")[0]).strip()
