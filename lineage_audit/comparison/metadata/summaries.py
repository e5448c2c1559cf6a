"""A checkpoint as the head of a report shows it."""

from __future__ import annotations

from dataclasses import replace

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.digest import method_of
from lineage_audit.results import ModelSummary


def summarise_model(checkpoint: Checkpoint) -> ModelSummary:
    """Summarise what a checkpoint is and claims."""
    claims = checkpoint.claims
    licences = [claim.value for claim in claims.of("license")]
    return ModelSummary(
        ref=checkpoint.ref,
        revision=checkpoint.revision,
        digest=checkpoint.digest,
        format=checkpoint.container.format,
        architecture=checkpoint.config.text("architecture") or checkpoint.config.text("model_type") or "unknown",
        parameters=checkpoint.parameters,
        layers=len({tensor.layer for tensor in checkpoint.core if tensor.layer is not None}),
        bytes_read=checkpoint.source.bytes_read,
        license=licences[0] if licences else None,
        base_models=tuple(dict.fromkeys(claim.value for claim in claims.of("base_model"))),
        digest_method=method_of(checkpoint.digest),
        files=checkpoint.files_as_read,
    )


def summarise_relative(checkpoint: Checkpoint) -> ModelSummary:
    """The same with what its card's sentences say of its origin, which take longer to read than its labels."""
    claim = next(iter(checkpoint.claims.of("from_scratch")), None)
    return replace(summarise_model(checkpoint), scratch_claim=claim.value if claim else None)
