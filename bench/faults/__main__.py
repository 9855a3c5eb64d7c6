"""make faults-mail: every scenario on both databases, and what came of it.

python -m bench.faults [--short] [--record] [--database sqlite|postgresql]

With --record it is written to docs/reliability.md.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import make_url

from bench import documents
from bench.faults import scenarios
from bench.faults.house import House, Result
from tests.databases import PostgreSQL, Server, SQLite, execute

COLUMNS = ("what goes wrong", "runs", "mails", "lost", "sent twice", "of them not in doubt", "without access")


def main() -> int:
    """Run the bench; 1 when anything came out that must not."""
    parser = argparse.ArgumentParser(prog="make faults-mail")
    parser.add_argument("--short", action="store_true", help="each once, for the tests")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), action="append")
    parser.add_argument("--record", action="store_true", help="in docs/reliability.md")
    given = parser.parse_args()
    good, lines = True, list[str]()
    for kind in given.database or ("sqlite", "postgresql"):
        good &= report(kind, lines, short=given.short)
    print(
        "\nNothing lost, nothing to anybody without access, and what came twice was in doubt." if good else "\nFAILED"
    )
    if given.record:
        documents.write("faults-mail", "\n".join(lines).strip())
    return 0 if good else 1


def report(kind: str, lines: list[str], *, short: bool) -> bool:
    """Print the results on one database as a table, and add them to `lines`; whether they are good."""
    began, good = time.monotonic(), True

    def show(line: str) -> None:
        lines.append(line)
        print(line, flush=True)

    show(f"\n**{'SQLite' if kind == 'sqlite' else 'PostgreSQL'}**\n")
    show(f"| {' | '.join(COLUMNS)} |\n|{' --- |' * len(COLUMNS)}")
    for result in results(kind, short=short):
        figures = (result.runs, result.mails, result.lost, result.repeated, result.wrongly_repeated, result.unentitled)
        show(f"| {result.what} | {' | '.join(f'{figure:,}' for figure in figures)} |")
        good &= result.is_good
    show(f"\n{time.monotonic() - began:.0f} seconds")
    return good


def results(kind: str, *, short: bool) -> Iterator[Result]:
    """Run all scenarios on one database."""
    runs, few = (1, 1) if short else (20, 5)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="samspil-faults-")))
        restart: Callable[[], None] | None = None
        if kind == "sqlite":
            database: SQLite | PostgreSQL = SQLite(folder)
        else:
            server = Server()
            execute(make_url(server.url), "ALTER SYSTEM RESET synchronous_commit")
            stack.callback(server.stop)
            restart = _restarting(server)
            database = PostgreSQL(server.url, "faults")
        house = stack.enter_context(House(database, folder).open())
        yield from scenarios.killed(house, runs)
        yield from scenarios.raced(house, *((4, 100) if short else (8, 1_000)))
        yield from scenarios.answered_badly(house, runs)
        yield from scenarios.unreachable(house, runs)
        yield from scenarios.unwritable(house, few)
        yield from scenarios.full_disk(house, few)
        yield from scenarios.database_away(house, few, restart)
        yield from scenarios.access_lost(house, runs)


def _restarting(server: Server) -> Callable[[], None]:
    """Restarts the PostgreSQL, as whoever brings in a security update does: who is connected is thrown out."""
    running = server.server
    program = Path(running.bin_path) / "pg_ctl"

    def restart() -> None:
        command = [str(program), "-D", str(running.pgdata), "-m", "fast", "-w", "restart"]
        subprocess.run(command, check=True, user=running.system_user, stdout=subprocess.DEVNULL, timeout=60)

    return restart


if __name__ == "__main__":
    sys.exit(main())
