from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("onnx")

import onnx
from onnx import TensorProto, helper, numpy_helper

from lineage_audit.checkpoint import open_checkpoint
from lineage_audit.checkpoint.formats.onnx import read_onnx
from lineage_audit.comparison import compare_checkpoints
from lineage_audit.errors import LineageAuditError
from tests import models
from tests.checkpoint.memory_source import MemorySource

WEIGHTS = models.llama(1)


def _graph(weights: models.Weights, named_by: str = "node") -> Any:
    """A Llama as the exporter leaves it: linear layers turned, and without their names."""
    nodes, initialisers = [], []
    for number, (name, values) in enumerate(weights.items()):
        if not name.endswith(("_proj.weight", "lm_head.weight")):
            initialisers.append(numpy_helper.from_array(values, name))
            continue
        module = name.removesuffix(".weight")
        turned, out = f"onnx::MatMul_{number}", f"out_{number}"
        initialisers.append(numpy_helper.from_array(np.ascontiguousarray(values.T), turned))
        path = "/" + module.replace(".", "/").replace("layers/", "layers.") + "/MatMul" if named_by == "node" else ""
        nodes.append(helper.make_node("MatMul", ["x", turned], [out], name=path))
        if named_by == "bias":
            initialisers.append(numpy_helper.from_array(np.zeros(len(values), np.float32), f"{module}.bias"))
            nodes.append(helper.make_node("Add", [f"{module}.bias", out], [f"{out}_b"]))
    initialisers.append(numpy_helper.from_array(np.array([1, 2, 3]), "shape"))
    return helper.make_graph(nodes, "main", [], [], initialisers)


def _model(weights: models.Weights, named_by: str = "node") -> bytes:
    data: bytes = helper.make_model(_graph(weights, named_by)).SerializeToString()
    return data


def _same_as_weights(files: dict[str, bytes], weights: models.Weights, atol: float = 0.0) -> None:
    ours, theirs = models.checkpoint(files), models.model(weights)
    assert ours.container.format == "onnx"
    for tensor in theirs.tensors:
        counterpart = ours.by_key[tensor.key]
        assert counterpart.shape == tensor.shape
        np.testing.assert_allclose(
            ours.rows(counterpart, 0, tensor.shape[0]), theirs.rows(tensor, 0, tensor.shape[0]), rtol=0, atol=atol
        )
        np.testing.assert_allclose(ours.rows(counterpart, 1, 3), theirs.rows(tensor, 1, 3), rtol=0, atol=atol)


@pytest.mark.parametrize("named_by", ["node", "bias"])
def test_turned_matrices_get_their_names_and_their_orientation_back(named_by: str) -> None:
    _same_as_weights({"model.onnx": _model(WEIGHTS, named_by)}, WEIGHTS)


def test_half_precision() -> None:
    halves = {name: values.astype(np.float16) for name, values in WEIGHTS.items()}
    _same_as_weights({"onnx/model.onnx": _model(halves)}, WEIGHTS, atol=2e-3)  # type: ignore[arg-type]


def test_external_data_is_read_beside_the_model(tmp_path: Path) -> None:
    model = helper.make_model(_graph(WEIGHTS))
    onnx.save_model(
        model, str(tmp_path / "model.onnx"), save_as_external_data=True, location="model.onnx_data", size_threshold=64
    )
    assert (tmp_path / "model.onnx").stat().st_size < (tmp_path / "model.onnx_data").stat().st_size / 4
    files = {name: (tmp_path / name).read_bytes() for name in ("model.onnx", "model.onnx_data")}
    _same_as_weights(files, WEIGHTS)
    _same_as_weights({f"onnx/{name}": data for name, data in files.items()}, WEIGHTS)


def test_floats_without_raw_data() -> None:
    graph = helper.make_graph(
        [], "main", [], [], [helper.make_tensor("model.norm.weight", TensorProto.FLOAT, [4], [1.0, 2.0, 3.0, 4.0])]
    )
    checkpoint = models.checkpoint({"m.onnx": helper.make_model(graph).SerializeToString()})
    np.testing.assert_array_equal(checkpoint.rows(checkpoint.tensors[0], 0, 4), [1, 2, 3, 4])


