"""Tensor names of every family, as data."""

from lineage_audit.checkpoint.names.tables import (
    decoders,
    encoder_decoders,
    encoders,
    gguf,
    gpts,
    latent,
    mixers,
    originals,
    singular,
)

FAMILIES = (
    *decoders.FAMILIES,
    *latent.FAMILIES,
    *gpts.FAMILIES,
    *encoders.FAMILIES,
    *mixers.FAMILIES,
    *encoder_decoders.FAMILIES,
    *singular.FAMILIES,
    *originals.FAMILIES,
    *gguf.FAMILIES,
)

__all__ = ["FAMILIES"]
