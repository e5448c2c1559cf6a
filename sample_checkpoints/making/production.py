"""Follow a recipe: from its data to a complete checkpoint folder.

A fine-tune and a disguise start from the bfloat16 file of their source, as anyone would who downloaded it.
A folder is written beside its place and moved there when complete.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from benchmarks.training.bpe import SpecialTokens, token_stream, train_tokenizer, write_tokenizer
from benchmarks.training.corpus import Documents
from benchmarks.training.llama import (
    Schedule,
    fresh_llama,
    llama_with,
    published_weights,
    train,
    training_results,
)
from benchmarks.training.publishing import (
    CONFIG_FILE,
    RESULTS_FILE,
    TOKENIZER_FILES,
    read_weights,
    replaced_when_complete,
    write_json,
    write_weights,
)
from sample_checkpoints.making.cards import write_card
from sample_checkpoints.making.dialects import with_units_permuted
from sample_checkpoints.making.recipes import SHAPE, Disguise, FineTune, FromScratch, Recipe

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer
    from transformers import LlamaForCausalLM

# Permuted units are summed in another order, which moves a float32 logit in its last digits only.
LOGIT_TOLERANCE = 1e-4


def make(recipe: Recipe, samples: Path) -> None:
    """Make one checkpoint in the folder `samples`, which holds the recipe's source, if it has one.

    Raises:
        FileNotFoundError: if the source is not there yet.
        CorpusTooSmallError: if this machine has too little text.
    """
    with replaced_when_complete(samples / recipe.name) as folder:
        match recipe:
            case FromScratch():
                _pretrain(recipe, folder)
            case FineTune():
                _fine_tune(recipe, _source(recipe, samples), folder)
            case Disguise():
                _disguise(recipe, _source(recipe, samples), folder)
            case _:
                assert_never(recipe)
        write_card(recipe.name, folder)


def _pretrain(recipe: FromScratch, folder: Path) -> None:
    tokenizer = _tokenizer(recipe.corpus, recipe.special)
    model = fresh_llama(SHAPE, recipe.initial_seed)
    weights = _trained(model, tokenizer, recipe.corpus, recipe.schedule, folder)
    write_tokenizer(folder, tokenizer, recipe.special, SHAPE.max_position_embeddings)
    write_json(folder / CONFIG_FILE, recipe.dialect.config(SHAPE.config()))
    write_weights(folder, recipe.dialect.from_llama(weights))


def _fine_tune(recipe: FineTune, source: Path, folder: Path) -> None:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(source / "tokenizer.json"))
    model = llama_with(SHAPE, read_weights(source))
    weights = _trained(model, tokenizer, recipe.corpus, recipe.schedule, folder)
    _copy((CONFIG_FILE, *TOKENIZER_FILES), source, folder)
    write_weights(folder, weights)


def _disguise(recipe: Disguise, source: Path, folder: Path) -> None:
    original = read_weights(source)
    permuted = with_units_permuted(original, SHAPE.num_hidden_layers, recipe.permutation_seed)
    disguised = recipe.dialect.from_llama(permuted)
    _check_same_function(original, recipe.dialect.to_llama(disguised))
    _copy(TOKENIZER_FILES, source, folder)
    write_json(folder / CONFIG_FILE, recipe.dialect.config(SHAPE.config()))
    write_weights(folder, disguised)


def _source(recipe: FineTune | Disguise, samples: Path) -> Path:
    source = samples / recipe.source
    if not source.is_dir():
        raise FileNotFoundError(f"{source}: {recipe.name} is made from it; make it first (--only {recipe.source}).")
    return source


@cache
def _tokenizer(corpus: Callable[[], Documents], special: SpecialTokens) -> Tokenizer:
    return train_tokenizer(corpus(), SHAPE.vocab_size, special)


def _trained(
    model: LlamaForCausalLM,
    tokenizer: Tokenizer,
    corpus: Callable[[], Documents],
    schedule: Schedule,
    folder: Path,
) -> dict[str, torch.Tensor]:
    """Train the model, note its results in the folder and return the weights to publish."""
    loss = train(model, token_stream(tokenizer, corpus()), schedule)
    weights = published_weights(model)
    results = training_results(schedule, loss, weights)
    print(f"  final training loss {loss:.3f}, spread of norm gains {results['norm_gain_std']}", flush=True)
    write_json(folder / RESULTS_FILE, results)
    return weights


def _copy(files: tuple[str, ...], source: Path, folder: Path) -> None:
    for file in files:
        shutil.copyfile(source / file, folder / file)


def _check_same_function(original: Mapping[str, torch.Tensor], disguised: Mapping[str, torch.Tensor]) -> None:
    """Raise `ValueError` unless both weights give the same logits, up to rounding."""
    import torch

    ids = torch.arange(SHAPE.max_position_embeddings).reshape(1, -1) * 16 % SHAPE.vocab_size
    with torch.no_grad():
        ours, theirs = (llama_with(SHAPE, weights)(input_ids=ids).logits for weights in (original, disguised))
    difference = (ours - theirs).abs().max().item()
    print(f"  largest difference of logits after the disguise: {difference:.1e}", flush=True)
    if difference > LOGIT_TOLERANCE:
        raise ValueError(f"The disguise changed the model: logits differ by {difference:.1e}.")
