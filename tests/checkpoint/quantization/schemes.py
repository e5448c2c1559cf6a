"""Small quantisers written from the published layouts: a matrix becomes stored tensors, and the floats these mean.

Packing goes through ``numpy.packbits``, bit by bit, and shares nothing with the reader under test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch

from tests.models import Array


@dataclass(frozen=True, slots=True)
class Quantised:
    """Stored tensors by suffix, and the floats that they stand for."""

    tensors: dict[str, torch.Tensor]
    floats: Array


@dataclass(frozen=True, slots=True)
class Layout:
    """A scheme in one of its variants.

    Attributes:
        quantise: a matrix ``[out, in]`` (in a multiple of 32) to stored tensors.
        settings: the configuration's ``quantization_config``.
        scheme: what the reader must call it.
        error: largest relative size of the delta on normal weights.
        together: how many rows, far apart, share the bytes of one.
    """

    quantise: Callable[[Array], Quantised]
    settings: dict[str, object]
    scheme: str
    error: float
    key: str = field(default="quantization_config")
    together: int = 1


def dense(codes: np.ndarray, bits: int) -> np.ndarray:
    """Pack along the last axis into int32 words, lowest bits first, with nothing left out between codes."""
    planes = (codes[..., None].astype(np.int64) >> np.arange(bits)) & 1
    flat = planes.reshape(*codes.shape[:-1], -1).astype(np.uint8)
    missing = -flat.shape[-1] % 32
    flat = np.pad(flat, [(0, 0)] * (flat.ndim - 1) + [(0, missing)])
    return np.packbits(flat, axis=-1, bitorder="little").view("<i4")


def rounded(matrix: Array, bits: int, group: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Codes ``[out, in]``, scales and zero points ``[out, groups]``: asymmetric, to nearest."""
    grouped = matrix.reshape(len(matrix), -1, group)
    low, high = np.minimum(grouped.min(2), 0), np.maximum(grouped.max(2), 0)
    scales = np.maximum((high - low) / (2**bits - 1), 1e-8).astype(np.float16).astype(np.float32)
    zeros = np.clip(np.round(-low / scales), 0, 2**bits - 1)
    codes = np.clip(np.round(grouped / scales[..., None]) + zeros[..., None], 0, 2**bits - 1)
    return codes.reshape(matrix.shape).astype(np.int64), scales, zeros.astype(np.int64)


