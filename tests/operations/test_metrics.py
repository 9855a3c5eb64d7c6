"""Metrics of all processes together, on a port of their own, for whoever watches the service."""

import re
import urllib.request

import pytest

from tests.operations.service import free_port, running, until
from workspace import Workspace
from workspace.config import Settings

pytestmark = [pytest.mark.either_database, pytest.mark.slow]


def test_web_processes_and_worker_count_together(app: Workspace, settings: Settings) -> None:
    port = free_port()

    def asked() -> dict[str, float]:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
            lines = answer.read().decode().splitlines()
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line[0] != "#")}

    with running(settings, METRICS_ADDRESS=f"127.0.0.1:{port}") as service:
        first = 'samspil_requests_total{method="GET",route="/sign-in",status="200"}'
        before = asked()[first]
        for _each in range(10):
            assert service.answers()
        assert asked()[first] == before + 10
        until(lambda: 'samspil_job_runs_total{job="parking",outcome="done"}' in asked(), "The worker counts")
        until(lambda: "samspil_streams" in asked(), "What is in use is noted")
        told = asked()
        assert told["samspil_database_up"] == 1
        assert told["samspil_mails_waiting"] == 0
        assert told['samspil_request_seconds_count{route="/sign-in"}'] >= 10
        assert told["samspil_statement_seconds_count"] > 0
        for name in told:
            assert re.fullmatch(r"samspil_[a-z_]+(\{.*\})?", name), name
        service.kill(min(service.children))
        assert asked()[first] >= before + 10  # What was counted stays.
        until(lambda: any(name.startswith("samspil_process_exits_total") for name in asked()), "An exit is counted")
        assert service.stop() == 0
