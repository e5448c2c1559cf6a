"""Train models that share everything but the seed of their random initialisation.

One shape, one tokenizer, one corpus, one order of data: whatever two of these models have in common comes
from learning the same thing, and none of it from shared weights. Every pair is `independent`.

Run from the project's root: `python -m benchmarks.independent_seeds.train [--models N] [--out DIR]`.
Models that are already there and complete are kept.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.training.bpe import LLAMA_TOKENS, token_stream, train_tokenizer, write_tokenizer
from benchmarks.training.corpus import CorpusTooSmallError, standard_library
from benchmarks.training.llama import (
    LlamaShape,
    Schedule,
    fresh_llama,
    published_weights,
    train,
    training_results,
    use_reproducible_torch,
)
from benchmarks.training.publishing import (
    CONFIG_FILE,
    RESULTS_FILE,
    read_json,
    replaced_when_complete,
    write_json,
    write_weights,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from tokenizers import Tokenizer

DEFAULT_OUT = Path("~/.cache/lineage-audit/independent_seeds")
DEFAULT_MODELS = 7
FIRST_SEED = 1001

SHAPE = LlamaShape(
    hidden_size=96,
    intermediate_size=256,
    num_hidden_layers=4,
    num_attention_heads=6,
    num_key_value_heads=2,
    vocab_size=1024,
)
SCHEDULE = Schedule(steps=400, peak_learning_rate=3e-3, data_seed=2002)


def seed_folders(out: Path, models: int = DEFAULT_MODELS) -> tuple[Path, ...]:
    """Return the folders of the first `models` models, one a seed, whether they are there or not."""
    return tuple(out.expanduser() / f"seed-{FIRST_SEED + number}" for number in range(models))


def pairs(out: Path, models: int = DEFAULT_MODELS) -> Iterator[tuple[Path, Path]]:
    """Return every pair of different models once: 21 pairs of 7 models."""
    return itertools.combinations(seed_folders(out, models), 2)


def train_missing(out: Path, models: int) -> None:
    """Train each of the first `models` seeds that `out` does not hold complete.

    Raises:
        CorpusTooSmallError: if this machine has too little text.
    """
    missing = [folder for folder in seed_folders(out, models) if not is_complete(folder)]
    if not missing:
        return
    use_reproducible_torch()
    tokenizer = train_tokenizer(standard_library(), SHAPE.vocab_size, LLAMA_TOKENS)
    tokens = token_stream(tokenizer, standard_library())
    for folder in missing:
        print(folder.name, flush=True)
        _train_one(folder, tokenizer, tokens)


def is_complete(folder: Path) -> bool:
    """Return whether the folder holds a whole model made by just this recipe."""
    results = folder / RESULTS_FILE
    return results.exists() and read_json(results).get("recipe") == _recipe(_seed_of(folder))


def _train_one(folder: Path, tokenizer: Tokenizer, tokens: NDArray[np.int64]) -> None:
    seed = _seed_of(folder)
    model = fresh_llama(SHAPE, seed)
    loss = train(model, tokens, SCHEDULE)
    weights = published_weights(model)
    results = training_results(SCHEDULE, loss, weights)
    with replaced_when_complete(folder) as partial:
        write_tokenizer(partial, tokenizer, LLAMA_TOKENS, SHAPE.max_position_embeddings)
        config = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", **SHAPE.config()}
        write_json(partial / CONFIG_FILE, config)
        write_weights(partial, weights)
        write_json(partial / RESULTS_FILE, {**results, "recipe": _recipe(seed)})


def _seed_of(folder: Path) -> int:
    return int(folder.name.removeprefix("seed-"))


def _recipe(seed: int) -> dict[str, object]:
    return {"initial_seed": seed, "schedule": asdict(SCHEDULE), "shape": asdict(SHAPE)}


def main() -> None:
    """Train the models the command line asks for and list what is there."""
    parser = argparse.ArgumentParser(description="Train models that differ in their random initialisation alone.")
    parser.add_argument("--models", type=int, default=DEFAULT_MODELS, metavar="N", help="how many (default: 7)")
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, metavar="DIR", help="the folder to keep them in")
    arguments = parser.parse_args()
    train_missing(arguments.out, arguments.models)
    for folder in seed_folders(arguments.out, arguments.models):
        results = read_json(folder / RESULTS_FILE)
        print(f"{folder}  loss {results['train_loss']:.3f}  spread of norm gains {results['norm_gain_std']:.3f}")


if __name__ == "__main__":
    try:
        main()
    except CorpusTooSmallError as error:
        sys.exit(f"train.py: {error}")
