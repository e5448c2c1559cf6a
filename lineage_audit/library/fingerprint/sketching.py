"""A checkpoint becomes a fingerprint: one pass over its weights, never more than a block of one matrix in memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.reading import is_readable
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import TensorRef
from lineage_audit.comparison.alignment.canonical import CanonicalWeights
from lineage_audit.comparison.alignment.spreading import spread_places
from lineage_audit.comparison.evidence.base import unit_rows
from lineage_audit.comparison.progress import NoProgress, Progress
from lineage_audit.comparison.symmetries.geometry import heads_of
from lineage_audit.errors import UnsupportedFormatError
from lineage_audit.library.fingerprint.layers import RawLayer, sketch_layer, units_of_each
from lineage_audit.library.fingerprint.parameters import SCHEME, SketchScheme
from lineage_audit.library.fingerprint.projection import FloatArray, to_levels
from lineage_audit.library.fingerprint.rows import Lens
from lineage_audit.library.fingerprint.signature import SignatureSums
from lineage_audit.library.fingerprint.tensor_table import table_of, tensors_of
from lineage_audit.library.fingerprint.tokens import TokenBasis, sample_tokens, token_basis
from lineage_audit.library.fingerprint.values import Fingerprint, Gain, Identity, LayerSketch, Levels

_CHANNEL_NORMS = (Role.ATTN_NORM, Role.POST_ATTN_NORM, Role.FFN_NORM, Role.POST_FFN_NORM, Role.FINAL_NORM)
_SAMPLED_LAYERS = 8
"""Layers that effort ``sample`` reads."""

_LEAST_SPREAD = 1e-4
"""Standard deviation below which gains count as untrained and are left out."""


def sketch(
    checkpoint: Checkpoint,
    effort: str = "full",
    *,
    every_unit: bool = False,
    progress: Progress | None = None,
    scheme: SketchScheme = SCHEME,
) -> Fingerprint:
    """Make a fingerprint.

    Args:
        checkpoint: the model.
        effort: ``full`` reads every weight of the sketched roles once; ``sample`` reads a few rows of a few layers,
            which leaves what has to find moved units (of this model; another's may still be found) without power.
        every_unit: keep all FFN units, for a comparison in memory; such a fingerprint is large.
        progress: told how far reading has come.
        scheme: what to keep.

    Raises:
        UnsupportedFormatError: the model has no layers: an adapter alone, or a tokenizer.
    """
    weights, told = CanonicalWeights(checkpoint), progress or NoProgress()
    sample = sample_tokens(checkpoint, scheme)
    basis = token_basis(weights, sample, scheme)
    sums = SignatureSums(basis, scheme)
    layers = tuple(_layers(weights, Lens(checkpoint, basis, scheme), effort, every_unit, sums, told))
    if not layers:
        raise UnsupportedFormatError(
            f"{checkpoint.ref}: has no layer whose weights could be sketched; give a whole model, or BASE+ADAPTER"
        )
    width = _width(checkpoint)
    embedding, gains = _embedding(basis, width, scheme), tuple(_gains(checkpoint, width, scheme))
    return Fingerprint(
        scheme=scheme.id,
        effort=effort,
        identity=_identity(checkpoint),
        config=checkpoint.config,
        claims=checkpoint.claims,
        tensors=tensors_of(table_of(checkpoint.tensors)),
        width=width,
        embedding=embedding,
        gains=gains,
        tokens=sample,
        layers=layers,
        signature=sums.finish(),
    )


def _layers(
    weights: CanonicalWeights, lens: Lens, effort: str, every_unit: bool, sums: SignatureSums, progress: Progress
) -> Iterator[LayerSketch]:
    """Sketch layer by layer, keeping little of each."""
    numbers, scheme = weights.layers(), lens.scheme
    budget = (
        units_of_each(len(numbers), scheme),
        min(max(1, scheme.dimensions // max(1, len(numbers))), scheme.dimensions_in_layer),
    )
    heads = heads_of(weights.checkpoint)
    chosen = numbers if effort == "full" else _spread(numbers)
    progress.begin(len(chosen), "fingerprint")
    for layer in chosen:
        raw: RawLayer = sketch_layer(weights, lens, layer, heads, budget, whole=effort == "full")
        sums.add(raw)
        yield raw.quantised(None if every_unit else budget[0], scheme)
        progress.advance(1, f"layer {layer}")


def _spread(layers: list[int]) -> list[int]:
    positions = spread_places(len(layers), _SAMPLED_LAYERS)
    return [layers[position] for position in positions]


def _width(checkpoint: Checkpoint) -> int:
    """Residual channels: what the layers read."""
    reads = (t.shape[1] for t in checkpoint.core if t.role in (Role.UP, Role.Q, Role.V) and len(t.shape) == 2)
    return next(reads, 0)


def _embedding(basis: TokenBasis | None, width: int, scheme: SketchScheme) -> Levels | None:
    """Every channel over the token sums, centred over them, ``[width, numbers]``."""
    if basis is None or basis.sums.shape[1] != width:
        return None
    sums = unit_rows(basis.sums).T
    return to_levels(sums - sums.mean(axis=1, keepdims=True), scheme)


def _gains(checkpoint: Checkpoint, width: int, scheme: SketchScheme) -> Iterator[Gain]:
    """Trained norm gains over the residual channels; of deep models those of evenly spread layers."""
    norms = [t for t in checkpoint.core if _is_channel_norm(t, width)]
    final = [t for t in norms if t.layer is None]
    inside = sorted((t for t in norms if t.layer is not None), key=lambda t: (t.layer or 0, t.role))
    numbers = sorted({t.layer for t in inside if t.layer is not None})
    room = scheme.gain_bytes // max(1, (width + 1) // 2)
    layers = max(1, (room - len(final)) * len(numbers) // max(1, len(inside)))
    every = max(1, -(-len(numbers) // layers))
    for tensor in final + [t for t in inside if t.layer in numbers[::every]]:
        gains = checkpoint.rows(tensor, 0, width).astype(np.float32)
        gains = np.nan_to_num(gains, nan=0.0, posinf=0.0, neginf=0.0)
        mean, deviation = float(gains.mean(dtype=np.float64)), float(gains.std(dtype=np.float64))
        if deviation > _LEAST_SPREAD:
            levels = to_levels(_centred(gains), scheme)[0]
            yield Gain(tensor.role, tensor.layer, levels, _rounded(mean), _rounded(deviation))


def _rounded(value: float) -> float:
    """A number to the digits that a single-precision one has, so that its text is the same on every machine."""
    return float(f"{value:.6g}")


def _centred(gains: FloatArray) -> FloatArray:
    centred: FloatArray = (gains - gains.mean())[None, :]
    return centred


def _is_channel_norm(tensor: TensorRef, width: int) -> bool:
    is_gain = tensor.role in _CHANNEL_NORMS and tensor.slot == "weight"
    return is_gain and tensor.shape == (width,) and is_readable(tensor)


def _identity(checkpoint: Checkpoint) -> Identity:
    return Identity(
        ref=checkpoint.ref,
        revision=checkpoint.revision,
        digest=checkpoint.digest,
        format=checkpoint.container.format,
        parameters=checkpoint.parameters,
        bytes_read=checkpoint.source.bytes_read,
        caveats=checkpoint.caveats,
    )
