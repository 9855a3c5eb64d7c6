"""What time does: nobody asks for it, so a worker beside the web server does it, minute by minute.

Each piece is safe to do twice, and to do late: it looks again under the lock. One that fails holds up no other.
"""

import logging
from collections.abc import Callable

from workspace.database import db
from workspace.digests import planning, undelivered
from workspace.mail import postman
from workspace.members import expiry
from workspace.posts import parking

log = logging.getLogger(__name__)

PIECES: tuple[Callable[[], int], ...] = (
    parking.open_due,
    expiry.tend,
    planning.plan,
    postman.deliver,
    undelivered.tell,
)


def tick() -> int:
    """Do all that is due by now; the number of things done."""
    return sum(_done(piece) for piece in PIECES)


def _done(piece: Callable[[], int]) -> int:
    try:
        return piece()
    except Exception:  # There is another minute.
        db.session.rollback()
        log.exception("%s.%s failed", piece.__module__, piece.__qualname__)
        return 0
