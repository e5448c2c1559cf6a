"""Controls of what people quote: from fingerprints, and from the independent models of a library."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from lineage_audit import compare, fingerprint
from lineage_audit.library.controls import controls_of_library
from lineage_audit.library.database import open_database
from lineage_audit.library.database_entries import Label
from lineage_audit.library.fingerprint import Fingerprint, compare_fingerprints, from_bytes, read_fingerprint, to_bytes
from lineage_audit.library.fingerprint.document import document_of

SAMPLES = Path(__file__).parents[2] / "sample_checkpoints"
NAMES = ("llama-style-parent", "llama-style-twin", "llama-style-finetune", "yi-style-independent")


@pytest.fixture(scope="module")
def sketches(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("fingerprints")
    for name in NAMES:
        fingerprint(SAMPLES / name, folder / f"{name}.fp")
    return {name: folder / f"{name}.fp" for name in NAMES}


@pytest.fixture(scope="module")
def library(sketches: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("library") / "small.library"
    with open_database(path, create=True) as database:
        for name, file in sketches.items():
            database.add(read_fingerprint(file), Label(name))
    return path


@pytest.mark.parametrize("other", ["llama-style-twin", "llama-style-finetune"])
def test_fingerprints_give_the_numbers_that_weights_give(sketches: dict[str, Path], other: str) -> None:
    of_weights = compare(SAMPLES / NAMES[0], SAMPLES / other)
    of_sketches = compare(sketches[NAMES[0]], sketches[other])
    near = {"norm-cosine": 0.001, "deviation-curve": 0.1, "raw-cosine": 0.02, "relative-difference": 0.1}
    for one, estimate in zip(of_weights.controls, of_sketches.controls, strict=True):
        assert one.number_id == estimate.number_id
        assert one.value is not None
        assert estimate.value == pytest.approx(one.value, abs=near.get(one.number_id, 1e-9))
    assert of_sketches.quoted is not None
    assert of_sketches.quoted.differences is None
    assert {curve.role for curve in of_sketches.quoted.deviations} == {"q", "k", "v", "o"}


def test_a_fingerprint_of_an_earlier_version_states_no_gains(sketches: dict[str, Path]) -> None:
    made = read_fingerprint(sketches[NAMES[0]])
    document = document_of(made)
    assert all(len(gain) == 4 for gain in document["gains"])  # type: ignore[attr-defined]
    other = read_fingerprint(sketches[NAMES[1]])
    found = {one.number_id: one for one in compare_fingerprints(_without_moments(made), other).controls}
    assert found["norm-cosine"].value is None
    assert found["norm-cosine"].says == "cannot be told of these two"


def _without_moments(made: Fingerprint) -> Fingerprint:
    older = replace(made, gains=tuple(replace(gain, mean=None, deviation=None) for gain in made.gains))
    return from_bytes(to_bytes(older), "older")


def test_independent_models_of_a_library_are_controls_and_named(library: Path) -> None:
    parent, twin = SAMPLES / NAMES[0], SAMPLES / NAMES[1]
    report = compare(parent, twin, library=library)
    for number in report.controls:
        (control,) = (one for one in number.controls if one.kind == "library")
        assert control.name == "2 models of small.library that are independent of B, 128 wide"
        assert control.count == 2
    assert not any(one.kind == "library" for number in compare(parent, twin).controls for one in number.controls)


def test_relatives_are_no_controls_nor_is_the_other_model(library: Path, sketches: dict[str, Path]) -> None:
    tuned, yi = read_fingerprint(sketches[NAMES[2]]), read_fingerprint(sketches[NAMES[3]])
    found = controls_of_library(library, tuned, yi.identity.digest)
    assert found["raw-cosine"].name.startswith("1 models of small.library")
    assert abs(found["raw-cosine"].high) < 0.05


def test_fingerprints_are_held_against_a_library_too(library: Path, sketches: dict[str, Path]) -> None:
    report = compare(sketches[NAMES[0]], sketches[NAMES[1]], library=library)
    assert all(any(one.kind == "library" for one in number.controls) for number in report.controls)
