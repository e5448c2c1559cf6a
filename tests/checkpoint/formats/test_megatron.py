"""Megatron's checkpoints: slices joined, stages numbered through, what the training was told is the configuration."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from lineage_audit import compare  # noqa: E402
from lineage_audit.checkpoint import Checkpoint, open_checkpoint  # noqa: E402
from lineage_audit.checkpoint.formats.megatron_ranks import megatron_files  # noqa: E402
from lineage_audit.checkpoint.roles import Role  # noqa: E402
from lineage_audit.errors import LineageAuditError, UnreadableFileError, UnsupportedFormatError  # noqa: E402
from tests.checkpoint.formats.megatron_files import ARGUMENTS, weights  # noqa: E402

GOLDEN = Path(__file__).parent / "goldens" / "megatron"
LAYERS, HEADS, GROUPS, WIDTH = 2, 4, 2, 4


def one_file() -> Checkpoint:
    return open_checkpoint(str(GOLDEN / "whole"))


@pytest.mark.parametrize("kind", ["ranks", "pieces"])
def test_slices_and_stages_make_up_what_one_process_writes(kind: str) -> None:
    whole, divided = one_file(), open_checkpoint(str(GOLDEN / kind))
    weights = {key: tensor for key, tensor in whole.by_key.items() if tensor.role is not Role.BUFFER}
    assert {key for key, tensor in divided.by_key.items() if tensor.role is not Role.BUFFER} == weights.keys()
    for key, tensor in weights.items():
        rows = tensor.shape[0]
        np.testing.assert_array_equal(divided.rows(divided.by_key[key], 0, rows), whole.rows(tensor, 0, rows), str(key))
    assert compare(str(GOLDEN / "whole"), str(GOLDEN / kind), effort="full").verdict.relation == "identical"


def test_every_tensor_has_its_role_and_its_values() -> None:
    model, stored = one_file(), weights()
    assert not [tensor.name for tensor in model.tensors if tensor.role is Role.OTHER or tensor.inferred]
    assert model.config.integer("num_kv_heads") == ARGUMENTS["num_query_groups"]
    assert model.config.text("norm") == "rmsnorm"
    for layer in range(LAYERS):
        by_role = {tensor.role: tensor for tensor in model.tensors if tensor.layer == layer and tensor.slot == "weight"}
        groups = stored[f"decoder.layers.{layer}.self_attention.linear_qkv.weight"].reshape(GROUPS, -1, WIDTH, 16)
        expected = {
            Role.Q: groups[:, : HEADS // GROUPS].reshape(-1, 16),
            Role.K: groups[:, -2].reshape(-1, 16),
            Role.V: groups[:, -1].reshape(-1, 16),
            Role.O: stored[f"decoder.layers.{layer}.self_attention.linear_proj.weight"],
            Role.DOWN: stored[f"decoder.layers.{layer}.mlp.linear_fc2.weight"],
        }
        gate, up = np.split(stored[f"decoder.layers.{layer}.mlp.linear_fc1.weight"], 2)
        for role, values in {**expected, Role.GATE: gate, Role.UP: up}.items():
            np.testing.assert_array_equal(model.rows(by_role[role], 0, len(values)), values, role)


def test_the_last_iteration_is_read() -> None:
    names = [f"iter_{number:07}/mp_rank_00/model_optim_rng.pt" for number in (100, 2000, 300)]
    assert megatron_files(names) == (names[1],)
    assert megatron_files([*names, "release/mp_rank_00/model_optim_rng.pt"])[0].startswith("release/")
    assert megatron_files(["mp_rank_00/optim.pt", "notes/mp_rank_00/model_optim_rng.pt"]) == ()


def test_a_rank_that_is_missing_is_said(tmp_path: Path) -> None:
    place = shutil.copytree(GOLDEN / "ranks", tmp_path / "ranks")
    (place / "iter_0000100" / "mp_rank_00_001" / "model_optim_rng.pt").unlink()
    with pytest.raises(UnreadableFileError, match="4 ranks, of which 3 are here; fetch slice 0 of stage 1 too"):
        open_checkpoint(str(place))


@pytest.mark.parametrize("key", ["expert_model_parallel_size", "virtual_pipeline_model_parallel_size"])
def test_other_divisions_are_refused(key: str, tmp_path: Path) -> None:
    from argparse import Namespace

    place = tmp_path / "mp_rank_00"
    place.mkdir()
    saved = {"args": Namespace(**{key: 2}), "model": {"decoder.layers.0.mlp.linear_fc2.weight": torch.ones(4, 4)}}
    torch.save(saved, place / "model_optim_rng.pt")
    with pytest.raises(UnsupportedFormatError, match=f"{key} is 2.*torch_dist"):
        open_checkpoint(str(tmp_path))


def test_experts_of_a_distributed_checkpoint_are_a_stack() -> None:
    from lineage_audit.checkpoint.names import map_names
    from tests.checkpoint.names.stored import all_stored, config_of

    shapes = {
        "decoder.layers.0.mlp.experts.experts.linear_fc1.weight": (3, 24, 16),
        "decoder.layers.0.mlp.experts.experts.linear_fc2.weight": (3, 16, 12),
    }
    refs = map_names(all_stored(shapes), config_of(hidden_size=16, num_attention_heads=4))
    assert [(ref.role, ref.expert) for ref in refs] == [
        *((role, expert) for expert in range(3) for role in (Role.GATE, Role.UP)),
        *((Role.DOWN, expert) for expert in range(3)),
    ]


def test_damage_anywhere_ends_in_a_model_or_one_line(tmp_path: Path) -> None:
    place = shutil.copytree(GOLDEN / "ranks", tmp_path / "ranks")
    file = place / "iter_0000100" / "mp_rank_01_000" / "model_optim_rng.pt"
    whole, rng = file.read_bytes(), np.random.default_rng(0)
    for at in rng.integers(0, len(whole), 40):
        damaged = bytearray(whole)
        damaged[at] = rng.integers(0, 256)
        file.write_bytes(bytes(damaged))
        try:
            model = open_checkpoint(str(place))
            for tensor in model.tensors:
                model.rows(tensor, 0, tensor.shape[0] if tensor.shape else 1)
        except LineageAuditError as error:
            assert "\n" not in str(error)
