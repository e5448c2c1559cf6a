"""One pair of the zoo: its certificate and what becomes of it, or what a forger makes of strangers."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import zlib
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.certificates.forging import FORGERIES, forge
from benchmarks.certificates.planting import PLANTINGS, can_be_planted, planted
from benchmarks.certificates.tampering import TAMPERINGS, tampered
from benchmarks.zoo.model import read_model, write_model
from benchmarks.zoo.pairs import Pair
from lineage_audit.certificate import Certificate, certify_models, verify_certificate
from lineage_audit.certificate.book import BOOK
from lineage_audit.certificate.certifying import certify_by
from lineage_audit.certificate.identity import identify_model
from lineage_audit.certificate.statement import read_statement, statement_of
from lineage_audit.checkpoint import Checkpoint, open_checkpoint
from lineage_audit.errors import LineageAuditError

SECOND = Path(__file__).parents[2] / "docs" / "verify_certificate.py"

Row = dict[str, Any]
"""What a pair gave, for JSON."""


def related(pair: Pair, zoo: Path, count: int) -> Row:
    """The certificate of two related models, by both verifiers, and then tampered with so many times."""
    a, b = _opened(pair, zoo)
    row: Row = {"a": pair.a.name, "b": pair.b.name, "related": True}
    try:
        made = certify_models(a, b)
    except LineageAuditError as error:
        return row | {"written": False, "why": str(error), "tampered": {}}
    document = statement_of(made).encode()
    random = np.random.default_rng(zlib.crc32(document))
    ways = list(islice(cycle(random.permutation([*TAMPERINGS, _SWAPPED])), max(0, count)))
    return row | {
        "written": True,
        "rule": made.rule,
        "grade": made.grade,
        "log10_p": made.log10_p,
        "effect": made.effect,
        "lead": made.match_margin,
        "plantable": made.plantable,
        "bytes": len(document),
        "verified": verify_certificate(read_statement(document, "certificate"), a, b).outcome == "verified",
        "verified_again": _by_the_second(document, zoo / pair.a.name, zoo / pair.b.name),
        "tampered": {f"{n} {way}": _passes_tampered(made, str(way), a, b, random) for n, way in enumerate(ways)},
    }


def forged(pair: Pair, zoo: Path, count: int) -> Row:
    """What a forger makes of two strangers, in so many ways where there are, and whether he gets through."""
    a, b = _opened(pair, zoo)
    start = zlib.crc32(f"{pair.a.name} {pair.b.name}".encode())
    results: dict[str, Row] = {}
    for number in range(len(FORGERIES)):
        if sum(one["forged"] for one in results.values()) >= count:
            break
        how = list(FORGERIES)[(start + number) % len(FORGERIES)]
        try:
            made = forge(a, b, how)
        except (ValueError, StopIteration) as error:
            results[how] = {"forged": False, "why": str(error)}
            continue
        stated = read_statement(statement_of(made).encode(), "forged")
        results[how] = {
            "forged": True,
            "grade": made.grade,
            "log10_p": made.log10_p,
            "arithmetic": verify_certificate(stated, None, None).outcome,
            "outcome": verify_certificate(stated, a, b).outcome,
        }
    return {
        "a": pair.a.name,
        "b": pair.b.name,
        "related": False,
        "forged": results,
        "planted": _planted(pair, zoo),
    }


def _planted(pair: Pair, zoo: Path) -> Row:
    """Of two bases of one shape: every rule of the book, asked of A and of B relabelled to look like A."""
    if pair.a.recipe is not None or pair.b.recipe is not None:
        return {}
    a, b = (read_model(zoo / one.name, "") for one in (pair.a, pair.b))
    found: Row = {}
    for how in PLANTINGS if can_be_planted(a, b) else ():
        with tempfile.TemporaryDirectory() as folder:
            relabelled = Path(folder) / pair.b.name
            shutil.copytree(zoo / pair.b.name, relabelled, ignore=shutil.ignore_patterns("*.safetensors"))
            write_model(relabelled, planted(a, b, how))
            found |= {f"{how}: {rule}": one for rule, one in _by_every_rule(zoo / pair.a.name, relabelled).items()}
    return found


def _by_every_rule(a: Path, b: Path) -> Row:
    models = open_checkpoint(str(a)), open_checkpoint(str(b))
    pinned = tuple(map(identify_model, models))
    made = {name: certify_by(rule, *models, *pinned) for name, rule in BOOK.items()}
    return {
        name: {"log10_p": one.log10_p, "effect": one.effect, "plantable": one.plantable, "grade": one.grade}
        for name, one in made.items()
        if one is not None
    }


_SWAPPED = "a swapped model"


def _passes_tampered(made: Certificate, how: str, a: Checkpoint, b: Checkpoint, random: np.random.Generator) -> bool:
    if how == _SWAPPED:
        return verify_certificate(read_statement(statement_of(made).encode(), "as written"), a, a).outcome == "verified"
    stated = read_statement(tampered(made, how, random), "tampered")
    return verify_certificate(stated, a, b).outcome == "verified"


def _opened(pair: Pair, zoo: Path) -> tuple[Checkpoint, Checkpoint]:
    return open_checkpoint(str(zoo / pair.a.name)), open_checkpoint(str(zoo / pair.b.name))


def _by_the_second(document: bytes, a: Path, b: Path) -> bool:
    """Whether the second verifier verifies it, in a process of its own."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        file.write(document)
        file.flush()
        done = subprocess.run(
            [sys.executable, str(SECOND), file.name, str(a), str(b)], capture_output=True, check=False
        )
    return done.returncode == 0
