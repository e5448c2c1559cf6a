"""The command line as a process, and as a function."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

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
