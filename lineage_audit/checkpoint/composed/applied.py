"""What putting something on a base gives."""

from __future__ import annotations

from dataclasses import dataclass

from lineage_audit.checkpoint.tensors import StoredTensor


@dataclass(frozen=True, slots=True)
class Applied:
    """Stored tensors of the composed model, and what could not be put on the base, one sentence each."""

    tensors: tuple[StoredTensor, ...]
    caveats: tuple[str, ...]
