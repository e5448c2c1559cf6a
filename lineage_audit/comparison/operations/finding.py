"""What was done to the weights on the way from A to B, each with its detail and the number it rests on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.dtypes import EXACT_BITS
from lineage_audit.checkpoint.roles import Role
from lineage_audit.comparison.alignment.aligned import AlignedWeights
from lineage_audit.comparison.alignment.operations import BACKWARD, FORWARD, find_moves
from lineage_audit.comparison.evidence.base import WeightComparison
from lineage_audit.comparison.operations.delta import classify_delta, describe_delta
from lineage_audit.comparison.operations.delta.difference import Difference
from lineage_audit.comparison.operations.delta.matrices import MatrixPair
from lineage_audit.comparison.operations.directed import DirectedOperation, directed
from lineage_audit.comparison.operations.merged_heads import find_merged_heads
from lineage_audit.comparison.operations.replaced_layers import find_replaced_layers
from lineage_audit.comparison.operations.stored_schemes import find_stored_quantization
from lineage_audit.comparison.reading.measurement import Agreement, Measurement
from lineage_audit.comparison.shares.weights import Shares, related, relative_delta
from lineage_audit.comparison.verdict.thresholds import ROUNDED, SKETCHES
from lineage_audit.results import NamesFinding, TokenizerFinding


class Change(Struct, frozen=True, eq=False):
    """What was measured of the difference between two related models.

    Attributes:
        comparison: measurements of B against aligned A.
        aligned: what the search found, if it holds.
        matrices: whole matrices of both, where they were read.
        shares: how much.
        merge: the merge that named parents explain, or None.
    """

    comparison: WeightComparison
    aligned: AlignedWeights | None
    matrices: Sequence[MatrixPair]
    shares: Shares
    merge: DirectedOperation | None


def find_operations(
    a: Checkpoint, b: Checkpoint, change: Change, names: NamesFinding, tokenizer: TokenizerFinding
) -> tuple[DirectedOperation, ...]:
    """List the operations between two related models, in the order in which a recipe would apply them."""
    quantized, explained = find_stored_quantization(change.comparison, change.shares, change.matrices)
    cast = _cast(change.comparison, change.matrices) or _sketched_cast(change)
    changes = [] if explained == "wholly" else cast or _training(change)
    found = [
        *_vocabulary(a, b, tokenizer),
        *(one for one in changes if explained == "no" or one.operation.kind != "changed"),
        *quantized,
        *_moves(a, b, change.aligned),
        *find_merged_heads(a, b),
        *([] if change.aligned else find_replaced_layers(change.comparison)),
        *_renamed(names),
        *_fused(a, b),
    ]
    return tuple(found)


def _moves(a: Checkpoint, b: Checkpoint, aligned: AlignedWeights | None) -> list[DirectedOperation]:
    """What the alignment shows, whichever of the two models it made of the other."""
    if aligned is None:
        return []
    return find_moves(b, a, aligned, BACKWARD) if aligned.backward else find_moves(a, b, aligned, FORWARD)


def _vocabulary(a: Checkpoint, b: Checkpoint, tokenizer: TokenizerFinding) -> list[DirectedOperation]:
    """Tokens appended to one vocabulary, or another vocabulary altogether."""
    if a.vocabulary is None or b.vocabulary is None:
        return _sampled_vocabulary(tokenizer)
    if a.vocabulary.ids == b.vocabulary.ids and a.vocabulary.added == b.vocabulary.added:
        return []
    all_a, all_b = a.vocabulary.tokens, b.vocabulary.tokens
    if all_a.items() <= all_b.items():
        new = len(all_b) - len(all_a)
        detail = f"{new:,} tokens appended to A's {len(all_a):,}"
        return [directed("vocabulary-extended", detail, "all of A's tokens keep their ids", "a->b")]
    if all_b.items() <= all_a.items():
        new = len(all_a) - len(all_b)
        detail = f"A has {new:,} tokens more than B's {len(all_b):,}"
        return [directed("vocabulary-extended", detail, "all of B's tokens keep their ids in A", "b->a")]
    if tokenizer.same_id == min(len(a.vocabulary.ids), len(b.vocabulary.ids)):
        return []  # special tokens have other names, or are listed otherwise: no row stands for another word
    detail = f"{tokenizer.shared:,} tokens shared, {tokenizer.same_id:,} with the same id"
    return [directed("vocabulary-replaced", detail, "token bytes compared")]


def _sampled_vocabulary(tokenizer: TokenizerFinding) -> list[DirectedOperation]:
    """The same where samples of both are all that is at hand, from what they have in common."""
    if tokenizer.shared_share is None:
        return []
    if tokenizer.shared_share == 1.0 and tokenizer.same_id == tokenizer.shared:
        if tokenizer.a_size == tokenizer.b_size:
            return []
        detail = f"B has {tokenizer.b_size:,} tokens, A {tokenizer.a_size:,}"
        return [directed("vocabulary-extended", detail, "all sampled tokens keep their ids")]
    detail = f"about {tokenizer.shared:,} tokens shared, {tokenizer.same_id:,} with the same id"
    return [directed("vocabulary-replaced", detail, "token hashes compared")]


def _training(change: Change) -> list[DirectedOperation]:
    """A merge or a delta of a kind that leaves a mark, else what speaks for training, else its size alone."""
    difference = _difference(change)
    delta = difference.size
    are_sketches = _are_sketches(change.comparison)
    if delta <= SKETCHES.nothing_moved and are_sketches:
        return []
    if change.aligned is not None and delta <= ROUNDED.fit_delta + _rounding(
        change.matrices, change.aligned.comparison
    ):
        return []  # what is left of weights that were scaled or rotated is rounding
    # Turned round, what is said of A and B would be, too; of samples that were matched some were matched wrongly.
    is_unsure = change.aligned is not None and (change.aligned.backward or are_sketches)
    marked = None if is_unsure else classify_delta(difference)
    if marked is not None and not marked.leaves_more:
        return [change.merge or marked]
    if not delta:
        return []
    rest = change.merge or describe_delta(difference)
    return [rest] if marked is None else [rest, marked]


def _rounding(matrices: Sequence[MatrixPair], comparison: WeightComparison) -> float:
    """Relative rounding error of the coarser side, by its values where some were read, else by its type."""
    if matrices:
        return max(pair.rounding for pair in matrices)
    dtypes = {side.dtype for part in comparison.matrices() for side in (part.pair.a, part.pair.b)}
    return max((2.0 ** -EXACT_BITS[dtype] for dtype in dtypes if dtype in EXACT_BITS), default=0.0)


def _difference(change: Change) -> Difference:
    """What is left to name: mixed layers are, and of a model that was grown only what no scale of a unit explains."""
    if change.aligned is None:
        return Difference(change.comparison, change.matrices, change.shares.relative_delta or 0.0)
    comparison, mixed = change.aligned.comparison, {one.layer for one in change.aligned.alignment.mixed}
    if change.aligned.alignment.shows_growth:
        return Difference(comparison, (), _left_by_scales(comparison.matrices()))
    if not mixed:
        return Difference(comparison, change.matrices, change.shares.relative_delta or 0.0)
    others = {place: part for place, part in comparison.measurements.items() if part.pair.b.core_layer not in mixed}
    matrices = [pair for pair in change.matrices if pair.layer not in mixed]
    left = replace(comparison, measurements=others)
    return Difference(left, matrices, relative_delta(related(left.matrices())) or 0.0)


def _left_by_scales(parts: Sequence[Measurement]) -> float:
    """What is left of a difference, relative to B's size, once every row or every column has a scale of its own."""
    left = size = 0.0
    for part in parts:
        explained = max(_explained_by_scales(part.rows), _explained_by_scales(part.columns))
        size += float(part.rows.bb.sum())
        left += max(0.0, float(part.rows.bb.sum()) - explained)
    return float((left / size) ** 0.5) if size > 0 else 0.0


