"""torchao's own tensors, flattened by its own code, against what it makes of them again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torchao")

from safetensors.torch import save_file  # noqa: E402

from lineage_audit.checkpoint import open_checkpoint  # noqa: E402

CONFIGS = {
    "Int8WeightOnlyConfig": {"version": 2},
    "Float8WeightOnlyConfig": {},
    "IntxWeightOnlyConfig": {},
    "Int8DynamicActivationInt8WeightConfig": {"version": 2},
    "Int8DynamicActivationIntxWeightConfig": {},
}
NAME = "model.layers.0.mlp.up_proj"


@pytest.mark.parametrize("name", CONFIGS)
def test_rows_are_what_the_library_makes_of_them(name: str, tmp_path: Path) -> None:
    import torchao.quantization as quantization
    from torchao.prototype.safetensors.safetensors_support import flatten_tensor_state_dict

    torch.manual_seed(0)
    layer = torch.nn.Linear(64, 32, bias=False).bfloat16()
    module = torch.nn.Module()
    module.up_proj = layer
    quantization.quantize_(module, getattr(quantization, name)(**CONFIGS[name]))
    flat, metadata = flatten_tensor_state_dict({f"{NAME}.weight": module.up_proj.weight})
    save_file(flat, tmp_path / "model.safetensors", metadata={**metadata, "format": "pt"})
    (tensor,) = open_checkpoint(str(tmp_path)).tensors
    assert (tensor.name, tensor.shape) == (f"{NAME}.weight", (32, 64))
    assert tensor.quantization is not None
    expected = module.up_proj.weight.dequantize().float().numpy()  # in bfloat16
    np.testing.assert_allclose(open_checkpoint(str(tmp_path)).rows(tensor, 0, 32), expected, rtol=2**-7)


def test_int4_is_what_its_own_quantiser_means(tmp_path: Path) -> None:
    """The kernels that go with the quantiser need a GPU; the quantiser does not."""
    shuffle = pytest.importorskip("mslk.quantize.shuffle", exc_type=ImportError)
    from torchao.prototype.safetensors.safetensors_support import flatten_tensor_state_dict
    from torchao.quantization import Int4Tensor

    torch.manual_seed(0)
    weight = torch.randn(48, 256, dtype=torch.bfloat16)
    quantised = Int4Tensor.from_hp(weight, [1, 64])
    flat, metadata = flatten_tensor_state_dict({f"{NAME}.weight": quantised})
    save_file(flat, tmp_path / "model.safetensors", metadata={**metadata, "format": "pt"})
    model = open_checkpoint(str(tmp_path))
    (tensor,) = model.tensors
    codes, _, _ = shuffle.int4_row_quantize_zp(weight, 64)
    scales, offsets = (one.T.repeat_interleave(64, 1).float() for one in (quantised.scale, quantised.zero_point))
    assert (tensor.name, tensor.shape, tensor.dtype) == (f"{NAME}.weight", (48, 256), "INT4")
    np.testing.assert_allclose(model.rows(tensor, 0, 48), (codes * scales + offsets).numpy(), rtol=1e-6)
    assert np.abs(model.rows(tensor, 0, 48) - weight.float().numpy()).max() < 0.6 * scales.max()


@pytest.mark.parametrize(
    ("companions", "codes", "shape"),
    [
        ({"_scale": (4, 32), "_zero_point": (4, 32)}, torch.zeros(32, 16, dtype=torch.int32), (32, 128)),
        (
            {"_scale": (4, 32), "_zero_point": (4, 32), "_act_pre_scale": (128,)},
            torch.zeros(32, 64, dtype=torch.int8),
            (32, 128),
        ),
        ({"_scale_and_zero": (8, 32, 2)}, torch.zeros(4, 2, 32, 4, dtype=torch.int32), (32, 256)),
    ],
    ids=["eight a word", "scaled inputs", "in tiles"],
)
def test_int4_in_other_layouts_is_recognised_and_not_read(
    companions: dict[str, tuple[int, ...]], codes: torch.Tensor, shape: tuple[int, int], tmp_path: Path
) -> None:
    stored = {f"{NAME}._weight{name}": torch.ones(size) for name, size in companions.items()}
    save_file({f"{NAME}._weight_qdata": codes, **stored}, tmp_path / "model.safetensors")
    model = open_checkpoint(str(tmp_path))
    assert [(tensor.name, tensor.shape) for tensor in model.tensors] == [(f"{NAME}.weight", shape)]
    assert any("torchao int4" in caveat for caveat in model.caveats)
