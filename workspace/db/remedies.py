"""What the database said when it refused something, and what to do about it: for whoever gave a command."""

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError

# By SQLSTATE (PostgreSQL, appendix A), and by how SQLite says the same.
NO_TABLE = ("3F000", "42P01", "42703", "no such table", "no such column")
NOT_ALLOWED = ("42501",)
READS_ONLY = ("25006", "attempt to write a readonly database")


def cause_of(error: SQLAlchemyError) -> str:
    """What the database said, in a line."""
    return str(getattr(error, "orig", error)).strip().partition("\n")[0]


def sentence(error: DBAPIError) -> str:
    """What happened, and what to do where that is known."""
    cause = cause_of(error)
    if _is(error, NO_TABLE):
        return f"The database lacks tables that this version needs ({cause}). Run workspace migrate first."
    if _is(error, NOT_ALLOWED):
        return f"The database does not allow this to its user ({cause}). Make that the owner of the database's tables."
    if _is(error, READS_ONLY):
        return f"The database only reads ({cause}). Let DATABASE_URL name the one that is written to."
    if isinstance(error, OperationalError | InterfaceError):
        return f"The database can't be used: {cause}"
    return f"The database refused this: {cause}"


def _is(error: DBAPIError, signs: tuple[str, ...]) -> bool:
    state = getattr(error.orig, "sqlstate", None)
    return state in signs if state else str(error.orig).startswith(signs)
