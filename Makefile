# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUNS := $(VENV)/runs
TESTS := $(VENV)/tests
SITE := $(VENV)/site
PIP := $(BIN)/python -m pip --disable-pip-version-check
# An index with builds of PyTorch for processors, where pip's own has only those for graphics cards (several GB).
TORCH_INDEX ?=

.PHONY: demo test test-slow lint docs setup benchmark-seeds benchmark-real lock

demo: $(RUNS)  ## Compare two sample checkpoints: one architecture, two trainings.
	@echo "Comparing two small models: one architecture, trained from two different starts."
	$(BIN)/lineage-audit compare sample_checkpoints/llama-style-parent sample_checkpoints/yi-style-independent

test: setup  ## Run the tests but for the slow ones.
	$(BIN)/python -m pytest -n auto --dist loadfile -m "not slow"

test-slow: setup  ## Run the slow ones: benchmarks' own tests, attacks, rejections counted over many pairs.
	$(BIN)/python -m pytest -n auto --dist loadfile -m slow

lint: setup  ## Style, docstrings, types.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(SITE)  ## The documentation as a site in site/, links and headings checked; nothing is fetched to build or read it.
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet

setup: $(TESTS)  ## A virtual environment with everything that development needs, at the locked versions.

$(VENV)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "lineage-audit needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	touch $@

$(RUNS): requirements/run.lock pyproject.toml | $(VENV)/python
	@echo "Installing what the comparison needs (NumPy, readers of weight files: some 170 MB, no PyTorch)."
	$(PIP) install --no-deps --requirement requirements/run.lock
	$(PIP) install --no-deps --no-build-isolation --quiet --editable .
	touch $@

$(TESTS): requirements/dev.lock $(RUNS)
	@echo "Installing what the tests need (PyTorch for processors and the libraries that models are made with)."
	$(PIP) install --no-deps --requirement requirements/dev.lock $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))
	touch $@

$(SITE): requirements/docs.lock | $(VENV)/python
	$(PIP) install --no-deps --quiet --requirement requirements/docs.lock
	touch $@

benchmark-seeds: setup  ## Twenty-one pairs that differ in the seed alone: no accusation.
	$(BIN)/python -m benchmarks.independent_seeds

benchmark-real: setup  ## Real published weights, fetched by hash.
	$(BIN)/python -m benchmarks.real_world

lock:  ## Write the lock files anew from clean environments.
	bash requirements/lock.sh
