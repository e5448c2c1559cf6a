"""Whole comparisons: the sample checkpoints' story, and one model in every file format and layout.

Each pair one way round: that the other way round gives the same answer is a law (``test_laws``).
"""

from __future__ import annotations

import json
from functools import cache
from itertools import combinations_with_replacement
from pathlib import Path

import numpy as np
import pytest
import torch

from lineage_audit import compare
from lineage_audit.checkpoint import Checkpoint
from lineage_audit.comparison import EffortChoice, compare_checkpoints
from lineage_audit.results import Report
from tests.checkpoint.formats.torch_files import save_legacy, save_zip
from tests.models import (
    WIDE,
    Size,
    Weights,
    checkpoint,
    llama,
    llama_config,
    noisy,
    repository,
    safetensors,
    sharded,
    tokenizer_json,
    write,
)

SAMPLES = Path(__file__).parents[1] / "sample_checkpoints"
pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="no sample checkpoints")


@cache
def _sample(a: str, b: str, effort: EffortChoice = "auto") -> Report:
    """A pair of samples, compared once for all tests of it."""
    return compare(str(SAMPLES / a), str(SAMPLES / b), effort=effort)


def _kinds(report: Report) -> set[str]:
    return {operation.kind for operation in report.verdict.operations}


def test_a_fine_tune_is_derived() -> None:
    verdict = _sample("llama-style-parent", "llama-style-finetune").verdict
    assert (verdict.relation, verdict.grade) == ("derived", "exact")
    assert (verdict.log10_p or 0.0) < -100
    assert (verdict.explained_variance or 0.0) > 0.95
    assert (verdict.derived_share or 0.0) > 0.99
    assert "fine-tuned" in {operation.kind for operation in verdict.operations}


def test_an_architecture_without_its_weights_is_independent() -> None:
    report = _sample("llama-style-parent", "yi-style-independent")
    assert report.verdict.relation == "independent"
    assert "two renames" in report.verdict.summary
    assert report.verdict.detection_limit is not None
    assert report.verdict.detection_limit <= 0.4  # of a copy under any order and sign of heads; in place .02
    assert (report.verdict.copied_share or 0.0) < 0.001
    assert report.names.renamed == 12


def test_one_recipe_with_two_seeds_is_independent() -> None:
    report = _sample("llama-style-parent", "llama-style-twin")
    assert report.verdict.relation == "independent"
    assert report.tokenizer.shared_share == 1.0
    assert (report.verdict.detection_limit or 1.0) <= 0.4


def test_a_disguised_fine_tune_is_found_with_what_was_done_to_it() -> None:
    report = _sample("llama-style-parent", "scratch-claim-renamed")
    assert report.verdict.relation == "derived"
    assert (report.verdict.log10_p or 0.0) < -100
    assert {"units-permuted", "renamed-tensors"} <= _kinds(report)
    assert (report.verdict.explained_variance or 0.0) > 0.95


def test_the_disguise_alone_leaves_every_weight_a_copy() -> None:
    report = _sample("llama-style-finetune", "scratch-claim-renamed")
    assert report.verdict.relation in ("derived", "identical")
    assert (report.verdict.copied_share or 0.0) > 0.999
    assert "fine-tuned" not in _kinds(report)


@pytest.mark.parametrize("other", ["llama-style-twin", "yi-style-independent"])
@pytest.mark.parametrize("subject", ["llama-style-finetune", "scratch-claim-renamed"])
def test_what_descends_from_the_parent_is_unrelated_to_the_others(subject: str, other: str) -> None:
    assert _sample(subject, other).verdict.relation == "independent"


@pytest.mark.parametrize("other", ["llama-style-finetune", "llama-style-twin", "yi-style-independent"])
def test_a_sample_of_the_weights_comes_to_the_same_answer(other: str) -> None:
    sampled, full = (_sample("llama-style-parent", other, effort=effort) for effort in ("sample", "full"))
    assert sampled.verdict.relation == full.verdict.relation
    assert sampled.a.bytes_read <= full.a.bytes_read


