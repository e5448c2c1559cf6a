"""A model on this machine, or of the Hub, asked through transformers: one pass over each passage.

No code of a repository is run and no pickle is loaded: an architecture that transformers does not have, and weights
that stand in no safetensors or GGUF file, are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from lineage_audit.behaviour.answers import Answers, no_answers
from lineage_audit.behaviour.openings import CLASSES, openings_of
from lineage_audit.behaviour.prompts import Passage, PromptSet
from lineage_audit.checkpoint import Checkpoint, open_checkpoint
from lineage_audit.checkpoint.tokenizer.vocabulary import Vocabulary
from lineage_audit.comparison.progress import NoProgress, Progress
from lineage_audit.errors import LineageAuditError, UnreadableFileError, UnsupportedFormatError

if TYPE_CHECKING:
    import torch

_LOADED = ("safetensors", "gguf")
_FLOAT32_PARAMETERS = 3_000_000_000
"""Up to so many weights are loaded as float32; a larger model runs in the type in which it is stored."""


KEPT_EVERY = 8
"""Passages after which what was answered so far is kept."""


def ask_local(
    ref: str,
    prompts: PromptSet,
    *,
    earlier: Answers | None = None,
    keep: Callable[[Answers], None] = lambda _answers: None,
    progress: Progress | None = None,
) -> Answers:
    """Ask a model that transformers can run.

    Args:
        ref: a local folder or file, or a Hub repository.
        prompts: what to ask.
        earlier: what it answered before a run was broken off.
        keep: is given what was answered so far, now and then.
        progress: told how many passages are done.

    Raises:
        LineageAuditError: it cannot be found or run, or its tokens cannot be told by their bytes.
    """
    checkpoint = open_checkpoint(ref)
    _require_loadable(checkpoint)
    vocabulary = checkpoint.vocabulary
    if vocabulary is None:
        raise UnreadableFileError(f"{ref}: has no tokenizer that can be read; its answers cannot be told by bytes")
    tokenizer, model = _loaded(checkpoint)
    texts = texts_by_id(vocabulary, tokenizer)
    progress = progress or NoProgress()
    classes = classes_of_ids(texts, model)
    is_same = earlier is not None and earlier.digest == checkpoint.digest
    seen, unseen = (earlier.seen.copy(), earlier.unseen.copy()) if earlier and is_same else no_answers(prompts.stops)
    so_far = Answers(ref, checkpoint.revision, checkpoint.digest, prompts.name, "text", "transformers", seen, unseen)
    asked = zip(prompts.passages, prompts.places(), strict=True)
    left = [(passage, places) for passage, places in asked if not so_far.answered[places].any()]
    progress.begin(len(left), f"asking {ref}")
    for number, (passage, places) in enumerate(left, start=1):
        tokens = _tokens(tokenizer, passage, model)
        reached = stops_reached(tokens, texts, passage)
        if reached:
            rows = places[[passage.stops.index(stop) for stop in reached]]
            seen[rows] = _by_class(model, tokens, tuple(reached.values()), classes)
            unseen[rows] = 0.0
        if number % KEPT_EVERY == 0:
            keep(so_far)
        progress.advance(1, passage.name)
    return so_far


def _require_loadable(checkpoint: Checkpoint) -> None:
    if checkpoint.composed_of or checkpoint.container.adapter is not None:
        raise UnsupportedFormatError(f"{checkpoint.ref}: merge the adapter into its base to ask the model")
    if checkpoint.container.format not in _LOADED:
        raise UnsupportedFormatError(
            f"{checkpoint.ref}: weights in {checkpoint.container.format} are not run; convert them to safetensors"
        )


def _loaded(checkpoint: Checkpoint) -> tuple[Any, Any]:
    """Tokenizer and model, by transformers' own code alone."""
    try:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer
        from transformers.utils import logging
    except ModuleNotFoundError as error:
        raise LineageAuditError(
            f"{error.name} is needed to ask a model on this machine: pip install 'lineage-audit[behaviour]'"
        ) from None
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    where, options = _place(checkpoint)
    small = checkpoint.parameters <= _FLOAT32_PARAMETERS
    weights: dict[str, Any] = {} if "gguf_file" in options else {"use_safetensors": True}
    try:
        tokenizer = AutoTokenizer.from_pretrained(where, trust_remote_code=False, **options)
        model = AutoModelForCausalLM.from_pretrained(
            where, trust_remote_code=False, dtype=torch.float32 if small else "auto", **weights, **options
        )
    except Exception as error:  # whatever the library says of files that it cannot use
        said = " ".join(str(error).split())[:200]
        raise UnsupportedFormatError(f"{checkpoint.ref}: transformers cannot run it ({said})") from None
    return tokenizer, model.eval()


