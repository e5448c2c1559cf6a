"""Matrices quantised by the schemes' own code, stored in the layouts in which each is published."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from tests.models import Array

Tensors = dict[str, torch.Tensor]

STEM = "model.layers.0.mlp.up_proj"


@dataclass(frozen=True, slots=True)
class Quantiser:
    """One scheme in one of its variants.

    Attributes:
        library: the package that quantises, skipped where it is missing.
        quantise: a matrix in some type to the stored tensors by suffix.
        settings: the configuration's ``quantization_config``.
        dtype: the matrix's type.
    """

    library: str
    quantise: Callable[[torch.Tensor], Tensors]
    settings: dict[str, object]
    dtype: torch.dtype = torch.bfloat16

    @property
    def is_installed(self) -> bool:
        """Whether the package is there."""
        try:
            return importlib.util.find_spec(self.library) is not None
        except ModuleNotFoundError:
            return False


def bitsandbytes_int8(matrix: torch.Tensor) -> Tensors:
    from bitsandbytes.functional import int8_vectorwise_quant

    codes, largest, _ = int8_vectorwise_quant(matrix.to(torch.float16))
    return {".weight": codes, ".SCB": largest, ".weight_format": torch.zeros((), dtype=torch.uint8)}


def bitsandbytes_four_bit(kind: str, nested: bool) -> Callable[[torch.Tensor], Tensors]:
    def quantise(matrix: torch.Tensor) -> Tensors:
        from bitsandbytes.functional import quantize_4bit

        codes, state = quantize_4bit(matrix, blocksize=64, compress_statistics=nested, quant_type=kind)
        packed = state.as_dict(packed=True)
        return {".weight": codes, **{f".weight.{name}": values for name, values in packed.items()}}

    return quantise


def compressed(scheme: dict[str, object], form: str) -> Callable[[torch.Tensor], Tensors]:
    """compressed-tensors: scales by its own observers' arithmetic, codes and layout by its own compressors."""

    def quantise(matrix: torch.Tensor) -> Tensors:
        from compressed_tensors.compressors import BaseCompressor
        from compressed_tensors.quantization import QuantizationArgs, QuantizationScheme
        from compressed_tensors.quantization.utils import calculate_qparams, generate_gparam

        arguments = QuantizationArgs(**scheme)
        overall = None
        if form.startswith("nvfp4"):
            overall = generate_gparam(matrix.min(), matrix.max())
        views = _groups(matrix, arguments)
        scales, zeros = calculate_qparams(views.amin(-1), views.amax(-1), arguments, overall)
        tensors = {"weight": matrix, "weight_scale": scales}
        if not arguments.symmetric:
            tensors["weight_zero_point"] = zeros
        if overall is not None:
            tensors["weight_global_scale"] = overall
        compressor = BaseCompressor.load_from_registry(form)
        done = compressor.compress(tensors, QuantizationScheme(targets=["Linear"], weights=arguments))
        return {f".{name}": values for name, values in done.items()}

    return quantise


