"""How fast digests go out, beside a bare loop that sends ready-made mails of the same size to the same sink.

    python -m bench.digests                      10,000 members with 20 partnerships each, on SQLite
    python -m bench.digests --members 3000 --database postgresql://…

The sink, the bare loop and each worker are processes of their own, as in real life. They take turns of a second, since
a machine that others use too is half as fast in some seconds as in others: each ratio is of the same minutes. What was
sent is sent again until all have had their turns. What is printed is for orientation: the ratios count.
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
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import event, or_, select, update

from bench import documents
from bench.digests import population
from workspace import Workspace, clock, create_app
from workspace.config import Settings
from workspace.db import db
from workspace.digests import planning
from workspace.mail import delivery
from workspace.mail.delivery import MailSender
from workspace.mail.mime import build_mime
from workspace.mail.models import Mail, MailState

A_TURN = 1.0  # seconds
TURNS = 20  # of each
SECRET = "0123456789abcdefghijklmnopqrstuvwxyz"
SINK = """
import sys, time
from aiosmtpd.controller import Controller
class Sink:
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
            bare, one, two = Rate(), Rate(), Rate()
            with (
                worker(given, folder, port) as first,
                worker(given, folder, port) as second,
                worker(given, folder, port) as third,
            ):
                for _ in range(TURNS):
                    release(given.members)
                    one.add(*turn(first))
                    two.add(*turn(second, third))
                    bare.add(bare_loop(sample, port))
        measured = report(sample, asked, bare, one, two)
        print(measured)
        if given.record:
            documents.write("bench-digests", f"```\n{measured}\n```")


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--members", type=int, default=10_000)
    parser.add_argument("--partnerships", type=int, default=20, help="of each member")
    parser.add_argument("--database", default="", help="an empty PostgreSQL instead of SQLite")
    parser.add_argument("--record", action="store_true", help="in docs/performance.md")
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
        content = delivery.written(mail)
        if content:
            made = bytes(build_mime(mail, content, app.settings))
    return made, len(asked) // max(1, len(mails) - 1)


def hold_back() -> None:
    """Let nothing be due."""
    db.session.execute(update(Mail).values(next_attempt_at=population.FAR_AWAY))
    db.session.commit()


def release(members: int) -> None:
    """Let what was held back, or has been sent, be due: all but the empty digests."""
    rests = or_(Mail.next_attempt_at == population.FAR_AWAY, Mail.state == MailState.SENT)
    again = {"state": MailState.DUE, "lease": None, "attempts": 0, "finished_at": None, "next_attempt_at": clock.now()}
    db.session.execute(update(Mail).where(rests, Mail.user_id > members // 10).values(again))
    db.session.commit()


@dataclass
class Rate:
    """How many mails went out in how many seconds, of elapsed and of CPU time, and the memory after each turn."""

    sent: int = 0
    seconds: float = 0
    cpu_seconds: float = 0
    memory: list[int] = field(default_factory=list)

    def add(self, *turns: dict[str, Any]) -> None:
        """Count a turn of one or of several processes at once."""
        self.sent += sum(turn["sent"] for turn in turns)
        self.seconds += sum(turn["seconds"] for turn in turns) / len(turns)
        self.cpu_seconds += sum(turn["cpu_seconds"] for turn in turns)
        self.memory.append(turns[0]["memory"])

    @property
    def a_second(self) -> float:
        """Mails a second, over all turns."""
        return self.sent / self.seconds


def bare_loop(content: bytes, port: int) -> dict[str, Any]:
    """A turn of a loop that sends a ready-made mail over one connection."""
    with smtplib.SMTP("127.0.0.1", port) as server:
        server.sendmail("a@example.dk", ["b@example.dk"], content)
        begin, cpu, sent = time.perf_counter(), time.process_time(), 0
        while time.perf_counter() < begin + A_TURN:
            server.sendmail("a@example.dk", ["b@example.dk"], content)
            sent += 1
        return {"sent": sent, **spent(begin, cpu)}


@contextmanager
def worker(given: argparse.Namespace, folder: str, port: int) -> Iterator[subprocess.Popen[str]]:
    """A worker that waits for its turn."""
    command = [sys.executable, "-m", "bench.digests", "--worker", folder, "--port", str(port)]
    command += ["--database", given.database] if given.database else []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def turn(*workers: subprocess.Popen[str]) -> list[dict[str, Any]]:
    """Let these workers send at once for a turn; what each says of it."""
    for process in workers:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return [json.loads(process.stdout.readline()) for process in workers if process.stdout]


class Paced(MailSender):
    """Goes one round, in turns: each begins when it is told to."""

    def __init__(self, chosen: Settings) -> None:
        super().__init__(chosen)
        self.begin, self.cpu, self.sent = 0.0, 0.0, 0

    def is_available(self) -> bool:
        if time.perf_counter() - self.begin >= A_TURN:
            print(json.dumps({"sent": self.sent, **spent(self.begin, self.cpu)}), flush=True)
            sys.stdin.readline()
            self.begin, self.cpu, self.sent = time.perf_counter(), time.process_time(), 0
        return super().is_available()

    def _deliver(self, *mails: Any) -> bool:
        sent = super()._deliver(*mails)
        self.sent += sent
        return sent


def work(chosen: Settings) -> None:
    """Be a worker, which says that it is there, and then what it did in each turn."""
    app = create_app(chosen)
    with app.app_context():
        Paced(app.settings).deliver()


def spent(begin: float, cpu: float) -> dict[str, float]:
    """The seconds since `begin`, those of this process's CPU since `cpu`, and the memory that it has."""
    return {
        "seconds": time.perf_counter() - begin,
        "cpu_seconds": time.process_time() - cpu,
        "memory": memory(),
    }


def memory() -> int:
    """How much memory this process has, in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmRSS"))


def told(what: str, begin: float) -> None:
    """Say what was done, and how long it took."""
    print(f"{what}: {time.perf_counter() - begin:.1f} s", flush=True)


def report(sample: bytes, asked: int, bare: Rate, one: Rate, two: Rate) -> str:
    """The rates beside each other."""
    cpu = 1000 * one.cpu_seconds / one.sent
    return "\n".join(
        [
            f"a digest: {len(sample) / 1024:.0f} kB as it travels, {asked} statements to write it",
            f"bare loop    {bare.a_second:7.0f} mails a second ({bare.sent} in all)",
            f"one worker   {one.a_second:7.0f} ({one.sent}), {cpu:.1f} ms of its CPU each",
            f"two workers  {two.a_second:7.0f} ({two.sent}), {two.a_second / one.a_second:.2f} times one",
            "wanted of one worker: 30 a second",
            f"memory of one worker after each turn: {', '.join(map(str, one.memory))} MB",
        ]
    )


if __name__ == "__main__":
    main()
