"""What each tensor of an adapter is for, read from its name.

PEFT writes ``base_model.model.<module>.lora_A.weight``; inside a training checkpoint the adapter's own name stands
before the slot. Embeddings have ``lora_embedding_A`` and ``lora_embedding_B``, DoRA a ``lora_magnitude_vector``, and a
module that was trained whole stands under its own name. GGUF writes ``<tensor>.lora_a``. Parts of adapters of other
kinds are told in ``other_parts.py``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from lineage_audit.checkpoint.adapter.other_parts import OtherParts, OtherPartsReader
from lineage_audit.checkpoint.tensors import StoredTensor

_PREFIX = "base_model.model."
_PEFT = re.compile(
    r"(?P<module>.+?)\.(?P<part>lora_A|lora_B|lora_embedding_A|lora_embedding_B|lora_magnitude_vector)"
    r"(?:\.[^.]+)??(?:\.(?P<slot>weight|bias))?"
)
_GGUF = re.compile(r"(?P<module>.+)\.weight\.(?P<part>lora_[ab])")
_SAVED = re.compile(
    r"(?P<module>.+?)\.(?:(?:modules_to_save|ln_tuning_layers)(?:\.[^.]+)??|base_layer)\.(?P<slot>weight|bias)"
)
_TOKENS = re.compile(r"(?P<module>.+?)\.(?:token_adapter\.)?trainable_tokens_delta(?:\.[^.]+)?")
_FOREIGN = re.compile(r"(?:^|\.)(?:lora_|ia3_|hada_|lokr_|oft_|vera_|adalora|prompt_|prefix_|token_adapter)")
_ROLES: Mapping[str, str] = {
    "lora_A": "a",
    "lora_a": "a",
    "lora_B": "b",
    "lora_b": "b",
    "lora_embedding_A": "a",
    "lora_embedding_B": "b",
    "lora_magnitude_vector": "magnitude",
}


class LowRankPair(Struct, frozen=True):
    """The factors of one module's update: ``scaling * b @ a``.

    Attributes:
        module: the module's name in the base, without a slot.
        a: ``[rank, in]``.
        b: ``[out, rank]``.
        magnitude: DoRA's lengths ``[out]``, or None.
        bias: what is added to the base's bias after scaling, or None.
        is_embedding: the module looks rows up: its matrix is stored ``[in, out]``.
    """

    module: str
    a: StoredTensor
    b: StoredTensor
    magnitude: StoredTensor | None = None
    bias: StoredTensor | None = None
    is_embedding: bool = False

    @property
    def rank(self) -> int:
        """The rank."""
        return self.a.shape[0]

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of the update, ``[out, in]``."""
        return self.b.shape[0], self.a.shape[1]


class AdapterParts(Struct, frozen=True):
    """All of an adapter.

    Attributes:
        pairs: low-rank updates, in file order.
        saved: tensors that were trained whole, by the name that they have in the base.
        unknown: tensors of other kinds, which are not understood.
        other: parts of LoHa, LoKr, VeRA and IA³.
        tokens: rows of single tokens that were trained, by module; the configuration says which tokens.
    """

    pairs: tuple[LowRankPair, ...]
    saved: Mapping[str, StoredTensor]
    unknown: tuple[StoredTensor, ...]
    other: OtherParts = field(default_factory=OtherParts)
    tokens: Mapping[str, StoredTensor] = field(default_factory=dict)


def read_parts(tensors: Iterable[StoredTensor]) -> AdapterParts:
    """Sort an adapter's tensors by module."""
    modules: dict[str, dict[str, StoredTensor]] = defaultdict(dict)
    embeddings: set[str] = set()
    saved: dict[str, StoredTensor] = {}
    unknown: list[StoredTensor] = []
    other, tokens = OtherPartsReader(), dict[str, StoredTensor]()
    for tensor in tensors:
        name = tensor.name.removeprefix(_PREFIX)
        if found := _PEFT.fullmatch(name) or _GGUF.fullmatch(name):
            part = _ROLES[found["part"]]
            is_bias = "slot" in found.groupdict() and found["slot"] == "bias"
            modules[found["module"]].setdefault("bias" if is_bias else part, tensor)
            if "embedding" in found["part"]:
                embeddings.add(found["module"])
        elif found := _SAVED.fullmatch(name):
            saved.setdefault(f"{found['module']}.{found['slot']}", tensor)
        elif found := _TOKENS.fullmatch(name):
            tokens.setdefault(found["module"], tensor)
        elif other.take(name, tensor):
            continue
        elif _FOREIGN.search(name):
            unknown.append(tensor)
        else:
            saved.setdefault(name, tensor)
    pairs: list[LowRankPair] = []
    left: list[StoredTensor] = []
    for module, held in modules.items():
        if _is_pair(held):
            bias = held.get("bias")
            pairs.append(LowRankPair(module, held["a"], held["b"], held.get("magnitude"), bias, module in embeddings))
        else:
            left += held.values()
    return AdapterParts(tuple(pairs), saved, (*unknown, *left), other.parts, tokens)


def _is_pair(held: Mapping[str, StoredTensor]) -> bool:
    """Two matrices whose ranks agree, and vectors beside them that fit."""
    if "a" not in held or "b" not in held:
        return False
    a, b = held["a"].shape, held["b"].shape
    if len(a) != 2 or len(b) != 2 or a[0] != b[1] or 0 in (*a, *b):
        return False
    return all(held[vector].shape == (b[0],) for vector in ("magnitude", "bias") if vector in held)
