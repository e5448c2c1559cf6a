"""Answers as a file: one safetensors file below a MiB, two arrays in half precision and a few names.

It may come from anybody: sizes, types and values are checked before they are believed. It proves nothing of the model
that it names.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lineage_audit.behaviour.answers import LEAST_PROBABILITY, Answers
from lineage_audit.behaviour.openings import CLASSES
from lineage_audit.checkpoint.bounded_json import parse_json_object
from lineage_audit.errors import UnreadableFileError
from lineage_audit.library.fingerprint.file import read_container, write_container
from lineage_audit.results import MANNERS
from lineage_audit.results.local_paths import without_local_paths
from lineage_audit.whole_files import read_small, write_whole

SUFFIX = ".answers"
SCHEMA = "lineage-audit/answers/1"
LARGEST_FILE = 2**20

_NAMES = ("model", "revision", "digest", "prompts", "manner", "source")
_LONGEST_NAME = 1000
_ABOVE_ONE = 0.02
"""How far the probabilities of a stop may add up to more than one, all rounded to half precision."""


def write_answers(answers: Answers, path: Path) -> int:
    """Write a file whole or not at all; gives its size in bytes.

    Raises:
        LineageAuditError: it cannot be written.
    """
    data = to_bytes(answers)
    write_whole(path, data)
    return len(data)


def read_answers(path: Path) -> Answers:
    """Read a file of answers.

    Raises:
        UnreadableFileError: it is damaged, too large, or holds something else.
    """
    return from_bytes(read_small(path, LARGEST_FILE, "holds no answers"), str(path))


def is_answers_file(ref: str) -> bool:
    """Tell whether a reference names a file of answers."""
    return ref.endswith(SUFFIX) and Path(ref).is_file()


def to_bytes(answers: Answers) -> bytes:
    """The file's content; the same answers always give the same bytes. A local model is named without its folders."""
    published = without_local_paths(answers, [answers.model])
    named = {name: getattr(published, name) for name in _NAMES}
    document = json.dumps({name: value for name, value in named.items() if value is not None}, sort_keys=True)
    likely = np.log(np.maximum(answers.seen, LEAST_PROBABILITY)).astype(np.float16)
    return write_container(
        {"log_probabilities": likely, "unseen": answers.unseen.astype(np.float16)}, {SCHEMA: document}
    )


def from_bytes(data: bytes, name: str) -> Answers:
    """The answers that a file's bytes hold.

    Raises:
        UnreadableFileError: they are damaged, or something else.
    """
    try:
        arrays, metadata = read_container(data, name)
    except UnreadableFileError:
        raise UnreadableFileError(f"{name}: damaged, or no file of answers; ask the model anew") from None
    if SCHEMA not in metadata:
        raise UnreadableFileError(f"{name}: holds no answers of {SCHEMA}; ask the model anew")
    names = _names(parse_json_object(metadata[SCHEMA].encode("utf-8", "replace"), name), name)
    manner = names.get("manner", "")
    if manner not in MANNERS or "prompts" not in names:
        raise UnreadableFileError(f"{name}: does not say what was asked; ask the model anew")
    seen, unseen = _checked(arrays, name)
    return Answers(
        model=names.get("model", name),
        revision=names.get("revision"),
        digest=names.get("digest"),
        prompts=names["prompts"],
        manner=manner,
        source=names.get("source", "unknown"),
        seen=seen,
        unseen=unseen,
    )


def _names(document: Mapping[str, object], name: str) -> dict[str, str]:
    """What the file says of the model, no text of it longer than anyone needs."""
    names = {key: value for key, value in document.items() if key in _NAMES and isinstance(value, str)}
    if any(len(value) > _LONGEST_NAME for value in names.values()):
        raise UnreadableFileError(f"{name}: a name in it is longer than {_LONGEST_NAME:,} characters")
    return names


def _checked(
    arrays: Mapping[str, npt.NDArray[Any]], name: str
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Probabilities out of the arrays, where they are some."""
    likely, unseen = arrays.get("log_probabilities"), arrays.get("unseen")
    if likely is None or unseen is None or likely.dtype != np.float16 or unseen.dtype != np.float16:
        raise UnreadableFileError(f"{name}: an array is missing or of another type; ask the model anew")
    if unseen.ndim != 1 or likely.shape != (len(unseen), CLASSES):
        raise UnreadableFileError(f"{name}: its arrays do not fit each other; ask the model anew")
    wide, left = likely.astype(np.float32), unseen.astype(np.float32)
    answered = np.isfinite(left)
    if not (np.isfinite(wide).all() and (wide <= 0).all() and ((left[answered] >= 0) & (left[answered] <= 1)).all()):
        raise UnreadableFileError(f"{name}: holds numbers that are no probabilities")
    seen = np.where(wide > np.log(2 * LEAST_PROBABILITY), np.exp(wide), 0).astype(np.float32)
    if ((seen.sum(axis=1) + left)[answered] > 1 + _ABOVE_ONE).any():
        raise UnreadableFileError(f"{name}: holds probabilities that add up to more than one")
    return seen, left
