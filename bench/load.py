"""Load of as many requests at a time as are asked for, from wrk, and at a steady pace, from a clock."""

import asyncio
import json
import re
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import uuid4

from bench.connection import Connection, Request

# Each comment has a key of its own, or it would be made once.
SCRIPT = """
local asked, number = {}, 0
%s
request = function()
  number = number + 1
  local each = asked[number %% #asked + 1]
  if not each.body then return each.get end
  return wrk.format("POST", each.address, each.headers, each.body .. string.format("%%012x", number))
end
init = function()
  for _, each in ipairs(asked) do
    if not each.body then each.get = wrk.format("GET", each.address, each.headers) end
  end
end
"""


def fastest(port: int, requests: Sequence[Request], seconds: int, at_once: int) -> float:
    """Requests a second, one after another of `requests`, all of them answered well."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(SCRIPT % "\n".join(map(_table, requests)))
        script.flush()
        command = ["wrk", "-t1", "--timeout", "20s", f"-c{at_once}", f"-d{seconds}s", "-s", script.name]
        told = subprocess.run([*command, f"http://127.0.0.1:{port}"], check=True, capture_output=True, text=True).stdout
    assert "Non-2xx" not in told, told
    assert "Socket errors" not in told, told
    speed = float(re.findall(r"Requests/sec:\s+([\d.]+)", told)[0])
    return speed or 1 / seconds  # Nobody was answered in this time.


def _table(request: Request) -> str:
    headers = ", ".join(f"[{json.dumps(name)}] = {json.dumps(value)}" for name, value in request.all_headers.items())
    body = f", body = {json.dumps(f'{request.body}&one_time_key={str(uuid4())[:24]}')}" if request.body else ""
    return f"asked[#asked + 1] = {{address = {json.dumps(request.address)}, headers = {{{headers}}}{body}}}"


@dataclass
class Answers:
    """What came of a steady load; times in milliseconds from when each was due."""

    taken: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    acknowledged: list[str] = field(default_factory=list)  # the keys of what was written

    @property
    def failed(self) -> int:
        """How many were not answered, or by a failure of the server."""
        return sum(count for status, count in self.statuses.items() if status >= 500 or status == 0)

    def at(self, percent: int) -> float:
        """The time in which so many were answered."""
        ordered = sorted(self.taken)
        return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


def steadily(
    port: int, request: Callable[[int, str], Request], a_second: float, seconds: float, connections: int = 48
) -> Answers:
    """Send the request of each number, with a new key for what it writes, when its time has come: whatever waits."""
    return asyncio.run(_steadily(port, request, a_second, seconds, connections))


async def _steadily(
    port: int, request: Callable[[int, str], Request], a_second: float, seconds: float, connections: int
) -> Answers:
    found, working = Answers(), set[asyncio.Task[None]]()
    lines = [Connection(port) for _each in range(connections)]

    async def send(line: Connection, asked: Request, key: str, due: float) -> None:
        try:
            status, _body = await line.send(asked)
        except (OSError, asyncio.IncompleteReadError):
            status = 0
        found.taken.append((time.monotonic() - due) * 1000)
        found.statuses[status] += 1
        if asked.body and status < 400 and status:
            found.acknowledged.append(key)

    begin = time.monotonic()
    for number in range(int(a_second * seconds)):
        due, key = begin + number / a_second, str(uuid4())
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        task = asyncio.create_task(send(lines[number % connections], request(number, key), key, due))
        working.add(task)
        task.add_done_callback(working.discard)
    await asyncio.gather(*working)
    for line in lines:
        line.close()
    return found
