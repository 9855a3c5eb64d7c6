"""The child process: limits itself, looks at one file, and writes a report.

It runs as a program, and never imports `workspace/__init__.py`, which starts the whole workspace: the packages above
are named without running them.
"""

import ctypes
import json
import os
import resource
import signal
import sys
from errno import EDQUOT, EFBIG, EIO, EMFILE, ENFILE, ENOSPC, EROFS
from pathlib import Path
from types import ModuleType

PR_SET_PDEATHSIG = 1  # prctl(2)
MACHINES_FAULT = (ENOSPC, EDQUOT, EIO, EROFS, EMFILE, ENFILE)


def main() -> None:
    """Look at the file that standard input names, and report beside what is kept."""
    source, name, into = json.loads(sys.stdin.read())
    _name_packages(Path(__file__).resolve().parents[2])
    from workspace.files.inspection import isolation, limits

    _limit(limits.CPU_SECONDS, limits.MEMORY, limits.LARGEST_FILE, limits.OPEN_FILES)
    isolation.isolate(Path(source), Path(into))
    report = _look(Path(source), name, Path(into))
    Path(into, "report.json").write_text(json.dumps(report))


def _name_packages(root: Path) -> None:
    for name, folder in (("workspace", root), ("workspace.files", root / "files")):
        package = ModuleType(name)
        package.__path__ = [str(folder)]
        sys.modules[name] = package
    inspection = ModuleType("workspace.files.inspection")
    inspection.__path__ = [str(root / "files" / "inspection")]
    sys.modules["workspace.files.inspection"] = inspection


def _limit(cpu_seconds: int, memory: int, largest_file: int, open_files: int) -> None:
    """Take from this process what it does not need, for good; and let it end with its parent."""
    os.umask(0o077)
    for what, most in (
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, largest_file),
        (resource.RLIMIT_NOFILE, open_files),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _look(source: Path, name: str, into: Path) -> dict[str, object]:
    from workspace.files.inspection.look import look
    from workspace.files.inspection.outcome import Refusal, Refused

    try:
        return look(source, name, into)
    except Refused as refused:
        return {"refusal": refused.refusal}
    except MemoryError:
        return {"refusal": Refusal.TOO_MUCH_WORK}
    except OSError as error:
        if error.errno in MACHINES_FAULT:
            return {"trouble": os.strerror(error.errno)}
        return {"refusal": Refusal.TOO_MUCH_WORK if error.errno == EFBIG else Refusal.BROKEN}
    except Exception:  # whatever a decoder makes of bytes that are none of its kind
        return {"refusal": Refusal.BROKEN}


if __name__ == "__main__":
    main()
