"""The benchmark of published models, end to end against a Hub on this machine with small stand-ins."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.hub import __main__ as benchmark
from benchmarks.hub.pairs import read_pairs
from tests.checkpoint.source.conftest import hub  # noqa: F401 - a fixture
from tests.hub_server import Fault, HubRepository, HubServer

SAMPLES = Path(__file__).parents[3] / "sample_checkpoints"
PAIRS = """a\tb\trelation\tdirection\thow\tsource
org/parent\torg/finetune\tderived\ta->b\tfine-tuned\tours
org/parent\torg/twin\tindependent\t\t\tours
org/finetune\torg/sibling\tsiblings\t\t\tours
org/twin\torg/gated\tindependent\t\t\tours
org/twin\torg/gone\tderived\t\t\tours
org/parent\torg/sibling\tunsettled\t\tnobody knows\tours
"""


@pytest.fixture
def published(hub: HubServer, tmp_path: Path) -> Path:  # noqa: F811
    """Four stand-ins on the Hub, one of them gated, and the table of pairs."""
    if not SAMPLES.is_dir():
        pytest.skip("no sample checkpoints")
    names = {"parent": "parent", "finetune": "finetune", "sibling": "finetune", "twin": "twin", "gated": "twin"}
    for name, sample in names.items():
        folder = SAMPLES / f"llama-style-{sample}"
        files = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
        large = frozenset(file for file in files if file.endswith(".safetensors"))
        hub.add(HubRepository(f"org/{name}", files, large, gated=name == "gated"))
    table = tmp_path / "pairs.tsv"
    table.write_text(PAIRS)
    return table


def _run(table: Path, *more: str) -> int:
    return benchmark.main(["--pairs", str(table), "--results", str(table.with_name("results.jsonl")), *more])


def test_the_tables_of_the_zoo_and_what_was_left_out(published: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(published) == 0
    said = capsys.readouterr()
    assert said.err.startswith("6 pairs to audit, about 0.2 GB to read")
    assert "related pairs detected             2 of 2" in said.out
    assert "independent pairs cleared          1 of 1" in said.out
    assert "direction: 0 right, 0 wrong, 1 undetermined" in said.out
    assert "not judged: org/parent | org/sibling" in said.out
    assert "left out: 2" in said.out
    assert "org/gated: is gated: accept its licence" in said.out
    assert "org/gone: no such model" in said.out


def test_what_is_done_is_not_done_again(
    published: Path,
    hub: HubServer,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert _run(published, "--limit", "2") == 0
    asked = len(hub.requests())
    results = published.with_name("results.jsonl")
    with results.open("a") as file:
        file.write('{"a": "org/fine')  # an interruption in the middle of a line
    assert _run(published, "--limit", "2") == 0
    assert len(hub.requests()) == asked
    assert "0 pairs to audit" in capsys.readouterr().err
    assert _run(published, "--limit", "3") == 0
    assert len(hub.requests()) > asked


def test_a_broken_connection_is_tried_again_in_the_next_run(
    published: Path,
    hub: HubServer,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    hub.faults.append(Fault("api/models/org/finetune", "status", times=5, value=503))
    assert _run(published, "--limit", "2") == 0
    assert "failed, 1: org/finetune" in capsys.readouterr().out
    assert _run(published, "--limit", "2") == 0
    assert "related pairs detected             1 of 1" in capsys.readouterr().out


def test_traffic_is_foretold_and_nothing_is_read_on_a_dry_run(
    published: Path,
    hub: HubServer,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert _run(published, "--dry-run") == 0
    assert not hub.requests()
    assert _run(published, "--dry-run", "--effort", "full") == 0
    assert "whole weight files of 5 models, 1 not listed" in capsys.readouterr().err
    assert not hub.requests("large")


def test_the_table_of_published_pairs() -> None:
    pairs = read_pairs()
    assert len(pairs) == 461
    assert len({pair.key for pair in pairs}) == 461
    assert sum(pair.known == "unsettled" for pair in pairs) == 1
    known = {pair.key: pair for pair in pairs}
    distilled = known["google-bert/bert-base-uncased", "distilbert/distilbert-base-uncased"]
    assert (distilled.known, distilled.direction) == ("derived", "a->b")
    assert known["openai-community/gpt2", "distilbert/distilgpt2"].known == "derived"
    assert all(pair.source for pair in pairs)


def test_a_pair_without_a_stated_direction_is_not_judged_by_it() -> None:
    pair = next(pair for pair in read_pairs() if pair.known == "derived" and pair.direction is None)
    assert pair.judged("b->a").truth.direction == "b->a"
    siblings = next(pair for pair in read_pairs() if pair.known == "siblings")
    assert siblings.judged("b->a").truth.direction == "undetermined"
    assert json.dumps(sorted(siblings.judged("b->a").truth.accepted)) == '["derived", "shared-origin"]'


def test_a_list_without_a_column_for_the_direction(tmp_path: Path) -> None:
    table = tmp_path / "list.tsv"
    table.write_text("a\tb\trelation\thow\tsource\no/a\to/b\tderived\ta->b\tx\no/c\to/d\tdistilled\tlogits\tx\n")
    stated, distilled = read_pairs(table)
    assert (stated.known, stated.direction) == ("derived", "a->b")
    assert (distilled.known, distilled.direction, distilled.how) == ("unsettled", None, "logits")
