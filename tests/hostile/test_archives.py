"""PyTorch's zip files whose headers lie of where the numbers are: on this machine, and read by ranges from a Hub.

Of a remote file local headers are read with the rows behind them, so a lie may come out late, but never too late.
"""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from tests.hostile.family import CONFIG, SOUND, WEIGHTS
from tests.hostile.guarded import CANARY, Ran, behaves, run_guarded
from tests.hub_server import HubRepository, running_hub
from tests.models import write

FILE = "pytorch_model.bin"
FIRST, SECOND, LAST = "data/0", "data/1", f"data/{len(WEIGHTS) - 1}"
EXTRA, OFFSET, SIZE = 28, 42, 24
"""Places in headers: length of what follows the name (local); local header's place, and size (directory)."""


def saved() -> bytes:
    buffer = io.BytesIO()
    torch.save({name: torch.from_numpy(values) for name, values in WEIGHTS.items()}, buffer)
    return buffer.getvalue()


class Archive:
    """A file that PyTorch wrote, to be forged."""

    def __init__(self) -> None:
        self.data = bytearray(saved())
        with zipfile.ZipFile(io.BytesIO(self.data)) as archive:
            self.entries = {entry.filename.partition("/")[2]: entry for entry in archive.infolist()}
            self.directory = archive.start_dir

    def local(self, entry: str, place: int, value: bytes) -> Archive:
        """Change an entry's local header."""
        start = self.entries[entry].header_offset + place
        self.data[start : start + len(value)] = value
        return self

    def listed(self, entry: str, place: int, value: bytes) -> Archive:
        """Change what the directory says of an entry."""
        start = self.data.index(self.entries[entry].filename.encode(), self.directory) - 46 + place
        self.data[start : start + len(value)] = value
        return self

    def with_zip64(self, entry: str, *values: int) -> Archive:
        """Let the directory give an entry's sizes and place as 64-bit numbers."""
        extra = struct.pack(f"<2H{len(values)}Q", 1, 8 * len(values), *values)
        self.listed(entry, 30, struct.pack("<H", len(extra))).listed(entry, 20, b"\xff" * 8)
        self.listed(entry, OFFSET, b"\xff" * 4)
        name = self.entries[entry].filename.encode()
        place = self.data.index(name, self.directory) + len(name)
        self.data[place:place] = extra
        size, start = struct.unpack_from("<2L", self.data, len(self.data) - 10)
        struct.pack_into("<2L", self.data, len(self.data) - 10, size + len(extra), start)
        return self


def at(entry: str) -> int:
    """Where PyTorch put an entry's local header."""
    return Archive().entries[entry].header_offset


def short(value: int) -> bytes:
    return struct.pack("<H", value)


def long(value: int) -> bytes:
    return struct.pack("<L", value)


HUGE = 2**62
CASES: dict[str, Callable[[], Archive]] = {
    "no local header": lambda: Archive().local(FIRST, 0, b"PK\x01\x02"),
    "another name in the local header": lambda: Archive().local(FIRST, 30, b"archive/data/9"),
    "a longer name in the local header": lambda: Archive().local(FIRST, 26, short(2**16 - 1)),
    "numbers 64 bytes further on": lambda: Archive().local(FIRST, EXTRA, short(64 + 50)),
    "numbers right behind the name": lambda: Archive().local(FIRST, EXTRA, short(0)),
    "numbers in the next storage": lambda: Archive().local(FIRST, EXTRA, short(2**16 - 1)),
    "numbers elsewhere for a storage in the middle": lambda: Archive().local(SECOND, EXTRA, short(0)),
    "compressed, says the local header": lambda: Archive().local(FIRST, 8, short(8)),
    "encrypted, says the local header": lambda: Archive().local(FIRST, 6, short(1)),
    "another size in the local header": lambda: Archive().local(FIRST, 22, long(4)),
    "compressed, says the directory": lambda: Archive().listed(FIRST, 10, short(8)),
    "encrypted, says the directory": lambda: Archive().listed(FIRST, 8, short(1)),
    "a local header outside the file": lambda: Archive().listed(FIRST, OFFSET, long(2**31)),
    "a local header in the directory": lambda: Archive().listed(FIRST, OFFSET, long(Archive().directory)),
    "two entries at one place": lambda: Archive().listed(FIRST, OFFSET, long(at(SECOND))),
    "an entry inside another": lambda: Archive().listed(SECOND, OFFSET, long(at(FIRST) + 100)),
    "an entry over the next": lambda: Archive().listed(FIRST, 20, 2 * long(2**20)),
    "the last entry over the directory": lambda: Archive().listed(LAST, 20, 2 * long(2**30)),
    "zip64 that gives an impossible place": lambda: Archive().with_zip64(FIRST, 4, 4, HUGE),
    "zip64 that gives an impossible size": lambda: Archive().with_zip64(FIRST, HUGE, HUGE, at(FIRST)),
    "zip64 that gives no numbers": lambda: Archive().with_zip64(FIRST),
    "a pickle behind 65 KB of nothing": lambda: Archive().local("data.pkl", EXTRA, short(2**16 - 1)),
    "a compressed pickle": lambda: Archive().listed("data.pkl", 10, short(8)),
    "a pickle over the storages": lambda: Archive().listed("data.pkl", 20, 2 * long(2**20)),
}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[Ran, Ran]]]:
    """Each case compared on this machine and from a Hub."""
    folder = tmp_path_factory.mktemp("archives")
    good = str(write(folder / "good", SOUND))
    with running_hub() as hub:
        hub.token = CANARY
        plan = []
        for number, forged in enumerate(CASES.values()):
            files = {"config.json": CONFIG, FILE: bytes(forged().data)}
            hub.add(HubRepository(f"org/bad-{number}", dict(files), lfs=frozenset({FILE})))
            plan.append(["compare", good, str(write(folder / f"bad-{number}", files))])
            plan.append(["compare", good, f"org/bad-{number}"])
        ports = [address.rpartition(":")[2] for address in (hub.endpoint, hub.large_files)]
        hosts = [f"127.0.0.1:{ports[0]}", f"127.0.0.1:{ports[1]}", f"::1:{ports[1]}"]
        environment = {"HF_ENDPOINT": hub.endpoint, "HF_HUB_OFFLINE": "0", "NO_PROXY": "*"}
        answers = iter(run_guarded(folder, plan, hosts, environment))
        yield {name: (next(answers), next(answers)) for name in CASES}


@pytest.mark.parametrize("name", CASES)
def test_a_header_that_lies_is_refused_wherever_the_file_is(name: str, ran: dict[str, tuple[Ran, Ran]]) -> None:
    for one in ran[name]:
        behaves(one, (2,))
        assert FILE in one.said


def test_the_file_is_sound_before_it_is_forged(tmp_path: Path) -> None:
    good, copy = str(write(tmp_path / "good", SOUND)), write(tmp_path / "copy", {"config.json": CONFIG, FILE: saved()})
    (one,) = run_guarded(tmp_path, [["compare", good, str(copy), "--format", "json"]])
    behaves(one, (0,))
    assert json.loads(one.stdout)["verdict"]["relation"] == "identical"
