"""Build a model type small, and write it, a noisy copy, another seed, and a copy in another order."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers.models.auto import configuration_auto, modeling_auto

from benchmarks.architectures.small import QUIRKS, shrink, shrunken, with_quirks
from lineage_audit.checkpoint import Checkpoint, open_checkpoint
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import TensorRef
from lineage_audit.comparison.symmetries.mixers import MixerSymmetry, Strip, mixers_of

MAPPINGS: Mapping[str, Mapping[str, Any]] = {
    "causal": modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    "masked": modeling_auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES,
    "seq2seq": modeling_auto.MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES,
    "vlm": modeling_auto.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES,
}
"""transformers' own lists of what writes text, by kind."""

NOISE = 0.02
"""Size of the noise in a noisy copy, against the spread of each tensor."""

_FFN_ROWS = (Role.GATE, Role.UP)
_CHANNELS = (Strip(Role.MIXER_GATE), Strip(Role.MIXER_V), Strip(Role.MIXER_O, is_column=True))
_BLOCK_GATES = (Role.MIXER_BETA, Role.MIXER_STEP)


class NotBuiltError(Exception):
    """A model type that cannot be built small; says why."""


def model_types() -> list[str]:
    """Every model type as ``kind__type``."""
    return [f"{kind}__{model_type}" for kind, mapping in MAPPINGS.items() for model_type in mapping]


def build(name: str, seed: int) -> Any:
    """Return a small model of a type with random weights.

    Raises:
        NotBuiltError: no way of making its configuration small gave one that transformers accepts.
    """
    kind, model_type = name.split("__", 1)
    stated = MAPPINGS[kind][model_type]
    model_class = getattr(transformers, stated if isinstance(stated, str) else stated[0])
    reasons = []
    for configuration in _small_configurations(configuration_auto.CONFIG_MAPPING[model_type]):
        torch.manual_seed(seed)
        try:
            return model_class._from_config(configuration())
        except Exception as error:  # a type may refuse its own defaults in any way
            reasons.append(f"{type(error).__name__}: {error}".replace("\n", " ")[:160])
    raise NotBuiltError("; ".join(reasons))


def _small_configurations(config_class: Any) -> Iterator[Callable[[], Any]]:
    quirks = QUIRKS.get(config_class.model_type, {})

    def small() -> dict[str, Any]:
        return with_quirks(shrunken(config_class().to_dict()), quirks)

    yield lambda: config_class.from_dict(small())
    yield lambda: shrink(config_class())
    yield lambda: config_class.from_dict(small()).get_text_config()
    yield lambda: config_class.from_dict(small()).decoder


def write_family(name: str, folder: Path) -> Mapping[str, Path]:
    """Write the model and its three relatives; returns their folders by kind."""
    places = {kind: folder / kind for kind in ("original", "noisy", "stranger", "permuted")}
    write(name, 0, places["original"])
    write(name, 1, places["stranger"])
    noisy_copy(places["original"], places["noisy"])
    permuted_copy(places["original"], places["permuted"])
    return places


def noisy_copy(source: Path, target: Path) -> None:
    """Write a copy with noise of a small part of each tensor's spread."""
    _rewrite(source, target, _noisy)


def permuted_copy(source: Path, target: Path) -> None:
    """Write a copy that computes the same, the units of its FFNs and the channels of its mixers in another order."""
    _rewrite(source, target, _permuted)


def write(name: str, seed: int, place: Path) -> None:
    """Write a small model.

    Raises:
        NotBuiltError: transformers cannot make it small, or cannot save what it made.
    """
    model = build(name, seed)
    try:
        model.save_pretrained(place)
    except Exception as error:  # conversions on saving may count on published sizes
        raise NotBuiltError(f"{type(error).__name__}: {error}".replace("\n", " ")[:160]) from error


def _rewrite(source: Path, target: Path, change: Callable[[dict[str, Any], Path], None]) -> None:
    shutil.copytree(source, target)
    for file in sorted(target.glob("*.safetensors")):
        tensors = load_file(file)
        change(tensors, source)
        save_file(tensors, file, metadata={"format": "pt"})


def _noisy(tensors: dict[str, Any], _: Path) -> None:
    generator = torch.Generator().manual_seed(7)
    for name, values in tensors.items():
        if values.is_floating_point() and values.numel() > 1:
            noise = torch.randn(values.shape, generator=generator)
            tensors[name] = (values + NOISE * values.std() * noise).to(values.dtype)


