"""Quantised because it is stored so: the scheme is read off the file, not guessed from the values.

Direction is stated where one side is stored in floats and rounding explains the whole difference: what is finer cannot
be made from what is coarser.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from lineage_audit.checkpoint.encoding import Encoding
from lineage_audit.checkpoint.tensors import TensorRef
from lineage_audit.comparison.directed import DirectedOperation, directed
from lineage_audit.comparison.evidence.base import WeightComparison
from lineage_audit.comparison.weights import Shares
from lineage_audit.results import Direction

_FORWARD: Direction = "a->b"
_BACKWARD: Direction = "b->a"


def find_stored_quantization(
    comparison: WeightComparison, shares: Shares
) -> tuple[tuple[DirectedOperation, ...], bool]:
    """Name the schemes where the two sides differ in them; also tell whether rounding explains the difference."""
    pairs = [part.pair for part in comparison.measurements.values() if part.is_matrix]
    a, b = _main_encoding(pair.a for pair in pairs), _main_encoding(pair.b for pair in pairs)
    delta = shares.relative_delta
    if delta is None or (a and a.scheme) == (b and b.scheme):
        return (), False
    rounding = sum(side.rounding for side in (a, b) if side is not None)
    explained = 0.0 < delta <= rounding
    evidence = f"stored so; the delta is {delta:.2%} of the weights' size, " + (
        f"within the {rounding:.2%} of such rounding" if explained else f"more than the {rounding:.2%} of such rounding"
    )
    if a is not None and b is not None:
        return (directed("quantized", f"A is stored as {_named(a)}, B as {_named(b)}", evidence),), explained
    side, coarser, shows = ("B", b, _FORWARD) if b is not None else ("A", a, _BACKWARD)
    detail = f"{side} is stored as {_named(coarser)}"
    return (directed("quantized", detail, evidence, shows if explained else "undetermined"),), explained


def _main_encoding(tensors: Iterable[TensorRef]) -> Encoding | None:
    """The encoding of most elements among quantised matrices; None where most of them all are plain floats."""
    elements: Counter[str | None] = Counter()
    encodings: dict[str | None, Encoding | None] = {None: None}
    for tensor in tensors:
        encodings[tensor.quantization] = tensor.parts[0].stored.encoding if tensor.quantization else None
        elements[tensor.quantization] += tensor.size
    most = max(elements, key=lambda scheme: (elements[scheme], scheme or ""), default=None)
    return encodings[most]


def _named(encoding: Encoding | None) -> str:
    return f"{encoding.scheme}, {encoding.bits:.3g} bits a weight" if encoding is not None else "floats"
