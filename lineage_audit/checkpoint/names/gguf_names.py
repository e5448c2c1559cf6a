"""The second resort: names that our tables lack but llama.cpp's converter knows (package ``gguf``)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from lineage_audit.checkpoint.names.fusions import Fusion
from lineage_audit.checkpoint.names.table import Entry, candidates, entry, look_up, split_slot
from lineage_audit.checkpoint.roles import Role

if TYPE_CHECKING:
    from gguf.constants import MODEL_TENSOR

_BESIDE = {"V_": Role.VISION, "A_": Role.AUDIO}
_OF_FUSION = {
    Fusion.QKV_BLOCKS: Role.QKV,
    Fusion.Q_GGUF: Role.Q,
    Fusion.K_GGUF: Role.K,
    Fusion.UP_OR_GATE_UP: Role.UP,
}
"""What gguf means by tensors of which our table knows more; of other fused and stacked ones it does not say enough."""


def look_up_gguf(pattern: str) -> Entry | None:
    """Return what gguf's table says of a pattern, or None."""
    table = _table()
    for name in candidates(pattern):
        stem, slot = split_slot(name)
        if stem in table:
            return entry(table[stem], slot, stem)
    return None


@cache
def _table() -> Mapping[str, Role]:
    """Read gguf's literal mappings once; nothing is instantiated, for its maps share mutable state."""
    from gguf.tensor_mapping import TensorNameMap

    table: dict[str, Role] = {}
    for mappings in (TensorNameMap.block_mappings_cfg, TensorNameMap.mappings_cfg):
        for tensor, keys in mappings.items():
            role = role_of(tensor)
            if role is not None:
                for key in keys:
                    table.setdefault(key.replace("{bid}", "{L}").replace("{xid}", "{E}"), role)
    return table


def role_of(tensor: MODEL_TENSOR) -> Role | None:
    """What our table says of a tensor by the name that it has in GGUF; None where that is several roles fused."""
    from gguf.constants import TENSOR_NAMES

    beside = next((role for start, role in _BESIDE.items() if tensor.name.startswith(start)), None)
    name = TENSOR_NAMES[tensor].replace("{bid}", "{L}").replace("{xid}", "{E}")
    found = look_up(f"{name}.weight")
    if beside is not None or found is None:
        return beside
    return found.meaning if isinstance(found.meaning, Role) else _OF_FUSION.get(found.meaning)
