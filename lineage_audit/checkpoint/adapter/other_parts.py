"""Tensors of adapters that are no LoRA, sorted by module: LoHa, LoKr, VeRA and IA³, as PEFT names them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct, field

from lineage_audit.checkpoint.tensors import StoredTensor

_OF_A_MODULE = re.compile(
    r"(?P<module>.+?)\.(?P<part>hada_w[12]_[ab]|lokr_w[12](?:_[ab])?|vera_lambda_[bd]|ia3_l)(?:\.[^.]+)?"
)
_OF_ALL = re.compile(r"(?:base_model\.)?(?P<part>vera_[AB])(?:\.[^.]+)?")


class OtherParts(Struct, frozen=True):
    """Parts of adapters of other kinds.

    Attributes:
        modules: module -> what a tensor is for, in PEFT's word -> the tensor.
        shared: what all modules have in common (VeRA's projections), likewise.
    """

    modules: Mapping[str, Mapping[str, StoredTensor]] = field(default_factory=dict)
    shared: Mapping[str, StoredTensor] = field(default_factory=dict)

    @property
    def tensors(self) -> tuple[StoredTensor, ...]:
        """All of them."""
        return (*(tensor for parts in self.modules.values() for tensor in parts.values()), *self.shared.values())


class OtherPartsReader:
    """Sorts tensors one by one."""

    def __init__(self) -> None:
        self._modules: dict[str, dict[str, StoredTensor]] = {}
        self._shared: dict[str, StoredTensor] = {}

    def take(self, name: str, tensor: StoredTensor) -> bool:
        """Sort a tensor by its name without PEFT's prefix; tells whether it is a part of such an adapter."""
        if found := _OF_A_MODULE.fullmatch(name):
            self._modules.setdefault(found["module"], {}).setdefault(found["part"], tensor)
        elif found := _OF_ALL.fullmatch(name):
            self._shared.setdefault(found["part"], tensor)
        return found is not None

    @property
    def parts(self) -> OtherParts:
        """What was sorted so far."""
        return OtherParts(self._modules, self._shared)
