"""What one checkpoint is, as plain frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lineage_audit.results.comparison import ModelSummary
from lineage_audit.results.rendered import Rendered
from lineage_audit.results.run import Coverage, Run


@dataclass(frozen=True, slots=True)
class RoleSummary:
    """One role in one part of a checkpoint: how many tensors and parameters, a typical name, shape and dtypes."""

    part: str
    role: str
    tensors: int
    parameters: int
    pattern: str
    shape: tuple[int, ...]
    dtypes: tuple[str, ...]
    inferred: bool


@dataclass(frozen=True, slots=True)
class PartSummary:
    """One part of a model (``language_model``, ``vision_tower``): how many layers, tensors and parameters it has."""

    part: str
    layers: int
    tensors: int
    parameters: int


@dataclass(frozen=True, slots=True)
class ClaimSummary:
    """One claim of the repository with the place it was read from (``README.md:3 license``)."""

    kind: str
    value: str
    place: str


@dataclass(frozen=True, slots=True, repr=False)
class Inspection(Rendered):
    """What one checkpoint is.

    Attributes:
        model: the head.
        fields: architecture field, value and origin.
        other_fields: what the configuration says beyond the vocabulary.
        parts: the parts that the model is made of.
        roles: tensors by part and role.
        unmapped: names of tensors without a role.
        dtypes: parameters by dtype.
        quantization: schemes found.
        tokenizer: one sentence.
        claims: licence and base-model claims.
        caveats: what could not be read.
        coverage: what of the weights can be read as numbers, and what cannot, by part and by reason.
        run: when and by which command it was made, or None where that was not recorded.
    """

    tool_version: str
    model: ModelSummary
    fields: tuple[tuple[str, str, str], ...]
    other_fields: tuple[tuple[str, str], ...]
    parts: tuple[PartSummary, ...]
    roles: tuple[RoleSummary, ...]
    unmapped: tuple[str, ...]
    dtypes: Mapping[str, int]
    quantization: tuple[str, ...]
    tokenizer: str
    claims: tuple[ClaimSummary, ...]
    caveats: tuple[str, ...]
    run: Run | None = None
    coverage: tuple[Coverage, ...] = ()
