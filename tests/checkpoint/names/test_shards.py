"""Tensor-parallel checkpoints: slices of several files join to what one file would hold."""

from __future__ import annotations

import numpy as np
import pytest

from lineage_audit.checkpoint.names import map_names
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import StoredTensor
from tests.checkpoint.names.stored import Array, by_role, config_of, duplicate_keys, read, stored

HEADS, KV_HEADS, WIDTH, HIDDEN, FFN, VOCABULARY = 8, 4, 4, 32, 48, 60
_RANDOM = np.random.default_rng(7)
_CONFIG = config_of(dim=HIDDEN, n_heads=HEADS, n_kv_heads=KV_HEADS, n_layers=1, vocab_size=VOCABULARY)

_WHOLE: dict[str, Array] = {
    "tok_embeddings.weight": _RANDOM.normal(size=(VOCABULARY, HIDDEN)),
    "norm.weight": _RANDOM.normal(size=HIDDEN),
    "output.weight": _RANDOM.normal(size=(VOCABULARY, HIDDEN)),
    "layers.0.attention.wq.weight": _RANDOM.normal(size=(HEADS * WIDTH, HIDDEN)),
    "layers.0.attention.wk.weight": _RANDOM.normal(size=(KV_HEADS * WIDTH, HIDDEN)),
    "layers.0.attention.wv.weight": _RANDOM.normal(size=(KV_HEADS * WIDTH, HIDDEN)),
    "layers.0.attention.wo.weight": _RANDOM.normal(size=(HIDDEN, HEADS * WIDTH)),
    "layers.0.feed_forward.w1.weight": _RANDOM.normal(size=(FFN, HIDDEN)),
    "layers.0.feed_forward.w2.weight": _RANDOM.normal(size=(HIDDEN, FFN)),
    "layers.0.feed_forward.w3.weight": _RANDOM.normal(size=(FFN, HIDDEN)),
    "layers.0.attention_norm.weight": _RANDOM.normal(size=HIDDEN),
    "layers.0.ffn_norm.weight": _RANDOM.normal(size=HIDDEN),
    "rope.freqs": _RANDOM.normal(size=WIDTH // 2),
}
_BY_COLUMNS = ("attention.wo", "feed_forward.w2")


def _shards(files: int, embedding_axis: int) -> tuple[list[StoredTensor], dict[tuple[str, str], Array]]:
    """Cut the whole model as Meta's model parallelism does, one file a rank."""
    pieces: dict[tuple[str, str], Array] = {}
    for name, array in _WHOLE.items():
        if array.ndim == 1:
            cut = [array] * files
        else:
            by_columns = any(word in name for word in _BY_COLUMNS)
            axis = embedding_axis if name.startswith("tok_emb") else int(by_columns)
            cut = np.split(array, files, axis=axis)
        pieces |= {(name, f"consolidated.{rank:02d}.pth"): piece for rank, piece in enumerate(cut)}
    in_file_order = sorted(pieces.items(), key=lambda item: item[0][1])
    return [stored(name, piece.shape, file) for (name, file), piece in in_file_order], pieces


@pytest.mark.parametrize("embedding_axis", [0, 1], ids=["llama-3", "llama-2"])
@pytest.mark.parametrize("files", [2, 4])
def test_joined_shards_read_as_the_whole_model(files: int, embedding_axis: int) -> None:
    tensors, pieces = _shards(files, embedding_axis)
    joined = map_names(tensors, _CONFIG)
    whole = map_names([stored(name, array.shape) for name, array in _WHOLE.items()], _CONFIG)
    assert duplicate_keys(joined) == []
    expected = by_role(ref for ref in whole if ref.role is not Role.BUFFER)
    found = by_role(ref for ref in joined if ref.role is not Role.BUFFER)
    assert found.keys() == expected.keys()
    for role, ref in found.items():
        by_file = {part.stored.file: pieces[part.stored.name, part.stored.file] for part in ref.parts}
        assert ref.shape == expected[role].shape
        np.testing.assert_array_equal(read(ref, by_file), read(expected[role], _WHOLE))


def test_every_shard_ends_in_a_reference() -> None:
    tensors, _ = _shards(4, 1)
    refs = map_names(tensors, _CONFIG)
    assert {part.stored for ref in refs for part in ref.parts} == set(tensors)


def test_slices_that_do_not_fit_are_not_joined() -> None:
    name = "layers.0.attention.wv.weight"
    tensors = [stored(name, (16, 32), "a.pth"), stored(name, (16, 31), "b.pth")]
    refs = map_names(tensors, _CONFIG)
    assert [(ref.role, ref.shape) for ref in refs] == [(Role.V, (16, 32)), (Role.BUFFER, (16, 31))]


def test_one_name_twice_in_one_file_is_a_collision() -> None:
    name = "layers.0.attention.wv.weight"
    refs = map_names([stored(name, (16, 32)), stored(name, (16, 32))], _CONFIG)
    assert [ref.role for ref in refs] == [Role.V, Role.OTHER]


def test_norms_of_single_heads_join_in_the_order_of_heads() -> None:
    heads = [11, 2, 0, 1, 10, 3, 4, 5, 6, 7, 8, 9]
    name = "model.layers.0.self_attn.q_layernorm.norms.{}.weight"
    (ref,) = map_names([stored(name.format(head), (5,)) for head in heads], config_of(model_type="stablelm"))
    assert (ref.role, ref.shape) == (Role.Q_NORM, (60,))
    assert [part.stored.name for part in ref.parts] == [name.format(head) for head in range(12)]
