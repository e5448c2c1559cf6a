"""What two models, or many, or one alone, are by their weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from lineage_audit.api.arguments import Reference
    from lineage_audit.certificate import Signing
    from lineage_audit.certifying import CertificateFile
    from lineage_audit.comparison import EffortChoice
    from lineage_audit.comparison.progress import Progress
    from lineage_audit.comparison.reading.kernels import Device
    from lineage_audit.results import Comparisons, Inspection, Report, Unmixing


def compare(
    a: Reference,
    b: Reference,
    *,
    effort: EffortChoice = "auto",
    progress: Progress | None = None,
    parents: Reference | Iterable[Reference] = (),
    base: Reference | None = None,
    weights: str | None = None,
    device: Device = "cpu",
    budget: int | str | None = None,
    certificate: str | Path | None = None,
    signing: Signing | None = None,
    library: str | Path | None = None,
) -> Report:
    """Compare two models.

    Args:
        a: a local folder or file, a Hub repository ``org/name[@revision]``, or a fingerprint file; the suspected
            ancestor, if any.
        b: the same for the other model.
        effort: how much of the weights to read: ``auto``, ``metadata``, ``sample``, ``search`` or ``full``.
        progress: told how far reading has come.
        parents: models that B may be a merge of, beside A.
        base: a common base: what A and B share beyond it is measured. Without it the base of a merge is A (deprecated).
        weights: of B, where it is a training checkpoint with several sets of weights, the name of the one that is read.
        device: where sums are taken: ``cpu``, or ``cuda`` where PyTorch has a graphics card.
        budget: bytes of weights that a sample may read of each model, as a number or ``"64MiB"``; by their size where
            it is None.
        certificate: where to write what shows that the two are not independent, if anywhere; the report's
            ``certificate`` links to it, or says why none was written.
        signing: sign the certificate, by sigstore's library, as whoever runs this.
        library: a library of fingerprints; its models that are independent of B are further controls of the numbers
            that people quote.

    Raises:
        LineageAuditError: a model cannot be found or read; one line says why and what to do.
    """
    from lineage_audit.api.arguments import as_budget, as_path, as_reference, as_references, choices, one_of
    from lineage_audit.comparing import ModelA, Settings
    from lineage_audit.comparison import EffortChoice
    from lineage_audit.comparison.reading.kernels import Device, computing_on

    one_of("effort", effort, choices(EffortChoice))
    one_of("device", device, choices(Device))
    ref_a, ref_b, named = as_reference(a), as_reference(b), as_references(parents)
    named_base = as_reference(base) if base else None
    file = _certificate_file(certificate, signing)
    with computing_on(device):
        settings = Settings(effort, progress, named, named_base, weights, as_budget(budget), file, as_path(library))
        return ModelA(ref_a, settings).compare_with(ref_b)


def _certificate_file(path: str | Path | None, signing: Signing | None) -> CertificateFile | None:
    """Where a certificate goes, if one is asked for; most comparisons load nothing of certificates."""
    if path is None and signing is None:
        return None
    from lineage_audit.certifying import certificate_file

    return certificate_file(path, signing)


def compare_many(
    a: Reference,
    models: Iterable[Reference],
    *,
    effort: EffortChoice = "auto",
    progress: Progress | None = None,
    base: Reference | None = None,
    device: Device = "cpu",
    budget: int | str | None = None,
) -> Comparisons:
    """Compare one model with many; it is opened once, and what was read of it is kept for the next.

    Args:
        a: a local folder or file, a Hub repository ``org/name[@revision]``, or a fingerprint file; the suspected
            ancestor, if any.
        models: the same for every other model.
        effort: how much of the weights to read: ``auto``, ``metadata``, ``sample``, ``search`` or ``full``.
        progress: told how far reading has come.
        base: a common base: what A and each model share beyond it is measured.
        device: where sums are taken: ``cpu``, or ``cuda`` where PyTorch has a graphics card.
        budget: bytes of weights that a sample may read of each model, as a number or ``"64MiB"``; by their size where
            it is None.

    Returns:
        A report a model, and the models that could not be read with the reason.

    Raises:
        LineageAuditError: A, or the base, cannot be found or read; one line says why and what to do.
    """
    from lineage_audit.api.arguments import as_budget, as_reference, as_references, choices, one_of
    from lineage_audit.comparing import Settings, compare_with_many
    from lineage_audit.comparison import EffortChoice
    from lineage_audit.comparison.reading.kernels import Device, computing_on

    one_of("effort", effort, choices(EffortChoice))
    one_of("device", device, choices(Device))
    settings = Settings(effort, progress, base=as_reference(base) if base else None, budget=as_budget(budget))
    with computing_on(device):
        return compare_with_many(as_reference(a), as_references(models), settings)


def unmix(
    child: Reference,
    parents: Reference | Iterable[Reference],
    *,
    base: Reference | None = None,
    library: str | Path | None = None,
    progress: Progress | None = None,
) -> Unmixing:
    """Take a merge apart: which weights each named parent has in it, by which method, and what is left.

    Args:
        child: a local folder or file, or a Hub repository ``org/name[@revision]``.
        parents: the models that it may be a merge of.
        base: what the parents were made from; without it TIES and DARE merges cannot be told.
        library: a library of fingerprints; parents and base may then be names in it, and are read where those models
            are.
        progress: told how far reading has come.

    Raises:
        LineageAuditError: a model cannot be found or read, or nothing of the models can be held together.
    """
    from lineage_audit.api.arguments import as_path, as_reference, as_references
    from lineage_audit.checkpoint import open_checkpoint
    from lineage_audit.comparison.merging.unmixing import unmix_checkpoints
    from lineage_audit.library.references import references_on_database

    given, common = as_references(parents), as_reference(base) if base else None
    named = {name: name for name in (*given, *([common] if common else []))}
    if (database := as_path(library)) is not None:
        named |= references_on_database(database, tuple(named))
    opened = tuple(open_checkpoint(named[parent]) for parent in given)
    opened_base = open_checkpoint(named[common]) if common else None
    return unmix_checkpoints(open_checkpoint(as_reference(child)), opened, opened_base, progress)


def inspect(model: Reference, *, weights: str | None = None) -> Inspection:
    """Say what one model is: architecture, roles, types, tokenizer, and what it claims of itself.

    Args:
        model: a local folder or file, or a Hub repository ``org/name[@revision]``.
        weights: of a training checkpoint with several sets of weights, the name of the one that is read.

    Raises:
        LineageAuditError: the model cannot be found or read; one line says why and what to do.
    """
    from lineage_audit.api.arguments import as_reference
    from lineage_audit.checkpoint import open_checkpoint
    from lineage_audit.inspection import inspect_checkpoint

    return inspect_checkpoint(open_checkpoint(as_reference(model), weights))
