"""A model's stand-in, its relatives in a library, and the family tree of many."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from lineage_audit.api.arguments import Reference
    from lineage_audit.comparison.progress import Progress
    from lineage_audit.library.fingerprint import Fingerprint
    from lineage_audit.results import FamilyTree, Identification

_SKETCHES = ("full", "sample")
"""How much of a model a fingerprint is made of."""


def fingerprint(
    model: Reference, path: str | Path | None = None, *, effort: str = "full", progress: Progress | None = None
) -> Fingerprint:
    """Make a fingerprint: a small stand-in for a model when its relatives are looked for.

    Args:
        model: a local folder or file, or a Hub repository ``org/name[@revision]``.
        path: where to write it, if anywhere.
        effort: ``full`` reads every weight of the sketched roles once, ``sample`` a few rows of eight layers.
        progress: told how far reading has come.

    Raises:
        LineageAuditError: the model cannot be read or the file not be written; one line says why and what to do.
    """
    from pathlib import Path

    from lineage_audit.api.arguments import as_reference, one_of
    from lineage_audit.library.fingerprint import make_or_read, write_fingerprint

    made = make_or_read(as_reference(model), one_of("effort", effort, _SKETCHES), progress)
    if path is not None:
        write_fingerprint(made, Path(path))
    return made


def identify(
    model: Reference, library: str | Path, *, effort: str = "full", progress: Progress | None = None
) -> Identification:
    """Name a model's nearest relatives among the fingerprints of a library.

    Args:
        model: a local folder or file, a Hub repository ``org/name[@revision]``, or a fingerprint file.
        library: the library's file.
        effort: how much of a model to read: ``full`` or ``sample``.
        progress: told how far reading has come.

    Raises:
        LineageAuditError: the model or the library cannot be read; one line says why and what to do.
    """
    from pathlib import Path

    from lineage_audit.api.arguments import as_reference, one_of
    from lineage_audit.comparison.reading.threads import FEW_ROWS, product_threads
    from lineage_audit.library.database import open_database
    from lineage_audit.library.fingerprint import open_fingerprint
    from lineage_audit.library.identification import identify_on_database

    subject = as_reference(model)
    one_of("effort", effort, _SKETCHES)
    with open_database(Path(library)) as database, product_threads(FEW_ROWS):
        return identify_on_database(open_fingerprint(subject, effort, progress), database)


def tree(
    models: Reference | Iterable[Reference], *, effort: str = "full", progress: Progress | None = None
) -> FamilyTree:
    """Draw the family tree of many models.

    Args:
        models: local folders or files, Hub repositories ``org/name[@revision]``, or fingerprint files.
        effort: how much to read of each model that is no fingerprint: ``full`` or ``sample``.
        progress: told how far reading and comparing have come.

    Raises:
        LineageAuditError: a model cannot be found or read; one line says why and what to do.
    """
    from lineage_audit.api.arguments import as_references, one_of
    from lineage_audit.comparison.reading.threads import FEW_ROWS, product_threads
    from lineage_audit.library.fingerprint import open_fingerprint
    from lineage_audit.library.trees import grow_tree

    one_of("effort", effort, _SKETCHES)
    with product_threads(FEW_ROWS):
        return grow_tree([open_fingerprint(model, effort, progress) for model in as_references(models)], progress)
