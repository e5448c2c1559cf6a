#!/usr/bin/env bash
# Resolve the development environment from pyproject.toml in a clean environment and write it down.
set -euo pipefail
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
python3 -m venv "$scratch"
# torch first, at the version that the tests were run with: its newer releases are several times the size.
"$scratch/bin/python" -m pip install --quiet torch==2.13.0
"$scratch/bin/python" -m pip install --quiet ".[dev]" hatchling editables
{
  echo "# Written by requirements/lock.sh; do not edit."
  "$scratch/bin/python" -m pip freeze --exclude lineage-audit | sed 's/^torch==\([0-9.]*\).*/torch==\1/'
} > requirements/dev.lock
