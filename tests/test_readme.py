import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONSOLE = re.findall(r"^```console\n\$ (lineage-audit [^\n]*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
PYTHON = re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def _settled(text: str) -> str:
    """Output without what differs between runs: seconds, trailing blanks."""
    lines = [line.rstrip() for line in text.strip().splitlines()]
    return re.sub(r"(in|,) <?[\d.]+ s\b", r"\1 T s", "\n".join(lines))


def test_the_readme_shows_the_main_command_and_the_help() -> None:
    commands = [command for command, _ in CONSOLE]
    assert any(command.startswith("lineage-audit compare sample_checkpoints") for command in commands)
    assert "lineage-audit --help" in commands


@pytest.mark.parametrize(("command", "shown"), CONSOLE, ids=[command for command, _ in CONSOLE])
def test_console_examples_print_what_the_readme_shows(command: str, shown: str) -> None:
    arguments = [sys.executable, "-m", "lineage_audit", *shlex.split(command)[1:]]
    environment = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode in (0, 1), done.stderr
    assert _settled(done.stdout) == _settled(shown)


@pytest.mark.parametrize("code", PYTHON, ids=range(len(PYTHON)))
def test_python_examples_run(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    exec(compile(code, "README.md", "exec"), {})


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#:]+)\)", README))
def test_links_lead_to_files(target: str) -> None:
    assert (ROOT / target).exists()
