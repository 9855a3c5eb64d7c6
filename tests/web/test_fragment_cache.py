"""Cached fragments of pages: stored under all that they are made of, and made of nothing else."""

import re
from pathlib import Path

import pytest
from flask import Flask
from jinja2 import meta, nodes
from markupsafe import Markup

from tests.factories import add_member, comment, make_user, share, start_partnership
from tests.test_routes import SignIn
from workspace.config import ROOT
from workspace.db import db
from workspace.partnerships.models import Membership
from workspace.web import fragment_cache
from workspace.web.fragment_cache import cached_fragment

pytestmark = pytest.mark.either_database

NAMED = re.compile(r'cached_fragment\(\s*"([^"]+)"')
# They say who asks, from where and when: what is made with them is not the same for the same values.
OF_A_REQUEST = {"g", "request", "session", "style_nonce", "settings", "is_stalled", "is_undoable"}


@pytest.fixture
def moderator(app: Flask) -> Membership:
    """The moderator of a partnership."""
    return start_partnership()


def pieces_named() -> set[str]:
    """The templates of cached fragments."""
    places = [*Path(ROOT, "templates").rglob("*.html"), *Path(ROOT, "workspace").rglob("*.py")]
    return {name for place in places for name in NAMED.findall(place.read_text())}


def asked_for(app: Flask, template: str) -> set[str]:
    """The names and filters that a template asks for, with all that it includes."""
    tree = app.jinja_env.parse(Path(ROOT, "templates", template).read_text())
    names = meta.find_undeclared_variables(tree) | {used.name for used in tree.find_all(nodes.Filter)}
    return names.union(*(asked_for(app, str(included)) for included in meta.find_referenced_templates(tree)))


def test_a_piece_is_made_of_what_it_is_given_and_of_our_words(app: Flask) -> None:
    names = pieces_named()
    assert {"posts/_post.html", "comments/_comment.html", "overview/_item.html", "layouts/_topbar.html"} <= names
    of_a_request = {name: asked_for(app, name) & OF_A_REQUEST for name in names}
    assert of_a_request == {name: {"is_undoable"} if name == "comments/_comment.html" else set() for name in names}, (
        "is_undoable is a value that the comment is given"
    )


def test_each_reader_has_a_token_of_their_own_in_a_piece_that_both_see(sign_in: SignIn, moderator: Membership) -> None:
    share(moderator)
    others = [add_member(moderator, make_user()) for _ in range(2)]
    pages = [sign_in(membership.user).get(moderator.partnership.address).text for membership in others]
    for text in pages:
        assert fragment_cache.CSRF_PLACEHOLDER not in text
        assert fragment_cache.KEY_PLACEHOLDER not in text
    tokens = [set(re.findall(r'name="csrf_token" value="([^"]+)"', text)) for text in pages]
    assert all(len(own) == 1 for own in tokens)
    assert tokens[0] != tokens[1]
    keys = [re.findall(r'name="one_time_key"[^>]*value="([^"]+)"', text) for text in pages]
    assert len({key for of_page in keys for key in of_page}) == 2


def test_what_changes_is_another_piece(sign_in: SignIn, moderator: Membership) -> None:
    post = share(moderator, title="Sensoren svigter")
    reader = sign_in(add_member(moderator, make_user(name="Anders And")).user)
    assert "Sensoren svigter" in reader.get(moderator.partnership.address).text
    post.title = "Sensoren virker"
    moderator.user.name = "Mette Nytnavn"
    db.session.commit()
    text = reader.get(moderator.partnership.address).text
    assert "Sensoren svigter" not in text
    assert "Sensoren virker" in text
    assert "Mette Nytnavn" in text


def test_markup_is_no_value(app: Flask) -> None:
    with app.test_request_context("/"), pytest.raises(TypeError):
        cached_fragment("members/_member.html", member=Markup("<b>"), partnership=None, is_me=False)


def test_what_nobody_asks_for_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = fragment_cache._TwoGenerations()
    kept.store("asked for", "1")
    kept.store("not asked for", "2")
    now = fragment_cache.time.monotonic()
    for generation in (1, 2):
        monkeypatch.setattr(
            fragment_cache.time, "monotonic", lambda by=generation: now + by * (fragment_cache.GENERATION_SECONDS + 1)
        )
        assert kept.find("asked for") == "1"
        kept.store(f"new in {generation}", "3")
        kept.find("asked for")
    assert "not asked for" not in kept.young | kept.old
    assert kept.find("asked for") == "1"


def test_there_is_a_most_that_is_kept() -> None:
    kept = fragment_cache._TwoGenerations()
    for number in range(3 * fragment_cache.MAX_ENTRIES):
        kept.store(number, "text")
    assert len(kept.young) + len(kept.old) <= 2 * fragment_cache.MAX_ENTRIES


def test_a_comment_is_new_for_who_has_not_seen_it_and_own_for_who_wrote_it(
    sign_in: SignIn, moderator: Membership
) -> None:
    post = share(moderator)
    author, reader = (add_member(moderator, make_user()) for _ in range(2))
    comment(post, author)
    address = f"{moderator.partnership.address}posts/{post.number}"
    own, others = (sign_in(membership.user).get(address).text for membership in (author, reader))
    edit = f'href="{post.number}/comments/'
    assert f"{edit}" in own
    assert '/edit">' in own
    assert '/edit">' not in others
    assert 'class="new"' in others
