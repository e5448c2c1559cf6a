"""What a comparison of two large remote models costs: bytes, requests, and how many of them run at a time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

import lineage_audit
from benchmarks.speed.checkpoints import as_bfloat16, write_sparse
from benchmarks.speed.shapes import SHAPES
from tests.checkpoint.source.published_bin import publish_bin
from tests.hub_repository import Request, TiledFile
from tests.hub_server import Fault, HubRepository, HubServer

MEBI = 2**20
WEIGHTS = "safetensors"
PERIOD = 1_000_003
"""Numbers after which a file repeats itself; prime, so that no two rows start alike."""


def _block(seed: int) -> bytes:
    parent = np.random.default_rng(0).standard_normal(PERIOD).astype(np.float32)
    change = np.random.default_rng(seed).standard_normal(PERIOD).astype(np.float32)
    return as_bfloat16(0.02 * (parent + 0.05 * change if seed else parent)).tobytes()


def _published(hub: HubServer, name: str, folder: Path, seed: int) -> HubRepository:
    """Publish a model of the true shape of Llama-2-7B, 13 GB that take no disk."""
    shape = SHAPES["7B"]
    write_sparse(folder, shape, shape.shards)
    files: dict[str, bytes | TiledFile] = {}
    for path in folder.iterdir():
        if path.suffix != ".safetensors":
            files[path.name] = path.read_bytes()
            continue
        with path.open("rb") as file:
            head = file.read(8)
            head += file.read(int.from_bytes(head, "little"))
        files[path.name] = TiledFile(head, _block(seed), path.stat().st_size)
    return hub.add(HubRepository(name, files, frozenset(name for name in files if name.endswith(WEIGHTS))))


@dataclass(frozen=True)
class Traffic:
    """What one model's weight files were asked for."""

    requests: int
    read: int
    headers: int


def _traffic(hub: HubServer, repository: HubRepository) -> Traffic:
    """Requests for a repository's weights and their bytes, those for headers apart."""
    places = {repository.etag(name): repository.files[name] for name in repository.lfs}
    asked: list[tuple[Request, int]] = []
    for request in hub.requests("large"):
        etag = request.path.lstrip("/").partition("?")[0]
        if etag in places and request.range is not None:
            content = places[etag]
            data_start = 8 + int.from_bytes(content[:8], "little")
            asked.append((request, data_start))
    headers = [r for r, start in asked if r.range is not None and r.range[0] < start]
    weights = [r for r, start in asked if r.range is not None and r.range[0] >= start]
    sizes = [r.range[1] - r.range[0] for r in weights if r.range is not None]
    return Traffic(len(weights), sum(sizes), len(headers))


def test_a_sample_of_two_seven_billion_models_reads_little(hub: HubServer, tmp_path: Path) -> None:
    a = _published(hub, "org/parent", tmp_path / "a", 0)
    b = _published(hub, "org/child", tmp_path / "b", 1)
    report = lineage_audit.compare("org/parent", "org/child", effort="sample")
    assert report.verdict.relation == "derived"
    assert sum(len(content) for content in a.files.values()) > 13e9
    for repository in (a, b):
        traffic = _traffic(hub, repository)
        print(repository.name, f"{traffic.read / MEBI:.1f} MiB in {traffic.requests} requests", traffic.headers)
        assert 1 * MEBI < traffic.read <= 16 * MEBI
        assert traffic.requests <= 160
        assert traffic.headers <= 2 * 3


def test_pytorch_files_cost_little_more(hub: HubServer, tmp_path: Path) -> None:
    """Two requests a shard to open, and a local header for each storage that is read, mostly along with its rows."""
    published = [publish_bin(hub, f"org/{seed}", tmp_path / str(seed), _block(seed)) for seed in (0, 1)]
    lineage_audit.compare("org/0", "org/1", effort="metadata")
    for repository in published:
        opened = _large_requests(hub, repository)
        print(repository.name, f"{sum(opened) / MEBI:.2f} MiB in {len(opened)} requests to open")
        assert len(opened) == 2 * len(repository.lfs)
        assert sum(opened) <= MEBI
    report = lineage_audit.compare("org/0", "org/1", effort="sample")
    assert report.verdict.relation == "derived"
    for repository in published:
        read = _large_requests(hub, repository)[2 * len(repository.lfs) :]
        print(repository.name, f"{sum(read) / MEBI:.1f} MiB in {len(read)} requests")
        assert len(read) <= 200
        assert sum(read) <= 16 * MEBI


def _large_requests(hub: HubServer, repository: HubRepository) -> list[int]:
    """Bytes of each request for a repository's weight files."""
    etags = {repository.etag(name) for name in repository.lfs}
    asked = [request for request in hub.requests("large") if request.path.lstrip("/").partition("?")[0] in etags]
    return [request.range[1] - request.range[0] for request in asked if request.range is not None]


def test_both_models_are_read_at_the_same_time(hub: HubServer, tmp_path: Path) -> None:
    """While one waits for its bytes, so does the other."""
    for seed, name in enumerate(("org/parent", "org/child")):
        _published(hub, name, tmp_path / name, seed)
    lineage_audit.compare("org/parent", "org/child", effort="metadata")
    hub.faults.append(Fault("^/[0-9a-f]{64}", "files-meet", times=10**6, value=2))
    lineage_audit.compare("org/parent", "org/child", effort="sample")
    assert hub.met
