"""Every search by name finds a name by the beginning of any of its words."""

from collections.abc import Callable

import pytest

from tests.client import Client
from tests.factories import add_member, make_administrator, make_organisation, make_role, make_user, start_partnership
from tests.pages import Page
from workspace.organisations.models import OrganisationKind
from workspace.partnerships.models import Membership

SignIn = Callable[..., Client]
Search = Callable[[str], Page]
NAME = "Ane-Grethe O'Brien d’Este (AGO)"


def members(sign_in: SignIn) -> Search:
    moderator = moderator_beside(NAME)
    browser = sign_in(moderator.user)
    address = f"{moderator.partnership.address}members"
    return lambda words: Page(browser.get(address, query_string={"q": words}, htmx=True).text)


def mentions(sign_in: SignIn) -> Search:
    moderator = moderator_beside(NAME)
    browser = sign_in(moderator.user)
    address = f"{moderator.partnership.address}mentions"
    return lambda words: Page(browser.get(address, query_string={"name": words}).text)


def candidates(sign_in: SignIn) -> Search:
    moderator = moderator_beside(NAME)
    address = f"{moderator.partnership.address}roles/{make_role(moderator).id}/offers/new"
    browser = sign_in(moderator.user)
    return lambda words: browser.page(address, query_string={"q": words})


def people(sign_in: SignIn) -> Search:
    moderator = start_partnership()
    make_user(NAME, moderator.organisation)
    address = f"{moderator.partnership.address}people"
    browser = sign_in(moderator.user)
    return lambda words: browser.page(address, query_string={"q": words})


def organisations(sign_in: SignIn) -> Search:
    make_organisation(NAME)
    browser = sign_in(make_administrator())
    return lambda words: browser.page("/organisations", query_string={"q": words})


def partners(sign_in: SignIn) -> Search:
    moderator = start_partnership()
    make_organisation(NAME)
    address = f"{moderator.partnership.address}organisations"
    browser = sign_in(moderator.user)
    return lambda words: browser.page(address, query_string={"q": words}, htmx=True)


def moderator_beside(name: str) -> Membership:
    moderator = start_partnership()
    add_member(moderator, make_user(name, make_organisation(kind=OrganisationKind.COMPANY)))
    return moderator


SEARCHES = (members, mentions, candidates, people, organisations, partners)


@pytest.mark.parametrize("search", SEARCHES)
def test_a_name_is_found_by_the_beginning_of_any_word(search: Callable[[SignIn], Search], sign_in: SignIn) -> None:
    find = search(sign_in)
    for words in ("ane", "grethe", "ane-g", "brien", "o'b", "este", "ago", "brien grethe"):
        assert NAME in find(words).text, words
    for words in ("rethe", "rien", "ane brian", "%", "_"):
        assert NAME not in find(words).text, words
