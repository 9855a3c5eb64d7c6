"""Where one is signed in, and ending it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests.client import Client
from tests.factories import PASSWORD, make_user
from tests.pages import Page
from workspace import Workspace, clock
from workspace.accounts import sessions, user_agents
from workspace.accounts.models import User
from workspace.accounts.sessions import Session
from workspace.db import db

SignIn = Callable[[User], Client]

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)
EDGE = CHROME + " Edg/140.0.0.0"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.0 Mobile/15E148 Safari/604.1"
)
ANDROID = "Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0"


@pytest.fixture
def person(app: object) -> User:
    return make_user("Mette Lindholm Krag", language="en")


@pytest.fixture
def mette(sign_in: SignIn, person: User) -> Client:
    return sign_in(person)


def start(user: User, browser: str = CHROME) -> int:
    session = sessions.start(user, remembered=False, browser=browser, address="127.0.0.1")
    db.session.commit()
    return session.id


def present(user: User) -> set[int]:
    return set(db.session.scalars(select(Session.id).where(Session.user_id == user.id)))


@pytest.mark.parametrize(
    ("user_agent", "told"),
    [
        (CHROME, "Chrome on Windows"),
        (EDGE, "Edge on Windows"),
        (PHONE, "Safari on iPhone"),
        (ANDROID, "Firefox on Android"),
        ("curl/8.5.0", "Unknown browser"),
        ("", "Unknown browser"),
    ],
)
@pytest.mark.either_database
def test_a_browser_is_told_in_plain_words(app: Workspace, user_agent: str, told: str) -> None:
    with app.test_request_context(headers={"Accept-Language": "en"}):
        assert user_agents.describe(user_agent) == told


def test_the_list_tells_each_browser_and_marks_this_one(mette: Client, person: User) -> None:
    start(person, CHROME)
    text = mette.page("/settings/sessions").text
    assert "Chrome on Windows" in text
    assert text.count("this browser") == 1


def test_the_list_does_not_show_what_others_have_open_or_what_is_over(mette: Client, person: User) -> None:
    start(make_user(), PHONE)
    over = start(person, ANDROID)
    stale = db.session.get(Session, over)
    assert stale
    stale.created_at -= sessions.LONGEST
    text = mette.page("/settings/sessions").text
    assert "iPhone" not in text
    assert "Android" not in text


def test_one_browser_can_be_signed_out(mette: Client, person: User) -> None:
    other = start(person)
    address = f"/settings/sessions/{other}/ending"
    answer = mette.submit(address, page="/settings/sessions")
    assert (answer.status_code, answer.location) == (303, "/settings/sessions")
    assert other not in present(person)
    assert len(present(person)) == 1


def test_a_script_gets_the_list_without_it(mette: Client, person: User) -> None:
    other = start(person)
    answer = mette.submit(f"/settings/sessions/{other}/ending", htmx=True)
    assert answer.status_code == 200
    assert not Page(answer.text).is_whole
    assert 'id="sessions"' in answer.text
    assert f'id="session-{other}"' not in answer.text
    assert "The other browser is signed out." in answer.text
    assert "#signed-in" in answer.headers["HX-Trigger-After-Settle"]


def test_ending_it_twice_changes_nothing_more(mette: Client, person: User) -> None:
    other = start(person)
    for _ in range(2):
        assert mette.submit(f"/settings/sessions/{other}/ending").status_code == 303
    assert len(present(person)) == 1


def test_another_persons_session_can_not_be_ended(mette: Client) -> None:
    stranger = make_user()
    foreign = start(stranger)
    mette.submit(f"/settings/sessions/{foreign}/ending")
    assert present(stranger) == {foreign}


def test_ending_the_session_of_this_browser_signs_out(mette: Client, person: User) -> None:
    (own,) = present(person)
    assert mette.submit(f"/settings/sessions/{own}/ending").location == "/sign-in"
    assert mette.get("/settings").status_code == 303


@pytest.mark.parametrize("htmx", [False, True])
def test_all_other_browsers_can_be_signed_out_at_once(mette: Client, person: User, htmx: bool) -> None:
    start(person), start(person, PHONE)
    stranger = make_user()
    foreign = start(stranger)
    mette.submit("/settings/sessions/ending", htmx=htmx)
    assert len(present(person)) == 1
    assert present(stranger) == {foreign}
    assert mette.get("/settings").status_code == 200


def test_the_list_costs_the_same_with_many_browsers(mette: Client, person: User, statements: Callable) -> None:
    counts = []
    for _ in range(2):
        with statements() as asked:
            mette.page("/settings/sessions")
        counts.append(len(asked))
        for _ in range(20):
            start(person)
    assert counts[0] == counts[1] <= 3


def test_signing_out_removes_the_cookie_that_remembers(client: Client) -> None:
    user = make_user()
    for ending in ("/sign-out", "own"):
        fields = {"email": user.email, "password": PASSWORD, "remember": "y"}
        assert client.submit("/sign-in", fields).status_code == 303
        assert client.get_cookie("samspil_remember")
        if ending == "own":
            ending = f"/settings/sessions/{db.session.scalars(select(Session.id)).one()}/ending"
        assert client.submit(ending).status_code == 303
        assert client.get_cookie("samspil_remember") is None


def test_an_account_has_at_most_sixty_sessions(app: Workspace, sign_in: SignIn) -> None:
    user, other = make_user(), make_user()
    theirs, first, second = sign_in(other), sign_in(user), sign_in(user)
    for _each in range(sessions.MOST_LISTED - 2):
        sign_in(user)
    with clock.at(clock.now() + timedelta(hours=2)):
        assert first.get("/settings").status_code == 200  # It has been used the latest.
        sign_in(user)
        assert first.get("/settings").status_code == 200
        assert second.get("/settings").status_code == 303
        assert theirs.get("/settings").status_code == 200
    count = select(func.count()).select_from(Session).where(Session.user_id == user.id)
    assert db.session.scalar(count) == sessions.MOST_LISTED