def _groups(matrix: torch.Tensor, arguments: object) -> torch.Tensor:
    """The matrix with the elements of each scale along the last axis."""
    rows, columns = matrix.shape
    size = getattr(arguments, "group_size", None)
    strategy = str(getattr(getattr(arguments, "strategy", None), "value", ""))
    if strategy == "tensor":
        return matrix.reshape(1, -1)
    if strategy == "block":
        height, width = getattr(arguments, "block_structure", (128, 128))
        blocks = matrix.reshape(rows // height, height, columns // width, width)
        return blocks.permute(0, 2, 1, 3).reshape(rows // height, columns // width, -1)
    return matrix.reshape(rows, -1, size if size and size > 0 else columns)


def hqq(bits: int, axis: int, optimise: bool) -> Callable[[torch.Tensor], Tensors]:
    def quantise(matrix: torch.Tensor) -> Tensors:
        from hqq.core.quantize import Quantizer

        codes, meta = Quantizer.quantize(
            matrix, nbits=bits, group_size=64, axis=axis, optimize=optimise, device="cpu", compute_dtype=torch.float16
        )
        shape = torch.tensor(list(meta["shape"]), dtype=torch.int64)
        return {".W_q": codes, ".scale": meta["scale"].half(), ".zero": meta["zero"].half(), ".shape": shape}

    return quantise


def quanto(kind: str) -> Callable[[torch.Tensor], Tensors]:
    def quantise(matrix: torch.Tensor) -> Tensors:
        from optimum.quanto import AbsmaxOptimizer, qtypes, quantize_weight

        scale = AbsmaxOptimizer()(matrix, qtypes[kind], 0)
        done = quantize_weight(matrix, qtypes[kind], axis=0, scale=scale)
        return {".weight._data": done._data, ".weight._scale": done._scale}

    return quantise


def torchao_int8(mapping: str) -> Callable[[torch.Tensor], Tensors]:
    """torchao's per-row int8 with its own scales and codes; stored as others store such a matrix."""

    def quantise(matrix: torch.Tensor) -> Tensors:
        from torchao.quantization.quant_primitives import MappingType, choose_qparams_affine, quantize_affine

        block = (1, matrix.shape[1])
        scales, zeros = choose_qparams_affine(
            matrix, MappingType[mapping], block, torch.int8, -128, 127, torch.finfo(torch.float32).eps, torch.float32
        )
        codes = quantize_affine(matrix, block, scales, zeros, torch.int8, -128, 127)
        return {".weight": codes, ".weight_scale": scales.reshape(-1, 1)}

    return quantise


def torchao_mx(matrix: torch.Tensor) -> Tensors:
    from torchao.prototype.mx_formats.mx_tensor import to_mx

    scales, codes = to_mx(matrix, torch.float8_e4m3fn, 32)
    return {".weight": codes.reshape(matrix.shape), ".weight_scale": scales.view(torch.uint8).reshape(len(matrix), -1)}


_INT4 = {"num_bits": 4, "type": "int", "strategy": "group", "group_size": 32, "symmetric": True}
_INT8 = {"num_bits": 8, "type": "int", "strategy": "channel", "symmetric": True}
_FP8 = {"num_bits": 8, "type": "float", "symmetric": True}
_NVFP4 = {
    "num_bits": 4, "type": "float", "strategy": "tensor_group", "group_size": 16, "symmetric": True,
    "scale_dtype": torch.float8_e4m3fn,
}  # fmt: skip
_MX = {"type": "float", "strategy": "group", "group_size": 32, "symmetric": True, "scale_dtype": torch.uint8}

QUANTISERS: dict[str, Quantiser] = {
    "bitsandbytes int8": Quantiser("bitsandbytes", bitsandbytes_int8, {}),
    "bitsandbytes nf4": Quantiser("bitsandbytes", bitsandbytes_four_bit("nf4", False), {}),
    "bitsandbytes nf4, nested": Quantiser("bitsandbytes", bitsandbytes_four_bit("nf4", True), {}),
    "bitsandbytes fp4": Quantiser("bitsandbytes", bitsandbytes_four_bit("fp4", False), {}),
    "bitsandbytes fp4, half": Quantiser("bitsandbytes", bitsandbytes_four_bit("fp4", True), {}, torch.float16),
    "w4a16": Quantiser("compressed_tensors", compressed(_INT4, "pack-quantized"), {}),
    "w4a16, single precision": Quantiser("compressed_tensors", compressed(_INT4, "pack-quantized"), {}, torch.float32),
    "w4a16, asymmetric": Quantiser(
        "compressed_tensors", compressed(_INT4 | {"symmetric": False}, "pack-quantized"), {}
    ),
    "w8a8": Quantiser("compressed_tensors", compressed(_INT8, "int-quantized"), {}),
    "w8a8, half": Quantiser("compressed_tensors", compressed(_INT8, "int-quantized"), {}, torch.float16),
    "fp8, a matrix": Quantiser("compressed_tensors", compressed({**_FP8, "strategy": "tensor"}, "float-quantized"), {}),
    "fp8, a row": Quantiser("compressed_tensors", compressed({**_FP8, "strategy": "channel"}, "float-quantized"), {}),
    "nvfp4": Quantiser("compressed_tensors", compressed(_NVFP4, "nvfp4-pack-quantized"), {}),
    "mxfp4": Quantiser("compressed_tensors", compressed({**_MX, "num_bits": 4}, "mxfp4-pack-quantized"), {}),
    "mxfp8": Quantiser("compressed_tensors", compressed({**_MX, "num_bits": 8}, "mxfp8-quantized"), {}),
    "hqq int4, rows": Quantiser("hqq", hqq(4, 1, False), {}),
    "hqq int8, columns": Quantiser("hqq", hqq(8, 0, False), {}),
    "quanto int8": Quantiser("optimum.quanto", quanto("qint8"), {}),
    "quanto fp8": Quantiser("optimum.quanto", quanto("qfloat8"), {}),
    "torchao int8": Quantiser("torchao", torchao_int8("SYMMETRIC"), {}),
    "torchao int8, unclipped": Quantiser("torchao", torchao_int8("SYMMETRIC_NO_CLIPPING_ERR"), {}),
    "torchao mxfp8": Quantiser("torchao", torchao_mx, {}),
}


def matrix(rows: int = 256, columns: int = 512, seed: int = 4) -> Array:
    """Weights of an ordinary size."""
    return (0.02 * np.random.default_rng(seed).standard_normal((rows, columns))).astype(np.float32)
