"""Whole numbers that belong to no scheme that is known: codes of an unknown one, which are never taken for weights.

A module that holds such codes is unread as a whole, but for its bias: what stands beside codes scales them. How many
weights it stands for is known only where the repository states the bits of a code.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from lineage_audit.checkpoint.dtypes import BITS
from lineage_audit.checkpoint.encoding import Undecoded
from lineage_audit.checkpoint.tensors import StoredTensor

SCHEME = "codes of an unknown scheme"

_WHOLE_NUMBERS = frozenset({"I8", "U8", "I16", "U16", "I32", "U32", "I64", "U64", "F4", "F6_E2M3", "F6_E3M2"})
_FEWEST = 64
"""Fewest elements of a tensor of codes; smaller ones are counters, shapes and settings."""

_NO_CODES = (
    "position_ids",
    "token_type_ids",
    "num_batches_tracked",
    "relative_position_index",
    "attn.bias",
    "masked_bias",
)
"""Ends of names under which whole numbers are no codes."""

_STATED_BITS = ("bits", "nbits", "w_bit", "num_bits")


def without_scheme(tensors: Sequence[StoredTensor], settings: Mapping[str, object]) -> tuple[StoredTensor, ...]:
    """Mark codes that no scheme took, and put each module's companions with them."""
    codes = [tensor for tensor in tensors if _are_codes(tensor)]
    if not codes:
        return tuple(tensors)
    main = {_module(one): one for one in sorted(codes, key=lambda one: (len(one.shape) > 1, one.stop - one.start))}
    beside: dict[str, list[StoredTensor]] = defaultdict(list)
    for tensor in tensors:
        if _module(tensor) in main and _is_companion(tensor, main[_module(tensor)]):
            beside[_module(tensor)].append(tensor)
    taken = {one.name for held in beside.values() for one in held}
    marked = {
        one.name: _marked(one, beside[_module(one)] if one is main[_module(one)] else (), settings)
        for one in codes
        if one.name not in taken
    }
    return tuple(marked.get(one.name, one) for one in tensors if one.name not in taken)


def _is_companion(tensor: StoredTensor, codes: StoredTensor) -> bool:
    """Tell whether a tensor of the same module stands beside its codes: vectors of whole numbers, and plain floats."""
    if tensor is codes or tensor.encoding is not None or tensor.name.endswith("bias"):
        return False
    return not _are_codes(tensor) or len(tensor.shape) == 1 < len(codes.shape)


def _are_codes(tensor: StoredTensor) -> bool:
    is_whole = tensor.encoding is None and tensor.dtype in _WHOLE_NUMBERS and tensor.size >= _FEWEST
    return is_whole and not tensor.name.endswith(_NO_CODES)


def _module(tensor: StoredTensor) -> str:
    return tensor.name.rpartition(".")[0] or tensor.name


def _marked(codes: StoredTensor, companions: Iterable[StoredTensor], settings: Mapping[str, object]) -> StoredTensor:
    width = BITS[codes.dtype]
    stated = next((settings[key] for key in _STATED_BITS if type(settings.get(key)) is int), width)
    bits = stated if isinstance(stated, int) and 0 < stated <= width else width
    count = codes.size * width // bits
    beside = sum(one.stop - one.start for one in companions)
    shape = codes.shape if bits == width else (count,)
    return replace(codes, shape=shape, encoding=Undecoded(SCHEME, bits), companions=codes.companions + beside)
