"""Many models on many machines: one task a model, every model accounted for.

With one worker the models are made one after the other in this process. With more, or with a scheduler's address,
they are Dask tasks: a worker that dies has its task run elsewhere, and a model that fails, or kills its workers again
and again, is reported and holds up nobody else. Tasks give bytes; only this process writes files.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from msgspec import Struct

from lineage_audit.checkpoint import open_checkpoint
from lineage_audit.errors import LineageAuditError
from lineage_audit.library.fingerprint import sketch, to_bytes

if TYPE_CHECKING:
    from distributed import Client


CONNECT_SECONDS = 20
"""How long a scheduler is waited for."""


class Task(Struct, frozen=True):
    """One model to make a fingerprint of."""

    ref: str
    effort: str = "full"


class Made(Struct, frozen=True):
    """What became of one model: the fingerprint file's bytes, or why there are none."""

    ref: str
    data: bytes | None
    failure: str | None
    seconds: float


def _make_one(task: Task) -> Made:
    """Make one fingerprint; whatever goes wrong is part of the answer."""
    started = time.perf_counter()
    try:
        data = to_bytes(sketch(open_checkpoint(task.ref), task.effort))
    except LineageAuditError as error:
        return Made(task.ref, None, str(error), time.perf_counter() - started)
    except Exception as error:
        return Made(task.ref, None, f"{task.ref}: internal error ({error!r})", time.perf_counter() - started)
    return Made(task.ref, data, None, time.perf_counter() - started)


def make_many(
    tasks: Sequence[Task],
    *,
    workers: int = 1,
    scheduler: str | None = None,
    make: Callable[[Task], Made] = _make_one,
) -> Iterator[Made]:
    """Make every fingerprint; each task gives exactly one answer, in the order in which they are done.

    Args:
        tasks: the models, each named once.
        workers: local processes, where no scheduler is given.
        scheduler: address of a Dask scheduler.
        make: what is done with one task.

    Raises:
        LineageAuditError: Dask is needed and not installed, or the scheduler cannot be reached.
    """
    if not tasks:
        return
    if scheduler is None and (workers <= 1 or len(tasks) == 1):
        yield from map(make, tasks)
        return
    with _client(scheduler, min(workers, len(tasks))) as client:
        yield from _on_dask(client, tasks, make)


@contextmanager
def _client(scheduler: str | None, workers: int) -> Iterator[Client]:
    """Connect to a scheduler, or start local processes and stop them afterwards."""
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        raise LineageAuditError("several workers need Dask: pip install 'lineage-audit[dask]'") from None
    if scheduler is not None:
        try:
            client = Client(scheduler, timeout=CONNECT_SECONDS)
        except (OSError, ValueError) as error:
            raise LineageAuditError(f"{scheduler}: no Dask scheduler answers there ({error})") from None
        with client:
            yield client
        return
    local = {"n_workers": workers, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with LocalCluster(**local) as cluster, Client(cluster) as client:
        yield client


def _on_dask(client: Client, tasks: Sequence[Task], make: Callable[[Task], Made]) -> Iterator[Made]:
    """Hand every task to the cluster and take what comes back; those that were given up get a second run, alone.

    A task that kills its worker is not told from those that waited there: alone, each is judged by itself.
    """
    given_up = []
    for task, made in _round(client, tasks, make):
        if made is None:
            given_up.append(task)
        else:
            yield made
    for task in given_up:
        for _, made in _round(client, [task], make):
            yield made or Made(task.ref, None, f"{task.ref}: given up by the cluster, its workers died or left", 0.0)


def _round(client: Client, tasks: Sequence[Task], make: Callable[[Task], Made]) -> Iterator[tuple[Task, Made | None]]:
    """Run tasks; one whose worker died, or that was lost, gives None."""
    from distributed import as_completed

    waiting = {client.submit(make, task, pure=False): task for task in tasks}
    for future in as_completed(list(waiting)):
        task = waiting.pop(future)
        try:
            yield task, future.result()
        except Exception:
            yield task, None
        future.release()
    for task in waiting.values():
        yield task, None
