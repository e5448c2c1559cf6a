"""Train one model of the catalogue into its folder; what is there already is kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.hard.catalogue import Text, Trained
from benchmarks.hard.kinds import BYTES, KINDS, STARTS, WIDTH

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

    from benchmarks.training.loop import Objective

STEPS, RATE = 240, 4e-3
TUNING_STEPS, TUNING_RATE = 60, 1e-3
CHARACTERS = 2_000_000
"""Of a text."""

_FROZEN_SEED = 77


def make(model: Trained, out: Path) -> Path:
    """Train a model unless it is there, and return its folder."""
    folder = out / model.folder
    if not folder.exists():
        trained = _trained(model, out)
        partial = folder.with_name(f"{folder.name}.partial")
        # layers that are one layer are written as often as they are run
        trained.save_pretrained(partial, state_dict={name: x.clone() for name, x in trained.state_dict().items()})
        partial.rename(folder)
    return folder


def _trained(model: Trained, out: Path) -> PreTrainedModel:
    from benchmarks.training.loop import Schedule, next_token_loss, train, use_reproducible_torch

    use_reproducible_torch(1)
    steps, rate = (TUNING_STEPS, TUNING_RATE) if model.parent else (STEPS, RATE)
    fresh = _begun(model)
    if model.parent:
        fresh.load_state_dict(_loaded(model, model.parent, out).state_dict())
    objective = _imitation(_loaded(model, model.teacher, out)) if model.teacher else next_token_loss
    train(fresh, _bytes(model.text), Schedule(steps, rate, model.order, sequences=8, context=64), objective)
    return fresh


def _begun(model: Trained) -> PreTrainedModel:
    """The model as it is before training."""
    import torch

    torch.manual_seed(model.seed)
    fresh = KINDS[model.kind]()
    STARTS[model.start](fresh)
    if model.frozen:
        table = torch.randn(BYTES, WIDTH, generator=torch.Generator().manual_seed(_FROZEN_SEED))
        embedding = fresh.get_input_embeddings()
        embedding.weight.data.copy_(0.02 * table)
        embedding.weight.requires_grad_(False)
    return fresh


def _loaded(model: Trained, name: str, out: Path) -> PreTrainedModel:
    """Another model of the group, as it was written."""
    return type(KINDS[model.kind]()).from_pretrained(out / Trained(model.group, name).folder)


def _imitation(teacher: PreTrainedModel) -> Objective:
    """Hidden states of every layer as near to the teacher's as can be, and the next token."""
    import torch

    from benchmarks.training.loop import next_token_loss

    teacher.eval().requires_grad_(False)

    def loss(student: PreTrainedModel, batch: torch.Tensor) -> torch.Tensor:
        ours = student(input_ids=batch, output_hidden_states=True).hidden_states
        theirs = teacher(input_ids=batch, output_hidden_states=True).hidden_states
        apart = [
            torch.nn.functional.mse_loss(own, other) / other.square().mean()
            for own, other in zip(ours, theirs, strict=True)
        ]
        return torch.stack(apart).mean() + 0.1 * next_token_loss(student, batch)

    return loss


def _bytes(text: Text) -> np.ndarray:
    """A stream of a text's bytes."""
    from benchmarks.training.corpus import english_texts, standard_library

    whole = "".join(english_texts() if text == "english" else standard_library())
    first = CHARACTERS if text == "further on" else 0
    return np.frombuffer(whole[first : first + CHARACTERS].encode("utf-8"), np.uint8).astype(np.int64)
