"""A student that learns its teacher's answers by bytes: their tokenizers, shapes and sizes may have nothing in common.

It starts as a small model of the lineage zoo and learns, at the stops of texts that the prompt set does not hold, the
probabilities that the teacher gave to each opening.
"""

from __future__ import annotations

import re
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.training.corpus import english_texts
from benchmarks.training.loop import use_reproducible_torch
from lineage_audit.behaviour import Answers
from lineage_audit.behaviour.openings import CLASSES
from lineage_audit.behaviour.prompts import Passage, PromptSet, passage_of

if TYPE_CHECKING:
    from collections.abc import Iterator

PASSAGES = 64
_CHARACTERS = 280
_FEWEST_STOPS = 36
_DOCUMENTS_A_PASSAGE = 9
EPOCHS, RATE = 24, 1e-3


def lesson(count: int = PASSAGES) -> PromptSet:
    """Prose of manuals that the machine has, cut as the prompt set is; none of it stands there."""
    passages = tuple(islice(_pieces(), count))
    digest = sha256("\n".join(passage.text for passage in passages).encode()).hexdigest()
    return PromptSet(0, digest, passages)


def _pieces() -> Iterator[Passage]:
    texts = english_texts()
    spread = [text for first in range(_DOCUMENTS_A_PASSAGE) for text in texts[first::_DOCUMENTS_A_PASSAGE]]
    for number, document in enumerate(spread):
        middle = re.sub(r"\s+", " ", document[len(document) // 2 :][: 4 * _CHARACTERS])
        text = middle[middle.find(" ") + 1 :][:_CHARACTERS]
        if text.isascii() and text.isprintable():
            passage = passage_of(f"lesson-{number}", "manual", "this machine", text)
            if len(passage.stops) >= _FEWEST_STOPS:
                yield passage


def taught(start: Path, lesson: PromptSet, teacher: Answers) -> tuple[Any, Any]:
    """The model in a folder after it learned a teacher's answers, and its tokenizer."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from lineage_audit.behaviour.asking.local import classes_of_ids, stops_reached, texts_by_id
    from lineage_audit.checkpoint import open_checkpoint

    use_reproducible_torch(threads=1)
    tokenizer = AutoTokenizer.from_pretrained(str(start))
    model = AutoModelForCausalLM.from_pretrained(str(start), dtype=torch.float32).train()
    vocabulary = open_checkpoint(str(start)).vocabulary
    assert vocabulary is not None
    texts = texts_by_id(vocabulary, tokenizer)
    classes = torch.from_numpy(classes_of_ids(texts, model))
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.01)
    drawn = np.random.default_rng(1)
    examples = list(zip(lesson.passages, lesson.places(), strict=True))
    for _ in range(EPOCHS):
        for number in drawn.permutation(len(examples)):
            passage, places = examples[number]
            tokens = tokenizer(passage.text)["input_ids"][: model.config.max_position_embeddings]
            reached = {
                stop: place
                for stop, place in stops_reached(tokens, texts, passage).items()
                if teacher.answered[places[passage.stops.index(stop)]]
            }
            rows = places[[passage.stops.index(stop) for stop in reached]]
            likely = model(input_ids=torch.tensor([tokens])).logits[0, list(reached.values())].softmax(-1)
            said = torch.zeros(len(reached), CLASSES).index_add(1, classes, likely[:, : len(classes)])
            wanted = torch.from_numpy(teacher.seen[rows])
            loss = -(wanted * (said + 1e-6).log()).sum(1).mean()
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
    return model, tokenizer
