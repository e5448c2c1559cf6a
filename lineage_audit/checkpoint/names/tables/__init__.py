"""Tensor names of every family, as data."""

from lineage_audit.checkpoint.names.tables import decoders, encoders, gpts, originals

FAMILIES = (*decoders.FAMILIES, *gpts.FAMILIES, *encoders.FAMILIES, *originals.FAMILIES)

__all__ = ["FAMILIES"]
