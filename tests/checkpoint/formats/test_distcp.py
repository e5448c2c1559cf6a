"""Distributed checkpoints of PyTorch: pieces put together, damage said, nothing executed."""

from __future__ import annotations

import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest

from lineage_audit.checkpoint import open_checkpoint
from lineage_audit.checkpoint.roles import Role
from lineage_audit.errors import LineageAuditError, UnreadableFileError, UnsafeFileError
from tests.checkpoint.formats.distcp_files import weights
from tests.models import repository, write

GOLDEN = Path(__file__).parent / "goldens" / "distcp"
CONFIG = {"model_type": "qwen3_moe", "hidden_size": 8, "num_attention_heads": 2, "num_experts": 3}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    shutil.copytree(GOLDEN, tmp_path / "run")
    return tmp_path / "run"


def test_what_four_machines_wrote_is_what_was_saved(place: Path, tmp_path: Path) -> None:
    plain = open_checkpoint(str(write(tmp_path / "plain", repository(weights(), CONFIG))))
    (place / "config.json").write_bytes((tmp_path / "plain" / "config.json").read_bytes())
    run = open_checkpoint(str(place))
    assert run.by_key.keys() == plain.by_key.keys()
    assert {tensor.role for tensor in run.tensors} >= {Role.EMBED, Role.GATE, Role.UP, Role.DOWN, Role.Q}
    for key, tensor in plain.by_key.items():
        rows = tensor.shape[0]
        np.testing.assert_array_equal(run.rows(run.by_key[key], 1, rows), plain.rows(tensor, 1, rows), str(key))
    assert sum(row.parameters for row in run.coverage) == plain.parameters
    assert all(row.reason is None for row in run.coverage if row.parameters)


def test_moments_are_no_weights(place: Path) -> None:
    assert not any("exp_avg" in tensor.name for tensor in open_checkpoint(str(place)).tensors)


def test_a_saved_tensor_alone_is_read(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    import torch.distributed.checkpoint as dcp

    values = torch.arange(24, dtype=torch.bfloat16).reshape(6, 4)
    dcp.save({"model.embed_tokens.weight": values}, checkpoint_id=tmp_path / "run", no_dist=True)
    (tensor,) = open_checkpoint(str(tmp_path / "run")).tensors
    assert (tensor.role, tensor.dtype, tensor.shape) == (Role.EMBED, "BF16", (6, 4))
    np.testing.assert_array_equal(open_checkpoint(str(tmp_path / "run")).rows(tensor, 0, 6), values.float().numpy())


def test_a_machine_that_is_missing_is_said(place: Path) -> None:
    (place / "__2_0.distcp").unlink()
    with pytest.raises(UnreadableFileError, match=r"__2_0\.distcp.* not here"):
        open_checkpoint(str(place))


def test_a_file_cut_short_is_said(place: Path) -> None:
    piece = place / "__1_0.distcp"
    piece.write_bytes(piece.read_bytes()[:-100])
    with pytest.raises(UnreadableFileError, match="shorter than it says"):
        open_checkpoint(str(place))


class _Bomb:
    def __reduce__(self) -> tuple[object, tuple[str, ...]]:
        return print, ("executed",)


def test_no_pickle_is_executed(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / ".metadata").write_bytes(pickle.dumps(_Bomb()))
    with pytest.raises(UnsafeFileError, match="print"):
        open_checkpoint(str(place))
    assert "executed" not in capsys.readouterr().out


def test_damage_anywhere_ends_in_a_model_or_one_line(place: Path) -> None:
    metadata, rng = (place / ".metadata").read_bytes(), np.random.default_rng(0)
    for at in rng.integers(0, len(metadata), 60):
        damaged = bytearray(metadata)
        damaged[at] = rng.integers(0, 256)
        (place / ".metadata").write_bytes(bytes(damaged))
        try:
            run = open_checkpoint(str(place))
            for tensor in run.tensors:
                run.rows(tensor, 0, tensor.shape[0])
        except LineageAuditError as error:
            assert "\n" not in str(error)
