"""The `workspace` command: serving, migrations, and what an administrator does on the server."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO
from uuid import uuid4

import click
from flask_babel import force_locale, ngettext
from flask_babel import gettext as _
from sqlalchemy.exc import DBAPIError

from workspace import logs, metrics
from workspace.config import MONTHS_OF_AUDIT, Settings, SettingsError, files
from workspace.db import db, installation, remedies, schema

if TYPE_CHECKING:
    from workspace import Workspace
    from workspace.accounts.models import User

MEGABYTE = 1 << 20
SECONDS_BETWEEN_LOOKS = 2.0  # of a worker that waits for a migration


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="samspil", message="Samspil %(version)s")
def main() -> None:
    """Samspil, a shared workspace. Settings come from the environment: README.md lists them."""
    files.keep_to_ourselves()


@main.command()
def run() -> None:
    """Serve the workspace, with its database brought up to date."""
    from workspace.health import installation_check
    from workspace.serving import server

    with _workspace(counts=True) as app:
        _migrate()
        _note_key(app.settings)
        for trouble in installation_check.connections(app.settings):
            raise click.ClickException(trouble)
        if app.settings.demo:
            _need_demo()
        greeting = list(_greeting(app.settings))
    try:
        server.serve(app, lambda: click.echo("\n".join(greeting)))
    except OSError as error:
        raise click.ClickException(str(error)) from None


@main.command()
@click.option("--once", is_flag=True, help="Do what is due now, and stop.")
def worker(once: bool) -> None:
    """Send e-mail as it becomes due, and run the scheduled jobs; `run` starts a worker of its own."""
    from workspace import scheduled_jobs
    from workspace.serving import metrics_server
    from workspace.worker import serve

    with _workspace(counts=True) as app:
        logs.install(as_json=app.settings.log_format == "json")
        if not schema.is_current():
            click.echo(_("The worker waits until the database is brought up to date (workspace migrate)."), err=True)
        while not schema.is_current():
            time.sleep(SECONDS_BETWEEN_LOOKS)
        _note_key(app.settings)
        if once:
            scheduled_jobs.run_due_jobs()
            return
        if app.settings.metrics_address:
            try:
                metrics_server.require_address(app.settings)
                metrics_server.start(app)
            except OSError as error:
                raise click.ClickException(str(error)) from None
        serve(app)


@main.command()
def migrate() -> None:
    """Bring the database up to date."""
    with _workspace():
        click.echo(_("Migrated.") if _migrate() else _("The database is up to date."))


@main.command()
def check() -> None:
    """Say what is wrong with this installation, and what to do about it. It changes nothing."""
    from workspace.health import installation_check

    wrong = 0
    with _workspace(keeps_apart=False) as app:  # That is one of the checks.
        for name, found in installation_check.troubles(app.settings):
            click.echo(f"✗ {name}" if found else f"✓ {name}")
            for trouble in found:
                click.echo(f"    {trouble}")
            wrong += len(found)
    if wrong:
        sys.exit(1)


@main.command()
@click.argument("file")
def backup(file: str) -> None:
    """Write the database and all files into the new FILE, or `-` for standard output. The workspace may be in use."""
    from workspace.backup import service
    from workspace.backup.archive import BackupError
    from workspace.db.installation import note_backup

    with _workspace() as app:
        try:
            manifest = service.back_up(app.settings, file, _progress)
        except (BackupError, OSError) as error:
            raise click.ClickException(str(error)) from None
        try:
            note_backup()
        except DBAPIError as error:  # It has the tables of an older version, or is a replica.
            click.echo(
                _(
                    "The workspace will not know of this backup, since the database could not note it: %(cause)s",
                    cause=remedies.cause_of(error),
                ),
                err=True,
            )
        rows = sum(manifest.rows.values())
        written = _(
            "The backup is written and holds %(rows)s rows and %(files)s files.", rows=rows, files=manifest.files
        )
        click.echo(written, err=True)


@main.command()
@click.argument("file", type=click.File("rb"))
def restore(file: BinaryIO) -> None:
    """Put the backup FILE, or `-` for standard input, back into an empty database. The workspace must be stopped."""
    from workspace.backup import service
    from workspace.backup.archive import BackupError

    try:
        manifest = service.restore(Settings.from_environment(), file, schema.versions(), _progress)
    except (BackupError, SettingsError, OSError) as error:
        raise click.ClickException(str(error)) from None
    rows, made_at = sum(manifest.rows.values()), f"{manifest.made_at[:16].replace('T', ' ')} UTC"
    with _workspace():
        click.echo(
            _(
                "%(rows)s rows and %(files)s files are restored, as they were at %(moment)s.",
                rows=rows,
                files=manifest.files,
                moment=made_at,
            )
        )
        if manifest.schema not in schema.versions():
            click.echo(
                _(
                    "The database's schema is newer than this version, which made the backup after going back from a "
                    "newer one, and runs on it as before."
                ),
                err=True,
            )


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
        _need_open_account(user)
        keeps_password = user.password_hash is not None
        if not keeps_password:
            user.password_hash = _new_password(user, stdin)
        user.is_administrator = True
        db.session.flush()
        record_audit(AuditAction.MADE_ADMINISTRATOR, subject=user)
        db.session.commit()
        click.echo(_("%(name)s is an administrator.", name=user.name))
        if stdin and keeps_password:  # It is for a new account: nobody who has one is locked out by accident.
            click.echo(
                _(
                    "%(name)s has a password already, so the one that was given is not used. Set it with: "
                    "workspace user password %(email)s",
                    name=user.name,
                    email=user.email,
                ),
                err=True,
            )


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
    """Make the person with the address EMAIL an ordinary user again; the account stays."""
    from workspace.accounts.models import administrators
    from workspace.audit.models import AuditAction, record_audit

    with _workspace():
        user = _person(email)
        if not user.is_administrator:
            raise click.ClickException(_("%(name)s is not an administrator.", name=user.name))
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
        _need_open_account(user)
        user.password_hash = _new_password(user, stdin)
        sessions.end_all(user)
        record_audit(AuditAction.SET_PASSWORD, subject=user)
        db.session.commit()
        click.echo(_("%(name)s has a new password.", name=user.name))


@people.command("address")
@click.argument("email")
@click.argument("new")
def change_address(email: str, new: str) -> None:
    """Give the person with the address EMAIL the address NEW at once, and sign them out everywhere.

    The old address and the moderators of the person's partnerships are told.
    """
    from workspace.members.address_changes import service as address_changes_service

    with _workspace():
        user, address = _person(email), _checked(new)
        try:
            address_changes_service.change_at_once(user, address)
        except address_changes_service.Taken as taken:
            raise click.ClickException(taken.message) from None
        db.session.commit()
        click.echo(_("%(name)s has the address %(address)s now.", name=user.name, address=address))


@main.group()
def audit() -> None:
    """The audit log."""


@audit.command("prune")
@click.option(
    "--months",
    type=click.IntRange(MONTHS_OF_AUDIT.least, MONTHS_OF_AUDIT.most),
    help="How many months to keep, instead of AUDIT_MONTHS.",
)
def prune_audit_log(months: int | None) -> None:
    """Delete events that are older than AUDIT_MONTHS. The deletion itself is recorded as an event."""
    from workspace.audit import retention

    with _workspace() as app:
        deleted = retention.prune(months or app.settings.audit_months)
        click.echo(_("%(number)s lines are deleted.", number=deleted))


main.add_command(audit, "trail")  # its former name, which scheduled jobs may still use


@main.group("mail")
def mails() -> None:
    """E-mail, and the server that takes it."""


@mails.command("test")
@click.argument("address")
def send_test_mail(address: str) -> None:
    """Send a test e-mail to ADDRESS, and report what became of it."""
    from workspace.mail import diagnostics

    with _workspace() as app:
        try:
            click.echo(diagnostics.send(_checked(address), app.settings))
        except diagnostics.NotSent as error:
            raise click.ClickException(str(error)) from None


@main.group()
def digests() -> None:
    """Digests: planning and sending what is due, and previewing somebody's next one."""


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
    """Send all that is due, or, with an address EMAIL, that person's next digest now."""
    from workspace.digests import planning
    from workspace.mail import delivery

    with _workspace():
        if email:
            planning.send_now(_person(email), str(uuid4()))
            db.session.commit()
        else:
            planning.plan()
        sent = delivery.deliver()
        click.echo(ngettext("%(num)s e-mail is sent.", "%(num)s e-mails are sent.", sent))


