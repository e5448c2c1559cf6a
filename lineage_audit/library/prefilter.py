"""Which models of a library database to look at: the nearest by each part of the signature, and the union of these.

A disguise that blinds one part leaves another: units and channels under other numbers, signs and rotations are each
survived by at least one (``fingerprint/signature.py``).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from lineage_audit.library.database_entries import Signatures
from lineage_audit.library.fingerprint.signature import PARTS
from lineage_audit.library.fingerprint.values import Levels

KEPT_BY_EACH = 5
"""Models that each part of the signature sends on."""

_NOT_COMPARABLE = -2.0
_CHUNK = 16384
_HARDLY_LOST = 2.33
"""Standard deviations above the weakest model that was kept, at which one in a hundred would be lost."""


class _Shortlist(Struct, frozen=True):
    """What a prefilter sends on.

    Attributes:
        names: models to compare, nearest by their best part first.
        scores: their best similarities, in that order.
        limit: correlation with the subject under the same numbers at which a model would hardly have been lost; None
            where everything of the subject's shape is compared.
    """

    names: tuple[str, ...]
    scores: tuple[float, ...]
    limit: float | None


def shortlist(signatures: Signatures, subject: Levels, shape: tuple[int, int], kept: int = KEPT_BY_EACH) -> _Shortlist:
    """Choose what to compare with a subject.

    Args:
        signatures: the library database's.
        subject: the subject's, ``[parts, numbers]``.
        shape: the subject's residual channels and FFN units: models of another shape have other numbers.
        kept: how many each part sends on.
    """
    if len(signatures.names) <= kept:
        best_of_each = similarity(signatures.values, subject).max(axis=1)
        return _Shortlist(signatures.names, tuple(best_of_each.tolist()), None)
    scores = similarity(signatures.values, subject)
    same = signatures.shapes == np.array(shape)
    scores[~same.all(axis=1), PARTS.index("numbers")] = _NOT_COMPARABLE
    scores[~same[:, 0], PARTS.index("channels")] = _NOT_COMPARABLE
    kept_scores = np.partition(scores, -kept, axis=0)[-kept]
    best: dict[int, float] = {}
    for part in range(scores.shape[1]):
        if subject[part].any():
            order = np.argsort(-scores[:, part], kind="stable")[:kept]
            for position in order[scores[order, part] > _NOT_COMPARABLE].tolist():
                best[position] = max(best.get(position, -1.0), float(scores[position, part]))
    nearest = sorted(best, key=lambda position: -best[position])
    noise = 1.0 / np.sqrt(subject.shape[1])
    limit = None
    if subject[0].any() and kept_scores[0] > _NOT_COMPARABLE:
        limit = min(1.0, max(0.0, float(kept_scores[0])) + _HARDLY_LOST * noise)
    names = tuple(signatures.names[position] for position in nearest)
    return _Shortlist(names, tuple(best[position] for position in nearest), limit)


def similarity(values: npt.NDArray[np.int8], subject: Levels) -> npt.NDArray[np.float32]:
    """Cosine of every model's signature with the subject's, part by part, ``[models, parts]``."""
    wanted = subject.astype(np.float32)
    lengths = np.linalg.norm(wanted, axis=1)
    scores = np.zeros(values.shape[:2], dtype=np.float32)
    for start in range(0, len(values), _CHUNK):
        chunk = values[start : start + _CHUNK].astype(np.float32)
        products = np.einsum("npk,pk->np", chunk, wanted)
        sizes = np.sqrt(np.einsum("npk,npk->np", chunk, chunk)) * lengths
        scores[start : start + _CHUNK] = np.divide(products, sizes, out=np.zeros_like(products), where=sizes > 0)
    return scores
