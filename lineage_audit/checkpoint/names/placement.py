"""Which part of a model a name belongs to: said by a segment of the name, or by two stacks that stand side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set

from msgspec import Struct

from lineage_audit.checkpoint.model_parts import ModelPart
from lineage_audit.checkpoint.names.tables.affixes import COMPONENTS, PART_SEGMENTS

_STACKS: Mapping[str, ModelPart] = {
    "encoder": ModelPart.ENCODER,
    "decoder": ModelPart.DECODER,
    "transf_decoder": ModelPart.DECODER,
    "enc": ModelPart.ENCODER,
    "dec": ModelPart.DECODER,
}
"""Segment before a layer's number -> stack; the short ones are GGUF's, one is NeMo's."""

_BOTH_STACKS = ({"encoder", "decoder"}, {"encoder", "transf_decoder"}, {"enc", "dec"})
_CORE_STACK = "layers"
_BARE_TOWER: Mapping[str, ModelPart] = dict.fromkeys(("blocks", "patch_embed", "pos_embed"), ModelPart.VISION_TOWER)
"""What a tower's tensors begin with where nothing names it, beside ``layers`` of text (Cosmos 3)."""

_GGUF_PARTS: Mapping[str, ModelPart] = {
    "v": ModelPart.VISION_TOWER,
    "a": ModelPart.AUDIO_TOWER,
    "mm": ModelPart.PROJECTOR,
    "resampler": ModelPart.PROJECTOR,
}
_GGUF_TOWERS = frozenset({"v.blk", "a.blk"})
"""First segments in a GGUF file of a tower and its projector, which layers of one of these names give away."""

_DENOISERS_OWN = ("{L}.attn.to_out.0.weight", "{L}.attn1.to_out.0.weight")
"""Ends of names that only blocks of denoisers have."""

_LANGUAGE_MODEL = "language_model"
_LAYER = "{L}"


class Placement(Struct, frozen=True):
    """Where a name puts its tensor.

    Attributes:
        part: the part of the model.
        inside: what remains of the pattern inside the part; all of it where no segment names the part.
    """

    part: ModelPart
    inside: str


def place_all(patterns: Iterable[str]) -> dict[str, Placement]:
    """Return the placement of every pattern of a checkpoint."""
    placed = {pattern: _beside(pattern) or Placement(ModelPart.LANGUAGE_MODEL, pattern) for pattern in patterns}
    if _is_pipeline({pattern.partition(".")[0] for pattern in placed}):
        return placed | {p: found for p in placed if (found := _split_at_start(p, COMPONENTS, inside=True)) is not None}
    if _GGUF_TOWERS & {".".join(pattern.split(".")[:2]) for pattern in placed}:
        placed |= {pattern: found for pattern in placed if (found := _of_gguf(pattern)) is not None}
    if {_CORE_STACK, *_BARE_TOWER} <= {pattern.partition(".")[0] for pattern in placed}:
        placed |= {pattern: found for pattern in placed if (found := _split_at_start(pattern, _BARE_TOWER)) is not None}
    text = [pattern for pattern, placement in placed.items() if placement.part is ModelPart.LANGUAGE_MODEL]
    if any(pattern.endswith(_DENOISERS_OWN) for pattern in text):
        return placed | {pattern: Placement(ModelPart.DENOISER, pattern) for pattern in text}
    stacks = {stack for pattern in text if (stack := _stack_of_layers(pattern))}
    if any(stacks >= both for both in _BOTH_STACKS):
        placed |= {pattern: _in_two_stacks(pattern) for pattern in text}
    elif stacks == {"encoder", _LANGUAGE_MODEL}:
        placed |= {pattern: _in_encoder(pattern) or placed[pattern] for pattern in text}
    return placed


def _beside(pattern: str) -> Placement | None:
    """The part that the first telling segment names."""
    return _split_at(pattern, PART_SEGMENTS)


def _in_two_stacks(pattern: str) -> Placement:
    """Encoder or decoder by the segment; what neither names is shared by both."""
    return _split_at(pattern, _STACKS) or Placement(ModelPart.EMBEDDINGS, pattern)


def _in_encoder(pattern: str) -> Placement | None:
    """An encoder beside what is called the language model."""
    return None if _LANGUAGE_MODEL in pattern.split(".") else _split_at(pattern, {"encoder": ModelPart.ENCODER})


def _stack_of_layers(pattern: str) -> str | None:
    """``encoder``, ``decoder`` or ``language_model`` if the segment stands before the layer's number."""
    segments = pattern.split(".")
    before = segments[: segments.index(_LAYER)] if _LAYER in segments else []
    return next((segment for segment in before if segment in _STACKS or segment == _LANGUAGE_MODEL), None)


def _of_gguf(pattern: str) -> Placement | None:
    first, _, inside = pattern.partition(".")
    return Placement(_GGUF_PARTS[first], inside) if first in _GGUF_PARTS else None


def _is_pipeline(beginnings: Set[str]) -> bool:
    """Whether names begin with the components of a pipeline: a denoiser, and something beside it."""
    components = [COMPONENTS[first] for first in beginnings if first in COMPONENTS]
    return ModelPart.DENOISER in components and len(components) > 1


def _split_at_start(pattern: str, parts: Mapping[str, ModelPart], *, inside: bool = False) -> Placement | None:
    first, _, rest = pattern.partition(".")
    return Placement(parts[first], rest if inside else pattern) if first in parts else None


def _split_at(pattern: str, parts: Mapping[str, ModelPart]) -> Placement | None:
    segments = pattern.split(".")
    for position, segment in enumerate(segments):
        if segment in parts:
            return Placement(parts[segment], ".".join(segments[position + 1 :]))
    return None
