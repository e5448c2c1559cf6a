"""Checkpoints as their repositories name them, with and without the prefixes that people add."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

from lineage_audit.checkpoint.model_parts import ModelPart
from lineage_audit.checkpoint.names import map_names
from lineage_audit.checkpoint.roles import Role
from tests.checkpoint.names.listing import Listing
from tests.checkpoint.names.published_mixtures import DEEPSEEK_V3_CONFIG, MIXTURES, deepseek_v3_shapes
from tests.checkpoint.names.published_names import DENSE, YI_34B
from tests.checkpoint.names.stored import all_stored, config_of, duplicate_keys
from tests.counting import calls_in

_REAL_REPOS = Path(__file__).parents[4] / "shared" / "real-repos"
_INDEXES = sorted(_REAL_REPOS.glob("*/*.index.json")) if _REAL_REPOS.is_dir() else []
_UNSETTLED = {Role.OTHER, Role.QKV, Role.GATE_UP}


@pytest.mark.parametrize("listing", (*DENSE, *MIXTURES), ids=lambda listing: listing.model)
def test_every_published_name_has_a_role(listing: Listing) -> None:
    shapes = listing.shapes()
    refs = map_names(all_stored(shapes), config_of(**listing.config))
    assert [ref.name for ref in refs if ref.role in _UNSETTLED or ref.inferred] == []
    assert duplicate_keys(refs) == []
    assert sum(ref.size for ref in refs) == sum(tensor.size for tensor in all_stored(shapes))
    assert {ref.layer for ref in refs if ref.layer is not None} == set(range(listing.layers))


@pytest.mark.parametrize(
    "prefix", ["module.", "_orig_mod.", "base_model.model.", "language_model.", "_orig_mod.module.", "transformer."]
)
@pytest.mark.parametrize("listing", DENSE, ids=lambda listing: listing.model)
def test_prefixes_change_nothing(listing: Listing, prefix: str) -> None:
    plain, config = listing.shapes(), config_of(**listing.config)
    prefixed = {prefix + name: shape for name, shape in plain.items()}
    assert [ref.key for ref in map_names(all_stored(prefixed), config)] == [
        ref.key for ref in map_names(all_stored(plain), config)
    ]


def test_multimodal_prefixes_change_nothing() -> None:
    plain, config = YI_34B.shapes(), config_of(**YI_34B.config)
    inner = {f"model.language_model.{name.removeprefix('model.')}": shape for name, shape in plain.items()}
    seen = {
        "vision_tower.encoder.layers.0.self_attn.q_proj.weight": (64, 64),
        "multi_modal_projector.linear.weight": (64, 64),
    }
    refs = map_names(all_stored(inner | seen), config)
    assert [ref.key for ref in refs[:-2]] == [ref.key for ref in map_names(all_stored(plain), config)]
    assert [ref.part for ref in refs[-2:]] == [ModelPart.VISION_TOWER, ModelPart.PROJECTOR]


def test_yi_and_llama_names_lead_to_the_same_places() -> None:
    yi, config = YI_34B.shapes(), config_of(**YI_34B.config)
    names = {"ln1": "input_layernorm", "ln2": "post_attention_layernorm"}
    llama = {}
    for name, shape in yi.items():
        for theirs, llamas in names.items():
            name = name.replace(f".{theirs}.", f".{llamas}.")
        llama[name] = shape
    assert llama.keys() != yi.keys()
    assert {r.key for r in map_names(all_stored(yi), config)} == {r.key for r in map_names(all_stored(llama), config)}


def test_deepseek_v3_with_its_ninety_thousand_tensors() -> None:
    tensors = all_stored(deepseek_v3_shapes())
    assert len(tensors) > 90_000
    refs = map_names(tensors, config_of(**DEEPSEEK_V3_CONFIG))
    assert duplicate_keys(refs) == []
    assert not any(ref.role in _UNSETTLED or ref.inferred for ref in refs)
    extra = {ref.role for ref in refs if ref.layer == 61}
    assert extra == {Role.MULTI_TOKEN}
    experts = [ref for ref in refs if ref.role is Role.GATE and ref.expert is not None]
    assert len(experts) == 58 * 256


def test_twice_the_layers_are_twice_the_work() -> None:
    shapes, config = deepseek_v3_shapes(), config_of(**DEEPSEEK_V3_CONFIG)

    beginnings = [tuple(f"model.layers.{layer}." for layer in range(3, 3 + count)) for count in (1, 2)]
    layers = [all_stored({name: shape for name, shape in shapes.items() if name.startswith(one)}) for one in beginnings]
    once, twice = (calls_in(partial(map_names, tensors, config)) for tensors in layers)
    assert twice < 2.2 * once


def test_a_layer_of_multi_token_names_everywhere_hides_nothing() -> None:
    shapes = YI_34B.shapes() | {f"model.layers.{layer}.enorm.weight": (7168,) for layer in range(60)}
    refs = map_names(all_stored(shapes), config_of(**YI_34B.config))
    assert sum(ref.role is Role.Q for ref in refs) == 60


@pytest.mark.parametrize("index", _INDEXES, ids=lambda path: path.parent.name)
def test_real_indexes_map_completely(index: Path) -> None:
    text = index.read_text(encoding="utf-8")
    if not text.startswith("{"):
        pytest.skip("a Git LFS pointer")
    stated = json.loads((index.parent / "config.json").read_text(encoding="utf-8"))
    shapes = {name: _plausible_shape(name, stated) for name in json.loads(text)["weight_map"]}
    refs = map_names(all_stored(shapes), config_of(**stated))
    assert [ref.name for ref in refs if ref.role in _UNSETTLED or ref.inferred] == []
    assert duplicate_keys(refs) == []


def _plausible_shape(name: str, config: dict[str, int]) -> tuple[int, ...]:
    """Give a tensor the rank, and a fused one the rows, that the real one has."""
    hidden = config["hidden_size"]
    heads = config["num_attention_heads"]
    groups = config.get("num_key_value_heads") or config.get("num_kv_heads") or heads
    fused = hidden + 2 * groups * (hidden // heads)
    is_fused = any(word in name for word in ("query_key_value", "c_attn", "qkv_proj"))
    rows = fused if is_fused else hidden
    is_vector = name.endswith(("bias", "inv_freq")) or "norm" in name or ".ln_" in name
    return (rows,) if is_vector else (rows, hidden)
