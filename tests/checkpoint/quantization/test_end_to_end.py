"""The sample checkpoints quantised in every scheme, as files: derived from the parent, independent of the twin."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from lineage_audit import compare, inspect
from tests.checkpoint.quantization.schemes import LAYOUTS, Layout

SAMPLES = Path(__file__).parents[3] / "sample_checkpoints"
PARENT, TWIN = SAMPLES / "llama-style-parent", SAMPLES / "llama-style-twin"
pytestmark = pytest.mark.skipif(not PARENT.is_dir(), reason="no sample checkpoints")

PUBLISHED = (
    "gptq-4", "gptq-4-act-order", "gptq-8", "awq", "bnb-int8", "bnb-nf4-nested", "bnb-fp4", "fp8-tensor", "fp8-channel",
    "fp8-blocks", "w8a8", "w4a16-asymmetric", "mlx-4", "mlx-8",
)  # fmt: skip

WITHOUT_ONE_STEP = frozenset(
    {"gptq-4-act-order", "bnb-nf4-nested", "bnb-fp4", "fp8-tensor", "fp8-channel", "fp8-blocks"}
)
"""Schemes whose neighbouring values are not multiples of one step, so that no direction is shown."""


def _quantised(folder: Path, layout: Layout, source: Path = PARENT) -> Path:
    """The checkpoint with its linear layers quantised (those whose inputs fill whole groups), as quantisers do."""
    folder.mkdir()
    shutil.copy(source / "tokenizer.json", folder)
    config = json.loads((source / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps({**config, layout.key: layout.settings}), encoding="utf-8")
    tensors: dict[str, torch.Tensor] = {}
    for name, values in load_file(source / "model.safetensors").items():
        if "_proj" in name and values.shape[1] % 64 == 0:
            stored = layout.quantise(values.float().numpy()).tensors
            tensors |= {name.removesuffix(".weight") + suffix: one.contiguous() for suffix, one in stored.items()}
        else:
            tensors[name] = values
    save_file(tensors, folder / "model.safetensors")
    return folder


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_quantised_parent_is_derived_and_the_twin_independent(name: str, tmp_path: Path) -> None:
    layout = LAYOUTS[name]
    folder = str(_quantised(tmp_path / name, layout))
    verdict = compare(str(PARENT), folder).verdict
    assert verdict.relation == "derived"
    assert verdict.direction == ("undetermined" if name in WITHOUT_ONE_STEP else "a->b")
    assert (verdict.log10_p or 0.0) < -100
    assert (verdict.explained_variance or 0.0) > 0.98
    named = {operation.kind: operation.detail for operation in verdict.operations}
    assert layout.scheme in named["quantized"]
    assert {"fine-tuned", "continued-pretrained", "cast", "noise-added"}.isdisjoint(named)
    assert compare(str(TWIN), folder).verdict.relation == "independent"


def test_a_quantised_fine_tune_is_quantised_and_fine_tuned(tmp_path: Path) -> None:
    """The fine-tune's own change is larger than int8's rounding, so rounding does not explain it."""
    folder = _quantised(tmp_path / "m", LAYOUTS["gptq-8"], SAMPLES / "llama-style-finetune")
    verdict = compare(str(PARENT), str(folder)).verdict
    assert verdict.relation == "derived"
    assert verdict.direction == "undetermined"
    assert {"quantized", "fine-tuned"} <= {operation.kind for operation in verdict.operations}


@pytest.mark.parametrize("name", ["awq", "mlx-8"])
def test_a_fine_tunes_quantised_base_is_not_called_its_child(name: str, tmp_path: Path) -> None:
    """A is fine-tuned, B its base quantised: rounding may hide the change, but shows no direction."""
    folder = _quantised(tmp_path / "m", LAYOUTS[name])
    verdict = compare(str(SAMPLES / "llama-style-finetune"), str(folder)).verdict
    assert (verdict.relation, verdict.direction) == ("derived", "undetermined")


def test_two_quantisations_of_one_model_meet(tmp_path: Path) -> None:
    four, eight = (_quantised(tmp_path / name, LAYOUTS[name]) for name in ("awq", "bnb-int8"))
    verdict = compare(str(four), str(eight)).verdict
    assert (verdict.relation, verdict.direction) == ("derived", "undetermined")
    detail = next(operation.detail for operation in verdict.operations if operation.kind == "quantized")
    assert "AWQ" in detail
    assert "bitsandbytes" in detail


def test_a_sample_reads_quantised_rows_too(tmp_path: Path) -> None:
    folder = _quantised(tmp_path / "m", LAYOUTS["gptq-4"])
    verdict = compare(str(PARENT), str(folder), effort="sample").verdict
    assert verdict.relation == "derived"
    assert (verdict.log10_p or 0.0) < -100


def test_inspect_shows_the_scheme(tmp_path: Path) -> None:
    shown = inspect(str(_quantised(tmp_path / "m", LAYOUTS["awq"])))
    assert shown.quantization == ("AWQ int4, groups of 32",)
    assert shown.model.parameters == inspect(str(PARENT)).model.parameters
    assert "INT4" in shown.dtypes
