"""Calibrated evidence from what an alignment never saw: for FFNs without a gate, and where every sign was drawn anew.

Three questions: how strongly matched units agree in rows and columns that were held out, how many of those find the
same unit again, and whether units that fitted nothing find a clear counterpart at all. No null makes any of them exact,
since independent models learn alike; the margins are set on the largest that independent models gave.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from lineage_audit.comparison.evidence.base import TestDescription, not_measured, test_result
from lineage_audit.results import Evidence, LayerEvidence

_COSINES = TestDescription(
    "aligned-unit-cosines",
    "After alignment, do matched units agree where the matching did not look?",
    "none that is exact; matched units of independent models agreed at up to .11, in a basis that is even",
    grade="calibrated",
)
_MATCHES = TestDescription(
    "aligned-unit-matches",
    "After alignment, does what the matching did not look at find the same units?",
    "none that is exact; up to 3.4% did in independent models",
    grade="calibrated",
)
_MATCH_MARGINS = TestDescription(
    "aligned-unit-leads",
    "Do units that fitted nothing find a clear counterpart under what the others fitted?",
    "none that is exact; in independent models the best led the second best as far as random directions do",
    grade="calibrated",
)

_Layers = Sequence[tuple[int, npt.NDArray[np.float32]]]
"""Numbers by layer of B."""


class _HeldOut(Protocol):
    """What held-out rows or columns of the matched units of one FFN have in common: see ``HeldOutLayer``."""

    @property
    def layer(self) -> int: ...
    @property
    def sizes(self) -> npt.NDArray[np.float32]: ...
    @property
    def found_again(self) -> npt.NDArray[np.bool_]: ...


class _HasMargins(Protocol):
    """Match margins of the units of one layer that the fit left out."""

    @property
    def layer(self) -> int: ...
    @property
    def match_margins(self) -> npt.NDArray[np.float32]: ...


def cosine_evidence(layers: Sequence[_HeldOut], what: str = "rows and columns") -> Evidence:
    """Mean |cosine| of matched units in down columns (and in up rows where gates proposed).

    Args:
        layers: what was measured, by layer.
        what: what the cosines were taken of, in a word or two.
    """
    return _mean(
        _COSINES,
        [(part.layer, part.sizes) for part in layers],
        "no FFN units were matched",
        lambda count, mean: f"{count:,} held-out {what} of matched units have a mean |cosine| of {mean:.3f}",
    )


def match_evidence(layers: Sequence[_HeldOut]) -> Evidence:
    """Share of held-out rows and columns whose most similar counterpart is that of the matched unit."""
    return _mean(
        _MATCHES,
        [(part.layer, part.found_again.astype(np.float32)) for part in layers],
        "no FFN units were matched",
        lambda count, mean: f"{mean:.1%} of {count:,} held-out rows and columns find the unit that was matched",
    )


def match_margin_evidence(layers: Sequence[_HasMargins]) -> Evidence:
    """Mean match margin of units that the fit of the residual stream left out."""
    return _mean(
        _MATCH_MARGINS,
        [(part.layer, part.match_margins) for part in layers],
        "no FFN units were matched, or the others fitted nothing",
        lambda count, mean: f"{count:,} units that fitted nothing find counterparts that lead the next by {mean:.3f}",
    )


def match_margins_not_needed() -> Evidence:
    """The same where signs confirm the alignment."""
    return not_measured(_MATCH_MARGINS, "skipped", "the signs confirm what was found")


def _mean(test: TestDescription, layers: _Layers, missing: str, finding: Callable[[int, float], str]) -> Evidence:
    """The mean of what was measured in all layers."""
    measured = [(layer, values) for layer, values in layers if len(values)]
    if not measured:
        return not_measured(test, "skipped", missing)
    together = np.concatenate([values for _, values in measured])
    effect = float(together.mean())
    return test_result(
        test,
        statistic=effect,
        effect=effect,
        finding=finding(len(together), effect),
        count=len(together),
        coverage=0.0,
        per_layer=tuple(
            LayerEvidence(layer, len(values), float(values.sum()), float(values.mean()), None)
            for layer, values in measured
        ),
    )
