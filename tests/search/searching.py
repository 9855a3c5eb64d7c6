"""Searches for tests."""

from workspace.db import db
from workspace.partnerships.models import Membership
from workspace.search import indexing, results
from workspace.search.results import SearchFilter
from workspace.search.terms import parsed


def searched(reader: Membership, words: str, **narrowed: object) -> results.SearchPage:
    """What the reader finds once everything is in the index."""
    db.session.commit()
    indexing.index_due()
    return results.find(reader.user, parsed(words), SearchFilter(**narrowed), None)  # type: ignore[arg-type]


def titles(page: results.SearchPage) -> list[str]:
    """The titles of the hits, in their order."""
    return [str(hit.title.striptags()) for hit in page.names + page.hits]
