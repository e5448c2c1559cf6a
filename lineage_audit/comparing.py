"""One model held against others: opened once, as weights or as a fingerprint, whichever a comparison needs."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from lineage_audit.checkpoint import Checkpoint, open_checkpoint, split_reference
from lineage_audit.checkpoint.source.held import RememberingSource
from lineage_audit.comparison import EffortChoice, compare_checkpoints
from lineage_audit.comparison.metadata.summaries import summarise_model
from lineage_audit.comparison.progress import Progress
from lineage_audit.errors import LineageAuditError
from lineage_audit.library.recognition import is_fingerprint_reference
from lineage_audit.results import Comparisons, ModelSummary, Report, UnreadModel
from lineage_audit.results.local_paths import without_local_paths
from lineage_audit.version import __version__

if TYPE_CHECKING:
    from lineage_audit.certifying import CertificateFile
    from lineage_audit.library.fingerprint import Fingerprint

_KEPT_BYTES = 256 * 2**20
"""Most bytes that are kept of a model that is held against many: twice what a sample reads of the largest."""


class Settings(Struct, frozen=True):
    """How models are compared.

    Attributes:
        effort: how much of the weights to read.
        progress: told how far reading has come.
        parents: references of models that B may be a merge of.
        base: reference of a common base, or None.
        weights: of B, the name of the set of weights that is read, or None.
        budget: bytes of weights that a sample may read of each model; by their size where it is None.
        certificate: where a certificate of the pair goes, or None.
        library: a library whose independent models are further controls of what people quote, or None.
    """

    effort: EffortChoice = "auto"
    progress: Progress | None = None
    parents: tuple[str, ...] = ()
    base: str | None = None
    weights: str | None = None
    budget: int | None = None
    certificate: CertificateFile | None = None
    library: Path | None = None

    @property
    def ancestors(self) -> tuple[str, ...]:
        """Every reference named beside A and B."""
        return (*self.parents, *((self.base,) if self.base else ()))


class ModelA:
    """Model A, opened when it is first needed."""

    def __init__(self, ref: str, settings: Settings, kept_bytes: int = 0) -> None:
        self._ref = ref
        self._settings = settings
        self._kept_bytes = kept_bytes

    def compare_with(self, ref: str) -> Report:
        """Compare it with model B, by fingerprints where one of them is a fingerprint.

        Raises:
            LineageAuditError: a model cannot be found or read, or fingerprints cannot say what is asked.
        """
        by_fingerprints = is_fingerprint_reference(self._ref) or is_fingerprint_reference(ref)
        report = self._compare_fingerprint(ref) if by_fingerprints else self._compare_weights(ref)
        given = (self._ref, ref, *self._settings.ancestors)
        return without_local_paths(report, (part for reference in given for part in split_reference(reference)))

    def summary(self) -> ModelSummary:
        """What it is, with what was read of it so far."""
        if not is_fingerprint_reference(self._ref):
            return summarise_model(self._checkpoint)
        from lineage_audit.library.fingerprint.skeleton import summary_of

        return summary_of(self._fingerprint)

    def _compare_weights(self, ref: str) -> Report:
        asked, model = self._settings, self._checkpoint
        other = open_checkpoint(ref, asked.weights)
        report = compare_checkpoints(
            model, other, asked.effort, asked.progress, self._parents, asked.budget, self._base
        )
        report = self._beside_library(report, lambda: _sampled(other))
        if asked.certificate is None:
            return report
        return dataclasses.replace(report, certificate=asked.certificate.link(model, other))

    def _compare_fingerprint(self, ref: str) -> Report:
        from lineage_audit.library.fingerprint import compare_fingerprints, open_fingerprint

        asked = self._settings
        if asked.ancestors:
            raise LineageAuditError("parents and bases are looked for in weights; name the models, not fingerprints")
        if asked.certificate is not None:
            raise LineageAuditError("a certificate is about weights; name the models, not fingerprints")
        other = open_fingerprint(ref, asked.effort, asked.progress)
        return self._beside_library(compare_fingerprints(self._fingerprint, other), lambda: other)

    def _beside_library(self, report: Report, fingerprint_of_b: Callable[[], Fingerprint]) -> Report:
        """The same report, what people quote beside the independent models of a library too, where one is given."""
        library = self._settings.library
        if library is None or not report.controls:
            return report
        from lineage_audit.comparison.controls import with_further
        from lineage_audit.library.controls import controls_of_library

        further = controls_of_library(library, fingerprint_of_b(), report.a.digest)
        return dataclasses.replace(report, controls=with_further(report.controls, further))

    @cached_property
    def _checkpoint(self) -> Checkpoint:
        opened = open_checkpoint(self._ref)
        if not self._kept_bytes:
            return opened
        return replace(opened, source=RememberingSource(opened.source, self._kept_bytes))

    @cached_property
    def _fingerprint(self) -> Fingerprint:
        from lineage_audit.library.fingerprint import open_fingerprint, sketch_subject

        asked = self._settings
        if is_fingerprint_reference(self._ref):
            return open_fingerprint(self._ref)
        return sketch_subject(self._checkpoint, asked.effort, asked.progress)

    @cached_property
    def _parents(self) -> tuple[Checkpoint, ...]:
        return tuple(map(open_checkpoint, self._settings.parents))

    @cached_property
    def _base(self) -> Checkpoint | None:
        return open_checkpoint(self._settings.base) if self._settings.base else None


def _sampled(model: Checkpoint) -> Fingerprint:
    from lineage_audit.library.fingerprint import sketch

    return sketch(model, "sample")


def compare_with_many(a: str, others: Sequence[str], settings: Settings) -> Comparisons:
    """Compare one model with many; one of them that cannot be read is named, and does not stop the others.

    Raises:
        LineageAuditError: model A, or a base, cannot be found or read.
    """
    started = time.perf_counter()
    model = ModelA(a, settings, _KEPT_BYTES)
    model.summary()  # a model A that cannot be read is an error of its own, not of every other model
    reports: list[Report] = []
    unread: list[UnreadModel] = []
    for ref in dict.fromkeys(others):
        try:
            reports.append(model.compare_with(ref))
        except LineageAuditError as error:
            unread.append(UnreadModel(ref, str(error)))
    made = Comparisons(__version__, model.summary(), tuple(reports), tuple(unread), time.perf_counter() - started)
    return without_local_paths(made, (part for reference in (a, *others) for part in split_reference(reference)))
