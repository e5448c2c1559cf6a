"""Queries and their gate in one matrix, head by head."""

import numpy as np

from lineage_audit.checkpoint.names import map_names
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import TensorRef
from tests.checkpoint.names.stored import all_stored, config_of, read

CONFIG = config_of(hidden_size=8, num_attention_heads=2, head_dim=3)
NAME = "model.layers.0.self_attn.{}_proj.weight"


def _refs(q: tuple[int, int], o: tuple[int, int]) -> dict[Role, TensorRef]:
    stored = all_stored({NAME.format("q"): q, NAME.format("o"): o})
    return {ref.role: ref for ref in map_names(stored, CONFIG)}


def test_each_head_holds_its_queries_then_its_gate() -> None:
    refs = {
        ref.role: ref for ref in map_names(all_stored({NAME.format("q"): (12, 8), NAME.format("o"): (8, 6)}), CONFIG)
    }
    rows = np.arange(12)[:, None] * np.ones((1, 8))
    assert read(refs[Role.Q], {NAME.format("q"): rows})[:, 0].tolist() == [0, 1, 2, 6, 7, 8]
    assert read(refs[Role.ATTN_GATE], {NAME.format("q"): rows})[:, 0].tolist() == [3, 4, 5, 9, 10, 11]


def test_queries_without_a_gate_stay_whole() -> None:
    refs = {
        ref.role: ref for ref in map_names(all_stored({NAME.format("q"): (6, 8), NAME.format("o"): (8, 6)}), CONFIG)
    }
    assert refs[Role.Q].shape == (6, 8)
    assert Role.ATTN_GATE not in refs


def test_nothing_is_split_where_no_head_fits() -> None:
    refs = {
        ref.role: ref for ref in map_names(all_stored({NAME.format("q"): (8, 8), NAME.format("o"): (8, 4)}), CONFIG)
    }
    assert refs[Role.Q].shape == (8, 8)
