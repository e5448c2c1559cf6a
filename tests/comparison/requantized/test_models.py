"""Whole models: converted to GGUF and made again byte by byte, one edited matrix of two hundred named, samples said."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from gguf import GGMLQuantizationType
from safetensors.numpy import save_file

from lineage_audit import compare
from lineage_audit.report.json import document_of
from lineage_audit.report.markdown.comparison import render_markdown
from lineage_audit.report.terminal import text_of
from lineage_audit.results import Report
from tests.checkpoint.formats.gguf_files import converted, write_gguf
from tests.depth import TIMES
from tests.models import Weights

LAYERS, WIDTH, HEADS, KV_HEADS, INNER = 28, 64, 4, 2, 96
EDITED = "model.layers.7.mlp.up_proj.weight"
CONFIG = {
    "model_type": "llama",
    "num_hidden_layers": LAYERS,
    "hidden_size": WIDTH,
    "intermediate_size": INNER,
    "num_attention_heads": HEADS,
    "num_key_value_heads": KV_HEADS,
    "vocab_size": 128,
    "rms_norm_eps": 1e-6,
}

KINDS = ["Q4_0", "MXFP4"] if TIMES == 1 else ["Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "MXFP4"]
"""With and without a table of values; every grid by itself is made again in ``test_layouts.py``."""


def _weights(seed: int = 3) -> Weights:
    rng = np.random.default_rng(seed)
    kv = WIDTH * KV_HEADS // HEADS
    shapes = {
        "self_attn.q_proj": (WIDTH, WIDTH),
        "self_attn.k_proj": (kv, WIDTH),
        "self_attn.v_proj": (kv, WIDTH),
        "self_attn.o_proj": (WIDTH, WIDTH),
        "mlp.gate_proj": (INNER, WIDTH),
        "mlp.up_proj": (INNER, WIDTH),
        "mlp.down_proj": (WIDTH, INNER),
    }
    weights = {
        "model.embed_tokens.weight": rng.standard_normal((128, WIDTH)),
        "lm_head.weight": rng.standard_normal((128, WIDTH)),
        "model.norm.weight": 1 + 0.1 * rng.standard_normal(WIDTH),
    }
    for layer in range(LAYERS):
        for name, shape in shapes.items():
            weights[f"model.layers.{layer}.{name}.weight"] = rng.standard_normal(shape)
        for name in ("input_layernorm", "post_attention_layernorm"):
            weights[f"model.layers.{layer}.{name}.weight"] = 1 + 0.1 * rng.standard_normal(WIDTH)
    return {name: (0.05 * one if one.ndim > 1 else one).astype(np.float16) for name, one in weights.items()}


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("original")
    save_file(_weights(), folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(CONFIG), encoding="utf-8")
    return folder


def _gguf(folder: Path, weights: Weights, kind: str) -> str:
    floats = {name: one.astype(np.float32) for name, one in weights.items()}
    as_stored = converted(floats, HEADS, KV_HEADS)
    return str(write_gguf(folder / f"{kind}.gguf", as_stored, GGMLQuantizationType[kind], config=CONFIG))


def _compared(original: Path, other: str, effort: str = "full") -> Report:
    report = compare(str(original), other, effort=effort)  # type: ignore[arg-type]
    assert report.verdict.relation == "derived"
    return report


@pytest.mark.parametrize("kind", KINDS)
def test_every_byte_is_made_again_and_one_edited_matrix_named(kind: str, original: Path, tmp_path: Path) -> None:
    weights = _weights()
    found = _compared(original, _gguf(tmp_path, weights, kind)).requantization
    assert found is not None
    assert (found.of, found.stored, found.is_whole, found.unasked) == ("a", "b", True, ())
    assert len(found.tensors) == 7 * LAYERS + 2
    assert {one.outcome for one in found.tensors} == {"remade"}
    assert all(one.equal == one.codes and one.equal_constants == one.constants for one in found.tensors)
    assert found.summary.startswith("every byte of layers 0 to 27 is A's, quantised")
    weights[EDITED][40] = np.roll(weights[EDITED][40], 1)
    edited = _compared(original, _gguf(tmp_path, weights, kind)).requantization
    assert edited is not None
    assert [one.name for one in edited.tensors if one.outcome != "remade"] == ["blk.7.ffn_up.weight"]
    assert f"{7 * LAYERS + 1} of {7 * LAYERS + 2} matrices are A's, quantised" in edited.summary
    assert "blk.7.ffn_up.weight" in edited.summary


def test_a_sample_says_that_it_is_one(original: Path, tmp_path: Path) -> None:
    found = _compared(original, _gguf(tmp_path, _weights(), "Q4_0"), "sample").requantization
    assert found is not None
    assert not found.is_whole
    assert found.summary.startswith("every byte that was read of 8 layers")


def test_the_model_that_is_stored_so_may_come_first(original: Path, tmp_path: Path) -> None:
    report = compare(_gguf(tmp_path, _weights(), "Q8_0"), str(original), effort="full")
    assert report.requantization is not None
    assert (report.requantization.of, report.requantization.stored) == ("b", "a")
    assert "is B's, quantised" in report.requantization.summary


def test_a_strangers_quantisation_is_not_asked(original: Path, tmp_path: Path) -> None:
    report = compare(str(original), _gguf(tmp_path, _weights(seed=4), "Q4_0"), effort="full")
    assert report.verdict.relation == "independent"
    assert report.requantization is None


def test_rounding_through_another_type_is_found_and_said(original: Path, tmp_path: Path) -> None:
    """llama.cpp's users convert to BF16 first, then quantise."""
    import torch

    coarse = {name: torch.from_numpy(one).bfloat16().float().numpy() for name, one in _weights().items()}
    found = _compared(original, _gguf(tmp_path, coarse, "Q4_0")).requantization
    assert found is not None
    assert {one.outcome for one in found.tensors} == {"remade"}
    assert "of numbers in BF16" in found.summary


def test_reports_print_it(original: Path, tmp_path: Path) -> None:
    weights = _weights()
    weights[EDITED][40] = np.roll(weights[EDITED][40], 1)
    report = _compared(original, _gguf(tmp_path, weights, "Q8_0"))
    for text in (text_of(report, ("details",)), render_markdown(report), report.to_html()):
        assert "Quantised" in text
        assert "blk.7.ffn_up.weight" in text.replace("​", "").replace("<wbr>", "")
    document = document_of(report)["requantization"]
    assert len(document["tensors"]) == 7 * LAYERS + 2
