"""No output tells whose machine it was: no command line, path or fingerprint leads out of the working directory."""

from pathlib import Path

import pytest

from lineage_audit import compare, fingerprint
from lineage_audit.cli import run
from tests.claims.repositories import base_weights, card, derived_weights, independent_weights, write_model

FREE = {"license": "mit"}


@pytest.fixture
def models(tmp_path, monkeypatch):
    """Three models of somebody's, seen from elsewhere."""
    home = tmp_path / "home" / "somebody"
    folders = [
        write_model(home / "base", base_weights(), card(FREE)),
        write_model(home / "nova", derived_weights(), card({**FREE, "base_model": "base"})),
        write_model(home / "third", independent_weights(), card(FREE)),
    ]
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return [str(folder) for folder in folders]


def shown(capsys) -> str:
    return capsys.readouterr().out


COMMANDS = {
    "compare": ("compare", "{base}", "{nova}"),
    "compare beside a base": ("compare", "{base}", "{nova}", "--base={base}"),
    "check": ("check", "{nova}", "--earlier", "{base}"),
    "check by name": ("check", "{nova}", "--reference=org/other={base}"),
    "inspect": ("inspect", "{nova}"),
    "tree": ("tree", "{base}", "{nova}"),
    "unmix": ("unmix", "{nova}", "--parent={base}", "--parent", "{third}"),
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_report_names_the_folder_and_not_where_it_lies(command, models, capsys):
    words = [word.format(base=models[0], nova=models[1], third=models[2]) for word in command]
    files = [Path(f"report.{suffix}") for suffix in ("json", "html", "md")]
    assert run([*words, *(f"-o{file}" for file in files), "--format", "terminal"]) in (0, 1, 3)
    for text in (shown(capsys), *(file.read_text(encoding="utf-8") for file in files)):
        assert "nova" in text
        assert "somebody" not in text


def test_so_does_a_comparison_that_is_called(models):
    assert "somebody" not in str(compare(*models[:2]).to_dict())


def test_a_fingerprint_file_holds_the_name_of_the_folder(models, tmp_path):
    fingerprint(models[0], tmp_path / "base.fingerprint")
    assert b"somebody" not in (tmp_path / "base.fingerprint").read_bytes()


def test_an_auditor_is_named_where_one_is_said(models, capsys):
    for command in (("compare", *models[:2]), ("check", models[1], "--earlier", models[0])):
        run([*command, "--format", "json"])
        assert '"auditor": null' in shown(capsys)
        run([*command, "--format", "json", "--auditor", "Ada"])
        assert '"auditor": "Ada"' in shown(capsys)
