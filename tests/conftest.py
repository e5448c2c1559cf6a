"""What every room's tests share: golden files that one flag rewrites."""

from __future__ import annotations

import gc
import os
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# A process that a test starts would compile the package anew where the environment keeps Python from writing it down.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Shared machines stall: a slow example is no failure. In CI the same examples are drawn every time.
ALWAYS = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize="CI" in os.environ)
settings.register_profile("suite", ALWAYS, max_examples=25)
settings.register_profile("deep", ALWAYS, max_examples=100)
settings.load_profile("suite")

# Test workers share the cores: more threads in each would only wait for one another. Set before NumPy is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

TESTS = Path(__file__).parent
SLOW = (
    "benchmarks",  # how the benchmarks make their models and read their results
    "hostile",  # attacks, each on a guarded process of its own
    "report/test_hostile_strings.py",
    "checkpoint/formats/test_torch_pickle_bounds.py",
    "cli/test_hostile_input.py",
    "cli/test_process.py",  # and other processes: what a kill leaves, a browser, a kernel
    "library/test_workers.py",
    "ci/test_sample_checkpoints.py",
    "report/html/test_in_browser.py",
    "test_notebook.py",
    "behaviour/asking/test_endpoint.py",
    "checkpoint/composed/test_against_peft.py",  # what other libraries make of the same files, kind by kind
    "checkpoint/names/test_native_architectures.py",
    "checkpoint/source/test_hub_traffic.py",  # what models of true size cost
    "checkpoint/quantization/test_end_to_end.py",  # every change of every form
    "comparison/operations/test_stored_schemes.py",
    "comparison/operations/delta/test_edits.py",
    "test_laws.py",
    "test_end_to_end.py",
    "comparison/test_traps.py",
    "comparison/alignment/test_cross_fitting.py",
    "library/trees/test_growing.py",  # many models, each against the others
    "library/test_identification.py",
    "cli/test_library.py",
    "cli/test_unmix_and_tree.py",
    "comparison/merging/test_naming.py",
    "comparison/alignment/test_shared_experts.py",
    "comparison/merging/test_unmixing.py",
    "comparison/requantized/test_models.py",
    "comparison/test_coverage.py",
    "comparison/test_malformed_mixers.py",
    "comparison/test_malformed_shapes.py",
    "comparison/alignment/test_spectral.py",  # rejections, counted over many pairs of strangers
    "comparison/evidence/test_copies.py",
    "comparison/evidence/test_detection.py",
    "comparison/evidence/test_exactness.py",
    "comparison/evidence/test_free_signs.py",
    "comparison/test_heads_of_two_sizes.py",
    "comparison/operations/test_layer_coherence.py",
    "library/fingerprint/test_copies.py",
    "library/fingerprint/test_comparison.py",
)
"""Rooms and files of tests that are marked ``slow``: ``make test-slow`` takes them, and ``make test`` all others."""

Golden = Callable[[str, str], None]

_THIS_MACHINE = {"", "localhost", "127.0.0.1", "::1", "0.0.0.0", "::"}
_NOWHERE = (".invalid", ".test", ".example")
"""Ends of names that no machine ever has (RFC 2606)."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-goldens",
        action="store_true",
        help="rewrite the golden files with what the code gives now; review the diff before committing",
    )
    parser.addoption(
        "--deep",
        action="store_true",
        help="draw four times as many examples, and count rejections on four times as many pairs of models",
    )


def pytest_configure(config: pytest.Config) -> None:
    settings.load_profile("deep" if config.getoption("--deep") else "suite")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is slow."""
    for item in items:
        if any(item.path.is_relative_to(TESTS / place) for place in SLOW):
            item.add_marker(pytest.mark.slow)


def pytest_collection_finish() -> None:
    """What was collected stays to the end; looking through it for garbage costs a tenth of the run."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


@pytest.fixture(autouse=True)
def no_other_machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail where a test looks for another machine: what it then shows would hang on what that machine says."""
    asked: list[str] = []
    look_up = socket.getaddrinfo

    def of_this_machine(host: str | bytes | None, *wanted: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host or ""
        if name in _THIS_MACHINE:
            return look_up(host, *wanted, **options)
        if not name.endswith(_NOWHERE):
            asked.append(name)
        raise socket.gaierror(socket.EAI_NONAME, f"{name} is no name of this machine")

    monkeypatch.setattr(socket, "getaddrinfo", of_this_machine)
    # The Hub's client asks the Hub, once a process, which programs drive others.
    monkeypatch.setattr("huggingface_hub.utils._detect_agent._fetch_registry", lambda: None)
    yield
    assert not asked, f"looked for {', '.join(sorted(set(asked)))}"


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compare a text with the file of that name in ``goldens/`` beside the test."""
    folder = Path(request.path).parent / "goldens"

    def check(name: str, text: str) -> None:
        path = folder / name
        if request.config.getoption("--update-goldens"):
            folder.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        assert path.is_file(), f"{path} is missing: run pytest --update-goldens and review the new file"
        assert text == path.read_text(encoding="utf-8")

    return check
