"""The models that are trained for this benchmark, as data; teachers, strangers and descendants are the lineage zoo's.

A student has an architecture and random weights of its own, and learns from the whole distributions of its teacher or
from text that the teacher wrote, which it reads with a tokenizer of its own. A stranger is trained as students are,
from a corpus alone. Thresholds are set on one half of the zoo and confirmed on the other.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from benchmarks.zoo.catalogue import Half

Lesson = Literal["answers", "text", "corpus"]
"""What it learns from: its teachers' distributions, text that they wrote, or a corpus and no teacher."""

FOLDER = "behaviour"
"""Where they stand beside the halves of the zoo."""


@dataclass(frozen=True, slots=True)
class Trained:
    """One model.

    Attributes:
        name: unique among these.
        half: the half of the zoo that its teachers are of.
        lesson: what it learns from.
        shape: its architecture and sizes, by a name of `SHAPES`.
        tokenizer: its tokenizer on the zoo's shelf.
        corpus: the text that it is asked about, or that it learns.
        teachers: models of that half, or of this table.
        start: the model whose weights it starts from, or None for random ones.
        length: how many times as long as the others it learns.
    """

    name: str
    half: Half
    lesson: Lesson
    shape: str
    tokenizer: str
    corpus: str
    teachers: tuple[str, ...] = ()
    start: str | None = None
    length: int = 1

    @property
    def seed(self) -> int:
        """Seeds whatever is drawn while it is made."""
        return zlib.crc32(f"{self.half} {self.name}".encode())

    @property
    def folder(self) -> str:
        """Its place below the zoo's folder."""
        return f"{FOLDER}/{self.half}-{self.name}"

    @property
    def config(self) -> Mapping[str, object]:
        """``model_type``, ``dtype`` and the sizes."""
        size = int(self.tokenizer.rsplit("-", 1)[1])
        return {**SHAPES[self.shape], "dtype": "bfloat16", "vocab_size": size, **_SPECIAL}


_SPECIAL = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}


def _gated(model_type: str, hidden: int, units: int, layers: int, heads: tuple[int, int]) -> dict[str, object]:
    return {
        "model_type": model_type,
        "hidden_size": hidden,
        "intermediate_size": units,
        "num_hidden_layers": layers,
        "num_attention_heads": heads[0],
        "num_key_value_heads": heads[1],
        "max_position_embeddings": 192,
        "tie_word_embeddings": True,
    }


SHAPES: Mapping[str, Mapping[str, object]] = {
    "llama": _gated("llama", 88, 240, 3, (4, 2)),
    "mistral": {**_gated("mistral", 96, 224, 3, (6, 3)), "sliding_window": None},
    "qwen2": _gated("qwen2", 80, 256, 3, (5, 1)),
    "gemma": {**_gated("gemma", 96, 256, 2, (3, 3)), "head_dim": 32},
    "gpt2": {
        "model_type": "gpt2", "n_embd": 96, "n_inner": 320, "n_layer": 3, "n_head": 6, "n_positions": 192,
        "attn_pdrop": 0.0, "embd_pdrop": 0.0, "resid_pdrop": 0.0,
    },
    "neox": {
        "model_type": "gpt_neox", "hidden_size": 96, "intermediate_size": 320, "num_hidden_layers": 3,
        "num_attention_heads": 6, "max_position_embeddings": 192, "tie_word_embeddings": False,
        "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 0.5},
    },
}  # fmt: skip
"""Shapes that no model of the lineage zoo has."""


def _students(half: Half, teacher: str, tokenizer: str, own: str, other: str, shapes: tuple[str, ...]) -> list[Trained]:
    """Three by answers, on the teacher's corpus or another; one by text; one that learns from the first of them."""
    first, second, third, fourth, fifth = shapes
    name = teacher.removesuffix("-1")
    return [
        Trained(f"{name}-student-a", half, "answers", first, tokenizer, own, (teacher,)),
        Trained(f"{name}-student-b", half, "answers", second, tokenizer, other, (teacher,)),
        Trained(f"{name}-student-c", half, "answers", third, tokenizer, own, (teacher,)),
        Trained(f"{name}-reader", half, "text", fourth, _OTHER_TOKENIZER[tokenizer], own, (teacher,)),
        Trained(f"{name}-grandstudent", half, "answers", fifth, tokenizer, own, (f"{name}-student-a",)),
    ]


