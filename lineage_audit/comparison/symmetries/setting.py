"""What two models share that a test needs to know: head layout, rotary layout, normalisation, broken symmetries."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.config.quirks import Quirk, has_quirk
from lineage_audit.checkpoint.model_parts import ModelPart
from lineage_audit.checkpoint.roles import Role
from lineage_audit.comparison.evidence.base import WeightComparison
from lineage_audit.comparison.pairing.tensors import TensorPair
from lineage_audit.comparison.reading.measurement import Measurement, Place
from lineage_audit.comparison.symmetries.geometry import (
    HeadLayouts,
    Heads,
    HeadsByLayer,
    LatentHeads,
    Rotary,
    heads_by_layer,
    heads_of_part,
    heads_of_size,
    latent_heads_of,
    rotary_of,
)
from lineage_audit.comparison.symmetries.mixers import MixerSymmetry, mixers_of

_Breaks = Callable[[Checkpoint], bool]


def comparison_of(
    a: Checkpoint, b: Checkpoint, pairs: Sequence[TensorPair], measurements: Mapping[Place, Measurement]
) -> WeightComparison:
    """Put measurements of tensors with the same numbers together with what the tests need to know of both models."""
    return comparison_in_layout(a, b, pairs, measurements, shared_heads(a, b))


def comparison_in_layout(
    a: Checkpoint,
    b: Checkpoint,
    pairs: Sequence[TensorPair],
    measurements: Mapping[Place, Measurement],
    heads: HeadsByLayer | None,
) -> WeightComparison:
    """Put measurements together with what the tests need to know of the two models.

    Args:
        a: model A.
        b: model B.
        pairs: all pairs, measured or not.
        measurements: what was measured of them.
        heads: how what was measured falls into heads, where that is known.
    """
    return WeightComparison(
        measurements=measurements,
        heads=heads,
        rotary=_shared_rotary(a, b, heads.usual if heads is not None else None),
        rms_norm=_is_rms_norm(a, b),
        parameters=sum(tensor.size for tensor in b.tensors if tensor.role != Role.BUFFER),
        paired=sum(pair.elements for pair in pairs),
        broken=broken_symmetries(a, b),
        guessed=frozenset(pair.b.role for pair in pairs if pair.is_guessed),
        heads_beside=_heads_beside(a, b),
        mixers=_mixers(a, b),
        latent=_latent(a, b),
    )


def _latent(a: Checkpoint, b: Checkpoint) -> LatentHeads | None:
    """The heads of latent attention of both, or of the one that states how many there are."""
    of_a, of_b = latent_heads_of(a), latent_heads_of(b)
    return of_a or of_b if of_a is None or of_b is None or of_a == of_b else None


def _mixers(a: Checkpoint, b: Checkpoint) -> dict[int, MixerSymmetry]:
    """What may be moved in B's mixers; one model without a bend in its keys is enough."""
    linear = any(has_quirk(one.config.text("model_type"), Quirk.MIXER_KEYS_LINEAR) for one in (a, b))
    return mixers_of(b, linear_keys=linear)


def _heads_beside(a: Checkpoint, b: Checkpoint) -> dict[ModelPart, HeadsByLayer]:
    """The head layouts of the parts beside the core that both have."""
    parts = {tensor.part for tensor in b.tensors if tensor.role == Role.Q and not tensor.in_core}
    found = {part: _shared(heads_of_part(a, part), heads_of_part(b, part)) for part in parts}
    return {part: heads for part, heads in found.items() if heads is not None}


def shared_heads(a: Checkpoint, b: Checkpoint) -> HeadsByLayer | None:
    """The head layout of both, or of the one that states it: one model's symmetry is enough for the null."""
    return _shared(heads_by_layer(a), heads_by_layer(b))


def _shared(a: HeadsByLayer | None, b: HeadsByLayer | None) -> HeadsByLayer | None:
    """What both say of each layer of one number; nothing is known of a layer that they say different things of."""
    if a is None or b is None:
        return a or b
    if a.usual != b.usual:
        return None
    layers = a.apart.keys() | b.apart.keys()
    return HeadsByLayer(a.usual, {layer: a.at(layer) if a.at(layer) == b.at(layer) else None for layer in layers})


def head_layouts(a: Checkpoint, b: Checkpoint) -> HeadLayouts | None:
    """The head layouts of both, where their heads are of one size; a layout that is not stated is read off the rows."""
    heads_a, heads_b = heads_by_layer(a), heads_by_layer(b)
    known = heads_a or heads_b
    if known is None:
        return None
    heads_a = heads_a or _of_size(a, known.usual)
    heads_b = heads_b or _of_size(b, known.usual)
    if heads_a is None or heads_b is None:
        return None
    return HeadLayouts(heads_a, heads_b) if heads_a.usual.size == heads_b.usual.size else None


def _of_size(checkpoint: Checkpoint, known: Heads) -> HeadsByLayer | None:
    heads = heads_of_size(checkpoint, known.head_dim, known.value_dim)
    return None if heads is None else HeadsByLayer(heads)


def _shared_rotary(a: Checkpoint, b: Checkpoint, heads: Heads | None) -> Rotary | None:
    """The rotary layout of both, or of the one that states it; None where they contradict each other."""
    if heads is None:
        return None
    rotary_a, rotary_b = rotary_of(a, heads), rotary_of(b, heads)
    if rotary_a is None or rotary_b is None:
        return rotary_a or rotary_b
    return rotary_a if rotary_a == rotary_b else None


def _is_rms_norm(a: Checkpoint, b: Checkpoint) -> bool | None:
    """Whether either model is known to normalise without subtracting the mean: one is enough for the null."""
    known = {kind for kind in (a.config.text("norm"), b.config.text("norm")) if kind}
    return ("rmsnorm" in known) if known else None


def broken_symmetries(a: Checkpoint, b: Checkpoint) -> Mapping[str, str]:
    """Tests that are not exact for this pair: test id -> reason."""
    return {test_id: reason for test_id, reason, breaks in _TABLE if breaks(a) and breaks(b)}


def _adds_one_to_up(checkpoint: Checkpoint) -> bool:
    return has_quirk(checkpoint.config.text("model_type"), Quirk.UP_PLUS_ONE)


def _centres_queries(checkpoint: Checkpoint) -> bool:
    has_norm = any(tensor.role in (Role.Q_NORM, Role.K_NORM) for tensor in checkpoint.core)
    return has_norm and checkpoint.config.text("norm") == "layernorm"


def _has_alibi(checkpoint: Checkpoint) -> bool:
    return checkpoint.config.text("position_encoding") == "alibi"


def _has_sinusoids(checkpoint: Checkpoint) -> bool:
    return checkpoint.config.text("position_encoding") == "sinusoidal"


_TABLE: tuple[tuple[str, str, _Breaks], ...] = (
    ("ffn-signs", "the FFN adds one to the up projection: its units' signs are not free", _adds_one_to_up),
    ("query-key-signs", "LayerNorm ties the signs of query and key dimensions together", _centres_queries),
    ("head-fixed-points", "ALiBi gives each head a slope by its number", _has_alibi),
    ("channel-signs", "sinusoids are added to channels by their number", _has_sinusoids),
    ("channel-fixed-points", "sinusoids are added to channels by their number", _has_sinusoids),
)
