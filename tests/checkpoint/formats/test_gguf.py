"""GGUF files against the library of llama.cpp: values, order of rows, metadata, shards, and end to end."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

gguf = pytest.importorskip("gguf")

from gguf import GGMLQuantizationType  # noqa: E402
from gguf.quants import _type_traits  # noqa: E402

from lineage_audit import compare  # noqa: E402
from lineage_audit.checkpoint import open_checkpoint  # noqa: E402
from lineage_audit.checkpoint.formats.gguf.types import GGML_TYPES, WITHOUT_DECODER  # noqa: E402
from lineage_audit.checkpoint.model_parts import ModelPart  # noqa: E402
from lineage_audit.checkpoint.roles import Role  # noqa: E402
from lineage_audit.errors import UnreadableFileError, UnsupportedFormatError  # noqa: E402
from tests.checkpoint.formats.gguf_files import converted, converted_name, sample_config, write_gguf  # noqa: E402
from tests.models import WIDE, Size, llama, llama_config, repository, write  # noqa: E402

SAMPLES = Path(__file__).parents[3] / "sample_checkpoints"
PARENT = SAMPLES / "llama-style-parent"
QUANTIZED = [kind for kind in _type_traits if kind is not GGMLQuantizationType.BF16]


def test_the_table_of_types_is_the_librarys() -> None:
    known = {int(kind): (kind.name, *sizes) for kind, sizes in gguf.GGML_QUANT_SIZES.items()}
    for number, kind in GGML_TYPES.items():
        assert known[number] == (kind.name, kind.block, kind.bytes)
        assert kind.is_quantized == (kind.block > 1)
    decoded = {kind.name for kind in GGML_TYPES.values() if kind.is_quantized} - WITHOUT_DECODER
    assert decoded == {kind.name for kind in QUANTIZED}


@pytest.mark.parametrize("kind", QUANTIZED, ids=lambda kind: kind.name)
def test_rows_of_every_type_are_what_the_library_gives(kind: GGMLQuantizationType, tmp_path: Path) -> None:
    """A stack of two experts of six rows, of whatever bytes."""
    block, size = gguf.GGML_QUANT_SIZES[kind]
    raw = np.random.default_rng(int(kind)).integers(0, 120, (2, 6, 512 // block * size), dtype=np.uint8)
    writer = gguf.GGUFWriter(tmp_path / "m.gguf", "llama")
    writer.add_tensor("blk.0.ffn_up_exps.weight", raw, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    model = open_checkpoint(str(tmp_path / "m.gguf"))
    second = next(tensor for tensor in model.tensors if tensor.expert == 1)
    assert (second.role, second.shape, second.quantization) == (Role.UP, (6, 512), kind.name)
    with np.errstate(all="ignore"):
        expected = gguf.dequantize(raw, kind)
    np.testing.assert_array_equal(model.rows(second, 2, 5), expected[1, 2:5])


def test_the_order_of_rotary_pairs_is_undone(tmp_path: Path) -> None:
    weights = llama(3, WIDE)
    config = llama_config(WIDE)
    path = write_gguf(tmp_path / "m.gguf", converted(weights, WIDE.heads, WIDE.kv_heads), config=config)
    model = open_checkpoint(str(path))
    names = {converted_name(name): values for name, values in weights.items()}
    assert len(model.tensors) == len(weights)
    for tensor in model.tensors:
        np.testing.assert_array_equal(model.rows(tensor, 0, tensor.shape[0]), names[tensor.name])


def test_other_architectures_keep_their_order(tmp_path: Path) -> None:
    weights = {converted_name(name): values for name, values in llama(3, WIDE).items()}
    path = write_gguf(tmp_path / "m.gguf", weights, architecture="qwen2", config=llama_config(WIDE))
    model = open_checkpoint(str(path))
    for tensor in model.tensors:
        np.testing.assert_array_equal(model.rows(tensor, 0, tensor.shape[0]), weights[tensor.name])


@pytest.mark.parametrize(
    ("architecture", "offset"), [("gemma2", 1.0), ("gemma3", 1.0), ("gemma3n", 0.0), ("qwen2", 0.0)]
)
def test_the_one_that_is_added_to_gains_is_taken_off(architecture: str, offset: float, tmp_path: Path) -> None:
    gains = np.linspace(-0.5, 0.5, 32, dtype=np.float32)
    written = {"blk.0.attn_norm.weight": gains, "output_norm.weight": gains, "blk.0.attn_q.bias": gains}
    model = open_checkpoint(str(write_gguf(tmp_path / "m.gguf", written, architecture=architecture)))
    for tensor in model.tensors:
        taken_off = offset if "norm" in tensor.name else 0.0
        np.testing.assert_allclose(model.rows(tensor, 0, 32), gains - taken_off, atol=1e-7)
        assert tensor.quantization is None


@pytest.mark.parametrize("stacked", [True, False])
def test_experts_stacked_or_one_by_one(stacked: bool, tmp_path: Path) -> None:
    experts = np.random.default_rng(1).standard_normal((4, 24, 32)).astype(np.float32)
    named = {f"blk.0.ffn_up.{expert}.weight": values for expert, values in enumerate(experts)}
    weights = {"blk.0.ffn_up_exps.weight": experts} if stacked else named
    model = open_checkpoint(str(write_gguf(tmp_path / "m.gguf", weights, GGMLQuantizationType.Q8_0)))
    assert [(tensor.role, tensor.expert) for tensor in model.tensors] == [(Role.UP, expert) for expert in range(4)]
    for tensor, values in zip(model.tensors, experts, strict=True):
        np.testing.assert_allclose(model.rows(tensor, 0, 24), values, atol=0.03)


def test_latent_attention_in_heads_is_that_of_the_hub(tmp_path: Path) -> None:
    """DeepSeek's kv_b as convert_hf_to_gguf splits it: a head's keys transposed, its values upright."""
    heads, key, value, rank = 4, 8, 6, 32
    joined = np.random.default_rng(1).standard_normal((heads * (key + value), rank)).astype(np.float32)
    by_head = joined.reshape(heads, key + value, rank)
    weights = {
        "blk.0.attn_k_b.weight": by_head[:, :key].transpose(0, 2, 1),
        "blk.0.attn_v_b.weight": by_head[:, key:],
    }
    model = open_checkpoint(str(write_gguf(tmp_path / "m.gguf", weights, architecture="deepseek2")))
    config = {"model_type": "deepseek_v3", "num_attention_heads": heads, "qk_nope_head_dim": key, "v_head_dim": value}
    hub = {"model.layers.0.self_attn.kv_b_proj.weight": joined}
    original = open_checkpoint(str(write(tmp_path / "hub", repository(hub, config))))
    assert set(model.by_key) == set(original.by_key)
    for place, tensor in original.by_key.items():
        counterpart = model.by_key[place]
        assert counterpart.shape == tensor.shape
        rows = tensor.shape[0]
        np.testing.assert_array_equal(model.rows(counterpart, 3, rows), original.rows(tensor, 3, rows))


def test_metadata_becomes_configuration(tmp_path: Path) -> None:
    config = {**llama_config(WIDE), "head_dim": 16, "max_position_embeddings": 4096, "rope_theta": 500000.0}
    weights = converted(llama(3, WIDE), WIDE.heads, WIDE.kv_heads)
    read = open_checkpoint(str(write_gguf(tmp_path / "m.gguf", weights, config=config))).config
    original = open_checkpoint(str(write(tmp_path / "hub", repository(llama(3, WIDE), config)))).config
    silent = {"architecture", "dtype"}
    assert {k: v for k, v in original.fields.items() if k not in silent} == {
        k: v for k, v in read.fields.items() if k not in silent
    }


def test_claims_inside_the_file(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_license("apache-2.0")
    writer.add_base_model_count(2)
    writer.add_base_model_repo_url(0, "https://huggingface.co/meta-llama/Llama-2-7b-hf")
    writer.add_base_model_name(1, "Mistral 7B")
    writer.add_base_model_organization(1, "Mistral AI")
    writer.add_tensor("output_norm.weight", np.ones(8, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    claims = open_checkpoint(str(path)).claims
    assert [claim.value for claim in claims.of("license")] == ["apache-2.0"]
    bases = [claim.value for claim in claims.of("base_model")]
    assert bases == ["meta-llama/Llama-2-7b-hf", "Mistral AI/Mistral 7B"]


def test_shards_are_one_model_whichever_is_named(tmp_path: Path) -> None:
    weights = converted(llama(3, WIDE), WIDE.heads, WIDE.kv_heads)
    write_gguf(tmp_path / "m.gguf", weights, config=llama_config(WIDE), split=8)
    shards = sorted(tmp_path.glob("*.gguf"))
    assert len(shards) == 3
    write_gguf(tmp_path / "another.gguf", weights, config=llama_config(WIDE))
    for shard in shards:
        model = open_checkpoint(str(shard))
        assert len(model.container.files) == 3
        assert {tensor.name for tensor in model.tensors} == set(weights)
    shards[1].unlink()
    with pytest.raises(UnreadableFileError, match="one of 3 shards, of which 2 are here"):
        open_checkpoint(str(shards[0]))


@pytest.mark.parametrize(("version", "what"), [(1, "version 1"), (3 << 24, "big-endian"), (9, "version 9")])
def test_other_versions_are_refused(version: int, what: str, tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(b"GGUF" + version.to_bytes(4, "little") + bytes(64))
    with pytest.raises(UnsupportedFormatError, match=what):
        open_checkpoint(str(path))


def test_blocks_of_256_compare_at_full_strength(tmp_path: Path) -> None:
    size = Size(layers=2, hidden=256, heads=8, kv_heads=4, ffn=512, vocab=512)
    weights, config = llama(11, size), llama_config(size)
    original = write(tmp_path / "hub", repository(weights, config))
    path = write_gguf(
        tmp_path / "m.gguf", converted(weights, size.heads, size.kv_heads), GGMLQuantizationType.Q4_K, config=config
    )
    verdict = compare(str(original), str(path)).verdict
    assert (verdict.relation, verdict.direction) == ("derived", "a->b")
    assert (verdict.log10_p or 0.0) < -100
    assert (verdict.explained_variance or 0.0) > 0.98
    assert any("Q4_K, 4.5 bits" in operation.detail for operation in verdict.operations)
    unrelated = write(tmp_path / "other", repository(llama(12, size), config))
    assert compare(str(unrelated), str(path)).verdict.relation == "independent"


@pytest.mark.skipif(not PARENT.is_dir(), reason="no sample checkpoints")
def test_every_tensor_is_what_transformers_reads(tmp_path: Path) -> None:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM
    from transformers.modeling_gguf_pytorch_utils import load_gguf_checkpoint

    parent = open_checkpoint(str(PARENT))
    weights = {tensor.name: parent.rows(tensor, 0, tensor.shape[0]) for tensor in parent.tensors}
    path = write_gguf(
        tmp_path / "m.gguf", converted(weights, 8, 4), GGMLQuantizationType.Q4_0, config=sample_config(PARENT)
    )
    with torch.device("meta"):
        empty = LlamaForCausalLM(LlamaConfig.from_pretrained(PARENT))
    theirs = load_gguf_checkpoint(str(path), return_tensors=True, model_to_load=empty)["tensors"]
    model = open_checkpoint(str(path))
    assert len(theirs) == len(parent.tensors)
    for tensor in parent.tensors:
        ours = model.by_key[tensor.key]
        np.testing.assert_array_equal(model.rows(ours, 0, ours.shape[0]), theirs[tensor.name].numpy())


@pytest.mark.skipif(not PARENT.is_dir(), reason="no sample checkpoints")
@pytest.mark.parametrize(("kind", "explained"), [("Q8_0", 0.999), ("Q4_0", 0.98), ("Q5_0", 0.99), ("F16", 0.999)])
def test_a_quantised_sample_is_derived_and_its_twin_stays_independent(
    kind: str, explained: float, tmp_path: Path
) -> None:
    parent = open_checkpoint(str(PARENT))
    weights = {tensor.name: parent.rows(tensor, 0, tensor.shape[0]) for tensor in parent.tensors}
    path = write_gguf(
        tmp_path / f"parent-{kind}.gguf",
        converted(weights, 8, 4),
        GGMLQuantizationType[kind],
        config=sample_config(PARENT),
        tokenizer=json.loads((PARENT / "tokenizer.json").read_text(encoding="utf-8")),
    )
    report = compare(str(PARENT), str(path))
    assert report.verdict.relation == "derived"
    assert (report.verdict.log10_p or 0.0) < -100
    assert (report.verdict.explained_variance or 0.0) > explained
    assert report.tokenizer.shared_share == 1.0
    named = {operation.kind: operation.detail for operation in report.verdict.operations}
    if kind == "F16":
        assert "quantized" not in named
    else:
        assert report.verdict.direction == "a->b"
        assert kind in named["quantized"]
        assert "fine-tuned" not in named
        backward = compare(str(path), str(PARENT)).verdict
        assert (backward.relation, backward.direction) == ("derived", "b->a")
    assert compare(str(SAMPLES / "llama-style-twin"), str(path)).verdict.relation == "independent"


def test_the_towers_of_a_projector_are_parts(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    shapes = {
        "v.patch_embd.weight": (16, 3, 4, 4),
        **{f"v.blk.{layer}.{name}.weight": (16, 16) for layer in (0, 1) for name in ("attn_q", "attn_k", "attn_v")},
        **{f"v.blk.{layer}.ffn_up.weight": (24, 16) for layer in (0, 1)},
        "mm.0.weight": (32, 16),
        "a.blk.0.attn_out.weight": (16, 16),
    }
    weights = {name: rng.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}
    model = open_checkpoint(str(write_gguf(tmp_path / "mmproj.gguf", weights, architecture="clip")))
    found = {tensor.name: (tensor.part, tensor.role, tensor.layer) for tensor in model.tensors}
    assert found["v.blk.1.attn_q.weight"] == (ModelPart.VISION_TOWER, Role.Q, 1)
    assert found["v.blk.1.ffn_up.weight"] == (ModelPart.VISION_TOWER, Role.UP, 1)
    assert found["v.patch_embd.weight"][:2] == (ModelPart.VISION_TOWER, Role.VISION)
    assert found["mm.0.weight"][:2] == (ModelPart.PROJECTOR, Role.PROJECTOR)
    assert found["a.blk.0.attn_out.weight"] == (ModelPart.AUDIO_TOWER, Role.O, 0)


def test_two_stacks_are_those_of_the_hub(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    names = {
        "enc.blk.0.attn_q.weight": "encoder.block.0.layer.0.SelfAttention.q.weight",
        "dec.blk.0.attn_q.weight": "decoder.block.0.layer.0.SelfAttention.q.weight",
        "dec.blk.0.cross_attn_k.weight": "decoder.block.0.layer.1.EncDecAttention.k.weight",
        "dec.blk.0.ffn_up.weight": "decoder.block.0.layer.2.DenseReluDense.wi.weight",
        "enc.blk.0.ffn_up.weight": "encoder.block.0.layer.1.DenseReluDense.wi.weight",
        "enc.blk.0.attn_rel_b.weight": "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight",
        "token_embd.weight": "shared.weight",
    }
    hub = {theirs: rng.standard_normal((16, 16)).astype(np.float32) for theirs in names.values()}
    file = write_gguf(tmp_path / "m.gguf", {ours: hub[theirs] for ours, theirs in names.items()}, architecture="t5")
    original = open_checkpoint(str(write(tmp_path / "hub", repository(hub, {"model_type": "t5", "d_model": 16}))))
    converted_model = open_checkpoint(str(file))
    assert {(one.part, one.key) for one in converted_model.tensors} == {(one.part, one.key) for one in original.tensors}
    assert compare(original.ref, str(file)).verdict.relation == "identical"
