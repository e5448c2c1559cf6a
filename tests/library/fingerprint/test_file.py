"""Fingerprint files: the same bytes every time, bounded, and refused with one line where damaged."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage_audit.errors import LineageAuditError, UnreadableFileError, UnsupportedFormatError
from lineage_audit.library.fingerprint import (
    compare_fingerprints,
    from_bytes,
    is_fingerprint,
    read_fingerprint,
    to_bytes,
    write_fingerprint,
)
from lineage_audit.library.fingerprint.parameters import SCHEME, SketchScheme
from lineage_audit.library.fingerprint.projection import pack, random_signs, to_levels, unpack
from tests.library.models import SIZE, fingerprint
from tests.models import llama

MADE = fingerprint(llama(1, SIZE))
DATA = to_bytes(MADE)


def test_a_file_holds_everything(tmp_path: Path) -> None:
    path = tmp_path / "model.fingerprint"
    assert write_fingerprint(MADE, path) == path.stat().st_size
    assert is_fingerprint(path)
    read = read_fingerprint(path)
    assert to_bytes(read) == DATA
    assert [tensor.name for tensor in read.tensors] == [tensor.name for tensor in MADE.tensors]
    assert read.config.fields == MADE.config.fields
    assert compare_fingerprints(MADE, read).verdict.relation == "identical"
    assert list(tmp_path.iterdir()) == [path]


def test_making_it_again_gives_the_same_bytes() -> None:
    assert to_bytes(fingerprint(llama(1, SIZE))) == DATA


def test_the_format_is_safetensors(tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    path = tmp_path / "model.safetensors"
    path.write_bytes(DATA)
    arrays = load_file(path)
    assert arrays["units.gate.channels"].dtype == np.uint8
    assert arrays["units.gate.channels"].shape[1] == SCHEME.numbers // 2


@pytest.mark.parametrize("other", ["", "x" * 100, "version https://git-lfs.github.com/spec/v1\n"])
def test_other_files_are_no_fingerprints(other: str, tmp_path: Path) -> None:
    path = tmp_path / "x.fingerprint"
    path.write_text(other)
    assert not is_fingerprint(path)
    with pytest.raises(UnreadableFileError):
        read_fingerprint(path)


def test_a_weight_file_is_no_fingerprint() -> None:
    from tests.models import safetensors

    with pytest.raises(UnreadableFileError, match="not a fingerprint"):
        from_bytes(safetensors(llama(1)), "weights")


@given(st.integers(0, len(DATA) - 1), st.binary(min_size=1, max_size=8))
def test_damage_never_escapes_as_anything_but_one_line(place: int, patch: bytes) -> None:
    damaged = DATA[:place] + patch + DATA[place + len(patch) :]
    for data in (damaged, DATA[:place]):
        try:
            compare_fingerprints(MADE, from_bytes(data, "damaged"))
        except LineageAuditError as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("width", -1), ("width", 2**40), ("width", "wide"), ("effort", "much"), ("tensors", [[1]]), ("tensors", {}),
        ("claims", [["nothing", "x", "y", None, None]]), ("gains", [["attn_norm", -3]]), ("tokens", []),
        ("config", {"hidden_size": {"a": 1}}), ("model", None),
    ],
)  # fmt: skip
def test_impossible_statements_are_refused(field: str, value: object) -> None:
    with pytest.raises(UnreadableFileError):
        from_bytes(_with(field, value), "hostile")


def test_a_table_of_too_many_tensors_is_refused_before_memory_is_taken() -> None:
    line = ["~a.{L}.{E}", "up", "weight", "F32", [1, 1], None, False, "language_model", *[list(range(2000))] * 2]
    with pytest.raises(UnreadableFileError, match="more tensors"):
        from_bytes(_with("tensors", [line]), "hostile")


def test_another_scheme_says_what_to_do() -> None:
    with pytest.raises(UnsupportedFormatError, match=r"lineage-audit fingerprint .* -o later"):
        from_bytes(_with("scheme", "lineage-audit/fingerprint/9-000"), "later")


def _with(field: str, value: object) -> bytes:
    """The file with another value in its document."""
    length = int.from_bytes(DATA[:8], "little")
    header = json.loads(DATA[8 : 8 + length])
    (schema,) = header["__metadata__"]
    document = json.loads(header["__metadata__"][schema])
    header["__metadata__"][schema] = json.dumps(document | {field: value})
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + DATA[8 + length :]


def test_every_parameter_is_in_the_id() -> None:
    from msgspec.structs import fields, replace

    ids = {replace(SCHEME, **{field.name: getattr(SCHEME, field.name) + 1}).id for field in fields(SketchScheme)}
    assert len(ids | {SCHEME.id}) == len(fields(SketchScheme)) + 1


@given(st.integers(1, 9), st.integers(1, 70), st.integers(0, 2**32))
def test_levels_survive_packing_and_turn_with_their_vector(rows: int, columns: int, seed: int) -> None:
    values = np.random.default_rng(seed).standard_normal((rows, columns)).astype(np.float32)
    levels = to_levels(values, SCHEME)
    assert (unpack(pack(levels), columns) == levels).all()
    assert (to_levels(-values, SCHEME) == -levels).all()


def test_the_projection_never_changes() -> None:
    """A change of these signs would make every fingerprint that was ever written incomparable."""
    assert random_signs(b"channels", 12).astype(int).tolist() == SIGNS
    assert (random_signs(b"channels", 5) == random_signs(b"channels", 12)[:5]).all()


SIGNS = [-1, 1, -1, -1, -1, 1, -1, 1, -1, 1, -1, 1]
