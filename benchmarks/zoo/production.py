"""Make one model of the zoo in its folder: from parents and recipe to files, or from random weights.

A descendant starts from its parents' files, rounded as they are, as anyone would who downloaded them.
"""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.training.distillation import distillation_loss
from benchmarks.training.loop import Schedule, next_token_loss, train, use_reproducible_torch
from benchmarks.training.lora import attach, merge
from benchmarks.training.publishing import read_json, replaced_when_complete, write_json
from benchmarks.zoo.bases import CONTEXT, SEQUENCES, Base
from benchmarks.zoo.catalogue import Entry
from benchmarks.zoo.changes import changed, step_seed
from benchmarks.zoo.corpora import NEIGHBOURS
from benchmarks.zoo.disguises.registry import in_dialect
from benchmarks.zoo.model import (
    Model,
    fresh_model,
    from_transformers,
    quieten_transformers,
    read_model,
    to_transformers,
    write_model,
)
from benchmarks.zoo.recipes import Disguised, Distilled, Recipe, Training
from benchmarks.zoo.store import Store

if TYPE_CHECKING:
    import torch

RECORD_FILE = "zoo.json"


def is_complete(entry: Entry, out: Path) -> bool:
    """Tell whether the model's folder holds just this model."""
    record = out / entry.folder / RECORD_FILE
    return record.exists() and read_json(record)["digest"] == entry.digest


def make(entry: Entry, out: Path) -> float:
    """Make one model below `out`, where its parents are complete, and return how many seconds it took.

    Raises:
        ValueError: a disguise changed the function of its model, or transformers cannot load what was made.
        CorpusTooSmallError: this machine has too little text.
    """
    started = time.perf_counter()
    use_reproducible_torch(threads=1)
    quieten_transformers()
    store = Store(out / "shelf")
    model, loss = _descendant(entry, entry.recipe, out, store) if entry.recipe else _pretrained(entry.base, store)
    seconds = time.perf_counter() - started
    with replaced_when_complete(out / entry.folder) as folder:
        write_model(folder, model)
        store.write_tokenizer(folder, model.tokenizer, model.added_tokens)
        write_json(folder / RECORD_FILE, _record(entry, model, loss, seconds))
    return seconds


def discard_partial(entry: Entry, out: Path) -> None:
    """Remove what an interrupted run left of a model."""
    shutil.rmtree(out / f"{entry.folder}.partial", ignore_errors=True)


def _record(entry: Entry, model: Model, loss: float | None, seconds: float) -> dict[str, object]:
    return {
        "digest": entry.digest,
        "parents": [parent.name for parent in entry.parents],
        "tokenizer": model.tokenizer,
        "added_tokens": list(model.added_tokens),
        "train_loss": loss and round(loss, 4),
        "seconds": round(seconds, 1),
    }


def _pretrained(base: Base, store: Store) -> tuple[Model, float | None]:
    model = fresh_model(base.config, base.tokenizer, base.initial_seed)
    loaded = to_transformers(model)
    loss = train(loaded, store.tokens(base.tokenizer, base.corpus), _schedule(base, 1.0, 1.0, base.data_seed))
    return from_transformers(loaded, base.tokenizer, model.dtype), loss


def _descendant(entry: Entry, recipe: Recipe, out: Path, store: Store) -> tuple[Model, float | None]:
    parents = tuple(_read(parent, out) for parent in entry.parents)
    model = changed(recipe.change, parents, entry.base, store, entry.seed)
    loss = None
    if recipe.training:
        teacher = to_transformers(parents[0]) if isinstance(recipe.change, Distilled) else None
        loaded = to_transformers(model)
        loss = _trained(loaded, teacher, model.tokenizer, entry, recipe.training, store)
        trained = from_transformers(loaded, model.tokenizer, model.dtype)
        model = replace(model, weights=trained.weights)
    if isinstance(recipe.change, Disguised):
        model = in_dialect(model, recipe.change.disguise)
    return model, loss


def _read(entry: Entry, out: Path) -> Model:
    folder = out / entry.folder
    record = read_json(folder / RECORD_FILE)
    return read_model(folder, record["tokenizer"], tuple(record["added_tokens"]))


def _trained(
    loaded: torch.nn.Module,
    teacher: torch.nn.Module | None,
    tokenizer: str,
    entry: Entry,
    training: Training,
    store: Store,
) -> float:
    """Train a model in place and return its final loss."""
    tokens = store.tokens(tokenizer, _corpus(entry.base, training))
    schedule = _schedule(entry.base, training.length, training.rate, step_seed(entry.seed, "data"))
    objective = distillation_loss(teacher) if teacher else next_token_loss
    if training.lora is None:
        return train(loaded, tokens, schedule, objective)
    attach(loaded, training.lora, step_seed(entry.seed, "adapter"))
    loss = train(loaded, tokens, schedule, objective)
    merge(loaded, training.lora)
    return loss


def _corpus(base: Base, training: Training) -> str:
    return base.corpus if training.corpus == "own" else str(getattr(NEIGHBOURS[base.corpus], training.corpus))


def _schedule(base: Base, length: float, rate: float, data_seed: int) -> Schedule:
    steps = round(base.steps * length)
    return Schedule(
        steps=steps,
        peak_learning_rate=base.rate * rate,
        data_seed=data_seed,
        warmup_steps=steps // 8,
        sequences=SEQUENCES,
        context=CONTEXT,
    )
