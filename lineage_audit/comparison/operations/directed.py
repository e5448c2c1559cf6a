"""An operation together with the direction that it proves."""

from __future__ import annotations

from msgspec import Struct

from lineage_audit.results import DeltaSpectrum, Direction, Operation, OperationKind


class DirectedOperation(Struct, frozen=True):
    """An operation and what follows from it.

    Attributes:
        operation: the operation.
        shows: the direction that it proves, ``undetermined`` where it proves none.
        leaves_more: it does not account for the whole delta; something else was done before.
    """

    operation: Operation
    shows: Direction = "undetermined"
    leaves_more: bool = False


def directed(
    kind: OperationKind,
    detail: str,
    evidence: str,
    shows: Direction = "undetermined",
    *,
    leaves_more: bool = False,
    spectra: tuple[DeltaSpectrum, ...] = (),
) -> DirectedOperation:
    """Put an operation together."""
    return DirectedOperation(Operation(kind, detail, evidence, spectra), shows, leaves_more)
