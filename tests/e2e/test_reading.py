"""Finding one's way in what there is: older posts and comments, filters, the back button, and what is new."""

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Visit
from tests.e2e.place import Place
from tests.factories import PostKind


def fill(place: Place, posts: int) -> list[int]:
    """Share so many posts, every fifth a challenge; their numbers."""
    kinds = [PostKind.CHALLENGE if index % 5 == 0 else PostKind.PROGRESS for index in range(posts)]
    return [place.share(place.partner, f"Opslag {index}", kind=kind) for index, kind in enumerate(kinds, 1)]


@pytest.mark.slow
def test_older_posts_extend_the_feed_in_place(visit: Visit, place: Place) -> None:
    fill(place, 25)
    visitor = visit(place.contributor)
    visitor.open(place.address)
    visitor.leave_a_mark()
    titles = visitor.page.locator("#posts h3")
    expect(titles).to_have_count(20)
    visitor.link("Show older posts").click()
    expect(titles).to_have_text([f"Opslag {number}" for number in range(25, 0, -1)])
    expect(visitor.link("Show older posts")).to_have_count(0)
    visitor.is_on_the_same_page()


@pytest.mark.slow
def test_the_focus_goes_on_to_the_first_of_the_older_posts(visit: Visit, place: Place) -> None:
    fill(place, 21)
    visitor = visit(place.contributor)
    visitor.open(place.address)
    visitor.link("Show older posts").press("Enter")
    expect(visitor.page.locator("#posts h3")).to_have_count(21)
    expect(visitor.page.locator("body")).not_to_be_focused()
    expect(visitor.page.get_by_role("article").filter(has_text="Opslag 1").locator("h3 a:focus")).to_have_count(1)


@pytest.mark.slow
def test_the_focus_goes_on_to_the_first_of_the_older_comments(visit: Visit, place: Place) -> None:
    post = place.share(place.moderator)
    for number in range(1, 53):
        place.comment(post, place.partner, f"Kommentar {number}")
    visitor = visit(place.contributor)
    visitor.open(f"{place.address}posts/{post}")
    visitor.link("Show older comments").press("Enter")
    expect(visitor.page.locator("#thread .prose")).to_have_count(52)
    expect(visitor.page.locator("body")).not_to_be_focused()


@pytest.mark.slow
def test_older_posts_are_a_plain_link_without_javascript(visit: Visit, place: Place) -> None:
    fill(place, 25)
    visitor = visit(place.contributor, java_script_enabled=False)
    visitor.open(place.address)
    visitor.link("Show older posts").click()
    expect(visitor.page.locator("#posts h3")).to_have_text([f"Opslag {number}" for number in range(5, 0, -1)])
    visitor.page.go_back()
    expect(visitor.page.locator("#posts h3")).to_have_count(20)


@pytest.mark.slow
def test_the_overview_shows_older_posts_in_place_and_as_a_link(visit: Visit, place: Place) -> None:
    fill(place, 25)
    visitor = visit(place.contributor)
    visitor.open("/")
    visitor.leave_a_mark()
    visitor.link("Show older posts").click()
    expect(visitor.page.locator("main article")).to_have_count(25)
    visitor.is_on_the_same_page()
    plain = visit(place.contributor, java_script_enabled=False)
    plain.open("/")
    plain.link("Show older posts").click()
    expect(plain.page.locator("main article")).to_have_count(5)


@pytest.mark.slow
def test_older_comments_stand_before_the_later_ones(visit: Visit, place: Place) -> None:
    post = place.share(place.moderator)
    for number in range(1, 61):
        place.comment(post, place.partner, f"Kommentar {number}")
    visitor = visit(place.contributor)
    visitor.open(f"{place.address}posts/{post}")
    visitor.leave_a_mark()
    texts = visitor.page.locator("#thread .prose")
    expect(texts).to_have_count(50)
    visitor.link("Show older comments").click()
    expect(texts).to_have_text([f"Kommentar {number}" for number in range(1, 61)])
    visitor.is_on_the_same_page()
    visitor.write_in("Write a comment", "Den sidste")
    visitor.button("Share the comment").click()
    expect(texts.last).to_have_text("Den sidste")
    expect(visitor.page.locator("#comment-count")).to_have_text("61")

    plain = visit(place.contributor, java_script_enabled=False)
    plain.open(f"{place.address}posts/{post}")
    plain.link("Show older comments").click()
    expect(plain.page.locator("#thread .prose")).to_have_text([f"Kommentar {number}" for number in range(1, 12)])
    plain.link("Show the latest comments").click()
    expect(plain.page.locator("#thread .prose").last).to_have_text("Den sidste")


@pytest.mark.slow
def test_the_back_button_returns_through_posts_and_filters(visit: Visit, place: Place) -> None:
    fill(place, 6)
    visitor = visit(place.contributor)
    visitor.open("/")
    visitor.page.locator("aside").get_by_role("link", name=place.name).click()
    titles = visitor.page.locator("#posts h3")
    expect(titles).to_have_count(6)
    visitor.leave_a_mark()
    visitor.link("Challenges").click()
    expect(titles).to_have_text(["Opslag 6", "Opslag 1"])
    expect(visitor.page).to_have_url(f"{place.address}?kind=challenge")
    expect(visitor.link("Challenges")).to_have_attribute("aria-current", "true")
    visitor.is_on_the_same_page()
    titles.get_by_role("link", name="Opslag 6", exact=True).click()
    expect(visitor.page.locator("h1")).to_have_text("Opslag 6")

    visitor.page.go_back()
    expect(visitor.page).to_have_url(f"{place.address}?kind=challenge")
    expect(titles).to_have_text(["Opslag 6", "Opslag 1"])
    visitor.page.go_back()
    expect(visitor.page).to_have_url(place.address)
    expect(titles).to_have_count(6)
    expect(visitor.page.locator("h1")).to_have_text(place.name)
    visitor.page.go_back()
    expect(visitor.page.locator("h1")).to_have_text(visitor.say("Overview"))
    visitor.page.go_forward()
    expect(titles).to_have_count(6)


@pytest.mark.slow
def test_a_filter_is_chosen_with_the_focus_kept(visit: Visit, place: Place) -> None:
    fill(place, 6)
    visitor = visit(place.contributor)
    visitor.open(place.address)
    visitor.link("Challenges").press("Enter")
    expect(visitor.page.locator("#posts h3")).to_have_count(2)
    expect(visitor.page.locator("body")).not_to_be_focused()


@pytest.mark.slow
def test_the_overview_marks_everything_as_read(visit: Visit, place: Place) -> None:
    place.read_everything()
    place.share(place.partner, "Nyhed")
    for scripts in (False, True):
        visitor = visit(place.contributor if scripts else place.observer, java_script_enabled=scripts)
        visitor.open("/")
        expect(visitor.page.locator("main .new")).to_have_count(2)
        visitor.button("Mark everything as read").click()
        visitor.is_told("Everything is marked as read.")
        expect(visitor.page.locator("main .new")).to_have_count(0)


@pytest.mark.slow
def test_ones_own_is_never_new_to_oneself(visit: Visit, place: Place) -> None:
    place.read_everything()
    visitor = visit(place.contributor)
    visitor.open(place.address)
    visitor.share("progress", "Mit eget", "Det er ikke nyt for mig.")
    expect(visitor.heading("Mit eget")).to_be_visible()
    expect(visitor.page.locator("main .new")).to_have_count(0)
    visitor.open("/")
    expect(visitor.page.get_by_role("link", name="Mit eget")).to_be_visible()
    expect(visitor.page.locator("main .new")).to_have_count(0)
