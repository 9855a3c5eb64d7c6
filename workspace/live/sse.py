"""Server-sent events: they carry only numbers, never texts.

    all     {"7": 412, "9": 30}   the last number of each partnership that the person is in, when a stream begins
    message {"7": 413}            those that have changed since
    out     [7]                   partnerships that the person has lost access to
    beat    heartbeat: the session and its memberships are unchanged
    over    the session has ended

The id of an event is what the browser has been told by then, "7:413,9:30", so that a broken stream resumes from there
(Last-Event-ID).
"""

import json
from collections.abc import Iterable

from workspace.web import pagination

Numbers = dict[int, int]

MILLISECONDS_TO_RETRY = 2000
# Proxies commonly refuse headers of 8 kB. Somebody in more partnerships than fit gets everything on resuming.
LONGEST_ID = 4000

BEGINNING = f"retry: {MILLISECONDS_TO_RETRY}\n\n".encode()
ENDED = b"event: over\ndata: .\n\n"


def everything(numbers: Numbers) -> bytes:
    """The first event of a stream that does not resume another."""
    return _event("all", json.dumps(numbers), numbers)


def news(changed: Numbers, numbers: Numbers) -> bytes:
    """The partnerships that `changed`; `numbers` is all that the browser knows now."""
    return _event("message", json.dumps(changed), numbers)


def removed(partnership_ids: Iterable[int], numbers: Numbers) -> bytes:
    """The person has lost access to these."""
    return _event("out", json.dumps(sorted(partnership_ids)), numbers)


def heartbeat(numbers: Numbers) -> bytes:
    """Nothing is new."""
    return _event("beat", ".", numbers)


def resumed(last_event_id: str) -> Numbers | None:
    """What the browser was told last, from its Last-Event-ID; None for a new stream."""
    pairs = (pair.partition(":") for pair in last_event_id[:LONGEST_ID].split(",") if pair)
    found = ((pagination.parse_int(partnership_id), _count(number)) for partnership_id, _colon, number in pairs)
    return {partnership_id: number for partnership_id, number in found if partnership_id and number is not None} or None


def _event(name: str, data: str, numbers: Numbers) -> bytes:
    return f"event: {name}\nid: {_written(numbers)}\ndata: {data}\n\n".encode()


def _written(numbers: Numbers) -> str:
    written = ",".join(f"{partnership_id}:{number}" for partnership_id, number in numbers.items())
    return written if len(written) <= LONGEST_ID else ""


def _count(number: str) -> int | None:
    return 0 if number == "0" else pagination.parse_int(number)
