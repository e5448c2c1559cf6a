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


def test_int4_is_recognised_and_not_read(tmp_path: Path) -> None:
    codes, scales = torch.zeros(32, 64, dtype=torch.int8), torch.ones(4, 32)
    stored = {f"{NAME}._weight_qdata": codes, f"{NAME}._weight_scale": scales, f"{NAME}._weight_zero_point": scales + 1}
    save_file(stored, tmp_path / "model.safetensors")
    model = open_checkpoint(str(tmp_path))
    assert [(tensor.name, tensor.shape) for tensor in model.tensors] == [(f"{NAME}.weight", (32, 128))]
    assert any("torchao int4" in caveat for caveat in model.caveats)
