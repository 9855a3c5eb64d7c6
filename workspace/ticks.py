"""What time does: nobody asks for it, so a worker beside the web server does it, minute by minute.

Each piece is safe to do twice, and to do late: it looks again under the lock.
"""

from collections.abc import Callable

from workspace.posts import parking

PIECES: tuple[Callable[[], int], ...] = (parking.open_due,)


def tick() -> int:
    """Do all that is due by now; the number of things done."""
    return sum(piece() for piece in PIECES)
