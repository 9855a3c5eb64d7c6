"""What time does: nobody asks for it, so a worker beside the web server does it, minute by minute.

Each piece is safe to do twice, and to do late: it looks again under the lock. One that fails holds up no other.
"""

from collections.abc import Callable
from contextlib import suppress

from sqlalchemy.exc import SQLAlchemyError

from workspace import failures
from workspace.database import db
from workspace.digests import planning, undelivered
from workspace.mail import postman
from workspace.members import expiry
from workspace.posts import parking

PIECES: tuple[Callable[[], int], ...] = (
    parking.open_due,
    expiry.tend,
    planning.plan,
    postman.deliver,
    undelivered.tell,
)


def tick() -> int:
    """Do all that is due by now, or until this worker is told to stop; the number of things done."""
    stopping = postman.the_postman().stopping
    return sum(_done(piece) for piece in (*PIECES, failures.forget_old) if not stopping.is_set())


def _done(piece: Callable[[], int]) -> int:
    """What the piece has committed. What it has only looked at keeps no lock from the next, which may have to wait."""
    name = piece.__module__.rpartition(".")[2]
    try:
        done = piece()
        failures.forget(name, [failures.WHOLE])
        db.session.commit()
        return done
    except Exception as error:  # There is another minute.
        db.session.rollback()
        with suppress(SQLAlchemyError):  # The database is away, or can't be written to.
            failures.note(name, failures.WHOLE, error)
        return 0
    finally:
        db.session.rollback()
