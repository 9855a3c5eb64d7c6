"""What the pages show of files: in a text, in the list of all, each on its own page, and the room that is left."""

import io
from collections.abc import Callable

import pytest
from PIL import Image
from sqlalchemy import update

from tests.client import Client
from tests.factories import (
    add_member,
    attach_picture,
    comment,
    make_user,
    replace_file,
    share,
    start_partnership,
)
from tests.files.places import EXE, check, shared, uploaded
from workspace import Workspace
from workspace.accounts.models import User
from workspace.db import db
from workspace.files import queries
from workspace.partnerships.models import Membership, Partnership
from workspace.posts.models import Post, PostKind

SignIn = Callable[[User], Client]

pytestmark = pytest.mark.usefixtures("app")


@pytest.fixture
def moderator() -> Membership:
    return start_partnership("Grønne tage", by=make_user("Mette Ågård"))


@pytest.fixture
def member(moderator: Membership) -> Membership:
    return add_member(moderator, make_user("Bo Østergaard"))


def jpeg() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (90, 60), (70, 130, 90)).save(file, "JPEG")
    return file.getvalue()


def test_the_tab_stands_there_once_there_is_a_file_and_the_buttons_always(member: Membership, sign_in: SignIn) -> None:
    browser, address = sign_in(member.user), member.partnership.address
    feed = browser.page(address).html
    assert 'name="attachments"' in feed
    assert f'href="{address}files"' not in feed
    assert "Ingen filer endnu" in browser.page(f"{address}files").text
    shared(browser, member, uploaded(browser, member))
    assert f'href="{address}files"' in browser.page(address).html


def test_a_picture_is_shown_with_what_it_shows_and_leads_to_those_beside_it(
    member: Membership, moderator: Membership, sign_in: SignIn
) -> None:
    browser, address = sign_in(member.user), member.partnership.address
    numbers = [uploaded(browser, member, f"{name}.jpg", jpeg()) for name in "abc"]
    post = shared(browser, member, *numbers, **{f"alt-{numbers[1]}": "Et grønt tag"})
    other = sign_in(moderator.user)
    assert "Billedet kontrolleres" in other.page(f"{address}posts/{post}").text
    check()
    for page in (address, f"{address}posts/{post}"):
        assert 'alt="Et grønt tag"' in other.page(page).html, page
        assert other.page(page).html.count('loading="lazy"') == 3, page
    middle = other.page(f"{address}files/{numbers[1]}").html
    assert f'href="{address}files/{numbers[0]}" rel="prev"' in middle
    assert f'href="{address}files/{numbers[2]}" rel="next"' in middle
    assert 'rel="prev"' not in other.page(f"{address}files/{numbers[0]}").html


def test_the_list_says_where_each_stands_until_that_is_withdrawn(
    member: Membership, moderator: Membership, sign_in: SignIn
) -> None:
    browser, address = sign_in(member.user), member.partnership.address
    post = shared(browser, member, uploaded(browser, member), title="Mødet om tagene")
    comment = {"body": "Her er resten.", "one_time_key": "0d3a4bd4-6f0c-4c1c-9a57-2f0f7cf3b1a5"}
    answered = comment | {"uploads": [uploaded(browser, member, "Resten.pdf")]}
    browser.submit(f"{address}posts/{post}/comments", answered)
    check()
    other = sign_in(moderator.user)
    listed = other.page(f"{address}files").html
    assert listed.count("Mødet om tagene") == 2
    assert f"posts/{post}?comment=" in listed
    db.session.get_one(Post, (member.partnership_id, post)).withdraw(member)
    db.session.commit()
    for page in (f"{address}files", f"{address}files/2"):
        text = other.page(page).text
        assert "Resten.pdf" in text, page
        assert "Mødet om tagene" not in text, page
        assert "Referat.pdf" not in text, page


@pytest.mark.parametrize("kind", [*PostKind])
def test_what_was_refused_is_shown_to_its_uploader_only(
    kind: PostKind, member: Membership, moderator: Membership, sign_in: SignIn
) -> None:
    browser, address = sign_in(member.user), member.partnership.address
    post = shared(browser, member, uploaded(browser, member, "Program.pdf", EXE), kind=kind)
    check()
    for page in ("files", f"posts/{post}", ""):
        assert "Program.pdf" in browser.page(f"{address}{page}").text, page
        assert "Program.pdf" not in sign_in(moderator.user).page(f"{address}{page}").text, page
    assert queries.names_of(member.partnership_id, post) == ""


def test_one_kind_at_a_time(member: Membership, sign_in: SignIn) -> None:
    browser, address = sign_in(member.user), member.partnership.address
    shared(browser, member, uploaded(browser, member), uploaded(browser, member, "tag.jpg", jpeg()))
    check()
    pictures, documents = (browser.page(f"{address}files?kind={kind}").text for kind in ("pictures", "documents"))
    assert ("tag.jpg" in pictures, "Referat.pdf" in pictures) == (True, False)
    assert ("tag.jpg" in documents, "Referat.pdf" in documents) == (False, True)


def test_moderators_are_told_before_there_is_no_more_room(
    app: Workspace, member: Membership, moderator: Membership, sign_in: SignIn
) -> None:
    browser, address = sign_in(member.user), f"{member.partnership.address}files"
    shared(browser, member, uploaded(browser, member))
    words = "Plads til filer"
    assert words not in sign_in(moderator.user).page(address).text
    db.session.execute(update(Partnership).values(file_bytes=app.settings.files_of_partnership * 9 // 10))
    db.session.commit()
    assert words in sign_in(moderator.user).page(address).text
    assert words not in browser.page(address).text


def test_the_thread_of_progress_tells_what_became_of_its_files(
    member: Membership, moderator: Membership, sign_in: SignIn
) -> None:
    post = share(member)
    words = comment(post, moderator)
    file, other = attach_picture(member, post, "Sensor.png"), attach_picture(moderator, words, "Kort.png")
    replace_file(member, file.number)
    file.withdraw(member)
    file.bring_back(member)
    other.redact(moderator, "Et CPR-nummer")
    db.session.commit()
    thread = sign_in(moderator.user).page(f"{member.partnership.address}posts/{post.number}")
    events = [element for element in thread.all("div") if "comment--event" in element.get("class", "")]
    told = ["".join(event.itertext()) for event in events]
    expected = ("vedhæftede 1 fil", "vedhæftede 1 fil", "ny version af en fil · Sensor.png", "fjernede en fil")
    expected += ("gendannede en fil · Sensor.png", "slettede en fil for altid: Et CPR-nummer")
    assert len(told) == len(expected)
    for line, words_of_it in zip(told, expected, strict=True):
        assert words_of_it in line


def test_a_change_of_files_comes_to_an_open_page_of_progress(
    member: Membership, moderator: Membership, sign_in: SignIn
) -> None:
    post = share(member)
    after = member.partnership.last_number
    attach_picture(member, post)
    address = f"{member.partnership.address}posts/{post.number}/news?after={after}"
    news = sign_in(moderator.user).get(address, htmx=True)
    assert "vedhæftede 1 fil" in news.text
    assert "Udfordringen" not in news.text
