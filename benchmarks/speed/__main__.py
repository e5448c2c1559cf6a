"""Measure time and memory on checkpoints of published shapes, and hold them against what they should be.

Run from the project's root: ``python -m benchmarks.speed --out DIR``. At full scale the checkpoints take 90 GB of disk
and should fit into memory as a cache; ``--scale`` makes them smaller (fewer layers and tokens at the same width).
Everything is run in turns and in one go, each command in a process of its own, so that ratios hold on a busy machine.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks.speed.running import Run, compare, load, python, run

MEBI = 2**20

_SAMPLES = Path("sample_checkpoints")
_STARTS = 5
"""Turns of a command that takes a second, for each run of one that takes longer."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: what was run, what it took, what it was held against, and what that should be."""

    what: str
    taken: Run | None
    against: str
    goal: str
    holds: bool | None = None

    def __str__(self) -> str:
        verdict = {True: "yes", False: "NO", None: ""}[self.holds]
        if self.taken is None:
            return f"{self.what:44}{'':32}{self.against:>26}  {self.goal:24}{verdict}"
        took = f"{self.taken.seconds:9.1f} s{self.taken.processor:9.1f} s{self.taken.peak / MEBI:8.0f} MiB"
        return f"{self.what:44}{took}{self.against:>26}  {self.goal:24}{verdict}"


@dataclass(frozen=True, slots=True)
class Setting:
    """Where the checkpoints are, how large they are, and how often each command is run."""

    out: Path
    scale: float
    layers: int
    rounds: int
    modeldna: Path | None

    def checkpoint(self, name: str) -> str:
        """Build a checkpoint in another process, and give its folder."""
        arguments = (str(self.out), name, f"{self.scale:g}", str(self.layers))
        if python("-m", "benchmarks.speed.building", *arguments).code:
            raise SystemExit(f"the checkpoint {name} could not be built in {self.out}; is the disk full?")
        return str(self.out / f"{name}-{self.scale:g}-{self.layers}")


def main() -> int:
    """Measure what was asked for and print the table; exit with 1 if a goal was missed."""
    options = _options()
    setting = Setting(options.out, options.scale, options.layers, options.rounds, options.modeldna)
    setting.out.mkdir(parents=True, exist_ok=True)
    print(f"scale {setting.scale:g}, load {load()} on {os.cpu_count()} cores")
    print(f"{'':44}{'wall':>11}{'processor':>11}{'peak':>12}")
    missed = 0
    for name in options.only:
        for row in PARTS[name](setting):
            print(row, flush=True)
            missed += row.holds is False
    print(f"load {load()}")
    return int(missed > 0)


def _header_work(setting: Setting) -> Iterator[Row]:
    """Some 90,000 tensors in 163 shards, of which nothing but headers is read."""
    a, b = setting.checkpoint("headers-a"), setting.checkpoint("headers-b")
    commands = {
        "inspect, 90,000 tensors": partial(python, "-m", "lineage_audit", "inspect", a, "--format", "json"),
        "compare two such, metadata": partial(compare, a, b, "metadata"),
    }
    for what, command in commands.items():
        taken = _best(setting, command)
        holds = seconds_alone(taken) < 5 and taken.peak < 1024 * MEBI
        yield Row(what, taken, "", "5 s, 1024 MiB", holds)


def _start(setting: Setting) -> Iterator[Row]:
    """A small pair, start included, in turns with the start of Python and NumPy; processor time, which is steadier."""
    numpy = partial(python, "-c", "import numpy")
    parent, child = (str(_SAMPLES / f"llama-style-{name}") for name in ("parent", "finetune"))
    pair = partial(compare, parent, child, "sample")
    numpy(), pair()  # the first run of a module compiles it
    turns = [(numpy(), pair()) for _ in range(_STARTS * setting.rounds)]
    ratio = median(ours.processor / bare.processor for bare, ours in turns)
    bare, ours = (min(runs, key=lambda one: one.processor) for runs in zip(*turns, strict=True))
    yield Row("Python and NumPy, imported", bare, "", "")
    yield Row("sample, pair of 3 MB", ours, f"{ratio:.1f} of the import", "at most 4", ratio <= 4)


