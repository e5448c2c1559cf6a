"""Every scheme that is read or recognised."""

from __future__ import annotations

from lineage_audit.checkpoint.quantization import (
    awq,
    bitnet,
    bitsandbytes_4bit,
    float4,
    gptq,
    hqq,
    mlx,
    mxfp4,
    pack_quantized,
    recognised,
    scaled,
    torchao_int4,
)
from lineage_audit.checkpoint.quantization.scheme import Scheme

SCHEMES: tuple[Scheme, ...] = (
    gptq.SCHEME,
    awq.SCHEME,
    bitsandbytes_4bit.SCHEME,
    pack_quantized.SCHEME,
    *float4.SCHEMES,
    bitnet.SCHEME,
    hqq.SCHEME,
    torchao_int4.SCHEME,
    *scaled.SCHEMES,
    *mxfp4.SCHEMES,
    mlx.SCHEME,
    *recognised.SCHEMES,
)
"""In order: of several schemes that the names allow, the first whose shapes and types fit is taken."""
