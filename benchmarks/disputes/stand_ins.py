"""Small models in the place of those whose weights cannot be had: what was claimed, done to a sample checkpoint."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

SAMPLES = Path(__file__).parents[2] / "sample_checkpoints"
PARENT, TWIN, FINE_TUNE, YI_STYLE = (
    SAMPLES / name
    for name in ("llama-style-parent", "llama-style-twin", "llama-style-finetune", "yi-style-independent")
)

_NOISE = 1 / 708
"""Standard deviation of the noise that was reported for Llama3-V."""

_EXPERTS = 4
_EXPERT_NAMES = {"gate_proj": "w1", "down_proj": "w2", "up_proj": "w3"}

Weights = dict[str, torch.Tensor]


@dataclass(frozen=True, slots=True)
class StandIn:
    """Two models in the places of those of a dispute.

    Attributes:
        a: the one that is said to be the source.
        b: makes the other in an empty folder, and says where it is.
        is_checked: the question is what the card says, so it is asked with ``check``.
    """

    a: Path
    b: Callable[[Path], Path]
    is_checked: bool = False


def _as_it_is(model: Path) -> Callable[[Path], Path]:
    return lambda _: model


def _noisy(folder: Path) -> Path:
    """Every matrix of the parent with noise of one size."""
    rng = np.random.default_rng(708)
    weights = load_file(PARENT / "model.safetensors")
    noisy = {
        name: (one.float() + torch.from_numpy(rng.normal(0, _NOISE, one.shape).astype(np.float32))).to(one.dtype)
        if one.ndim > 1
        else one
        for name, one in weights.items()
    }
    return _written(folder / "noisy", noisy, PARENT, {})


def _upcycled(folder: Path) -> Path:
    """The parent's FFNs copied into four experts each, with some noise, under Mixtral's names."""
    rng = np.random.default_rng(4)
    weights: Weights = {}
    for name, one in load_file(PARENT / "model.safetensors").items():
        layer, found, rest = name.partition(".mlp.")
        if not found:
            weights[name] = one
            continue
        for expert in range(_EXPERTS):
            noise = torch.from_numpy(rng.normal(0, 0.1 * float(one.float().std()), one.shape).astype(np.float32))
            stem = f"{layer}.block_sparse_moe.experts.{expert}.{_EXPERT_NAMES[rest.split('.')[0]]}.weight"
            weights[stem] = (one.float() + noise).to(one.dtype)
        router = rng.normal(0, 0.02, (_EXPERTS, int(_config(PARENT)["hidden_size"]))).astype(np.float32)
        weights[f"{layer}.block_sparse_moe.gate.weight"] = torch.from_numpy(router).to(one.dtype)
    changes = {
        "architectures": ["MixtralForCausalLM"],
        "model_type": "mixtral",
        "num_local_experts": _EXPERTS,
        "num_experts_per_tok": 2,
    }
    return _written(folder / "upcycled", weights, PARENT, changes)


def _undeclared(folder: Path) -> Path:
    """The fine-tune with a card that names no base, under another licence."""
    made = folder / "undeclared"
    shutil.copytree(FINE_TUNE, made)
    (made / "README.md").write_text("---\nlicense: apache-2.0\n---\n\nDeveloped in-house.\n", encoding="utf-8")
    return made


def _written(folder: Path, weights: Weights, like: Path, changes: dict[str, object]) -> Path:
    folder.mkdir()
    save_file(weights, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({**_config(like), **changes}), encoding="utf-8")
    shutil.copy(like / "tokenizer.json", folder)
    return folder


def _config(model: Path) -> dict[str, int]:
    config: dict[str, int] = json.loads((model / "config.json").read_text(encoding="utf-8"))
    return config


STAND_INS: dict[str, StandIn] = {
    "yi": StandIn(PARENT, _as_it_is(YI_STYLE)),
    "pangu": StandIn(PARENT, _as_it_is(TWIN)),
    "pangu-upcycled": StandIn(PARENT, _upcycled),
    "solar": StandIn(PARENT, _as_it_is(TWIN)),
    "llama3-v": StandIn(PARENT, _noisy),
    "rakuten": StandIn(PARENT, _undeclared, is_checked=True),
}
