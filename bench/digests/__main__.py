"""How fast digests go out, beside a bare loop that sends ready-made mails of the same size to the same sink.

    python -m bench.digests                      10,000 members with 20 partnerships each, on SQLite
    python -m bench.digests --members 1000 --mails 300 --database postgresql://…

The sink, the bare loop and each worker are processes of their own, as in real life. What is printed is for orientation:
the ratios count, since they are of one run on one machine.
"""

import argparse
import json
import smtplib
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import event, select, update

from bench.digests import population
from workspace import Workspace, clock, create_app
from workspace.config import Settings
from workspace.digests import planning
from workspace.extensions import db
from workspace.mail import postman
from workspace.mail.messages import message
from workspace.mail.models import Mail, State

SECRET = "0123456789abcdefghijklmnopqrstuvwxyz"
SINK = """
import sys, time
from aiosmtpd.controller import Controller
class Sink:
    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", responses[-1]]  # as most mail servers say
    async def handle_DATA(self, server, session, envelope):
        return "250 OK"
controller = Controller(Sink(), hostname="127.0.0.1", port=int(sys.argv[1]))
controller.start()
print("ready", flush=True)
sys.stdin.read()
controller.stop()
"""


def main() -> None:
    """Make the people, plan their digests, and send them by one worker and by two."""
    given = arguments()
    if given.worker:
        work(settings(Path(given.worker), given.database, given.port))
        return
    with tempfile.TemporaryDirectory() as folder, sink() as port:
        app = create_app(settings(Path(folder), given.database, port))
        with app.app_context():
            population.migrate()
            begin = time.perf_counter()
            population.people(given.members, given.partnerships)
            told(f"{given.members} members in {given.partnerships} partnerships each, a week's activity", begin)
            begin = time.perf_counter()
            planned = planning.plan()
            told(f"{planned} digests planned ({planned / (time.perf_counter() - begin):.0f} a second)", begin)
            sample, asked = written(app)
            hold_back()
        bare = bare_loop(sample, given.mails, port)
        ones = workers(1, app, given, folder, port)
        twos = workers(2, app, given, folder, port)
        report(sample, asked, bare, ones, twos)


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--members", type=int, default=10_000)
    parser.add_argument("--partnerships", type=int, default=20, help="of each member")
    parser.add_argument("--mails", type=int, default=2_000, help="so many a measurement")
    parser.add_argument("--database", default="", help="an empty PostgreSQL instead of SQLite")
    parser.add_argument("--port", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--worker", default="", help=argparse.SUPPRESS)
    return parser.parse_args()


def settings(folder: Path, database: str, port: int) -> Settings:
    """The settings of the app and of its workers."""
    return Settings(
        instance=folder,
        database_url=database.replace("postgresql://", "postgresql+psycopg://")
        or f"sqlite:///{folder / 'bench.sqlite'}",
        secret_key=SECRET,
        smtp_url=f"smtp+plain://127.0.0.1:{port}",
        busy_timeout=60,
    )


@contextmanager
def sink() -> Iterator[int]:
    """A mail server that takes everything; its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-c", SINK, str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    yield port
    process.communicate("")


def written(app: Workspace) -> tuple[bytes, int]:
    """A digest as it travels, and how many statements it takes to write one."""
    # The first people have written everything themselves: their digests are empty.
    newest = select(Mail).where(Mail.kind == "digest").order_by(Mail.id.desc())
    mails = list(db.session.scalars(newest.limit(11)))
    asked: list[str] = []
    made = b""
    for place, mail in enumerate(mails):
        if place == 1:
            event.listen(db.engine, "before_cursor_execute", lambda *heard: asked.append(heard[2]))
        letter = postman.written(mail)
        if letter:
            made = bytes(message(mail, letter, app.settings))
    return made, len(asked) // max(1, len(mails) - 1)


def hold_back() -> None:
    """Let nothing be due: each measurement takes its own."""
    db.session.execute(update(Mail).values(take_at=population.FAR_AWAY))
    db.session.commit()


def release(count: int) -> None:
    """Let so many digests be due."""
    ids = select(Mail.id).where(Mail.state == State.DUE, Mail.kind == "digest").order_by(Mail.id.desc()).limit(count)
    db.session.execute(update(Mail).where(Mail.id.in_(ids)).values(take_at=clock.now()))
    db.session.commit()


def bare_loop(content: bytes, count: int, port: int) -> float:
    """How many ready-made mails a second a loop sends over one connection."""
    with smtplib.SMTP("127.0.0.1", port) as server:
        server.sendmail("a@example.dk", ["b@example.dk"], content)
        begin = time.perf_counter()
        for _ in range(count):
            server.sendmail("a@example.dk", ["b@example.dk"], content)
        return count / (time.perf_counter() - begin)


def workers(number: int, app: Workspace, given: argparse.Namespace, folder: str, port: int) -> list[dict[str, Any]]:
    """Send so many digests by this number of workers at once; what each says of it."""
    command = [sys.executable, "-m", "bench.digests", "--worker", folder, "--port", str(port)]
    command += ["--database", given.database] if given.database else []
    running = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(number)
    ]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    with app.app_context():
        release(given.mails)
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return [json.loads(process.communicate()[0]) for process in running]


def work(chosen: Settings) -> None:
    """Be a worker: send what is due when told to, and say how it went."""
    app = create_app(chosen)
    with app.app_context():
        postman.deliver()
        print("ready", flush=True)
        sys.stdin.readline()
        resident, begin = [memory()], time.perf_counter()
        sent = 0
        while count := postman.the_postman().deliver():
            sent += count
            resident.append(memory())
        print(json.dumps({"sent": sent, "seconds": time.perf_counter() - begin, "memory": resident}))


def memory() -> int:
    """How much memory this process has, in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmRSS"))


def told(what: str, begin: float) -> None:
    """Say what was done, and how long it took."""
    print(f"{what}: {time.perf_counter() - begin:.1f} s", flush=True)


def report(sample: bytes, asked: int, bare: float, ones: list[dict[str, Any]], twos: list[dict[str, Any]]) -> None:
    """Print the rates beside each other."""
    one, two = (sum(part["sent"] for part in run) / max(part["seconds"] for part in run) for run in (ones, twos))
    print(f"a digest: {len(sample) / 1024:.0f} kB as it travels, {asked} statements to write it")
    print(f"bare loop    {bare:7.0f} mails a second")
    print(f"one worker   {one:7.0f} mails a second, {one / bare:.2f} of the bare loop (wanted: at least 0.25)")
    print(f"two workers  {two:7.0f} mails a second, {two / one:.2f} times one (wanted: at least 1.6)")
    print(f"memory of one worker, before and after: {ones[0]['memory'][0]} and {ones[0]['memory'][-1]} MB")


if __name__ == "__main__":
    main()
