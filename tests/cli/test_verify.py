"""``compare --certificate`` and ``verify`` as a user runs them."""

import json
import shutil
from hashlib import sha256
from pathlib import Path

import pytest

import lineage_audit
from lineage_audit.cli import run
from tests.cli.running import FINETUNE, PARENT

RENAMED = str(Path(PARENT).parent / "scratch-claim-renamed")
STRANGER = str(Path(PARENT).parent / "yi-style-independent")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    path = tmp_path_factory.mktemp("certificates") / "parent-renamed.json"
    assert run(["compare", PARENT, RENAMED, "--effort", "sample", "-q", "--certificate", str(path)]) == 0
    return path


def test_a_certificate_is_verified_with_its_models(certificate, capsys):
    assert run(["verify", str(certificate), PARENT, RENAMED]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("VERIFIED: ")
    assert "log10 p <= -" in shown
    assert shown.count("\ndone: ") == 4
    assert "not checked: who made either model" in shown


def test_without_its_models_nothing_but_arithmetic_is_claimed(certificate, capsys):
    assert run(["verify", str(certificate)]) == 3
    assert capsys.readouterr().out.startswith("ARITHMETIC ONLY")


def test_another_model_is_refused(certificate, capsys):
    assert run(["verify", str(certificate), PARENT, FINETUNE]) == 1
    assert "refused: model B" in capsys.readouterr().out


def test_quiet_leaves_the_exit_code(certificate, capsys):
    assert run(["verify", "-q", str(certificate), PARENT, RENAMED]) == 0
    assert not capsys.readouterr().out


def test_strangers_get_a_report_and_no_certificate(tmp_path, capsys):
    path = tmp_path / "none.json"
    assert run(["compare", PARENT, STRANGER, "--effort", "sample", "--certificate", str(path)]) == 2
    captured = capsys.readouterr()
    assert "independent" in captured.out.lower()
    assert captured.err.startswith("lineage-audit: no certificate")
    assert not path.exists()


def test_a_place_that_cannot_be_written_is_said_before_any_model_is_read(tmp_path, capsys):
    assert run(["compare", "/nowhere", "/nowhere", "--certificate", str(tmp_path / "missing" / "x.json")]) == 2
    assert "there is no folder" in capsys.readouterr().err


def test_the_report_links_to_the_certificate_by_its_hash(tmp_path):
    certificate, report = tmp_path / "c.json", tmp_path / "report.json"
    words = ["compare", PARENT, RENAMED, "--effort", "sample", "-q", "--certificate", str(certificate)]
    assert (
        run([*words, *(word for end in ("json", "html", "md") for word in ("-o", str(report.with_suffix(f".{end}"))))])
        == 0
    )
    link = json.loads(report.read_text())["certificate"]
    assert link["file"] == "c.json"
    assert link["sha256"] == sha256(certificate.read_bytes()).hexdigest()
    assert link["grade"] == "exact"
    assert (
        f'<a href="./c.json">c.json</a> sha256 <code>{link["sha256"]}</code>' in report.with_suffix(".html").read_text()
    )
    assert link["sha256"] in report.with_suffix(".md").read_text()


def test_each_model_is_opened_once(tmp_path, monkeypatch):
    from lineage_audit import comparing

    opened = []
    real = comparing.open_checkpoint
    monkeypatch.setattr(comparing, "open_checkpoint", lambda ref, *rest: opened.append(ref) or real(ref, *rest))
    lineage_audit.compare(PARENT, RENAMED, effort="sample", certificate=tmp_path / "c.json")
    assert opened == [PARENT, RENAMED]


def test_what_stands_for_no_weights_gets_no_certificate(tmp_path, capsys):
    sketch = str(tmp_path / "parent.fp")
    lineage_audit.fingerprint(PARENT, sketch, effort="sample")
    assert run(["compare", sketch, RENAMED, "--certificate", str(tmp_path / "c.json")]) == 2
    assert "not fingerprints" in capsys.readouterr().err


def test_a_certificate_is_of_the_set_of_weights_that_was_named(tmp_path, capsys):
    import torch
    from safetensors.torch import load_file

    weights = load_file(f"{RENAMED}/model.safetensors")
    copy = tmp_path / "training"
    copy.mkdir()
    shutil.copy(f"{RENAMED}/config.json", copy)
    other = {name: torch.randn(one.shape, generator=torch.Generator().manual_seed(1)) for name, one in weights.items()}
    torch.save({"model": other, "ema": weights}, copy / "pytorch_model.bin")
    path = str(tmp_path / "c.json")
    assert (
        run(["compare", PARENT, str(copy), "--weights", "ema", "--effort", "sample", "-q", "--certificate", path]) == 0
    )
    assert run(["verify", path, PARENT, str(copy), "--weights", "ema"]) == 0
    assert run(["verify", path, PARENT, str(copy)]) == 1
    assert "another set" in capsys.readouterr().out


def test_a_signature_without_a_certificate_is_no_use(capsys):
    assert run(["compare", PARENT, RENAMED, "--sign"]) == 2
    assert "--certificate" in capsys.readouterr().err


def test_python_does_the_same(certificate, tmp_path):
    path = tmp_path / "again.json"
    made = lineage_audit.certify(PARENT, RENAMED, path)
    assert path.read_bytes() == certificate.read_bytes()
    assert made.grade == "exact"
    assert lineage_audit.verify(path, PARENT, RENAMED).outcome == "verified"