def _sample(setting: Setting) -> Iterator[Row]:
    """A sample of a local pair of seven billion parameters."""
    taken = _best(setting, partial(compare, setting.checkpoint("7B-parent"), setting.checkpoint("7B-child"), "sample"))
    yield Row("sample, 7B pair", taken, "", "2 s, 400 MiB", seconds_alone(taken) < 2 and taken.peak < 400 * MEBI)
    yield from _modeldna(setting, "7B")


def _full(setting: Setting) -> Iterator[Row]:
    """Every byte, in turns with the bare loop."""
    with_torch = python("-c", "import torch")
    yield Row("the interpreter with torch", with_torch, "", "")
    peaks = {}
    for size in ("1B", "8B"):
        a, b = setting.checkpoint(f"{size}-parent"), setting.checkpoint(f"{size}-child")
        turns = [
            (python("-m", "benchmarks.speed.bare_loop", a, b), compare(a, b, "full")) for _ in range(setting.rounds)
        ]
        bare, ours = (min(runs, key=lambda one: one.seconds) for runs in zip(*turns, strict=True))
        ratio = median(ours.seconds / bare.seconds for bare, ours in turns)
        peaks[size] = ours.peak
        above = (ours.peak - with_torch.peak) / MEBI
        yield Row(f"bare loop with torch, {size} pair", bare, "", "")
        yield Row(f"full, {size} pair", ours, f"{ratio:.2f} of the bare loop", "at most 1.3", ratio <= 1.3)
        yield Row(f"full, {size} pair: memory", None, f"{above:+.0f} MiB above torch", "1024 MiB", above <= 1024)
    yield Row("full: memory, 8B over 1B", None, f"{peaks['8B'] / peaks['1B']:.2f}", "about the same")
    yield from _modeldna(setting, "1B")


def _search(setting: Setting) -> Iterator[Row]:
    """A disguised model of the width of 7B: residual channels and FFN units in another order."""
    a, b = setting.checkpoint("search-parent"), setting.checkpoint("search-child")
    taken = compare(a, b, "search", "--fail-on", "derived")
    whole = seconds_alone(taken, threads=2) * 32 / setting.layers
    goal = "found, 120 s at 32 layers"
    what = f"search, 7B disguised, {setting.layers} layers"
    yield Row(what, taken, f"at most {whole:.0f} s for 32", goal, taken.code == 1 and whole < 120)


def _modeldna(setting: Setting, size: str) -> Iterator[Row]:
    """ModelDNA on the same files."""
    if setting.modeldna is None:
        yield Row(f"modelDNA, {size} pair", None, "left out", "no --modeldna PROGRAM")
        return
    a, b = setting.checkpoint(f"{size}-parent"), setting.checkpoint(f"{size}-child")
    taken = run([str(setting.modeldna), "compare", a, b])
    note = "" if taken.code == 0 else f"gave up with exit code {taken.code}"
    yield Row(f"modelDNA, {size} pair", taken, note, "")


PARTS: dict[str, Callable[[Setting], Iterator[Row]]] = {
    "start": _start,
    "headers": _header_work,
    "sample": _sample,
    "full": _full,
    "search": _search,
}


def _best(setting: Setting, command: Callable[[], Run]) -> Run:
    """The fastest of several runs: what others do on the machine can only slow one down."""
    return min((command() for _ in range(setting.rounds)), key=lambda taken: taken.seconds)


def seconds_alone(taken: Run, threads: int = 1) -> float:
    """How long a command takes on a machine that it has to itself: at most its wall time.

    Where others keep the processors busy, its processor time, shared by the threads that it uses, says more.
    """
    cores = os.cpu_count() or 1
    return taken.seconds if os.getloadavg()[0] < cores else min(taken.seconds, taken.processor / threads)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the checkpoints are built")
    parser.add_argument("--scale", type=float, default=1.0, help="share of layers and tokens (default: 1)")
    parser.add_argument("--layers", type=int, default=32, help="layers of the model that is searched (default: 32)")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each command (default: 3)")
    parser.add_argument("--only", nargs="+", choices=list(PARTS), default=list(PARTS), metavar="PART")
    parser.add_argument("--modeldna", type=Path, metavar="PROGRAM", help="also time modelDNA, installed elsewhere")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
