"""Many people in many partnerships with a week's activity: rows as the product makes them, put in by the thousand."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from uuid import uuid4

from alembic import command
from alembic.config import Config
from sqlalchemy import insert, text

from workspace import clock
from workspace.accounts.models import User
from workspace.comments.models import Comment
from workspace.comments.verbs import COMMENTED
from workspace.db import db, schema
from workspace.i18n import danish, formatting
from workspace.organisations.models import Organisation, Side
from workspace.organisations.models import OrganisationKind as OrganisationKind
from workspace.partnerships.activity_log import Entry
from workspace.partnerships.models import Membership, Participation, Partnership
from workspace.partnerships.verbs import STARTED, Verb
from workspace.permissions import Level
from workspace.posts.challenge_workflow import ChallengeStatus
from workspace.posts.models import Post, PostKind
from workspace.posts.verbs import SHARED_CHALLENGE, SHARED_PROGRESS, SOLVED, TOOK

FAR_AWAY = datetime(2099, 1, 1, tzinfo=UTC)
MEMBERS_EACH = 100  # of a partnership
AT_ONCE = 2_000
TEXT = "Vi har prøvet det i to uger, og borgerne går selv i gang samme dag. Næste skridt er at spørge de andre. "
# A week: what is shared, and what happens about it.
WEEK = (
    (PostKind.PROGRESS, (COMMENTED, COMMENTED)),
    (PostKind.CHALLENGE, (COMMENTED, TOOK, COMMENTED)),
    (PostKind.PROGRESS, ()),
    (PostKind.PROGRESS, (COMMENTED,)),
    (PostKind.CHALLENGE, (COMMENTED, COMMENTED, SOLVED)),
    (PostKind.PROGRESS, (COMMENTED,)),
)


def migrate() -> None:
    """Make the tables."""
    config = Config(schema.MIGRATIONS / "alembic.ini")
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    command.upgrade(config, "head")


def people(members: int, each: int) -> None:
    """So many members, each in so many partnerships, whose weekly digest is due at this hour."""
    now = clock.now()
    here = now.astimezone(formatting.DEFAULT_ZONE_INFO)
    hour = here.replace(minute=0, second=0, microsecond=0).astimezone(UTC)
    _insert(Organisation, ({"id": 1, "name": "Gladsaxe Kommune", "kind": OrganisationKind.MUNICIPALITY, **_keys("g")},))
    _insert(
        User,
        (
            {
                "id": number,
                "email": f"person{number}@example.dk",
                "email_key": f"person{number}@example.dk",
                "name": f"Person Nummer {number}",
                "organisation_id": 1,
                "digest_weekday": here.weekday(),
                "digest_hour": here.hour,
                "next_digest_at": hour,
                **_keys(f"person nummer {number}"),
            }
            for number in range(1, members + 1)
        ),
    )
    count = max(each, members * each // MEMBERS_EACH)
    _insert(Partnership, (_partnership(number, now) for number in range(1, count + 1)))
    _insert(
        Participation,
        ({"partnership_id": number, "organisation_id": 1, "side": Side.OTHERS} for number in range(1, count + 1)),
    )
    _insert(Membership, _memberships(members, each, count))
    for model in (Entry, Post, Comment):
        _insert(
            model, (row for number in range(1, count + 1) for row in _week(number, members, each, count, now)[model])
        )
    db.session.commit()
    if db.engine.dialect.name == "postgresql":
        db.session.execute(text("ANALYZE"))  # as it does by itself within a minute, where it runs for longer
        db.session.commit()


def _keys(key: str) -> dict[str, str]:
    return {"name_key": danish.sort_key(key), "name_search_key": danish.search_key(key)}


def _partnership(number: int, now: datetime) -> dict[str, Any]:
    return {
        "id": number,
        "slug": f"partnerskab-{number}",
        "name": f"Partnerskab {number} om noget, der er værd at samarbejde om",
        "name_key": f"partnerskab {number:06}",
        "purpose": TEXT,
        "last_number": _length() + 1,
        "text_count": _length() + 1,
        "last_activity_at": now - timedelta(days=1),
        "unsolved_count": 1,
        "started_by_id": 1,
        "one_time_key": str(uuid4()),
    }


def _memberships(members: int, each: int, count: int) -> Iterable[dict[str, Any]]:
    """Membership number `each * (user - 1) + place + 1` is that user's in the partnership that falls to it."""
    for user in range(1, members + 1):
        for place in range(each):
            yield {
                "id": each * (user - 1) + place + 1,
                "partnership_id": _home(user, place, each, count),
                "user_id": user,
                "organisation_id": 1,
                "level": Level.CONTRIBUTOR,
                "seen_number": 1,
                "read_number": 1,
                "digested_number": 1,
            }


def _home(user: int, place: int, each: int, count: int) -> int:
    return (each * (user - 1) + place) % count + 1


def _length() -> int:
    return sum(1 + len(turns) for _kind, turns in WEEK)


def _week(partnership: int, members: int, each: int, count: int, now: datetime) -> dict[Any, list[dict[str, Any]]]:
    """The rows of a partnership's week: all by the member with its first membership."""
    author, number = partnership, 1
    rows: dict[Any, list[dict[str, Any]]] = {Entry: [], Post: [], Comment: []}
    rows[Entry].append(_entry(partnership, 1, STARTED, author, None, now - timedelta(days=30)))
    for kind, turns in WEEK:
        number += 1
        post, at = number, now - timedelta(hours=150 - number)
        share = SHARED_CHALLENGE if kind is PostKind.CHALLENGE else SHARED_PROGRESS
        rows[Entry].append(_entry(partnership, number, share, author, post, at))
        for verb in turns:
            number += 1
            rows[Entry].append(_entry(partnership, number, verb, author, post, at))
            if verb is COMMENTED:
                rows[Comment].append(_text(partnership, number, author, at) | {"post_number": post})
        rows[Post].append(
            _text(partnership, post, author, at)
            | {
                "kind": kind,
                "title": f"Opslag {post} i partnerskab {partnership}, som man gerne vil læse",
                "activity_number": number,
                "activity_at": at,
                "comment_count": turns.count(COMMENTED),
                "status": _status(turns) if kind is PostKind.CHALLENGE else None,
                "status_at": at if kind is PostKind.CHALLENGE else None,
                "outcome": "Det løste sig.",
            }
        )
    return rows


def _status(turns: tuple[Verb, ...]) -> ChallengeStatus:
    return ChallengeStatus.SOLVED if SOLVED in turns else ChallengeStatus.ONGOING


def _entry(partnership: int, number: int, verb: Verb, actor: int, post: int | None, at: datetime) -> dict[str, Any]:
    return {
        "partnership_id": partnership,
        "number": number,
        "verb": verb,
        "actor_id": actor,
        "post_number": post,
        "details": {},
        "stands": True if verb.makes_text else None,
        "at": at,
    }


def _text(partnership: int, number: int, author: int, at: datetime) -> dict[str, Any]:
    return {
        "partnership_id": partnership,
        "number": number,
        "author_id": author,
        "body_html": f"<p>{TEXT}</p>",
        "body_text": TEXT,
        "one_time_key": str(uuid4()),
        "created_at": at,
    }


def _insert(model: Any, rows: Iterable[dict[str, Any]]) -> None:
    remaining = iter(rows)
    while chunk := list(islice(remaining, AT_ONCE)):
        db.session.execute(insert(model), chunk)
