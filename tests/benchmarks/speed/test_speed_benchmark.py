"""The speed benchmark's checkpoints are what they claim to be, and its runs are measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import lineage_audit
from benchmarks.speed import building
from benchmarks.speed.checkpoints import NOISE, as_bfloat16, disguised, drawn, fine_tuned, reader, write_filled
from benchmarks.speed.running import python
from benchmarks.speed.shapes import SHAPES, DeepSeekShape, LlamaShape
from tests.cli.running import process
from tests.models import bfloat16

SMALL = LlamaShape(hidden=64, ffn=172, layers=3, heads=4, kv_heads=2, vocabulary=300, shards=2)


@pytest.fixture
def parent(tmp_path: Path) -> Path:
    write_filled(tmp_path / "parent", SMALL, drawn(1))
    return tmp_path / "parent"


def test_shapes_are_those_of_the_published_models() -> None:
    parameters = {name: sum(tensor.bytes // 2 for tensor in shape.tensors()) for name, shape in SHAPES.items()}
    assert parameters["7B"] == 6_738_415_616
    assert parameters["8B"] == 8_030_261_248
    assert parameters["1B"] == 1_235_814_400 + 128256 * 2048  # untied
    assert sum(1 for _ in DeepSeekShape().tensors()) > 90_000


def test_rounding_is_that_of_bfloat16() -> None:
    values = np.random.default_rng(1).standard_normal(1000).astype(np.float32)
    stored = as_bfloat16(values).astype(np.uint32) << 16
    np.testing.assert_array_equal(stored.view(np.float32), bfloat16(values))


def test_a_fine_tune_moves_every_weight_a_little(parent: Path, tmp_path: Path) -> None:
    write_filled(tmp_path / "child", SMALL, fine_tuned(parent, 2))
    report = lineage_audit.compare(str(parent), str(tmp_path / "child"), effort="full")
    assert report.verdict.relation == "derived"
    up = next(role for role in report.weights.roles if role.role == "up")
    assert up.relative_delta == pytest.approx(NOISE, rel=0.2)


def test_a_disguise_is_another_order_of_the_same_weights(parent: Path, tmp_path: Path) -> None:
    write_filled(tmp_path / "child", SMALL, disguised(parent, SMALL, 2))
    before, after = reader(parent), reader(tmp_path / "child")
    for name in ("model.layers.1.mlp.up_proj.weight", "model.layers.2.self_attn.o_proj.weight"):
        assert not np.array_equal(before(name), after(name))
        np.testing.assert_array_equal(np.sort(before(name), axis=None), np.sort(after(name), axis=None))
    report = lineage_audit.compare(str(parent), str(tmp_path / "child"), effort="search")
    assert report.verdict.relation == "derived"


def test_a_checkpoint_is_built_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[Path] = []
    monkeypatch.setitem(building.CHECKPOINTS, "x", lambda folder, *_: (folder.mkdir(), built.append(folder)))
    assert building.build(tmp_path, "x", 0.5, 4) == building.build(tmp_path, "x", 0.5, 4)
    assert len(built) == 1


def test_the_bare_loop_takes_every_pair(parent: Path) -> None:
    done = python("-m", "benchmarks.speed.bare_loop", str(parent), str(parent))
    assert done.code == 0


_MEASURED = """
from benchmarks.speed.running import python
small, large = (python("-c", f"x = bytearray({size}); x[::4096] = x[::4096]") for size in (10, 200_000_000))
assert large.peak - small.peak > 150e6, (small, large)
assert small.seconds > 0
assert python("-c", "import sys; sys.exit(3)").code == 3
"""


def test_a_run_is_measured() -> None:
    """In a small process of its own, since a child's peak begins with its parent's."""
    done = process(_MEASURED, code="-c")
    assert done.returncode == 0, done.stderr


def test_a_run_ends_when_its_time_is_over() -> None:
    taken = python("-c", "import time; time.sleep(60)", limit=0.2)
    assert taken.code == -9
