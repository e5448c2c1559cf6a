"""A product gets the threads that suit its size, within what this process may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from threadpoolctl import threadpool_info

from lineage_audit.comparison import compare_checkpoints, stages
from lineage_audit.comparison.reading import threads
from lineage_audit.comparison.reading.threads import WIDE, product_threads, usable_processors
from tests.models import llama, model


def _threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


@pytest.fixture
def bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Six processors, and no control group."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(6)), raising=False)
    for name in threads._ASKED:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(threads, "_QUOTA", Path("/nowhere/cpu.max"))
    monkeypatch.setattr(threads, "_OLDER_QUOTA", (Path("/nowhere/quota"), Path("/nowhere/period")))


@pytest.mark.usefixtures("bound")
@pytest.mark.parametrize(
    ("text", "count"), [("max 100000", 6), ("250000 100000", 3), ("50000 100000", 1), ("900000 100000", 6), ("odd", 6)]
)
def test_a_container_s_share_and_the_binding_both_bound(
    text: str, count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert usable_processors() == 6
    (tmp_path / "cpu.max").write_text(text + "\n")
    monkeypatch.setattr(threads, "_QUOTA", tmp_path / "cpu.max")
    assert usable_processors() == count


@pytest.mark.usefixtures("bound")
@pytest.mark.parametrize(("quota", "count"), [("-1", 6), ("200000", 2)])
def test_the_older_control_groups_are_read_too(
    quota: str, count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = (tmp_path / "quota", tmp_path / "period")
    for path, text in zip(paths, (quota, "100000"), strict=True):
        path.write_text(text)
    monkeypatch.setattr(threads, "_OLDER_QUOTA", paths)
    assert usable_processors() == count


@pytest.mark.usefixtures("bound")
def test_small_products_take_one_thread_and_what_was_set_comes_back() -> None:
    before = _threads()
    with product_threads(WIDE - 1):
        assert _threads() == {1}
    with product_threads(WIDE):
        assert max(_threads()) <= 6
    assert _threads() == before


@pytest.mark.usefixtures("bound")
@pytest.mark.parametrize(("asked", "most"), [("1", 1), ("2", 2), ("64", 6), ("all", 6), ("0", 6)])
def test_what_the_user_asks_for_bounds_large_products_too(
    asked: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", asked)
    with product_threads(WIDE):
        assert max(_threads()) <= most


@pytest.mark.usefixtures("bound")
def test_a_sample_takes_one_thread_and_the_search_more(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, set[int]] = {}

    def watched(name: str) -> None:
        run = getattr(stages, name)

        def watching(*arguments: object) -> object:
            seen[name] = _threads()
            return run(*arguments)

        monkeypatch.setattr(stages, name, watching)

    monkeypatch.setattr(threads, "WIDE", 1)
    for name in ("measure_all", "ask_from_the_wider", "search_both_ways"):
        watched(name)
    with product_threads(WIDE):
        most = _threads()
    compare_checkpoints(model(llama(1)), model(llama(2)), effort="search")
    assert seen == {"measure_all": {1}, "ask_from_the_wider": {1}, "search_both_ways": most}
