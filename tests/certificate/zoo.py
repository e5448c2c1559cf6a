"""Models for certificates: made up, small, and large enough for every rule of the book."""

from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

from lineage_audit.certificate import Certificate
from lineage_audit.certificate.statement import StatedCertificate, read_statement, statement_of
from lineage_audit.checkpoint import Checkpoint
from tests.models import Size, Weights, checkpoint, llama, llama_config, noisy, repository, tokenizer_json, write

SIZE = Size(layers=3, hidden=128, heads=4, kv_heads=4, ffn=192, vocab=640)


def opened() -> dict[str, Checkpoint]:
    """The models, held in memory."""
    return {name: of_weights(values, name) for name, values in _weights().items()}


def folders(root: Path) -> dict[str, Path]:
    """The models on disk, each with a tokenizer."""
    tokens = tokenizer_json([f"token{number}" for number in range(SIZE.vocab - 2)], ("<s>", "</s>"))
    config = llama_config(SIZE)
    return {
        name: write(root / name, repository(values, config, **{"tokenizer.json": tokens}))
        for name, values in _weights().items()
    }


def _weights() -> dict[str, Weights]:
    """Base, fine-tune, copies in another order and with other signs, stranger."""
    base = llama(1, SIZE)
    return {
        "base": base,
        "tuned": noisy(base, 2, 0.3),
        "moved": moved(noisy(base, 3, 0.2)),
        "flipped": flipped(base, 4),
        "stranger": llama(5, SIZE),
    }


def of_weights(weights: Weights, ref: str = "memory", size: Size = SIZE) -> Checkpoint:
    """Open weights."""
    return checkpoint(repository(weights, llama_config(size)), ref)


def moved(weights: Weights) -> Weights:
    """The layers in another order, the heads of each turned round, the FFN units and the channels reversed."""
    order = [2, 0, 1]
    found = dict(weights)
    for layer, source in enumerate(order):
        for name in [name for name in weights if name.startswith(f"model.layers.{source}.")]:
            values, role = weights[name], name.split(".")[-2]
            if role in ("q_proj", "k_proj", "v_proj"):
                values = values.reshape(SIZE.heads, -1, SIZE.hidden)[::-1].reshape(values.shape)
            if role == "o_proj":
                values = values.reshape(SIZE.hidden, SIZE.heads, -1)[:, ::-1].reshape(values.shape)
            if role in ("gate_proj", "up_proj"):
                values = values[::-1]
            if role == "down_proj":
                values = values[:, ::-1]
            found[name.replace(f"layers.{source}", f"layers.{layer}")] = values
    return {name: _channels_reversed(name, values) for name, values in found.items()}


def _channels_reversed(name: str, values: np.ndarray) -> np.ndarray:
    writes = name.split(".")[-2] in ("o_proj", "down_proj")
    return np.ascontiguousarray(values[::-1] if writes else values[..., ::-1])


def flipped(weights: Weights, seed: int) -> Weights:
    """Every value dimension, rotary pair and FFN unit with a sign of its own."""
    random = np.random.default_rng(seed)
    found = dict(weights)
    for layer in range(SIZE.layers):
        at = f"model.layers.{layer}."
        values, units = random.choice([-1.0, 1.0], SIZE.hidden), random.choice([-1.0, 1.0], SIZE.ffn)
        pairs = np.tile(random.choice([-1.0, 1.0], (SIZE.heads, SIZE.head_dim // 2)), 2).ravel()
        for name, signs in (("self_attn.v_proj", values), ("mlp.up_proj", units), ("self_attn.k_proj", pairs)):
            found[f"{at}{name}.weight"] = (weights[f"{at}{name}.weight"] * signs[:, None]).astype(np.float32)
        found[at + "self_attn.q_proj.weight"] = (weights[at + "self_attn.q_proj.weight"] * pairs[:, None]).astype(
            np.float32
        )
        found[at + "self_attn.o_proj.weight"] = (weights[at + "self_attn.o_proj.weight"] * values).astype(np.float32)
        found[at + "mlp.down_proj.weight"] = (weights[at + "mlp.down_proj.weight"] * units).astype(np.float32)
    return found


def written(certificate: Certificate) -> StatedCertificate:
    """A certificate written and read back."""
    return read_statement(statement_of(certificate).encode(), "certificate")


def relabelled(weights: Weights, like: Weights) -> Weights:
    """A model whose units and value dimensions were given the signs, and its units the order, that suit another's."""
    found = dict(weights)
    for layer in range(SIZE.layers):
        at = f"model.layers.{layer}."
        value, out = f"{at}self_attn.v_proj.weight", f"{at}self_attn.o_proj.weight"
        signs = _agreeing(like[value], weights[value])
        found[value], found[out] = weights[value] * signs[:, None], weights[out] * signs
        gate, up, down = (f"{at}mlp.{name}_proj.weight" for name in ("gate", "up", "down"))
        _, order = linear_sum_assignment(-np.abs(like[up] @ weights[up].T))
        signs = _agreeing(like[up], weights[up][order])
        found[gate], found[up] = weights[gate][order], weights[up][order] * signs[:, None]
        found[down] = weights[down][:, order] * signs
    return {name: np.ascontiguousarray(values, dtype=np.float32) for name, values in found.items()}


def _agreeing(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.where((one * other).sum(axis=1) < 0, -1.0, 1.0)
