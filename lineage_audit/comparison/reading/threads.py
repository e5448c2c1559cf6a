"""How many threads a product of matrices gets: as many as this process may use where it is large, else one.

A linear algebra library starts a thread a core for every product. On small ones the threads wait for each other longer
than they compute, the more so beside other processes; and it does not know of a container's share of the processor.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

WIDE = 1024
"""Length from which the shorter side of the largest matrices makes products worth several threads."""

FEW_ROWS = 0
"""The width of a sample and of fingerprints' sketches: products of a few rows, however long."""

_ASKED = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""What a user sets to say how many threads a linear algebra library may start."""

_QUOTA = Path("/sys/fs/cgroup/cpu.max")
_OLDER_QUOTA = (Path("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"), Path("/sys/fs/cgroup/cpu/cpu.cfs_period_us"))


def usable_processors() -> int:
    """Processors that this process may use: those it is bound to, within the container's share."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    share = _container_share()
    return max(1, bound if share is None else min(bound, math.ceil(share)))


def _usable_threads() -> int:
    """As many as processors, or as the user asked for where that is fewer."""
    asked = (os.environ.get(name, "") for name in _ASKED)
    return min([usable_processors(), *(int(count) for count in asked if count.isdecimal() and int(count) > 0)])


@contextmanager
def product_threads(width: int) -> Iterator[None]:
    """Give products of matrices the threads that suit them.

    Args:
        width: the shorter side of the largest matrices.
    """
    import numpy as np  # noqa: F401 - its libraries must be loaded to be told
    from threadpoolctl import threadpool_limits

    with threadpool_limits(_usable_threads() if width >= WIDE else 1, user_api="blas"):
        yield


def _container_share() -> float | None:
    """Processors' worth of time that a control group allows, or None where it allows all."""
    for read in (_unified_share, _older_share):
        try:
            return read()
        except (OSError, ValueError):
            continue
    return None


def _unified_share() -> float | None:
    quota, period = _QUOTA.read_text(encoding="ascii").split()
    return None if quota == "max" else int(quota) / int(period)


def _older_share() -> float | None:
    quota, period = (int(path.read_text(encoding="ascii")) for path in _OLDER_QUOTA)
    return None if quota <= 0 else quota / period
