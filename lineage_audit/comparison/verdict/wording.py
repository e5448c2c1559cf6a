"""The verdict in a sentence, and what has to be said beside it."""

from __future__ import annotations

from lineage_audit.comparison.verdict.findings import Findings
from lineage_audit.comparison.verdict.standing import has_searched, held_out_agreement, strongest, strongest_held_out
from lineage_audit.comparison.verdict.thresholds import (
    HELD_OUT_UNCLEAR,
    LEAST_COMPARED,
    MOST_UNPLACED,
    SMALL_SHARE,
    UNCLEAR_LOG10_P,
)
from lineage_audit.results import Direction, Relation

DISTILLATION = "Distillation leaves no trace in the weights: it can be neither found nor excluded here."
SAME_NUMBERS = (
    "Layers, units, heads and channels were compared under their own numbers only; "
    "--effort search looks for a copy in which they were moved or rotated."
)
THROUGH_EMBEDDINGS = (
    "Other orders were looked for through the embeddings of shared tokens, units that kept their number, and spectra: "
    "a copy that lost the first two and was trained on goes unseen."
)
NOT_THEFT = "Related weights say nothing of permission: the licence and the parties do."


def sentence(relation: Relation, findings: Findings, log10_p: float | None, limit: float | None) -> str:
    """The verdict in one sentence for a person."""
    architecture = findings.architecture[:1].upper() + findings.architecture[1:]
    if relation == "identical":
        return "Identical: B holds the very weights of A."
    if relation == "derived" and findings.subset:
        part, whole = ("B", "A") if findings.subset == "b" else ("A", "B")
        return f"Derived: every weight of {part} stands bit-identical in {whole}, which holds more."
    if relation == "derived":
        best = strongest(findings.evidence)
        found = best.finding if best else "no test was needed"
        share = findings.shares.derived
        if share is not None and share < SMALL_SHARE:
            return f"Derived: {share:.0%} of B's parameters can be traced to A's; {found}."
        return f"Derived: B's weights share training with A's; {found}."
    if relation == "shared-origin":
        return (
            "Shared origin: the weights are not independent, yet what training alone moves does not agree; "
            "one initialisation trained twice fits."
        )
    if relation == "independent":
        return (
            f"{architecture}; independent weights: no test found a relation, and one as weak as a cosine of "
            f"{limit:.3f} would have shown."
        )
    return f"Inconclusive: {_reason(findings, log10_p, limit)}."


def _reason(findings: Findings, log10_p: float | None, limit: float | None) -> str:
    if findings.obstacle:
        return findings.obstacle
    if log10_p is not None and log10_p <= UNCLEAR_LOG10_P:
        return f"p ≤ 10^{log10_p:.1f} is too weak to call them related and too strong to call them independent"
    held_out = strongest_held_out(findings.evidence)
    if held_out is not None and held_out_agreement(findings.evidence) >= HELD_OUT_UNCLEAR:
        return f"{held_out.finding}: too little to call them related, too much to call them independent"
    if findings.unplaced > MOST_UNPLACED:
        return (
            f"{findings.unplaced:.0%} of B's parameters stand under names that say nothing, in shapes that A has; "
            "under their own numbers they resemble nothing in A"
        )
    if findings.shares.compared < LEAST_COMPARED and not has_searched(findings.evidence):
        return f"only {findings.shares.compared:.0%} of B's parameters have a counterpart of the same shape in A"
    if limit is None:
        return "no test could be run with enough units"
    return f"a relation weaker than a cosine of {limit:.2f} would not have been seen"


def caveats(findings: Findings, relation: Relation, direction: Direction) -> tuple[str, ...]:
    """What the reader must know before quoting the verdict."""
    said = list(findings.caveats)
    if relation == "derived" and direction == "undetermined":
        said.append(
            "Which came first is not shown: one was made from the other, or both stayed close to a common ancestor."
        )
    if relation == "derived" and findings.gains is None and not findings.subset:
        said.append("Norm gains could not speak: one initialisation trained twice is not excluded.")
    if relation in ("derived", "shared-origin", "identical"):
        said.append(NOT_THEFT)
    if relation == "independent":
        said.append(THROUGH_EMBEDDINGS if findings.searched else SAME_NUMBERS)
        said.append(DISTILLATION)
    return tuple(said)
