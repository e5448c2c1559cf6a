"""A reference becomes a fingerprint: read where it is one, made on the spot where it is a model."""

from __future__ import annotations

from pathlib import Path

from lineage_audit.checkpoint import Checkpoint, open_checkpoint
from lineage_audit.comparison.progress import Progress
from lineage_audit.library.fingerprint.file import read_fingerprint
from lineage_audit.library.fingerprint.sketching import sketch
from lineage_audit.library.fingerprint.values import Fingerprint
from lineage_audit.library.recognition import is_fingerprint_reference

_EVERY_UNIT_UP_TO = 2 * 10**10
"""Parameters up to which a model that is sketched on the spot keeps all of its FFN units in memory."""


def make_or_read(ref: str, effort: str = "full", progress: Progress | None = None) -> Fingerprint:
    """Read a fingerprint, or make the one that a file of the model would hold.

    Raises:
        LineageAuditError: it cannot be found or read; one line says why and what to do.
    """
    if is_fingerprint_reference(ref):
        return read_fingerprint(Path(ref).expanduser())
    return sketch(open_checkpoint(ref), effort, progress=progress)


def open_fingerprint(ref: str, effort: str = "full", progress: Progress | None = None) -> Fingerprint:
    """Read a fingerprint, or sketch a model with all of its FFN units, so that moved ones find their partners.

    Args:
        ref: a fingerprint file, or a model.
        effort: how much of a model to read, as a comparison takes it.
        progress: told how far reading has come.

    Raises:
        LineageAuditError: it cannot be found or read; one line says why and what to do.
    """
    if is_fingerprint_reference(ref):
        return read_fingerprint(Path(ref).expanduser())
    return sketch_subject(open_checkpoint(ref), effort, progress)


def sketch_subject(checkpoint: Checkpoint, effort: str = "full", progress: Progress | None = None) -> Fingerprint:
    """Sketch an open model with all of its FFN units, where they fit into memory; ``auto`` samples a remote one."""
    if effort in ("auto", "search"):
        effort = "full" if checkpoint.source.is_local or effort == "search" else "sample"
    elif effort != "full":
        effort = "sample"
    every_unit = effort == "full" and checkpoint.parameters <= _EVERY_UNIT_UP_TO
    return sketch(checkpoint, effort, every_unit=every_unit, progress=progress)
