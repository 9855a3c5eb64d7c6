"""Sharing, correcting, withdrawing and pinning a post: with HTMX, plain, and refused."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.client import Client
from tests.factories import Level, PostKind, add_member, comment, make_role, make_user, share, start_partnership
from tests.pages import Page
from workspace.accounts.models import User
from workspace.db import db
from workspace.partnerships.activity_log import Entry
from workspace.partnerships.models import Membership
from workspace.partnerships.verbs import Verb
from workspace.posts.models import Post
from workspace.posts.verbs import EDITED, PINNED, UNPINNED, WITHDREW
from workspace.roles import endings as roles_ending

PROGRESS = {
    "kind": "progress",
    "title": "Appen er i drift",
    "body": "Alle fire kommuner er med.\n\nSe https://icura.dk",
}


@dataclass
class Member:
    """A member, and the browser that they sit at."""

    membership: Membership
    browser: Client


@dataclass
class Place:
    """A partnership with a moderator and a contributor from either side, and an observer."""

    mette: Member
    farida: Member
    observer: Member
    home: str

    @property
    def posts(self) -> str:
        return f"{self.home}posts"


@pytest.fixture
def place(app: object, sign_in: Callable[[User], Client]) -> Place:
    moderator = start_partnership("Digital genoptræning", by=make_user("Mette Lindholm Krag", language="en"))
    farida = add_member(moderator, make_user("Farida Nasser", language="en"))
    observer = add_member(moderator, make_user("Ole Læser", language="en"), Level.OBSERVER)
    members = [Member(membership, sign_in(membership.user)) for membership in (moderator, farida, observer)]
    return Place(*members, home=moderator.partnership.address)


@pytest.fixture(params=[False, True], ids=["plain", "htmx"])
def htmx(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def latest() -> Post:
    return db.session.scalars(select(Post).order_by(Post.number.desc())).all()[0]


def verbs() -> list[Verb]:
    return list(db.session.scalars(select(Entry.verb).order_by(Entry.number)))


def text_of(answer: TestResponse) -> str:
    return Page(answer.text).text


def focus(answer: TestResponse) -> str:
    found = re.fullmatch(r'\{"focus-on": "(.+)"\}', answer.headers.get("HX-Trigger-After-Settle", ""))
    return found[1] if found else ""


# Share


def test_a_plain_form_shares_and_leads_to_the_post_in_the_feed(place: Place) -> None:
    answer = place.farida.browser.submit(place.posts, PROGRESS, page=place.home)
    post = latest()
    assert (answer.status_code, answer.location) == (303, f"{place.home}#post-{post.number}")
    page = place.farida.browser.page(place.home)
    assert "Appen er i drift" in page.text
    assert "Your post is shared." in page.text
    assert (post.kind, post.author_id, post.partnership_id) == (
        PostKind.PROGRESS,
        place.farida.membership.id,
        place.farida.membership.partnership_id,
    )
    assert post.body_html.startswith("<p>Alle fire kommuner er med.</p><p>Se <a href=")


def test_htmx_empties_the_composer_and_puts_the_post_first(place: Place) -> None:
    answer = place.farida.browser.submit(place.posts, PROGRESS | {"kind": "challenge"}, page=place.home, htmx=True)
    post, page = latest(), Page(answer.text)
    assert answer.status_code == 200
    assert not page.is_whole
    composer = page.form(place.posts)
    assert (composer["title"], composer["body"].strip(), "kind" in composer) == ("", "", False)
    (first,) = (element for element in page.all("div") if element.get("hx-swap-oob") == "afterbegin:#posts")
    assert first.find("article").get("id") == f"post-{post.number}"  # type: ignore[union-attr]
    assert focus(answer) == f"#post-{post.number} h3 a"
    assert "Your post is shared." in page.text
    assert post.kind is PostKind.CHALLENGE


def test_what_stands_beside_the_feed_counts_a_new_challenge(place: Place) -> None:
    long = "Hvordan får vi adgang til de ældre systemer, som ingen mere passer på?"
    for number, title in enumerate(("Den første", long), 1):
        typed = PROGRESS | {"kind": "challenge", "title": title}
        answer = place.farida.browser.submit(place.posts, typed, page=place.home, htmx=True)
        if number == 2:
            page = Page(answer.text)
            (glance,) = (element for element in page.all("a") if element.get("id") == "glance")
            (beside,) = (element for element in page.all("aside") if element.get("id") == "status")
            assert "2 unsolved" in "".join(glance.itertext())
            assert title in "".join(beside.itertext())
    choices = ["".join(option.itertext()) for option in place.farida.browser.page(place.home).all("option")]
    assert "Hvordan får vi adgang til de ældre systemer, som ingen mere …" in choices


def test_each_composer_has_a_key_of_its_own(place: Place) -> None:
    keys = {place.farida.browser.page(place.home).form(place.posts)["one_time_key"] for _ in range(3)}
    assert len(keys) == 3
    answer = place.farida.browser.submit(place.posts, PROGRESS, page=place.home, htmx=True)
    assert Page(answer.text).form(place.posts)["one_time_key"] not in keys


def test_a_reader_shares_nothing_and_sees_no_composer(place: Place, htmx: bool) -> None:
    answer = place.observer.browser.submit(place.posts, PROGRESS, htmx=htmx)
    assert answer.status_code == 403
    assert db.session.query(Post).count() == 0
    assert 'id="composer"' not in place.observer.browser.get(place.home).text


def test_a_form_that_will_not_do_takes_the_focus(place: Place, htmx: bool) -> None:
    answer = place.farida.browser.submit(place.posts, {"title": "Kun en overskrift"}, page=place.home, htmx=htmx)
    assert answer.status_code == 422
    page = Page(answer.text)
    assert page.is_whole != htmx
    assert "data-focus" in answer.text
    assert "The post is not shared yet" in page.text
    assert page.form(place.posts)["title"] == "Kun en overskrift"
    if htmx:
        assert focus(answer) == "[data-focus]"


# Read


def test_a_post_stands_on_a_page_of_its_own(place: Place) -> None:
    post = share(place.farida.membership, "Appen <b>er</b> i drift", "Første afsnit.\n\nAndet & sidste afsnit.")
    page = place.observer.browser.page(f"{place.posts}/{post.number}")
    for words in (
        "Appen <b>er</b> i drift",
        "Første afsnit.",
        "Andet & sidste afsnit.",
        "Farida Nasser",
        "No comments yet.",
    ):
        assert words in page.text
    assert not [link for link in page.all("a") if (link.get("href") or "").endswith(("/edit", "/withdrawal"))]


def test_htmx_gets_the_post_alone(place: Place) -> None:
    post = share(place.farida.membership)
    answer = place.farida.browser.get(f"{place.posts}/{post.number}", htmx=True)
    page = Page(answer.text)
    assert not page.is_whole
    assert [article.get("id") for article in page.all("article")] == ["post"]


def test_going_back_in_history_gets_the_whole_page(place: Place) -> None:
    post = share(place.farida.membership)
    for address in (place.home, f"{place.posts}/{post.number}", "/", "/partnerships"):
        answer = place.farida.browser.get(address, htmx=True, headers={"HX-History-Restore-Request": "true"})
        assert Page(answer.text).is_whole, address


# Edit


def test_the_author_corrects_a_post(place: Place, htmx: bool) -> None:
    post = share(place.farida.membership, "Apen er i drift", "Teksten")
    address = f"{place.posts}/{post.number}/edit"
    form = Page(place.farida.browser.get(address, htmx=htmx).text).form(address)
    assert (form["title"], form["body"].strip(), form["version"]) == ("Apen er i drift", "Teksten", "1")
    answer = place.farida.browser.post(address, data=form | {"title": "Appen er i drift"}, htmx=htmx)
    if htmx:
        assert answer.status_code == 200
        assert Page(answer.text).all("article")[0].get("id") == "post"
        assert focus(answer) == "#post-title"
        assert "Your changes are saved." in text_of(answer)
    else:
        assert (answer.status_code, answer.location) == (303, f"{place.posts}/{post.number}")
    assert (post.title, post.body_text, post.version) == ("Appen er i drift", "Teksten", 2)
    assert "edited" in place.mette.browser.page(f"{place.posts}/{post.number}").text
    assert verbs()[-1] is EDITED


def test_the_same_text_again_changes_nothing(place: Place, htmx: bool) -> None:
    post = share(place.farida.membership, "Titel", "Tekst")
    before = verbs()
    sent = {"title": "Titel", "body": "Tekst", "version": "1"}
    answer = place.farida.browser.submit(f"{place.posts}/{post.number}/edit", sent, htmx=htmx)
    assert answer.status_code == (200 if htmx else 303)
    assert (post.version, post.edited_at, verbs()) == (1, None, before)


def test_who_comes_too_late_sees_both_texts_and_loses_nothing(place: Place, htmx: bool) -> None:
    post = share(place.farida.membership, "Titel", "Den første tekst")
    address = f"{place.posts}/{post.number}/edit"
    browser = place.farida.browser
    first, second = (browser.page(address).form(address) for _ in range(2))
    assert browser.post(address, data=first | {"title": "Ny titel", "body": "Den anden tekst"}).status_code == 303
    answer = browser.post(address, data=second | {"title": "Min titel", "body": "Min tekst"}, htmx=htmx)
    page = Page(answer.text)
    assert answer.status_code == 409
    assert page.is_whole != htmx
    for words in ("The text has been changed in the meantime", "Ny titel", "Den anden tekst"):
        assert words in page.text
    form = page.form(address)
    assert (form["title"], form["body"].strip(), form["version"]) == ("Min titel", "Min tekst", "2")
    assert post.title == "Ny titel"
    assert browser.post(address, data=form).status_code == 303
    assert (post.title, post.body_text, post.version) == ("Min titel", "Min tekst", 3)


def test_nobody_else_corrects_a_post(place: Place, htmx: bool) -> None:
    post = share(place.farida.membership, "Titel", "Tekst")
    address = f"{place.posts}/{post.number}/edit"
    for member in (place.mette, place.observer):
        assert member.browser.get(address, htmx=htmx).status_code == 403
        sent = {"title": "Min", "body": "Min", "version": "1"}
        assert member.browser.submit(address, sent, htmx=htmx).status_code == 403
    assert post.title == "Titel"
    assert "Only the author can edit this." in text_of(place.mette.browser.get(address))


def test_the_author_changes_the_role_that_a_post_concerns(place: Place, htmx: bool) -> None:
    data, training = (make_role(place.mette.membership, name) for name in ("Data", "Training"))
    post, browser = share(place.farida.membership, "Kurser", role=data), place.farida.browser
    address = f"{place.posts}/{post.number}/edit"
    form = browser.page(address).form(address)
    assert form["role"] == str(data.id)
    answer = browser.post(address, data=form | {"role": str(training.id)}, htmx=htmx)
    assert answer.status_code == (200 if htmx else 303)
    assert post.role_id == training.id
    assert browser.post(address, data=browser.page(address).form(address) | {"role": ""}).status_code == 303
    assert post.role_id is None


def test_a_role_that_is_no_longer_in_use_may_stay_but_not_be_chosen(place: Place) -> None:
    old, gone = (make_role(place.mette.membership, name) for name in ("Old", "Gone"))
    post, browser = share(place.farida.membership, "Kurser", role=old), place.farida.browser
    for role in (old, gone):
        roles_ending.retire(role, place.mette.membership)
    address = f"{place.posts}/{post.number}/edit"
    form = browser.page(address).form(address)
    assert browser.post(address, data=form | {"title": "Nye kurser"}).status_code == 303
    assert (post.title, post.role_id) == ("Nye kurser", old.id)
    form = browser.page(address).form(address)
    assert browser.post(address, data=form | {"role": str(gone.id)}).status_code == 409
    foreign = make_role(start_partnership(by=make_user("Ulla")), "Foreign")
    assert browser.post(address, data=form | {"role": str(foreign.id)}).status_code == 404


def test_an_author_who_has_become_a_reader_corrects_no_more(place: Place) -> None:
    post = share(place.farida.membership)
    place.farida.membership.level = Level.OBSERVER
    assert place.farida.browser.get(f"{place.posts}/{post.number}/edit").status_code == 403
    assert "/edit" not in place.farida.browser.get(f"{place.posts}/{post.number}").text


# Withdraw


def test_the_author_takes_a_post_back_and_its_place_stays(place: Place, htmx: bool) -> None:
    post = share(place.farida.membership, "Titel", "Hemmelig tekst")
    remark = comment(post, place.mette.membership, "Godt!")
    address = f"{place.posts}/{post.number}/withdrawal"
    form = Page(place.farida.browser.get(address, htmx=htmx).text).form(address)
    assert "reason" not in form
    answer = place.farida.browser.post(address, data=form, htmx=htmx)
    assert answer.status_code == (200 if htmx else 303)
    for where in (place.home, f"{place.posts}/{post.number}", "/"):
        page = place.observer.browser.page(where)
        assert "Withdrawn post" in page.text, where
        assert "Hemmelig tekst" not in page.text, where
        assert "Titel" not in page.text, where
    shown = place.observer.browser.page(f"{place.posts}/{post.number}").text
    assert "The author has withdrawn this post." in shown
    assert remark.body_text in shown
    assert verbs()[-1] is WITHDREW


def test_a_moderator_withdraws_anothers_with_a_reason(place: Place, htmx: bool) -> None:
    post = share(place.farida.membership, "Titel", "Tekst")
    address = f"{place.posts}/{post.number}/withdrawal"
    refused = place.mette.browser.submit(address, {"reason": "  "}, page=address, htmx=htmx)
    assert refused.status_code == 422
    assert "Write why it is withdrawn." in text_of(refused)
    assert not post.is_withdrawn
    answer = place.mette.browser.submit(address, {"reason": "Der står et navn <i>."}, htmx=htmx)
    assert answer.status_code == (200 if htmx else 303)
    shown = place.farida.browser.page(f"{place.posts}/{post.number}").text
    assert "A moderator has withdrawn this post: Der står et navn <i>." in shown


def test_nobody_else_withdraws_a_post(place: Place, htmx: bool) -> None:
    post = share(place.mette.membership)
    address = f"{place.posts}/{post.number}/withdrawal"
    for member in (place.farida, place.observer):
        assert member.browser.get(address, htmx=htmx).status_code == 403
        assert member.browser.submit(address, {"reason": "Fordi"}, htmx=htmx).status_code == 403
    assert not post.is_withdrawn


def test_a_withdrawn_post_is_neither_corrected_commented_nor_pinned(place: Place, htmx: bool) -> None:
    post = share(place.mette.membership)
    post.withdraw(place.mette.membership)
    address, browser = f"{place.posts}/{post.number}", place.mette.browser
    assert browser.get(f"{address}/edit", htmx=htmx).status_code == 409
    sent: dict[str, Any] = {"title": "Ny", "body": "Ny", "version": "1", "one_time_key": ""}
    for ending in ("edit", "comments", "pinning"):
        answer = browser.submit(f"{address}/{ending}", sent, htmx=htmx)
        assert answer.status_code == 409, ending
        assert "It has been withdrawn in the meantime." in text_of(answer)
    assert "Ny" not in post.title


def test_withdrawing_twice_is_the_same_as_once(place: Place) -> None:
    post = share(place.farida.membership)
    address = f"{place.posts}/{post.number}/withdrawal"
    for _ in range(2):
        assert place.farida.browser.submit(address).status_code == 303
    assert verbs().count(WITHDREW) == 1


# Pin


def test_a_moderator_pins_a_post_and_lets_it_go(place: Place, htmx: bool) -> None:
    old, new = share(place.farida.membership, "Den gamle"), share(place.farida.membership, "Den nye")
    address = f"{place.posts}/{old.number}"
    answer = place.mette.browser.submit(f"{address}/pinning", page=address, htmx=htmx)
    assert answer.status_code == (200 if htmx else 303)
    if htmx:
        assert "Pinned" in text_of(answer)
        assert f"{address}/unpinning" in answer.text
    assert shown(place) == [old.number, new.number]
    assert place.mette.browser.submit(f"{address}/unpinning", page=address, htmx=htmx).status_code == answer.status_code
    assert shown(place) == [new.number, old.number]
    assert verbs()[-2:] == [PINNED, UNPINNED]


def shown(place: Place) -> list[int]:
    return [int(str(article.get("id"))[5:]) for article in place.observer.browser.page(place.home).all("article")]


def test_a_fourth_post_is_not_pinned(place: Place, htmx: bool) -> None:
    posts = [share(place.farida.membership) for _ in range(4)]
    answers = [place.mette.browser.submit(f"{place.posts}/{post.number}/pinning", htmx=htmx) for post in posts]
    assert [answer.status_code for answer in answers] == [200 if htmx else 303] * 3 + [409]
    assert "Three posts are pinned already. Unpin one of them first." in text_of(answers[-1])
    assert [post.pinned_at is None for post in posts] == [False, False, False, True]


def test_pinning_twice_is_the_same_as_once(place: Place) -> None:
    post = share(place.farida.membership)
    for ending in ("pinning", "pinning", "unpinning", "unpinning"):
        assert place.mette.browser.submit(f"{place.posts}/{post.number}/{ending}").status_code == 303
    assert verbs()[-2:] == [PINNED, UNPINNED]


def test_only_moderators_pin(place: Place, htmx: bool) -> None:
    post = share(place.farida.membership)
    for member in (place.farida, place.observer):
        for ending in ("pinning", "unpinning"):
            assert member.browser.submit(f"{place.posts}/{post.number}/{ending}", htmx=htmx).status_code == 403
        assert "pinning" not in member.browser.get(f"{place.posts}/{post.number}").text


def test_a_withdrawn_post_is_no_longer_pinned(place: Place) -> None:
    post = share(place.farida.membership)
    post.pin(place.mette.membership)
    assert place.farida.browser.submit(f"{place.posts}/{post.number}/withdrawal").status_code == 303
    assert post.pinned_at is None


def test_names_and_mentions_lead_to_the_page_of_the_member(app: object, sign_in: Callable[[User], Client]) -> None:
    mette = start_partnership(by=make_user("Mette Krag", language="en"))
    farida = add_member(mette, make_user("Farida Nazari", language="en"))
    post = share(mette, "Grus", "Hvad siger du, @Farida Nazari?")
    comment(post, farida, "Spørg @Mette Krag.")
    home, window = mette.partnership.address, sign_in(mette.user)
    there = f"{home}members/{mette.id}", f"{home}members/{farida.id}"
    for address in (home, f"{home}posts/{post.number}", "/"):
        found = {urljoin(address, str(link.get("href"))) for link in window.page(address).all("a")}
        assert set(there[: 1 if address == "/" else 2]) <= found, address
    for address in there:
        window.page(address)
