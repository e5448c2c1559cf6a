"""Distillation: a student learns the next-token distribution of a teacher. No weight passes from one to the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

    from benchmarks.training.loop import Objective


def distillation_loss(teacher: PreTrainedModel) -> Objective:
    """Return the mean Kullback-Leibler divergence of a student from the teacher, in nats a token."""
    from torch.nn import functional

    teacher.eval().requires_grad_(False)

    def loss(student: PreTrainedModel, batch: torch.Tensor) -> torch.Tensor:
        target = functional.log_softmax(teacher(input_ids=batch).logits, dim=-1).flatten(0, 1)
        learned = functional.log_softmax(student(input_ids=batch).logits, dim=-1).flatten(0, 1)
        return functional.kl_div(learned, target, reduction="batchmean", log_target=True)

    return loss
