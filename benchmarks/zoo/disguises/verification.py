"""Show that a disguise left the function as it was."""

from __future__ import annotations

from benchmarks.zoo.model import Model, logits

TOLERANCE = 2e-4
"""Largest difference of logits, as a share of the largest logit, that float32 rounding explains."""

_SEQUENCES, _CONTEXT = 4, 64


def check_same_function(before: Model, after: Model) -> float:
    """Return the largest difference of logits as a share of the largest logit.

    Raises:
        ValueError: it is more than rounding.
    """
    import torch

    tokens = len(before.weights["embed.weight"])
    ids = torch.randint(tokens, (_SEQUENCES, _CONTEXT), generator=torch.Generator().manual_seed(0))
    ours, theirs = logits(before, ids), logits(after, ids)
    difference = float((ours - theirs).abs().max() / ours.abs().max())
    if not difference <= TOLERANCE:
        raise ValueError(f"the disguise changed the model: logits differ by {difference:.1e} of the largest")
    return difference
