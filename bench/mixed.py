"""Reading and writing at once, for long, at a pace that is well below what can be carried."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bench import load, serving
from bench.connection import Request
from bench.floors import engine_of
from bench.installation import WRITERS, Installation
from bench.pages import PAGES
from workspace.comments.models import Comment

SHARE = 0.6  # of the most that was measured
OF_TEN = ("feed", "overview", "post", "feed", "challenges", "overview", "post", "roles", "members")  # and a comment
assert set(OF_TEN) == set(PAGES)


def mixed(installation: Installation, port: int, server: int, minutes: float, seconds: int) -> dict[str, Any]:
    """The most that is carried of nine pages to one comment, and what became of 60 % of that for so many minutes."""
    reading = [installation.page(installation.place.address(name)) for name in OF_TEN]
    writers = installation.apart
    most = load.fastest(port, [each for writer in writers for each in (*reading, writer.comment())], seconds, WRITERS)

    def request(number: int, key: str) -> Request:
        place = number % (len(reading) + 1)
        if place < len(reading):
            return reading[place]
        return writers[number // (len(reading) + 1) % len(writers)].comment(key)

    begin = serving.megabytes(server)
    answers = load.steadily(port, request, most * SHARE, minutes * 60)
    return {
        "most": most,
        "a_second": round(most * SHARE, 1),
        "minutes": minutes,
        "answers": len(answers.taken),
        "failed": answers.failed,
        "p99": round(answers.at(99), 1),
        "acknowledged": len(answers.acknowledged),
        "missing": _missing(installation.url, answers.acknowledged),
        "megabytes": [begin, serving.megabytes(server)],
    }


def _missing(url: str, keys: list[str]) -> int:
    """How many of the comments with these keys are not in the database."""
    missing = set(keys)
    with Session(engine_of(url)) as session:
        for begin in range(0, len(keys), 500):
            some = keys[begin : begin + 500]
            missing -= set(session.scalars(select(Comment.one_time_key).where(Comment.one_time_key.in_(some))))
    return len(missing)
