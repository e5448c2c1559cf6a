"""A checkpoint: what a model is, and its weights by rows on demand."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from lineage_audit.checkpoint.claims import Claims
from lineage_audit.checkpoint.config.fields import ArchConfig
from lineage_audit.checkpoint.coverage import coverage_of
from lineage_audit.checkpoint.formats.container import Container
from lineage_audit.checkpoint.left_out import LeftOut
from lineage_audit.checkpoint.reading import FetchedRows, RowRequest, fetch_rows
from lineage_audit.checkpoint.source.base import Source
from lineage_audit.checkpoint.source.held import RecordedSource
from lineage_audit.checkpoint.tensors import TensorKey, TensorRef
from lineage_audit.checkpoint.tokenizer.vocabulary import Vocabulary
from lineage_audit.results import Coverage, WeightFile

FloatArray = npt.NDArray[np.float32]


class Checkpoint(Struct, frozen=True, dict=True):
    """One model: metadata held, weights read when asked for and never kept.

    Attributes:
        source: where its files are.
        container: its weight files.
        config: its architecture in the one vocabulary.
        vocabulary: its tokenizer, or None where the repository has none that can be read.
        claims: what its card and licence files say.
        tensors: its weights by role.
        caveats: what could not be read, one sentence each.
        digest: what pins the content (see ``digest.py``).
        files: its weight files, with their hashes where they are known.
        composed_of: references of the base and of what was put on it, in order; empty for a model that stands alone.
        left_out: weights that are there, or should be, and are not read; each is among the caveats too.
        restated: tensors that say again what another one says: the stored copy of a tied embedding.
    """

    source: Source
    container: Container
    config: ArchConfig
    vocabulary: Vocabulary | None
    claims: Claims
    tensors: tuple[TensorRef, ...]
    caveats: tuple[str, ...]
    digest: str
    files: tuple[WeightFile, ...] = ()
    composed_of: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    restated: tuple[TensorRef, ...] = ()

    @property
    def unsettled(self) -> tuple[LeftOut, ...]:
        """What was left out of it and may be weights of the model that nobody has looked at."""
        return tuple(left for left in self.left_out if not left.settles)

    @property
    def ref(self) -> str:
        """The reference as the user gave it."""
        return self.source.ref

    @property
    def revision(self) -> str | None:
        """The pinned commit, or None for files that have none."""
        return self.source.revision

    @property
    def parameters(self) -> int:
        """Number of stored weights, buffers included, each counted once."""
        return sum(tensor.size for tensor in self.container.tensors)

    @property
    def files_as_read(self) -> tuple[WeightFile, ...]:
        """The weight files, those that nobody hashed whole with a hash of what was read of them until now."""
        if not isinstance(self.source, RecordedSource):
            return self.files
        return tuple(
            file if file.sha256 else replace(file, ranges_sha256=self.source.hash_of(file.file)) for file in self.files
        )

    @cached_property
    def coverage(self) -> tuple[Coverage, ...]:
        """What of the weights is read and what is left out, by part and by reason."""
        return coverage_of(self.tensors, self.container.tensors, self.left_out)

    @cached_property
    def by_key(self) -> dict[TensorKey, TensorRef]:
        """Tensors by their place in the architecture; unmapped ones are left out."""
        return {tensor.key: tensor for tensor in self.tensors if tensor.role != "other"}

    @cached_property
    def core(self) -> tuple[TensorRef, ...]:
        """The tensors of the part whose units, heads and channels are searched and tested."""
        return tuple(tensor for tensor in self.tensors if tensor.in_core)

    def rows(self, tensor: TensorRef, start: int, stop: int) -> FloatArray:
        """Read rows ``start`` to ``stop`` as float32: ``[stop - start, in]``, or ``[stop - start]`` for vectors."""
        return self.read([RowRequest(tensor, np.arange(start, stop))])[0]

    def read(self, requests: list[RowRequest]) -> list[FloatArray]:
        """Read many sets of rows at once, as few byte ranges, in the order asked."""
        return self.fetch(requests).decode()

    def fetch(self, requests: list[RowRequest]) -> FetchedRows:
        """Read the bytes of many sets of rows, to be decoded later."""
        return fetch_rows(self.source, requests)
