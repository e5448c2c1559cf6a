"""The tests again, after an alignment gave every unit its counterpart.

Exact ones stay exact as long as nothing that was aligned saw a sign: the residual map is fitted on embeddings alone,
layers and FFN units are chosen by the sizes of gate cosines, heads by sizes. Channel signs and numbers of units are
what the alignment fitted, so those tests are not repeated.

For FFNs without a gate, and where an adversary drew every sign anew, one calibrated measurement remains: how strongly
the matched units agree in rows and columns that the matching never used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from lineage_audit.comparison.evidence import ffn_signs, norm_gains, query_key_signs, value_output_signs
from lineage_audit.comparison.evidence.base import TestDescription, WeightComparison, not_measured
from lineage_audit.results import Evidence, LayerEvidence

SIGN_TESTS: tuple[Callable[[WeightComparison], Evidence], ...] = (
    ffn_signs.measure,
    value_output_signs.measure,
    query_key_signs.measure,
)

TEST = TestDescription(
    "aligned-unit-cosines",
    "After alignment, do matched units agree where the matching did not look?",
    "none that is exact; matched units of independent models agreed at up to .11, in a basis that is even",
    grade="calibrated",
)


class HeldOut(Protocol):
    """|cosines| of matched units of one layer of B in what the matching never saw, ``[n]``."""

    @property
    def layer(self) -> int: ...  # noqa: D102
    @property
    def sizes(self) -> npt.NDArray[np.float32]: ...  # noqa: D102


def gather_aligned_evidence(comparison: WeightComparison, held_out: Sequence[HeldOut]) -> tuple[Evidence, ...]:
    """Run the tests that an alignment leaves valid, on measurements made after it."""
    tests = tuple(_renamed(test(comparison)) for test in (*SIGN_TESTS, norm_gains.measure))
    return (*tests, held_out_evidence(held_out))


def held_out_evidence(layers: Sequence[HeldOut], what: str = "rows and columns") -> Evidence:
    """Mean |cosine| of matched units in down columns (and in up rows where gates proposed).

    Args:
        layers: what was measured, by layer.
        what: what the cosines were taken of, in a word or two.
    """
    measured = [(part.layer, part.sizes) for part in layers if len(part.sizes)]
    if not measured:
        return not_measured(TEST, "skipped", "no FFN units were matched")
    together = np.concatenate([values for _, values in measured])
    effect = float(together.mean())
    return Evidence(
        test_id=TEST.test_id,
        question=TEST.question,
        status="measured",
        reason=None,
        statistic=effect,
        log10_p=None,
        null=TEST.null,
        grade=TEST.grade,
        effect=effect,
        finding=f"{len(together):,} held-out {what} of matched units have a mean |cosine| of {effect:.3f}",
        count=len(together),
        coverage=0.0,
        detection_limit=None,
        per_layer=tuple(
            LayerEvidence(layer, len(values), float(values.sum()), float(values.mean()), None)
            for layer, values in measured
        ),
    )


def _renamed(evidence: Evidence) -> Evidence:
    """The same evidence under the aligned test's id."""
    return replace(
        evidence,
        test_id=f"aligned-{evidence.test_id}",
        question=f"After alignment: {evidence.question[0].lower()}{evidence.question[1:]}",
    )