def _linear_llama(torch: Any) -> Any:
    """A network with Llama's modules by name, simple enough for any exporter."""
    size = models.SMALL

    class Attention(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.q_proj = torch.nn.Linear(size.hidden, size.hidden, bias=False)

        def forward(self, x: Any) -> Any:
            return self.q_proj(x)

    class Mlp(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.up_proj = torch.nn.Linear(size.hidden, size.ffn, bias=False)
            self.down_proj = torch.nn.Linear(size.ffn, size.hidden)

        def forward(self, x: Any) -> Any:
            return self.down_proj(torch.relu(self.up_proj(x)))

    class Layer(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.self_attn, self.mlp = Attention(), Mlp()

        def forward(self, x: Any) -> Any:
            return x + self.mlp(self.self_attn(x))

    class Backbone(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.embed_tokens = torch.nn.Embedding(size.vocab, size.hidden)
            self.layers = torch.nn.ModuleList([Layer(), Layer()])

        def forward(self, ids: Any) -> Any:
            x = self.embed_tokens(ids)
            for layer in self.layers:
                x = layer(x)
            return x

    class Model(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.model = Backbone()
            self.lm_head = torch.nn.Linear(size.hidden, size.vocab, bias=False)

        def forward(self, ids: Any) -> Any:
            return self.lm_head(self.model(ids))

    return Model()


def test_what_pytorch_exports_holds_the_weights_of_the_model(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    model = _linear_llama(torch)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ids = torch.ones(1, 5, dtype=torch.long)
        torch.onnx.export(model, (ids,), str(tmp_path / "m.onnx"), dynamo=False, opset_version=17)
    exported = open_checkpoint(str(tmp_path / "m.onnx"))
    held = {tensor.name: tensor for tensor in exported.tensors}
    for name, values in model.state_dict().items():
        np.testing.assert_array_equal(exported.rows(held[name], 0, len(values)), values.numpy())
    assert not any(tensor.inferred for tensor in exported.tensors)


def test_the_one_that_is_not_rounded_is_read_and_said() -> None:
    data = _model(WEIGHTS)
    files = {"onnx/model_quantized.onnx": b"x", "onnx/model.onnx": data, "onnx/model_fp16.onnx": b"y"}
    checkpoint = models.checkpoint(files)
    assert checkpoint.container.files == ("onnx/model.onnx",)
    assert any("3 ONNX models" in text for text in checkpoint.caveats)


def _quantised(weights: models.Weights, per_output: bool, direct: bool) -> tuple[bytes, models.Weights]:
    """As ONNX Runtime's quantiser leaves a model, and what its integers stand for."""
    nodes, initialisers, floats = [], [], dict(weights)
    for number, (name, values) in enumerate(weights.items()):
        if values.ndim == 1:
            initialisers.append(numpy_helper.from_array(values, name))
            continue
        is_linear = name.endswith("_proj.weight")
        sizes = np.abs(values).max(axis=1) if per_output else np.array([np.abs(values).max()])
        scales = (sizes / 100).astype(np.float32)
        zeros = np.arange(len(scales)) % 3 + (125 if not per_output else -1)
        codes = np.clip(np.round(values / scales[:, None]) + zeros[:, None], -128 if per_output else 0, 255)
        kind = np.int8 if per_output else np.uint8
        codes = np.clip(codes, np.iinfo(kind).min, np.iinfo(kind).max).astype(kind)
        floats[name] = ((codes.astype(np.float32) - zeros[:, None]) * scales[:, None]).astype(np.float32)
        stem = f"onnx::MatMul_{number}" if is_linear else name
        shape = [len(scales)] if per_output else []
        onnx_kind = TensorProto.INT8 if per_output else TensorProto.UINT8
        initialisers += [
            numpy_helper.from_array(np.ascontiguousarray(codes.T if is_linear else codes), f"{stem}_quantized"),
            helper.make_tensor(f"{stem}_scale", TensorProto.FLOAT, shape, scales.tolist()),
            helper.make_tensor(f"{stem}_zero_point", onnx_kind, shape, zeros.tolist()),
        ]
        if is_linear:
            path = "/" + name.removesuffix(".weight").replace(".", "/").replace("layers/", "layers.") + "/MatMul"
            inputs = ["x", f"{stem}_quantized", "xz", f"{stem}_zero_point"]
            if direct:
                nodes.append(helper.make_node("MatMulInteger", inputs, [f"o{number}"], name=f"{path}_quant"))
            else:
                trio = [f"{stem}_quantized", f"{stem}_scale", f"{stem}_zero_point"]
                nodes.append(helper.make_node("MatMul", ["x", f"d{number}"], [f"o{number}"], name=path))
                nodes.append(helper.make_node("DequantizeLinear", trio, [f"d{number}"]))
    graph = helper.make_graph(nodes, "main", [], [], initialisers)
    return helper.make_model(graph).SerializeToString(), floats


@pytest.mark.parametrize("per_output", [False, True])
@pytest.mark.parametrize("direct", [False, True])
def test_integers_with_scales_are_dequantised(per_output: bool, direct: bool) -> None:
    data, floats = _quantised(WEIGHTS, per_output, direct)
    _same_as_weights({"model_quantized.onnx": data}, floats, atol=1e-7)
    report = compare_checkpoints(models.model(WEIGHTS), models.checkpoint({"model_quantized.onnx": data}))
    assert report.verdict.relation == "derived"
    assert any("ONNX int8" in operation.detail for operation in report.verdict.operations)


def test_integers_without_scales_are_passed_over_and_said() -> None:
    codes = numpy_helper.from_array(np.ones((4, 4), np.int8), "x_quantized")
    norm = numpy_helper.from_array(WEIGHTS["model.norm.weight"], "model.norm.weight")
    data = helper.make_model(helper.make_graph([], "main", [], [], [codes, norm])).SerializeToString()
    checkpoint = models.checkpoint({"m.onnx": data})
    assert [tensor.name for tensor in checkpoint.tensors] == ["model.norm.weight"]
    assert any("I8" in text for text in checkpoint.caveats)


def test_a_file_given_by_itself_is_the_one_read(tmp_path: Path) -> None:
    models.write(tmp_path, {"a.onnx": _model(WEIGHTS), "b.onnx": _model(models.llama(2))})
    assert open_checkpoint(str(tmp_path / "b.onnx")).container.files == ("b.onnx",)


def _with_external(**entries: str) -> bytes:
    tensor = TensorProto(name="model.norm.weight", data_type=TensorProto.FLOAT, dims=[4])
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in entries.items():
        tensor.external_data.add(key=key, value=value)
    data: bytes = helper.make_model(helper.make_graph([], "main", [], [], [tensor])).SerializeToString()
    return data


@pytest.mark.parametrize(
    "entries",
    [
        {"location": "../secret"},
        {"location": "/etc/passwd"},
        {"location": "a/../../b"},
        {"location": "..\\b"},
        {"location": "C:\\b"},
        {"location": ""},
        {"location": "missing"},
        {"location": "data", "offset": "-1"},
        {"location": "data", "offset": "9" * 40},
        {"location": "data", "offset": "8"},
        {"location": "data", "length": "17"},
        {"location": "data", "length": "x"},
        {"offset": "0"},
    ],
)
def test_external_data_never_leads_out(entries: dict[str, str]) -> None:
    with pytest.raises(LineageAuditError) as caught:
        models.checkpoint({"m.onnx": _with_external(**entries), "data": b"\0" * 16})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "dims",
    [[2**62, 2**62], [-1, 4], [0, 4], [4] * 40, [2**31], [1, 1, 1, 1, 5]],
    ids=lambda dims: f"{len(dims)}-{dims[0]}",
)
def test_impossible_shapes_are_refused_or_passed_over(dims: list[int]) -> None:
    tensor = TensorProto(name="x", data_type=TensorProto.FLOAT, dims=dims, raw_data=b"\0" * 16)
    with pytest.raises(LineageAuditError):
        models.checkpoint(
            {"m.onnx": helper.make_model(helper.make_graph([], "g", [], [], [tensor])).SerializeToString()}
        )


def test_a_model_cut_anywhere_is_refused_in_one_line() -> None:
    whole = _model({"model.norm.weight": WEIGHTS["model.norm.weight"], "lm_head.weight": WEIGHTS["lm_head.weight"][:4]})
    for length in range(0, len(whole), 7):
        with pytest.raises(LineageAuditError) as caught:
            read_onnx(MemorySource({"m.onnx": whole[:length]}), "m.onnx")
        assert "\n" not in str(caught.value)


@given(st.binary(max_size=200), st.integers(0, 400))
def test_any_bytes_are_read_or_refused(noise: bytes, position: int) -> None:
    whole = _model({"model.norm.weight": WEIGHTS["model.norm.weight"]})
    for data in (noise, whole[:position] + noise + whole[position + len(noise) :]):
        try:
            container = read_onnx(MemorySource({"m.onnx": data}), "m.onnx")
        except LineageAuditError:
            continue
        assert all(tensor.stop <= len(data) for tensor in container.tensors)
