"""The command line as a process, and as a function."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from lineage_audit.cli import run

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "sample_checkpoints"
PARENT, FINETUNE, TWIN = (
    str(SAMPLES / f"llama-style-{name}") for name in ("parent", "finetune", "twin")
)  # fmt: skip


def process(*arguments: str, code: str = "-m lineage_audit", **more: object) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user does, not on a terminal; no proxy, no home, no colour unless asked for."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "LC_ALL": "C.UTF-8",
        "OPENBLAS_NUM_THREADS": "1",
    }
    environment |= more.pop("environment", {})  # type: ignore[arg-type]
    return subprocess.run(
        [sys.executable, *code.split(" ", 1), *arguments],
        **{"capture_output": True, "text": True, "timeout": 300, "env": environment, **more},  # type: ignore[call-overload]
    )


@dataclass(frozen=True, slots=True)
class Called:
    """What a command line did in this process: as a process would have, but for the start of another Python."""

    returncode: int
    stdout: str
    stderr: str


def called(*arguments: str) -> Called:
    """Run the command line here, not on a terminal; what a process alone shows is in ``test_process``."""
    streams = [io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2)]
    with redirect_stdout(streams[0]), redirect_stderr(streams[1]):
        code = run(list(arguments))
        for stream in streams:
            stream.flush()
    return Called(code, *(stream.buffer.getvalue().decode() for stream in streams))  # type: ignore[attr-defined]
