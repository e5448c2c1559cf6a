"""The second verifier of docs/: short, NumPy alone, and of one mind with the first."""

import ast
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.certificates.tampering import TAMPERINGS, tampered
from lineage_audit.certificate.book import BOOK
from lineage_audit.certificate.certifying import certify_by
from lineage_audit.certificate.identity import identify_model
from lineage_audit.certificate.statement import statement_of
from lineage_audit.checkpoint import open_checkpoint
from tests.certificate.zoo import SIZE, folders

PROGRAM = Path(__file__).parents[2] / "docs" / "verify_certificate.py"


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    return folders(tmp_path_factory.mktemp("models"))


def _certificate(name, a, b):
    a, b = open_checkpoint(str(a)), open_checkpoint(str(b))
    return certify_by(BOOK[name], a, b, identify_model(a), identify_model(b))


def _run(document, path, a, b):
    path.write_bytes(document)
    done = subprocess.run([sys.executable, str(PROGRAM), str(path), str(a), str(b)], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def test_it_is_short_and_imports_numpy_alone():
    text = PROGRAM.read_text("utf-8")
    tree = ast.parse(text)
    code = text.replace(f'"""{ast.get_docstring(tree, clean=False)}"""', "")
    assert sum(bool(line.strip()) for line in code.splitlines()) <= 120
    imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name for name in imported if name not in sys.stdlib_module_names} == {"numpy"}


@pytest.mark.parametrize("name", BOOK)
def test_it_verifies_what_every_rule_gives(name, models, tmp_path):
    other = "moved" if "over-tokens" in name else "tuned"
    made = _certificate(name, models["base"], models[other])
    code, said = _run(statement_of(made).encode(), tmp_path / "c.json", models["base"], models[other])
    assert code == 0, said
    assert said.startswith(f"VERIFIED: exact log10 p <= {made.log10_p:.1f}")


def test_it_verifies_sizes_where_no_sign_is_left(models, tmp_path):
    made = _certificate("ffn-units-over-tokens/1", models["base"], models["flipped"])
    code, said = _run(statement_of(made).encode(), tmp_path / "c.json", models["base"], models["flipped"])
    assert code == 0, said
    assert "calibrated" in said


def test_it_refuses_other_models(models, tmp_path):
    document = statement_of(_certificate("values-in-place/1", models["base"], models["tuned"])).encode()
    code, said = _run(document, tmp_path / "c.json", models["base"], models["stranger"])
    assert code != 0
    assert "another file" in said


@pytest.mark.parametrize("how", ["a term", "the map", "a row", "a coin", "a unit left out", "an unknown rule"])
def test_it_refuses_what_was_tampered_with(how, models, tmp_path):
    assert how in TAMPERINGS
    made = _certificate("rotary-keys-over-tokens/1", models["base"], models["tuned"])
    document = tampered(made, how, np.random.default_rng(1))
    code, said = _run(document, tmp_path / "c.json", models["base"], models["tuned"])
    assert code != 0
    assert "REFUSED" in said


def test_no_layer_is_left_to_choose(models):
    made = _certificate("rotary-keys-over-tokens/1", models["base"], models["tuned"])
    assert set(made.derivation.units[:, 0]) == set(range(SIZE.layers))
