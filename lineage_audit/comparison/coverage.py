"""What of two models was compared, and what was left out, and why: every stored weight of both is accounted for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Literal

import numpy as np
from msgspec import Struct

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.coverage import Shares, coverage_by, why_unread
from lineage_audit.checkpoint.tensors import StoredTensor, TensorRef
from lineage_audit.comparison.pairing.tensors import Pairing, TensorPair
from lineage_audit.comparison.reading.measurement import Measurement
from lineage_audit.results import Coverage, PairCoverage

NOT_ASKED = "no weight was read"
BEYOND_SAMPLE = "beyond the sample that was read"
_NOT_FOUND = "nothing was found for it in the order that the search found"
_NO_COUNTERPART = "the other model has no counterpart"
_OTHER_SHAPE = "its counterpart in the other model has another shape"
_OTHER_UNREAD = "its counterpart in the other model is not read"
_OTHER_ROWS = "rows that the other model does not have"
_RESTATED = "it says again what another tensor says"
_NO_NUMBERS = "no numbers: NaN, infinite or absurdly large"

Side = Literal["a", "b"]


class _Compared(Struct, frozen=True):
    """Weights of a tensor that were compared, and those that were read and are no numbers."""

    numbers: int
    no_numbers: int


def coverage_of_pair(
    a: Checkpoint, b: Checkpoint, pairing: Pairing, measured: Iterable[Measurement], unread: str = BEYOND_SAMPLE
) -> PairCoverage:
    """Account for every stored weight of both models.

    Args:
        a: model A.
        b: model B.
        pairing: what stands where.
        measured: what was compared.
        unread: why a pair was not, or not wholly.
    """
    parts = list(measured)
    return PairCoverage(_of_side(a, "a", pairing, parts, unread), _of_side(b, "b", pairing, parts, unread))


def coverage_of_equals(a: Checkpoint, b: Checkpoint) -> PairCoverage:
    """Account for two models whose files are equal: every byte was compared."""
    return PairCoverage(*(coverage_by(one.tensors, one.container.tensors, _whole, one.left_out) for one in (a, b)))


def why_not_measured(effort: str, *, moved: bool) -> str:
    """Why a pair that could be compared was not, or not wholly; ``moved`` where another order was found."""
    if effort == "metadata":
        return NOT_ASKED
    return _NOT_FOUND if moved and effort != "sample" else BEYOND_SAMPLE


def coverage_of_some(checkpoint: Checkpoint, compared: Iterable[StoredTensor], otherwise: str) -> tuple[Coverage, ...]:
    """Account for a model of which some tensors were compared whole, and the others were not, for one reason."""
    whole = {(stored.file, stored.name) for stored in compared}

    def shares(tensor: TensorRef) -> Shares:
        stored = tensor.parts[0].stored
        is_whole = (stored.file, stored.name) in whole
        yield (None if is_whole else why_unread(tensor) or otherwise), tensor.size

    return coverage_by(checkpoint.tensors, checkpoint.container.tensors, shares, checkpoint.left_out)


def _whole(tensor: TensorRef) -> Shares:
    yield None, tensor.size


def _of_side(
    model: Checkpoint, side: Side, pairing: Pairing, measured: list[Measurement], unread: str
) -> tuple[Coverage, ...]:
    found = dict(_compared(measured, side))
    pairs = {_where(getattr(pair, side)): pair for pair in pairing.pairs}
    reasons = _reasons(model, pairing, side)

    def shares(tensor: TensorRef) -> Iterator[tuple[str | None, int]]:
        where = _where(tensor)
        compared = found.get(where, _Compared(0, 0))
        numbers = min(tensor.size, compared.numbers)
        no_numbers = min(tensor.size - numbers, compared.no_numbers)
        yield None, numbers
        yield _NO_NUMBERS, no_numbers
        yield from _rest(tensor, tensor.size - numbers - no_numbers, pairs.get(where), side, unread, reasons)

    return coverage_by(model.tensors, model.container.tensors, shares, model.left_out)


def _rest(
    tensor: TensorRef,
    count: int,
    pair: TensorPair | None,
    side: Side,
    unread: str,
    reasons: Callable[[TensorRef], str],
) -> Iterator[tuple[str, int]]:
    """What was not compared of a tensor: rows that the other model lacks, and rows that nobody read."""
    if pair is None:
        yield reasons(tensor), count
        return
    rows = tensor.shape[0] if tensor.shape else 1
    paired = int(np.count_nonzero(np.bincount(pair.a_rows if side == "a" else pair.b_rows)))
    lacking = min(count, (rows - paired) * (tensor.size // max(1, rows)))
    yield _OTHER_ROWS, lacking
    yield unread, count - lacking


def _compared(measured: Iterable[Measurement], side: Side) -> Iterator[tuple[object, _Compared]]:
    for one in measured:
        tensor: TensorRef = getattr(one.pair, side)
        yield _where(tensor), _Compared(one.elements - one.not_finite, one.not_finite)


def _reasons(model: Checkpoint, pairing: Pairing, side: Side) -> Callable[[TensorRef], str]:
    """Why a tensor without a pair has none."""
    other_shape = {_where(pair[side == "b"]) for pair in pairing.mismatched}
    other_unread = {_where(tensor) for tensor in pairing.unreadable}
    restated = {_where(tensor) for tensor in model.restated}
    known: Mapping[str, set[object]] = {_RESTATED: restated, _OTHER_SHAPE: other_shape, _OTHER_UNREAD: other_unread}

    def reason(tensor: TensorRef) -> str:
        where = _where(tensor)
        said = why_unread(tensor) or next((words for words, tensors in known.items() if where in tensors), None)
        return said or _NO_COUNTERPART

    return reason


def _where(tensor: TensorRef) -> object:
    """Where the numbers of a tensor begin, whatever role it was given."""
    first = tensor.parts[0]
    return first.stored.file, first.stored.name, first.stored.start, first.index, first.rows.offset
