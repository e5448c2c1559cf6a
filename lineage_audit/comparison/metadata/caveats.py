"""What the reader must know of how two models were read and paired."""

from __future__ import annotations

from collections.abc import Collection

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.tensors import TensorKey
from lineage_audit.comparison.evidence.base import WeightComparison
from lineage_audit.comparison.pairing.tensors import Pairing


def reading_caveats(
    a: Checkpoint,
    b: Checkpoint,
    pairing: Pairing,
    comparison: WeightComparison,
    found: Collection[tuple[str, TensorKey]],
) -> tuple[str, ...]:
    """Everything that was left out, guessed or not a number, one sentence each.

    Args:
        a: model A.
        b: model B.
        pairing: what was paired by place, name and structure.
        comparison: what was measured.
        found: name and place of the tensors of B that the search compared.
    """
    return (*_unread(a, b), *_pairing_caveats(b, pairing, found), *_value_caveats(comparison))


def _unread(a: Checkpoint, b: Checkpoint) -> tuple[str, ...]:
    """What could not be read of either model."""
    return tuple(f"A: {text}" for text in a.caveats) + tuple(f"B: {text}" for text in b.caveats)


def _pairing_caveats(b: Checkpoint, pairing: Pairing, found: Collection[tuple[str, TensorKey]]) -> tuple[str, ...]:
    """What was paired by guesswork, and what could not be paired."""
    caveats = []
    inferred = sum(pair.a.inferred or pair.b.inferred for pair in pairing.pairs)
    structural = sum(pair.structural for pair in pairing.pairs)
    if inferred:
        caveats.append(f"The roles of {inferred:,} tensors were inferred from words and shapes in their names.")
    if structural:
        caveats.append(f"{structural:,} tensors were paired by structure and shape alone.")
    unpaired = (*pairing.only_b, *(tensor for _, tensor in pairing.mismatched))
    share = sum(tensor.size for tensor in unpaired if (tensor.name, tensor.key) not in found) / max(1, b.parameters)
    if share >= 0.001:
        caveats.append(f"{share:.1%} of B's parameters have no counterpart of the same shape in A and were left out.")
    if pairing.unreadable:
        first = pairing.unreadable[0]
        caveats.append(f"{len(pairing.unreadable):,} tensors are of a type that is not read yet ({first.dtype}).")
    return tuple(caveats)


def _value_caveats(comparison: WeightComparison) -> tuple[str, ...]:
    """Values that are no numbers."""
    count = sum(part.not_finite for part in comparison.measurements.values())
    return (f"{count:,} weights are NaN, infinite or absurdly large and were left out.",) if count else ()
