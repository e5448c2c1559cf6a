"""Language models against their descendants: each pair compared by the command, in a process of its own."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.real_world.descendants import Descendant, Ground, descendants_of
from benchmarks.real_world.making import floats_of, made
from benchmarks.real_world.models import LANGUAGE_MODELS
from benchmarks.speed.running import Run, python

MEBI = 2**20
LIMIT = 600.0
"""Seconds after which a comparison has failed, however it would have ended."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was said of a descendant, and what it took.

    Attributes:
        model: the published model.
        name: the descendant.
        relation: the verdict, or ``failed``.
        operations: those that were named.
        missing: those that should have been, too.
        log10_p: the p-value of the verdict.
        read: bytes of A and of B beyond those that `metadata` effort reads.
        run: time and memory.
        metadata: processor time of the same comparison without weights.
        is_right: whether the relation is.
    """

    model: str
    name: str
    relation: str
    operations: tuple[str, ...]
    missing: tuple[str, ...]
    log10_p: float | None
    read: tuple[int, int]
    run: Run
    metadata: float
    is_right: bool

    @property
    def processor(self) -> float:
        """Processor time, tokenizers and headers apart."""
        return self.run.processor - self.metadata


def outcomes(
    places: dict[str, Path],
    folder: Path,
    models: Sequence[str],
    only: Sequence[str],
    options: Sequence[str],
    known: Sequence[Outcome] = (),
) -> Iterator[Outcome]:
    """Make, compare and remove descendants of language models; no name in ``only`` means all.

    What is known of one is given as it stands.
    """
    done = {(outcome.model, outcome.name): outcome for outcome in known}
    floats = {model.name: floats_of(places[model.name], folder / f"{model.name}-floats") for model in LANGUAGE_MODELS}
    for model in (one for one in LANGUAGE_MODELS if one.name in models):
        other = next(one for one in LANGUAGE_MODELS if one is not model)
        ground = Ground(
            places[model.name],
            floats[model.name],
            floats[other.name],
            folder / f"{model.name}-made",
        )
        for name, descendant in descendants_of(model.name):
            if not only or name in only:
                yield done.get((model.name, name)) or _outcome(model.name, name, descendant, ground, options)


def _outcome(model: str, name: str, descendant: Descendant, ground: Ground, options: Sequence[str]) -> Outcome:
    with tempfile.TemporaryDirectory(dir=ground.gguf.parent) as scratch:
        subject = made(name, ground, Path(scratch))
        bare, document = _compared(ground.gguf, subject, Path(scratch, "bare.json"), ("--effort", "metadata"))
        without = _bytes_read(document)
        run, document = _compared(ground.gguf, subject, Path(scratch, "report.json"), options)
    if not document:
        return Outcome(
            *(model, name, "failed", (), descendant.operations, None, (0, 0), run, bare.processor), is_right=False
        )
    verdict = document["verdict"]
    operations = tuple(entry["kind"] for entry in verdict["operations"])
    missing = tuple(kind for kind in descendant.operations if kind not in operations)
    read = _bytes_read(document)
    return Outcome(
        *(model, name, verdict["relation"], operations, missing, verdict["log10_p"]),
        *((read[0] - without[0], read[1] - without[1]), run, bare.processor),
        is_right=verdict["relation"] in descendant.right,
    )


def _compared(gguf: Path, subject: str, report: Path, options: Sequence[str]) -> tuple[Run, dict[str, Any]]:
    """Run the command; give what it took and its report, empty where it failed."""
    run = python(
        "-m", "lineage_audit", "compare", str(gguf), subject, "--quiet", "-o", str(report), *options, limit=LIMIT
    )
    return run, json.loads(report.read_text()) if report.exists() else {}


def _bytes_read(document: dict[str, Any]) -> tuple[int, int]:
    return (document["a"]["bytes_read"], document["b"]["bytes_read"]) if document else (0, 0)


HEADING = (
    f"{'model':18}{'descendant':20}{'verdict':14}{'':6}{'log10 p':>9}{'MiB A':>7}{'MiB B':>7}{'cpu s':>7}{'+meta':>7}"
    f"{'peak MiB':>9}  operations"
)


def line(outcome: Outcome) -> str:
    """One row of the table."""
    mark = "ok" if outcome.is_right else "WRONG"
    log10_p = "-" if outcome.log10_p is None else f"{outcome.log10_p:.1f}"
    mebi = "".join(f"{read / MEBI:7.1f}" for read in outcome.read)
    took = f"{mebi}{outcome.processor:7.1f}{outcome.metadata:7.1f}{outcome.run.peak / MEBI:9.0f}"
    missing = f"  (not named: {', '.join(outcome.missing)})" if outcome.missing else ""
    said = f"{outcome.model:18}{outcome.name:20}{outcome.relation:14}{mark:6}{log10_p:>9}{took}"
    return f"{said}  {', '.join(outcome.operations)}{missing}"
