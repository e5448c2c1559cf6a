"""The commands ``unmix`` and ``tree`` as a user runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

import lineage_audit
from lineage_audit.cli import run
from lineage_audit.library.database import open_database
from tests.models import SMALL, WIDE, Weights, llama, llama_config, noisy, repository, write


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A base, two fine-tunes and their merge, on disk."""
    base = llama(1, WIDE)
    code, chat = noisy(base, 2, 0.2), noisy(base, 3, 0.3)
    merged: Weights = {name: 0.7 * code[name] + 0.3 * chat[name] for name in base}
    root = tmp_path_factory.mktemp("models")
    models = {"base": base, "code": code, "chat": chat, "merged": merged, "stranger": llama(7, WIDE)}
    return {name: str(write(root / name, repository(weights, llama_config(WIDE)))) for name, weights in models.items()}


def test_unmix_prints_the_weights_and_writes_the_recipe(
    folders: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = tmp_path / "recipe.yaml"
    parents = ["--parent", folders["code"], "--parent", folders["chat"]]
    assert run(["unmix", folders["merged"], *parents, "--base", folders["base"], "--recipe", str(recipe)]) == 0
    printed = capsys.readouterr().out
    assert "LINEAR" in printed
    assert "0.700 (0.700 to 0.700)" in printed
    stated = yaml.safe_load(recipe.read_text())
    assert [model["parameters"]["weight"] for model in stated["models"]] == [0.7, 0.3]


def test_unmix_of_a_stranger_ends_with_three_and_states_no_weight(
    folders: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    parents = ["--parent", folders["code"], "--parent", folders["chat"]]
    for base in ([], ["--base", folders["base"]]):
        assert run(["unmix", folders["stranger"], *parents, *base]) == 3
        printed = capsys.readouterr().out
        assert "No relation of stranger to the named parents was found" in " ".join(printed.split())
        assert "Weight of" not in printed
        assert "unexplained" not in printed


def test_unmix_of_what_the_parents_explain_in_part_states_the_nearest_weights(
    folders: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["unmix", folders["chat"], "--parent", folders["code"], "--base", folders["base"]]) == 3
    assert "Weight of A" in capsys.readouterr().out


def test_a_tree_in_which_pairs_stayed_open_and_none_is_related_ends_with_three(
    folders: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = write(tmp_path / "small", repository(llama(1, SMALL), llama_config(SMALL)))
    assert run(["tree", folders["base"], folders["stranger"], str(small)]) == 3
    assert "could not be compared" in capsys.readouterr().out
    assert run(["tree", folders["base"], folders["code"], str(small), "-q"]) == 0


def test_parents_may_be_names_in_a_library(folders: dict[str, str], tmp_path: Path) -> None:
    library = str(tmp_path / "shelf.library")
    assert run(["library", "add", folders["code"], folders["chat"], "--library", library]) == 0
    with open_database(Path(library)) as database:
        names = {entry.ref: entry.name for entry in database.entries()}
    found = lineage_audit.unmix(folders["merged"], [names[folders["code"]], names[folders["chat"]]], library=library)
    assert [round(share.value, 2) for share in found.weights] == [0.7, 0.3]


def test_a_library_that_is_not_needed_need_not_be_there(
    folders: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Paths are no names, so ``LINEAGE_AUDIT_LIBRARY`` may lead nowhere; a name is looked for, and then it matters."""
    monkeypatch.setenv("LINEAGE_AUDIT_LIBRARY", str(tmp_path / "absent.library"))
    parents = ["--parent", folders["code"], "--parent"]
    assert run(["unmix", folders["merged"], *parents, folders["chat"], "--base", folders["base"], "-q"]) == 0
    assert run(["unmix", folders["merged"], *parents, "chat", "--base", folders["base"], "-q"]) == 2
    assert "absent.library: no such library" in capsys.readouterr().err


def test_a_path_means_the_model_that_is_there_whatever_the_library_calls_so(
    folders: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = str(tmp_path / "shelf.library")
    assert run(["library", "add", folders["stranger"], "--name", "chat", "--library", library]) == 0
    monkeypatch.chdir(Path(folders["chat"]).parent)
    found = lineage_audit.unmix("merged", ["code", "chat"], library=library)
    assert [round(share.value, 2) for share in found.weights] == [0.7, 0.3]


def test_unmix_of_one_parent_without_a_base_is_an_error(folders: dict[str, str]) -> None:
    assert run(["unmix", folders["merged"], "--parent", folders["code"]]) == 2


def test_tree_takes_models_and_fingerprints_and_writes_by_suffix(folders: dict[str, str], tmp_path: Path) -> None:
    fingerprint = tmp_path / "base.fingerprint"
    lineage_audit.fingerprint(folders["base"], fingerprint)
    models = [str(fingerprint), folders["code"], folders["chat"], folders["stranger"]]
    begins = {"json": "{", "dot": "digraph", "mmd": "flowchart", "md": "## Family tree"}
    paths = {suffix: tmp_path / f"tree.{suffix}" for suffix in begins}
    assert run(["tree", *models, *(word for path in paths.values() for word in ("-o", str(path)))]) == 0
    assert all(path.read_text().startswith(begins[suffix]) for suffix, path in paths.items())
    document = json.loads((tmp_path / "tree.json").read_text())
    assert sorted(map(len, document["groups"])) == [1, 3]
    assert {(edge["source"], edge["target"]) for edge in document["edges"]} == {("m1", "m2"), ("m1", "m3")}


def test_a_tree_without_models_is_an_error() -> None:
    assert run(["tree"]) == 2
