"""Where files are and whether they stay: links, look-alikes, files exchanged or cut while they are read."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import lineage_audit
from lineage_audit.checkpoint import open_checkpoint, read_checkpoint
from lineage_audit.checkpoint.source import open_source
from lineage_audit.checkpoint.source.base import read_range
from lineage_audit.comparison import compare_checkpoints
from lineage_audit.errors import LineageAuditError, UnreadableFileError
from tests.checkpoint.memory_source import MemorySource
from tests.hostile.family import CONFIG, SOUND, WEIGHTS
from tests.hostile.guarded import behaves, run_guarded
from tests.models import llama, noisy, safetensors, write

FILE = "model.safetensors"
OTHER = {**SOUND, FILE: safetensors(llama(7))}
CHILD = {**SOUND, FILE: safetensors(noisy(WEIGHTS, 2, 0.1))}


def test_a_folder_laid_out_like_the_hub_cache_proves_nothing_by_its_names(tmp_path: Path) -> None:
    """Otherwise a link called by the hash of a famous model would be that model, unread."""
    good = write(tmp_path / "good", SOUND)
    claimed = hashlib.sha256(SOUND[FILE]).hexdigest()
    entry = tmp_path / "models--org--name"
    snapshot = entry / "snapshots" / ("c" * 40)
    write(snapshot, {"config.json": CONFIG})
    write(entry / "blobs", {claimed: OTHER[FILE]})
    (snapshot / FILE).symlink_to(f"../../blobs/{claimed}")
    report = lineage_audit.compare(str(good), str(snapshot))
    assert report.verdict.relation not in ("identical", "derived", "shared-origin")
    assert report.b.digest != report.a.digest


EXCHANGES: dict[str, Callable[[Path], None]] = {
    "another file moved there": lambda path: path.with_name("other").replace(path),
    "rewritten in place": lambda path: _rewrite(path),
    "cut short": lambda path: os.truncate(path, path.stat().st_size - 4096),
    "made longer": lambda path: os.truncate(path, path.stat().st_size + 4096),
    "removed": lambda path: path.unlink(),
    "a pipe in its place": lambda path: (path.unlink(), os.mkfifo(path))[1],
    "a folder in its place": lambda path: (path.unlink(), path.mkdir())[1],
    "a device in its place": lambda path: (path.unlink(), path.symlink_to("/dev/zero"))[1],
    "a link out of the folder": lambda path: (path.unlink(), path.symlink_to(path.with_name("outside")))[1],
}


def _rewrite(path: Path) -> None:
    """The same length, other weights, and a clock that has moved."""
    path.write_bytes(OTHER[FILE])
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1_000_000))


@pytest.mark.parametrize("exchange", EXCHANGES)
def test_a_file_exchanged_between_header_and_rows_gives_no_verdict(exchange: str, tmp_path: Path) -> None:
    good = open_checkpoint(str(write(tmp_path / "good", SOUND)))
    folder = write(tmp_path / "child", CHILD)
    (folder / "other").write_bytes(OTHER[FILE])
    shutil.copy(folder / "other", folder / "outside")
    child = open_checkpoint(str(folder))
    EXCHANGES[exchange](folder / FILE)
    with pytest.raises(UnreadableFileError) as caught:
        compare_checkpoints(good, child)
    assert FILE in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_cut_at_every_kilobyte_gives_no_verdict() -> None:
    whole = CHILD[FILE]
    for size in range(0, len(whole), 1024):
        with pytest.raises(LineageAuditError) as caught:
            read_checkpoint(MemorySource({"config.json": CONFIG, FILE: whole[:size]}))
        assert FILE in str(caught.value)


def test_what_a_listing_did_not_show_is_not_read(tmp_path: Path) -> None:
    source = open_source(str(write(tmp_path / "good", SOUND)))
    (tmp_path / "secret").write_bytes(b"secret")
    for name in ("../secret", "/etc/passwd", "absent"):
        with pytest.raises(UnreadableFileError):
            read_range(source, name, 0, 4)


def test_a_repository_s_own_code_is_never_run(tmp_path: Path) -> None:
    """Not what ``auto_map`` names, and not what happens to have the name of a library."""
    bad = write(tmp_path / "bad", CHILD)
    was_run = tmp_path / "was-run"
    code = f"open({str(was_run)!r}, 'w').close()\n".encode()
    config = CONFIG[:-1] + b', "auto_map": {"AutoModel": "modeling_x.X", "AutoConfig": "org/other--configuration_x.X"}}'
    modules = ("modeling_x", "configuration_x", "tokenization_x", "numpy", "yaml", "torch", "sitecustomize", "conftest")
    write(bad, {"config.json": config, **{f"{name}.py": code for name in modules}, "setup.py": code})
    good = str(write(tmp_path / "good", SOUND))
    commands = [["compare", good, str(bad)], ["check", str(bad), "--reference", good], ["inspect", str(bad)]]
    for ran in run_guarded(tmp_path, commands):
        behaves(ran, (0, 1, 3))
    program = Path(sys.executable).with_name("lineage-audit")
    if program.exists():
        done = subprocess.run(
            [program, "inspect", "."], cwd=bad, capture_output=True, text=True, timeout=300,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    assert not was_run.exists()


def test_a_file_of_a_terabyte_is_not_taken_into_memory(tmp_path: Path) -> None:
    """Sparse, so that it costs nothing to make: one row of it would not fit."""
    good = str(write(tmp_path / "good", SOUND))
    refs = []
    for name, shape in (("row", [2, 2**37]), ("rows", [2**30, 2**8]), ("vector", [2**38])):
        text = b'{"model.embed_tokens.weight": {"dtype": "F32", "shape": %s, "data_offsets": [0, %d]}}'
        header = text % (str(shape).encode(), 2**40)
        for copy in ("a", "b"):
            folder = write(tmp_path / f"{name}-{copy}", {"config.json": CONFIG})
            (folder / FILE).write_bytes(len(header).to_bytes(8, "little") + header + copy.encode())
            os.truncate(folder / FILE, 8 + len(header) + 2**40)
        refs.append(str(tmp_path / name))
    commands = [["compare", f"{ref}-a", f"{ref}-b"] for ref in refs] + [["compare", good, f"{ref}-a"] for ref in refs]
    for ran in run_guarded(tmp_path, commands):
        behaves(ran, (2, 3))
        assert ran.resident < 2**30