def _permuted(tensors: dict[str, Any], source: Path) -> None:
    """Put the units of every FFN and the channels of every mixer into another order."""
    checkpoint, rng = open_checkpoint(str(source)), np.random.default_rng(5)
    _permute_ffns(tensors, checkpoint, rng)
    for layer, symmetry in mixers_of(checkpoint).items():
        in_layer = [ref for ref in checkpoint.core if ref.layer == layer and ref.expert is None]
        _permute_mixer(tensors, in_layer, symmetry, rng)


def _permute_ffns(tensors: dict[str, Any], checkpoint: Checkpoint, rng: np.random.Generator) -> None:
    """Rows of gate and up, columns of down."""
    refs = {(ref.part, ref.layer, ref.expert, ref.role, ref.slot): ref for ref in checkpoint.tensors}
    for (part, layer, expert, role, slot), down in refs.items():
        up = refs.get((part, layer, expert, Role.UP, "weight"))
        if role is not Role.DOWN or slot != "weight" or up is None or down.shape[1:] != up.shape[:1]:
            continue
        order = rng.permutation(up.shape[0])
        for rows in (refs.get((part, layer, expert, role, slot)) for role in _FFN_ROWS for slot in ("weight", "bias")):
            if rows is not None and rows.shape[0] == len(order):
                _permute_rows(tensors, rows, order)
        _permute_columns(tensors, down, order)


def _permute_mixer(
    tensors: dict[str, Any], refs: Sequence[TensorRef], symmetry: MixerSymmetry, rng: np.random.Generator
) -> None:
    """All that moves with a channel, within what the symmetry says."""
    order = order_of_channels(symmetry, rng)
    inside = order[: symmetry.of_head] if symmetry.one_order else order
    strips = {strip.role: strip.is_column for strip in (*_CHANNELS, *symmetry.moved)}
    for ref in refs:
        if ref.role in _BLOCK_GATES and symmetry.has_blocks:
            _permute_blocks(tensors, ref, order, symmetry)
        elif ref.role in strips and strips[ref.role] and ref.slot == "weight":
            _permute_columns(tensors, ref, order)
        elif ref.role in strips and not strips[ref.role]:
            _permute_rows(tensors, ref, inside if ref.shape[0] == len(inside) else order)


def order_of_channels(symmetry: MixerSymmetry, rng: np.random.Generator) -> np.ndarray:
    """An order in which a mixer computes the same: of all channels, inside heads, or one for all heads."""
    if symmetry.of_head == 1:
        return rng.permutation(symmetry.channels)
    heads = symmetry.channels // symmetry.of_head
    if symmetry.one_order:
        orders = [rng.permutation(symmetry.of_head)] * heads
    else:
        orders = [rng.permutation(symmetry.of_head) for _ in range(heads)]
    return np.concatenate([head * symmetry.of_head + order for head, order in enumerate(orders)])


def _permute_blocks(tensors: dict[str, Any], ref: TensorRef, order: np.ndarray, symmetry: MixerSymmetry) -> None:
    """Gates in blocks: both sides of each block, or its biases."""
    stored = tensors[ref.parts[0].stored.name]
    inside = order.reshape(-1, symmetry.of_head) % symmetry.of_head
    for block, within in enumerate(inside):
        chosen = torch.from_numpy(within)
        values = stored[block][chosen]
        stored[block] = values[:, chosen] if values.dim() > 1 else values


def _permute_rows(tensors: dict[str, Any], ref: TensorRef, order: np.ndarray) -> None:
    """The first rows in another order; what stands behind them keeps its place."""
    (part,) = ref.parts
    matrix = _stored(tensors, ref)
    rows = torch.from_numpy(part.rows.stored_rows(np.arange(len(order))))
    matrix[rows] = matrix[rows[torch.from_numpy(order)]].clone()


def _permute_columns(tensors: dict[str, Any], ref: TensorRef, order: np.ndarray) -> None:
    (part,) = ref.parts
    matrix = _stored(tensors, ref)
    rows = torch.from_numpy(part.rows.stored_rows(np.arange(part.rows.count)))
    matrix[rows] = matrix[rows][:, torch.from_numpy(order)].clone()


def _stored(tensors: dict[str, Any], ref: TensorRef) -> Any:
    """A view of the stored values, oriented as the reference."""
    (part,) = ref.parts
    values = tensors[part.stored.name]
    if values.dim() != len(part.stored.shape) or values.shape != torch.Size(part.stored.shape):
        values = values.view(part.stored.shape)
    if part.index is not None:
        values = values[part.index]
    return values.T if part.transposed else values
