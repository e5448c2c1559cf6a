"""A guarded process that runs command lines one after another: ``python -m tests.hostile.child``.

It reads one JSON object from stdin and writes one JSON object a line to stdout. The guard is an audit hook: whatever
is opened for writing outside the output folder, connected to, executed, unpickled, or run from a model's folder ends
the process at once. The address space is bounded before anything is imported.
"""

from __future__ import annotations

import faulthandler
import io
import json
import os
import resource
import signal
import sys
from contextlib import redirect_stderr, redirect_stdout
from types import CodeType
from typing import Any

VIOLATION = 99
"""Exit code of a process whose guard saw what must not happen."""

WALL = 10
"""Seconds by the clock for each second of computing: other processes take their share of a busy machine."""

_EXECUTED = (
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.spawn",
    "os.fork",
    "os.forkpty",
    "pty.spawn",
)
_CHANGED = ("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.chmod", "os.chown", "os.link", "os.symlink",
            "os.truncate", "shutil.rmtree", "shutil.move", "shutil.copyfile")  # fmt: skip
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class OutOfTimeError(BaseException):
    """A command ran longer than it may."""


def guard(writable: str, untrusted: str, hosts: list[str]) -> None:
    """Install the audit hook.

    Args:
        writable: the one folder in which files may be written.
        untrusted: the folder of models, from which no code may run.
        hosts: ``host:port`` that may be connected to.
    """

    def is_ours(path: object) -> bool:
        text = os.fsdecode(path) if isinstance(path, (str, bytes)) else ""
        return text == os.devnull or os.path.abspath(text).startswith(writable + os.sep)  # noqa: PTH100

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        seen = None
        if event == "open":
            path, mode, flags = arguments
            writes = any(letter in mode for letter in "wax+") if isinstance(mode, str) else bool(flags & _WRITING)
            if writes and not isinstance(path, int) and not is_ours(path):
                seen = f"{path} opened for writing"
        elif event in _CHANGED:
            if not is_ours(arguments[0]):
                seen = f"{event} {arguments[0]}"
        elif event in _EXECUTED or event == "pickle.find_class":
            seen = f"{event} {arguments[:2]}"
        elif event == "socket.connect":
            address = arguments[1]
            if ":".join(map(str, address[:2])) not in hosts:
                seen = f"connection to {address}"
        elif event == "exec":
            code = arguments[0]
            if isinstance(code, CodeType) and code.co_filename.startswith(untrusted + os.sep):
                seen = f"code of {code.co_filename}"
        if seen is not None:
            os.write(2, f"GUARD: {seen}\n".encode(errors="backslashreplace"))
            os._exit(VIOLATION)

    sys.addaudithook(hook)


def _peak() -> int:
    """The most memory that this process has held, in bytes; its parent's does not count."""
    with open("/proc/self/status") as status:  # noqa: PTH123
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))


def _out_of_time(_signal: int, _frame: object) -> None:
    raise OutOfTimeError


def run_one(arguments: list[str], seconds: float) -> dict[str, object]:
    """Run one command line in this process."""
    from lineage_audit.cli import run

    output, error = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.TextIOWrapper(io.BytesIO(), "utf-8")
    faulthandler.dump_traceback_later(WALL * seconds + 5, exit=True)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, WALL * seconds)
    try:
        with redirect_stdout(output), redirect_stderr(error):
            code: int | str = run(arguments)
    except OutOfTimeError:
        code = "out of time"
    except BaseException as escaped:
        code = f"{type(escaped).__name__}: {escaped}"[:500]
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        faulthandler.cancel_dump_traceback_later()
    for stream in (output, error):
        stream.flush()
    return {
        "code": code,
        "stdout": output.buffer.getvalue().decode(errors="replace"),  # type: ignore[attr-defined]
        "stderr": error.buffer.getvalue().decode(errors="replace"),  # type: ignore[attr-defined]
        "resident": _peak(),
    }


def main() -> None:
    """Bound, guard, run."""
    faulthandler.enable()
    plan = json.load(sys.stdin)
    if plan["address_space"]:
        resource.setrlimit(resource.RLIMIT_AS, (plan["address_space"], plan["address_space"]))
    signal.signal(signal.SIGALRM, _out_of_time)
    signal.signal(signal.SIGPROF, _out_of_time)
    replies = os.fdopen(os.dup(1), "w")
    import lineage_audit.cli  # noqa: F401 - before the guard, which then sees the models' part alone

    guard(plan["writable"], plan["untrusted"], plan["hosts"])
    for arguments in plan["commands"]:
        print(json.dumps(run_one(arguments, plan["seconds"])), file=replies, flush=True)


if __name__ == "__main__":
    main()
