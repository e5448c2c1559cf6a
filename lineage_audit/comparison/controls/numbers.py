"""The numbers: each a function of what a comparison has read anyway."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from lineage_audit.checkpoint.roles import NORM_ROLES, Role
from lineage_audit.comparison.reading.measurement import DoubleArray, Measurement
from lineage_audit.results import ArchitectureFinding, Control, TokenizerFinding

_CURVE_ROLES = (Role.Q, Role.K, Role.V, Role.O)
_FEWEST_LAYERS = 3


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """What a comparison has read, by number and not after any alignment."""

    measured: Sequence[Measurement]
    architecture: ArchitectureFinding
    tokenizer: TokenizerFinding


@dataclass(frozen=True, slots=True)
class Number:
    """One number.

    Attributes:
        number_id: stable id.
        question: of what it is made.
        value: the number of two models, or None.
        here: what weights of the same two models give that do not stand in the same place.
        nearer_is_less: small values are what people take for kinship.
    """

    number_id: str
    question: str
    value: Callable[[Compared], float | None]
    here: Callable[[Compared], Control | None] = lambda _: None
    nearer_is_less: bool = False


def _gains(compared: Compared) -> list[Measurement]:
    return [part for part in compared.measured if part.pair.b.role in NORM_ROLES and len(part.kept_b) > 1]


def _cosine(a: DoubleArray, b: DoubleArray) -> float:
    size = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / size if size else 0.0


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None


def _norm_cosine(compared: Compared) -> float | None:
    """Mean cosine of the gains of the same norm in both models, as they are."""
    return _mean(
        [_cosine(part.kept_a.astype(float).ravel(), part.kept_b.astype(float).ravel()) for part in _gains(compared)]
    )


def _other_norms(compared: Compared) -> Control | None:
    """The same of norms of one role in different layers."""
    values = [
        _cosine(one.kept_a.astype(float).ravel(), other.kept_b.astype(float).ravel())
        for one, other in permutations(_gains(compared), 2)
        if one.pair.b.role == other.pair.b.role and len(one.kept_a) == len(other.kept_b)
    ]
    return _spread("A's norms and B's of other layers", values)


def _deviation_curve(compared: Compared) -> float | None:
    """Correlation over layers of the standard deviations of q, k, v and o, each curve centred and scaled."""
    curves = [_curve(compared, role) for role in _CURVE_ROLES]
    found = [pair for pair in curves if pair is not None]
    if not found:
        return None
    a, b = (np.concatenate(side) for side in zip(*found, strict=True))
    return _cosine(a, b)


def _curve(compared: Compared, role: Role) -> tuple[DoubleArray, DoubleArray] | None:
    parts = [
        one for one in compared.measured if one.pair.b.role == role and one.pair.b.layer is not None and one.is_matrix
    ]
    parts.sort(key=lambda one: one.pair.b.layer or 0)
    if len(parts) < _FEWEST_LAYERS:
        return None
    sides = (
        np.array([np.sqrt(one.rows.aa.mean()) for one in parts]),
        np.array([np.sqrt(one.rows.bb.mean()) for one in parts]),
    )
    a, b = (side - side.mean() for side in sides)
    if not a.any() or not b.any():
        return None
    return a / np.linalg.norm(a), b / np.linalg.norm(b)


def _raw_cosine(compared: Compared) -> float | None:
    """Cosine of all matrices of the layers, number by number."""
    rows = [one.rows for one in compared.measured if one.is_matrix and one.pair.b.layer is not None]
    squares = sum(float(one.aa.sum()) for one in rows) * sum(float(one.bb.sum()) for one in rows)
    return sum(float(one.dot.sum()) for one in rows) / float(np.sqrt(squares)) if squares else None


def _wrong_rows(compared: Compared) -> Control | None:
    values = [one.mismatched_cosine for one in compared.measured if one.is_matrix and one.mismatched_cosine is not None]
    return _spread("rows of A and other rows of B, root mean square", values)


def _relative_difference(compared: Compared) -> float | None:
    """Size of the differences over the size of A's numbers, in the matrices of the layers."""
    parts = [one for one in compared.measured if one.is_matrix and one.pair.b.layer is not None]
    size = sum(float(one.rows.aa.sum()) for one in parts)
    return float(np.sqrt(sum(one.delta_squared for one in parts) / size)) if size else None


def _equal_fields(compared: Compared) -> float | None:
    """Share of the architecture's fields that both state and that are equal."""
    stated = [field for field in compared.architecture.fields if field.status in ("equal", "different")]
    return sum(field.status == "equal" for field in stated) / len(stated) if stated else None


def _shared_tokens(compared: Compared) -> float | None:
    return compared.tokenizer.shared_share


def _spread(name: str, values: Sequence[float]) -> Control | None:
    finite = [value for value in values if np.isfinite(value)]
    return Control(name, "here", min(finite), max(finite), len(finite)) if finite else None


NUMBERS: tuple[Number, ...] = (
    Number(
        "norm-cosine",
        "mean cosine of the gains of the same norm in both models, not centred",
        _norm_cosine,
        _other_norms,
    ),
    Number("deviation-curve", "correlation over layers of the standard deviations of q, k, v and o", _deviation_curve),
    Number("raw-cosine", "cosine of all matrices of the layers, number by number", _raw_cosine, _wrong_rows),
    Number(
        "relative-difference",
        "size of the differences over the size of A's numbers",
        _relative_difference,
        nearer_is_less=True,
    ),
    Number("equal-fields", "share of the architecture's fields that both state and that are equal", _equal_fields),
    Number("shared-tokens", "tokens with the same bytes in both, as a share of the smaller vocabulary", _shared_tokens),
)
