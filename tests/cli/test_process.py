"""The command line as a process: start-up, what it imports, pipes, colour, signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest

from lineage_audit.cli import cli, run
from tests.cli.running import FINETUNE, PARENT, ROOT, TWIN, process

_LOADED = (
    "import sys; from lineage_audit.cli import run; code = run(sys.argv[1:]); "
    "print('\\n'.join(sys.modules), file=sys.stderr); sys.exit(code)"
)


def _loaded(*arguments: str) -> set[str]:
    """Modules that a run loads."""
    done = subprocess.run(
        [sys.executable, "-c", _LOADED, *arguments], capture_output=True, text=True, cwd=ROOT, timeout=300
    )
    assert done.returncode == 0
    return set(done.stderr.split())


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["compare", "--help"], ["inspect", "--help"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    heavy = {"numpy", "torch", "rich", "scipy", "transformers", "huggingface_hub", "safetensors", "yaml", "gguf"}
    assert not _loaded(*arguments) & heavy


def test_the_package_and_its_help_load_no_result() -> None:
    code = "import sys, lineage_audit; from lineage_audit.cli import run; run(['--help']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=300)
    assert "Commands:" in done.stdout
    assert not {"lineage_audit.results", "lineage_audit.cli.compare"} & set(done.stdout.split())


def test_every_command_is_defined_under_its_name() -> None:
    context = click.Context(cli)
    assert all(cli.get_command(context, name) is not None for name in cli.list_commands(context))


@pytest.mark.parametrize("effort", ["sample", "full"])
def test_safetensors_are_compared_without_torch(effort: str) -> None:
    loaded = _loaded("compare", PARENT, FINETUNE, "--effort", effort, "--format", "json")
    assert "numpy" in loaded
    assert not loaded & {"torch", "transformers", "huggingface_hub", "rich"}


def test_a_plain_pair_waits_for_nothing_that_it_does_not_hold() -> None:
    """Readers of other formats, schemes of codes, adapters, certificates: start is most of what a small pair takes."""
    loaded = _loaded("compare", PARENT, FINETUNE, "--effort", "sample", "--format", "json")
    assert not loaded & {
        "lineage_audit.certificate",
        "lineage_audit.certifying",
        "lineage_audit.checkpoint.composed.composing",
        "lineage_audit.checkpoint.formats.torch_pickle",
        "lineage_audit.checkpoint.quantization.schemes",
        "lineage_audit.comparison.adapters.comparing",
    }


def test_the_module_and_the_help_say_the_exit_codes() -> None:
    done = process("--help")
    assert "0 passed" in done.stdout
    assert "3" in done.stdout
    assert process("--version").stdout.startswith("lineage-audit")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A comparison as JSON: `render` shows it as `compare` does, and reads no model."""
    path = str(tmp_path_factory.mktemp("reports") / "report.json")
    assert run(["compare", PARENT, TWIN, "-o", path]) == 0
    return path


@pytest.mark.parametrize("environment", [{}, {"NO_COLOR": "1"}, {"TERM": "dumb"}, {"COLUMNS": "40"}])
def test_what_is_no_terminal_gets_no_colour(report: str, environment: dict[str, str]) -> None:
    done = process("render", report, environment=environment)
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    assert "INDEPENDENT" in done.stdout
    assert done.stderr == ""


def test_an_ascii_locale_does_not_break_the_report(report: str) -> None:
    done = process("render", report, environment={"LC_ALL": "C", "PYTHONIOENCODING": "ascii"})
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 2)


@pytest.mark.parametrize(
    "arguments",
    [["render"], ["render", "-v"], *(["inspect", PARENT, "--format", form] for form in ("json", "markdown"))],
)
def test_a_reader_that_went_away_is_no_finding_and_no_complaint(report: str, arguments: list[str]) -> None:
    """``lineage-audit compare ... | head -1`` must not exit with 1, which says that something was found."""
    asked = [*arguments, report] if arguments[0] == "render" else arguments
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = process(*asked, capture_output=False, stdout=writer, stderr=subprocess.PIPE)
    finally:
        os.close(writer)
    assert done.returncode == 2
    assert done.stderr == ""


def _heed_ctrl_c() -> None:
    """A suite that was started in the background hands on that Ctrl-C is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _wait_until_read(running: subprocess.Popen[str], count: float) -> None:
    """Wait until a process has read so many bytes, or is gone."""
    read = Path(f"/proc/{running.pid}/io")
    deadline = time.monotonic() + 300
    while running.poll() is None and time.monotonic() < deadline and int(read.read_text().split()[1]) < count:
        time.sleep(0.05)


def _press_ctrl_c(running: subprocess.Popen[str]) -> str:
    """Press Ctrl-C until the process ends, and give what it said.

    Python hears a signal between two of its own steps: one that comes just before a call that waits (the opening of a
    pipe that has no reader) is heard when that call ends, or with the next one, as by a person who presses again. One
    that comes while a string is executed (a dataclass being made) ends the process by the signal, 130 to a shell.
    """
    for _ in range(30):
        running.send_signal(signal.SIGINT)
        try:
            _, error = running.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            continue
        assert running.returncode in (130, -signal.SIGINT)
        return error
    running.kill()
    raise AssertionError("Ctrl-C was never heard")


def test_ctrl_c_in_the_middle_of_work_leaves_nothing(tmp_path: Path) -> None:
    """Interrupted while weights are read in several threads."""
    from benchmarks.speed.checkpoints import write_sparse
    from benchmarks.speed.shapes import SHAPES

    for name in ("a", "b"):
        write_sparse(tmp_path / name, SHAPES["7B"], 3)
    running = subprocess.Popen(
        [sys.executable, "-m", "lineage_audit", "compare", "a", "b", "--effort", "full", "-o", "report.json"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE, text=True,
        preexec_fn=_heed_ctrl_c,
    )  # fmt: skip
    _wait_until_read(running, 200e6)
    error = _press_ctrl_c(running)
    assert error.strip() == "lineage-audit: interrupted; nothing was written"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_ctrl_c_gives_130(tmp_path: Path) -> None:
    """Interrupted while it waits for a reader of its output."""
    pipe = tmp_path / "report.json"
    os.mkfifo(pipe)
    running = subprocess.Popen(
        [sys.executable, "-m", "lineage_audit", "compare", PARENT, TWIN, "-o", str(pipe)],
        cwd=ROOT, stderr=subprocess.PIPE, text=True, preexec_fn=_heed_ctrl_c,
    )  # fmt: skip
    _wait_until_read(running, 20e6)
    error = _press_ctrl_c(running)
    assert "interrupted" in error
    assert "Traceback" not in error
