"""A form that is sent twice with one key: the same text makes one thing, and another text never takes its place."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from tests.client import Client
from tests.factories import add_member, make_user, share, start_partnership
from tests.pages import Page
from workspace.accounts.models import User
from workspace.comments.models import Comment
from workspace.db import db
from workspace.partnerships.models import Membership, MembershipState, Partnership
from workspace.posts.models import Post
from workspace.posts.versions import TextVersion
from workspace.roles.models import Role

SignIn = Callable[[User], Client]


@dataclass
class Sending:
    """A form for a text of one kind, which was sent once."""

    browser: Client
    member: Membership
    address: str
    made: type[Comment] | type[Post]
    fields: dict[str, str]
    before: int

    @property
    def texts(self) -> list[str]:
        """What was shared with it, the oldest first."""
        rows = db.session.scalars(select(self.made.body_text).order_by(self.made.number))
        return list(rows)[self.before :]

    @property
    def first(self) -> Comment | Post:
        made = db.session.scalars(select(self.made).order_by(self.made.number)).all()
        return made[self.before]

    def send(self, body: str, htmx: bool, **more: str) -> tuple[int, Page]:
        answer = self.browser.submit(self.address, self.fields | {"body": body} | more, htmx=htmx)
        return answer.status_code, Page(answer.text)


@pytest.fixture(params=[False, True], ids=["plain", "htmx"])
def htmx(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def member(app: object) -> Membership:
    return start_partnership("Grønne tage", by=make_user("Mette Ågård", language="en"))


@pytest.fixture(params=["comment", "post"])
def sending(request: pytest.FixtureRequest, member: Membership, sign_in: SignIn, htmx: bool) -> Sending:
    post = share(member)
    is_comment = request.param == "comment"
    made: type[Comment] | type[Post] = Comment if is_comment else Post
    address = f"{member.partnership.address}posts{f'/{post.number}/comments' if is_comment else ''}"
    fields = {"one_time_key": str(uuid4())} | (
        {} if is_comment else {"kind": "challenge", "title": "Fælles overskrift"}
    )
    sent = Sending(sign_in(member.user), member, address, made, fields, 0 if is_comment else 1)
    assert sent.send("Det første", htmx)[0] == (200 if htmx else 303)
    return sent


def test_the_same_text_is_shared_once(sending: Sending, htmx: bool) -> None:
    assert sending.send("Det første", htmx)[0] == (200 if htmx else 303)
    assert sending.texts == ["Det første"]


def test_the_same_text_is_known_again_after_it_was_corrected(sending: Sending, htmx: bool) -> None:
    edit = {"title": "Ny overskrift", "body": "Rettet", "version": "1"}
    assert sending.browser.submit(_edit(sending), edit).status_code == 303
    assert sending.send("Det første", htmx)[0] == (200 if htmx else 303)
    assert sending.texts == ["Rettet"]


def test_another_text_is_refused_with_both_and_shared_beside_the_first(sending: Sending, htmx: bool) -> None:
    status, page = sending.send("Noget helt andet", htmx)
    assert (status, sending.texts, number_of(TextVersion)) == (409, ["Det første"], 0)
    assert page.is_whole is not htmx
    assert "You have already shared this, but with a different text" in page.text
    assert "Det første" in page.text
    form = page.form(sending.address)
    assert form["body"].strip() == "Noget helt andet"
    assert form["one_time_key"] != sending.fields["one_time_key"]
    for _press in range(2):
        assert sending.browser.post(sending.address, data=form, htmx=htmx).status_code == (200 if htmx else 303)
    assert sending.texts == ["Det første", "Noget helt andet"]


def test_another_text_takes_the_place_of_the_first_only_when_that_is_asked_for(sending: Sending, htmx: bool) -> None:
    _status, page = sending.send("Det første, og mere", htmx)
    form = page.form(sending.address) | {"corrects": _corrects(page)}
    for _press in range(2):
        assert sending.browser.post(sending.address, data=form, htmx=htmx).status_code == (200 if htmx else 303)
    assert sending.texts == ["Det første, og mere"]
    assert db.session.scalars(select(TextVersion.body_text)).all() == ["Det første"]


def test_what_was_corrected_meanwhile_is_not_replaced_unseen(sending: Sending, htmx: bool) -> None:
    _status, page = sending.send("Det andet", htmx)
    edit = {"title": "Fælles overskrift", "body": "Rettet imens", "version": "1"}
    assert sending.browser.submit(_edit(sending), edit).status_code == 303
    form = page.form(sending.address) | {"corrects": _corrects(page)}
    answer = sending.browser.post(sending.address, data=form, htmx=htmx)
    assert (answer.status_code, sending.texts) == (409, ["Rettet imens"])
    assert "Rettet imens" in answer.text
    again = Page(answer.text)
    assert sending.browser.post(
        sending.address, data=again.form(sending.address) | {"corrects": _corrects(again)}, htmx=htmx
    ).status_code == (200 if htmx else 303)
    assert sending.texts == ["Det andet"]


def test_what_was_withdrawn_meanwhile_can_only_be_followed_by_something_new(sending: Sending, htmx: bool) -> None:
    number = sending.first.number
    withdrawal = f"{sending.address}/{number}/withdrawal"
    assert sending.browser.submit(withdrawal).status_code == 303
    status, page = sending.send("Det andet", htmx)
    assert status == 409
    assert "Replace what you have shared" not in page.text
    assert sending.browser.post(sending.address, data=page.form(sending.address)).status_code == 303
    assert sending.texts == ["Det første", "Det andet"]


@pytest.mark.parametrize("corrects", ["0-0", "-", "1", "99999-1", "x" * 500, "2-1-1", "-1-1"])
@pytest.mark.either_database
def test_a_correction_of_nothing_changes_nothing(sending: Sending, htmx: bool, corrects: str) -> None:
    status, _page = sending.send("Det første", htmx, corrects=corrects)
    assert status in (200, 303, 404)
    assert sending.texts == ["Det første"]


def test_nobody_replaces_what_another_has_shared(sending: Sending, sign_in: SignIn, htmx: bool) -> None:
    colleague = sign_in(add_member(sending.member).user)
    fields = sending.fields | {"body": "Mit", "corrects": f"{sending.first.number}-1"}
    assert colleague.submit(sending.address, fields, htmx=htmx).status_code == 403
    assert sending.texts == ["Det første"]


def test_a_key_that_was_used_in_another_thread_changes_nothing_there(member: Membership, sign_in: SignIn) -> None:
    browser, key = sign_in(member.user), str(uuid4())
    places = [f"{member.partnership.address}posts/{share(member).number}/comments" for _ in range(2)]
    assert browser.submit(places[0], {"body": "Her", "one_time_key": key}).status_code == 303
    answer = browser.submit(places[1], {"body": "Der", "one_time_key": key})
    assert answer.status_code == 409
    assert "Replace what you have shared" not in answer.text
    assert browser.post(places[1], data=Page(answer.text).form(places[1])).status_code == 303
    assert list(db.session.scalars(select(Comment.body_text).order_by(Comment.number))) == ["Her", "Der"]


def test_the_same_text_with_another_choice_is_no_repetition(member: Membership, sign_in: SignIn) -> None:
    browser, address = sign_in(member.user), f"{member.partnership.address}posts"
    fields = {"kind": "challenge", "title": "T", "body": "B", "one_time_key": str(uuid4())}
    assert browser.submit(address, fields).status_code == 303
    assert browser.submit(address, fields | {"answer_by": "2100-01-31"}).status_code == 409
    assert browser.submit(address, fields | {"kind": "progress"}).status_code == 409
    assert number_of(Post) == 1


def test_a_role_that_is_described_otherwise_is_another_role(member: Membership, sign_in: SignIn, htmx: bool) -> None:
    browser, address = sign_in(member.user), f"{member.partnership.address}roles"
    fields = {"name": "Projektleder", "responsibility": "Fremdrift", "one_time_key": str(uuid4())}
    wanted = 204 if htmx else 303
    assert [browser.submit(address, fields, htmx=htmx).status_code for _ in range(2)] == [wanted] * 2
    answer = browser.submit(address, fields | {"name": "Økonom"}, htmx=htmx)
    assert (answer.status_code, number_of(Role)) == (409, 1)
    assert "Projektleder" in answer.text
    form = Page(answer.text).form(address)
    assert form["name"] == "Økonom"
    assert browser.post(address, data=form, htmx=htmx).status_code == wanted
    assert set(db.session.scalars(select(Role.name))) == {"Projektleder", "Økonom"}


def test_a_partnership_that_is_described_otherwise_is_another_partnership(member: Membership, sign_in: SignIn) -> None:
    browser, address = sign_in(member.user), "/partnerships"
    fields = {"name": "Første navn", "purpose": "Formål", "one_time_key": str(uuid4())}
    assert browser.submit(address, fields).status_code == 303
    answer = browser.submit(address, fields | {"purpose": "Et andet formål"})
    assert (answer.status_code, number_of(Partnership)) == (409, 2)
    assert "Første navn" in answer.text
    started = db.session.scalars(select(Membership).order_by(Membership.id.desc())).first()
    assert started
    started.state = MembershipState.ENDED
    started.partnership.purpose = "Hemmeligt siden"
    left = browser.submit(address, fields | {"purpose": "Et andet formål"})
    assert left.status_code == 409
    assert "Hemmeligt siden" not in left.text
    assert browser.post(address, data=Page(left.text).form(address)).status_code == 303
    assert number_of(Partnership) == 3


@pytest.mark.parametrize("name", ["mb3x0abc", "x" * 37, "a b", "<b>", "æ"])
@pytest.mark.either_database
def test_the_answer_that_took_a_text_names_its_draft(sending: Sending, htmx: bool, name: str) -> None:
    taken = f'<template data-taken="{name}"></template>'
    assert taken not in sending.browser.submit(sending.address, sending.fields | {"draft": name}, htmx=htmx).text
    answer = sending.browser.submit(
        sending.address, {**sending.fields, "one_time_key": str(uuid4()), "body": "Ny", "draft": name}, htmx=htmx
    )
    page = answer.text if htmx else sending.browser.get(answer.location).text
    assert (taken in page) is (name == "mb3x0abc")
    assert ("data-taken" in page) is (name == "mb3x0abc")


def _edit(sending: Sending) -> str:
    return f"{sending.address}/{sending.first.number}/edit"


def _corrects(page: Page) -> str:
    (button,) = (button for button in page.all("button") if button.get("name") == "corrects")
    return str(button.get("value"))


def number_of(model: type) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0