SIZE = WIDE
CONFIG = llama_config(SIZE)
WEIGHTS = llama(11, SIZE)


def _torch(weights: Weights) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(np.ascontiguousarray(values)) for name, values in weights.items()}


def _interleaved(matrix: np.ndarray, heads: int) -> np.ndarray:
    """Rows of q or k as Meta stores them: the two rows of a rotary pair next to each other."""
    half = len(matrix) // heads // 2
    return matrix.reshape(heads, 2, half, -1).transpose(0, 2, 1, 3).reshape(matrix.shape)


def _meta(weights: Weights, size: Size, shards: int) -> dict[str, bytes]:
    """Meta's own layout: its names, its rotary order, and tensor-parallel slices."""
    whole: dict[str, tuple[np.ndarray, int | None]] = {
        "tok_embeddings.weight": (weights["model.embed_tokens.weight"], 1),
        "output.weight": (weights["lm_head.weight"], 0),
        "norm.weight": (weights["model.norm.weight"], None),
    }
    for layer in range(size.layers):
        theirs, ours = f"layers.{layer}.", f"model.layers.{layer}."
        q, k = (weights[f"{ours}self_attn.{part}_proj.weight"] for part in ("q", "k"))
        whole |= {
            theirs + "attention.wq.weight": (_interleaved(q, size.heads), 0),
            theirs + "attention.wk.weight": (_interleaved(k, size.kv_heads), 0),
            theirs + "attention.wv.weight": (weights[ours + "self_attn.v_proj.weight"], 0),
            theirs + "attention.wo.weight": (weights[ours + "self_attn.o_proj.weight"], 1),
            theirs + "feed_forward.w1.weight": (weights[ours + "mlp.gate_proj.weight"], 0),
            theirs + "feed_forward.w3.weight": (weights[ours + "mlp.up_proj.weight"], 0),
            theirs + "feed_forward.w2.weight": (weights[ours + "mlp.down_proj.weight"], 1),
            theirs + "attention_norm.weight": (weights[ours + "input_layernorm.weight"], None),
            theirs + "ffn_norm.weight": (weights[ours + "post_attention_layernorm.weight"], None),
        }
    params = {
        "dim": size.hidden, "n_layers": size.layers, "n_heads": size.heads, "n_kv_heads": size.kv_heads,
        "vocab_size": size.vocab, "norm_eps": 1e-6,
    }  # fmt: skip
    files = {"params.json": json.dumps(params).encode()}
    for shard in range(shards):
        slices = {
            name: values if axis is None else np.array_split(values, shards, axis)[shard]
            for name, (values, axis) in whole.items()
        }
        slices["rope.freqs"] = 10000.0 ** (-np.arange(SIZE.head_dim // 2, dtype=np.float32) / (SIZE.head_dim // 2))
        files[f"consolidated.{shard:02}.pth"] = save_zip(_torch(slices))
    return files


def _fused(weights: Weights, size: Size) -> Weights:
    """Phi-3's layout: q, k and v in one tensor, gate and up in another."""
    fused = {name: values for name, values in weights.items() if not any(f".{p}_proj" in name for p in "qkv")}
    for layer in range(size.layers):
        at = f"model.layers.{layer}."
        fused[at + "self_attn.qkv_proj.weight"] = np.concatenate(
            [weights[f"{at}self_attn.{part}_proj.weight"] for part in "qkv"]
        )
        fused[at + "mlp.gate_up_proj.weight"] = np.concatenate(
            [fused.pop(f"{at}mlp.{part}_proj.weight") for part in ("gate", "up")]
        )
    return fused


CONFIG_FILE = {"config.json": json.dumps(CONFIG).encode()}
PHI3 = {"config.json": json.dumps(CONFIG | {"model_type": "phi3", "architectures": ["Phi3ForCausalLM"]}).encode()}
PACKAGES: dict[str, dict[str, bytes]] = {
    "safetensors": repository(WEIGHTS, CONFIG),
    "sharded": sharded(WEIGHTS, 3) | CONFIG_FILE,
    "bin": {"pytorch_model.bin": save_zip(_torch(WEIGHTS))} | CONFIG_FILE,
    "legacy bin": {"pytorch_model.bin": save_legacy(_torch(WEIGHTS))} | CONFIG_FILE,
    "meta": _meta(WEIGHTS, SIZE, 1),
    "meta, two slices": _meta(WEIGHTS, SIZE, 2),
    "fused": {"model.safetensors": safetensors(_fused(WEIGHTS, SIZE))} | PHI3,
    "double precision": repository(WEIGHTS, CONFIG, "F64"),
}


@pytest.mark.parametrize(("one", "other"), list(combinations_with_replacement(PACKAGES, 2)))
def test_one_model_in_any_package_is_identical(one: str, other: str) -> None:
    report = compare_checkpoints(checkpoint(PACKAGES[one]), checkpoint(PACKAGES[other]))
    assert report.verdict.relation == "identical", report.verdict.summary
    fused = (one == "fused") != (other == "fused")
    assert ("fused-tensors" in _kinds(report)) == fused
    assert ("renamed-tensors" in _kinds(report)) == (("meta" in one) != ("meta" in other) or fused)
    assert "fine-tuned" not in _kinds(report)


def _packaged(weights: Weights, package: str) -> Checkpoint:
    if package == "fused":
        return checkpoint({"model.safetensors": safetensors(_fused(weights, SIZE))} | PHI3)
    return checkpoint(_meta(weights, SIZE, 2))


@pytest.mark.parametrize("package", ["meta, two slices", "fused"])
def test_a_fine_tune_is_found_through_another_package(package: str) -> None:
    child = noisy(WEIGHTS, 3, 0.1)
    verdict = compare_checkpoints(checkpoint(PACKAGES["safetensors"]), _packaged(child, package)).verdict
    assert verdict.relation == "derived"
    assert verdict.explained_variance == pytest.approx(0.99, abs=0.005)


@pytest.mark.parametrize("package", ["meta, two slices", "fused"])
def test_another_model_in_another_package_is_independent(package: str) -> None:
    other = _packaged(llama(99, SIZE), package)
    assert compare_checkpoints(checkpoint(PACKAGES["safetensors"]), other).verdict.relation == "independent"


@pytest.mark.parametrize("coarser", ["BF16", "F16"])
def test_a_cast_names_its_direction(coarser: str) -> None:
    one, other = (checkpoint(repository(WEIGHTS, CONFIG, dtype)) for dtype in ("F32", coarser))
    forwards, backwards = compare_checkpoints(one, other), compare_checkpoints(other, one)
    assert forwards.verdict.relation == backwards.verdict.relation == "derived"
    assert (forwards.verdict.direction, backwards.verdict.direction) == ("a->b", "b->a")
    assert "cast" in _kinds(forwards)
    assert "fine-tuned" not in _kinds(forwards) | _kinds(backwards)


def test_two_casts_of_one_model_are_no_fine_tune() -> None:
    """Neither of float16 and bfloat16 holds the other: no direction, and no training either."""
    weights = {name: values.astype(np.float16).astype(np.float32) for name, values in WEIGHTS.items()}
    one, other = (checkpoint(repository(weights, CONFIG, dtype)) for dtype in ("F16", "BF16"))
    report = compare_checkpoints(one, other)
    assert report.verdict.relation == "derived"
    assert report.verdict.direction == "undetermined"
    assert "cast" in _kinds(report)
    assert "fine-tuned" not in _kinds(report)


def test_a_cast_without_loss_shows_no_direction() -> None:
    from tests.models import bfloat16

    weights = {name: bfloat16(values) for name, values in WEIGHTS.items()}
    coarse, fine = (checkpoint(repository(weights, CONFIG, dtype)) for dtype in ("BF16", "F32"))
    report = compare_checkpoints(fine, coarse)
    assert report.verdict.relation == "identical"
    assert report.verdict.direction == "undetermined"


@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_an_extended_vocabulary_names_its_direction(noise: float) -> None:
    """Sixteen tokens appended, with or without training afterwards; seen from both sides."""
    tokens = [f"t{i:03}" for i in range(SIZE.vocab)]
    extended = noisy(WEIGHTS, 4, noise) if noise else dict(WEIGHTS)
    more = np.random.default_rng(1).standard_normal((16, SIZE.hidden)).astype(np.float32) * 0.02
    for name in ("model.embed_tokens.weight", "lm_head.weight"):
        extended[name] = np.concatenate([extended[name], more])
    config = CONFIG | {"vocab_size": SIZE.vocab + 16}
    base = checkpoint(repository(WEIGHTS, CONFIG) | {"tokenizer.json": tokenizer_json(tokens)})
    added = tokenizer_json(tokens, [f"<extra_{i}>" for i in range(16)])
    child = checkpoint(repository(extended, config) | {"tokenizer.json": added})
    forwards, backwards = compare_checkpoints(base, child), compare_checkpoints(child, base)
    assert forwards.verdict.relation == backwards.verdict.relation == "derived"
    assert (forwards.verdict.direction, backwards.verdict.direction) == ("a->b", "b->a")
    assert "vocabulary-extended" in _kinds(forwards) & _kinds(backwards)


def test_special_tokens_by_other_names_are_no_other_vocabulary() -> None:
    """As where a reserved token was given a name, or a conversion lists added tokens otherwise."""
    tokens = [f"t{i:03}" for i in range(SIZE.vocab - 2)]
    stock, tuned = (
        checkpoint(repository(weights, CONFIG) | {"tokenizer.json": tokenizer_json(tokens, added)})
        for weights, added in ((WEIGHTS, ["<a>", "<reserved>"]), (noisy(WEIGHTS, 4, 0.05), ["<a>", "<call>"]))
    )
    report = compare_checkpoints(stock, tuned)
    assert report.verdict.relation == "derived"
    assert not _kinds(report) & {"vocabulary-replaced", "vocabulary-extended"}


def test_tokens_are_paired_by_their_bytes_not_by_their_ids() -> None:
    """The same model after its vocabulary was put in another order."""
    tokens = [f"t{i:03}" for i in range(SIZE.vocab)]
    order = np.random.default_rng(2).permutation(SIZE.vocab)
    shuffled = dict(WEIGHTS)
    for name in ("model.embed_tokens.weight", "lm_head.weight"):
        shuffled[name] = WEIGHTS[name][order]
    a = checkpoint(repository(WEIGHTS, CONFIG) | {"tokenizer.json": tokenizer_json(tokens)})
    b = checkpoint(repository(shuffled, CONFIG) | {"tokenizer.json": tokenizer_json([tokens[i] for i in order])})
    report = compare_checkpoints(a, b)
    assert report.tokenizer.shared == SIZE.vocab
    assert report.tokenizer.same_id < SIZE.vocab // 10
    assert report.verdict.copied_share == 1.0
    assert report.verdict.relation in ("identical", "derived")


def test_a_tied_head_that_is_stored_is_no_difference() -> None:
    """PyTorch files hold the tied output matrix once more; safetensors leave it out."""
    config = llama_config(SIZE, tie_word_embeddings=True)
    stored = WEIGHTS | {"lm_head.weight": WEIGHTS["model.embed_tokens.weight"]}
    left_out = {name: values for name, values in WEIGHTS.items() if name != "lm_head.weight"}
    one = checkpoint({"pytorch_model.bin": save_zip(_torch(stored)), "config.json": json.dumps(config).encode()})
    other = checkpoint(repository(left_out, config))
    assert compare_checkpoints(one, other).verdict.relation == "identical"
    assert compare_checkpoints(other, one).verdict.relation == "identical"


def test_a_folder_and_its_only_file_are_one_model(tmp_path: Path) -> None:
    folder = write(tmp_path / "model", repository(WEIGHTS, CONFIG))
    report = compare(str(folder), str(folder / "model.safetensors"))
    assert report.verdict.relation == "identical"
    assert report.a.digest == report.b.digest
