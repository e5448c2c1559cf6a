"""The Hub of the benchmark gives the same bytes however they are asked for, and counts them."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.rows import add_row
from benchmarks.scale import __main__ as benchmark
from benchmarks.scale import kinds
from benchmarks.scale.encoding import bfloat16, e4m3
from benchmarks.scale.measuring import Measured, running_hub
from benchmarks.scale.nearness import Nearest, nearest
from benchmarks.scale.pairs import ACROSS, ScalePair, pairs
from benchmarks.scale.repository import repository
from benchmarks.scale.server import Counts
from benchmarks.scale.shapes import SHAPES
from benchmarks.scale.trained import Trained
from benchmarks.speed.running import Run
from lineage_audit import compare
from lineage_audit.checkpoint import open_checkpoint
from lineage_audit.checkpoint.roles import Role
from lineage_audit.comparison.verdict.thresholds import INVARIANTS
from tests.benchmarks.scale.tiny import DEEPSEEK, LLAMA


def test_any_range_is_a_piece_of_the_whole() -> None:
    shard = next(iter(repository("tiny/base", Trained(DEEPSEEK, 1)).shards.values()))
    start = len(shard.header) + 2_048 * 256 * 2 - 1_000
    whole = shard.read(start, start + 200_000)
    assert len(whole) == 200_000
    assert shard.read(start + 77, start + 150_001) == whole[77:150_001]
    assert shard.read(0, 100) == shard.header[:100]


def test_fp8_is_that_of_torch() -> None:
    torch = pytest.importorskip("torch")
    values = torch.linspace(-460, 460, 10_001)
    theirs = values.clamp(-448, 448).to(torch.float8_e4m3fn).float().numpy()
    ours = torch.tensor(e4m3(values.numpy())).view(torch.float8_e4m3fn).float().numpy()
    assert (ours != theirs).mean() < 0.01
    assert np.array_equal(bfloat16(values.numpy()), values.bfloat16().view(torch.uint16).numpy())


@pytest.mark.parametrize("shape", [LLAMA, DEEPSEEK])
def test_files_read_as_the_weights_they_stand_for(shape: object, tmp_path: Path) -> None:
    weights = Trained(shape, 1)  # type: ignore[arg-type]
    files = repository("tiny/base", weights)
    for name, content in files.small.items():
        (tmp_path / name).write_bytes(content)
    for name, shard in files.shards.items():
        (tmp_path / name).write_bytes(shard.read(0, shard.size))
    checkpoint = open_checkpoint(str(tmp_path))
    down = next(tensor for tensor in checkpoint.tensors if tensor.role is Role.DOWN and tensor.layer == 0)
    slot = next(tensor.slot for tensor in weights.shape.tensors() if tensor.name == down.name)
    read = checkpoint.rows(down, 8, 24)
    meant = weights.rows(slot, np.arange(8, 24))
    assert np.abs(read - meant).mean() < 0.03 * np.abs(meant).mean()


def test_a_true_size_is_compared_over_the_wire(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running_hub() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub)
        monkeypatch.setenv("HF_HOME", str(tmp_path))
        report = compare("llama-2-7b/base", "llama-2-7b/independent", effort="metadata")
    assert os.environ["HF_ENDPOINT"] == hub
    assert report.a.parameters == 6_738_415_616


def test_every_kind_can_be_made_of_the_shapes_it_says() -> None:
    for shape in SHAPES:
        for pair in pairs([shape], list(kinds.KINDS)):
            for name in (pair.a, pair.b):
                assert kinds.model_named(*name.split("/")) is not None, name
    assert kinds.model_named("llama-2-7b", "no-such-kind") is None
    assert kinds.model_named("deepseek-v3", "upcycled") is None


def test_models_of_different_shapes_that_are_called_independent_share_no_seed() -> None:
    for pair in ACROSS:
        a, b = (kinds.model_named(*name.split("/")) for name in (pair.a, pair.b))
        assert isinstance(a, Trained)
        assert isinstance(b, Trained)
        assert a.seed != b.seed, pair


def test_the_table_says_what_is_wrong() -> None:
    pair = ScalePair("x/base", "x/permuted", frozenset({"derived"}), ("units-permuted",))
    counts = Counts(requests=9, weights=2**20)
    item = Measured(pair, "independent", (), -1.0, "", (counts, counts), Run(2.0, 1.5, 2**28, 0), 0.5)
    said = benchmark.line(item)
    assert "WRONG" in said
    assert "not named: units-permuted" in said
    stranger = Measured(
        ScalePair("x/base", "x/independent", frozenset({"independent"})),
        *("derived", (), -9.0, "", (counts, counts), Run(2.0, 1.5, 2**28, 0), 0.5),
    )
    assert "0 of 2 verdicts right; of 1 independent pairs 1 accused, least log10 p -9.0" in benchmark.summary(
        [item, stranger]
    )


def test_a_run_is_taken_up_where_it_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pair = next(iter(pairs(["llama-2-7b"], ["independent"])))
    done = Measured(pair, *("independent", (), -1.5, "", (Counts(), Counts()), Run(2.0, 1.5, 2**28, 0), 0.5))
    add_row(tmp_path / "rows", replace(done, nearest=Nearest("rotary-agreement", 0.25)))
    with (tmp_path / "rows").open("a") as cut_short:
        cut_short.write('{"pair": ')
    monkeypatch.setattr(benchmark, "measure", None)
    asked = ("--shapes", "llama-2-7b", "--kinds", "independent", "-o", str(tmp_path / "rows"))
    assert benchmark.main(asked) == 0
    assert "nearest to its threshold in 1 of them: rotary-agreement, at most 0.25 of it" in capsys.readouterr().out


def test_a_statistic_is_held_against_what_leaves_a_question_open() -> None:
    evidence = [
        {"test_id": "rotary-agreement", "status": "measured", "count": 9, "effect": INVARIANTS.unclear_margin},
        {"test_id": "unit-column-agreement", "status": "measured", "count": 199, "effect": 0.9},
        {"test_id": "ffn-signs", "status": "measured", "count": 999, "effect": 0.9},
    ]
    assert nearest({"verdict": {"log10_p": -1.5}, "evidence": evidence}) == Nearest("rotary-agreement", 1.0)
    assert nearest({"verdict": {"log10_p": -3.6}, "evidence": evidence}).share == pytest.approx(1.2)
