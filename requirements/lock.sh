#!/usr/bin/env bash
# Resolve what the demo and the tests need from pyproject.toml in clean environments, and write both lists down.
set -euo pipefail
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# What builds the package itself, which is installed without isolation.
build=(hatchling editables)

# locked NAME PACKAGE...: what pip installs for PACKAGE..., all of it, at the versions of this day.
locked() {
  local name=$1
  shift
  python3 -m venv "$scratch/$name"
  "$scratch/$name/bin/python" -m pip install --quiet "$@"
  {
    echo "# Written by requirements/lock.sh; do not edit."
    "$scratch/$name/bin/python" -m pip freeze --exclude lineage-audit | sed 's/^torch==\([0-9.]*\).*/torch==\1/'
  } > "requirements/$name.lock"
}

# torch at the version that the tests were run with, as the build for processors: what belongs to CUDA stays out.
locked dev torch==2.13.0 ".[dev]" "${build[@]}"
sed -i '/^nvidia-/d; /^triton==/d' requirements/dev.lock
# The demo takes the same versions as the tests, and only what runs it.
PIP_CONSTRAINT=requirements/dev.lock locked run . "${build[@]}"
# So does the site, which needs nothing of the tool itself.
PIP_CONSTRAINT=requirements/dev.lock locked docs "mkdocs-material>=9.5"