@digests.command("preview")
@click.argument("email")
def preview_digest(email: str) -> None:
    """Show the next digest of the person with the address EMAIL, as it would be now; it changes nothing."""
    from workspace.digests import emails

    with _workspace():
        user = _person(email)
        content = emails.preview(user)
        if content is None:
            click.echo(_("There is nothing new for %(name)s.", name=user.name))
        else:
            click.echo(f"{content.subject}\n\n{content.text}")


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
def _workspace(*, counts: bool = False, keeps_apart: bool = True) -> Iterator["Workspace"]:
    """The app, its database, and the language of the terminal. What is wrong is reported in one line.

    With `counts` it counts for METRICS_ADDRESS, if that is set. Without `keeps_apart` it is not asked whether the
    database is the demo's, so the database need not answer.
    """
    from workspace import create_app
    from workspace.demo import separation

    try:
        settings = Settings.from_environment()
        if counts and settings.metrics_address:
            metrics.start()
        app = create_app(settings)
        with app.app_context(), force_locale(_language()):
            try:
                if keeps_apart:
                    separation.keep_apart(app.settings)
                yield app
            finally:
                db.session.remove()
                db.engine.dispose()  # Forked processes must not inherit a connection.
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
    except DBAPIError as error:
        raise click.ClickException(remedies.sentence(error)) from None


