"""``--fix`` writes what the fixes say and nothing else; what it wrote is no finding any more."""

from pathlib import Path

import pytest

from lineage_audit import check
from lineage_audit.claims.fixes import changes_of
from lineage_audit.cli import run
from lineage_audit.results import Edit
from tests.claims.repositories import base_weights, card, derived_weights, write_model

LLAMA = {"license": "llama3.1"}
LLAMA_TEXT = 'LLAMA 3.1 COMMUNITY LICENSE AGREEMENT\n\nBy clicking "I Accept" you agree.\n' + "Terms of it all. " * 60
NOTICE = (
    "Llama 3.1 is licensed under the Llama 3.1 Community License, "
    "Copyright © Meta Platforms, Inc. All Rights Reserved.\n"
)
BUILT = "Built with Llama."


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch, tmp_path, tmp_path_factory):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path_factory.mktemp("hub")))
    monkeypatch.chdir(tmp_path)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture
def base(tmp_path):
    return write_model(tmp_path / "base", base_weights(), card(LLAMA, title="Llama-3.1-8B"), {"LICENSE": LLAMA_TEXT})


def subject(tmp_path, words: bytes, **files: str) -> Path:
    folder = write_model(tmp_path / "Llama-nova", derived_weights(), files={"LICENSE": LLAMA_TEXT, **files})
    (folder / "README.md").write_bytes(words)
    return folder


CARD = f"---\r\nlicense: apache-2.0  # ours\r\ntags: [x]\r\n---\r\n# Llama-nova\r\n\r\n{BUILT}\r\n".encode()
FIXED = (
    f"---\r\nlicense: llama3.1  # ours\r\ntags: [x]\r\nbase_model: base\r\n---\r\n# Llama-nova\r\n\r\n{BUILT}\r\n"
).encode()


def test_what_is_written_is_found_no_more_and_nothing_else_changes(base, tmp_path, capsys):
    ours = subject(tmp_path, CARD)
    before = contents(ours)
    assert run(["check", str(ours), "--earlier", str(base), "--fix", "-q"]) == 1
    assert contents(ours) == {**before, "README.md": FIXED, "NOTICE": NOTICE.encode()}
    told = capsys.readouterr().err
    assert "README.md: base_model now states: base" in told
    assert "README.md: license now states: llama3.1" in told
    assert "NOTICE: was added" in told
    assert run(["check", str(ours), "--earlier", str(base), "--fix", "-q"]) == 0
    assert contents(ours)["README.md"] == FIXED


def test_a_dry_run_shows_the_diff_and_writes_nothing(base, tmp_path, capsys):
    ours = subject(tmp_path, CARD.replace(b"\r\n", b"\n"), NOTICE="Ours.\n")
    before = contents(ours)
    assert run(["check", str(ours), "--earlier", str(base), "--fix", "--dry-run"]) == 1
    assert contents(ours) == before
    shown = capsys.readouterr().out
    assert shown.startswith("--- a/NOTICE\n+++ b/NOTICE\n@@ -1 +1,3 @@\n Ours.\n+\n+Llama 3.1 is licensed")
    assert "-license: apache-2.0  # ours\n+license: llama3.1  # ours\n" in shown
    assert "+base_model: base\n" in shown


@pytest.mark.parametrize(
    "words", [CARD.replace(b"tags: [x]", b"tags: [x"), CARD.decode().encode("utf-16"), CARD.replace(b"---\r\n#", b"#")]
)
def test_a_card_that_could_not_be_read_is_never_touched(words, base, tmp_path):
    ours = subject(tmp_path, words)
    assert run(["check", str(ours), "--earlier", str(base), "--fix", "-q"]) in (1, 3)
    assert contents(ours)["README.md"] == words


def test_a_linked_card_is_left_alone_and_said_to_be(base, tmp_path, capsys):
    ours = subject(tmp_path, CARD)
    (ours / "README.md").rename(ours / "blob.md")
    (ours / "README.md").symlink_to("blob.md")
    run(["check", str(ours), "--earlier", str(base), "--fix", "-q"])
    assert (ours / "blob.md").read_bytes() == CARD
    assert "README.md was not changed: it is a link." in capsys.readouterr().err


def test_what_is_allowed_is_not_fixed(base, tmp_path):
    ours = subject(tmp_path, CARD)
    (tmp_path / "lineage-audit.yaml").write_text(
        "".join(f"{'allow:' if not n else ''}\n- rule: {rule}\n  reason: agreed" for n, rule in enumerate(RULES)) + "\n"
    )
    assert run(["check", str(ours), "--earlier", str(base), "--fix", "-q"]) == 0
    assert contents(ours)["README.md"] == CARD
    assert "NOTICE" not in contents(ours)


RULES = ("LA101", "LA203", "LA211")


def test_findings_that_do_not_agree_leave_the_key_alone(base, tmp_path):
    assert base.is_dir()
    write_model(tmp_path / "other", base_weights(), card({"license": "gemma"}, title="Gemma"))
    ours = subject(tmp_path, CARD.replace(b"tags", b"base_model: [base, other]\r\ntags"))
    report = check(ours)
    assert {Edit("README.md", "license", "gemma"), Edit("README.md", "license", "llama3.1")} <= {
        edit for finding in report.findings for edit in finding.edits
    }
    (change,) = [change for change in changes_of(report, ours) if change.name == "README.md"]
    assert (change.edits, change.after) == ((), change.before)
    (reason,) = change.left
    assert reason.startswith("license in README.md was not changed: the findings ask for ")


@pytest.mark.parametrize("arguments", [["org/name", "--fix"], [".", "--dry-run"]])
def test_what_cannot_be_fixed_is_an_error_before_the_work(arguments, capsys):
    assert run(["check", *arguments]) == 2
    assert "--fix" in capsys.readouterr().err
