"""A tensor's name without its numbers: which layer and which expert it belongs to, and what remains."""

from __future__ import annotations

import re

from msgspec import Struct

_LAYER_WORDS = frozenset(
    {
        *("layer", "layers", "block", "blocks", "blk", "h", "l", "decoder_layers", "encoder_layers", "resblocks"),
        *("transformer_blocks", "single_transformer_blocks"),
    }
)
"""Segments that announce a layer's number, in lower case."""

_EXPERT_WORD = "expert"
"""A segment that contains it announces an expert's number."""

_GGUF_EXPERTS = frozenset({"ffn_gate", "ffn_up", "ffn_down"})
"""Segments that an expert's number follows in GGUF files of before 2024's stacks (``blk.0.ffn_gate.7``)."""

_CODEBOOK_WORDS = frozenset(
    {"embed_tokens", "input_embeds_layers", "embedding_list", "codec_embedding", "lm_head", "lm_heads"}
)
"""Segments that the number of a codebook follows: models of sound have an embedding and a head for each."""

_MAX_DIGITS = 6
"""A longer run of digits is no layer or expert number."""

_GLUED_LAYER = re.compile(r"(?<![a-z])(?:layers?|blocks?|blk|h|l)[^a-z0-9]{0,2}(\d{1,6})(?![0-9a-z])", re.IGNORECASE)
_GLUED_EXPERT = re.compile(r"experts?[^a-z0-9]{0,2}(\d{1,6})(?![0-9a-z])", re.IGNORECASE)
_HEAD_NORMS = "_layernorm.norms."
_HEAD_NUMBER = re.compile(r"_layernorm\.norms\.(\d{1,6})(?=\.|$)")
_SENTENCE_TRANSFORMERS = "0.auto_model."


class NumberedName(Struct, frozen=True):
    """A name taken apart.

    Attributes:
        pattern: the name with its layer, expert and head numbers replaced by ``{L}``, ``{E}`` and ``{H}``, the number
            of a codebook by ``{C}``.
        layer: the layer's number, or None.
        expert: the expert's number, or None.
        head: the head's number where each has a norm of its own (StableLM 2), or None.
    """

    pattern: str
    layer: int | None
    expert: int | None
    head: int | None = None


def name_pattern(name: str) -> str:
    """Return the name with its layer and expert numbers replaced by ``{L}`` and ``{E}``."""
    return numbered(name).pattern


def numbered(name: str) -> NumberedName:
    """Find the layer and expert numbers in a name.

    Numbers are looked for among the segments between dots (``model.layers.3.mlp.experts.7.w1``). Where there
    is none, a number glued to a word for layer counts (``layer_3/attn/wq``). Other digits stay.
    """
    skipped = _SENTENCE_TRANSFORMERS if name.startswith(_SENTENCE_TRANSFORMERS) else ""
    segments = name[len(skipped) :].split(".")
    layer_at, expert_at, codebook_at = _number_positions(segments)
    layer = int(segments[layer_at]) if layer_at is not None else None
    expert = int(segments[expert_at]) if expert_at is not None else None
    if layer_at is not None:
        segments[layer_at] = "{L}"
    if expert_at is not None:
        segments[expert_at] = "{E}"
    if codebook_at is not None:
        segments[codebook_at] = "{C}"
    pattern = skipped + ".".join(segments)
    if layer is None:
        pattern, layer = _glued(pattern, _GLUED_LAYER, "{L}")
    if expert is None and _EXPERT_WORD in pattern:
        pattern, expert = _glued(pattern, _GLUED_EXPERT, "{E}")
    if _HEAD_NORMS not in pattern:
        return NumberedName(pattern, layer, expert)
    pattern, head = _glued(pattern, _HEAD_NUMBER, "{H}")
    return NumberedName(pattern, layer, expert, head)


def _number_positions(segments: list[str]) -> tuple[int | None, int | None, int | None]:
    """Return where the numbers of layer, expert and codebook stand among the segments.

    The layer's number is the first one after a word for layer, or else the first that is not an expert's.
    """
    announced: int | None = None
    first: int | None = None
    expert: int | None = None
    codebook: int | None = None
    for position, segment in enumerate(segments):
        if not (segment.isdigit() and segment.isascii() and len(segment) <= _MAX_DIGITS):
            continue
        before = segments[position - 1].lower() if position else ""
        if _EXPERT_WORD in before or before in _GGUF_EXPERTS:
            expert = position if expert is None else expert
        elif before in _CODEBOOK_WORDS:
            codebook = position if codebook is None else codebook
        elif before in _LAYER_WORDS:
            announced = position if announced is None else announced
        elif first is None:
            first = position
    return (announced if announced is not None else first), expert, codebook


def _glued(pattern: str, number: re.Pattern[str], placeholder: str) -> tuple[str, int | None]:
    found = number.search(pattern)
    if found is None:
        return pattern, None
    return pattern[: found.start(1)] + placeholder + pattern[found.end(1) :], int(found.group(1))
