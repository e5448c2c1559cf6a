"""A certificate in the place of a declared base that is not at hand: accepted on a word that counts, or refused."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil

import pytest

from benchmarks.certificates.forging import forge
from lineage_audit import Signer, certify, check
from lineage_audit.certificate.signing import PAYLOAD_TYPE
from lineage_audit.certificate.statement import statement_of
from lineage_audit.checkpoint import open_checkpoint
from tests.certificate.zoo import folders
from tests.claims.repositories import card
from tests.hub_repository import HubRepository
from tests.hub_server import running_hub

GONE = "the-base-that-is-gone"


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A base, its fine-tune and a stranger; the two that are checked name a base that is not there."""
    found = folders(tmp_path_factory.mktemp("models"))
    for name in ("tuned", "stranger"):
        (found[name] / "README.md").write_text(card({"license": "cc-by-4.0", "base_model": GONE}))
    return found


@pytest.fixture(scope="module")
def certificate(models, tmp_path_factory):
    path = tmp_path_factory.mktemp("certificates") / "base.json"
    certify(models["base"], models["tuned"], path)
    return path


def _policy(tmp_path, certificate, **said):
    entry = {"file": str(certificate), "reason": "verified by us with both models", **said}
    lines = "\n".join(f"    {key}: {value}" for key, value in entry.items())
    path = tmp_path / "lineage-audit.yaml"
    allowed = "allow:\n  - rule: LA902\n    reason: nothing states the licence of a base that is gone\n"
    path.write_text(f"{allowed}certificates:\n  -\n{lines}\n")
    return path


def _sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _ids(report):
    return {finding.rule_id for finding in report.findings}


def _reasons(report):
    return [line for finding in report.findings if finding.rule_id == "LA911" for line in finding.evidence]


def test_without_a_certificate_the_base_was_not_checked(models):
    report = check(models["tuned"])
    assert report.outcome == "inconclusive"
    assert "LA903" in _ids(report)


def test_a_certificate_that_the_policy_holds_bears_the_base_out(models, certificate, tmp_path):
    report = check(models["tuned"], policy=_policy(tmp_path, certificate, sha256=_sha256(certificate), base=GONE))
    assert report.outcome == "passed"
    assert _ids(report) == {"LA111", "LA902"}
    (finding,) = (one for one in report.findings if one.rule_id == "LA111")
    assert any("verified by us with both models" in line for line in finding.evidence)
    assert any("as the auditor states" in line for line in finding.evidence)
    assert any("what the certificate says was read of it stands there" in line for line in finding.evidence)
    assert any("not verified here: the base's numbers" in line for line in finding.evidence)
    (reference,) = report.references
    assert (reference.status, reference.standing, reference.relation) == ("certified", "declared", None)
    assert reference.log10_p is not None


def test_nobody_need_believe_a_certificate_that_nobody_vouches_for(models, certificate):
    report = check(models["tuned"], certificates=f"{GONE}={certificate}")
    assert report.outcome == "inconclusive"
    assert {"LA903", "LA911"} <= _ids(report)
    assert any("nobody vouches for it" in line for line in _reasons(report))
    (given,) = report.certificates
    assert (given.name, given.identity) == (GONE, None)
    assert certificate.name in given.file


def test_a_name_ties_no_certificate_to_the_base(models, tmp_path):
    base = tmp_path / GONE
    base.symlink_to(models["base"])
    path = tmp_path / "named.json"
    certify(base, models["tuned"], path)
    assert json.loads(path.read_text())["predicate"]["a"]["ref"] == GONE
    report = check(models["tuned"], policy=_policy(tmp_path, path, sha256=_sha256(path)))
    assert report.outcome == "inconclusive"
    assert any("nothing but a name ties" in line for line in _reasons(report))


def test_a_certificate_of_other_files_shows_nothing(models, certificate, tmp_path):
    report = check(models["stranger"], policy=_policy(tmp_path, certificate, sha256=_sha256(certificate), base=GONE))
    assert report.outcome == "inconclusive"
    assert any("of other files than the subject's" in line for line in _reasons(report))


def test_another_file_than_the_policy_holds_shows_nothing(models, certificate, tmp_path):
    report = check(models["tuned"], policy=_policy(tmp_path, certificate, sha256="0" * 64, base=GONE))
    assert report.outcome == "inconclusive"
    assert any("its hash is not the one" in line for line in _reasons(report))


