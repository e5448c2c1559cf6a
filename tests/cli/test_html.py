"""``--format html`` and ``--figures DIR``: pages and pictures written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from lineage_audit.cli import run
from lineage_audit.errors import LineageAuditError
from lineage_audit.report.figures import write_files
from tests.cli.running import FINETUNE, PARENT, TWIN

pytestmark = pytest.mark.filterwarnings("error")


def test_a_suffix_or_the_format_asks_for_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page, check = tmp_path / "report.html", tmp_path / "check.html"
    assert run(["compare", PARENT, FINETUNE, "-o", str(page)]) == 0
    assert run(["check", FINETUNE, "--reference", PARENT, "-o", str(check), "--figures", str(tmp_path / "f")]) in (0, 1)
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert check.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert [path.name for path in (tmp_path / "f").iterdir()] == ["references.svg"]
    capsys.readouterr()
    assert run(["compare", PARENT, FINETUNE, "--format", "html"]) == 0
    assert capsys.readouterr().out.startswith("<!doctype html>")


def test_figures_go_into_a_folder_that_is_made(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "figures"
    assert run(["compare", PARENT, FINETUNE, "-q", "--figures", str(folder)]) == 0
    names = {path.name for path in folder.iterdir()}
    assert {"layers.svg", "roles.svg", "null-ffn-signs.svg", "recipe.svg"} <= names
    assert [path.name for path in folder.parent.iterdir()] == ["figures"]


def test_a_full_folder_keeps_its_other_files_and_a_link_is_replaced(tmp_path: Path) -> None:
    outside, folder = tmp_path / "outside.svg", tmp_path / "figures"
    outside.write_text("mine")
    folder.mkdir()
    (folder / "note.txt").write_text("kept")
    (folder / "layers.svg").symlink_to(outside)
    write_files(folder, {"layers.svg": b"<svg/>"})
    assert outside.read_text() == "mine"
    assert (folder / "layers.svg").read_text() == "<svg/>"
    assert (folder / "note.txt").read_text() == "kept"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["figures", "outside.svg"]


@pytest.mark.parametrize("name", ["../up.svg", "a/b.svg", "/tmp/x.svg", "..", ".hidden", ""])
def test_no_name_leaves_the_folder(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "figures"
    with pytest.raises(LineageAuditError, match="is no name of a figure"):
        write_files(folder, {"good.svg": b"<svg/>", name: b"<svg/>"})
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_is_one_clear_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert run(["compare", PARENT, FINETUNE, "-q", "--figures", str(blocked / "figures")]) == 2
    assert "figures cannot be written" in capsys.readouterr().err


def test_a_tree_and_an_unmixing_write_theirs(tmp_path: Path) -> None:
    tree, merge = tmp_path / "tree.html", tmp_path / "merge.html"
    assert run(["tree", PARENT, FINETUNE, "-q", "-o", str(tree), "--figures", str(tmp_path / "t")]) == 0
    parents = ["--parent", FINETUNE, "--parent", TWIN, "--base", PARENT]
    assert run(["unmix", FINETUNE, *parents, "-q", "-o", str(merge), "--figures", str(tmp_path / "m")]) in (0, 3)
    for page in (tree, merge):
        assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert [path.name for path in (tmp_path / "t").iterdir()] == ["tree.svg"]
    assert [path.name for path in (tmp_path / "m").iterdir()] == ["merge.svg"]
