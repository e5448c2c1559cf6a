"""modelDNA 0.1.0 (PyPI), run as a program from an environment of its own."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

SECONDS = 300


@dataclass(frozen=True, slots=True)
class ModelDnaAnswer:
    """What it said of a pair: its verdict's name, and its probability or None where it ruled the parent out."""

    verdict: str
    probability: float | None


def run_modeldna(program: Path, suspect: Path, candidate: Path) -> ModelDnaAnswer:
    """Ask whether the suspect descends from the candidate; a failure of the program is an answer of its own."""
    command = [str(program), "compare", str(suspect), str(candidate), "--json"]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    try:
        verdict = json.loads(finished.stdout)["verdict"]
    except (json.JSONDecodeError, KeyError):
        return ModelDnaAnswer("failed", None)
    return ModelDnaAnswer(verdict["verdict"], verdict["probability"])
