"""Quantised because it is stored so: the scheme is read off the file, not guessed from the values.

Direction is stated where one side is stored in floats and nearly all of its values round to the other's: they lie
within half a step of a uniform grid, spread evenly over it. A quantised relative of the float model, a fine-tune's base
say, fails that unless the change between them is small against the step. What was made of the decoded values lies near
them too, but not evenly: it holds them, or them and a change. Grids without one step (NF4, FP8) show no direction.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from lineage_audit.checkpoint.encoding import Encoding, Undecoded
from lineage_audit.checkpoint.tensors import TensorRef
from lineage_audit.comparison.evidence.base import WeightComparison
from lineage_audit.comparison.operations.delta.matrices import MatrixPair
from lineage_audit.comparison.operations.directed import DirectedOperation, directed
from lineage_audit.comparison.pairing.tensors import TOKEN_ROLES
from lineage_audit.comparison.shares.weights import Shares
from lineage_audit.comparison.verdict.thresholds import SKETCHES, STORED_SCHEME

FloatArray = npt.NDArray[np.float32]

Explained = Literal["wholly", "but-for-marks", "no"]
"""How far rounding explains a difference; of floats that were made of decoded values, what leaves a mark is named."""

_UNKNOWN_BITS = 0.0

_SEGMENT = 16
"""Elements that are sure to share a scale; the smallest groups of any scheme are as long."""


def find_stored_quantization(
    comparison: WeightComparison, shares: Shares, matrices: Sequence[MatrixPair]
) -> tuple[tuple[DirectedOperation, ...], Explained]:
    """Name the schemes where the two sides differ in them; also tell how far rounding explains the difference."""
    pairs = [part.pair for part in comparison.measurements.values() if part.is_matrix]
    a, b = _main_encoding(pair.a for pair in pairs), _main_encoding(pair.b for pair in pairs)
    delta = shares.relative_delta
    if delta is None or (a and a.scheme) == (b and b.scheme):
        return (), "no"
    rounding = sum(side.rounding for side in (a, b) if side is not None)
    is_within = 0.0 < delta <= rounding
    explained: Explained = "wholly" if is_within else "no"
    evidence = f"stored so; the delta is {delta:.2%} of the weights' size, " + (
        f"within the {rounding:.2%} of such rounding" if is_within else f"more than the {rounding:.2%} of such rounding"
    )
    if a is not None and b is not None:
        return (directed("quantized", f"A is stored as {_named(a)}, B as {_named(b)}", evidence),), explained
    side, coarser = ("B", b) if b is not None else ("A", a)
    detail = f"{side} is stored as {_named(coarser)}"
    sides = [(pair.rows_a, pair.rows_b) if side == "B" else (pair.rows_b, pair.rows_a) for pair in matrices]
    holds_decoded = any(not pair.is_changed for pair in matrices)
    if not is_within or not (holds_decoded or _are_near(sides)):
        return (directed("quantized", detail, evidence),), explained
    if not holds_decoded and _are_even(sides):
        return (directed("quantized", detail, evidence, "a->b" if side == "B" else "b->a"),), explained
    if any(pair.is_changed for pair in matrices):
        explained = "but-for-marks"
    return (directed("quantized", detail, f"{evidence}, and nearer than rounding leaves"),), explained


def _are_near(sides: Sequence[tuple[FloatArray, FloatArray]]) -> bool:
    """Tell whether nearly all floats round to what the codes stand for."""
    shares = [_share_within_half_a_step(floats, grid) for floats, grid in sides]
    return bool(shares) and float(np.median(shares)) >= STORED_SCHEME.nearest


def _are_even(sides: Sequence[tuple[FloatArray, FloatArray]]) -> bool:
    """Tell whether the differences are spread over a step as those of rounding are."""
    return float(np.median([_unevenness(floats - grid) for floats, grid in sides])) <= STORED_SCHEME.even


def _unevenness(errors: FloatArray) -> float:
    """Fourth moment over the square of the second, a segment at a time; infinite where there is no error."""
    squares = np.square(errors.reshape(-1, _SEGMENT), dtype=np.float64)
    second = squares.mean(axis=1)
    varied = second > 0
    if not varied.any():
        return math.inf
    return float((np.square(squares[varied]).mean(axis=1) / np.square(second[varied])).mean())


def _share_within_half_a_step(finer: FloatArray, grid: FloatArray) -> float:
    """Share of values within half a step of their counterparts; a step is the smallest gap in a segment."""
    if grid.shape[1] % _SEGMENT:
        return 0.0
    ours, theirs = (side.reshape(-1, _SEGMENT) for side in (finer, grid))
    gaps = np.diff(np.sort(theirs, axis=1), axis=1)
    gaps[gaps <= 1e-4 * np.abs(theirs).max(axis=1, keepdims=True)] = np.inf
    steps = gaps.min(axis=1, keepdims=True)
    varied = np.isfinite(steps[:, 0])
    return float(np.mean((np.abs(ours - theirs) <= STORED_SCHEME.half_step * steps)[varied])) if varied.any() else 0.0


def _main_encoding(tensors: Iterable[TensorRef]) -> Encoding | None:
    """The commonest scheme, or None where most are plain floats; token matrices, which many leave so, do not count."""
    elements: Counter[str] = Counter()
    encodings: dict[str, Encoding] = {}
    plain = 0
    for tensor in tensors:
        if tensor.role in TOKEN_ROLES:
            continue
        if tensor.quantization is None:
            plain += tensor.size
        else:
            elements[tensor.quantization] += tensor.size
            encodings[tensor.quantization] = _encoding_of(tensor, tensor.quantization)
    if elements.total() <= plain:
        return None
    return encodings[max(elements, key=lambda scheme: (elements[scheme], scheme))]


def _encoding_of(tensor: TensorRef, scheme: str) -> Encoding:
    """How a tensor is stored; of one that is not at hand the scheme's name is known, and how far rounding may move."""
    stored = tensor.parts[0].stored.encoding if tensor.parts else None
    return stored or Undecoded(scheme, _UNKNOWN_BITS, SKETCHES.rounding_moves)


def _named(encoding: Encoding | None) -> str:
    if encoding is None:
        return "floats"
    bits = f", {encoding.bits:.3g} bits a weight" if encoding.bits != _UNKNOWN_BITS else ""
    return f"{encoding.scheme}{bits}"
