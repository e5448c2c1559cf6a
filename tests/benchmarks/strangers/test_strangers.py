"""Strangers are drawn anew from their number, runs go on where they ended, and too many rejections fail."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.strangers.__main__ import draw, main, read_pairs
from benchmarks.strangers.counting import Pair, most_rejections, table
from benchmarks.strangers.worlds import SIZE, WORLDS

SIGNS = ("ffn-signs", "value-output-signs", "query-key-signs", "channel-signs")


@pytest.mark.parametrize("world", WORLDS)
def test_a_pair_is_drawn_from_its_number(world: str) -> None:
    a, b = WORLDS[world].pair(1)
    again = WORLDS[world].pair(1)
    assert all(np.array_equal(a[name], again[0][name]) for name in a)
    assert not np.array_equal(a["model.layers.0.mlp.up_proj.weight"], b["model.layers.0.mlp.up_proj.weight"])
    assert not np.array_equal(
        a["model.layers.0.mlp.up_proj.weight"], WORLDS[world].pair(2)[0]["model.layers.0.mlp.up_proj.weight"]
    )


def test_every_sign_test_has_random_signs_enough() -> None:
    pair = draw("plain", 0)
    assert set(SIGNS) <= set(pair.log10_p)
    assert min(SIZE.layers * SIZE.ffn, SIZE.layers * SIZE.kv_rows // 2, SIZE.hidden) >= 37


def test_a_run_goes_on_where_it_ended(tmp_path: Path) -> None:
    file = tmp_path / "pairs.jsonl"
    assert main(["--minutes", "0.01", "-o", str(file)]) == 0
    first = read_pairs(file)
    file.write_text(file.read_text() + '{"world": "plain", "num')
    file.write_text(file.read_text() + "\n")
    assert main(["--minutes", "0.01", "-o", str(file)]) == 0
    both = read_pairs(file)
    assert both[: len(first)] == first
    assert len({(pair.world, pair.number) for pair in both}) == len(both) > len(first) > 0


def test_too_many_rejections_are_told() -> None:
    rng = np.random.default_rng(1)
    fair = [Pair("plain", n, {"fair": float(np.log10(rng.random()))}) for n in range(2000)]
    unfair = [Pair("plain", n, {"unfair": 2.0 * pair.log10_p["fair"]}) for n, pair in enumerate(fair)]
    assert table(fair)[1]
    lines, holds = table(unfair)
    assert not holds
    assert any(line.startswith("unfair") for line in lines)
    assert most_rejections(10_000, 1e-2) == 124
