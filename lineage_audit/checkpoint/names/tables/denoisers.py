"""Inside the blocks of diffusion models, as diffusers names them, whatever stands before the block's number.

Attention of one stream has the roles of any other; that of text beside an image (``add_q_proj``), and what time and
prompt modulate, have no place of their own. Sources: the transformers and UNets of diffusers.
"""

from __future__ import annotations

from lineage_audit.checkpoint.names.fusions import Fusion
from lineage_audit.checkpoint.names.tables.family import Entries, Family
from lineage_audit.checkpoint.roles import Role

_PROJECTIONS = ("to_q", "to_k", "to_v", "to_out.0")


def _attention(module: str, *roles: Role) -> Entries:
    return tuple((f"{module}.{name}", role) for name, role in zip(_PROJECTIONS, roles, strict=True))


_OWN = tuple(
    entry
    for module in ("attn", "attn1")
    for entry in (
        *_attention(module, Role.Q, Role.K, Role.V, Role.O),
        (f"{module}.norm_q", Role.Q_NORM),
        (f"{module}.norm_k", Role.K_NORM),
    )
)

_BLOCKS = Family(
    "Flux, Stable Diffusion 1 to 3, SDXL, PixArt, Wan, HunyuanVideo",
    inside=(
        *_OWN,
        *_attention("attn2", Role.CROSS_Q, Role.CROSS_K, Role.CROSS_V, Role.CROSS_O),
        ("attn2.norm_q", Role.CROSS_Q_NORM),
        ("attn2.norm_k", Role.CROSS_K_NORM),
        ("ff.net.0.proj", Fusion.UP_OR_UP_GATE),
        ("ff.net.2", Role.DOWN),
        ("ffn.net.0.proj", Fusion.UP_OR_UP_GATE),
        ("ffn.net.2", Role.DOWN),
        ("norm1", Role.ATTN_NORM),
        ("norm2", Role.CROSS_NORM),
        ("norm3", Role.FFN_NORM),
    ),
    outside=(("pos_embed.pos_embed", Role.BUFFER),),  # waves of fixed lengths
)

_QWEN_IMAGE = Family("Qwen-Image", inside=(("img_mlp.net.0.proj", Role.UP), ("img_mlp.net.2", Role.DOWN)))

_LUMINA = Family(
    "Lumina 2",
    inside=(
        ("feed_forward.linear_1", Role.GATE),
        ("feed_forward.linear_3", Role.UP),
        ("feed_forward.linear_2", Role.DOWN),
        ("norm1.norm", Role.ATTN_NORM),
        ("norm2", Role.POST_ATTN_NORM),
        ("ffn_norm1", Role.FFN_NORM),
        ("ffn_norm2", Role.POST_FFN_NORM),
    ),
)

FAMILIES = (_BLOCKS, _QWEN_IMAGE, _LUMINA)

INSIDE = {name: meaning for family in reversed(FAMILIES) for name, meaning in family.inside}
"""Name inside a block -> meaning."""

OUTSIDE = {name: meaning for family in reversed(FAMILIES) for name, meaning in family.outside}
"""Name outside the blocks -> meaning."""
