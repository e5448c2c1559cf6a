"""Certificates in a sigstore bundle: read as the bare one is, and refused where the library does not vouch for it."""

import base64
import json
import sys
from types import ModuleType, SimpleNamespace

import pytest

from lineage_audit.certificate import certify_models, read_certificate, verify_certificate
from lineage_audit.certificate.signing import PAYLOAD_TYPE
from lineage_audit.errors import LineageAuditError


@pytest.fixture
def bundle(models, tmp_path):
    statement = certify_models(models["base"], models["tuned"]).to_json().encode()
    path = tmp_path / "bundle.json"
    envelope = {"payload": base64.b64encode(statement).decode(), "payloadType": PAYLOAD_TYPE, "signatures": []}
    path.write_text(json.dumps({"dsseEnvelope": envelope}))
    return path


@pytest.fixture
def library(monkeypatch):
    """A stand-in for sigstore's library, which vouches for one identity."""

    class Error(Exception):
        pass

    class Verifier:
        @classmethod
        def production(cls):
            return cls()

        def verify_dsse(self, bundle, policy):
            if policy != ("a@b.c", "https://issuer"):
                raise Error("another identity")
            return PAYLOAD_TYPE, base64.b64decode(json.loads(bundle)["dsseEnvelope"]["payload"])

    parts = {
        "models": {"Bundle": SimpleNamespace(from_json=lambda data: data)},
        "errors": {"Error": Error},
        "verify": {
            "Verifier": Verifier,
            "policy": SimpleNamespace(Identity=lambda identity, issuer: (identity, issuer)),
        },
    }
    for name, members in {"": {}, **parts}.items():
        module = ModuleType(f"sigstore.{name}".rstrip("."))
        module.__dict__.update(members)
        monkeypatch.setitem(sys.modules, module.__name__, module)


def test_a_bundle_is_read_as_its_statement(bundle, models):
    found = verify_certificate(read_certificate(bundle), models["base"], models["tuned"])
    assert found.outcome == "verified"
    assert any("who wrote" in line for line in found.not_checked)


@pytest.mark.usefixtures("library")
def test_the_signer_that_was_asked_for_is_named(bundle, models):
    stated = read_certificate(bundle, "a@b.c", "https://issuer")
    assert "a@b.c" in verify_certificate(stated, models["base"], models["tuned"]).done[0]


@pytest.mark.usefixtures("library")
def test_another_signer_is_an_error(bundle):
    with pytest.raises(LineageAuditError, match="not signed by x@y"):
        read_certificate(bundle, "x@y.z", "https://issuer")


def test_a_bare_statement_is_not_signed(models, tmp_path):
    path = tmp_path / "bare.json"
    path.write_text(certify_models(models["base"], models["tuned"]).to_json())
    with pytest.raises(LineageAuditError, match="is not signed"):
        read_certificate(path, "a@b.c")


def test_without_the_library_it_says_what_to_install(bundle, monkeypatch):
    monkeypatch.setitem(sys.modules, "sigstore", None)
    with pytest.raises(LineageAuditError, match=r"lineage-audit\[sign\]"):
        read_certificate(bundle, "a@b.c")


@pytest.mark.parametrize("envelope", [None, [], {}, {"payload": 3}, {"payload": "%%", "payloadType": PAYLOAD_TYPE}])
def test_a_bundle_without_a_statement_ends_in_one_line(envelope, tmp_path):
    path = tmp_path / "bundle.json"
    path.write_text(json.dumps({"dsseEnvelope": envelope}))
    with pytest.raises(LineageAuditError):
        read_certificate(path)
