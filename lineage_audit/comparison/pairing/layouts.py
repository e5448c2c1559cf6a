"""Cut fused tensors of unknown names the way the other model's known names say.

A tensor whose role was guessed is split the way most architectures do. Where the other model holds the same roles in
one tensor of the same shape, and its names do say how, that is the better guess: a renamed GPT-NeoX holds its q, k
and v head by head. A wrong guess costs power and accuses nobody, since no layout depends on a weight.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from msgspec.structs import replace

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.model_parts import ModelPart
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import RowLayout, Slot, TensorRef

_Place = tuple[ModelPart, Slot, int | None, int | None, tuple[int, ...]]
"""Part of the model, slot, layer, expert, and the shape of the fused tensor without the order of its axes."""

_Layouts = Mapping[_Place, Mapping[Role, RowLayout]]


def with_known_layouts(a: Checkpoint, b: Checkpoint) -> tuple[Checkpoint, Checkpoint]:
    """The same two checkpoints, each guessed split replaced by the other's known one where there is one."""
    known_a, known_b = _known_layouts(a), _known_layouts(b)
    return _recut(a, known_b), _recut(b, known_a)


def _known_layouts(checkpoint: Checkpoint) -> _Layouts:
    """Which rows of each fused tensor are whose, where names say so."""
    return {
        _place(parts[0]): {part.role: part.parts[0].rows for part in parts}
        for parts in _fused(checkpoint)
        if not any(part.inferred for part in parts)
    }


def _recut(checkpoint: Checkpoint, known: _Layouts) -> Checkpoint:
    """Replace the row layouts of guessed parts that the other model's names settle."""
    settled: dict[TensorRef, TensorRef] = {}
    for parts in _fused(checkpoint):
        layouts = known.get(_place(parts[0]), {})
        if all(part.inferred for part in parts) and layouts.keys() == {part.role for part in parts}:
            settled.update((part, _with_rows(part, layouts[part.role])) for part in parts)
    if not settled:
        return checkpoint
    return replace(checkpoint, tensors=tuple(settled.get(tensor, tensor) for tensor in checkpoint.tensors))


def _fused(checkpoint: Checkpoint) -> list[list[TensorRef]]:
    """The roles of each stored tensor that holds several whole."""
    by_stored: dict[tuple[str, str], list[TensorRef]] = defaultdict(list)
    for tensor in checkpoint.tensors:
        if len(tensor.parts) == 1 and tensor.parts[0].index is None:
            by_stored[tensor.file, tensor.name].append(tensor)
    return [parts for parts in by_stored.values() if len(parts) > 1]


def _place(part: TensorRef) -> _Place:
    return part.part, part.slot, part.layer, part.expert, tuple(sorted(part.parts[0].stored.shape))


def _with_rows(part: TensorRef, rows: RowLayout) -> TensorRef:
    return replace(part, shape=(rows.count, *part.shape[1:]), parts=(replace(part.parts[0], rows=rows),))
