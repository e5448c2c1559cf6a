"""Tensor names of every family, as data."""

from lineage_audit.checkpoint.names.tables import (
    decoders,
    encoder_decoders,
    encoders,
    gguf,
    gpts,
    latent,
    megatron,
    mixers,
    originals,
    singular,
    sound,
)

FAMILIES = (
    *decoders.FAMILIES,
    *latent.FAMILIES,
    *gpts.FAMILIES,
    *encoders.FAMILIES,
    *mixers.FAMILIES,
    *encoder_decoders.FAMILIES,
    *singular.FAMILIES,
    *sound.FAMILIES,
    *originals.FAMILIES,
    *megatron.FAMILIES,
    *gguf.FAMILIES,
)

__all__ = ["FAMILIES"]
