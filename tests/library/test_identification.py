"""Who is the parent: the right one first, nobody where there is none, and no relative lost by the prefilter."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lineage_audit.library.database import Database, open_database
from lineage_audit.library.database_entries import Label, Signatures
from lineage_audit.library.fingerprint.parameters import SCHEME
from lineage_audit.library.fingerprint.signature import PARTS
from lineage_audit.library.identification import corrected, identify_on_database
from lineage_audit.library.nearness import order_of
from lineage_audit.library.prefilter import shortlist
from tests.comparison.symmetry_worlds import SYMMETRIES
from tests.library.models import SIZE, fingerprint, rotated
from tests.models import llama, noisy

BASES = {f"base-{seed}": llama(seed, SIZE) for seed in range(5)}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Database:
    database = open_database(tmp_path_factory.mktemp("shelf") / "models.library", create=True)
    for name, weights in BASES.items():
        database.add(fingerprint(weights), Label(name, "made up"))
    return database


def test_the_parent_is_named_first(database: Database) -> None:
    answer = identify_on_database(fingerprint(noisy(BASES["base-3"], 1, 0.1), every_unit=True), database)
    assert answer.outcome == "found"
    assert [relative.name for relative in answer.relatives] == ["base-3"]
    assert answer.models == 5
    nearest = answer.relatives[0]
    assert nearest.log10_p is not None
    assert nearest.corrected_log10_p == pytest.approx(nearest.log10_p + np.log10(5))
    assert nearest.distance == pytest.approx(0.1, abs=0.02)


def test_a_nearer_relative_comes_before_a_farther_one(database: Database) -> None:
    parent = noisy(BASES["base-3"], 1, 0.3)
    database.add(fingerprint(parent), Label("child"))
    try:
        answer = identify_on_database(fingerprint(noisy(parent, 2, 0.05)), database)
    finally:
        database.remove("child")
    assert [relative.name for relative in answer.relatives] == ["child", "base-3"]


def test_none_of_these_is_an_answer_with_a_limit(database: Database) -> None:
    answer = identify_on_database(fingerprint(llama(99, SIZE)), database)
    assert answer.outcome == "none"
    assert answer.relatives == ()
    assert answer.detection_limit is not None
    assert answer.detection_limit < 0.1
    assert "None of these 5" in answer.summary


def test_none_of_those_that_could_be_compared_is_no_answer_for_the_rest(tmp_path: Path) -> None:
    from tests.models import SMALL

    with open_database(tmp_path / "two", create=True) as mixed:
        mixed.add(fingerprint(BASES["base-1"]), Label("comparable"))
        mixed.add(fingerprint(llama(1, SMALL), SMALL), Label("of another shape"))
        answer = identify_on_database(fingerprint(llama(99, SIZE)), mixed)
    assert answer.outcome == "inconclusive"
    assert answer.undecided == ("of another shape",)
    assert answer.summary.startswith("None of the 1 that could be compared")
    assert "1 unknown" in answer.summary


def test_the_same_weights_come_before_what_they_were_made_into(database: Database) -> None:
    database.add(fingerprint(noisy(BASES["base-3"], 1, 0.1)), Label("child"))
    try:
        answer = identify_on_database(fingerprint(BASES["base-3"]), database)
    finally:
        database.remove("child")
    assert [relative.relation for relative in answer.relatives] == ["identical", "derived"]


def test_what_is_left_out_is_not_looked_at(database: Database) -> None:
    subject = fingerprint(BASES["base-3"])
    assert identify_on_database(subject, database).relatives[0].relation == "identical"
    assert identify_on_database(subject, database, leave_out=["base-3"]).outcome == "none"


def test_nothing_comparable_is_inconclusive(tmp_path: Path) -> None:
    from tests.models import SMALL

    with open_database(tmp_path / "one", create=True) as small:
        assert identify_on_database(fingerprint(BASES["base-1"]), small).outcome == "none"
        small.add(fingerprint(llama(1, SMALL), SMALL), Label("small"))
        answer = identify_on_database(fingerprint(BASES["base-1"]), small)
    assert answer.outcome == "inconclusive"
    assert answer.undecided == ("small",)


def test_p_values_are_corrected_for_the_whole_database() -> None:
    assert corrected(-10.0, 1000) == pytest.approx(-7.0)
    assert corrected(-1.0, 1000) == 0.0
    assert corrected(None, 1000) is None


@pytest.mark.parametrize("symmetry", [*SYMMETRIES, "rotation"])
def test_the_prefilter_loses_no_disguised_child(symmetry: str) -> None:
    rng = np.random.default_rng(8)
    child = noisy(BASES["base-3"], 1, 0.1)
    aligned_a = rotated(child, 3) if symmetry == "rotation" else SYMMETRIES[symmetry](child, SIZE, rng)
    strangers = rng.normal(0, 32, (3000, len(PARTS), SCHEME.signature)).clip(-127, 127).astype(np.int8)
    strangers[1234] = fingerprint(BASES["base-3"]).signature
    shapes = np.tile(np.array([SIZE.hidden, SIZE.ffn]), (3000, 1))
    signatures = Signatures(tuple(map(str, range(3000))), shapes, strangers)
    chosen = shortlist(signatures, fingerprint(aligned_a).signature, (SIZE.hidden, SIZE.ffn))
    assert chosen.names[0] == "1234"
    assert chosen.limit is not None
    assert chosen.limit < 0.5


def test_models_of_another_shape_are_not_compared_by_number() -> None:
    rng = np.random.default_rng(8)
    strangers = rng.normal(0, 32, (100, len(PARTS), SCHEME.signature)).clip(-127, 127).astype(np.int8)
    shapes = np.array([[SIZE.hidden, SIZE.ffn] if row < 3 else [SIZE.hidden + 32, SIZE.ffn] for row in range(100)])
    subject = np.zeros((len(PARTS), SCHEME.signature), dtype=np.int8)
    subject[:2] = strangers[50, :2]
    chosen = shortlist(Signatures(tuple(map(str, range(100))), shapes, strangers), subject, (SIZE.hidden, SIZE.ffn))
    assert set(chosen.names) == {"0", "1", "2"}


def test_a_sibling_on_the_way_stands_behind_the_parent() -> None:
    """X drifted the way the subject drifted, and on: the steps parent to X and X to subject agree."""
    parent, x, subject = np.array([0.0, 0.0]), np.array([0.06, 0.0]), np.array([0.15, 0.22])
    points = [x, parent]
    distances = [float(np.linalg.norm(subject - point)) for point in points]
    assert distances[0] < distances[1]
    assert order_of(distances, lambda i, j: float(np.linalg.norm(points[i] - points[j]))) == [1, 0]


def test_a_true_chain_keeps_its_order() -> None:
    base, parent, subject = np.array([0.0, 0.0]), np.array([0.1, 0.0]), np.array([0.1, 0.3])
    points = [base, parent]
    distances = [float(np.linalg.norm(subject - point)) for point in points]
    assert order_of(distances, lambda i, j: float(np.linalg.norm(points[i] - points[j]))) == [1, 0]
