"""What time does: nobody asks for it, so a worker beside the web server does it, minute by minute.

Each job is safe to do twice, and to do late: it looks again under the lock. One that fails holds up no other.
"""

import time
from collections.abc import Callable, Collection
from contextlib import suppress

from sqlalchemy.exc import SQLAlchemyError

from workspace import metrics, retention
from workspace.db import db, failures, installation, rate_limits
from workspace.digests import bounce_views, planning
from workspace.extensions import stopping
from workspace.files import checking, removal
from workspace.mail import delivery
from workspace.members import expiry
from workspace.members.address_changes import due_addresses
from workspace.posts import parking
from workspace.search import indexing

JOBS: tuple[Callable[[], int], ...] = (
    parking.open_due,
    expiry.apply_due_endings,
    due_addresses.apply_due_addresses,
    planning.plan,
    delivery.deliver,
    bounce_views.flag_users,
    indexing.index_due,
    checking.check_due,
    removal.delete_due,
    retention.prune,
)

# A worker that goes on gives each of these a thread of its own: mail that goes out slowly must hold up no date.
LONG_JOBS = (delivery.deliver, indexing.index_due, checking.check_due)


def run_due_jobs(*, without: Collection[Callable[[], int]] = ()) -> int:
    """Do all that is due by now, or until this worker is told to stop; the number of things done."""
    installation.note_worker()
    jobs = (*JOBS, failures.forget_old, rate_limits.forget_expired)
    return sum(run_job(job) for job in jobs if job not in without and not stopping.is_set())


def run_job(job: Callable[[], int]) -> int:
    """What the job has committed. What it has only looked at keeps no lock from the next, which may have to wait."""
    name, began, outcome = job.__module__.rpartition(".")[2], time.monotonic(), "failed"
    try:
        done, outcome = job(), "done"
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
        metrics.count_job(name, outcome, time.monotonic() - began)
