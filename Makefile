# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready

.PHONY: demo test lint setup benchmark-seeds benchmark-real lock

demo: setup  ## Compare two sample checkpoints: one architecture, two trainings.
	$(BIN)/lineage-audit compare sample_checkpoints/llama-style-parent sample_checkpoints/yi-style-independent

test: setup  ## Run the whole test suite.
	$(BIN)/python -m pytest -n auto

lint: setup  ## Style, docstrings, types.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

setup: $(READY)  ## A virtual environment with the locked versions.

$(READY): requirements/dev.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "lineage-audit needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements/dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	touch $(READY)

benchmark-seeds: setup  ## Twenty-one pairs that differ in the seed alone: no accusation.
	$(BIN)/python -m benchmarks.independent_seeds

benchmark-real: setup  ## Real published weights, fetched by hash.
	$(BIN)/python -m benchmarks.real_world

lock:  ## Write requirements/dev.lock anew from a clean environment.
	bash requirements/lock.sh
