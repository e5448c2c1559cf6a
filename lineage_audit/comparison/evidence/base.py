"""What every test is given, and how it says that it could not be run.

A test is a function from a ``WeightComparison`` to one ``Evidence``. It never sets a threshold: the verdict does.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec import Struct, field

from lineage_audit.checkpoint.model_parts import ModelPart
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import TensorKey
from lineage_audit.comparison.reading.measurement import DoubleArray, Measurement, Place
from lineage_audit.comparison.symmetries.geometry import Heads, HeadsByLayer, LatentHeads, Rotary
from lineage_audit.comparison.symmetries.mixers import MixerSymmetry
from lineage_audit.comparison.verdict.thresholds import RELATION
from lineage_audit.results import Evidence, Grade, LayerEvidence, NullSpread, Status

LN10 = math.log(10.0)
DETECTION_LOG10_P = RELATION.related_log10_p
"""The level (log10) at which the verdict calls two models related."""

CORRECTED_LOG10_P = DETECTION_LOG10_P - 1.0
"""What a single test must reach for that, and detection limits are stated for: some ten are combined by Bonferroni."""


class WeightComparison(Struct, frozen=True, eq=False):
    """Everything that was measured on the weights of two models.

    Attributes:
        measurements: by B's place in the architecture (or by name).
        heads: head layout where both models share one, else None.
        rotary: rotary layout where both models share one, else None.
        rms_norm: both models normalise by root mean square alone; None where a configuration does not say.
        parameters: B's parameters.
        paired: those of them that have a counterpart in A, read or not.
        broken: tests whose symmetry neither model has: test id -> reason.
        guessed: roles that were guessed from words and shapes in both models for some tensor, so that the symmetries of
            what has them are not sure; where one model's names are known, a wrong guess in the other only costs power.
        heads_beside: head layouts of the parts beside the core, where both models share one.
        mixers: what may be moved in mixers without a softmax, by B's layer.
        latent: the heads of latent attention where both models share them, else None.
    """

    measurements: Mapping[Place, Measurement]
    heads: HeadsByLayer | None
    rotary: Rotary | None
    rms_norm: bool | None
    parameters: int
    paired: int
    broken: Mapping[str, str] = field(default_factory=dict)
    guessed: frozenset[Role] = frozenset()
    heads_beside: Mapping[ModelPart, HeadsByLayer] = field(default_factory=dict)
    mixers: Mapping[int, MixerSymmetry] = field(default_factory=dict)
    latent: LatentHeads | None = None

    def heads_at(self, layer: int | None) -> Heads | None:
        """The heads of a layer of B; None where they are not known."""
        return self.heads.at(layer) if self.heads is not None else None

    def layouts(self, layers: Iterable[int]) -> tuple[Heads | None, ...]:
        """The different head layouts of some layers, None among them where one's is not known."""
        return tuple(dict.fromkeys(self.heads_at(layer) for layer in layers))

    def rotary_at(self, layer: int | None) -> Rotary | None:
        """How positions rotate the heads of a layer: as in most, where they are of that size; else it is not known."""
        heads = self.heads_at(layer)
        is_usual = self.heads is not None and heads is not None and heads.head_dim == self.heads.usual.head_dim
        return self.rotary if is_usual else None

    def find(self, role: Role, layer: int | None, expert: int | None = None) -> Measurement | None:
        """The measurement of a weight matrix, or None."""
        return self.measurements.get(TensorKey(role, "weight", layer, expert))

    def places(self, *roles: Role) -> list[tuple[int, int | None]]:
        """Layers and experts in which any of the roles was measured, in order."""
        found = {
            (key.layer, key.expert)
            for key in self.measurements
            if isinstance(key, TensorKey)
            and key.beside is None
            and (key.role in roles and key.slot == "weight" and key.layer is not None)
        }
        return sorted(found, key=lambda place: (place[0], -1 if place[1] is None else place[1]))

    def matrices(self) -> list[Measurement]:
        """All measurements of matrices; a bias that is stored as one (of several heads) is none."""
        return [part for part in self.measurements.values() if part.is_matrix and part.pair.b.slot == "weight"]


class TestDescription(Struct, frozen=True):
    """What a test is called and asks."""

    test_id: str
    question: str
    null: str
    grade: Grade = "exact"


def unit_rows(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Scale rows to length one; zero rows stay zero."""
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    scaled: npt.NDArray[np.float32] = np.divide(values, lengths, out=np.zeros_like(values), where=lengths > 0)
    return scaled


def standardised(values: npt.NDArray[Any]) -> DoubleArray:
    """Numbers centred and of unit variance; equal ones are zero."""
    centred: DoubleArray = values.ravel() - values.mean(dtype=np.float64)
    spread = float(centred.std())
    return centred / spread if spread > 0 else centred


def test_result(
    test: TestDescription,
    *,
    statistic: float | None,
    effect: float | None,
    finding: str,
    count: int,
    coverage: float,
    log10_p: float | None = None,
    detection_limit: float | None = None,
    per_layer: tuple[LayerEvidence, ...] = (),
    spread: NullSpread | None = None,
) -> Evidence:
    """Evidence of a test that was run; the arguments are those of ``Evidence``."""
    return Evidence(
        test_id=test.test_id,
        question=test.question,
        status="measured",
        reason=None,
        statistic=statistic,
        log10_p=log10_p,
        null=test.null,
        grade=test.grade,
        effect=effect,
        finding=finding,
        count=count,
        coverage=coverage,
        detection_limit=detection_limit,
        per_layer=per_layer,
        spread=spread,
    )


def not_measured(test: TestDescription, status: Status, reason: str) -> Evidence:
    """Evidence of a test that could not be run, with the reason."""
    return Evidence(
        test_id=test.test_id,
        question=test.question,
        status=status,
        reason=reason,
        statistic=None,
        log10_p=None,
        null=test.null,
        grade=test.grade,
        effect=None,
        finding=reason,
        count=0,
        coverage=0.0,
        detection_limit=None,
    )
