"""Run the command line on hostile models as a user would, guarded, and hold what it says against what it promises."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.hostile.child import VIOLATION, WALL

ROOT = Path(__file__).parents[2]
CANARY = "hf_CANARYcanaryCANARYcanary"
"""The token in the environment; it must not stand in any output."""

SECONDS = 180.0
"""Of processor time, after which a command is taken to hang: many times what the slowest needs."""

ADDRESS_SPACE = 2 * 2**30
HIDDEN = {
    *map(chr, range(0x20)), "\x7f", *map(chr, range(0x80, 0xA0)),
    *"\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff\u061c",
} - {"\n"}  # fmt: skip
"""Characters that would steer a terminal, reorder a line or hide."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What one command line did.

    Attributes:
        arguments: the command line.
        code: its exit code, or what escaped.
        stdout: as text.
        stderr: as text.
        resident: the most memory that the process held so far, in bytes.
    """

    arguments: tuple[str, ...]
    code: int | str
    stdout: str
    stderr: str
    resident: int

    @property
    def said(self) -> str:
        """Everything that was printed."""
        return self.stdout + self.stderr


def run_guarded(
    folder: Path,
    commands: Sequence[Sequence[str]],
    hosts: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    address_space: int = ADDRESS_SPACE,
) -> list[Ran]:
    """Run command lines in one guarded process.

    Args:
        folder: where the hostile models are; ``folder/out`` is the one place for outputs.
        commands: one list of arguments each.
        hosts: ``host:port`` that may be connected to.
        environment: more of it.
        address_space: in bytes; 0 where torch is imported.
    """
    (folder / "out").mkdir(exist_ok=True)
    plan = {
        "commands": [list(command) for command in commands],
        "writable": str(folder / "out"),
        "untrusted": str(folder),
        "hosts": list(hosts),
        "seconds": SECONDS,
        "address_space": address_space,
    }
    done = subprocess.run(
        [sys.executable, "-B", "-m", "tests.hostile.child"],
        input=json.dumps(plan), capture_output=True, text=True, cwd=ROOT,
        timeout=(WALL * SECONDS + 6) * len(commands) + 30,
        env={"PATH": os.environ["PATH"], "HOME": str(folder / "out"), "HF_TOKEN": CANARY, "LC_ALL": "C.UTF-8",
             "OPENBLAS_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", **(environment or {})},
    )  # fmt: skip
    replies = [json.loads(line) for line in done.stdout.splitlines()]
    unanswered = [list(command) for command in commands[len(replies) :]][:1]
    assert done.returncode != VIOLATION, f"{unanswered}: {done.stderr}"
    assert done.returncode == 0, f"{unanswered}: exit {done.returncode}\n{done.stderr[-3000:]}"
    return [Ran(tuple(command), **reply) for command, reply in zip(commands, replies, strict=True)]


def behaves(ran: Ran, codes: Sequence[int] = (0, 1, 2, 3)) -> None:
    """Assert what holds of every command line, whatever it was given."""
    shown = f"{' '.join(ran.arguments)[:300]}: {ran.code!r} {ran.stderr[:500]!r}"
    assert ran.code in codes, shown
    assert CANARY not in ran.said, shown
    assert "Traceback" not in ran.said, shown
    assert "internal error" not in ran.said, shown
    assert not HIDDEN & set(ran.said), f"{shown} prints {sorted(map(ascii, HIDDEN & set(ran.said)))}"
    if ran.code == 2:
        assert ran.stdout == "", shown
        assert ran.stderr.count("\n") == 1, shown
        assert ran.stderr.startswith("lineage-audit: "), shown
        assert len(ran.stderr) < 1200, shown
    else:
        assert ran.stderr == "", shown