def _explained_by_scales(known: Agreement) -> float:
    return float(np.divide(np.square(known.dot), known.aa, out=np.zeros_like(known.dot), where=known.aa > 0).sum())


def _cast(comparison: WeightComparison, matrices: Sequence[MatrixPair]) -> list[DirectedOperation]:
    """Stored in a coarser type: the finer side, rounded, is the coarser one."""
    parts = [part for part in comparison.measurements.values() if part.rounded is not None]
    if not parts or not _are_most(parts, comparison):
        return []
    if _rounded_share(parts) < ROUNDED.share and not _only_rounding(matrices):
        return []
    pair = parts[0].pair
    share = f"{_rounded_share(parts):.2%} of the elements equal after rounding"
    detail = f"{pair.a.dtype} to {pair.b.dtype}"
    if all(part.equal == part.elements for part in parts):
        return [directed("cast", f"{detail}, without loss", share)]
    if {pair.a.dtype, pair.b.dtype} == {"BF16", "F16"}:
        return [directed("cast", f"between {pair.a.dtype} and {pair.b.dtype}, neither of which holds the other", share)]
    b_is_coarser = EXACT_BITS[pair.b.dtype] < EXACT_BITS[pair.a.dtype]
    return [directed("cast", detail, share, "a->b" if b_is_coarser else "b->a")]


