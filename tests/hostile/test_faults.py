"""The auditor's own machine fails: killed at any moment, no room on the disk. Outputs are whole or absent."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lineage_audit.errors import LineageAuditError
from lineage_audit.whole_files import write_whole
from tests.cli.running import FINETUNE, PARENT, ROOT, process

OLD = "what was there before\n"


@pytest.mark.parametrize("share", [0.6, 1.0])
def test_killed_at_any_moment(share: float, tmp_path: Path) -> None:
    """The output is what it was, or the whole new one."""
    output = tmp_path / "report.json"
    output.write_text(OLD)
    running = subprocess.Popen(
        [sys.executable, "-m", "lineage_audit", "compare", PARENT, FINETUNE, "-v", "-o", str(output)],
        cwd=ROOT, stderr=subprocess.PIPE, env={"PATH": os.environ["PATH"], "OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip
    started = time.perf_counter()
    while time.perf_counter() - started < share * 0.9 and running.poll() is None:
        time.sleep(0.01)
    running.send_signal(signal.SIGKILL)
    running.communicate(timeout=300)
    text = output.read_text()
    assert text == OLD or json.loads(text)["schema"].startswith("lineage-audit/report/")


def test_killed_in_the_middle_of_writing(tmp_path: Path) -> None:
    """The file is written beside its place: whatever is left over there, the output itself is untouched."""
    output = tmp_path / "report.json"
    output.write_text(OLD)
    code = (
        "import os, signal, sys, tempfile\nfrom pathlib import Path\n"
        "from lineage_audit.whole_files import write_whole\n"
        "real = tempfile.NamedTemporaryFile\n"
        "class Dying:\n"
        "    def __init__(self, *a, **k): self.file = real(*a, **k)\n"
        "    def __enter__(self): self.file.__enter__(); self.name = self.file.name; return self\n"
        "    def __exit__(self, *a): self.file.__exit__(*a)\n"
        "    def write(self, text):\n"
        "        self.file.write(text[:9]); self.file.flush(); os.kill(os.getpid(), signal.SIGKILL)\n"
        "tempfile.NamedTemporaryFile = Dying\n"
        "write_whole(Path(sys.argv[1]), 'x' * 1000)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(output)], cwd=ROOT, timeout=300)
    assert done.returncode == -signal.SIGKILL
    assert output.read_text() == OLD


def _limited(bytes_a_file: int) -> None:
    """No file may grow larger: what a full disk does, without one."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_a_file, bytes_a_file))


@pytest.mark.parametrize("there", [True, False])
def test_a_disk_that_is_full(there: bool, tmp_path: Path) -> None:
    """One line, exit 2, nothing half-written, nothing left behind. (Python itself would cut its own bytecode short.)"""
    outputs = [tmp_path / name for name in ("report.sarif", "report.xml", "report.json")]
    for output in outputs if there else ():
        output.write_text(OLD)
    done = process(
        "check", FINETUNE, "--reference", PARENT, *(word for output in outputs for word in ("-o", str(output))),
        preexec_fn=lambda: _limited(100), environment={"PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(tmp_path.iterdir()) == (sorted(outputs) if there else [])
    assert all(output.read_text() == OLD for output in tmp_path.iterdir())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("more", [[], ["-o", "/dev/full"]])
def test_a_stdout_that_takes_nothing(more: list[str]) -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = process("compare", PARENT, FINETUNE, *more, capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "No space left on device" in done.stderr
    assert "internal error" not in done.stderr


@pytest.mark.parametrize("place", ["absent/report.json", "file/report.json", "x" * 300 + ".json"])
def test_a_place_that_cannot_be_written(place: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text(OLD)
    with pytest.raises(LineageAuditError, match="cannot be written"):
        write_whole(tmp_path / place, "text")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
