"""Refusals in a flood: whoever asks again and again for what is not theirs is on record, but not by a row for each.

Otherwise anybody with an account fills the audit log, which nothing may be taken out of.
"""

from collections import OrderedDict
from threading import Lock

from workspace import clock

EACH = 10  # refusals of a person in an hour that are recorded one by one; after them the 100th, the 1,000th …
MOST_PEOPLE = 10_000

counts: OrderedDict[tuple[int, str], int] = OrderedDict()
_lock = Lock()


def count(person_id: int) -> tuple[int, bool]:
    """The number of this refusal among the person's in this hour and process, and whether to record it."""
    key = (person_id, f"{clock.now():%Y%m%d%H}")
    with _lock:
        number = counts[key] = counts.pop(key, 0) + 1
        if len(counts) > MOST_PEOPLE:
            counts.popitem(last=False)
    return number, number <= EACH or str(number).strip("0") == "1"
