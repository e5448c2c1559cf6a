"""GGUF headers that promise more than there is, or cost more than they hold. More stand beside the reader."""

from __future__ import annotations

import struct

import pytest

from lineage_audit.checkpoint.formats.gguf.header import STRING_LIMIT, TENSOR_LIMIT
from tests.hostile.family import Answers, Case, holds, run_family

ONE = ("compare",)
_STRING, _LIST, _UINT32 = 8, 9, 4


def head(tensors: int, keys: int, rest: bytes = b"") -> dict[str, bytes]:
    return {"model.gguf": b"GGUF" + struct.pack("<IQQ", 3, tensors, keys) + rest}


def text(value: bytes) -> bytes:
    return struct.pack("<Q", len(value)) + value


def key(name: bytes, kind: int, value: bytes) -> bytes:
    return text(name) + struct.pack("<I", kind) + value


def tensor(name: bytes, kind: int, offset: int, *dimensions: int) -> bytes:
    return text(name) + struct.pack(f"<I{len(dimensions)}QIQ", len(dimensions), *dimensions, kind, offset)


def strings(count: int, lists: int = 1) -> dict[str, bytes]:
    every = struct.pack("<IQ", _STRING, count) + bytes(8 * count)
    return head(0, lists, b"".join(key(b"k%d" % number, _LIST, every) for number in range(lists)))


HIDING = "\x1b[2J\u202e\u200b".encode()
NAMED = key(b"general.architecture", _STRING, text(b"llama" + HIDING)) + key(b"general.license", _STRING, text(HIDING))

CASES = {
    "a list of strings without end": Case(lambda: strings(STRING_LIMIT + 1), says="elements", asked=ONE),
    "many lists of strings": Case(lambda: strings(STRING_LIMIT // 2 + 1, 2), says="strings", asked=ONE),
    "more tensors than any model": Case(head(TENSOR_LIMIT + 1, 0, bytes(100)), says="tensors", asked=ONE),
    "no tensors, many keys": Case(
        lambda: head(0, 60_000, b"".join(key(b"k%d" % i, _UINT32, bytes(4)) for i in range(60_000))), says="no tensors",
        asked=ONE,
    ),
    "a quantised vector": Case(head(1, 0, tensor(b"output_norm.weight", 2, 0, 32) + bytes(256)), (3,)),
    "dimensions of nought": Case(head(1, 0, tensor(b"x.weight", 0, 0, 0, 2**40) + bytes(64)), (3,)),
    "four billion layers": Case(
        head(1, 1, key(b"llama.block_count", _UINT32, b"\xff" * 4) + tensor(b"x", 0, 0, 1) + bytes(64)), (3,)
    ),
    "text that steers": Case(head(1, 2, NAMED + tensor(b"x" + HIDING, 0, 0, 4) + bytes(64)), (3,)),
    "a type that only steps have": Case(head(1, 0, tensor(b"x", 15, 0, 256, 2) + bytes(1000)), (3,)),
}  # fmt: skip


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Answers]:
    return run_family(tmp_path_factory.mktemp("ggufs"), CASES)


@pytest.mark.parametrize("name", CASES)
def test_a_header_that_lies_ends_in_one_line_or_says_what_it_left_out(name: str, ran: dict[str, Answers]) -> None:
    holds(CASES[name], ran[name])
