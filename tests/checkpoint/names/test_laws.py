"""What holds for every input: layouts are injective and in bounds, order is immaterial, no name or shape crashes."""

from __future__ import annotations

from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lineage_audit.checkpoint.names import map_names, name_pattern
from lineage_audit.checkpoint.names.fused import slices
from lineage_audit.checkpoint.names.fusions import Fusion
from lineage_audit.checkpoint.names.geometry import Geometry
from lineage_audit.checkpoint.names.patterns import numbered
from lineage_audit.checkpoint.names.table import TABLE
from lineage_audit.checkpoint.tensors import StoredTensor
from tests.checkpoint.names.listing import Listing
from tests.checkpoint.names.published_mixtures import MIXTURES
from tests.checkpoint.names.published_names import DENSE
from tests.checkpoint.names.stored import all_stored, config_of, duplicate_keys

_sizes = st.none() | st.integers(1, 40)
_geometries = st.builds(
    Geometry,
    qkv_layout=st.sampled_from([None, "per-head"]),
    model_type=st.sampled_from([None, "llama", "gpt_oss"]),
    hidden=_sizes,
    heads=_sizes,
    head_dim=_sizes,
    ffn=_sizes,
    kv_rank=_sizes,
    nope_dim=_sizes,
    value_dim=_sizes,
)


@given(st.sampled_from(Fusion), st.integers(1, 2000), _geometries)
def test_layouts_are_injective_and_in_bounds(fusion: Fusion, rows: int, geometry: Geometry) -> None:
    claimed = [piece.rows.stored_rows(np.arange(piece.rows.count)) for piece in slices(fusion, rows, geometry)]
    if claimed:
        np.testing.assert_array_equal(np.sort(np.concatenate(claimed)), np.arange(rows))


@given(heads=st.integers(1, 12), groups=st.integers(1, 12), width=st.integers(1, 9))
def test_grouped_attention_is_split_whenever_the_groups_divide_the_heads(heads: int, groups: int, width: int) -> None:
    geometry = Geometry(heads=heads * groups, head_dim=width)
    rows = (heads * groups + 2 * groups) * width
    found = {piece.role.value: piece.rows.count for piece in slices(Fusion.QKV_GROUPS, rows, geometry)}
    assert found == {"q": heads * groups * width, "k": groups * width, "v": groups * width}


@given(st.sampled_from((*DENSE, *MIXTURES)), st.randoms(use_true_random=False))
def test_the_order_of_tensors_does_not_matter(listing: Listing, random: Random) -> None:
    tensors = all_stored(listing.shapes())
    shuffled = list(tensors)
    random.shuffle(shuffled)
    config = config_of(**listing.config)
    assert set(map_names(tensors, config)) == set(map_names(shuffled, config))


_stems = st.sampled_from(sorted(TABLE)).map(lambda stem: stem.replace("{L}", "1").replace("{E}", "2"))
_words = st.sampled_from(["attn", "q", "wq", "norm", "ffn", "gate", "layers", "0", "7", "experts", "emb", "head", ""])
_paths = st.lists(_words, max_size=7).map(".".join)
_names = (
    st.text(max_size=30)
    | _paths
    | st.builds(lambda stem, end: stem + end, _stems, st.sampled_from(["", ".weight", ".bias"]))
)
_shapes = st.lists(st.integers(0, 64) | st.just(10**12), max_size=4).map(tuple)
_files = st.sampled_from(["a.pth", "b.pth"])
_tensors = st.lists(
    st.builds(lambda name, shape, file: StoredTensor(name, "F32", shape, file, 0, 0), _names, _shapes, _files),
    max_size=14,
)
_configs = st.sampled_from(
    [{}, {"model_type": "gpt_oss", "hidden_size": 64}, {"hidden_size": 32, "num_attention_heads": 4, "kv_lora_rank": 8}]
)


@given(_tensors, _configs)
def test_no_names_and_shapes_crash_and_none_is_lost(tensors: list[StoredTensor], stated: dict[str, object]) -> None:
    refs = map_names(tensors, config_of(**stated))
    assert duplicate_keys(refs) == []
    read = {(part.stored.name, part.stored.file) for ref in refs for part in ref.parts}
    assert read == {(tensor.name, tensor.file) for tensor in tensors}
    for ref in refs:
        for part in ref.parts:
            assert part.rows.offset >= 0
            assert part.rows.count <= max(part.stored.size, *part.stored.shape, 1)


@given(st.text(max_size=60))
def test_patterns_of_arbitrary_text_keep_all_but_the_numbers(name: str) -> None:
    found = numbered(name)
    rebuilt = found.pattern
    for mark, number in (("{L}", found.layer), ("{E}", found.expert), ("{H}", found.head)):
        if number is not None:
            assert mark in rebuilt
    assert name_pattern(name) == found.pattern
    if found.layer is None and found.expert is None and found.head is None:
        assert found.pattern == name
