"""What was done between two related models, as far as their fingerprints prove it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.dtypes import EXACT_BITS
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import IntArray, TensorRef
from lineage_audit.comparison.alignment.aligned import AlignedWeights
from lineage_audit.comparison.alignment.factors import Factors
from lineage_audit.comparison.alignment.maps import Alignment, ResidualMap
from lineage_audit.comparison.alignment.operations import FORWARD, find_moves
from lineage_audit.comparison.evidence.base import WeightComparison
from lineage_audit.comparison.operations.directed import DirectedOperation, directed
from lineage_audit.comparison.shares.weights import Shares
from lineage_audit.comparison.verdict.thresholds import SKETCHES, TRAINED
from lineage_audit.library.fingerprint.matching import clear_match_margin, match_margin_of
from lineage_audit.library.fingerprint.vectors import Basis, Correspondence, Part, UnitVectors
from lineage_audit.results import NamesFinding


def stored_change(a: Sequence[TensorRef], b: Sequence[TensorRef], distance: float | None) -> list[DirectedOperation]:
    """A coarser data type or a quantised form in one of the two, where it may account for the distance."""
    if distance is None or distance > SKETCHES.rounding_moves:
        return []
    quantised_a, quantised_b = _schemes(a), _schemes(b)
    moved = f"sketches lie {distance:.1%} apart"
    if quantised_a != quantised_b:
        detail = f"{quantised_a or 'plain floats'} in A, {quantised_b or 'plain floats'} in B"
        return [directed("quantized", detail, moved)]
    types_a, types_b = _types(a), _types(b)
    if types_a == types_b or EXACT_BITS.get(types_a, 0) == EXACT_BITS.get(types_b, 0):
        return []
    return [directed("cast", f"{types_a} to {types_b}", moved)] if distance <= SKETCHES.nothing_moved else []


def training(distance: float | None) -> list[DirectedOperation]:
    """Training, named by the distance of the sketches."""
    if distance is None or distance <= SKETCHES.nothing_moved:
        return []
    size = f"{distance:.1%}" if distance < 0.1 else f"{distance:.0%}"
    detail = f"the delta is about {size} of the weights' size"
    if distance <= TRAINED.fine_tune_delta:
        return [directed("fine-tuned", detail, f"relative distance of sketches {distance:.3g}")]
    return [directed("continued-pretrained", detail, f"relative distance of sketches {distance:.3g}")]


def renamed(names: NamesFinding) -> list[DirectedOperation]:
    """Other tensor names."""
    if not names.renames:
        return []
    return [directed("renamed-tensors", names.renames[0].summary, f"{names.renamed:,} tensors renamed")]


def moves(
    a: Checkpoint, b: Checkpoint, found: Correspondence, residual: ResidualMap, comparison: WeightComparison
) -> list[DirectedOperation]:
    """Layers, channels, units and heads that stand elsewhere."""
    layers = {pair.b: pair.a for pair in found.pairs}
    left_out = _have_copies(found.a, found.basis, set(_numbers(found.a)) - set(layers.values()))
    new = _have_copies(found.b, found.basis, set(_numbers(found.b)) - set(layers))
    alignment = Alignment(residual, layers, left_out_are_copies=left_out, new_are_copies=new)
    aligned = AlignedWeights(alignment, Factors(), comparison, (), Shares(None, None, None, None, 0.0, None))
    operations = find_moves(a, b, aligned, FORWARD)
    return [*operations, *_narrower(found, residual), *_reordered(found)]


def _numbers(vectors: UnitVectors) -> list[int]:
    return [layer.layer for layer in vectors.fingerprint.layers]


def _have_copies(vectors: UnitVectors, basis: Basis, layers: set[int]) -> bool:
    """Tell whether some of these layers are copies of other layers of the same model."""
    copies = vectors.experts()
    return any(
        match_margin_of(vectors, vectors, layer, other, basis, copies) >= clear_match_margin(copies)
        for layer in sorted(layers)
        for other in _numbers(vectors)
        if other != layer
    )


def _narrower(found: Correspondence, residual: ResidualMap) -> list[DirectedOperation]:
    """Fewer FFN units or channels in B than in A."""
    details = []
    width_a, width_b = found.a.fingerprint.width, found.b.fingerprint.width
    if width_b < width_a:
        details.append(f"{width_b:,} residual channels of {width_a:,}")
    sizes = {(_size(found.a, pair.a), _size(found.b, pair.b)) for pair in found.pairs}
    narrowed = sorted((a, b) for a, b in sizes if 0 < b < a)
    experts = any(tensor.in_core and tensor.expert is not None for tensor in found.b.fingerprint.tensors)
    if narrowed and not experts:
        details.append(f"{narrowed[0][1]:,} FFN units of {narrowed[0][0]:,} in a layer")
    if residual.channels is not None and width_b < width_a:
        return []  # the alignment's own sentence says it
    return [directed("width-pruned", "; ".join(details), "units matched by gate rows", "a->b")] if details else []


def _size(vectors: UnitVectors, layer: int) -> int:
    block = vectors.block(layer, "units")
    return block.size if block is not None else 0


def _reordered(found: Correspondence) -> list[DirectedOperation]:
    """Units and heads with another number."""
    operations = []
    for kind, part, noun in (
        ("units-permuted", "units", "FFN units"),
        ("heads-permuted", "values", "value dimensions"),
    ):
        moved, matched = 0, 0
        for pair in found.pairs:
            numbers = _matched_numbers(found, pair.b, pair.a, part)  # type: ignore[arg-type]
            if numbers is not None:
                matched += len(numbers[0])
                moved += _out_of_order(*numbers)
        if moved > matched / 10:
            detail = f"{moved:,} of {matched:,} sampled {noun} stand in another order"
            operations.append(directed(kind, detail, "matched by sizes of cosines"))  # type: ignore[arg-type]
    return operations


def _matched_numbers(found: Correspondence, layer_b: int, layer_a: int, part: Part) -> tuple[IntArray, IntArray] | None:
    """Numbers in B and in A of what was matched, in B's order."""
    pair = next(pair for pair in found.pairs if pair.b == layer_b)
    block_a, block_b, match = found.a.block(layer_a, part), found.b.block(layer_b, part), pair.match(part)
    if block_a is None or block_b is None or match is None or not len(match):
        return None
    if any(
        tensor.in_core and tensor.expert is not None and tensor.role == Role.UP
        for tensor in found.b.fingerprint.tensors
    ):
        return None if part == "units" else (block_b.numbers[match.b], block_a.numbers[match.a])
    return block_b.numbers[match.b], block_a.numbers[match.a]


def _out_of_order(numbers_b: IntArray, numbers_a: IntArray) -> int:
    """How many have another number, unless leaving some out alone explains it."""
    order = np.argsort(numbers_b, kind="stable")
    steps = np.diff(numbers_a[order])
    if float((steps > 0).mean()) > 0.9 if len(steps) else True:
        return 0
    return int(np.count_nonzero(numbers_b != numbers_a))


def _schemes(tensors: Sequence[TensorRef]) -> str:
    """The quantisation schemes of a model's matrices, or an empty text."""
    return ", ".join(sorted({t.quantization for t in tensors if t.quantization and len(t.shape) == 2}))


def _types(tensors: Sequence[TensorRef]) -> str:
    """The type of most of a model's matrices."""
    types = [tensor.dtype for tensor in tensors if len(tensor.shape) == 2]
    return max(set(types), key=types.count, default="")
