"""Distillation: a student learns the next-token distribution of its teachers. No weight passes on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

    from benchmarks.training.loop import Objective


def distillation_loss(*teachers: PreTrainedModel) -> Objective:
    """Return the mean Kullback-Leibler divergence of a student from the teachers' mean, in nats a token."""
    import torch
    from torch.nn import functional

    for teacher in teachers:
        teacher.eval().requires_grad_(False)

    def loss(student: PreTrainedModel, batch: torch.Tensor) -> torch.Tensor:
        taught = [functional.log_softmax(teacher(input_ids=batch).logits, dim=-1).flatten(0, 1) for teacher in teachers]
        target = torch.stack(taught).logsumexp(0) - math.log(len(teachers))
        learned = functional.log_softmax(student(input_ids=batch).logits, dim=-1).flatten(0, 1)
        return functional.kl_div(learned, target, reduction="batchmean", log_target=True)

    return loss
