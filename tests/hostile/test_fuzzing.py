"""Mutated files against every parser: a short, repeatable run; the long one is ``python -m benchmarks.fuzz``."""

from __future__ import annotations

import json
import random
import re
import struct
import tempfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.fuzz.seeds import seeds
from benchmarks.fuzz.targets import TARGETS, run
from tests.hostile.test_ggufs import head, tensor
from tests.models import safetensors

MUTANTS = 40
NUMBERS = (b"\x00", b"\xff", b"\x7f", b"\x80", b"-1", b"1e999", b"9" * 30, b"NaN", b"null", b"[]", b"{}", b'""',
           b"\\ud800", struct.pack("<Q", 2**63), struct.pack("<I", 2**31), b"\x1b[31m", b"\xe2\x80\xae", b"../", b"\n",
           )  # fmt: skip
"""What parsers trip over."""


def mutants(name: str, count: int) -> list[bytes]:
    """Sound inputs with pieces overwritten, inserted, removed, doubled and taken from each other, always the same."""
    sound = seeds(name)
    chance = random.Random(zlib.crc32(name.encode()))
    found = []
    for _ in range(count):
        data = bytearray(chance.choice(sound))
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(data) + 1) if chance.random() < 0.5 else chance.randrange(min(len(data), 600) + 1)
            length = chance.choice((0, 1, 1, 2, 4, 8, 30))
            new = chance.choice((
                chance.choice(NUMBERS), chance.randbytes(length), b"", bytes(data[at : at + 40]),
                chance.choice(sound)[at : at + 60],
            ))  # fmt: skip
            data[at : at + length] = new
        found.append(bytes(data))
    return found


@pytest.mark.parametrize("name", TARGETS)
def test_mutated_files_give_one_line_or_a_model(name: str) -> None:
    """``run`` raises whatever is not the project's own error of one short line."""
    for data in mutants(name, MUTANTS):
        run(name, data)


@settings(max_examples=60, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(sorted(TARGETS)), st.binary(max_size=200))
def test_any_bytes(name: str, data: bytes) -> None:
    run(name, data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=50, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_values_of_any_kind_in_the_place_of_sound_ones(data: st.DataObject) -> None:
    """One value of a sound JSON file becomes any other value."""
    name = data.draw(st.sampled_from(["safetensors-header", "index", "config", "params", "tokenizer-json", "tekken"]))
    document = json.loads(data.draw(st.sampled_from(seeds(name))))
    place = document
    while isinstance(place, dict) and place:
        key = data.draw(st.sampled_from(sorted(place)))
        if not isinstance(place[key], dict) or data.draw(st.booleans()):
            place[key] = data.draw(JSON)
            break
        place = place[key]
    run(name, json.dumps(document).encode())


FOUND = {
    "a quantised vector, which has no rows of whole blocks": (
        "gguf-header", head(1, 0, tensor(b"output_norm.weight", 2, 0, 32))["model.gguf"],
    ),
    "a matrix without columns": (
        "safetensors", safetensors({"model.layers.0.mlp.up_proj.weight": np.zeros((4, 0), np.float32)}),
    ),
    "one long key, many times over": ("pickle", b"\x80\x04}(" + b"X\x88\x13\x00\x00" + b"a" * 5000 + b"Nu."),
    "a number of a million digits": ("pickle", b"\x80\x02}\x8b@B\x0f\x00" + b"\x01" * 1_000_000 + b"Ns."),
    "a type whose name is a page": (
        "safetensors-header", b'{"x": {"dtype": "%s", "shape": [], "data_offsets": [0, 0]}}' % (b"Q" * 5000),
    ),
    "a name of a page": (
        "safetensors-header", b'{"%s": {"dtype": "F32", "shape": [9], "data_offsets": [0, 0]}}' % (b"x" * 5000),
    ),
    "a shard whose name is a page": ("index", b'{"weight_map": {"a": "%s"}}' % (b"x" * 5000)),
}  # fmt: skip
"""What fuzzing found, and what a hand found beside it: each failed once."""


@pytest.mark.parametrize("case", FOUND)
def test_what_was_found_stays_found(case: str) -> None:
    name, data = FOUND[case]
    run(name, data)


def test_the_coverage_guided_fuzzer_runs() -> None:
    """A thousand inputs of one parser, as the long run does a hundred thousand of each."""
    pytest.importorskip("atheris")
    from benchmarks.fuzz.__main__ import fuzz, table

    with tempfile.TemporaryDirectory() as keep:
        result = fuzz("tiktoken", 1000, Path(keep))
    assert result.finding is None, result
    assert result.executed >= 1000
    assert re.search(r"tiktoken +1,000", table([result]))
