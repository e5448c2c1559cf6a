"""What of a model is looked at, and what is left out: by part and by reason, in weights and in stored bytes.

The law: every stored weight and every stored byte is in one row, and a row without a reason was looked at.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

from lineage_audit.checkpoint.encoding import Undecoded
from lineage_audit.checkpoint.left_out import LeftOut
from lineage_audit.checkpoint.reading import is_readable
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import StoredTensor, TensorRef
from lineage_audit.results import Coverage

_BUFFERS = "buffers, which are no weights"
_NOWHERE = "it stands nowhere in the architecture"
_NOT_PLACED = "not placed"
_BESIDE = "beside the model"

Shares = Iterable[tuple[str | None, int]]
"""A tensor's weights by the reason for which they are left out; None for those that are looked at."""

_Row = tuple[str, str | None]


def coverage_of(
    tensors: Sequence[TensorRef], stored: Sequence[StoredTensor], left_out: Sequence[LeftOut] = ()
) -> tuple[Coverage, ...]:
    """What of a model can be read as numbers."""
    return coverage_by(tensors, stored, lambda tensor: [(why_unread(tensor), tensor.size)], left_out)


def coverage_by(
    tensors: Sequence[TensorRef],
    stored: Sequence[StoredTensor],
    shares_of: Callable[[TensorRef], Shares],
    left_out: Sequence[LeftOut] = (),
) -> tuple[Coverage, ...]:
    """Sum stored tensors by part and reason, in the order of their first tensors.

    Args:
        tensors: what the stored tensors mean.
        stored: what the files hold.
        shares_of: how a tensor's weights fall to reasons; what it does not account for stands nowhere.
        left_out: files that were not read; they count where their size is known.
    """
    claims: dict[object, list[tuple[_Row, int]]] = defaultdict(list)
    for tensor in tensors:
        for where, row, count in _claims(tensor, shares_of(tensor)):
            claims[where].append((row, count))
    rows: dict[_Row, Coverage] = {}
    for one in stored:
        for row, parameters, size in _split(one, claims[_where(one)]):
            _add(rows, row, parameters, size, one.name)
    for left in left_out:
        if left.bytes is not None:
            _add(rows, (_BESIDE, left.sentence), 0, left.bytes, "")
    return tuple(rows.values())


def why_unread(tensor: TensorRef) -> str | None:
    """Why a tensor cannot be read as numbers; None where it can."""
    if tensor.role == Role.BUFFER:
        return _BUFFERS
    if is_readable(tensor):
        return None
    encoding = tensor.parts[0].stored.encoding
    return encoding.scheme if isinstance(encoding, Undecoded) else f"the type {tensor.dtype} is not read"


def unread_sentences(coverage: Sequence[Coverage]) -> tuple[str, ...]:
    """One sentence for every row of weights that are left out; buffers are no weights, and empty tensors have none."""
    total = max(1, sum(row.parameters for row in coverage))
    return tuple(_sentence(row, total) for row in coverage if row.bytes and row.reason not in (None, _BUFFERS))


def _sentence(row: Coverage, total: int) -> str:
    tensors = f"{row.tensors:,} tensor{'' if row.tensors == 1 else 's'}"
    of_part = "" if row.part == _NOT_PLACED else f" of the {row.part.replace('_', ' ')}"
    return (
        f"Not read: {row.parameters / total:.1%} of the weights, {tensors}{of_part}: {row.reason} "
        f"(the first is {row.first[:100]})."
    )


def _where(stored: StoredTensor) -> object:
    """What tells stored tensors apart, whatever shape they are viewed in."""
    return stored.file, stored.name, stored.start


def _claims(tensor: TensorRef, shares: Shares) -> Iterator[tuple[object, _Row, int]]:
    """What a tensor claims of each stored tensor that it lies in: in proportion, where these are several."""
    held = [part.stored.size for part in tensor.parts]
    for reason, count in shares:
        for part, claimed in zip(tensor.parts, _in_proportion(count, held), strict=True):
            yield _where(part.stored), (tensor.part.value, reason), claimed


def _split(stored: StoredTensor, claims: Sequence[tuple[_Row, int]]) -> Iterator[tuple[_Row, int, int]]:
    """Weights and bytes of a stored tensor by row; together they are its own, to the byte."""
    claimed = [count for _, count in claims]
    rows = [*(row for row, _ in claims), (_NOT_PLACED, _NOWHERE)]
    counts = [*claimed, max(0, stored.size - sum(claimed))]
    if not any(counts):
        counts = [*(1 for _ in claimed), 0] if claimed else [1]
    sizes = _in_proportion(stored.stored_bytes, counts)
    for row, parameters, size in zip(rows, _in_proportion(stored.size, counts), sizes, strict=True):
        if parameters or size or sum(counts) == len(claimed) == 1:
            yield row, parameters, size


def _in_proportion(whole: int, weights: Sequence[int]) -> list[int]:
    """Whole numbers in proportion to the weights, whose sum is the whole."""
    total, done, found, passed = max(1, sum(weights)), 0, list[int](), 0
    for weight in weights:
        passed += weight
        share = whole * passed // total - done
        found.append(share)
        done += share
    return found


def _add(rows: dict[_Row, Coverage], row: _Row, parameters: int, size: int, name: str) -> None:
    before = rows.get(row)
    if before is None:
        rows[row] = Coverage(*row, tensors=int(bool(name)), parameters=parameters, bytes=size, first=name)
        return
    rows[row] = Coverage(
        *row, before.tensors + 1, before.parameters + parameters, before.bytes + size, before.first or name
    )
