"""What the tests of weight formats share."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import pytest


@pytest.fixture
def little_memory() -> Iterator[None]:
    """Fails the test if it takes more than 32 MiB at a time."""
    tracemalloc.start()
    yield
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 32 * 2**20
