"""A fingerprint seen as a checkpoint without weights, so that metadata is compared by the code that compares models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.digest import method_of
from lineage_audit.checkpoint.formats.container import Container
from lineage_audit.checkpoint.source.base import ByteRange, SourceFile
from lineage_audit.checkpoint.tensors import StoredTensor
from lineage_audit.errors import UnreadableFileError
from lineage_audit.library.fingerprint.values import Fingerprint
from lineage_audit.results import ModelSummary


class _NoFiles(Struct, frozen=True):
    """The source of a model of which only the fingerprint is here."""

    ref: str
    revision: str | None
    files: Mapping[str, SourceFile] = field(default_factory=dict)
    is_local: bool = True
    bytes_read: int = 0

    def read_ranges(self, ranges: Sequence[ByteRange]) -> list[bytes]:
        """Refuse: there are no weights to read.

        Raises:
            UnreadableFileError: always, if anything is asked for.
        """
        if ranges:
            raise UnreadableFileError(f"{self.ref}: a fingerprint holds no weights; name the model itself")
        return []


def skeleton(fingerprint: Fingerprint) -> Checkpoint:
    """Everything of the model but its values."""
    identity = fingerprint.identity
    whole = StoredTensor("all weights", "F32", (identity.parameters,), "", 0, 0)
    return Checkpoint(
        source=_NoFiles(identity.ref, identity.revision),
        container=Container("fingerprint", (whole,), ()),
        config=fingerprint.config,
        vocabulary=None,
        claims=fingerprint.claims,
        tensors=fingerprint.tensors,
        caveats=identity.caveats,
        digest=identity.digest,
    )


def summary_of(fingerprint: Fingerprint) -> ModelSummary:
    """The model as the head of a report shows it."""
    identity, claims = fingerprint.identity, fingerprint.claims
    licences = [claim.value for claim in claims.of("license")]
    config = fingerprint.config
    return ModelSummary(
        ref=identity.ref,
        revision=identity.revision,
        digest=identity.digest,
        format=f"fingerprint of {identity.format}",
        architecture=config.text("architecture") or config.text("model_type") or "unknown",
        parameters=identity.parameters,
        layers=len({tensor.core_layer for tensor in fingerprint.tensors if tensor.core_layer is not None}),
        bytes_read=identity.bytes_read,
        license=licences[0] if licences else None,
        base_models=tuple(dict.fromkeys(claim.value for claim in claims.of("base_model"))),
        digest_method=method_of(identity.digest),
    )
