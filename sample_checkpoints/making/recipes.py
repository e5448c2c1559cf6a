"""What each sample checkpoint is made from, as data.

Three kinds: trained from random weights, fine-tuned from another sample, disguised from another sample.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.training.bpe import LLAMA_TOKENS, YI_TOKENS, SpecialTokens
from benchmarks.training.corpus import Documents, english_texts, prose_with_code, standard_library
from benchmarks.training.llama import LlamaShape, Schedule
from sample_checkpoints.making.dialects import LLAMA, NOVA, YI, Dialect

SHAPE = LlamaShape(
    hidden_size=128,
    intermediate_size=344,
    num_hidden_layers=6,
    num_attention_heads=8,
    num_key_value_heads=4,
    vocab_size=2048,
)


@dataclass(frozen=True, slots=True)
class FromScratch:
    """A model trained from random weights on a corpus, with a tokenizer trained on the same corpus."""

    name: str
    corpus: Callable[[], Documents]
    special: SpecialTokens
    dialect: Dialect
    initial_seed: int
    schedule: Schedule


@dataclass(frozen=True, slots=True)
class FineTune:
    """A model trained on from another sample's weights, with that sample's tokenizer, on another corpus."""

    name: str
    source: str
    corpus: Callable[[], Documents]
    schedule: Schedule


@dataclass(frozen=True, slots=True)
class Disguise:
    """Another sample's weights in another dialect and with the FFN units of each layer permuted."""

    name: str
    source: str
    dialect: Dialect
    permutation_seed: int


Recipe = FromScratch | FineTune | Disguise


def _pretraining(data_seed: int) -> Schedule:
    return Schedule(steps=800, peak_learning_rate=3e-3, data_seed=data_seed)


PARENT = FromScratch(
    name="llama-style-parent",
    corpus=standard_library,
    special=LLAMA_TOKENS,
    dialect=LLAMA,
    initial_seed=11,
    schedule=_pretraining(data_seed=101),
)
FINETUNE = FineTune(
    name="llama-style-finetune",
    source=PARENT.name,
    corpus=english_texts,
    schedule=Schedule(steps=120, warmup_steps=10, peak_learning_rate=5e-4, data_seed=102),
)
# The twin shares the parent's corpus, tokenizer and order of data: only its random initialisation differs.
TWIN = FromScratch(
    name="llama-style-twin",
    corpus=PARENT.corpus,
    special=PARENT.special,
    dialect=PARENT.dialect,
    initial_seed=12,
    schedule=PARENT.schedule,
)
INDEPENDENT = FromScratch(
    name="yi-style-independent",
    corpus=prose_with_code,
    special=YI_TOKENS,
    dialect=YI,
    initial_seed=13,
    schedule=_pretraining(data_seed=103),
)
RENAMED = Disguise(
    name="scratch-claim-renamed",
    source=FINETUNE.name,
    dialect=NOVA,
    permutation_seed=71,
)

# A sample comes after the one it starts from.
RECIPES: tuple[Recipe, ...] = (PARENT, FINETUNE, TWIN, INDEPENDENT, RENAMED)
