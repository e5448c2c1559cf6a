"""What every weight format gives: the tensors that its files hold, found without reading their values."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from lineage_audit.checkpoint.adapter.settings import AdapterSettings
from lineage_audit.checkpoint.left_out import LeftOut
from lineage_audit.checkpoint.source.place_checks import PlaceCheck
from lineage_audit.checkpoint.tensors import StoredTensor


class Container(Struct, frozen=True):
    """The weight files of a model.

    Attributes:
        format: ``safetensors``, ``pytorch``, ``meta``, ... as printed in reports.
        tensors: every stored tensor, in file order.
        files: the weight files, in shard order.
        metadata: free text that the files carry (safetensors ``__metadata__``).
        values: what stands for configuration and tokenizer files: GGUF's typed metadata, what Megatron's training was
            told; otherwise empty.
        left_out: weights that are there, or should be, and were not read.
        others: the files of other models, or copies of this one, in the same repository.
        place_checks: what must be read before some of the tensors' bytes are used; see ``source/place_checks.py``.
        adapter: what the files say of themselves where they hold an adapter and no model; otherwise None.

    Names are unique, except in Meta's tensor-parallel checkpoints: there each file holds its slice of a tensor
    under the same name, and the slices stand in ``tensors`` in shard order.
    """

    format: str
    tensors: tuple[StoredTensor, ...]
    files: tuple[str, ...]
    metadata: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, object] = field(default_factory=dict)
    left_out: tuple[LeftOut, ...] = ()
    others: tuple[tuple[str, ...], ...] = ()
    place_checks: tuple[PlaceCheck, ...] = ()
    adapter: AdapterSettings | None = None