def _progress(step: str) -> Callable[[int], None]:
    """Count bytes up on the terminal, if there is one."""
    done = shown = 0

    def show(count: int) -> None:
        nonlocal done, shown
        done += count
        if done >= shown + MEGABYTE and sys.stderr.isatty():
            shown = done
            click.echo(f"\r{step}: {done // MEGABYTE} MB ", nl=False, err=True)

    return show


def _language() -> str:
    """Danish in a Danish terminal, else English."""
    named = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "da" if named.startswith("da") else "en"


def _migrate() -> bool:
    """Bring the database up to date; False if it is already, which is found out without alembic."""
    if schema.is_current():
        return False
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config(schema.MIGRATIONS / "alembic.ini")
    config.set_main_option("script_location", str(schema.MIGRATIONS).replace("%", "%%"))
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise click.ClickException(f"The database does not fit this version of Samspil: {error}") from None
    return True


def _note_key(settings: Settings) -> None:
    """Let the database know by which key it is used, and say so if it was another one the last time."""
    if not installation.note_key(settings.secret_key, settings.secret_key_fallbacks):
        click.echo(
            _(
                "SECRET_KEY is not the one that this database was last used with. Everybody is signed out, and "
                "links in e-mails no longer work. If you meant to change it, put the former key into "
                "SECRET_KEY_FALLBACKS. If another server uses this database too, give both the same key."
            ),
            err=True,
        )


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
    """The account with the address `email`."""
    from workspace.accounts.models import user_with

    user = user_with(email)
    if user is None:
        raise click.ClickException(_("Nobody has the address %(email)s.", email=email))
    return user


def _need_open_account(user: "User") -> None:
    if user.deactivated_at is not None:
        raise click.ClickException(
            _(
                "The account of %(name)s is closed, so nobody can sign in with it. Let an administrator open it again "
                "first, or give another address.",
                name=user.name,
            )
        )


def _checked(email: str) -> str:
    from workspace.mail.addresses import normalised

    address = normalised(email)
    if not address:
        raise click.ClickException(_("This is not an e-mail address. One looks like mette@gladsaxe.dk."))
    return address


def _new_password(user: "User", stdin: bool) -> str:
    """The hash of a password that is typed twice, or read; a weak one is refused, and asked for again."""
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
    """The answer to `question`. Without a terminal there is nobody to ask: the error says which options to give."""
    try:
        answer: str = click.prompt(question, **options)
    except click.Abort:
        if sys.stdin.isatty():
            raise
        raise click.ClickException(
            _("There is no terminal to ask in: give the name with --name, and the password with --stdin as a line.")
        ) from None
    return answer


def _greeting(settings: Settings) -> Iterator[str]:
    """The lines that say where the workspace is, and in the demo whom to sign in as."""
    host = settings.host.strip("[]")
    host = f"[{host}]" if ":" in host else host
    yield _("Samspil is at http://%(host)s:%(port)s (Ctrl-C stops it).", host=host, port=settings.port)
    if settings.demo:
        from workspace.demo import demo_accounts

        yield _("Sign in with the password %(password)s as", password=demo_accounts.PASSWORD)
        yield from (f"  {email:<30} {who}" for email, who in demo_accounts.SIGN_INS)
