"""Safetensors headers and shard indexes that lie, explode or never end."""

from __future__ import annotations

import json

import pytest

from lineage_audit.checkpoint.formats.safetensors import TENSOR_LIMIT
from tests.hostile.family import CONFIG, WEIGHTS, Answers, Case, Files, holds, run_family
from tests.models import safetensors

ONE = ("compare",)
INDEX = "model.safetensors.index.json"


def headed(header: object, data: bytes = b"") -> Files:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return {"config.json": CONFIG, "model.safetensors": len(text).to_bytes(8, "little") + text + data}


def entry(name: str = "x", data: int = 4, **stated: object) -> Files:
    return headed({name: {"dtype": "F32", "shape": [1], "data_offsets": [0, data], **stated}}, bytes(data))


def many_tensors(count: int) -> Files:
    names = ",".join(f'"t{i}":{{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}' for i in range(count))
    return headed(f"{{{names}}}".encode())


def indexed(shards: dict[str, str], **more: bytes) -> Files:
    return {"config.json": CONFIG, INDEX: json.dumps({"weight_map": shards}).encode(), **more}


TWICE = b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'

CASES = {
    "nested without end": Case(headed(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"), says="nested"),
    "millions of lists": Case(lambda: headed(b'{"__metadata__":[' + b"[]," * 3_500_000 + b"[]]}"), says="values",
                              asked=ONE),
    "one string of 30 MB": Case(lambda: headed(b'{"a":"\xf0\x9f\x98\x80' + b"x" * 30_000_000 + b'"}'), says="lacks",
                                asked=ONE),
    "more tensors than any model": Case(lambda: many_tensors(TENSOR_LIMIT + 1), says="more than any model", asked=ONE),
    "a name of megabytes": Case(lambda: entry("x" * 5_000_000), says="characters"),
    "a type of megabytes": Case(lambda: entry(dtype="Q" * 3_000_000), says="unknown data type"),
    "a thousand dimensions": Case(entry(shape=[1] * 1000), says="impossible shape"),
    "a shape that overflows": Case(entry(shape=[2**40, 2**40]), says="does not fit"),
    "a negative shape": Case(entry(shape=[-1]), says="impossible shape"),
    "a shape of booleans": Case(entry(shape=[True]), says="impossible shape"),
    "a shape of fractions": Case(entry(shape=[1.0]), says="impossible shape"),
    "offsets backwards": Case(headed({"x": {"dtype": "F32", "shape": [0], "data_offsets": [8, 0]}}, bytes(8)),
                              says="does not fit"),
    "data beyond the file": Case(headed({"x": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}, bytes(4)),
                                 says="cut short"),
    "data that overlap": Case(headed({n: {"dtype": "F32", "shape": [2], "data_offsets": [o, o + 8]}
                                      for n, o in (("a", 0), ("b", 4))}, bytes(12)), says="overlap"),
    "a name twice": Case(headed(TWICE, bytes(4)), says="twice"),
    "a field twice": Case(headed(TWICE[:54].replace(b'"F32",', b'"F32","dtype":"F16",') + b"}", bytes(4)), says=""),
    "a number of 5,000 digits": Case(headed(b'{"a":{"dtype":"F32","shape":[' + b"9" * 5000 + b"]}}"), says="digits"),
    "not a number": Case(headed(b'{"a":{"dtype":"F32","shape":[NaN],"data_offsets":[0,4]}}', bytes(4)),
                         says="impossible shape"),
    "null bytes and controls": Case(headed(b'{"\x00\x1b[31m": 1}'), says="not valid JSON"),
    "escaped controls in a name": Case(entry("\x00\x1b]0;x\x07\u202e", dtype="Z"), says="unknown data type"),
    "a header of text": Case(headed(b'"weights"'), says="not an object"),
    "an entry of text": Case(headed({"x": "y"}), says="lacks"),
    "a header of invalid UTF-8": Case(headed(b'{"\xff": 1}'), says="not UTF-8"),
    "layers without end": Case(entry("model.layers.999999.mlp.up_proj.weight"), (3,)),
    "experts without end": Case(entry("model.layers.0.mlp.experts.999999.up_proj.weight"), (3,)),
    "nothing in a huge shape": Case(headed({"x": {"dtype": "F32", "shape": [2**62, 0], "data_offsets": [0, 0]}}), (3,)),
    "a lone surrogate as a name": Case(entry("\ud800"), (3,)),
    "an index that leads out": Case(indexed({"a": "../good/model.safetensors"}), says="outside the repository"),
    "an index into the system": Case(indexed({"a": "/etc/passwd"}), says="outside the repository"),
    "an index of a device": Case(indexed({"a": "/dev/zero"}), says="outside the repository"),
    "an index with a long way": Case(indexed({"a": "x/" * 100_000}), says="not there"),
    "an index of 50,000 names": Case(
        lambda: indexed({f"t{i}": "a.safetensors" for i in range(50_000)},
                        **{"a.safetensors": safetensors({"x": WEIGHTS["model.norm.weight"]})}),
        says="lacks", asked=ONE),
    "an index of a long name": Case(indexed({"x" * 100_000: "a.safetensors"},
                                            **{"a.safetensors": safetensors({"x": WEIGHTS["model.norm.weight"]})}),
                                    says="lacks"),
    "an index of another kind of file": Case(indexed({"x": "config.json"}), says="config.json"),
}  # fmt: skip


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Answers]:
    return run_family(tmp_path_factory.mktemp("headers"), CASES)


@pytest.mark.parametrize("name", CASES)
def test_a_header_that_lies_ends_in_one_line(name: str, ran: dict[str, Answers]) -> None:
    holds(CASES[name], ran[name])
