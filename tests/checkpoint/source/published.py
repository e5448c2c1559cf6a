"""The model that the tests of the Hub publish, and what they ask of every error line."""

from __future__ import annotations

import hashlib

import pytest

from lineage_audit.checkpoint.source.hub import open_hub
from lineage_audit.errors import LineageAuditError, UnresolvedReferenceError

WEIGHTS = "model.safetensors"
CONFIG = b'{"model_type": "llama"}'
DATA = hashlib.shake_256(b"weights").digest(1_000_000)


def refused(ref: str) -> str:
    """The one line with which opening a reference fails."""
    with pytest.raises(UnresolvedReferenceError) as error:
        open_hub(ref)
    return one_line(error.value)


def one_line(error: LineageAuditError) -> str:
    """The message of an error, which must be one line and must not drag along what caused it."""
    assert str(error).isprintable()
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None
    return str(error)
