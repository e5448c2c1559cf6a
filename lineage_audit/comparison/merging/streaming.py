"""The models of a merge side by side, a block of rows at a time: no tensor is ever held whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from lineage_audit.checkpoint.dtypes import EXACT_BITS
from lineage_audit.comparison.merging.members import CommonPlace, Members
from lineage_audit.comparison.progress import NoProgress, Progress
from lineage_audit.comparison.reading.finite import zero_where_unusable

DoubleArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_BLOCK_ELEMENTS = 2**19
"""Elements of one block in each model: about 4 MiB of doubles a model."""

_LEAST_BLOCKS = 8
"""Blocks that a tensor is cut into where it has the elements, so that resampling them means something."""

_LEAST_ELEMENTS = 16


class Grams(Struct, frozen=True, eq=False):
    """Inner products of what the models added to a reference model, block by block.

    The vectors are, in order: child - reference, each other source - reference, and the reference itself. The
    reference is the base where one was named, otherwise the first parent. Differences of stored numbers are nearly
    exact, so that residuals far below the weights' own rounding are seen.

    Attributes:
        values: ``[blocks, vectors, vectors]``.
        places: the place of every block, ``[blocks]``.
        elements: elements of every block, ``[blocks]``.
        steps: sum of squared storage steps of the child's elements, ``[blocks]``: twelve times what rounding leaves.
    """

    values: DoubleArray
    places: IntArray
    elements: IntArray
    steps: DoubleArray


def measure_grams(members: Members, places: Sequence[CommonPlace], progress: Progress | None = None) -> Grams:
    """Read every place of all models once."""
    progress = progress or NoProgress()
    progress.begin(sum(place.child.size for place in places), "merge")
    values, owners, elements, steps = [], [], [], []
    for number, place in enumerate(places):
        for start, stop in row_blocks(place):
            vectors = _differences(read_block(members, place, start, stop), members.base is not None)
            values.append(vectors @ vectors.T)
            owners.append(number)
            elements.append(vectors.shape[1])
            child = vectors[0] + vectors[-1]
            steps.append(float((storage_steps(child, place.child.dtype) ** 2).sum()))
            progress.advance(vectors.shape[1], place.child.name)
    size = len(members.sources) + 1
    return Grams(
        np.array(values).reshape(-1, size, size), np.array(owners, dtype=np.int64),
        np.array(elements, dtype=np.int64), np.array(steps),
    )  # fmt: skip


def row_blocks(place: CommonPlace) -> Iterator[tuple[int, int]]:
    """Ranges of rows, each of at most `BLOCK_ELEMENTS` elements (or one row)."""
    rows = place.child.shape[0]
    width = place.child.size // max(1, rows)
    most = max(1, _BLOCK_ELEMENTS // max(1, width))
    wanted = max(-(-rows // _LEAST_BLOCKS), -(-_LEAST_ELEMENTS // max(1, width)))
    step = min(most, wanted)
    for start in range(0, rows, step):
        yield start, min(rows, start + step)


def read_block(members: Members, place: CommonPlace, start: int, stop: int) -> DoubleArray:
    """Read some rows of the child and of every source, ``[models, elements]``."""
    models = (members.child, *members.sources)
    tensors = (place.child, *place.sources)
    return np.stack(
        [
            zero_where_unusable(model.rows(tensor, start, stop)).ravel().astype(np.float64)
            for model, tensor in zip(models, tensors, strict=True)
        ]
    )


def _differences(values: DoubleArray, has_base: bool) -> DoubleArray:
    """Turn the models' values into the vectors of `Grams`."""
    child, *sources = values
    reference = sources[-1] if has_base else sources[0]
    others = sources[:-1] if has_base else sources[1:]
    return np.stack([child - reference, *(other - reference for other in others), reference])


def storage_steps(values: DoubleArray, dtype: str) -> DoubleArray:
    """The distance between neighbouring numbers of a stored type around each value."""
    bits = EXACT_BITS.get(dtype, EXACT_BITS["BF16"])
    smallest = {"F16": -24, "BF16": -133}.get(dtype, -149)
    _, exponents = np.frexp(values)
    steps: DoubleArray = np.ldexp(1.0, np.maximum(exponents - 1 - bits, smallest))
    return steps