def _longer(half: Half, teacher: str, tokenizer: str, corpus: str, shapes: tuple[str, str]) -> list[Trained]:
    """Two by answers that learn four times as long."""
    name = teacher.removesuffix("-1")
    return [
        Trained(f"{name}-longer-{letter}", half, "answers", shape, tokenizer, corpus, (teacher,), length=4)
        for letter, shape in zip("ab", shapes, strict=True)
    ]


_OTHER_TOKENIZER = {
    "python-a-1024": "english-a-1024",
    "english-a-1024": "python-a-1024",
    "english-b-1152": "python-c-768",
    "python-c-768": "english-b-1152",
}

MODELS: tuple[Trained, ...] = (
    *_students("threshold", "llama-1", "python-a-1024", "python-a", "english-a",
               ("gpt2", "neox", "gemma", "qwen2", "mistral")),
    *_students("threshold", "gpt2-1", "english-a-1024", "english-a", "python-a",
               ("llama", "qwen2", "mistral", "gemma", "neox")),
    *_students("report", "qwen2-1", "english-b-1152", "english-b", "python-d",
               ("neox", "llama", "gpt2", "mistral", "gemma")),
    *_students("report", "llama-1", "python-c-768", "python-c", "english-b",
               ("gemma", "gpt2", "qwen2", "neox", "llama")),
    *_longer("report", "qwen2-1", "english-b-1152", "english-b", ("llama", "gpt2")),
    *_longer("report", "llama-1", "python-c-768", "python-c", ("gpt2", "qwen2")),
    *_longer("threshold", "llama-1", "python-a-1024", "python-a", ("gpt2", "neox")),
    *_longer("threshold", "gpt2-1", "english-a-1024", "english-a", ("llama", "qwen2")),
    Trained("llama-and-mistral", "threshold", "answers", "qwen2", "python-a-1024", "python-a",
            ("llama-1", "mistral-1")),
    Trained("gpt2-and-qwen2", "threshold", "answers", "gemma", "english-a-1024", "english-a", ("gpt2-1", "qwen2-2")),
    Trained("qwen2-and-neox", "report", "answers", "gpt2", "english-b-1152", "english-b", ("qwen2-1", "neox-1")),
    Trained("llama-and-mistral", "report", "answers", "mistral", "python-c-768", "python-c", ("llama-1", "mistral-1")),
    Trained("llama-student-on", "threshold", "corpus", "gpt2", "python-a-1024", "english-b", start="llama-student-a"),
    Trained("llama-student-on", "report", "corpus", "gemma", "python-c-768", "english-b", start="llama-student-a"),
    Trained("stranger-a", "threshold", "corpus", "gpt2", "python-a-1024", "python-a"),
    Trained("stranger-b", "threshold", "corpus", "neox", "english-a-1024", "english-a"),
    Trained("stranger-c", "threshold", "corpus", "qwen2", "english-a-1024", "english-a"),
    Trained("stranger-d", "threshold", "corpus", "llama", "english-a-1024", "english-a"),
    Trained("stranger-e", "threshold", "corpus", "mistral", "english-b-896", "english-b"),
    Trained("stranger-f", "threshold", "corpus", "gemma", "python-b-896", "python-b"),
    Trained("stranger-g", "threshold", "corpus", "llama", "python-a-1024", "english-a"),
    Trained("stranger-h", "threshold", "corpus", "neox", "python-b-896", "english-b"),
    Trained("stranger-a", "report", "corpus", "gemma", "python-c-768", "python-c"),
    Trained("stranger-b", "report", "corpus", "llama", "english-b-1152", "english-b"),
    Trained("stranger-c", "report", "corpus", "gpt2", "english-b-1152", "english-b"),
    Trained("stranger-d", "report", "corpus", "mistral", "python-d-1152", "python-d"),
)  # fmt: skip
"""Teachers and starts stand before whoever needs them."""


@cache
def trained(half: Half) -> Mapping[str, Trained]:
    """The models of one half by name."""
    return {model.name: model for model in MODELS if model.half == half}
