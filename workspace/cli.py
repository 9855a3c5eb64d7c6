"""The `workspace` command: serving, migrations, and what an administrator does on the server."""

import ctypes
import gc
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import click
from flask_babel import force_locale, ngettext
from flask_babel import gettext as _
from sqlalchemy import inspect, text
from sqlalchemy.exc import OperationalError

from workspace.config import MONTHS_OF_AUDIT, ROOT, Settings, SettingsError, files
from workspace.db import db
from workspace.logs import log_warnings

if TYPE_CHECKING:
    from workspace import Workspace
    from workspace.accounts.models import User

MIGRATIONS = ROOT / "migrations"
# Each statement lets go of the interpreter. To get it back from a thread that computes takes so long.
GIL_SWITCH_INTERVAL = 0.0005
# glibc's allocator otherwise keeps free memory in many places, one for each few threads.
M_ARENA_MAX, ARENAS = -8, 2

_app: "Workspace | None" = None


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Samspil, a shared workspace. Settings come from the environment: README.md lists them."""
    files.keep_to_ourselves()


@main.command()
def run() -> None:
    """Serve the workspace, with its database brought up to date."""
    with _workspace() as app:
        _migrate()
        if app.settings.demo:
            _need_demo()
        greeting = list(_greeting(app.settings))
    _serve(app.settings, greeting)


@main.command()
@click.option("--once", is_flag=True, help="Do what is due now, and stop.")
def worker(once: bool) -> None:
    """Do what time does, minute by minute, and send mail; `run` starts one."""
    from workspace import scheduled_jobs
    from workspace.worker import serve

    log_warnings()
    with _workspace() as app:
        if once:
            scheduled_jobs.run_due_jobs()
        else:
            serve(app)


@main.command()
def migrate() -> None:
    """Bring the database up to date."""
    with _workspace():
        click.echo(_("Migrated.") if _migrate() else _("The database is up to date."))


@main.group()
def admin() -> None:
    """Administrators of this installation."""


@admin.command("add")
@click.argument("email")
@click.option("--name", help="The name of a person who has no account yet.")
@click.option("--stdin", is_flag=True, help="Read the password from the standard input.")
def add_administrator(email: str, name: str | None, stdin: bool) -> None:
    """Make the person with the address EMAIL an administrator, with a new account where there is none."""
    from workspace.accounts.models import User, user_with
    from workspace.audit.models import AuditAction, record_audit

    with _workspace():
        _migrate()
        user = user_with(email)
        if user is None:
            user = User(email=_checked(email), name=name or _typed(_("Name")))
            db.session.add(user)
        if user.password_hash is None:
            user.password_hash = _new_password(user, stdin)
        user.is_administrator = True
        db.session.flush()
        record_audit(AuditAction.MADE_ADMINISTRATOR, subject=user)
        db.session.commit()
        click.echo(_("%(name)s is an administrator.", name=user.name))


@admin.command("list")
def list_administrators() -> None:
    """Show who is an administrator."""
    from workspace.accounts.models import administrators

    with _workspace():
        for user in administrators():
            name = user.name if user.is_active else _("%(name)s (closed account)", name=user.name)
            click.echo(f"{user.email:<40} {name}")


@admin.command("remove")
@click.argument("email")
def remove_administrator(email: str) -> None:
    """Let the person with the address EMAIL be an administrator no longer; the account stays."""
    from workspace.accounts.models import administrators
    from workspace.audit.models import AuditAction, record_audit

    with _workspace():
        user = _person(email)
        if not user.is_administrator:
            raise click.ClickException(_("%(name)s is no administrator.", name=user.name))
        if not any(other.is_active for other in administrators() if other is not user):
            raise click.ClickException(
                _("%(name)s is the only administrator: add another first (workspace admin add).", name=user.name)
            )
        user.is_administrator = False
        record_audit(AuditAction.UNMADE_ADMINISTRATOR, subject=user)
        db.session.commit()
        click.echo(_("%(name)s is no longer an administrator.", name=user.name))


@main.group("user")
def people() -> None:
    """People's accounts."""


@people.command("password")
@click.argument("email")
@click.option("--stdin", is_flag=True, help="Read the password from the standard input.")
def set_password(email: str, stdin: bool) -> None:
    """Give the person with the address EMAIL a new password, and sign them out everywhere."""
    from workspace.accounts import sessions
    from workspace.audit.models import AuditAction, record_audit

    with _workspace():
        user = _person(email)
        user.password_hash = _new_password(user, stdin)
        sessions.end_all(user)
        record_audit(AuditAction.SET_PASSWORD, subject=user)
        db.session.commit()
        click.echo(_("%(name)s has a new password.", name=user.name))


