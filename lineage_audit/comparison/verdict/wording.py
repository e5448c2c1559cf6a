"""The verdict in a sentence, and what has to be said beside it."""

from __future__ import annotations

from collections.abc import Sequence

from lineage_audit.comparison.verdict.deltas import advise_on_delta, describe_delta
from lineage_audit.comparison.verdict.direction import Precedence, words_of
from lineage_audit.comparison.verdict.findings import Findings, other_than
from lineage_audit.comparison.verdict.rules import VerdictRule
from lineage_audit.comparison.verdict.standing import strongest
from lineage_audit.comparison.verdict.thresholds import RELATION
from lineage_audit.results import RELATED, PartVerdict

DISTILLATION = (
    "Distillation from outputs leaves no trace in the weights: it can be neither found nor excluded here; "
    "imitated hidden states may leave one, in the channels."
)
_INVARIANTS = (
    "Other orders, signs and bases were asked for through key heads, embeddings of shared tokens and FFN units under "
    "their channels' numbers: FFNs taken alone under new channel numbers and gains go unseen; --effort search looks "
    "for them."
)
_THROUGH_EMBEDDINGS = (
    "Other orders were looked for through the embeddings of shared tokens, units that kept their number, and spectra: "
    "a copy that lost the first two and was trained on goes unseen."
)
NO_ORDER = "Which came first is not shown: one was made from the other, or both stayed close to a common ancestor."
NOT_THEFT = "Related weights say nothing of permission: the licence and the parties do."


_ORIGINS = {
    "residual-basis": "a common residual basis: embeddings or hidden states were shared or imitated; no layer weights",
    "initialisation": "the weights are not independent, yet what training alone moves does not agree; "
    "one initialisation trained twice fits",
    "training": "the weights are not independent, and what training alone moves agrees",
    "untold": "the weights are not independent; a common start and common training are not told apart",
}
"""Rule or cause -> what a shared origin shares."""


def _origin(rule: VerdictRule, findings: Findings) -> str:
    if rule.name in _ORIGINS:
        return rule.name
    return rule.cause(findings) if rule.cause else "untold"


def sentence(rule: VerdictRule, findings: Findings, limit: float | None) -> str:
    """The verdict in one sentence for a person."""
    relation, written = rule.relation, findings.written_sum
    if rule.name == "same-sum" and written:
        return f"Identical to within rounding: {written.whole} is {written.of}."
    if rule.name == "same-sum-as-read" and written:
        return (
            f"Derived: as far as the weights were read, {written.whole} is {written.of} ({written.parts}) to within "
            "rounding."
        )
    if relation == "identical" and written:
        return f"Identical: {written.whole} holds the very weights of {written.of}."
    if relation in ("derived", "shared-origin") and findings.delta:
        word, base = relation.replace("-", " ").capitalize(), other_than(findings.delta)
        described, advice = describe_delta(findings.delta), advise_on_delta(findings.delta)
        return f"{word}: {described}, and is not independent of {base}; {advice}."
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
        if share is not None and share < RELATION.small_share:
            return f"Derived: {share:.0%} of B's parameters can be traced to A's; {found}."
        return f"Derived: B's weights share training with A's; {found}."
    if relation == "shared-origin":
        return f"Shared origin: {_ORIGINS[_origin(rule, findings)]}."
    if relation == "independent":
        return (
            f"{architecture}; independent weights: no test found a relation, and one as weak as a cosine of "
            f"{limit:.3f} would have shown."
        )
    return f"Inconclusive: {rule.reason(findings) if rule.reason else 'nothing can be said'}."


def by_part(parts: Sequence[PartVerdict]) -> str:
    """The relation of every part, where they differ: ``By part: language model independent, vision tower derived``."""
    if len({part.relation for part in parts}) < 2:
        return ""
    said = (f"{' and '.join(part.parts).replace('_', ' ')} {part.relation}" for part in parts)
    return f" By part: {', '.join(said)}."


def caveats(findings: Findings, rule: VerdictRule, precedence: Precedence) -> tuple[str, ...]:
    """What the reader must know before quoting the verdict."""
    relation, written = rule.relation, findings.written_sum
    if rule.name == "same-sum" and written:
        return (*_beyond(findings), *written.caveats, NOT_THEFT)
    said = list(findings.caveats)
    if relation == "derived" and precedence.direction == "undetermined" and len(precedence.excluded) < 2:
        said.append(NO_ORDER)
    if relation == "derived" and findings.gains is None and not findings.subset:
        said.append("Norm gains could not speak: one initialisation trained twice is not excluded.")
    shown = words_of(precedence, findings)
    if shown is not None:
        said.append(shown)
    if relation in RELATED:
        said.append(NOT_THEFT)
    if relation in RELATED:
        said[:0] = _beyond(findings)
    if relation == "independent":
        said.append(_THROUGH_EMBEDDINGS if findings.searched else _INVARIANTS)
        said.append(DISTILLATION)
    return tuple(said)


def _beyond(findings: Findings) -> tuple[str, ...]:
    """What related models share beyond a base that was named."""
    if findings.beyond is None:
        return ()
    found = findings.beyond
    said = found.finding if found.status == "measured" else f"beyond the base: not measured, {found.reason}"
    return (f"{said[:1].upper()}{said[1:]}.",)
