"""The environment of a command that is started on the database of a test."""

from collections.abc import Callable

from click.testing import Result

from workspace.config import Settings

Run = Callable[..., Result]


def environment_of(settings: Settings) -> dict[str, str]:
    """All that a real installation needs, with `settings`' database; its mail lands in the folder of `settings`."""
    return {
        "DATABASE_URL": settings.database_url,
        "INSTANCE_PATH": str(settings.instance),
        "SECRET_KEY": settings.secret_key,
        "BASE_URL": "http://127.0.0.1:8000",
        "MAIL_FROM": settings.mail_from,
        "SMTP_URL": f"file://{settings.instance}/mail",
    }
