"""Which adapters change the weights of their base in a way that can be computed row by row; one line for the others."""

from __future__ import annotations

from lineage_audit.checkpoint.adapter import AdapterParts, AdapterSettings
from lineage_audit.checkpoint.adapter.settings import CHANGES_THE_BASE
from lineage_audit.checkpoint.checkpoint import Checkpoint
from lineage_audit.errors import UnsupportedFormatError

KINDS = {
    "lora": "LoRA", "vera": "VeRA", "loha": "LoHa", "lokr": "LoKr", "ia3": "IA³", "ln_tuning": "LN tuning",
    "trainable_tokens": "trainable tokens",
}  # fmt: skip
"""PEFT's types that are put on a base, and what they are called."""

_NO_WEIGHTS = frozenset(
    {
        "adaption_prompt", "cartridge", "cpt", "multitask_prompt_tuning", "p_tuning", "prefix_tuning", "prompt_tuning",
    }
)  # fmt: skip
"""Types that put virtual tokens before the text, or beside it, and leave the base's weights as they are."""


def require_mergeable(added: Checkpoint, parts: AdapterParts) -> AdapterSettings:
    """The adapter's settings, if it can be put on a base.

    Raises:
        UnsupportedFormatError: it cannot; says why, and what to do.
    """
    settings = added.container.adapter
    if settings is None or settings.kind == "unknown":
        raise UnsupportedFormatError(f"{added.ref}: has no adapter_config.json that says how strong the adapter is")
    if settings.kind in _NO_WEIGHTS:
        raise UnsupportedFormatError(
            f"{added.ref}: is an adapter of type {settings.kind}, which adds virtual tokens and changes no weights of "
            "its base; compare the base alone"
        )
    if settings.kind not in KINDS:
        known = ", ".join(KINDS.values())
        raise UnsupportedFormatError(
            f"{added.ref}: is an adapter of type {settings.kind}, which is not put on a base ({known} are); merge it "
            "with PEFT and give the merged model"
        )
    if settings.not_merged:
        raise UnsupportedFormatError(f"{added.ref}: cannot be merged into a base: {settings.not_merged}")
    if settings.start in CHANGES_THE_BASE:
        raise UnsupportedFormatError(
            f"{added.ref}: was started by {CHANGES_THE_BASE[settings.start]}, which takes a part of the base away "
            "before the adapter is put on it, and that part is not stored; merge it with PEFT and give the merged model"
        )
    if settings.kind == "vera" and not {"vera_A", "vera_B"} <= set(parts.other.shared):
        raise UnsupportedFormatError(
            f"{added.ref}: was saved without its projections, which PEFT draws from a seed; save it again with "
            "save_projection=True"
        )
    return settings