@main.group()
def audit() -> None:
    """The audit log."""


@audit.command("prune")
@click.option(
    "--months",
    type=click.IntRange(MONTHS_OF_AUDIT.least, MONTHS_OF_AUDIT.most),
    help="Keep so many months, instead of AUDIT_MONTHS.",
)
def prune_audit_log(months: int | None) -> None:
    """Delete events older than the audit log is kept. That it was done is itself an event."""
    from workspace.audit import retention

    with _workspace() as app:
        deleted = retention.prune(months or app.settings.audit_months)
        click.echo(_("%(number)s lines are deleted.", number=deleted))


main.add_command(audit, "trail")  # what it was called; scheduled jobs still say so


@main.group("mail")
def mails() -> None:
    """Mail, and the server that takes it."""


@mails.command("test")
@click.argument("address")
def send_test_mail(address: str) -> None:
    """Send a test mail to ADDRESS, and say what became of it."""
    from workspace.mail import diagnostics

    with _workspace() as app:
        try:
            click.echo(diagnostics.send(_checked(address), app.settings))
        except diagnostics.NotSent as error:
            raise click.ClickException(str(error)) from None


@main.group()
def digests() -> None:
    """Digests: planning what is due, sending it, and seeing somebody's next one."""


@digests.command("plan")
def plan_digests() -> None:
    """Put every digest that is due into the outbox."""
    from workspace.digests import planning

    with _workspace():
        planned = planning.plan()
        click.echo(ngettext("%(num)s digest is planned.", "%(num)s digests are planned.", planned))


@digests.command("send")
@click.argument("email", required=False)
def send_digests(email: str | None) -> None:
    """Send all that is due; with an address EMAIL that person's next digest, now."""
    from workspace.digests import planning
    from workspace.mail import delivery

    with _workspace():
        if email:
            planning.send_now(_person(email), str(uuid4()))
            db.session.commit()
        else:
            planning.plan()
        sent = delivery.deliver()
        click.echo(ngettext("%(num)s mail is sent.", "%(num)s mails are sent.", sent))


@digests.command("preview")
@click.argument("email")
def preview_digest(email: str) -> None:
    """Show the next digest of the person with the address EMAIL, as it would be now; it changes nothing."""
    from workspace.digests import emails

    with _workspace():
        user = _person(email)
        letter = emails.preview(user)
        if letter is None:
            click.echo(_("There is nothing new for %(name)s.", name=user.name))
        else:
            click.echo(f"{letter.subject}\n\n{letter.text}")


@main.group()
def demo() -> None:
    """The demo story."""


@demo.command("load")
def load_demo() -> None:
    """Load the demo story into an empty database; with DEMO=1 only."""
    with _workspace() as app:
        if not app.settings.demo:
            raise click.ClickException(_("The demo story is for the demo only: set DEMO=1."))
        _migrate()
        _load_demo()


@contextmanager
def _workspace(made: "Workspace | None" = None) -> Iterator["Workspace"]:
    """The app, its database, and the language of the terminal. What is wrong is told in one line."""
    global _app
    from workspace import create_app
    from workspace.demo import separation

    try:
        _app = made or create_app()
        with _app.app_context(), force_locale(_language()):
            try:
                separation.keep_apart(_app.settings)
                yield _app
            finally:
                db.session.remove()
                db.engine.dispose()  # No connection may pass into the processes that serve.
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
    except OperationalError as error:
        cause = str(error.orig).strip().partition("\n")[0]
        raise click.ClickException(f"The database can't be used: {cause}") from None


def _language() -> str:
    """Danish in a Danish terminal, else English."""
    named = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "da" if named.startswith("da") else "en"


def _migrate() -> bool:
    """Bring the database up to date; False if it is already, which is found out without alembic."""
    if _present_version() == _newest_version():
        return False
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config(MIGRATIONS / "alembic.ini")
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise click.ClickException(
            f"The database does not fit this version of Samspil, perhaps it is from a newer one: {error}"
        ) from None
    return True


def _present_version() -> str | None:
    with db.engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
        return found


