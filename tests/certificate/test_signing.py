"""Certificates in a sigstore bundle: read as the bare one is, and refused where the library does not vouch for it."""

import base64
import json
import sys
from contextlib import nullcontext
from hashlib import sha256
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from lineage_audit import certify, compare
from lineage_audit.certificate import (
    Signer,
    Signing,
    certify_models,
    read_certificates,
    require_signing,
    required_signer,
    verify_certificate,
    with_line,
    written,
)
from lineage_audit.certificate.signing import PAYLOAD_TYPE, enveloped
from lineage_audit.certificate.statement import statement_of
from lineage_audit.errors import LineageAuditError

SIGNER = Signer("a@b.c", "https://issuer")
_PATH = {compare: "certificate", certify: "path"}


@pytest.fixture
def bundle(models, tmp_path):
    statement = statement_of(certify_models(models["base"], models["tuned"])).encode()
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
        def __init__(self, trusted_root):
            assert trusted_root == "root"

        def verify_dsse(self, bundle, policy):
            if policy != ("a@b.c", "https://issuer"):
                raise Error("another identity")
            return PAYLOAD_TYPE, base64.b64decode(json.loads(bundle)["dsseEnvelope"]["payload"])

    class OneSigner:
        def sign_dsse(self, statement):
            envelope = {"payload": base64.b64encode(statement).decode(), "payloadType": PAYLOAD_TYPE, "signatures": []}
            return SimpleNamespace(to_json=lambda: json.dumps({"dsseEnvelope": envelope}, indent=1))

    config = SimpleNamespace(trusted_root="root", signing_config=None)
    parts = {
        "models": {
            "Bundle": SimpleNamespace(from_json=lambda data: data),
            "ClientTrustConfig": SimpleNamespace(production=lambda: config, from_json=lambda _: config),
        },
        "errors": {"Error": Error},
        "verify": {
            "Verifier": Verifier,
            "policy": SimpleNamespace(Identity=lambda identity, issuer: (identity, issuer)),
        },
        "sign": {
            "SigningContext": SimpleNamespace(
                from_trust_config=lambda _: SimpleNamespace(signer=lambda _: nullcontext(OneSigner()))
            )
        },
        "dsse": {"Statement": bytes},
        "oidc": {
            "detect_credential": lambda: "token",
            "IdentityToken": lambda _: SimpleNamespace(identity="a@b.c"),
        },
    }
    for name, members in {"": {}, **parts}.items():
        module = ModuleType(f"sigstore.{name}".rstrip("."))
        module.__dict__.update(members)
        monkeypatch.setitem(sys.modules, module.__name__, module)


def test_a_bundle_is_read_as_its_statement(bundle, models):
    found = verify_certificate(read_certificates(bundle)[0], models["base"], models["tuned"])
    assert found.outcome == "verified"
    assert any("who wrote" in line for line in found.not_checked)


@pytest.mark.usefixtures("library")
def test_the_signer_that_was_asked_for_is_named(bundle, models):
    (stated,) = read_certificates(bundle, SIGNER)
    assert "a@b.c" in verify_certificate(stated, models["base"], models["tuned"]).done[0]


@pytest.mark.usefixtures("library")
def test_another_signer_is_an_error(bundle):
    with pytest.raises(LineageAuditError, match="not shown to be signed by x@y"):
        read_certificates(bundle, Signer("x@y.z", "https://issuer"))


def test_a_bare_statement_is_not_signed(models, tmp_path):
    path = tmp_path / "bare.json"
    path.write_text(statement_of(certify_models(models["base"], models["tuned"])))
    with pytest.raises(LineageAuditError, match="is not signed"):
        read_certificates(path, SIGNER)


def test_without_the_library_it_says_what_to_install(bundle, monkeypatch):
    monkeypatch.setitem(sys.modules, "sigstore", None)
    with pytest.raises(LineageAuditError, match=r"lineage-audit\[sign\]"):
        read_certificates(bundle, SIGNER)


@pytest.mark.parametrize("envelope", [None, [], {}, {"payload": 3}, {"payload": "%%", "payloadType": PAYLOAD_TYPE}])
def test_a_bundle_without_a_statement_ends_in_one_line(envelope, tmp_path):
    path = tmp_path / "bundle.json"
    path.write_text(json.dumps({"dsseEnvelope": envelope}))
    with pytest.raises(LineageAuditError):
        read_certificates(path)


