"""A new release behind the proxy: one instance after the other is replaced, and nobody is refused or loses a word."""

from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.operations.fleet import Ledger, caddy, instance, people
from tests.operations.service import free_port, until
from workspace import Workspace
from workspace.comments.models import Comment
from workspace.config import Settings
from workspace.db import db

pytestmark = pytest.mark.slow

ROUNDS = 2
SECONDS_UNTIL_SEEN = 8  # by the proxy, that an instance is ready again; docs/operations.md says so


def more(ledger: Ledger, number: int) -> None:
    """Wait until so many more answers have come."""
    before = len(ledger.answers)
    until(lambda: len(ledger.answers) >= before + number, "People go on")


def test_nobody_is_refused_while_instances_are_replaced(app: Workspace, settings: Settings, tmp_path: Path) -> None:
    ports = [free_port(), free_port()]
    with ExitStack() as stack:
        open_ones = [ExitStack(), ExitStack()]
        services = []
        for number, port in enumerate(ports):
            stack.enter_context(open_ones[number])
            services.append(
                open_ones[number].enter_context(instance(settings, tmp_path, str(number), port, TRUSTED_PROXIES="1"))
            )
        with caddy(tmp_path, *ports) as proxy, people(app, proxy) as ledger:
            more(ledger, 30)
            for _round in range(ROUNDS):
                for number, port in enumerate(ports):
                    assert services[number].stop() == 0
                    open_ones[number].close()
                    more(ledger, 10)
                    services[number] = open_ones[number].enter_context(
                        instance(settings, tmp_path, str(number), port, TRUSTED_PROXIES="1")
                    )
                    more(ledger, 10)
    said = (tmp_path / "caddy").read_text().splitlines()
    assert ledger.failures() == [], [line for line in said if '"level":"error"' in line or "health" in line]
    written = Counter(db.session.scalars(db.select(Comment.body_text)))
    assert written.keys() >= set(ledger.acknowledged)
    assert set(written.values()) == {1}
