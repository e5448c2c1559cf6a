"""How much, how, and how surely one open-weight model derives from another.

>>> import lineage_audit
>>> report = lineage_audit.compare("path/to/a", "org/name@revision")  # doctest: +SKIP
>>> report.verdict.relation  # doctest: +SKIP
'derived'
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineage_audit.errors import LineageAuditError
from lineage_audit.results import Evidence, Inspection, Operation, Report, Verdict
from lineage_audit.version import __version__

if TYPE_CHECKING:
    from lineage_audit.comparison import EffortChoice
    from lineage_audit.comparison.progress import Progress

__all__ = [
    "Evidence",
    "Inspection",
    "LineageAuditError",
    "Operation",
    "Report",
    "Verdict",
    "__version__",
    "compare",
    "inspect",
]


def compare(a: str, b: str, *, effort: EffortChoice = "auto", progress: Progress | None = None) -> Report:
    """Compare two models.

    Args:
        a: a local folder or file, or a Hub repository ``org/name[@revision]``; the suspected ancestor, if any.
        b: the same for the other model.
        effort: how much of the weights to read: ``auto``, ``metadata``, ``sample`` or ``full``.
        progress: told how far reading has come.

    Raises:
        LineageAuditError: a model cannot be found or read; one line says why and what to do.
    """
    from lineage_audit.checkpoint import open_checkpoint
    from lineage_audit.comparison import compare_checkpoints

    return compare_checkpoints(open_checkpoint(a), open_checkpoint(b), effort, progress)


def inspect(model: str) -> Inspection:
    """Say what one model is: architecture, roles, types, tokenizer, and what it claims of itself.

    Raises:
        LineageAuditError: the model cannot be found or read; one line says why and what to do.
    """
    from lineage_audit.checkpoint import open_checkpoint
    from lineage_audit.inspection import inspect_checkpoint

    return inspect_checkpoint(open_checkpoint(model))
