"""Evidence about two adapters becomes a verdict; its levels are those of ``comparison.verdict``.

Equal starts and common training cannot be told apart by a test (``evidence.py``): a rejection is ``shared-origin``.
``derived`` needs whole modules that are bit-identical, the half that started at zero included.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lineage_audit.comparison.adapters.evidence import TRAINED_HALF, UPDATES
from lineage_audit.comparison.adapters.factors import ModuleAgreement, SharedModules
from lineage_audit.comparison.verdict.standing import combined_log10_p, detection_limit
from lineage_audit.comparison.verdict.thresholds import ADAPTERS, INDEPENDENCE, RELATION
from lineage_audit.comparison.verdict.wording import NOT_THEFT
from lineage_audit.results import RELATED, Evidence, Relation, Verdict

_START_OR_TRAINING = (
    "Equal starts and common training look alike here: many adapters start from one default seed, and on one data set "
    "they then end alike. Whether one was trained on from the other is not shown."
)


@dataclass(frozen=True, slots=True)
class AdapterFindings:
    """Everything that a verdict about two adapters is made from.

    Attributes:
        shared: modules that both have, and those that one lacks.
        modules: what was measured of them.
        evidence: all tests.
        same_scaling: both scale every shared module alike.
        same_rest: both hold the same beside their factors.
        broken: why the exact tests do not hold, or None.
        caveats: what could not be read.
    """

    shared: SharedModules
    modules: Sequence[ModuleAgreement]
    evidence: tuple[Evidence, ...]
    same_scaling: bool
    same_rest: bool
    broken: str | None
    caveats: tuple[str, ...]

    @property
    def copied(self) -> int:
        """Modules that are bit-identical after training."""
        return sum(module.is_copied for module in self.modules)

    @property
    def is_complete(self) -> bool:
        """Whether both have the same modules, and all were measured."""
        left = self.shared.only_a or self.shared.only_b or self.shared.mismatched
        return bool(self.modules) and not left and len(self.modules) == len(self.shared.pairs)

    def effect(self, test_id: str) -> float | None:
        """The effect of a test, if it was measured."""
        return next((item.effect for item in self.evidence if item.test_id == test_id), None)


def decide(findings: AdapterFindings) -> Verdict:
    """Decide the relation of two adapters, and say it in one sentence."""
    exact, limit = combined_log10_p(findings.evidence), detection_limit(findings.evidence)
    relation, summary = _relation(findings, exact, limit)
    update = findings.effect(UPDATES.test_id)
    elements = sum(module.elements for module in findings.modules)
    related = relation in ("identical", "derived")
    return Verdict(
        relation=relation,
        direction="undetermined",
        summary=summary,
        grade="exact" if exact is not None or relation == "identical" else "calibrated",
        log10_p=exact,
        derived_share=1.0 if relation == "identical" else _copied_share(findings) if related else None,
        explained_variance=update**2 if update is not None else None,
        copied_share=sum(module.equal for module in findings.modules) / elements if elements else None,
        detection_limit=limit,
        operations=(),
        caveats=_caveats(findings, relation, update),
        cause="untold" if relation == "shared-origin" else None,
    )


def _relation(findings: AdapterFindings, exact: float | None, limit: float | None) -> tuple[Relation, str]:
    count = len(findings.modules)
    if findings.is_complete and all(module.equal == module.elements for module in findings.modules):
        if findings.same_scaling and findings.same_rest:
            return "identical", f"Identical: both adapters hold the same factors in all {count:,} modules."
        apart = "other tensors beside them differ" if findings.same_scaling else "are scaled differently"
        if findings.copied:
            return "derived", f"Derived: the factors of all {count:,} modules are bit-identical, and {apart}."
    if findings.copied:
        return "derived", (
            f"Derived: {findings.copied:,} of {count:,} modules that both have are bit-identical, "
            "the half that started at zero included."
        )
    if (findings.effect(UPDATES.test_id) or 0.0) >= ADAPTERS.same_update:
        return "derived", "Derived: both adapters make the same update of the weights, in other factors."
    if exact is not None and exact <= RELATION.related_log10_p:
        trained = findings.effect(TRAINED_HALF.test_id) or 0.0
        return "shared-origin", (
            "Shared origin: the two adapters are not independent: one start (a seed in common) or one training; "
            f"the half that starts at zero agrees at a mean cosine of {trained:.2f}."
        )
    reason = _obstacle(findings, exact, limit)
    if reason is not None:
        return "inconclusive", f"Inconclusive: {reason}."
    return "independent", (
        "Independent adapters: no test found a common start or a common training, and one as weak as a cosine of "
        f"{limit:.3f} would have shown."
    )


def _obstacle(findings: AdapterFindings, exact: float | None, limit: float | None) -> str | None:
    if not findings.shared.pairs:
        return "the two adapters have no module in common"
    if findings.broken:
        return findings.broken
    if not findings.modules:
        return "the modules that both adapters have cannot be read as numbers"
    if exact is None:
        return "no test could be run on the modules that both adapters have"
    if exact <= RELATION.unclear_log10_p:
        return f"p ≤ 10^{exact:.1f} is too weak to call the adapters related and too strong to call them independent"
    if limit is None:
        return "the adapters have too few ranks for a test"
    if limit > INDEPENDENCE.weakest_detection:
        return f"a relation weaker than a cosine of {limit:.2f} would not have been seen"
    return None


def _copied_share(findings: AdapterFindings) -> float:
    """Share of the elements that stand in bit-identical modules."""
    elements = sum(module.elements for module in findings.modules)
    return sum(module.elements for module in findings.modules if module.is_copied) / max(1, elements)


def _caveats(findings: AdapterFindings, relation: Relation, update: float | None) -> tuple[str, ...]:
    caveats = list(findings.caveats)
    shared = findings.shared
    left = len(shared.only_a) + len(shared.only_b) + len(shared.mismatched)
    if left and shared.pairs:
        caveats.append(f"{left:,} modules stand in one adapter alone, or in another shape, and were left out.")
    if relation == "shared-origin":
        caveats.append(_START_OR_TRAINING)
    if relation == "independent":
        caveats.append("Adapters of one base and one data set count as independent where they were trained apart.")
        if update is not None and update >= ADAPTERS.like_updates:
            caveats.append(
                f"The updates point the same way (mean cosine {update:.2f}), as trainings on like data make them."
            )
    if relation in RELATED:
        caveats.append(NOT_THEFT)
    return tuple(caveats)
