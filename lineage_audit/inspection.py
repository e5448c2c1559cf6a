"""What one checkpoint is, put together for a report."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.claims import Claim
from lineage_audit.checkpoint.model_parts import ModelPart
from lineage_audit.checkpoint.names import name_pattern
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import TensorRef
from lineage_audit.checkpoint.tokenizer.vocabulary import Vocabulary
from lineage_audit.comparison.metadata.architecture import printed
from lineage_audit.comparison.metadata.summaries import summarise_model
from lineage_audit.results import ClaimSummary, Inspection, PartSummary, RoleSummary
from lineage_audit.version import __version__


def inspect_checkpoint(checkpoint: Checkpoint) -> Inspection:
    """Summarise a checkpoint; no weight is read."""
    config = checkpoint.config
    return Inspection(
        tool_version=__version__,
        model=summarise_model(checkpoint),
        fields=tuple(
            (name, printed(value), config.origins.get(name, "stated")) for name, value in config.fields.items()
        ),
        other_fields=tuple((name, printed(value)) for name, value in config.other.items()),
        parts=_parts(checkpoint.tensors),
        roles=_roles(checkpoint.tensors),
        unmapped=tuple(tensor.name for tensor in checkpoint.tensors if tensor.role == Role.OTHER),
        dtypes=_dtypes(checkpoint),
        quantization=_quantization(checkpoint),
        tokenizer=_describe_tokenizer(checkpoint.vocabulary),
        claims=tuple(ClaimSummary(claim.kind, claim.value, _place(claim)) for claim in checkpoint.claims.items),
        caveats=checkpoint.caveats,
        coverage=checkpoint.coverage,
    )


def _parts(tensors: Sequence[TensorRef]) -> tuple[PartSummary, ...]:
    """One row for every part, in order of first appearance."""
    grouped: dict[ModelPart, list[TensorRef]] = defaultdict(list)
    for tensor in tensors:
        grouped[tensor.part].append(tensor)
    return tuple(
        PartSummary(
            part=str(part),
            layers=len({tensor.layer for tensor in members if tensor.layer is not None}),
            tensors=len(members),
            parameters=sum(tensor.size for tensor in members),
        )
        for part, members in grouped.items()
    )


def _roles(tensors: Sequence[TensorRef]) -> tuple[RoleSummary, ...]:
    """One row for every part, role and slot, in order of first appearance."""
    grouped: dict[tuple[ModelPart, str], list[TensorRef]] = defaultdict(list)
    for tensor in tensors:
        if tensor.role != Role.OTHER:
            grouped[tensor.part, tensor.role if tensor.slot == "weight" else f"{tensor.role} bias"].append(tensor)
    return tuple(
        RoleSummary(
            part=str(part),
            role=role,
            tensors=len(members),
            parameters=sum(tensor.size for tensor in members),
            pattern=name_pattern(members[0].name),
            shape=members[0].shape,
            dtypes=tuple(sorted({tensor.dtype for tensor in members})),
            inferred=any(tensor.inferred for tensor in members),
        )
        for (part, role), members in grouped.items()
    )


def _dtypes(checkpoint: Checkpoint) -> dict[str, int]:
    """Stored elements by type, the most frequent first."""
    counts: dict[str, int] = defaultdict(int)
    for tensor in checkpoint.container.tensors:
        counts[tensor.dtype] += tensor.size
    return dict(sorted(counts.items(), key=lambda item: -item[1]))


def _quantization(checkpoint: Checkpoint) -> tuple[str, ...]:
    """Schemes that tensors are stored in, else the one that the configuration names."""
    schemes = {tensor.quantization for tensor in checkpoint.tensors if tensor.quantization}
    stated = checkpoint.config.text("quantization")
    return tuple(sorted(schemes)) or ((stated,) if stated else ())


def _describe_tokenizer(vocabulary: Vocabulary | None) -> str:
    if vocabulary is None:
        return "none that can be read"
    merges = f", {len(vocabulary.merges):,} merges" if vocabulary.merges else ""
    return f"{vocabulary.kind}, {vocabulary.size:,} ids, {len(vocabulary.added):,} added{merges} ({vocabulary.file})"


def _place(claim: Claim) -> str:
    """Where a claim was read from, as ``README.md:3 license``."""
    line = f":{claim.line}" if claim.line is not None else ""
    return f"{claim.file}{line}" + (f" {claim.field}" if claim.field else "")
