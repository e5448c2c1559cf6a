"""Really trained mixers without a softmax: ``python -m benchmarks.architectures.trained -o FILE [KIND ...]``.

A Mamba 2, a gated delta net and an RWKV of some tens of thousands of parameters, each from two seeds on one corpus of
bytes. What is compared with the first: the second seed, which no test may relate; a fine-tune on other text, a noisy
copy, and a copy whose FFN units, where it has any, stand in another order. FILE gets
one JSON object a kind, and is taken up where it stopped.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from transformers import PreTrainedModel

WIDTH, LAYERS, BYTES = 64, 4, 256
STEPS, RATE = 400, 3e-3
TUNING_STEPS, TUNING_RATE = 100, 5e-4
_SPECIAL = {"pad_token_id": 0, "bos_token_id": 0, "eos_token_id": 0}
CHARACTERS = 2_000_000
"""Of the corpus; a part of it that was not trained on is fine-tuned on."""


def _mamba2() -> PreTrainedModel:
    from transformers import Mamba2Config, Mamba2ForCausalLM

    sizes = {"hidden_size": WIDTH, "num_hidden_layers": LAYERS, "vocab_size": BYTES, "state_size": 16}
    return Mamba2ForCausalLM(Mamba2Config(**sizes, num_heads=8, head_dim=16, n_groups=1, chunk_size=32, **_SPECIAL))


def _delta_net() -> PreTrainedModel:
    from transformers import OlmoHybridConfig, OlmoHybridForCausalLM

    heads = {"linear_num_key_heads": 4, "linear_num_value_heads": 4, "linear_key_head_dim": 16}
    sizes = {"hidden_size": WIDTH, "num_hidden_layers": LAYERS, "vocab_size": BYTES, "intermediate_size": 96}
    kinds = ["linear_attention"] * (LAYERS - 1) + ["full_attention"]
    config = OlmoHybridConfig(
        **sizes,
        **heads,
        linear_value_head_dim=32,
        num_attention_heads=4,
        num_key_value_heads=4,
        layer_types=kinds,
        **_SPECIAL,
    )
    return OlmoHybridForCausalLM(config)


def _rwkv() -> PreTrainedModel:
    from transformers import RwkvConfig, RwkvForCausalLM

    sizes = {"hidden_size": WIDTH, "num_hidden_layers": LAYERS, "vocab_size": BYTES, "context_length": 64}
    return RwkvForCausalLM(
        RwkvConfig(**sizes, attention_hidden_size=WIDTH, intermediate_size=128, rescale_every=0, **_SPECIAL)
    )


KINDS: Mapping[str, Callable[[], PreTrainedModel]] = {"mamba2": _mamba2, "delta-net": _delta_net, "rwkv": _rwkv}
"""Kind -> an untrained model."""


def main() -> int:
    """Train and compare the kinds that are missing; exit with 1 where a stranger is related or a descendant is not."""
    warnings.filterwarnings("ignore")
    parser = argparse.ArgumentParser(description="Really trained mixers without a softmax.")
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=", ".join(KINDS))
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=STEPS)
    options = parser.parse_args()
    done = _rows(options.output)
    for kind in options.kinds or KINDS:
        if kind not in done:
            done[kind] = measure(kind, options.steps)
            with options.output.open("a") as file:
                file.write(json.dumps(done[kind]) + "\n")
            print(json.dumps(done[kind]), flush=True)
    return int(any(_is_wrong(row) for row in done.values()))


def measure(kind: str, steps: int) -> dict[str, Any]:
    """Train one kind from two seeds, and compare its relatives with it."""
    from dataclasses import asdict

    from benchmarks.architectures.models import noisy_copy, permuted_copy
    from benchmarks.architectures.sweep import finding
    from benchmarks.training.loop import use_reproducible_torch

    use_reproducible_torch(1)
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root)
        loss = _trained(kind, 0, steps, folder / "original")
        losses = {"original": loss, "stranger": _trained(kind, 1, steps, folder / "stranger")}
        losses["fine-tune"] = _tuned(kind, folder / "original", folder / "fine-tune")
        noisy_copy(folder / "original", folder / "noisy")
        permuted_copy(folder / "original", folder / "permuted")
        relatives = ("stranger", "fine-tune", "noisy", "permuted")
        found = {name: asdict(finding(folder / "original", folder / name)) for name in relatives}
    return {"kind": kind, "steps": steps, "losses": losses, "findings": found}


def _trained(kind: str, seed: int, steps: int, place: Path) -> float:
    import torch

    from benchmarks.training.loop import Schedule, train

    torch.manual_seed(seed)
    model = KINDS[kind]()
    loss = train(model, _bytes(tuned_on=False), Schedule(steps, RATE, seed, sequences=8, context=64))
    model.save_pretrained(place)
    return round(loss, 3)


def _tuned(kind: str, source: Path, place: Path) -> float:
    from benchmarks.training.loop import Schedule, train

    model = type(KINDS[kind]()).from_pretrained(source)
    loss = train(model, _bytes(tuned_on=True), Schedule(TUNING_STEPS, TUNING_RATE, 7, sequences=8, context=64))
    model.save_pretrained(place)
    return round(loss, 3)


def _bytes(*, tuned_on: bool) -> np.ndarray:
    """A stream of the corpus's bytes."""
    from benchmarks.training.corpus import standard_library

    text = "".join(standard_library())
    part = text[CHARACTERS : 2 * CHARACTERS] if tuned_on else text[:CHARACTERS]
    return np.frombuffer(part.encode("utf-8"), np.uint8).astype(np.int64)


def _rows(output: Path) -> dict[str, dict[str, Any]]:
    lines = output.read_text().splitlines() if output.exists() else []
    return {row["kind"]: row for row in map(json.loads, lines)}


def _is_wrong(row: dict[str, Any]) -> bool:
    related = {
        name: one["relation"] in ("identical", "derived", "shared-origin") for name, one in row["findings"].items()
    }
    return related.pop("stranger") or not all(related.values())


if __name__ == "__main__":
    raise SystemExit(main())
