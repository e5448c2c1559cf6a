"""Text that a model writes: what a student learns from who sees no more of its teacher than that."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from tokenizers import Tokenizer
    from transformers import PreTrainedModel

    from benchmarks.training.corpus import Documents

GIVEN, WRITTEN, AT_ONCE, ROUNDS = 8, 88, 160, 16


def text_by(teacher: PreTrainedModel, tokenizer: Tokenizer, corpus: NDArray[np.int64], seed: int) -> Documents:
    """What a teacher writes when it is given the beginnings of pieces of a corpus, drawn at temperature 1."""
    import torch

    torch.manual_seed(seed)
    stream = torch.from_numpy(corpus)
    documents: list[str] = []
    for _ in range(ROUNDS):
        starts = torch.randint(len(stream) - GIVEN, (AT_ONCE, 1))
        given = stream[starts + torch.arange(GIVEN)]
        written = teacher.generate(
            given,
            attention_mask=torch.ones_like(given),
            max_new_tokens=WRITTEN,
            do_sample=True,
            top_k=0,
            top_p=1.0,
            eos_token_id=[],
            pad_token_id=0,
        )
        documents += tokenizer.decode_batch(written.tolist(), skip_special_tokens=True)
    return tuple(documents)
