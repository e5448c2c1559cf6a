"""Train a byte-level BPE tokenizer, write it, and turn documents into one stream of token ids."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.training.corpus import CorpusTooSmallError, Documents
from benchmarks.training.publishing import write_json

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from tokenizers import Tokenizer

UNKNOWN_ID, BEGIN_ID, END_ID = 0, 1, 2


@dataclass(frozen=True, slots=True)
class SpecialTokens:
    """The three special tokens, whose ids are 0, 1 and 2 in this order."""

    unknown: str
    begin: str
    end: str

    def in_order(self) -> list[str]:
        """Return the tokens by id."""
        return [self.unknown, self.begin, self.end]


LLAMA_TOKENS = SpecialTokens(unknown="<unk>", begin="<s>", end="</s>")
YI_TOKENS = SpecialTokens(unknown="<unk>", begin="<|startoftext|>", end="<|endoftext|>")


def train_tokenizer(documents: Documents, vocab_size: int, special: SpecialTokens) -> Tokenizer:
    """Return a byte-level BPE of exactly `vocab_size` tokens that opens every text with the begin token.

    Raises:
        CorpusTooSmallError: if the documents hold too few different words for so many tokens.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        show_progress=False,
        special_tokens=special.in_order(),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
    )
    tokenizer.train_from_iterator(documents, trainer)
    if tokenizer.get_vocab_size() != vocab_size:
        raise CorpusTooSmallError(
            f"The corpus gives a vocabulary of {tokenizer.get_vocab_size()}, not {vocab_size}; add text."
        )
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{special.begin} $A", special_tokens=[(special.begin, BEGIN_ID)]
    )
    return tokenizer


def token_stream(tokenizer: Tokenizer, documents: Documents) -> NDArray[np.int64]:
    """Return the ids of all documents end to end, shape (tokens,), each between a begin and an end token."""
    encodings = tokenizer.encode_batch(list(documents))
    return np.concatenate([np.array([*encoding.ids, END_ID], dtype=np.int64) for encoding in encodings])


def write_tokenizer(folder: Path, tokenizer: Tokenizer, special: SpecialTokens, context: int) -> None:
    """Write `tokenizer.json` and the `tokenizer_config.json` that transformers reads beside it."""
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {
        "bos_token": special.begin,
        "clean_up_tokenization_spaces": False,
        "eos_token": special.end,
        "model_max_length": context,
        "tokenizer_class": "PreTrainedTokenizerFast",
        "unk_token": special.unknown,
    }
    write_json(folder / "tokenizer_config.json", settings)
