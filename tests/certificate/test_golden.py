"""Certificates that were written once and are kept: both verifiers accept them as long as their rules are in the book.

``--update-goldens`` writes them anew; a certificate that changes is a new version of its rule or of the format.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lineage_audit.certificate import read_certificates, verify_certificate
from lineage_audit.certificate.book import BOOK
from lineage_audit.certificate.certifying import certify_by
from lineage_audit.certificate.identity import identify_model
from lineage_audit.certificate.statement import statement_of
from lineage_audit.checkpoint import open_checkpoint

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "sample_checkpoints"
GOLDENS = Path(__file__).parent / "goldens"
PARENT = SAMPLES / "llama-style-parent"
OTHERS = {name: "scratch-claim-renamed" if "over-tokens" in name else "llama-style-finetune" for name in BOOK}


@pytest.fixture(params=BOOK)
def rule(request):
    return request.param


@pytest.fixture
def stored(rule, request):
    path = GOLDENS / f"{rule.replace('/', '-')}.json"
    if request.config.getoption("--update-goldens"):
        GOLDENS.mkdir(exist_ok=True)
        path.write_text(statement_of(_made(rule)), encoding="utf-8", newline="\n")
    assert path.is_file(), f"{path} is missing: run pytest --update-goldens and review the new file"
    return path


def _models(rule):
    return open_checkpoint(str(PARENT)), open_checkpoint(str(SAMPLES / OTHERS[rule]))


def _made(rule):
    a, b = _models(rule)
    return certify_by(BOOK[rule], a, b, identify_model(a), identify_model(b))


def test_both_verifiers_accept_it(rule, stored):
    (read,) = read_certificates(stored)
    assert verify_certificate(read, *_models(rule)).outcome == "verified"
    program = [sys.executable, str(ROOT / "docs" / "verify_certificate.py")]
    done = subprocess.run(
        [*program, str(stored), str(PARENT), str(SAMPLES / OTHERS[rule])], capture_output=True, text=True
    )
    assert done.stdout.startswith("VERIFIED"), done.stdout + done.stderr


def test_the_same_would_be_written_today(rule, stored):
    before, now = (json.loads(text) for text in (stored.read_text("utf-8"), statement_of(_made(rule))))
    numbers = {name: [document["predicate"].pop(name) for document in (before, now)] for name in _NUMBERS}
    for document in (before, now):
        document["predicate"].pop("tool_version")
    assert before == now
    for name, (one, other) in numbers.items():
        assert np.allclose(one, other, atol=1e-6), name


_NUMBERS = ("cosines", "leads", "log10_p", "effect", "lead")
"""What may differ in its last digits on another processor."""
