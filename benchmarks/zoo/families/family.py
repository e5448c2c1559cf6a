"""What one architecture of transformers calls its tensors and its configuration's fields."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.zoo.families.fusion import Fusion

Names = tuple[tuple[str, str], ...]

LLAMA_CONFIG: Names = (
    ("hidden", "hidden_size"),
    ("units", "intermediate_size"),
    ("layers", "num_hidden_layers"),
    ("heads", "num_attention_heads"),
    ("kv_heads", "num_key_value_heads"),
    ("head_dim", "head_dim"),
    ("vocabulary", "vocab_size"),
)


@dataclass(frozen=True, slots=True)
class Family:
    """One architecture.

    Attributes:
        model_type: as ``config.json`` names it.
        architecture: the class of transformers.
        names: pairs (the zoo's module, the stored module); ``{L}`` is the layer, ``{E}`` the expert.
        config_names: pairs (a size, the field of the configuration that states it).
        fusions: how it stores several roles in one tensor.
        transposed: roles stored ``[in, out]``.
        norm_offset: what is added to a stored norm gain (Gemma stores the gain less one).
    """

    model_type: str
    architecture: str
    names: Names
    config_names: Names = LLAMA_CONFIG
    fusions: tuple[Fusion, ...] = ()
    transposed: frozenset[str] = frozenset()
    norm_offset: float = 0.0
