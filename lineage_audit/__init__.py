"""How much, how, and how surely one open-weight model derives from another.

>>> import lineage_audit
>>> report = lineage_audit.compare("path/to/a", "org/name@revision")  # doctest: +SKIP
>>> report.verdict.relation  # doctest: +SKIP
'derived'
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineage_audit.errors import LineageAuditError
from lineage_audit.results import CheckReport, Evidence, Finding, Inspection, Operation, Report, Verdict
from lineage_audit.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from lineage_audit.comparison import EffortChoice
    from lineage_audit.comparison.progress import Progress
    from lineage_audit.results import FailOn

__all__ = [
    "CheckReport",
    "Evidence",
    "Finding",
    "Inspection",
    "LineageAuditError",
    "Operation",
    "Report",
    "Verdict",
    "__version__",
    "check",
    "compare",
    "inspect",
]


def compare(
    a: str,
    b: str,
    *,
    effort: EffortChoice = "auto",
    progress: Progress | None = None,
    parents: Sequence[str] = (),
) -> Report:
    """Compare two models.

    Args:
        a: a local folder or file, or a Hub repository ``org/name[@revision]``; the suspected ancestor, if any.
        b: the same for the other model.
        effort: how much of the weights to read: ``auto``, ``metadata``, ``sample`` or ``full``.
        progress: told how far reading has come.
        parents: models that B may be a merge of, with A as their common base.

    Raises:
        LineageAuditError: a model cannot be found or read; one line says why and what to do.
    """
    from lineage_audit.checkpoint import open_checkpoint
    from lineage_audit.comparison import compare_checkpoints

    named = tuple(open_checkpoint(parent) for parent in parents)
    return compare_checkpoints(open_checkpoint(a), open_checkpoint(b), effort, progress, named)


def check(
    subject: str,
    references: Sequence[str] = (),
    *,
    policy: str | Path | None = None,
    with_declared: bool = True,
    effort: EffortChoice = "auto",
    fail_on: FailOn | None = None,
    progress: Progress | None = None,
) -> CheckReport:
    """Hold a model's licence and base-model claims against its weights.

    Args:
        subject: a local folder or file, or a Hub repository ``org/name[@revision]``.
        references: models that it might derive from; the bases that its card declares are added.
        policy: a YAML file, or a TOML file with ``[tool.lineage-audit]``; its baseline holds.
        with_declared: add the bases that the card declares.
        effort: how much of the weights to read: ``auto``, ``metadata``, ``sample``, ``search`` or ``full``.
        fail_on: the level at which findings fail; by default the policy's, or ``error``.
        progress: told how far reading has come.

    Raises:
        LineageAuditError: a model that was given cannot be found, a weight file is unsafe, or the policy or its
            baseline cannot be used.
    """
    from pathlib import Path

    from lineage_audit.claims import CheckOptions, Policy, check_claims, read_baseline, read_policy, rule_ids

    read = read_policy(Path(policy), rule_ids()) if policy is not None else Policy()
    known = read_baseline(read.baseline) if read.baseline else frozenset()
    return check_claims(subject, references, CheckOptions(read, with_declared, effort, fail_on, known), progress)


def inspect(model: str) -> Inspection:
    """Say what one model is: architecture, roles, types, tokenizer, and what it claims of itself.

    Raises:
        LineageAuditError: the model cannot be found or read; one line says why and what to do.
    """
    from lineage_audit.checkpoint import open_checkpoint
    from lineage_audit.inspection import inspect_checkpoint

    return inspect_checkpoint(open_checkpoint(model))
