"""An installation of a given size: a few busy partnerships, many quiet ones.

What is newest in a busy partnership is the same at every size, word for word, so that its pages can be compared.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from bench import rows
from tests.databases import make_tables
from workspace import clock
from workspace.accounts.models import User
from workspace.comments.models import Comment
from workspace.comments.verbs import COMMENTED
from workspace.i18n import danish
from workspace.organisations.models import Organisation, Side
from workspace.organisations.models import OrganisationKind as OrganisationKind
from workspace.partnerships.activity_log import Entry
from workspace.partnerships.models import Membership, Participation, Partnership
from workspace.partnerships.verbs import STARTED, Verb
from workspace.permissions import Level
from workspace.posts.challenge_workflow import ChallengeStatus
from workspace.posts.models import Post, PostKind
from workspace.posts.verbs import SHARED_CHALLENGE, SHARED_PROGRESS, SOLVED
from workspace.roles.assignments import AssignmentKind, AssignmentState, RoleAssignment
from workspace.roles.models import Role

READER, MEMBER_OF_MANY = 1, 2  # users: one of the busiest partnerships, one of 200 of the stalest
BUSY, STALE = 12, 200  # partnerships of each
ORGANISATIONS = 200
ROLES = 8
MEMBERS = 40  # of a partnership, at the most
COMMENTS = (0, 0, 1, 2, 3, 3, 4, 5, 6, 26)  # of a post: five on average
UNSOLVED_AMONG = 40  # of the newest posts of a partnership, all challenges; the older ones are solved,
WAITS_FOR_LONG = 1  # but for this one in each of the busy ones, which waits for its author
MEASURED = 20  # comments of the post that is measured, the newest progress of the busiest partnership
SENTENCE = (
    "vi har prøvet løsningen hos borgerne i to uger og de går selv i gang samme dag men sensoren mister forbindelsen "
    "når vinduet står åbent så næste skridt er at spørge hjemmeplejen om de kan måle igen på torsdag inden mødet"
)
WORDS = SENTENCE.split()


def fill(posts: int) -> None:
    """Make the tables, and so many posts with five comments each on average."""
    make_tables()
    now = clock.now().replace(microsecond=0)
    partnerships = max(STALE + BUSY, min(2_000, posts // 50))
    people = max(partnerships * 2, min(100_000, posts // 5))
    sizes = _sizes(posts, partnerships)
    rows.begin()
    rows.write(Organisation, (_organisation(number) for number in range(1, ORGANISATIONS + 1)))
    rows.write(User, (_user(number) for number in range(1, people + 1)))
    memberships = list(_memberships(partnerships, people, now))
    of_partnership: dict[int, list[int]] = {}
    for membership in memberships:
        of_partnership.setdefault(membership["partnership_id"], []).append(membership["id"])
    rows.write(Membership, memberships)
    rows.write(
        Participation,
        (
            {"partnership_id": number, "organisation_id": organisation, "side": list(Side)[organisation % 3]}
            for number in range(1, partnerships + 1)
            for organisation in sorted({membership % ORGANISATIONS + 1 for membership in of_partnership[number]})
        ),
    )
    rows.write(
        Role,
        (
            _role(number, place, of_partnership[number][0])
            for number in range(1, partnerships + 1)
            for place in range(ROLES)
        ),
    )
    rows.write(
        RoleAssignment,
        (
            _assignment(number, place, of_partnership[number], now)
            for number in range(1, partnerships + 1)
            for place in range(ROLES)
        ),
    )
    for number in range(1, partnerships + 1):
        _partnership(number, sizes[number - 1], of_partnership[number], now)
    rows.finish()


def _sizes(posts: int, partnerships: int) -> list[int]:
    """How many posts each partnership has: at least 60 in the busiest, one in the quietest."""
    weights = [1 / (number + 2) ** 0.8 for number in range(partnerships)]
    share = (posts - partnerships) / sum(weights)
    sizes = [1 + int(weight * share) for weight in weights]
    sizes[0] = max(60, sizes[0] + posts - sum(sizes))
    return sizes


def _organisation(number: int) -> dict[str, Any]:
    name = f"Kommune nummer {number}"
    return {"id": number, "name": name, "kind": OrganisationKind.MUNICIPALITY, **name_keys(name)}


def _user(number: int) -> dict[str, Any]:
    name = f"Person Efternavn {number}"
    return {
        "id": number,
        "email": f"person{number}@example.dk",
        "email_key": f"person{number}@example.dk",
        "name": name,
        "title": "Projektleder",
        "organisation_id": number % ORGANISATIONS + 1,
        **name_keys(name),
    }


def name_keys(name: str) -> dict[str, str]:
    """What a name is sorted and found by."""
    return {"name_key": danish.sort_key(name), "name_search_key": danish.search_key(name)}


def _memberships(partnerships: int, people: int, now: datetime) -> Iterator[dict[str, Any]]:
    """The memberships of each partnership, the reader's or the one's of many last."""
    number = 0
    begin = 3
    for partnership in range(1, partnerships + 1):
        count = min(MEMBERS, max(3, people // partnerships)) if partnership > BUSY else MEMBERS
        users = [3 + (begin + place) % (people - 3) for place in range(count)]
        begin += count
        users += [READER] * (partnership <= BUSY) + [MEMBER_OF_MANY] * (partnership > partnerships - STALE)
        for place, user in enumerate(users):
            number += 1
            yield {
                "id": number,
                "partnership_id": partnership,
                "user_id": user,
                "organisation_id": number % ORGANISATIONS + 1,
                "level": Level.MODERATOR if place == 0 else Level.CONTRIBUTOR,
                "digested_number": 1,
                "seen_number": 0,
                "joined_at": now - timedelta(days=1 + number * 37 % 400),
            }


def _role(partnership: int, place: int, by: int) -> dict[str, Any]:
    return {
        "id": (partnership - 1) * ROLES + place + 1,
        "partnership_id": partnership,
        "name": f"Ansvar {place + 1} for måling og drift",
        "responsibility": "Holder styr på målingerne, svarer på spørgsmål om dem og siger til, når de ændrer sig.",
        "found_by": "ansvar",
        "position": place + 1,
        "created_by_id": by,
        "one_time_key": _key(1, partnership, place),
    }


def _assignment(partnership: int, place: int, memberships: list[int], now: datetime) -> dict[str, Any]:
    return {
        "partnership_id": partnership,
        "role_id": (partnership - 1) * ROLES + place + 1,
        "membership_id": memberships[place % len(memberships)],
        "kind": AssignmentKind.ACCOUNTABLE,
        "state": AssignmentState.HELD,
        "since": now - timedelta(days=30 + place),
        "answered_at": now - timedelta(days=30 + place),
    }


def _partnership(partnership: int, count: int, memberships: list[int], now: datetime) -> None:
    """One partnership with so many posts, the last of them just now where it is busy."""
    newest = now - timedelta(minutes=partnership)
    writing = _Writing(partnership, memberships, newest - timedelta(minutes=7 * count), newest)
    entries, posts, comments = [*writing.beginning()], [], []
    for place in range(count):
        made = writing.post(place, count)
        entries += made[0]
        posts.append(made[1])
        comments += made[2]
        if len(comments) > 20_000:
            _flush(entries, posts, comments)
            entries, posts, comments = [], [], []
    _flush(entries, posts, comments)
    name = f"Partnerskab {partnership} om måling af indeklima i skoler"
    rows.write(
        Partnership,
        [
            {
                "id": partnership,
                "slug": f"partnerskab-{partnership}",
                "name": name,
                "name_key": danish.sort_key(name),
                "purpose": "At finde ud af, hvordan indeklimaet i skolerne kan måles og bedres sammen.",
                "last_number": writing.number,
                "text_count": writing.texts,
                "last_activity_at": writing.at,
                "unsolved_count": writing.unsolved,
                "started_by_id": READER,
                "one_time_key": _key(2, partnership, 0),
            }
        ],
    )


def _flush(entries: list[Any], posts: list[Any], comments: list[Any]) -> None:
    for model, made in ((Entry, entries), (Post, posts), (Comment, comments)):
        rows.write(model, made)


class _Writing:
    """What is written in one partnership, entry by entry."""

    def __init__(self, partnership: int, memberships: list[int], begin: datetime, newest: datetime) -> None:
        self.partnership, self.memberships = partnership, memberships
        self.at, self.newest, self.number, self.unsolved, self.turn = begin, newest, 0, 0, 0
        self.texts = 0

    def beginning(self) -> Iterator[dict[str, Any]]:
        """That it was started."""
        self.number = 1
        yield self._entry(STARTED, self.memberships[0], None)

    def post(self, place: int, count: int) -> tuple[list[Any], dict[str, Any], list[Any]]:
        """The entries, the post, and its comments."""
        self.turn = (count - place) * 31  # The same, counted from the newest, at every size.
        is_measured = place == count - 1
        waits_for_long = place == WAITS_FOR_LONG and self.partnership <= BUSY
        is_challenge = (count - place) % 4 == 3 or waits_for_long
        is_solved = is_challenge and count - place > UNSOLVED_AMONG and not waits_for_long
        self.at += timedelta(minutes=7) if not is_measured else self.newest - self.at
        at = self.at - timedelta(days=30) if waits_for_long else self.at
        self.number += 1
        number, author = self.number, self.memberships[-1] if waits_for_long else self._somebody()
        entries = [self._entry(SHARED_CHALLENGE if is_challenge else SHARED_PROGRESS, author, number)]
        comments = []
        post = self._text(author, 2, 60) | {
            "kind": PostKind.CHALLENGE if is_challenge else PostKind.PROGRESS,
            "title": self._words(4, 9)[:110],
            "status": (ChallengeStatus.SOLVED if is_solved else ChallengeStatus.OPEN) if is_challenge else None,
            "status_at": at if is_challenge else None,
        }
        for _each in range(MEASURED if is_measured else COMMENTS[(count - place) * 7 % len(COMMENTS)]):
            self.number += 1
            by = self._somebody()
            entries.append(self._entry(COMMENTED, by, number))
            comments.append(self._text(by, 1, 30) | {"post_number": number})
        if is_solved:
            self.number += 1
            entries.append(self._entry(SOLVED, author, number, {"posts": []}))
        self.unsolved += is_challenge and not is_solved
        post |= {"comment_count": len(comments), "activity_number": self.number, "activity_at": at}
        return entries, post, comments

    def _somebody(self) -> int:
        self.turn += 7
        return self.memberships[self.turn % len(self.memberships)]

    def _entry(self, verb: Verb, actor: int, post: int | None, details: dict[str, Any] | None = None) -> dict[str, Any]:
        self.texts += verb.makes_text
        return {
            "partnership_id": self.partnership,
            "number": self.number,
            "verb": verb,
            "actor_id": actor,
            "post_number": post,
            "details": details or {},
            "stands": True if verb.makes_text else None,
            "text_count": self.texts,
            "at": self.at,
        }

    def _text(self, author: int, paragraphs: int, words: int) -> dict[str, Any]:
        parts = [self._words(8, words) for _each in range(paragraphs)]
        return {
            "partnership_id": self.partnership,
            "number": self.number,
            "author_id": author,
            "body_html": "".join(f"<p>{part}</p>" for part in parts),
            "body_text": "\n\n".join(parts),
            "one_time_key": _key(3, self.partnership, self.number),
            "created_at": self.at,
        }

    def _words(self, least: int, most: int) -> str:
        self.turn += 11
        return _sentence(self.turn % len(WORDS), least + self.turn * 5 % (most - least + 1))


@cache
def _sentence(begin: int, count: int) -> str:
    return f"{' '.join(WORDS[(begin + place) % len(WORDS)] for place in range(count)).capitalize()}."


def _key(kind: int, partnership: int, number: int) -> str:
    return str(UUID(int=(kind << 96) + (partnership << 48) + number))
