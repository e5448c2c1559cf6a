"""The sweep over model types: small configurations, one row, and what rows come to."""

from pathlib import Path

import pytest

from benchmarks.architectures.small import LAYERS, WIDTH, every_kind, shrunken
from benchmarks.architectures.summary import summary_of
from benchmarks.architectures.sweep import Finding, Row, read_row
from lineage_audit import compare

FOUND = Finding("derived", ("ffn-signs",))
CALIBRATED = Finding("derived")
CLEARED = Finding("independent")
BROKEN = Finding(None, error="IndexError: too far")


def test_sizes_are_made_small_at_every_depth() -> None:
    stated = {"hidden_size": 4096, "text_config": {"hidden_size": 8192, "vocab_size": 99}, "tie": True, "rope": 1e4}
    small = shrunken(stated)
    assert small == {
        "hidden_size": WIDTH,
        "text_config": {"hidden_size": WIDTH, "vocab_size": 99},
        "tie": True,
        "rope": 1e4,
    }


def test_every_kind_of_layer_is_kept() -> None:
    stated = {"num_hidden_layers": 12, "layer_types": ["linear"] * 9 + ["full"] * 3, "heads_by_layer": list(range(12))}
    small = shrunken(stated)
    assert small["num_hidden_layers"] == LAYERS
    assert set(small["layer_types"]) == {"linear", "full"}
    assert small["heads_by_layer"] == list(range(LAYERS))


def test_a_list_of_few_kinds_is_filled_up() -> None:
    assert every_kind(["a", "b", "a"], 4) == ["a", "b", "a", "b"]


@pytest.mark.parametrize(
    ("findings", "found", "accused", "errors"),
    [
        ((FOUND, CLEARED, FOUND), 1, 0, 0),
        ((CALIBRATED, CLEARED, FOUND), 0, 0, 0),
        ((FOUND, Finding("shared-origin", ("ffn-signs",)), BROKEN), 0, 1, 1),
    ],
)
def test_rows_are_summed_up(findings: tuple[Finding, Finding, Finding], found: int, accused: int, errors: int) -> None:
    noisy, stranger, permuted = findings
    row = Row("causal__x", mapped=1.0, noisy=noisy, stranger=stranger, permuted=permuted)
    summary = summary_of([row, Row("causal__y", not_built="TypeError")])
    assert (summary.built, summary.mapped) == (1, 1)
    assert (summary.found, summary.accused, summary.errors) == (found, accused, errors)
    assert summary.is_wrong == bool(accused or errors)


def test_a_row_is_read_as_it_was_written() -> None:
    row = Row("causal__x", mapped=0.5, parts=(("language_model", 4),), unmapped=("a.{L}.b",), noisy=FOUND)
    assert read_row(row.written()) == row


def test_a_family_of_copies_is_written_and_found(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    from benchmarks.architectures.models import write_family

    places = write_family("causal__mamba2", tmp_path)
    report = compare(str(places["original"]), str(places["noisy"]), effort="full")
    assert report.verdict.relation == "derived"
    assert any(test.test_id == "mixer-fixed-points" and (test.log10_p or 0) < -6 for test in report.evidence)
