"""The mail server of the bench, in a process of its own: it writes down whatever it takes, a line a mail.

python -m bench.faults.sink FILE    says its port, and serves until its input ends
"""

import json
import sys
from pathlib import Path

from tests.mail.sink import Received, Sink


class WritingSink(Sink):
    """Keeps nothing in memory."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.file = path.open("a")

    def keep(self, received: Received) -> None:
        """Write down who got which mail."""
        self.file.write(json.dumps([received.recipient, str(received.message["Message-ID"])]) + "\n")
        self.file.flush()


if __name__ == "__main__":
    with WritingSink(Path(sys.argv[1])) as sink:
        print(sink.port, flush=True)
        sys.stdin.read()