def spread(values: np.ndarray, columns: int) -> np.ndarray:
    """``[out, groups]`` to ``[out, in]``."""
    return np.repeat(values, columns // values.shape[1], axis=1)


def _tensor(values: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(values))


def gptq(
    bits: int, group: int, act_order: bool = False, version: int = 1, index: bool = True
) -> Callable[[Array], Quantised]:
    """AutoGPTQ's layout; zero points are stored less one in its first version."""

    def quantise(matrix: Array) -> Quantised:
        inputs = matrix.shape[1]
        size = inputs if group < 0 else group
        order = np.random.default_rng(5).permutation(inputs) if act_order else np.arange(inputs)
        codes, scales, zeros = rounded(matrix[:, order], bits, size)
        groups = np.empty(inputs, np.int32)
        groups[order] = np.arange(inputs) // size
        back = np.argsort(order)
        floats = ((codes - spread(zeros, inputs)) * spread(scales, inputs))[:, back].astype(np.float32)
        stored_zeros = (zeros - 1) % 2**bits if version == 1 else zeros
        tensors = {
            ".qweight": _tensor(dense(codes[:, back], bits).T),
            ".qzeros": _tensor(dense(stored_zeros.T, bits)),
            ".scales": _tensor(scales.T).half(),
        }
        if index:
            tensors[".g_idx"] = _tensor(groups)
        return Quantised(tensors, floats)

    return quantise


def awq(matrix: Array, group: int = 32) -> Quantised:
    """AutoAWQ's ``gemm`` layout: eight output columns to a word, in the order 0 2 4 6 1 3 5 7."""
    codes, scales, zeros = rounded(matrix, 4, group)

    def packed(values: np.ndarray) -> torch.Tensor:
        words = np.zeros((len(values), values.shape[1] // 8), np.uint32)
        for word in range(words.shape[1]):
            for place, column in enumerate([0, 2, 4, 6, 1, 3, 5, 7]):
                words[:, word] |= values[:, 8 * word + column].astype(np.uint32) << np.uint32(4 * place)
        return _tensor(words.view(np.int32))

    inputs = matrix.shape[1]
    floats = ((codes - spread(zeros, inputs)) * spread(scales, inputs)).astype(np.float32)
    return Quantised(
        {".qweight": packed(codes.T), ".qzeros": packed(zeros.T), ".scales": _tensor(scales.T).half()}, floats
    )


def row_maxima(matrix: Array) -> Quantised:
    """bitsandbytes' int8: codes of the largest size of each row over 127."""
    largest = np.abs(matrix).max(axis=1).astype(np.float32)
    codes = np.round(matrix / largest[:, None] * 127).astype(np.int8)
    tensors = {
        ".weight": _tensor(codes),
        ".SCB": _tensor(largest),
        ".weight_format": torch.zeros((), dtype=torch.uint8),
    }
    return Quantised(tensors, (codes * largest[:, None] / 127).astype(np.float32))


NF4 = [
    -1.0, -0.6961928, -0.52507305, -0.39491749, -0.28444138, -0.18477343, -0.09105004, 0.0,
    0.0795803, 0.1609302, 0.24611230, 0.33791524, 0.44070983, 0.56261700, 0.72295684, 1.0,
]  # fmt: skip
FP4 = [0.0, 0.0052083, 0.66667, 1.0, 0.33333, 0.5, 0.16667, 0.25, -0.0, -0.0052083, -0.66667, -1.0, -0.33333, -0.5, -0.16667, -0.25]  # fmt: skip  # noqa: E501


def four_bit(kind: str, nested: bool) -> Callable[[Array], Quantised]:
    """bitsandbytes' NF4 and FP4 over blocks of 64, the scales as they are or quantised once more."""

    def quantise(matrix: Array) -> Quantised:
        import json

        table = np.array(NF4 if kind == "nf4" else FP4, np.float32)
        blocks = np.pad(matrix.reshape(-1), (0, -matrix.size % 64)).reshape(-1, 64)
        scales = np.abs(blocks).max(axis=1).astype(np.float32)
        state: dict[str, object] = {
            "quant_type": kind,
            "blocksize": 64,
            "dtype": "float16",
            "shape": list(matrix.shape),
        }
        tensors: dict[str, torch.Tensor] = {}
        if nested:
            offset = float(scales.mean())
            over = np.abs(np.pad(scales - offset, (0, -len(scales) % 256)).reshape(-1, 256)).max(axis=1)
            values = np.linspace(-1, 1, 256, dtype=np.float32)
            relative = (scales - offset) / np.repeat(over, 256)[: len(scales)]
            codes = np.abs(relative[:, None] - values[None]).argmin(axis=1).astype(np.uint8)
            scales = (values[codes] * np.repeat(over, 256)[: len(codes)] + np.float32(offset)).astype(np.float32)
            state |= {"nested_blocksize": 256, "nested_dtype": "float32", "nested_offset": offset}
            tensors |= {
                ".weight.absmax": _tensor(codes),
                ".weight.nested_absmax": _tensor(over.astype(np.float32)),
                ".weight.nested_quant_map": _tensor(values),
            }
        else:
            tensors[".weight.absmax"] = _tensor(scales)
        nibbles = np.abs((blocks / scales[:, None])[..., None] - table).argmin(axis=-1).astype(np.uint8)
        flat = nibbles.reshape(-1)[: matrix.size + matrix.size % 2]
        tensors[".weight"] = _tensor((flat[0::2] << 4 | flat[1::2])[:, None])
        tensors[".weight.quant_map"] = _tensor(table)
        text = json.dumps(state).encode()
        tensors[f".weight.quant_state.bitsandbytes__{kind}"] = torch.frombuffer(bytearray(text), dtype=torch.uint8)
        floats = (table[nibbles] * scales[:, None]).reshape(-1)[: matrix.size].reshape(matrix.shape)
        return Quantised(tensors, floats.astype(np.float32))

    return quantise


def float8(
    suffix: str, rows: int, columns: int, kind: torch.dtype = torch.float8_e4m3fn
) -> Callable[[Array], Quantised]:
    """FP8 with a scale a block of ``rows`` by ``columns`` (0 for all of them)."""

    def quantise(matrix: Array) -> Quantised:
        height, width = rows or matrix.shape[0], columns or matrix.shape[1]
        down, across = -(-matrix.shape[0] // height), -(-matrix.shape[1] // width)
        scales = np.ones((down, across), np.float32)
        for i in range(down):
            for j in range(across):
                block = matrix[i * height : (i + 1) * height, j * width : (j + 1) * width]
                scales[i, j] = np.abs(block).max() / torch.finfo(kind).max
        full = np.repeat(np.repeat(scales, height, 0), width, 1)[: matrix.shape[0], : matrix.shape[1]]
        codes = torch.from_numpy(matrix / full).to(kind)
        stored = _tensor(scales[0]) if down * across == 1 else _tensor(scales)
        floats = (codes.float().numpy() * full).astype(np.float32)
        return Quantised({".weight": codes, suffix: stored, ".input_scale": torch.ones(1)}, floats)

    return quantise


def int8_channels(matrix: Array, symmetric: bool = True) -> Quantised:
    """compressed-tensors' ``int-quantized``, a scale a row."""
    scales = (np.abs(matrix).max(axis=1, keepdims=True) / 127).astype(np.float32)
    zeros = np.zeros_like(scales) if symmetric else np.full_like(scales, 3)
    codes = np.clip(np.round(matrix / scales) + zeros, -128, 127).astype(np.int8)
    tensors = {".weight": _tensor(codes), ".weight_scale": _tensor(scales)}
    if not symmetric:
        tensors[".weight_zero_point"] = _tensor(zeros.astype(np.int8))
    return Quantised(tensors, ((codes - zeros) * scales).astype(np.float32))


def quanto(matrix: Array) -> Quantised:
    """quanto's qint8: int8 of each row, under names of its own below the weight's."""
    found = int8_channels(matrix)
    return Quantised(
        {".weight._data": found.tensors[".weight"], ".weight._scale": found.tensors[".weight_scale"]}, found.floats
    )


def torchao(matrix: Array) -> Quantised:
    """torchao's Int8Tensor, as it flattens it for safetensors."""
    found = int8_channels(matrix, symmetric=False)
    names = {
        ".weight": "._weight_qdata",
        ".weight_scale": "._weight_scale",
        ".weight_zero_point": "._weight_zero_point",
    }
    return Quantised({names[name]: one for name, one in found.tensors.items()}, found.floats)


def torchao_int4(group: int) -> Callable[[Array], Quantised]:
    """torchao's Int4Tensor: codes around the middle of a group's range, tables the other way round."""

    def quantise(matrix: Array) -> Quantised:
        grouped = matrix.reshape(len(matrix), -1, group)
        low = grouped.min(2)
        scales = np.maximum(grouped.max(2) - low, 1e-6) / 15
        codes = np.clip(np.round((grouped - low[..., None]) / scales[..., None]), 0, 15).reshape(matrix.shape) - 8
        offsets = low + 8 * scales
        floats = codes * spread(scales, matrix.shape[1]) + spread(offsets, matrix.shape[1])
        nibbles = (codes.astype(np.int64) & 15).astype(np.uint8)
        packed = (nibbles[:, 0::2] + 16 * nibbles[:, 1::2].astype(np.int64)).astype(np.uint8).view(np.int8)
        tensors = {
            "._weight_qdata": _tensor(packed),
            "._weight_scale": _tensor(scales.T.astype(np.float32)),
            "._weight_zero_point": _tensor(offsets.T.astype(np.float32)),
        }
        return Quantised(tensors, floats.astype(np.float32))

    return quantise


def pack_quantized(bits: int, group: int, symmetric: bool = True) -> Callable[[Array], Quantised]:
    """compressed-tensors' ``pack-quantized``."""

    def quantise(matrix: Array) -> Quantised:
        inputs = matrix.shape[1]
        size = inputs if group < 0 else group
        if symmetric:
            grouped = matrix.reshape(len(matrix), -1, size)
            scales = (np.abs(grouped).max(2) / (2 ** (bits - 1) - 1)).astype(np.float32)
            zeros = np.full(scales.shape, 2 ** (bits - 1))
            codes = np.round(matrix / spread(scales, inputs)).astype(np.int64) + 2 ** (bits - 1)
        else:
            codes, scales, zeros = rounded(matrix, bits, size)
        tensors = {
            ".weight_packed": _tensor(dense(codes, bits)),
            ".weight_scale": _tensor(scales),
            ".weight_shape": torch.tensor(matrix.shape),
        }
        if not symmetric:
            tensors[".weight_zero_point"] = _tensor(dense(zeros.T, bits).T)
        return Quantised(tensors, ((codes - spread(zeros, inputs)) * spread(scales, inputs)).astype(np.float32))

    return quantise


def mlx(bits: int, group: int) -> Callable[[Array], Quantised]:
    """MLX's affine groups: code * scale + bias."""

    def quantise(matrix: Array) -> Quantised:
        grouped = matrix.reshape(len(matrix), -1, group)
        biases = grouped.min(2).astype(np.float16).astype(np.float32)
        scales = ((grouped.max(2) - biases) / (2**bits - 1)).astype(np.float16).astype(np.float32)
        inputs = matrix.shape[1]
        codes = np.round((matrix - spread(biases, inputs)) / spread(scales, inputs)).clip(0, 2**bits - 1)
        tensors = {
            ".weight": _tensor(dense(codes.astype(np.int64), bits)).view(torch.uint32),
            ".scales": _tensor(scales).half(),
            ".biases": _tensor(biases).half(),
        }
        return Quantised(tensors, (codes * spread(scales, inputs) + spread(biases, inputs)).astype(np.float32))

    return quantise


E2M1 = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6], np.float32)


def _four_bit_floats(scaled: Array) -> tuple[torch.Tensor, Array]:
    """Nearest E2M1 codes of ``[rows, columns]``, two a byte, the first one low; and what they stand for."""
    codes = np.abs(scaled[..., None] - E2M1).argmin(-1)
    pairs = codes.reshape(len(codes), -1, 2)[:, :, ::-1, None]
    bits = (pairs >> np.arange(3, -1, -1)) & 1
    packed = np.packbits(bits.reshape(len(codes), -1).astype(np.uint8), axis=-1)
    return _tensor(packed), E2M1[codes]


def nvfp4(producer: str) -> Callable[[Array], Quantised]:
    """NVFP4: an FP8 scale for 16 weights and one for the matrix, which divides (compressed-tensors) or multiplies."""

    def quantise(matrix: Array) -> Quantised:
        grouped = matrix.reshape(len(matrix), -1, 16)
        overall = np.float32(np.abs(matrix).max() / (6 * 448))
        scales = torch.from_numpy(np.abs(grouped).max(-1) / 6 / overall).to(torch.float8_e4m3fn)
        full = np.repeat(scales.float().numpy() * overall, 16, axis=1)
        packed, values = _four_bit_floats(matrix / full)
        if producer == "compressed-tensors":
            tensors = {".weight_packed": packed, ".weight_scale": scales, ".input_global_scale": torch.ones(1)}
            tensors[".weight_global_scale"] = torch.tensor([1 / overall])
        else:
            tensors = {".weight": packed, ".weight_scale": scales, ".weight_scale_2": torch.tensor(overall)}
            tensors[".input_scale"] = torch.tensor(1.0)
        return Quantised(tensors, (values * full).astype(np.float32))

    return quantise


def _exponents(grouped: Array, largest: float) -> np.ndarray:
    """The power of two, plus 127, that puts each group below the largest value of its type."""
    return np.ceil(np.log2(np.abs(grouped).max(-1) / largest)).astype(np.int32) + 127


def mxfp4_packed(matrix: Array) -> Quantised:
    """compressed-tensors' MXFP4: an exponent for 32 weights."""
    exponents = _exponents(matrix.reshape(len(matrix), -1, 32), 6)
    full = np.repeat(np.exp2(exponents - 127.0), 32, axis=1).astype(np.float32)
    packed, values = _four_bit_floats(matrix / full)
    return Quantised({".weight_packed": packed, ".weight_scale": _tensor(exponents.astype(np.uint8))}, values * full)


def mxfp8(matrix: Array) -> Quantised:
    """MXFP8: FP8 codes, an exponent for 32 weights."""
    exponents = _exponents(matrix.reshape(len(matrix), -1, 32), 448)
    full = np.repeat(np.exp2(exponents - 127.0), 32, axis=1).astype(np.float32)
    codes = torch.from_numpy(matrix / full).to(torch.float8_e4m3fn)
    tensors = {".weight": codes, ".weight_scale": _tensor(exponents.astype(np.uint8))}
    return Quantised(tensors, codes.float().numpy() * full)


def bitnet(multiplies: bool) -> Callable[[Array], Quantised]:
    """transformers' packed BitNet: four rows of far apart in a byte."""

    def quantise(matrix: Array) -> Quantised:
        size = np.float32(np.abs(matrix).mean())
        signs = np.clip(np.round(matrix / size), -1, 1).astype(np.int64)
        stretches = (signs + 1).reshape(4, -1, matrix.shape[1])
        packed = sum(stretches[place] * 4**place for place in range(4)).astype(np.uint8)
        scale = torch.tensor([size if multiplies else 1 / size])
        return Quantised({".weight": _tensor(packed), ".weight_scale": scale}, (signs * size).astype(np.float32))

    return quantise


def hqq(bits: int, group: int, by_row: bool = True) -> Callable[[Array], Quantised]:
    """HQQ's packing: stretches of groups, the first in the highest bits."""

    def quantise(matrix: Array) -> Quantised:
        seen = matrix.reshape(-1, group) if by_row else matrix.reshape(group, -1)
        axis = 1 if by_row else 0
        low, high = seen.min(axis, keepdims=True), seen.max(axis, keepdims=True)
        scales = ((high - low) / (2**bits - 1)).astype(np.float32)
        zeros = (-low / scales).astype(np.float32)
        codes = np.clip(np.round(seen / scales + zeros), 0, 2**bits - 1).astype(np.int64)
        count = {8: 1, 4: 2, 3: 10, 2: 4, 1: 8}[bits]
        padded = np.pad(codes, ((0, -len(codes) % count), (0, 0))).reshape(count, -1, codes.shape[1])
        words = sum(padded[place] << (bits * (count - 1 - place)) for place in range(count))
        tensors = {
            ".W_q": _tensor(words.astype(np.int32 if bits == 3 else np.uint8)),
            ".scale": _tensor(scales),
            ".zero": _tensor(zeros),
            ".shape": torch.tensor(matrix.shape),
            ".nbits": torch.tensor(bits),
        }
        return Quantised(tensors, ((codes - zeros) * scales).reshape(matrix.shape).astype(np.float32))

    return quantise


def with_unused_index(quantise: Callable[[Array], Quantised], suffix: str) -> Callable[[Array], Quantised]:
    """A scheme whose groups follow each other, with an index of -1 throughout: "not used"."""

    def with_index(matrix: Array) -> Quantised:
        found = quantise(matrix)
        index = torch.full((matrix.shape[1],), -1, dtype=torch.int32)
        return Quantised({**found.tensors, suffix: index}, found.floats)

    return with_index


LAYOUTS: dict[str, Layout] = {
    "gptq-4-unused-index": Layout(
        with_unused_index(gptq(4, 32, index=False), ".g_idx"), {"quant_method": "gptq"}, "GPTQ int4, groups of 32", 0.12
    ),
    "gptq-v2-of-gptqmodel": Layout(
        gptq(4, 32, version=2), {"quant_method": "gptq", "format": "gptq_v2"}, "GPTQ int4, groups of 32", 0.12
    ),
    "auto-round": Layout(
        gptq(4, 32),
        {"quant_method": "auto-round", "packing_format": "auto_round:auto_gptq"},
        "GPTQ int4, groups of 32",
        0.12,
    ),
    "w4a16-unused-index": Layout(
        with_unused_index(pack_quantized(4, 32), ".weight_g_idx"), {}, "compressed-tensors int4, groups of 32", 0.12
    ),
    "nvfp4": Layout(nvfp4("compressed-tensors"), {}, "compressed-tensors NVFP4, blocks of 16", 0.15),
    "nvfp4-modelopt": Layout(nvfp4("modelopt"), {}, "ModelOpt NVFP4, blocks of 16", 0.15),
    "mxfp4-packed": Layout(mxfp4_packed, {}, "compressed-tensors MXFP4, blocks of 32", 0.2),
    "mxfp8": Layout(mxfp8, {}, "FP8 E4M3, groups of 32", 0.04),
    "fp8-deepseek": Layout(float8(".scale", 128, 128), {}, "FP8 E4M3, blocks of 128 by 128", 0.04),
    "fp8-comfy": Layout(float8(".scale_weight", 0, 0), {}, "FP8 E4M3, one scale a matrix", 0.04),
    "fp8-groups": Layout(float8(".weight_scale", 1, 64), {}, "FP8 E4M3, groups of 64", 0.04),
    "quanto-int8": Layout(quanto, {"quant_method": "quanto"}, "int8, one scale a row", 0.02),
    "torchao-int4": Layout(torchao_int4(32), {"quant_method": "torchao"}, "torchao int4, groups of 32", 0.12),
    "torchao-int8": Layout(torchao, {"quant_method": "torchao"}, "int8, one scale a row", 0.02),
    "bitnet": Layout(bitnet(False), {"quant_method": "bitnet"}, "BitNet, -1, 0 and 1", 0.6, together=4),
    "bitnet-auto": Layout(
        bitnet(True),
        {"quant_method": "bitnet", "linear_class": "autobitlinear"},
        "BitNet, -1, 0 and 1",
        0.6,
        together=4,
    ),
    "hqq-8": Layout(hqq(8, 64), {}, "HQQ int8, groups of 64", 0.01),
    "hqq-4": Layout(hqq(4, 64), {}, "HQQ int4, groups of 64", 0.12, together=2),
    "hqq-4-columns": Layout(hqq(4, 64, by_row=False), {}, "HQQ int4, groups of 64", 0.12, together=16),
    "hqq-3": Layout(hqq(3, 64), {}, "HQQ int3, groups of 64", 0.25, together=10),
    "hqq-2": Layout(hqq(2, 16), {}, "HQQ int2, groups of 16", 0.5, together=4),
    "hqq-1": Layout(hqq(1, 8), {}, "HQQ int1, groups of 8", 0.9, together=8),
    "gptq-4": Layout(gptq(4, 32), {"quant_method": "gptq", "bits": 4}, "GPTQ int4, groups of 32", 0.12),
    "gptq-4-act-order": Layout(gptq(4, 32, act_order=True), {"quant_method": "gptq"}, "GPTQ int4, groups of 32", 0.12),
    "gptq-4-no-index": Layout(gptq(4, 32, index=False), {"quant_method": "gptq"}, "GPTQ int4, groups of 32", 0.12),
    "gptq-4-rows": Layout(gptq(4, -1), {"quant_method": "gptq"}, "GPTQ int4, one scale a row", 0.14),
    "gptq-v2": Layout(
        gptq(4, 32, version=2),
        {"quant_method": "gptq", "checkpoint_format": "gptq_v2"},
        "GPTQ int4, groups of 32",
        0.12,
    ),
    "gptq-2": Layout(gptq(2, 32), {"quant_method": "gptq"}, "GPTQ int2, groups of 32", 0.5),
    "gptq-3": Layout(gptq(3, 32), {"quant_method": "gptq"}, "GPTQ int3, groups of 32", 0.25),
    "gptq-8": Layout(gptq(8, 32), {"quant_method": "gptq"}, "GPTQ int8, groups of 32", 0.01),
    "awq": Layout(awq, {"quant_method": "awq"}, "AWQ int4, groups of 32", 0.12),
    "bnb-int8": Layout(row_maxima, {"load_in_8bit": True}, "bitsandbytes int8, one scale a row", 0.02),
    "bnb-nf4": Layout(four_bit("nf4", nested=False), {}, "bitsandbytes NF4, blocks of 64", 0.12),
    "bnb-nf4-nested": Layout(
        four_bit("nf4", nested=True), {}, "bitsandbytes NF4, blocks of 64, double quantised", 0.12
    ),
    "bnb-fp4": Layout(four_bit("fp4", nested=False), {}, "bitsandbytes FP4, blocks of 64", 0.25),
    "fp8-tensor": Layout(float8(".weight_scale", 0, 0), {}, "FP8 E4M3, one scale a matrix", 0.04),
    "fp8-channel": Layout(float8(".weight_scale", 1, 0), {}, "FP8 E4M3, one scale a row", 0.04),
    "fp8-e5m2": Layout(float8(".weight_scale", 0, 0, torch.float8_e5m2), {}, "FP8 E5M2, one scale a matrix", 0.08),
    "fp8-blocks": Layout(
        float8(".weight_scale_inv", 128, 128), {"weight_block_size": [128, 128]}, "FP8 E4M3, blocks of 128 by 128", 0.04
    ),
    "w8a8": Layout(int8_channels, {"quant_method": "compressed-tensors"}, "int8, one scale a row", 0.02),
    "w8a8-asymmetric": Layout(lambda m: int8_channels(m, symmetric=False), {}, "int8, one scale a row", 0.02),
    "w4a16": Layout(pack_quantized(4, 32), {}, "compressed-tensors int4, groups of 32", 0.12),
    "w4a16-asymmetric": Layout(pack_quantized(4, 32, False), {}, "compressed-tensors int4, groups of 32", 0.12),
    "w8a16": Layout(pack_quantized(8, -1), {}, "compressed-tensors int8, one scale a row", 0.02),
    "w3a16": Layout(pack_quantized(3, 32), {}, "compressed-tensors int3, groups of 32", 0.3),
    "mlx-4": Layout(mlx(4, 32), {"group_size": 32, "bits": 4}, "MLX int4, groups of 32", 0.12, "quantization"),
    "mlx-8": Layout(mlx(8, 64), {"group_size": 64, "bits": 8}, "MLX int8, groups of 64", 0.01, "quantization"),
    "mlx-6": Layout(mlx(6, 32), {"group_size": 32, "bits": 6}, "MLX int6, groups of 32", 0.04, "quantization"),
}
