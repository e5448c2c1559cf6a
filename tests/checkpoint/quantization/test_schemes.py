"""Every scheme against a small quantiser of its own: names gathered, any rows, few bytes."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from safetensors.torch import save

from lineage_audit.checkpoint import Checkpoint, read_checkpoint
from lineage_audit.checkpoint.quantization.packed_words import unpack
from lineage_audit.checkpoint.reading import RowRequest, is_readable
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import TensorRef
from lineage_audit.errors import UnsupportedFormatError
from tests.checkpoint.memory_source import MemorySource
from tests.checkpoint.quantization.schemes import LAYOUTS, dense
from tests.models import Array

STEM = "model.layers.0.mlp.up_proj"
MATRIX: Array = (0.02 * np.random.default_rng(4).standard_normal((136, 192))).astype(np.float32)


def _open(tensors: dict[str, torch.Tensor], config: dict[str, object] | None = None) -> Checkpoint:
    files = {"model.safetensors": save(tensors), "config.json": json.dumps({"model_type": "llama", **(config or {})})}
    return read_checkpoint(MemorySource(files))


def _only(model: Checkpoint) -> TensorRef:
    assert len(model.tensors) == 1
    return model.tensors[0]


@pytest.mark.parametrize("name", LAYOUTS)
def test_rows_are_those_of_the_scheme(name: str) -> None:
    layout = LAYOUTS[name]
    quantised = layout.quantise(MATRIX)
    tensors = {STEM + suffix: values.contiguous() for suffix, values in quantised.tensors.items()}
    model = _open(tensors, {layout.key: layout.settings})
    tensor = _only(model)
    assert (tensor.name, tensor.role, tensor.shape) == (f"{STEM}.weight", Role.UP, MATRIX.shape)
    assert tensor.quantization == layout.scheme
    assert is_readable(tensor)
    assert model.parameters == MATRIX.size
    whole = model.rows(tensor, 0, len(MATRIX))
    np.testing.assert_allclose(whole, quantised.floats, rtol=1e-5, atol=1e-7)
    assert np.linalg.norm(whole - MATRIX) < layout.error * np.linalg.norm(MATRIX)
    for rows in ([0], [135], [7, 8, 9], [130, 3, 3, 61], [5, 134]):
        picked = model.read([RowRequest(tensor, np.array(rows))])[0]
        np.testing.assert_array_equal(picked, whole[rows])


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_few_rows_take_a_few_bytes(name: str) -> None:
    """At most the codes that share bytes with the rows, and the small tables: none reads the whole matrix for a row."""
    layout = LAYOUTS[name]
    tensors = {STEM + suffix: values.contiguous() for suffix, values in layout.quantise(MATRIX).tensors.items()}
    model = _open(tensors, {layout.key: layout.settings})
    before = model.source.bytes_read
    model.rows(_only(model), 64, 72)
    codes = max(values.nbytes for values in tensors.values())
    tables = sum(values.nbytes for values in tensors.values()) - codes
    assert model.source.bytes_read - before <= layout.together * codes * 8 / 136 + tables + 64


def test_the_companions_of_another_matrix_are_not_taken() -> None:
    quantised = LAYOUTS["gptq-4"].quantise(MATRIX)
    tensors = {STEM + suffix: values.contiguous() for suffix, values in quantised.tensors.items()}
    tensors["model.layers.0.mlp.gate_proj.weight"] = torch.zeros(136, 192)
    tensors["model.layers.0.mlp.down_proj.qweight"] = tensors[f"{STEM}.qweight"].clone()
    roles = {tensor.name: (tensor.role, is_readable(tensor)) for tensor in _open(tensors).tensors}
    assert roles[f"{STEM}.weight"] == (Role.UP, True)
    assert roles["model.layers.0.mlp.gate_proj.weight"] == (Role.GATE, True)
    assert roles["model.layers.0.mlp.down_proj.qweight"][1] is False


def test_names_alone_do_not_make_a_scheme() -> None:
    """Scales beside plain floats, and codes whose zero points do not fit them."""
    tensors = {f"{STEM}.weight": torch.zeros(8, 8), f"{STEM}.weight_scale": torch.ones(8, 1)}
    assert not any(tensor.quantization for tensor in _open(tensors).tensors)
    quantised = {STEM + suffix: values for suffix, values in LAYOUTS["gptq-4"].quantise(MATRIX).tensors.items()}
    quantised[f"{STEM}.qzeros"] = torch.zeros(3, 3, dtype=torch.int32)
    stored = {name: values.contiguous() for name, values in quantised.items()}
    unread = _only(_open(stored))
    assert not is_readable(unread)
    assert unread.quantization == "codes of an unknown scheme"


UNREAD: dict[str, tuple[dict[str, torch.Tensor], str]] = {
    "exl3": (
        {
            ".trellis": torch.zeros(12, 8, 64, dtype=torch.int16),
            ".suh": torch.ones(192).half(),
            ".svh": torch.ones(128).half(),
        },
        "EXL3",
    ),
    "exl2": (
        {
            ".q_weight": torch.zeros(24, 128, dtype=torch.int32),
            ".q_invperm": torch.zeros(192, dtype=torch.int16),
            ".q_scale": torch.zeros(6, 16, dtype=torch.int32),
            ".q_scale_max": torch.zeros(6).half(),
            ".q_groups": torch.zeros(12, dtype=torch.int16),
        },
        "EXL2",
    ),
    "aqlm": (
        {
            ".codes": torch.zeros(128, 24, 2, dtype=torch.int16),
            ".codebooks": torch.zeros(2, 256, 1, 8).half(),
            ".scales": torch.zeros(128, 1, 1, 1).half(),
        },
        "AQLM",
    ),
    "quip": (
        {".Qidxs": torch.zeros(128, 24, dtype=torch.int16), ".SU": torch.ones(192), ".SV": torch.ones(128)},
        "QuIP#",
    ),
    "eetq": (
        {".weight": torch.zeros(192, 128, dtype=torch.int8), ".weight_scales": torch.ones(128)},
        "EETQ int8, laid out for its kernel",
    ),
}
"""Stored tensors of a matrix ``[128, 192]``, and what a report calls their scheme."""


@pytest.mark.parametrize("name", UNREAD)
def test_what_is_recognised_is_counted_by_weights_and_not_read(name: str) -> None:
    tensors, scheme = UNREAD[name]
    model = _open({STEM + suffix: values for suffix, values in tensors.items()})
    tensor = _only(model)
    assert (tensor.name, tensor.role, tensor.quantization) == (f"{STEM}.weight", Role.UP, scheme)
    assert tensor.shape == (128, 192)
    assert not is_readable(tensor)
    assert model.container.tensors[0].stored_bytes == sum(values.nbytes for values in tensors.values())
    with pytest.raises(UnsupportedFormatError, match="cannot be read as numbers"):
        model.rows(tensor, 0, 1)


def test_codes_of_an_unknown_scheme_take_their_scales_with_them_and_count_as_the_settings_say() -> None:
    tensors = {
        f"{STEM}.packed": torch.zeros(136, 96, dtype=torch.uint8),
        f"{STEM}.order": torch.zeros(192, dtype=torch.int32),
        f"{STEM}.step": torch.ones(136, 3),
        f"{STEM}.bias": torch.ones(136),
    }
    model = _open(tensors, {"quantization_config": {"bits": 4}})
    codes, bias = sorted(model.container.tensors, key=lambda one: -one.size)
    assert (codes.name, codes.size, bias.name) == (f"{STEM}.packed", 136 * 192, f"{STEM}.bias")
    assert codes.stored_bytes + bias.stored_bytes == sum(values.nbytes for values in tensors.values())


def test_numbers_of_positions_are_no_codes() -> None:
    model = _open({"model.embeddings.position_ids": torch.arange(512)[None]})
    assert is_readable(_only(model))


def test_stacks_of_experts_in_mlx() -> None:
    layout = LAYOUTS["mlx-4"]
    one, two = layout.quantise(MATRIX), layout.quantise(MATRIX[::-1].copy())
    name = "model.layers.0.mlp.experts.up_proj"
    tensors = {name + suffix: torch.stack([one.tensors[suffix], two.tensors[suffix]]) for suffix in one.tensors}
    model = _open(tensors, {"quantization": layout.settings})
    stored = model.container.tensors[0]
    assert (stored.name, stored.shape) == (f"{name}.weight", (2, 136, 192))


def test_mxfp4_is_what_transformers_gives() -> None:
    mxfp4 = pytest.importorskip("transformers.integrations.mxfp4")
    generator = torch.Generator().manual_seed(2)
    blocks = torch.randint(0, 256, (3, 64, 4, 16), dtype=torch.uint8, generator=generator)
    scales = torch.randint(100, 140, (3, 64, 4), dtype=torch.uint8, generator=generator)
    expected = mxfp4._convert_moe_packed_tensors(blocks, scales, dtype=torch.float32).transpose(1, 2).numpy()
    name = "model.layers.0.mlp.experts.gate_up_proj"
    down = {
        "blocks": torch.zeros(3, 128, 1, 16, dtype=torch.uint8),
        "scales": torch.zeros(3, 128, 1, dtype=torch.uint8),
    }
    tensors = {f"{name}_blocks": blocks, f"{name}_scales": scales}
    tensors |= {f"model.layers.0.mlp.experts.down_proj_{key}": values for key, values in down.items()}
    model = _open(tensors, {"model_type": "gpt_oss", "hidden_size": 128, "num_local_experts": 3})
    found = {(t.role, t.expert): t for t in model.tensors}
    assert found[Role.DOWN, 2].shape == (128, 32)
    for expert in range(3):
        gate, up = found[Role.GATE, expert], found[Role.UP, expert]
        assert (gate.shape, gate.quantization) == ((32, 128), "MXFP4")
        np.testing.assert_array_equal(model.rows(gate, 0, 32), expected[expert, 0::2])
        np.testing.assert_array_equal(model.rows(up, 3, 20), expected[expert, 1::2][3:20])


def test_bitsandbytes_own_files() -> None:
    functional = pytest.importorskip("bitsandbytes.functional")
    weights = torch.from_numpy(MATRIX)
    for kind in ("nf4", "fp4"):
        for nested in (False, True):
            codes, state = functional.quantize_4bit(weights, blocksize=64, quant_type=kind, compress_statistics=nested)
            packed = {f"{STEM}.weight.{key}": values for key, values in state.as_dict(packed=True).items()}
            model = _open({f"{STEM}.weight": codes, **packed})
            expected = functional.dequantize_4bit(codes, state).float().numpy()
            np.testing.assert_allclose(model.rows(_only(model), 0, 136), expected, rtol=1e-4, atol=1e-6)
    codes, largest, _ = functional.int8_vectorwise_quant(weights.half())
    model = _open({f"{STEM}.weight": codes, f"{STEM}.SCB": largest})
    expected = functional.int8_vectorwise_dequant(codes, largest).numpy()
    np.testing.assert_allclose(model.rows(_only(model), 0, 136), expected, rtol=1e-5)


@pytest.mark.parametrize(("bits", "symmetric"), [(4, True), (4, False), (8, True), (3, True), (6, False)])
def test_compressed_tensors_own_files(bits: int, symmetric: bool) -> None:
    packing = pytest.importorskip("compressed_tensors.compressors.pack_quantized")
    from compressed_tensors.quantization import QuantizationArgs, QuantizationScheme

    args = QuantizationArgs(num_bits=bits, symmetric=symmetric, strategy="group", group_size=32)
    scheme = QuantizationScheme(targets=["Linear"], weights=args)
    weights = torch.from_numpy(MATRIX)
    scales = weights.reshape(136, 6, 32).abs().amax(-1) / (2 ** (bits - 1) - 1)
    zeros = torch.randint(-3, 3, (136, 6), dtype=torch.int8) if not symmetric else torch.zeros(136, 6, dtype=torch.int8)
    state = {"weight": weights, "weight_scale": scales, "weight_zero_point": zeros}
    compressed = packing.PackedQuantizationCompressor.compress(state, scheme)
    expected = packing.PackedQuantizationCompressor.decompress(compressed, scheme)["weight"].numpy()
    model = _open({f"{STEM}.{key}": values.contiguous() for key, values in compressed.items()})
    np.testing.assert_allclose(model.rows(_only(model), 0, 136), expected, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("bits", range(1, 9))
def test_codes_that_straddle_words(bits: int) -> None:
    codes = np.random.default_rng(bits).integers(0, 2**bits, (5, 77))
    np.testing.assert_array_equal(unpack(dense(codes, bits), bits, 77), codes)