def _sketched_cast(change: Change) -> list[DirectedOperation]:
    """Stored in another precision while no sketch has moved, where sketches are all that is at hand."""
    delta = change.shares.relative_delta
    if delta is None or delta > SKETCHES.nothing_moved or not _are_sketches(change.comparison):
        return []
    types_a, types_b = (
        Counter(getattr(part.pair, side).dtype for part in change.comparison.matrices()).most_common(1)[0][0]
        for side in ("a", "b")
    )
    if EXACT_BITS.get(types_a, 0) == EXACT_BITS.get(types_b, 0):
        return []
    return [directed("cast", f"{types_a} to {types_b}", f"sketches lie {delta:.1%} apart")]


def _are_sketches(comparison: WeightComparison) -> bool:
    """Whether sketches were compared, and no weights."""
    return any(part.sketched for part in comparison.measurements.values())


def _only_rounding(matrices: Sequence[MatrixPair]) -> bool:
    """Tell whether nothing but rounding tells the two sides apart (both may be casts of a third, finer model)."""
    return bool(matrices) and not any(pair.is_changed for pair in matrices)


def _are_most(parts: Sequence[Measurement], comparison: WeightComparison) -> bool:
    """Tell whether tensors whose types differ in precision are most of a model: beside codes, norms alone may be."""
    return 2 * sum(part.elements for part in parts) >= sum(part.elements for part in comparison.measurements.values())


def _rounded_share(parts: Sequence[Measurement]) -> float:
    """Share of elements equal after rounding, over the tensors whose types differ in precision."""
    usable = [part for part in parts if part.rounded is not None]
    elements = sum(part.elements for part in usable)
    return sum(part.rounded or 0 for part in usable) / elements if elements else 0.0


def _renamed(names: NamesFinding) -> list[DirectedOperation]:
    if not names.renames:
        return []
    return [directed("renamed-tensors", names.renames[0].summary, f"{names.renamed:,} tensors renamed")]


def _fused(a: Checkpoint, b: Checkpoint) -> list[DirectedOperation]:
    """One side stores in one tensor what the other stores in several."""
    for what, roles in (("q, k and v", {Role.Q, Role.K, Role.V}), ("gate and up", {Role.GATE, Role.UP})):
        fused_a, fused_b = _is_fused(a, roles), _is_fused(b, roles)
        if fused_a != fused_b:
            side = "B" if fused_b else "A"
            return [directed("fused-tensors", f"{side} stores {what} in one tensor", "stored names")]
    return []


def _is_fused(checkpoint: Checkpoint, roles: set[Role]) -> bool:
    """Tell whether the roles of the first layer that has them lie in one stored tensor."""
    first = [t for t in checkpoint.core if t.role in roles and t.slot == "weight" and t.layer == 0]
    return len(first) > 1 and len({tensor.name for tensor in first}) == 1
