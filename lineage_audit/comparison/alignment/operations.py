"""What an alignment says was done: which numbers moved, what was left out, repeated, flipped, scaled or rotated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import IntArray
from lineage_audit.comparison.alignment.aligned import AlignedWeights
from lineage_audit.comparison.alignment.maps import Alignment
from lineage_audit.comparison.alignment.ranges import ranges
from lineage_audit.comparison.directed import DirectedOperation, directed


def find_moves(a: Checkpoint, b: Checkpoint, aligned: AlignedWeights | None) -> list[DirectedOperation]:
    """Every operation that the alignment shows, in the order in which a recipe would apply them."""
    if aligned is None:
        return []
    alignment = aligned.alignment
    return [
        *_layers(a, b, alignment),
        *_widths(a, alignment),
        *_experts(alignment),
        *_residual(alignment),
        *_units(alignment),
        *_heads(alignment),
        *_factors(aligned),
    ]


def _layers(a: Checkpoint, b: Checkpoint, alignment: Alignment) -> Iterator[DirectedOperation]:
    """Layers of A that are gone, repeated, or replaced by layers without a source."""
    total_a, total_b = _layer_numbers(a), _layer_numbers(b)
    used = Counter(alignment.layers.values())
    layer_map = ", ".join(f"{b_run} from {a_run}" for b_run, a_run in layer_runs(alignment))
    if all(b_layer == a_layer for b_layer, a_layer in alignment.layers.items()) and total_a == total_b:
        return
    gone = sorted(total_a - set(used))
    repeated = sorted(layer for layer, count in used.items() if count > 1)
    new = sorted(total_b - set(alignment.layers))
    if repeated:
        yield directed("layers-duplicated", f"layers {ranges(repeated)} of A occur more than once", layer_map, "a->b")
    if gone and len(total_b) < len(total_a):
        yield directed("layers-removed", f"layers {ranges(gone)} of A are not in B", layer_map)
    if new and used:
        yield directed("layers-replaced", f"layers {ranges(new)} of B have no source in A", layer_map)


def layer_runs(alignment: Alignment) -> list[tuple[str, str]]:
    """The layer map as runs that count up on both sides, ``[("0–23", "0–23"), ("24–47", "8–31")]``."""
    runs: list[list[tuple[int, int]]] = []
    for b_layer, a_layer in sorted(alignment.layers.items()):
        if runs and runs[-1][-1] == (b_layer - 1, a_layer - 1):
            runs[-1].append((b_layer, a_layer))
        else:
            runs.append([(b_layer, a_layer)])
    return [(ranges([b for b, _ in run]), ranges([a for _, a in run])) for run in runs]


def _layer_numbers(checkpoint: Checkpoint) -> set[int]:
    roles = (Role.UP, Role.Q)
    return {tensor.layer for tensor in checkpoint.tensors if tensor.role in roles and tensor.layer is not None}


def _widths(a: Checkpoint, alignment: Alignment) -> Iterator[DirectedOperation]:
    """Fewer channels or units than A has."""
    details = []
    channels = alignment.residual.channels
    width_a = next((t.shape[1] for t in a.tensors if t.role == Role.EMBED and len(t.shape) == 2), None)
    if channels is not None and width_a is not None and len(channels) < width_a:
        details.append(f"{len(channels):,} of {width_a:,} residual channels kept")
    units_a = {t.layer: t.shape[0] for t in a.tensors if t.role == Role.UP and t.slot == "weight" and t.expert is None}
    narrowed = [u for u in alignment.units.values() if len(u.a_units) < units_a.get(u.a_layer, 0)]
    if narrowed:
        details.append(f"{len(narrowed[0].a_units):,} of {units_a[narrowed[0].a_layer]:,} FFN units kept in a layer")
    if details:
        yield directed("width-pruned", "; ".join(details), "each unit and channel of B matched to one of A", "a->b")


def _experts(alignment: Alignment) -> Iterator[DirectedOperation]:
    """Experts that come from a dense FFN."""
    upcycled = [place for place, units in alignment.units.items() if place[1] is not None and units.a_expert is None]
    if upcycled:
        layers = len({layer for layer, _ in upcycled})
        cosine = float(np.mean([alignment.units[place].cosine for place in upcycled]))
        detail = f"{len(upcycled):,} experts in {layers} layers come from A's dense FFNs"
        evidence = f"matched gate rows agree at a mean |cosine| of {cosine:.2f}"
        yield directed("experts-upcycled", detail, evidence, "a->b")


def _residual(alignment: Alignment) -> Iterator[DirectedOperation]:
    residual = alignment.residual
    if residual.kind == "rotation":
        evidence = f"fitted on embeddings, {residual.fit:.1%} of held-out tokens' variance explained"
        yield directed("residual-rotated", "the residual stream is turned by an orthogonal matrix", evidence)
        yield directed("norms-folded", "norm gains were compared folded into what they feed", evidence)
    if residual.channels is not None:
        moved = _out_of_order(residual.channels)
        negative = 0 if residual.signs is None else int((residual.signs < 0).sum())
        evidence = f"embedding columns correlate at {residual.fit:.3f}"
        if moved:
            yield directed("channels-permuted", f"{moved:,} residual channels stand in another order", evidence)
        if negative:
            yield directed("signs-flipped", f"{negative:,} residual channels have the other sign", evidence)


def _units(alignment: Alignment) -> Iterator[DirectedOperation]:
    moved = {place: _out_of_order(units.a_units) for place, units in alignment.units.items()}
    moved = {place: count for place, count in moved.items() if count}
    if moved:
        layers = len({layer for layer, _ in moved})
        lead = min(alignment.units[place].lead for place in moved)
        detail = f"{sum(moved.values()):,} FFN units in {layers} layers stand in another order"
        yield directed("units-permuted", detail, f"matched by gate rows, leading the second best by {lead:.2f} or more")


def _heads(alignment: Alignment) -> Iterator[DirectedOperation]:
    moved = sum(_out_of_order(heads.a_heads) for heads in alignment.heads.values())
    if moved:
        yield directed(
            "heads-permuted", f"{moved:,} query heads stand in another order", "matched by rows of q, k and v"
        )


def _factors(aligned: AlignedWeights) -> Iterator[DirectedOperation]:
    for kind, count in aligned.factors.flipped.items():
        yield directed("signs-flipped", f"{count:,} {kind} have the other sign", "matched rows have cosines near -1")
    if aligned.factors.rescaled:
        detail = f"{aligned.factors.rescaled:,} FFN units are in layers whose units were rescaled"
        yield directed("units-rescaled", detail, "norm ratios of up rows and down columns are reciprocal")


def _out_of_order(numbers: IntArray) -> int:
    """How many have another number, if their order changed at all; leaving some out alone changes no order."""
    if bool((np.diff(numbers) > 0).all()):
        return 0
    return int(np.count_nonzero(numbers != np.arange(len(numbers))))
