"""Which tensor of A stands where a tensor of B stands: by role first, by name next, by structure and shape last.

Vocabularies may differ in size and order, so rows of token matrices are paired by the tokens' bytes, never by id.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.names import name_pattern
from lineage_audit.checkpoint.reading import is_readable
from lineage_audit.checkpoint.roles import WITHOUT_PLACE, Role
from lineage_audit.checkpoint.tensors import IntArray, TensorRef
from lineage_audit.checkpoint.tokenizer.vocabulary import Vocabulary
from lineage_audit.comparison.alignment.aligned_tensor import AlignedTensor

TOKEN_ROLES = frozenset({Role.EMBED, Role.LM_HEAD})
"""Roles whose rows are tokens."""


_ID_BITS = 31
"""Bits of a token's id (the loader drops larger ones): two ids fit into one number."""


class TensorPair(Struct, frozen=True, eq=False):
    """Two tensors to hold against each other.

    Attributes:
        a: the tensor of A.
        b: the tensor of B.
        b_rows: rows of B that have a counterpart (all of them unless rows are tokens).
        a_rows: for each of ``b_rows`` the row of A.
        aligned_a: what A's rows go through before they are compared, or None.
        structural: paired by structure and shape alone.
    """

    a: TensorRef
    b: TensorRef
    b_rows: IntArray
    a_rows: IntArray
    aligned_a: AlignedTensor | None = None
    structural: bool = False

    @property
    def elements(self) -> int:
        """Elements of B's tensor that have a counterpart."""
        return len(self.b_rows) * (self.b.size // max(1, self.b.shape[0])) if self.b.shape else 0

    @property
    def is_guessed(self) -> bool:
        """Whether the role was guessed from words and shapes in both models: one that is known says it for both."""
        return self.a.inferred and self.b.inferred


class Pairing(Struct, frozen=True, eq=False):
    """All pairs, what is left over on each side, and which rows of B and of A are the same tokens (None: the same)."""

    pairs: tuple[TensorPair, ...]
    only_a: tuple[TensorRef, ...]
    only_b: tuple[TensorRef, ...]
    mismatched: tuple[tuple[TensorRef, TensorRef], ...]
    unreadable: tuple[TensorRef, ...]
    token_rows: tuple[IntArray, IntArray] | None


def pair_tensors(a: Checkpoint, b: Checkpoint) -> Pairing:
    """Pair every tensor of B with its counterpart in A."""
    counterparts = _by_place(a, b) | _by_name(a, b)
    counterparts |= _untied_head(a, b, counterparts)
    placed_a = set(counterparts.values())
    structural = _by_structure(
        [tensor for tensor in a.tensors if tensor not in placed_a],
        [tensor for tensor in b.tensors if tensor not in counterparts],
    )
    token_rows = shared_token_rows(a.vocabulary, b.vocabulary)
    pairs, mismatched, unreadable = [], [], []
    for tensor_b, tensor_a in (counterparts | structural).items():
        if not (is_readable(tensor_a) and is_readable(tensor_b)):
            unreadable.append(tensor_b)
            continue
        rows = _paired_rows(tensor_a, tensor_b, token_rows)
        if rows is None:
            mismatched.append((tensor_a, tensor_b))
        else:
            pairs.append(
                TensorPair(_as_vector(tensor_a), _as_vector(tensor_b), *rows, structural=tensor_b in structural)
            )
    taken_a = placed_a | set(structural.values())
    return Pairing(
        pairs=tuple(pairs),
        only_a=_left_over(a, taken_a),
        only_b=_left_over(b, counterparts.keys() | structural.keys()),
        mismatched=tuple(mismatched),
        unreadable=tuple(unreadable),
        token_rows=token_rows,
    )


def _left_over(checkpoint: Checkpoint, taken: AbstractSet[TensorRef]) -> tuple[TensorRef, ...]:
    """Tensors without a counterpart, but for buffers and the stored copy of a tied embedding."""
    return tuple(
        tensor
        for tensor in checkpoint.tensors
        if tensor not in taken and tensor.role != Role.BUFFER and tensor not in checkpoint.restated
    )


def _untied_head(a: Checkpoint, b: Checkpoint, known: Mapping[TensorRef, TensorRef]) -> dict[TensorRef, TensorRef]:
    """Pair a head of B's own with A's embedding, where that is A's head too."""
    head, embedding = _weight(b, Role.LM_HEAD), _weight(a, Role.EMBED)
    if head is None or embedding is None or head in known or head in b.restated or _weight(a, Role.LM_HEAD) is not None:
        return {}
    return {head: embedding} if a.config.flag("tie_embeddings") is not False else {}


def _weight(checkpoint: Checkpoint, role: Role) -> TensorRef | None:
    return next((one for one in checkpoint.tensors if one.role == role and one.slot == "weight"), None)


def _by_place(a: Checkpoint, b: Checkpoint) -> dict[TensorRef, TensorRef]:
    """Pair tensors of the same role, slot, layer and expert."""
    places = {tensor.key: tensor for tensor in a.tensors if _has_place(tensor)}
    return {tensor: places[tensor.key] for tensor in b.tensors if _has_place(tensor) and tensor.key in places}


def _has_place(tensor: TensorRef) -> bool:
    return tensor.role not in WITHOUT_PLACE and tensor.role != Role.BUFFER


def _by_name(a: Checkpoint, b: Checkpoint) -> dict[TensorRef, TensorRef]:
    """Pair tensors whose role does not place them by equal names."""
    names = {tensor.name: tensor for tensor in a.tensors if tensor.role in WITHOUT_PLACE}
    return {
        tensor: names[tensor.name]
        for tensor in b.tensors
        if tensor.role in WITHOUT_PLACE and tensor.name in names and names[tensor.name].shape == tensor.shape
    }


def _by_structure(left_a: Sequence[TensorRef], left_b: Sequence[TensorRef]) -> dict[TensorRef, TensorRef]:
    """Pair what names could not: families with the same shapes in the same layers, in file order.

    A family is what one name pattern covers (``blocks.{L}.mix.weight``). Families pair up only where both sides
    have the same number of them with one signature; anything else would be a guess.
    """
    families_a, families_b = _families(left_a), _families(left_b)
    paired: dict[TensorRef, TensorRef] = {}
    for signature, candidates_b in families_b.items():
        candidates_a = families_a.get(signature, [])
        if len(candidates_a) == len(candidates_b):
            for family_a, family_b in zip(candidates_a, candidates_b, strict=True):
                paired.update(zip(family_b, family_a, strict=True))
    return paired


_Signature = tuple[tuple[int | None, int | None, tuple[int, ...]], ...]


def _families(tensors: Iterable[TensorRef]) -> dict[_Signature, list[list[TensorRef]]]:
    """Group tensors by name pattern, then patterns by the shapes they take in every layer and expert."""
    by_pattern: dict[str, list[TensorRef]] = defaultdict(list)
    for tensor in tensors:
        if tensor.role != Role.BUFFER:
            by_pattern[name_pattern(tensor.name)].append(tensor)
    families: dict[_Signature, list[list[TensorRef]]] = defaultdict(list)
    for members in by_pattern.values():
        members.sort(key=lambda tensor: (tensor.layer or 0, tensor.expert or 0))
        families[tuple((tensor.layer, tensor.expert, tensor.shape) for tensor in members)].append(members)
    return families


@lru_cache(maxsize=64)
def numbers(count: int) -> IntArray:
    """0 to ``count``, read-only: one array for all tensors of a size, since there may be tens of thousands of them."""
    everyone = np.arange(count)
    everyone.flags.writeable = False
    return everyone


def _paired_rows(
    a: TensorRef, b: TensorRef, token_rows: tuple[IntArray, IntArray] | None
) -> tuple[IntArray, IntArray] | None:
    """Rows of B and of A that belong together, or None where the shapes do not allow it."""
    if a.shape[1:] != b.shape[1:] or len(a.shape) != len(b.shape):
        return None
    if not b.shape:
        return numbers(1), numbers(1)
    if b.role in TOKEN_ROLES:
        b_rows, a_rows = rows_of_tokens(a, b, token_rows)
        return (b_rows, a_rows) if len(b_rows) or token_rows is None else None
    return (numbers(b.shape[0]), numbers(b.shape[0])) if a.shape[0] == b.shape[0] else None


def rows_of_tokens(
    a: TensorRef, b: TensorRef, token_rows: tuple[IntArray, IntArray] | None
) -> tuple[IntArray, IntArray]:
    """Rows of B and of A that are the same tokens, of those that both matrices hold; the same rows without a map."""
    if token_rows is None:
        rows = numbers(min(a.shape[0], b.shape[0]))
        return rows, rows
    b_rows, a_rows = token_rows
    inside = (b_rows < b.shape[0]) & (a_rows < a.shape[0])
    return b_rows[inside], a_rows[inside]


def _as_vector(tensor: TensorRef) -> TensorRef:
    """View a single number as a vector of one."""
    return tensor if tensor.shape else replace(tensor, shape=(1,))


def shared_token_rows(a: Vocabulary | None, b: Vocabulary | None) -> tuple[IntArray, IntArray] | None:
    """Ids in B and in A of the tokens that both have; None when a tokenizer is missing or they are the same."""
    if a is None or b is None or (a.ids == b.ids and a.added == b.added):
        return None
    ids_a, ids_b = a.tokens, b.tokens
    shared = [(id_b, ids_a[token]) for token, id_b in ids_b.items() if token in ids_a]
    pairs = np.array(shared, dtype=np.int64).reshape(-1, 2)
    together = np.unique(pairs[:, 0] << _ID_BITS | pairs[:, 1])
    return together >> _ID_BITS, together & ((1 << _ID_BITS) - 1)
