"""One model type: the share of its parameters that is mapped, and what comparing it with its relatives gives."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import lineage_audit
from benchmarks.architectures.models import NotBuiltError, write, write_family
from lineage_audit import Report
from lineage_audit.checkpoint import open_checkpoint
from lineage_audit.checkpoint.names import name_pattern
from lineage_audit.checkpoint.roles import Role

MOST_LISTED = 12
EXACT_LOG10_P = -6.0


@dataclass(frozen=True, slots=True)
class Row:
    """What a model type gave; verdicts as ``relation`` or ``relation (exact test)``, a failure as its error."""

    model_type: str
    mapped: str
    parts: str
    noisy: str = "-"
    stranger: str = "-"
    permuted: str = "-"
    unmapped: str = ""

    def written(self) -> str:
        """The row as a line of a table."""
        return "\t".join(astuple(self))


HEADER = "\t".join(field.name for field in fields(Row))


def row_of(name: str, *, only_names: bool) -> Row:
    """Build a model type, and compare it with its relatives unless only its names are asked for."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            if only_names:
                write(name, 0, Path(folder) / "original")
                return _mapped(name, Path(folder) / "original", {})
            places = write_family(name, Path(folder))
            verdicts = {
                kind: _verdict(places["original"], place) for kind, place in places.items() if kind != "original"
            }
            return _mapped(name, places["original"], verdicts)
    except NotBuiltError as error:
        return Row(name, "-", "-", unmapped=f"not built: {error}")


def _mapped(name: str, place: Path, verdicts: dict[str, str]) -> Row:
    checkpoint = open_checkpoint(str(place))
    unknown = [tensor for tensor in checkpoint.tensors if tensor.role is Role.OTHER]
    share = 1 - sum(tensor.size for tensor in unknown) / max(1, sum(tensor.size for tensor in checkpoint.tensors))
    patterns = dict.fromkeys(name_pattern(tensor.name) for tensor in unknown)
    parts: dict[str, set[int]] = {}
    for tensor in checkpoint.tensors:
        parts.setdefault(str(tensor.part), set()).update(() if tensor.layer is None else (tensor.layer,))
    words = ", ".join(f"{part} {len(layers)}" for part, layers in parts.items())
    return Row(name, f"{share:.3f}", words, **verdicts, unmapped=" ".join(list(patterns)[:MOST_LISTED]))


def _verdict(a: Path, b: Path) -> str:
    """The relation, and the exact tests that show it; an internal error by its type."""
    try:
        report = lineage_audit.compare(str(a), str(b), effort="full")
    except Exception as error:  # what must not happen is what the sweep looks for
        return f"error: {type(error).__name__}: {error}".replace("\n", " ").replace("\t", " ")[:160]
    shown = ", ".join(_exact_tests(report))
    return f"{report.verdict.relation} ({shown})" if shown else report.verdict.relation


def _exact_tests(report: Report) -> Iterator[str]:
    for test in report.evidence:
        if test.grade == "exact" and test.log10_p is not None and test.log10_p <= EXACT_LOG10_P:
            yield test.test_id