def _place(checkpoint: Checkpoint) -> tuple[str, dict[str, str]]:
    """What transformers calls the model, and what it must be told beside."""
    path = Path(checkpoint.ref)
    gguf = {"gguf_file": checkpoint.container.files[0]} if checkpoint.container.format == "gguf" else {}
    if path.is_file():
        return str(path.parent), {"gguf_file": path.name} if gguf else {}
    if path.is_dir():
        return str(path), gguf
    revision = {"revision": checkpoint.revision} if checkpoint.revision else {}
    return checkpoint.ref.split("@")[0], {**gguf, **revision}


def texts_by_id(vocabulary: Vocabulary, tokenizer: Any) -> Mapping[int, bytes]:
    """What each token stands for in a text; special ones stand for nothing."""
    texts = {token: text.encode() for text, token in vocabulary.added.items()}
    texts |= {token: text for text, token in vocabulary.ids.items()}
    return texts | dict.fromkeys(tokenizer.all_special_ids, b"")


def classes_of_ids(texts: Mapping[int, bytes], model: Any) -> npt.NDArray[np.int64]:
    """The class of every row of the model's head; rows without a token fall into the last class."""
    rows = model.get_output_embeddings().weight.shape[0]
    return openings_of(texts.get(token, b"") for token in range(rows))


def _tokens(tokenizer: Any, passage: Passage, model: Any) -> list[int]:
    """The passage's tokens, as many as the model takes."""
    ids: list[int] = tokenizer(passage.text)["input_ids"]
    longest = getattr(model.config, "max_position_embeddings", None)
    return ids[:longest] if isinstance(longest, int) and longest > 0 else ids


def stops_reached(tokens: Sequence[int], texts: Mapping[int, bytes], passage: Passage) -> dict[int, int]:
    """Stop -> the token whose end it is. Empty where the tokens do not spell the passage."""
    text = passage.text.encode("ascii")
    spelled = b"".join(texts.get(token, b"") for token in tokens)
    lead = len(spelled) - len(spelled.lstrip(b" "))
    if not text.startswith(spelled[lead:]) or not spelled:
        return {}
    stops = frozenset(passage.stops)
    reached: dict[int, int] = {}
    end = -lead
    for place, token in enumerate(tokens):
        end += len(texts.get(token, b""))
        if end in stops and texts.get(token):
            reached[end] = place
    return reached


def _by_class(
    model: Any, tokens: Sequence[int], places: Sequence[int], classes: npt.NDArray[np.int64]
) -> npt.NDArray[np.float32]:
    """Probability of each class behind each of the places, ``[places, classes]``."""
    import torch

    with torch.inference_mode():
        logits: torch.Tensor = model(input_ids=torch.tensor([list(tokens)])).logits[0, list(places)].float()
        likely = logits.softmax(dim=-1)
        sums = torch.zeros(len(places), CLASSES).index_add_(1, torch.from_numpy(classes), likely[:, : len(classes)])
    found: npt.NDArray[np.float32] = sums.numpy()
    return found
