"""An operation together with the direction that it proves."""

from __future__ import annotations

from dataclasses import dataclass

from lineage_audit.results import Direction, Operation, OperationKind


@dataclass(frozen=True, slots=True)
class DirectedOperation:
    """An operation, and the direction that it proves (``undetermined`` where it proves none)."""

    operation: Operation
    shows: Direction = "undetermined"


def directed(kind: OperationKind, detail: str, evidence: str, shows: Direction = "undetermined") -> DirectedOperation:
    """Put an operation together."""
    return DirectedOperation(Operation(kind, detail, evidence), shows)
