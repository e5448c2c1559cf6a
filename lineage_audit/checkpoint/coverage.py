"""What of a model can be read as numbers, and what cannot: by part and by reason, in weights and in stored bytes.

Every stored byte is in one row: what is readable has no reason, and everything else is named with its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from lineage_audit.checkpoint.encoding import Undecoded
from lineage_audit.checkpoint.reading import is_readable
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import StoredTensor, TensorRef


@dataclass(frozen=True, slots=True)
class Coverage:
    """Tensors of one part that are read, or left out for one reason.

    Attributes:
        part: the part of the model.
        reason: why they are left out; None where they are read.
        tensors: how many.
        parameters: their weights.
        bytes: what is stored of them, scales and the like included.
        first: the name of the first.
    """

    part: str
    reason: str | None
    tensors: int
    parameters: int
    bytes: int
    first: str


def coverage_of(tensors: Sequence[TensorRef], stored: Sequence[StoredTensor]) -> tuple[Coverage, ...]:
    """Sum a model's stored tensors by part and reason, in the order of their first tensors."""
    named = {id(part.stored): ref for ref in reversed(tensors) for part in ref.parts}
    rows: dict[tuple[str, str | None], list[StoredTensor]] = defaultdict(list)
    for one in stored:
        ref = named.get(id(one))
        part = "not placed" if ref is None else ref.part.value
        rows[part, "it stands nowhere in the architecture" if ref is None else _reason(ref)].append(one)
    return tuple(
        Coverage(
            part,
            reason,
            len(members),
            sum(one.size for one in members),
            sum(one.stored_bytes for one in members),
            members[0].name,
        )
        for (part, reason), members in rows.items()
    )


def unread_sentences(coverage: Sequence[Coverage]) -> tuple[str, ...]:
    """One sentence for every row of weights that are left out; buffers are no weights."""
    total = max(1, sum(row.parameters for row in coverage))
    return tuple(_sentence(row, total) for row in coverage if row.reason not in (None, _BUFFER))


def _sentence(row: Coverage, total: int) -> str:
    part = row.part.replace("_", " ")
    return (
        f"Not read: {row.parameters / total:.1%} of the weights, {row.tensors:,} tensors of the {part}: {row.reason} "
        f"(the first is {row.first[:100]})."
    )


_BUFFER = "buffers, which are no weights"


def _reason(tensor: TensorRef) -> str | None:
    if tensor.role == Role.BUFFER:
        return _BUFFER
    if is_readable(tensor):
        return None
    encoding = tensor.parts[0].stored.encoding
    return encoding.scheme if isinstance(encoding, Undecoded) else f"the type {tensor.dtype} is not read"
