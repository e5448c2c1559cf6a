"""Cards of real repositories, whose weights are Git LFS pointers: everything is read, nothing passes unchecked."""

from pathlib import Path

import pytest

from lineage_audit import check

REPOSITORIES = Path(__file__).parents[3] / "shared" / "real-repos"
FOLDERS = sorted(path for path in REPOSITORIES.glob("*") if path.is_dir())
EXPECTED = {
    "chengzeyi+vicuna-7b-delta-v0": {"LA303", "LA306"},
    "HuengchI+Atom-7B": {"LA303", "LA306"},
    "stvlynn+Qwen-7B-Chat-Cantonese": {"LA303", "LA306"},
    "kuolema-aap14+ELYZA-japanese-Llama-2-13b-instruct": {"LA306"},
    "isatyabrata+llama2-7b-chat-hf": {"LA306", "LA902"},
    "gmars+CodeFuse-CodeLlama-34B": {"LA306"},
}
UNCHECKED = {"LA901", "LA903"}

pytestmark = pytest.mark.skipif(not FOLDERS, reason="the real repositories are not beside the project")


@pytest.fixture(autouse=True)
def offline(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_card_is_read_and_nothing_passes(folder):
    report = check(str(folder))
    assert report.outcome == "inconclusive"
    assert not report.weights_read
    for finding in report.findings:
        assert (folder / finding.location.file).is_file()
    if folder.name in EXPECTED:
        assert {finding.rule_id for finding in report.findings} - UNCHECKED == EXPECTED[folder.name]


def test_the_delta_over_llama_is_found_from_its_words():
    report = check(str(REPOSITORIES / "chengzeyi+vicuna-7b-delta-v0"))
    finding = next(finding for finding in report.findings if finding.rule_id == "LA303")
    assert "apache-2.0 is inconsistent with the LLaMA License Agreement" in finding.message
    assert finding.location.file == "README.md"
