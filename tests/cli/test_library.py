"""``lineage-audit library`` and ``identify``."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from lineage_audit.cli import run
from lineage_audit.report.json import schema_of
from lineage_audit.results import Identification
from tests.cli.running import FINETUNE, PARENT, SAMPLES, TWIN
from tests.models import SMALL, llama, llama_config, repository, write

pytestmark = pytest.mark.filterwarnings("error")
INDEPENDENT = str(SAMPLES / "yi-style-independent")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = str(tmp_path_factory.mktemp("library") / "models.library")
    facts = ["--name", "org/parent", "--family", "Llama", "--note", "the base"]
    assert run(["library", "add", PARENT, "--library", path, *facts]) == 0
    assert run(["library", "add", INDEPENDENT, "--library", path]) == 0
    return path


def test_the_library_says_what_it_holds(library: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["library", "list", "--library", library]) == 0
    assert "org/parent  Llama  1.61M" in capsys.readouterr().out
    assert run(["library", "list", "--library", library, "--family", "llama", "--json"]) == 0
    assert [entry["name"] for entry in json.loads(capsys.readouterr().out)] == ["org/parent"]
    assert run(["library", "show", "org/parent", "--library", library]) == 0
    assert "cc-by-nc-4.0" in capsys.readouterr().out
    assert run(["library", "show", "nobody", "--library", library]) == 2


def test_the_library_travels(library: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    exported, other = str(tmp_path / "all.zip"), str(tmp_path / "other.library")
    assert run(["library", "export", exported, "--library", library]) == 0
    assert run(["library", "import", exported, "--library", other]) == 0
    assert run(["library", "remove", INDEPENDENT, "--library", other]) == 0
    assert run(["library", "remove", INDEPENDENT, "--library", other]) == 2
    capsys.readouterr()
    assert run(["library", "list", "--library", other, "--json"]) == 0
    assert [entry["note"] for entry in json.loads(capsys.readouterr().out)] == ["the base"]


def test_quiet_says_nothing_but_what_failed(library: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small, other = write(tmp_path / "small", repository(llama(1, SMALL), llama_config(SMALL))), str(tmp_path / "other")
    exported, seeds = str(tmp_path / "all.zip"), tmp_path / "seeds.yaml"
    assert run(["library", "export", exported, "--library", library]) == 0
    seeds.write_text("models:\n  - {id: /nowhere/at-all, family: x}\n")
    capsys.readouterr()
    assert run(["library", "add", str(small), "--library", other, "-q"]) == 0
    assert run(["library", "pull", exported, "--library", other, "-q"]) == 0
    assert capsys.readouterr() == ("", "")
    assert run(["library", "build", "--library", other, "--seeds", str(seeds), "-q"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("failed: ")


def test_the_seed_list_is_shown_without_reading_anything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    library = str(tmp_path / "none.library")
    assert run(["library", "build", "--library", library, "--dry-run", "--family", "Yi"]) == 0
    assert "01-ai/Yi-6B@main  Yi  apache-2.0" in capsys.readouterr().out
    assert not Path(library).exists()


def test_a_build_names_what_failed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seeds = tmp_path / "seeds.yaml"
    seeds.write_text("models:\n  - {id: /nowhere/at-all, family: x}\n")
    assert run(["library", "build", "--library", str(tmp_path / "l"), "--seeds", str(seeds)]) == 2
    captured = capsys.readouterr()
    assert "failed: " in captured.err
    assert "1 of 1 seeds failed" in captured.out


def test_identify_names_the_parent_in_every_format(
    library: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["identify", FINETUNE, "--library", library]) == 0
    shown = capsys.readouterr().out
    assert "RELATIVES FOUND" in shown
    assert "org/parent" in shown
    assert INDEPENDENT not in shown
    assert run(["identify", FINETUNE, "--library", library, "-o", str(tmp_path / "x.json"), "--fail-on", "found"]) == 1
    stated = json.loads((tmp_path / "x.json").read_text())
    assert stated["schema"] == "lineage-audit/identification/1"
    jsonschema.Draft202012Validator(schema_of(Identification)).validate(stated)
    assert [relative["name"] for relative in stated["relatives"]] == ["org/parent"]
    assert run(["identify", FINETUNE, "--library", library, "--format", "markdown"]) == 0
    assert "`org/parent`" in capsys.readouterr().out


def test_none_of_these_and_nothing_comparable(
    library: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINEAGE_AUDIT_LIBRARY", library)
    assert run(["identify", TWIN]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "NONE OF THESE" in shown
    assert "was found to come from any of 2 models of the library" in shown
    assert run(["identify", TWIN, "-q", "--fail-on", "none"]) == 1
    small = str(write(tmp_path / "small", repository(llama(1, SMALL), llama_config(SMALL))))
    assert run(["identify", small, "-q"]) == 3
    assert run(["identify", TWIN, "--library", str(tmp_path / "none")]) == 2


def test_hostile_names_stay_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    library = str(tmp_path / "l")
    name = "\x1b[31mx`|<b>@all [link](http://x)"
    assert run(["library", "add", PARENT, "--library", library, "--name", name, "--family", "\x1b]0;f\x07"]) == 0
    assert run(["library", "list", "--library", library]) == 0
    for format_name in ("terminal", "json", "markdown"):
        assert run(["identify", FINETUNE, "--library", library, "--format", format_name]) == 0
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert "<b>" not in shown.partition("## ")[2]