@pytest.mark.parametrize("how", ["terms", "map"])
def test_a_forger_with_true_arithmetic_does_not_pass(models, tmp_path, how):
    forged = forge(open_checkpoint(str(models["base"])), open_checkpoint(str(models["stranger"])), how)
    assert (forged.grade == "exact") == (how == "terms")
    path = tmp_path / "forged.json"
    path.write_text(statement_of(forged))
    report = check(models["stranger"], certificates=f"{GONE}={path}")
    assert report.outcome == "inconclusive"
    assert not report.references[0].log10_p


def test_one_that_was_tampered_with_after_the_fact_is_refused_even_where_the_policy_trusts_it(
    models, certificate, tmp_path
):
    document = json.loads(certificate.read_text())
    document["predicate"]["b"]["read"] = "0" * 64
    path = tmp_path / "tampered.json"
    path.write_text(json.dumps(document))
    report = check(models["tuned"], policy=_policy(tmp_path, path, sha256=_sha256(path), base=GONE))
    assert report.outcome == "inconclusive"
    assert any("is not what stands there" in line for line in _reasons(report))


def test_a_bundle_that_is_not_shown_to_be_signed_passes_nothing(models, certificate, tmp_path):
    pytest.importorskip("sigstore")
    envelope = {
        "payload": base64.b64encode(certificate.read_bytes()).decode(),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [],
    }
    path = tmp_path / "bundle.json"
    path.write_text(json.dumps({"dsseEnvelope": envelope}))
    report = check(models["tuned"], certificates=f"{GONE}={path}", signer=Signer("a@b.c", "https://issuer"))
    assert report.outcome == "inconclusive"
    assert any("not shown to be signed by a@b.c" in line for line in _reasons(report))


def test_a_certificate_about_another_model_is_said_not_to_be_used(models, certificate, tmp_path):
    report = check(models["tuned"], policy=_policy(tmp_path, certificate, sha256=_sha256(certificate), base="another"))
    assert "LA903" in _ids(report)
    assert any("base.json is about no declared base" in caveat for caveat in report.caveats)


@pytest.mark.parametrize("said", [{}, {"identity": "a@b.c"}, {"sha256": "aa", "colour": "red"}])
def test_a_policy_says_why_it_believes_one(models, certificate, tmp_path, said):
    from lineage_audit import LineageAuditError

    with pytest.raises(LineageAuditError, match=r"certificates|colour"):
        check(models["tuned"], policy=_policy(tmp_path, certificate, **said))


GATED = "org/gated-base"


@pytest.fixture
def gated(models, tmp_path, monkeypatch):
    """A hub that lists a gated base and hands out none of its files; the subject names it."""
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    files = {file.name: file.read_bytes() for file in models["base"].iterdir()}
    subject = tmp_path / "subject"
    shutil.copytree(models["tuned"], subject)
    (subject / "README.md").write_text(card({"license": "cc-by-4.0", "base_model": GATED}))
    with running_hub() as server:
        server.add(HubRepository(GATED, files, lfs=frozenset({"model.safetensors"}), gated=True))
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
        monkeypatch.setenv("HF_ENDPOINT", server.endpoint)
        yield subject


def test_a_host_that_lists_what_it_does_not_hand_out_ties_a_certificate_to_the_base(gated, models, tmp_path):
    path = tmp_path / "base.json"
    certify(models["base"], gated, path)
    report = check(gated, policy=_policy(tmp_path, path, sha256=_sha256(path)))
    assert _ids(report) == {"LA111", "LA902"}
    lines = [line for finding in report.findings for line in finding.evidence]
    assert any("its host lists files with the hashes that the certificate pins" in line for line in lines)


def test_another_model_than_the_one_its_host_lists_is_not_the_base(gated, models, tmp_path):
    other = tmp_path / "gated-base"
    shutil.copytree(models["moved"], other)
    path = tmp_path / "other.json"
    certify(other, gated, path)
    report = check(gated, policy=_policy(tmp_path, path, sha256=_sha256(path)))
    assert report.outcome == "inconclusive"
    assert any("nothing but a name ties" in line for line in _reasons(report))
