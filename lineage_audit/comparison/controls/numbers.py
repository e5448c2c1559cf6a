"""The numbers: each a function of what is had of two models anyway."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from msgspec import Struct

from lineage_audit.comparison.controls.quoted import Curve, Quoted, cosine
from lineage_audit.comparison.reading.measurement import DoubleArray
from lineage_audit.results import Control


class Number(Struct, frozen=True):
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
    value: Callable[[Quoted], float | None]
    here: Callable[[Quoted], Control | None] = lambda _: None
    nearer_is_less: bool = False


def _norm_cosine(quoted: Quoted) -> float | None:
    return _mean([norm.cosine for norm in quoted.norms])


def _other_norms(quoted: Quoted) -> Control | None:
    return _spread("A's norms and B's of other layers", quoted.other_norms)


def _deviation_curve(quoted: Quoted) -> float | None:
    """Correlation over layers, the curve of each role centred and scaled."""
    found = [both for curve in quoted.curves.values() if (both := standardised(curve)) is not None]
    if not found:
        return None
    a, b = (np.concatenate(side) for side in zip(*found, strict=True))
    return cosine(a, b)


def standardised(curve: Curve) -> tuple[DoubleArray, DoubleArray] | None:
    """Both curves centred and of length one; None where one of them is flat."""
    a, b = (side - side.mean() for side in (curve.a, curve.b))
    if not a.any() or not b.any():
        return None
    return a / np.linalg.norm(a), b / np.linalg.norm(b)


def _raw_cosine(quoted: Quoted) -> float | None:
    return quoted.raw_cosine


def _wrong_rows(quoted: Quoted) -> Control | None:
    return _spread("rows of A and other rows of B, root mean square", quoted.wrong_rows)


def _relative_difference(quoted: Quoted) -> float | None:
    return quoted.relative_difference


def _equal_fields(quoted: Quoted) -> float | None:
    stated = [field for field in quoted.architecture.fields if field.status in ("equal", "different")]
    return sum(field.status == "equal" for field in stated) / len(stated) if stated else None


def _shared_tokens(quoted: Quoted) -> float | None:
    return quoted.tokenizer.shared_share


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None


def _spread(name: str, values: Iterable[float]) -> Control | None:
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
