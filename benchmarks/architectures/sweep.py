"""One model type: the share of its parameters that is mapped, and what comparing it with its relatives gives."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import lineage_audit
from benchmarks.architectures.models import NotBuiltError, write, write_family
from benchmarks.architectures.time_limit import at_most
from lineage_audit import Report
from lineage_audit.checkpoint import open_checkpoint
from lineage_audit.checkpoint.names import name_pattern
from lineage_audit.checkpoint.roles import Role

MOST_LISTED = 12
EXACT_LOG10_P = -6.0
MOST_SECONDS = 60.0
"""Processor time that one type may take."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What comparing the model with one relative gave; an internal error has no relation."""

    relation: str | None
    exact_tests: tuple[str, ...] = ()
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """What a model type gave.

    Attributes:
        model_type: kind and type: ``causal__llama``.
        not_built: why it could not be built small; the rest is then empty.
        mapped: share of the parameters that have a role.
        parts: the layers of each part.
        unmapped: patterns of names without a role, the first few.
        noisy: what comparing with the noisy copy gave; None where only names were asked for.
        stranger: with another seed.
        permuted: with the copy whose units stand in another order.
        seconds: what it took.
    """

    model_type: str
    not_built: str | None = None
    mapped: float = 0.0
    parts: tuple[tuple[str, int], ...] = ()
    unmapped: tuple[str, ...] = ()
    noisy: Finding | None = None
    stranger: Finding | None = None
    permuted: Finding | None = None
    seconds: float = 0.0

    def written(self) -> str:
        """The row as a line of JSON."""
        return json.dumps(asdict(self))


def row_of(name: str, *, only_names: bool) -> Row:
    """Build a model type, and compare it with its relatives unless only its names are asked for."""
    started = time.monotonic()
    try:
        with tempfile.TemporaryDirectory() as folder, at_most(MOST_SECONDS):
            row = _names_of(name, Path(folder)) if only_names else _compared(name, Path(folder))
    except NotBuiltError as error:
        row = Row(name, not_built=str(error))
    return replace(row, seconds=round(time.monotonic() - started, 1))


def read_row(line: str) -> Row:
    """Read what ``Row.written`` wrote."""
    fields = json.loads(line)
    for kind in ("noisy", "stranger", "permuted"):
        if fields[kind] is not None:
            fields[kind] = Finding(**{**fields[kind], "exact_tests": tuple(fields[kind]["exact_tests"])})
    return Row(**{**fields, "parts": tuple(map(tuple, fields["parts"])), "unmapped": tuple(fields["unmapped"])})


def _names_of(name: str, folder: Path) -> Row:
    write(name, 0, folder / "original")
    return _mapped(name, folder / "original")


def _compared(name: str, folder: Path) -> Row:
    places = write_family(name, folder)
    original = places["original"]
    return replace(
        _mapped(name, original),
        noisy=finding(original, places["noisy"]),
        stranger=finding(original, places["stranger"]),
        permuted=finding(original, places["permuted"]),
    )


def _mapped(name: str, place: Path) -> Row:
    checkpoint = open_checkpoint(str(place))
    unknown = [tensor for tensor in checkpoint.tensors if tensor.role is Role.OTHER]
    share = 1 - sum(tensor.size for tensor in unknown) / max(1, sum(tensor.size for tensor in checkpoint.tensors))
    patterns = dict.fromkeys(name_pattern(tensor.name) for tensor in unknown)
    layers: dict[str, set[int]] = {}
    for tensor in checkpoint.tensors:
        layers.setdefault(str(tensor.part), set()).update(() if tensor.layer is None else (tensor.layer,))
    return Row(
        name,
        mapped=round(share, 4),
        parts=tuple((part, len(numbers)) for part, numbers in layers.items()),
        unmapped=tuple(list(patterns)[:MOST_LISTED]),
    )


def finding(a: Path, b: Path) -> Finding:
    """The relation, and the exact tests that show it; an internal error by its type."""
    try:
        report = lineage_audit.compare(str(a), str(b), effort="full")
    except NotBuiltError:
        raise
    except Exception as error:  # what must not happen is what the sweep looks for
        return Finding(None, error=f"{type(error).__name__}: {error}"[:160])
    return Finding(report.verdict.relation, tuple(_exact_tests(report)))


def _exact_tests(report: Report) -> Iterator[str]:
    for test in report.evidence:
        if test.grade == "exact" and test.log10_p is not None and test.log10_p <= EXACT_LOG10_P:
            yield test.test_id
