"""The README's examples are run; ``pytest --update-goldens`` writes what they print into it."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
TEXT = README.read_text(encoding="utf-8")
CONSOLE = re.findall(r"^```console\n\$ (lineage-audit [^\n]*)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
PYTHON = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def _settled(text: str) -> str:
    """Output without what differs between runs: seconds, trailing blanks."""
    lines = [line.rstrip() for line in text.strip().splitlines()]
    return re.sub(r"(in|,) <?[\d.]+ s\b", r"\1 T s", "\n".join(lines))


def test_the_readme_shows_the_main_commands_and_the_help() -> None:
    commands = [command for command, _ in CONSOLE]
    for beginning in ("compare sample_checkpoints", "check sample_checkpoints", "--help", "compare --help"):
        assert any(command.startswith(f"lineage-audit {beginning}") for command in commands), beginning


@pytest.mark.parametrize(("command", "shown"), CONSOLE, ids=[command for command, _ in CONSOLE])
def test_console_examples_print_what_the_readme_shows(command: str, shown: str, request: pytest.FixtureRequest) -> None:
    arguments = [sys.executable, "-m", "lineage_audit", *shlex.split(command)[1:]]
    environment = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode in (0, 1), done.stderr
    if request.config.getoption("--update-goldens") and _settled(done.stdout) != _settled(shown):
        printed = "\n".join(line.rstrip() for line in done.stdout.rstrip().splitlines())
        before, after = f"$ {command}\n{shown}```", f"$ {command}\n{printed}\n```"
        README.write_text(README.read_text(encoding="utf-8").replace(before, after), encoding="utf-8")
        return
    assert _settled(done.stdout) == _settled(shown)


@pytest.mark.parametrize("code", PYTHON, ids=range(len(PYTHON)))
def test_python_examples_run(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    exec(compile(code, "README.md", "exec"), {})


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#:]+)\)", TEXT))
def test_links_lead_to_files(target: str) -> None:
    assert (ROOT / target).exists()