def test_an_identity_its_issuer_and_whose_word_is_trusted_go_together():
    assert required_signer(None, None) is None
    with pytest.raises(LineageAuditError, match="name an identity"):
        required_signer(None, None, Path("trust.json"))
    assert required_signer("a@b.c", "https://issuer") == SIGNER
    for identity, issuer in (("a@b.c", None), (None, "https://issuer")):
        with pytest.raises(LineageAuditError, match="go together"):
            required_signer(identity, issuer)


@pytest.mark.usefixtures("library")
def test_of_many_those_are_read_that_were_signed_so(bundle, models, tmp_path):
    bare = statement_of(certify_models(models["base"], models["moved"]))
    many = tmp_path / "claims.jsonl"
    many.write_text(bare + bundle.read_text() + "\n")
    assert [stated.signed_by for stated in read_certificates(many, SIGNER)] == ["a@b.c"]
    many.write_text(bare)
    with pytest.raises(LineageAuditError, match="is not signed"):
        read_certificates(many, SIGNER)


@pytest.mark.usefixtures("library")
def test_what_is_signed_is_the_statement_and_stays_one_line(models, tmp_path):
    certificate = certify_models(models["base"], models["tuned"])
    made = written(certificate, "ab.json", Signing())
    assert made.link.signed_by == "a@b.c"
    assert made.link.sha256 == sha256(made.document).hexdigest()
    assert made.document.count(b"\n") == 1
    path = tmp_path / "claims.jsonl"
    path.write_bytes(with_line(path, made.document))
    (stated,) = read_certificates(path, SIGNER)
    assert verify_certificate(stated, models["base"], models["tuned"]).outcome == "verified"
    assert enveloped(json.loads(made.document), "it") == statement_of(certificate).encode()


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("stdin", [None, SimpleNamespace(isatty=lambda: False)])
def test_without_an_identity_it_says_how_to_have_one_before_any_model_is_read(stdin, monkeypatch, tmp_path):
    monkeypatch.setattr(sys.modules["sigstore.oidc"], "detect_credential", lambda: None)
    monkeypatch.setattr(sys, "stdin", stdin)
    for ask in (compare, certify):
        with pytest.raises(LineageAuditError, match="id-token: write"):
            ask("/nowhere", "/nowhere", **{_PATH[ask]: tmp_path / "ab.json"}, signing=Signing())


@pytest.mark.usefixtures("library")
def test_an_identity_that_cannot_be_had_ends_in_one_line(monkeypatch):
    def fails():
        raise ValueError("two\nlines")

    monkeypatch.setattr(sys.modules["sigstore.oidc"], "detect_credential", fails)
    with pytest.raises(LineageAuditError, match=r"cannot be had .*two lines"):
        require_signing(Signing())


def test_what_is_signed_is_a_file():
    for ask in (compare, certify):
        with pytest.raises(LineageAuditError, match="give the path"):
            ask("/nowhere", "/nowhere", signing=Signing())


@pytest.mark.usefixtures("library")
def test_services_that_fail_end_in_one_line(models, bundle, monkeypatch, tmp_path):
    def fails(*_):
        raise ValueError("two\nlines")

    monkeypatch.setattr(sys.modules["sigstore.sign"].SigningContext, "from_trust_config", fails)
    with pytest.raises(LineageAuditError, match=r"could not be signed .*two lines") as caught:
        written(certify_models(models["base"], models["tuned"]), "ab.json", Signing())
    assert "\n" not in str(caught.value)
    monkeypatch.setattr(sys.modules["sigstore.models"].ClientTrustConfig, "production", fails)
    with pytest.raises(LineageAuditError, match="--trust-config needs no network"):
        read_certificates(bundle, SIGNER)
    with pytest.raises(LineageAuditError, match="No such file"):
        read_certificates(bundle, Signer("a@b.c", "https://issuer", tmp_path / "missing"))
    monkeypatch.setattr(sys.modules["sigstore.models"].ClientTrustConfig, "from_json", fails)
    with pytest.raises(LineageAuditError, match=r"bundle\.json: is no configuration .*two lines"):
        read_certificates(bundle, Signer("a@b.c", "https://issuer", str(bundle)))
