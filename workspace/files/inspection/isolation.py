"""What Linux takes from the child process: a decoder that a file has taken over finds nothing and reaches nobody.

Landlock (landlock(7), Linux 5.13) leaves it the one file, the folder for what is kept, and the libraries: no database,
no other file, no environment of another process. Seccomp (seccomp(2)) leaves it no socket, no other program, and no way
into another process. A kernel that lacks one of them does without it; the limits of child.py hold everywhere.
"""

import ctypes
import os
import platform
import struct
import sys
from collections.abc import Iterable
from errno import EPERM
from pathlib import Path

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2

# include/uapi/linux/landlock.h; its calls have the same numbers on all machines
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
ASK_VERSION, PATH_BENEATH = 1, 1
WRITE_FILE, READ_FILE, READ_FOLDER, REMOVE_FILE, MAKE_FILE, TRUNCATE = 1 << 1, 1 << 2, 1 << 3, 1 << 5, 1 << 8, 1 << 14
FILE_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}  # by the version that knows them
TCP_RIGHTS, SCOPES = 0b11, 0b11  # from the versions 4 and 6
LIBRARIES = ("/usr", "/lib", "/lib64", sys.prefix, sys.base_prefix, str(Path(__file__).parent))

# include/uapi/linux/audit.h, and the tables of calls: socket, connect, ptrace, execve, execveat, process_vm_readv,
# process_vm_writev, kill, tkill, bpf, io_uring_setup, pidfd_open, pidfd_getfd
MACHINES = {
    "x86_64": (0xC000003E, (41, 42, 101, 59, 322, 310, 311, 62, 200, 321, 425, 434, 438)),
    "aarch64": (0xC00000B7, (198, 203, 117, 221, 281, 270, 271, 129, 130, 280, 425, 434, 438)),
}
LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06  # include/uapi/linux/bpf_common.h
CALL, MACHINE = 0, 4  # where they stand in struct seccomp_data
OTHER_CALLS = 0x40000000  # of x32, under numbers of their own
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | EPERM

libc = ctypes.CDLL(None, use_errno=True)


def isolate(source: Path, into: Path) -> None:
    """Take everything from this process for good but reading `source` and writing into the folder `into`."""
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _leave_paths(source, into)
    _leave_calls()


def _leave_paths(source: Path, into: Path) -> None:
    version = libc.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), ASK_VERSION)
    if version < 1:
        return
    rights = FILE_RIGHTS[max(known for known in FILE_RIGHTS if known <= version)]
    rules = struct.pack("QQQ", rights, TCP_RIGHTS if version >= 4 else 0, SCOPES if version >= 6 else 0)
    length = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = libc.syscall(CREATE_RULESET, rules, ctypes.c_size_t(length), 0)
    allowed = [(str(source), READ_FILE), (str(into), READ_FILE | WRITE_FILE | MAKE_FILE | REMOVE_FILE | TRUNCATE)]
    allowed += [(folder, READ_FILE | READ_FOLDER) for folder in LIBRARIES if os.path.isdir(folder)]
    for path, access in allowed:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
        libc.syscall(ADD_RULE, ruleset, PATH_BENEATH, struct.pack("=Qi", access & rights, handle), 0)
        os.close(handle)
    libc.syscall(RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)


def _leave_calls() -> None:
    if platform.machine() not in MACHINES:
        return
    machine, refused = MACHINES[platform.machine()]
    program = _program(machine, refused)
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in program))
    pointer = struct.pack("HxxxxxxP", len(program), ctypes.addressof(code))
    libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, pointer, 0, 0)


def _program(machine: int, refused: Iterable[int]) -> list[tuple[int, int, int, int]]:
    """The filter: each step with how many to leap over where it is so, and where not."""
    calls = tuple(refused)
    return [
        (LOAD, 0, 0, MACHINE),
        (EQUAL, 0, len(calls) + 3, machine),  # the calls of another machine have other numbers
        (LOAD, 0, 0, CALL),
        (AT_LEAST, len(calls) + 1, 0, OTHER_CALLS),
        *((EQUAL, len(calls) - at, 0, call) for at, call in enumerate(calls)),
        (RETURN, 0, 0, ALLOW),
        (RETURN, 0, 0, REFUSE),
    ]
