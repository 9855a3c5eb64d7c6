"""Queries of organisations and the people in them."""

from typing import Any

from sqlalchemy import and_, func, or_, select, tuple_
from sqlalchemy.orm import joinedload

from workspace.accounts.models import User, email_key
from workspace.db import db
from workspace.db.name_search import name_matches
from workspace.db.types import AnyRow
from workspace.i18n import danish
from workspace.organisations.models import Organisation
from workspace.web import pagination

PAGE = 50
MOST_SUGGESTED = 10
LONGEST_SEARCH = 120


def organisation(organisation_id: int) -> Organisation:
    """The organisation with that id, or the 404 of what does not exist."""
    found: Organisation = db.get_or_404(Organisation, organisation_id)
    return found


def person(user_id: int) -> User:
    """The person with that id, or the 404 of what does not exist."""
    found: User = db.get_or_404(User, user_id)
    return found


def organisations(words: str, after: str) -> tuple[list[AnyRow], int | None]:
    """A page of the organisations that `words` find, in Danish order, each with the number of its people.

    It begins after the one whose id is `after`; with it comes the id that the next page begins after.
    """
    people = select(func.count()).where(User.organisation_id == Organisation.id).scalar_subquery()
    query = (
        select(Organisation.id, Organisation.name, Organisation.kind, people.label("people"))
        .where(*name_matches(Organisation.name_search_key, words))
        .order_by(Organisation.name_key, Organisation.id)
        .limit(PAGE + 1)
    )
    last = pagination.parse_int(after)
    if last is not None:
        key = select(Organisation.name_key).where(Organisation.id == last).scalar_subquery()
        query = query.where(tuple_(Organisation.name_key, Organisation.id) > tuple_(func.coalesce(key, ""), last))
    page, last_row = pagination.split_page(db.session.execute(query).all(), PAGE)
    return page, last_row.id if last_row else None


def people(of: Organisation, after: str) -> tuple[list[User], int | None]:
    """A page of the people of an organisation, and the id that the next page begins after."""
    query = select(User).where(User.organisation_id == of.id).order_by(User.name_key, User.id).limit(PAGE + 1)
    last = pagination.parse_int(after)
    if last is not None:
        key = select(User.name_key).where(User.id == last).scalar_subquery()
        query = query.where(tuple_(User.name_key, User.id) > tuple_(func.coalesce(key, ""), last))
    page, last_row = pagination.split_page(db.session.scalars(query).all(), PAGE)
    return page, last_row.id if last_row else None


def found_people(words: str, after: str) -> tuple[list[User], int | None]:
    """A page of the people whose name, address or organisation begins like `words`, in Danish order; all without.

    It begins after the person whose id is `after`; with it comes the id that the next page begins after.
    """
    query = select(User).options(joinedload(User.organisation)).order_by(User.name_key, User.id).limit(PAGE + 1)
    if words:
        of_organisation = select(Organisation.id).where(*name_matches(Organisation.name_search_key, words))
        query = query.where(
            or_(
                and_(*name_matches(User.name_search_key, words)),
                User.email_key.startswith(email_key(words), autoescape=True),
                User.organisation_id.in_(of_organisation),
            )
        )
    last = pagination.parse_int(after)
    if last is not None:
        key = select(User.name_key).where(User.id == last).scalar_subquery()
        query = query.where(tuple_(User.name_key, User.id) > tuple_(func.coalesce(key, ""), last))
    page, last_row = pagination.split_page(db.session.scalars(query).all(), PAGE)
    return page, last_row.id if last_row else None


def suggestions(words: str) -> list[Organisation]:
    """The first few organisations that `words` find; the one of exactly that name stands first."""
    folded = danish.search_key(words)
    if not folded:
        return []
    query = (
        select(Organisation)
        .where(*name_matches(Organisation.name_search_key, words))
        .order_by(Organisation.name_search_key != folded, Organisation.name_key)
        .limit(MOST_SUGGESTED)
    )
    return list(db.session.scalars(query))


def typed(arguments: Any, name: str = "q") -> str:
    """The search text, cut to the length of a name."""
    return str(arguments.get(name, ""))[:LONGEST_SEARCH].strip()
