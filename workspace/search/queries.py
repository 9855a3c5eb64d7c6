"""What a search asks the database: always from the memberships that are active now, in a fixed number of statements."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    BindParameter,
    ColumnElement,
    Integer,
    Select,
    String,
    bindparam,
    cast,
    column,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import aliased

from workspace.accounts.models import User
from workspace.db import db
from workspace.db.name_search import ESCAPE, escaped, word_matches
from workspace.db.statements import cached_statement, fetch_rows
from workspace.db.types import AnyRow, AnySelect
from workspace.i18n import danish
from workspace.organisations.models import Organisation
from workspace.partnerships.models import Membership, Participation, Partnership
from workspace.partnerships.query_params import USER, params_of
from workspace.roles.models import Role
from workspace.search.models import SearchBucket
from workspace.search.sources import SOURCES, FoundKind

MOST_NAMES = 50
BITS = 31  # of the number of a text or block in a key

Key = tuple[int, int]


def partnerships(user: User) -> list[AnyRow]:
    """The partnerships that the user may read now, by name."""
    return fetch_rows(_partnerships(), **params_of(user))


def buckets(user: User, names: Collection[str], blocks: Iterable[Key]) -> list[AnyRow]:
    """These buckets of blocks of the index, by (partnership, block), where the user may read them now."""
    is_sqlite = db.engine.dialect.name == "sqlite"
    given = _key_list(blocks, is_sqlite=is_sqlite)
    return fetch_rows(_buckets(is_sqlite=is_sqlite), **params_of(user), names=sorted(names), blocks=given)


def texts(user: User, keys: Mapping[FoundKind, Iterable[Key]], status: str) -> list[AnyRow]:
    """Those of these texts, by (partnership, number), that are there and that the user may read now."""
    is_sqlite = db.engine.dialect.name == "sqlite"
    given: dict[str, str | list[int]] = {}
    sources = []
    for number, source in enumerate(SOURCES):
        if wanted := [key for kind in source.kinds for key in keys.get(kind, ())]:
            sources.append(number)
            given[f"keys_{number}"] = _key_list(wanted, is_sqlite=is_sqlite)
    if not sources:
        return []
    query = _texts(tuple(sources), has_status=bool(status), is_sqlite=is_sqlite)
    return fetch_rows(query, **params_of(user), **given, status=status)


def named(user: User, words: str, spellings: Sequence[Sequence[str]], partnership_id: int | None) -> list[AnyRow]:
    """Roles whose text holds a spelling of each word, and people and organisations with names that begin so."""
    typed = danish.search_key(words).split()
    most = max(map(len, spellings))
    given = {f"name_{at}": escaped(word) for at, word in enumerate(typed)}
    for at, of_word in enumerate(spellings):
        # Each word has the same number of spellings, so that few statements are kept.
        same = [*of_word, *[of_word[0]] * (most - len(of_word))]
        given |= {f"spelling_{at}_{number}": escaped(one) for number, one in enumerate(same)}
    query = _named(len(typed), (len(spellings), most), of_one=partnership_id is not None)
    return fetch_rows(query, **params_of(user), **given, partnership_id=partnership_id)


@cached_statement
def _partnerships() -> AnySelect:
    return (
        select(
            Partnership.id,
            Partnership.slug,
            Partnership.name,
            Partnership.last_number,
            Partnership.last_activity_at,
        )
        .join(Membership, Membership.partnership_id == Partnership.id)
        .where(Membership.user_id == USER.id, Membership.is_active)
        .order_by(Partnership.name_key, Partnership.id)
    )


@cached_statement
def _named(names: int, spellings: tuple[int, int], *, of_one: bool) -> AnySelect:
    mine = _mine()
    if of_one:
        mine = mine.where(Membership.partnership_id == bindparam("partnership_id", type_=Integer))
    words, most = spellings
    membership = aliased(Membership)
    roles = (
        select(
            literal(FoundKind.ROLE.value).label("kind"),
            Role.partnership_id,
            Role.id.label("number"),
            cast(literal(None), Integer).label("subject_id"),
            Role.name.label("title"),
            Role.responsibility.label("text"),
        )
        .where(
            Role.partnership_id.in_(mine),
            Role.retired_at.is_(None),
            *(
                or_(
                    *(
                        Role.found_by.contains(bindparam(f"spelling_{at}_{number}", type_=String), escape=ESCAPE)
                        for number in range(most)
                    )
                )
                for at in range(words)
            ),
        )
        .order_by(Role.id)
        .limit(MOST_NAMES)
        .subquery()
    )
    people = (
        select(
            literal(FoundKind.PERSON.value).label("kind"),
            membership.partnership_id,
            membership.id.label("number"),
            User.id.label("subject_id"),
            User.name.label("title"),
            cast(User.title, String).label("text"),
        )
        .select_from(User)
        .join(membership, membership.user_id == User.id)
        .where(
            membership.partnership_id.in_(mine),
            membership.is_active,
            User.deactivated_at.is_(None),
            *_name_matches(User.name_search_key, names),
        )
        .order_by(User.name_key, membership.id)
        .limit(MOST_NAMES)
        .subquery()
    )
    organisations = (
        select(
            literal(FoundKind.ORGANISATION.value).label("kind"),
            Participation.partnership_id,
            Organisation.id.label("number"),
            Organisation.id.label("subject_id"),
            Organisation.name.label("title"),
            cast(literal(None), String).label("text"),
        )
        .select_from(Participation)
        .join(Organisation, Organisation.id == Participation.organisation_id)
        .where(
            Participation.partnership_id.in_(mine),
            Participation.accepted_at.is_not(None),
            *_name_matches(Organisation.name_search_key, names),
        )
        .order_by(Organisation.name_key, Participation.partnership_id)
        .limit(MOST_NAMES)
        .subquery()
    )
    return union_all(select(roles), select(people), select(organisations))  # type: ignore[return-value]


def _name_matches(search_key: Any, count: int) -> list[ColumnElement[bool]]:
    return [word_matches(search_key, bindparam(f"name_{at}", type_=String)) for at in range(count)]


@cached_statement
def _buckets(*, is_sqlite: bool) -> AnySelect:
    partnership_id, block = _key_columns(_wanted("blocks", is_sqlite=is_sqlite))
    names: BindParameter[Any] = bindparam("names", expanding=True)
    return select(SearchBucket.partnership_id, SearchBucket.block, SearchBucket.bucket, SearchBucket.postings).where(
        SearchBucket.partnership_id == partnership_id,
        SearchBucket.block == block,
        SearchBucket.bucket.in_(names),
        _may_read(SearchBucket.partnership_id),
    )


@cached_statement
def _texts(sources: tuple[int, ...], *, has_status: bool, is_sqlite: bool) -> AnySelect:
    """The texts whose keys are given; these are joined first, since neither database looks for pairs in an index."""
    parts = []
    for number in sources:
        found = SOURCES[number].shown().subquery()
        wanted = _wanted(f"keys_{number}", is_sqlite=is_sqlite)
        partnership_id, of = _key_columns(wanted)
        query = select(found, Partnership.slug, Partnership.name.label("partnership_name")).where(
            found.c.partnership_id == partnership_id,
            found.c.number == of,
            Partnership.id == found.c.partnership_id,
            _may_read(found.c.partnership_id),
        )
        if has_status:
            query = query.where(found.c.status == bindparam("status", type_=String))
        parts.append(query.subquery())
    return union_all(*(select(part) for part in parts))  # type: ignore[return-value]


def _may_read(partnership_id: Any) -> ColumnElement[bool]:
    """Whether the user may read this partnership; theirs are looked up once for a statement, not for each row."""
    return partnership_id.in_(_mine())


def _mine() -> Select[int]:
    """The partnerships that the user may read."""
    return select(Membership.partnership_id).where(Membership.user_id == USER.id, Membership.is_active)


def _key_list(keys: Iterable[Key], *, is_sqlite: bool) -> str | list[int]:
    """Keys as `_wanted` takes them, each as one number."""
    numbers = [(partnership_id << BITS) + of for partnership_id, of in keys]
    return json.dumps(numbers) if is_sqlite else numbers


def _key_columns(wanted: ColumnElement[int]) -> tuple[ColumnElement[int], ColumnElement[int]]:
    return wanted.op(">>")(literal(BITS, Integer)), wanted.op("&")((1 << BITS) - 1)


def _wanted(name: str, *, is_sqlite: bool) -> ColumnElement[int]:
    """The column of the keys that this parameter has: the partnership's number before that of the text."""
    given = func.json_each(bindparam(name)) if is_sqlite else func.unnest(bindparam(name, type_=ARRAY(BigInteger)))
    wanted = given.table_valued(column("value", BigInteger), name=f"wanted_{name}")
    value: ColumnElement[int] = (wanted if is_sqlite else wanted.render_derived()).c.value
    return value
