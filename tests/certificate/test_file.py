"""Certificates in files: one, or of many the lines that are certificates; hostile ones end in one line."""

import json

import pytest

from lineage_audit.certificate import certify_models, read_certificates, verify_certificate, verify_one_of, with_line
from lineage_audit.certificate.statement import MOST_BYTES, statement_of
from lineage_audit.errors import LineageAuditError


@pytest.fixture(scope="module")
def texts(models):
    return {name: statement_of(certify_models(models["base"], models[name])) for name in ("tuned", "moved")}


def test_a_file_of_many_is_read_by_lines_and_others_lines_are_left_to_others(texts, tmp_path):
    path = tmp_path / "claims.jsonl"
    path.write_text(
        'not json\n{"predicateType": "https://slsa.dev/provenance/v1"}\n\n' + texts["tuned"] + texts["moved"]
    )
    assert len(read_certificates(path)) == 2


def test_a_file_of_many_gets_one_line_more_and_no_line_twice(texts, tmp_path):
    path = tmp_path / "claims.jsonl"
    for name in ("tuned", "moved", "tuned"):
        path.write_bytes(with_line(path, texts[name].encode()))
    assert path.read_text() == texts["tuned"] + texts["moved"]


def test_a_line_that_has_no_end_stays_a_line(texts, tmp_path):
    path = tmp_path / "claims.jsonl"
    path.write_text("{}")
    assert with_line(path, texts["tuned"].encode()) == b"{}\n" + texts["tuned"].encode()


def test_any_other_file_holds_one_certificate(texts, tmp_path):
    path = tmp_path / "it.json"
    path.write_text("something that was there before")
    assert with_line(path, texts["tuned"].encode()) == texts["tuned"].encode()


def test_of_many_the_one_of_the_models_at_hand_is_meant(texts, models, tmp_path):
    path = tmp_path / "claims.jsonl"
    path.write_text(texts["tuned"] + texts["moved"])
    found = read_certificates(path)
    assert verify_one_of(found, models["base"], models["moved"]).outcome == "verified"
    with pytest.raises(LineageAuditError, match="none of the 2 certificates"):
        verify_one_of(found, models["base"], models["stranger"])
    with pytest.raises(LineageAuditError, match="name the models"):
        verify_one_of(found, None, None)


def test_a_false_certificate_of_the_same_models_hides_no_true_one(texts, models, tmp_path):
    false = json.loads(texts["moved"])
    false["predicate"]["cosines"][0][0] = 0.123
    path = tmp_path / "claims.jsonl"
    path.write_text(json.dumps(false) + "\n" + texts["moved"])
    assert verify_one_of(read_certificates(path), models["base"], models["moved"]).outcome == "verified"


@pytest.mark.parametrize("name", ["one.json", "many.jsonl"])
@pytest.mark.parametrize("data", [b"", b"[]", b"\xff", b"{", b"[" * 10_000, b" " * (MOST_BYTES + 1), b'{"a": 1}'])
def test_what_is_no_certificate_ends_in_one_line(name, data, tmp_path):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(LineageAuditError) as caught:
        read_certificates(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_missing_ends_in_one_line(tmp_path):
    with pytest.raises(LineageAuditError, match="No such file"):
        read_certificates(tmp_path / "missing.json")


def test_no_two_readers_see_two_documents(texts, tmp_path):
    path = tmp_path / "twice.json"
    path.write_text(texts["tuned"].replace('"rule":', '"rule":"another/1","rule":', 1))
    with pytest.raises(LineageAuditError, match="stands twice"):
        read_certificates(path)


def test_its_hash_is_that_of_its_bytes(texts, models, tmp_path):
    from hashlib import sha256

    path = tmp_path / "it.json"
    path.write_text(texts["tuned"])
    (stated,) = read_certificates(path)
    assert stated.sha256 == sha256(path.read_bytes()).hexdigest()
    assert verify_certificate(stated, models["base"], models["tuned"]).outcome == "verified"