def _newest_version() -> str:
    """The last file of the migrations: each is called after its version, and they are numbered."""
    return max(path.stem for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def _need_demo() -> None:
    """Load the story on the first start."""
    from workspace.demo import story_loader

    if not story_loader.is_loaded():
        _load_demo()


def _load_demo() -> None:
    from workspace.demo import story_loader as story_loader

    try:
        story_loader.load(lambda name: click.echo(_("Loading the demo story: %(name)s", name=name)))
    except story_loader.OthersAreHere:
        raise click.ClickException(
            _("The database has people already. The demo story needs an empty one: set DATABASE_URL.")
        ) from None


def _person(email: str) -> "User":
    """Whose account it is."""
    from workspace.accounts.models import user_with

    user = user_with(email)
    if user is None:
        raise click.ClickException(_("Nobody has the address %(email)s.", email=email))
    return user


def _checked(email: str) -> str:
    from email_validator import EmailNotValidError, validate_email

    try:
        return validate_email(email, check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise click.ClickException(str(error)) from None


def _new_password(user: "User", stdin: bool) -> str:
    """What is kept of a password that is typed twice, or read; a weak one is refused, and asked for again."""
    from workspace.accounts import passwords

    while True:
        if stdin:
            password = sys.stdin.readline().rstrip("\r\n")
        else:
            password = _typed(_("Password"), hide_input=True, confirmation_prompt=_("The same again"))
        weakness = passwords.weakness(password, user.name, user.email)
        if weakness is None:
            return passwords.hashed(password)
        if stdin:
            raise click.ClickException(weakness)
        click.echo(weakness)


def _typed(question: str, **options: Any) -> str:
    """What somebody answers. Without a terminal there is nobody: then it says which options take its place."""
    try:
        answer: str = click.prompt(question, **options)
    except click.Abort:
        if sys.stdin.isatty():
            raise
        raise click.ClickException(
            _("There is no terminal to ask in: give the name with --name, and the password with --stdin as a line.")
        ) from None
    return answer


def _serve(settings: Settings, greeting: list[str]) -> None:
    """Say the `greeting`, and serve until told to stop.

    The web processes and the worker are forked, so they begin with the app that has been made.
    """
    from granian.log import LogLevels

    from workspace.serving.front import options
    from workspace.serving.supervisor import Server

    log_warnings()
    server = Server(
        "wsgi:app",
        address=_address(settings),
        port=settings.port,
        workers=settings.workers,
        log_level=LogLevels.error,
        **options(),
    )
    server.on_startup(lambda: click.echo("\n".join(greeting)))
    server.work_beside("Worker", _work_beside)
    _share_memory()
    try:
        server.serve(target_loader=_made, wrap_loader=False)
    except OSError as error:
        raise click.ClickException(str(error)) from None
    finally:
        gc.freeze()  # Or Python looks through all that was ever made for some seconds before it ends.


def _share_memory() -> None:
    """Let the other processes share what this one has made, and give free memory to whichever thread wants it."""
    gc.collect()
    gc.freeze()  # Looking through it for what nobody needs would write to it, in each process.
    with suppress(AttributeError):  # Other systems have another allocator.
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, ARENAS)


def _work_beside() -> None:
    """What the worker that `run` starts does, in its own process."""
    from workspace.worker import serve

    log_warnings()
    with _workspace(_app) as app:
        serve(app)


def _made() -> Any:
    """The app, as granian calls it; where a process was not forked (macOS, Python 3.14), a new one."""
    from workspace import create_app
    from workspace.live.views import watcher
    from workspace.serving.front import Front

    app = _app or create_app()
    sys.setswitchinterval(GIL_SWITCH_INTERVAL)
    return Front(app, watcher(app))


def _address(settings: Settings) -> str:
    """The network address of HOST. A port that is taken is told before anything starts."""
    host = settings.host.strip("[]")
    try:
        family, kind, *_rest, address = socket.getaddrinfo(host, settings.port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise click.ClickException(
            f"{host}:{settings.port} can't be used ({error.strerror}). Free it, or set PORT or HOST."
        ) from None
    return str(address[0])


def _greeting(settings: Settings) -> Iterator[str]:
    """The lines that say where the workspace is, and in the demo whom to sign in as."""
    host = settings.host.strip("[]")
    host = f"[{host}]" if ":" in host else host
    yield _("Samspil is at http://%(host)s:%(port)s (Ctrl-C stops it).", host=host, port=settings.port)
    if settings.demo:
        from workspace.demo import demo_accounts

        yield _("Sign in with the password %(password)s as", password=demo_accounts.PASSWORD)
        yield from (f"  {email:<30} {who}" for email, who in demo_accounts.SIGN_INS)
