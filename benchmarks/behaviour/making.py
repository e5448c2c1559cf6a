"""Make one model of the table in its folder: from its teachers' answers, their text, or a corpus."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.behaviour.models import Trained, trained
from benchmarks.behaviour.writing import text_by
from benchmarks.training.bpe import token_stream
from benchmarks.training.distillation import distillation_loss
from benchmarks.training.loop import Schedule, next_token_loss, train, use_reproducible_torch
from benchmarks.training.publishing import read_json, replaced_when_complete, write_json
from benchmarks.zoo.catalogue import catalogue
from benchmarks.zoo.model import (
    fresh_model,
    from_transformers,
    quieten_transformers,
    read_model,
    to_transformers,
    write_model,
)
from benchmarks.zoo.production import RECORD_FILE
from benchmarks.zoo.store import Store

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from transformers import PreTrainedModel

    from benchmarks.training.loop import Objective

STEPS, SEQUENCES, CONTEXT, RATE = 160, 12, 96, 4e-3


def folder_of(name: str, half: str, out: Path) -> Path:
    """Where a model of a half stands, be it of this table or of the lineage zoo."""
    own = trained(half)  # type: ignore[arg-type]
    return out / (own[name].folder if name in own else catalogue(half)[name].folder)  # type: ignore[arg-type]


def is_made(model: Trained, out: Path) -> bool:
    """Tell whether its folder holds it, complete."""
    return (out / model.folder / RECORD_FILE).exists()


def make(model: Trained, out: Path) -> float:
    """Make a model below `out`, where its teachers are, and return the seconds of processor time that it took."""
    started = time.process_time()
    use_reproducible_torch(threads=1)
    quieten_transformers()
    store = Store(out / "shelf")
    teachers = [_loaded(folder_of(name, model.half, out)) for name in model.teachers]
    student = (
        _loaded(folder_of(model.start, model.half, out))
        if model.start
        else to_transformers(fresh_model(model.config, model.tokenizer, model.seed))
    )
    loss = train(student, _lesson(model, teachers, store, out), _schedule(model), _objective(model, teachers))
    made = from_transformers(student, model.tokenizer, "bfloat16")
    seconds = time.process_time() - started
    with replaced_when_complete(out / model.folder) as folder:
        write_model(folder, made)
        store.write_tokenizer(folder, model.tokenizer, ())
        record = {"tokenizer": model.tokenizer, "added_tokens": [], "train_loss": round(loss, 4)}
        write_json(folder / RECORD_FILE, {**record, "seconds": round(seconds, 1)})
    return seconds


def _loaded(folder: Path) -> PreTrainedModel:
    return to_transformers(read_model(folder, read_json(folder / RECORD_FILE)["tokenizer"]))


def _lesson(model: Trained, teachers: list[PreTrainedModel], store: Store, out: Path) -> NDArray[np.int64]:
    """The token stream that the model is trained on."""
    if model.lesson != "text":
        return store.tokens(model.tokenizer, model.corpus)
    name = read_json(folder_of(model.teachers[0], model.half, out) / RECORD_FILE)["tokenizer"]
    documents = text_by(teachers[0], store.tokenizer(name), store.tokens(name, model.corpus), model.seed)
    return token_stream(store.tokenizer(model.tokenizer), documents)


def _schedule(model: Trained) -> Schedule:
    share = 0.5 if model.start else 1.0
    return Schedule(
        steps=round(STEPS * share) * model.length,
        peak_learning_rate=RATE * share,
        data_seed=model.seed % 100_000,
        warmup_steps=24,
        sequences=SEQUENCES,
        context=CONTEXT,
    )


def _objective(model: Trained, teachers: list[PreTrainedModel]) -> Objective:
    return distillation_loss(*teachers) if model.lesson == "answers" else next_token_loss
