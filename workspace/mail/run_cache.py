"""Caches what many emails of one run of the mail sender share, and forgets it when the run is over.

Colleagues get digests of the same posts at the same hour; most of the time of a run went into writing the same again.
A cache that outlives the run would keep texts that have been erased.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache, wraps
from typing import Any, ClassVar, ParamSpec, TypeVar

Key = TypeVar("Key")
Given = ParamSpec("Given")
Made = TypeVar("Made")

MOST = 16_384  # of each function; with all that hangs on it a partnership takes some 10 kB


class _RunCache:
    is_active = False
    forgetting: ClassVar[list[Callable[[], None]]] = []


def cached_per_run(make: Callable[Given, Made]) -> Callable[Given, Made]:
    """Let `make` be asked once a run for the same arguments. What it answers depends on nothing else."""
    cached: Any = lru_cache(MOST)(make)
    _RunCache.forgetting.append(cached.cache_clear)

    @wraps(make)
    def made(*given: Given.args, **named: Given.kwargs) -> Made:
        answer: Made = (cached if _RunCache.is_active else make)(*given, **named)
        return answer

    return made


def batch_cached_per_run(make: Callable[[Sequence[Key]], Iterable[Made]]) -> Callable[[Sequence[Key]], list[Made]]:
    """The same for a `make` that answers many questions at once, in their order: it is asked the new ones together."""
    cached: dict[Key, Made] = {}
    _RunCache.forgetting.append(cached.clear)

    @wraps(make)
    def made(keys: Sequence[Key]) -> list[Made]:
        known = cached if _RunCache.is_active else {}
        if len(known) > MOST:
            known.clear()
        missing = [key for key in keys if key not in known]
        if missing:
            known.update(zip(missing, make(missing), strict=True))
        return [known[key] for key in keys]

    return made


@contextmanager
def run_cache() -> Iterator[None]:
    """Cache until the run is over; a process has one at a time."""
    _RunCache.is_active = True
    try:
        yield
    finally:
        _RunCache.is_active = False
        for forget in _RunCache.forgetting:
            forget()
