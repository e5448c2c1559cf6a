"""A stand-in for a CI host: runs the scripts of an action or a job under bash, with stubs for what they install."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from check_jsonschema import main as check_jsonschema
from click.testing import CliRunner

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))

_EXPRESSION = re.compile(r"\$\{\{\s*([\w.-]+)\s*\}\}")

# `python -m venv` and `python -m pip` are stubs that write down what they were asked; all else is the real Python.
_PYTHON = r"""#!/bin/bash
if [ "$1" = -m ] && [ "$2" = venv ]; then
  mkdir -p "$3/bin"
  cp "$STUBS/pip" "$STUBS/lineage-audit" "$3/bin/"
elif [ "$1" = -m ] && [ "$2" = pip ]; then
  shift 2
  "$STUBS/pip" "$@"
else
  exec "$REAL_PYTHON" "$@"
fi
"""
_PIP = """#!/bin/bash
printf '%s\\0' "$@" >> "$STUBS/pip.called"
"""
_REAL = """#!/bin/bash
printf '%s\\0' "$@" >> "$STUBS/lineage-audit.called"
exec "$REAL_PYTHON" -m lineage_audit "$@"
"""
FAKE = """#!/bin/bash
printf '%s\\0' "$@" >> "$STUBS/lineage-audit.called"
while [ $# -gt 0 ]; do
  if [ "$1" = -o ]; then printf 'written for %s\\n' "${2##*.}" > "$2"; fi
  case "$1:$2" in
    -o:*lineage-audit.json) printf '{"outcome": "%s"}' "${FAKE_OUTCOME:-passed}" > "$2" ;;
  esac
  shift
done
printf '::notice::an annotation\\n'
exit "${FAKE_EXIT_CODE:-0}"
"""


@dataclass
class Host:
    """A CI host with its folders.

    Attributes:
        folder: everything it writes.
        workspace: where the scripts run.
        program: the shell script that stands for ``lineage-audit``; by default the real one.
    """

    folder: Path
    workspace: Path
    program: str = _REAL
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.stubs = self.folder / "stubs"
        self.temporary = self.folder / "temporary"
        self.summary = self.folder / "summary.md"
        self.outputs_file = self.folder / "outputs"
        for folder in (self.stubs, self.temporary):
            folder.mkdir(parents=True)
        for name, script in {"python": _PYTHON, "pip": _PIP, "lineage-audit": self.program}.items():
            (self.stubs / name).write_text(script, encoding="utf-8")
            (self.stubs / name).chmod(0o755)

    def run(self, script: str, variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run one script as a host does: bash without profile, stopping at the first error."""
        environment = {
            "PATH": f"{self.stubs}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(ROOT),
            "REAL_PYTHON": sys.executable,
            "STUBS": str(self.stubs),
            "RUNNER_TEMP": str(self.temporary),
            "GITHUB_OUTPUT": str(self.outputs_file),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            **self.environment,
            **variables,
        }
        path = self.folder / "script.sh"
        path.write_text(script, encoding="utf-8")
        bash = shutil.which("bash")
        assert bash is not None
        return subprocess.run(
            [bash, "--noprofile", "--norc", "-eo", "pipefail", str(path)],
            cwd=self.workspace,
            env=environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )

    def called(self, program: str) -> list[str]:
        """The arguments that a stub was called with."""
        path = self.stubs / f"{program}.called"
        return path.read_text(encoding="utf-8").split("\0")[:-1] if path.exists() else []

    def outputs(self) -> dict[str, str]:
        """The outputs that a step wrote."""
        lines = self.outputs_file.read_text(encoding="utf-8").splitlines()
        return dict(line.split("=", 1) for line in lines)


def action_steps() -> Sequence[Mapping[str, object]]:
    """The steps of the action that are scripts."""
    return [step for step in ACTION["runs"]["steps"] if "run" in step]


def run_action(host: Host, **inputs: str) -> list[subprocess.CompletedProcess[str]]:
    """Run the action's scripts with these inputs (``_`` for ``-``); stops at the first that fails, as a host does."""
    given = {name.replace("_", "-"): value for name, value in inputs.items()}
    assert given.keys() <= ACTION["inputs"].keys()
    values = {f"inputs.{name}": given.get(name, spec.get("default")) for name, spec in ACTION["inputs"].items()}
    values["github.action_path"] = str(ROOT)
    done = []
    for step in action_steps():
        assert step["shell"] == "bash"
        variables = {
            name: _EXPRESSION.sub(lambda found: values[found[1]], text) for name, text in step.get("env", {}).items()
        }
        done.append(host.run(step["run"], variables))
        if done[-1].returncode:
            break
    return done


def fulfils(schema: str, path: Path) -> bool:
    """Whether a file is what one of check-jsonschema's own schemas asks; nothing is fetched."""
    return CliRunner().invoke(check_jsonschema, ["--builtin-schema", schema, str(path)]).exit_code == 0
