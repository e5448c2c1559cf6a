"""Make one descendant, or the floats of a GGUF file, in a process of its own, so that its memory is given back.

``python -m benchmarks.real_world.making NAME GGUF BASE OTHER MADE FOLDER`` prints what is to be compared;
``python -m benchmarks.real_world.making GGUF FOLDER`` writes floats.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from benchmarks.real_world.descendants import DESCENDANTS, Ground
from benchmarks.real_world.floats import as_floats


def floats_of(gguf: Path, folder: Path) -> Path:
    """Write a GGUF file's weights as floats in another process, unless they are there."""
    if not folder.exists():
        _run(str(gguf), str(folder))
    return folder


def made(name: str, ground: Ground, folder: Path) -> str:
    """Make a descendant in another process and say what to compare.

    Raises:
        CalledProcessError: it could not be made.
    """
    return _run(name, *map(str, (ground.gguf, ground.base, ground.other, ground.made, folder))).splitlines()[-1]


def _run(*arguments: str) -> str:
    command = [sys.executable, "-m", "benchmarks.real_world.making", *arguments]
    environment = {**os.environ, "TQDM_DISABLE": "1"}
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment).stdout


def main() -> None:
    """Make what the command line names."""
    if len(sys.argv) == 3:
        as_floats(Path(sys.argv[1]), Path(sys.argv[2]))
        return
    name, *places = sys.argv[1:]
    gguf, base, other, kept, folder = map(Path, places)
    kept.mkdir(exist_ok=True)
    print(DESCENDANTS[name].make(Ground(gguf, base, other, kept), folder))


if __name__ == "__main__":
    main()
