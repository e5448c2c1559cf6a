"""One comparison in a process of its own: what it said and what it took."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from benchmarks.scale.nearness import Nearest, nearest
from benchmarks.scale.pairs import ScalePair
from benchmarks.scale.server import Counts
from benchmarks.speed.running import Run, python

LIMIT = 600.0
"""Seconds after which a comparison has failed, however it would have ended."""

_ENDINGS = {-9: f"not done after {LIMIT:.0f} s", 2: "refused"}


@dataclass(frozen=True, slots=True)
class Measured:
    """What a comparison said and took.

    Attributes:
        pair: the two models and what is true of them.
        relation: the verdict, or ``failed``.
        operations: the operations that were named.
        log10_p: the p-value of the verdict.
        summary: the verdict in words, or what was printed where it failed.
        counts: what each model was asked for, A first.
        run: time and memory.
        metadata: processor time of the same comparison without weights.
        nearest: the statistic that came nearest to its threshold.
    """

    pair: ScalePair
    relation: str
    operations: tuple[str, ...]
    log10_p: float | None
    summary: str
    counts: tuple[Counts, Counts]
    run: Run
    metadata: float | None
    nearest: Nearest | None = None

    @property
    def is_right(self) -> bool:
        """Whether the relation is."""
        return self.relation in self.pair.right


@contextmanager
def running_hub() -> Iterator[str]:
    """Serve the models from another process for as long as the block runs; give the address."""
    command = [sys.executable, "-m", "benchmarks.scale.server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=_one_thread()) as server:
        try:
            assert server.stdout is not None, "it was asked for"
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


def measure(pair: ScalePair, hub: str, effort: str, options: Sequence[str], with_metadata: bool) -> Measured:
    """Compare a pair."""
    metadata = _compare(pair, hub, "metadata", (), None)[0].processor if with_metadata else None
    _told(hub)
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        run, said = _compare(pair, hub, effort, options, report)
        document = json.loads(report.read_text()) if report.exists() else None
    told = _told(hub)
    counts = (told.get(pair.a, Counts()), told.get(pair.b, Counts()))
    if document is None:
        return Measured(pair, "failed", (), None, said, counts, run, metadata)
    verdict = document["verdict"]
    operations = tuple(operation["kind"] for operation in verdict["operations"])
    return Measured(
        *(pair, verdict["relation"], operations, verdict["log10_p"], verdict["summary"], counts, run, metadata),
        nearest=nearest(document),
    )


def _compare(pair: ScalePair, hub: str, effort: str, options: Sequence[str], report: Path | None) -> tuple[Run, str]:
    """Run the command against the Hub, with a cache that holds nothing."""
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"HF_ENDPOINT": hub, "HF_HOME": home, "HF_HUB_DISABLE_TELEMETRY": "1"}
        output = ("-o", str(report)) if report else ()
        command = ("-m", "lineage_audit", "compare", pair.a, pair.b, "--effort", effort, "--quiet", *output, *options)
        run = python(*command, limit=LIMIT)
        return run, "" if run.code in (0, 1, 3) else _ENDINGS.get(run.code, f"exit code {run.code}")


def _told(hub: str) -> dict[str, Counts]:
    with urlopen(f"{hub}/counts") as answer:
        return {name: Counts(**counts) for name, counts in json.load(answer).items()}


def _one_thread() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
