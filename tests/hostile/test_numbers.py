"""Weights that are no numbers, or all the same, or of a type that is not read: never a pass."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from tests.hostile.family import CONFIG, SOUND, WEIGHTS, Answers, Case, Files, holds, run_family
from tests.models import Weights, safetensors

FFN = tuple(name for name in WEIGHTS if ".mlp." in name)
EVERY = tuple(WEIGHTS)


DECLARED = b"---\nlicense: apache-2.0\nbase_model: org/good\n---\n"


def holding(weights: Weights) -> Files:
    return {"config.json": CONFIG, "README.md": DECLARED, "model.safetensors": safetensors(weights)}


def filled(value: float, names: tuple[str, ...] = EVERY) -> Files:
    return holding({name: np.full_like(v, value) if name in names else v for name, v in WEIGHTS.items()})


def typed(names: tuple[str, ...], dtype: str, bits: int) -> Files:
    """Some tensors in another type, their bytes zero."""
    header, blobs, offset = {}, [], 0
    for name, values in WEIGHTS.items():
        blob = bytes(values.size * bits // 8) if name in names else values.astype("<f4").tobytes()
        shown = dtype if name in names else "F32"
        header[name] = {"dtype": shown, "shape": list(values.shape), "data_offsets": [offset, offset + len(blob)]}
        blobs.append(blob)
        offset += len(blob)
    text = json.dumps(header).encode()
    whole = len(text).to_bytes(8, "little") + text + b"".join(blobs)
    return {"config.json": CONFIG, "README.md": DECLARED, "model.safetensors": whole}


UNDECIDED = (3,)
NO_PASS = (1, 3)
"""Failed, for a base that is not declared, or undecided."""

CASES = {
    "FFN in a type that is not read": Case(typed(FFN, "F4", 4), (0, 3), "not read yet", NO_PASS),
    "FFN as complex numbers": Case(typed(FFN, "C64", 64), (0, 3), "not read yet", NO_PASS),
    "one matrix in a type that is not read": Case(typed(FFN[:1], "F6_E2M3", 6), (0, 3), "not read yet", NO_PASS),
    "all in a type that is not read": Case(typed(EVERY, "F4", 4), UNDECIDED, "not read yet", UNDECIDED),
    "FFN of NaN": Case(filled(np.nan, FFN), (0, 3), "are NaN", NO_PASS),
    "all NaN": Case(filled(np.nan), UNDECIDED, "are NaN", UNDECIDED),
    "all infinite": Case(filled(np.inf), UNDECIDED, "are NaN", UNDECIDED),
    "all as large as can be": Case(filled(3.4e38), UNDECIDED, "are NaN", UNDECIDED),
    "all one denormal": Case(filled(1e-42), UNDECIDED, "inconclusive", UNDECIDED),
    "denormal copies": Case(holding({name: v * np.float32(1e-42) for name, v in WEIGHTS.items()}), (0, 3), "",
                            (0, 1, 3)),
    "all zero": Case(filled(0.0), UNDECIDED, "inconclusive", UNDECIDED),
    "all constant": Case(filled(0.5), (0, 3), "", (0, 1, 3)),
    "all true": Case(typed(EVERY, "BOOL", 8), UNDECIDED, "inconclusive", UNDECIDED),
    "all scalars": Case(holding({name: np.zeros((), np.float32) for name in WEIGHTS}), UNDECIDED, "", UNDECIDED),
    "all empty": Case(holding({name: v[:0] for name, v in WEIGHTS.items()}), UNDECIDED, "", UNDECIDED),
    "a second file that is not read": Case({**SOUND, "pytorch_model.bin": b"x"}, (0,), "other weight files", (3,)),
}  # fmt: skip


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Answers]:
    both_ways = {name: replace(case, asked=("compare", "mirrored", "check")) for name, case in CASES.items()}
    return run_family(tmp_path_factory.mktemp("numbers"), both_ways)


@pytest.mark.parametrize("name", CASES)
def test_what_cannot_be_read_is_never_a_pass(name: str, ran: dict[str, Answers]) -> None:
    holds(CASES[name], ran[name])
