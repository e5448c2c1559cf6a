"""A card that names no base is held against a library of fingerprints: who is named, who is not, what it rests on."""

import math
from pathlib import Path

import pytest

from lineage_audit import check
from lineage_audit.errors import LineageAuditError
from lineage_audit.library.database import open_database
from lineage_audit.library.database_entries import Label
from lineage_audit.library.fingerprint import make_or_read
from tests.claims.repositories import card, write_model
from tests.library.models import SIZE
from tests.models import Size, Weights, llama, llama_config, noisy

BASE, STRANGER = llama(1, SIZE), llama(2, SIZE)
NARROW = Size(layers=2, hidden=32, heads=4, kv_heads=2, ffn=48, vocab=64)
SCRATCH = "This model was trained from scratch by us."
FREE, NON_COMMERCIAL = {"license": "cc-by-4.0"}, {"license": "cc-by-nc-4.0"}


@pytest.fixture(autouse=True)
def offline(monkeypatch, tmp_path_factory):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path_factory.mktemp("hub")))


def written(folder: Path, weights: Weights, front: dict[str, str], *prose: str, size: Size = SIZE) -> Path:
    return write_model(folder, weights, card(front, *prose), config=llama_config(size))


def library(folder: Path, *models: Path, added: str | None = None) -> Path:
    path = folder / "bases.library"
    with open_database(path, create=True) as database:
        for model in models:
            database.add(make_or_read(str(model)), Label(model.name))
        if added is not None:
            database._connection.execute("UPDATE models SET added = ?", (added,))
    return path


def found(report):
    return {(finding.rule_id, finding.level) for finding in report.findings}


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    """Nine bases of one shape, the fifth of which is not for commerce."""
    folder = tmp_path_factory.mktemp("library")
    models = [written(folder / f"base-{seed}", llama(seed, SIZE), FREE) for seed in range(20, 28)]
    models.append(written(folder / "base-1", BASE, NON_COMMERCIAL))
    return library(folder, *models, added="2024-05-01T12:00:00Z")


def policy(folder: Path, released: str) -> Path:
    path = folder / "policy.yaml"
    path.write_text(f"released: {released}\n", encoding="utf-8")
    return path


class TestWithoutABase:
    def test_a_relative_without_an_order_stops_the_check_and_accuses_nobody(self, shelf, tmp_path):
        subject = written(tmp_path / "subject", noisy(BASE, 3, 0.05), FREE, SCRATCH)
        report = check(subject, library=shelf)
        assert found(report) == {("LA107", "warning")}
        assert report.outcome == "inconclusive"
        assert report.concluded_licence is None
        (reference,) = report.references
        assert (reference.ref, reference.origin, reference.standing) == ("base-1", "library", "order-open")

    def test_a_library_that_held_it_before_the_release_shows_the_order(self, shelf, tmp_path):
        subject = written(tmp_path / "subject", noisy(BASE, 3, 0.05), FREE, SCRATCH)
        report = check(subject, library=shelf, policy=policy(tmp_path, "2025-01-01"))
        assert {("LA101", "error"), ("LA104", "error"), ("LA202", "error")} <= found(report)
        assert report.outcome == "failed"
        evidence = next(finding.evidence for finding in report.findings if finding.rule_id == "LA101")
        assert any("the library has held base-1 since 2024-05-01" in line for line in evidence)

    def test_a_release_before_that_shows_none(self, shelf, tmp_path):
        subject = written(tmp_path / "subject", noisy(BASE, 3, 0.05), FREE, SCRATCH)
        report = check(subject, library=shelf, policy=policy(tmp_path, "2024-05-01"))
        assert found(report) == {("LA107", "warning")}

    def test_the_p_value_is_corrected_for_every_model(self, shelf, tmp_path):
        subject = written(tmp_path / "subject", noisy(BASE, 3, 0.05), FREE)
        alone = library(tmp_path, written(tmp_path / "base-1", BASE, FREE))
        one, nine = (check(subject, library=path).references[0].log10_p for path in (alone, shelf))
        assert nine == pytest.approx(one + math.log10(9))

    def test_an_honest_original_passes_and_the_search_is_told(self, shelf, tmp_path):
        report = check(written(tmp_path / "subject", STRANGER, FREE, SCRATCH), library=shelf)
        assert (found(report), report.outcome, report.references) == (set(), "passed", ())
        assert report.library is not None
        assert (report.library.models, report.library.related) == (9, ())
        assert report.library.newest == "2024-05-01T12:00:00Z"
        assert "which were added from 2024-05-01 to 2024-05-01" in report.library.summary
        assert "A model that is not in the library cannot be named." in report.caveats

    def test_a_sibling_beside_its_base_is_not_named_as_the_base(self, tmp_path):
        base = written(tmp_path / "base", BASE, FREE)
        sibling = written(tmp_path / "sibling", noisy(BASE, 5, 0.02), {**NON_COMMERCIAL, "base_model": "base"})
        shelf = library(tmp_path, base, sibling, added="2024-05-01T12:00:00Z")
        subject = written(tmp_path / "subject", noisy(BASE, 3, 0.05), FREE)
        report = check(subject, library=shelf, policy=policy(tmp_path, "2025-01-01"))
        named = {finding.rule_id: finding.reference for finding in report.findings}
        assert named.get("LA101") in (None, "base")
        assert "LA202" not in named


class TestWhatIsNotSearched:
    def test_a_base_that_the_weights_bear_out_explains_them(self, shelf, tmp_path):
        written(tmp_path / "base", BASE, FREE)
        subject = written(tmp_path / "subject", noisy(BASE, 3, 0.05), {**FREE, "base_model": "base"})
        report = check(subject, library=shelf)
        assert (report.library, report.outcome) == (None, "passed")

    def test_a_library_of_other_shapes_is_no_pass(self, tmp_path):
        narrow = written(tmp_path / "narrow", llama(4, NARROW), FREE, size=NARROW)
        subject = written(tmp_path / "subject", STRANGER, FREE)
        report = check(subject, library=library(tmp_path, narrow))
        assert found(report) == {("LA909", "warning")}
        assert report.outcome == "inconclusive"

    def test_an_empty_library_is_nothing_to_check_against(self, tmp_path):
        subject = written(tmp_path / "subject", STRANGER, FREE)
        assert check(subject, library=library(tmp_path)).outcome == "not-checked"

    def test_no_such_library_is_an_error(self, tmp_path):
        subject = written(tmp_path / "subject", STRANGER, FREE)
        with pytest.raises(LineageAuditError, match="no such library"):
            check(subject, library=tmp_path / "none.library")
