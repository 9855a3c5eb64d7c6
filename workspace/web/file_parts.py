"""Files on this machine's disk as answers, which the server sends by itself: nothing of them passes through memory."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

# Keys of the environment: that the server can do so, and the part of a file that is the answer.
IS_SENT_BY_SERVER = "workspace.sends_files"
FILE_PART = "workspace.file_part"


@dataclass(frozen=True)
class FilePart:
    """The bytes of a file from `start` up to, without, `end`; `is_allowed` is asked right before they are sent."""

    path: Path
    start: int
    end: int
    is_allowed: Callable[[], bool]


def offer(environ: "WSGIEnvironment", part: FilePart) -> bool:
    """Let the server send the part as the answer's body; False where it can't."""
    if not environ.get(IS_SENT_BY_SERVER):
        return False
    environ[FILE_PART] = part
    return True
