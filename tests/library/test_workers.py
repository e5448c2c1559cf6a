"""Many models: one task each, all accounted for, and a worker that dies takes nothing with it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lineage_audit.errors import LineageAuditError
from lineage_audit.library.fingerprint import read_fingerprint
from lineage_audit.library.folder import fingerprint_many, path_for
from lineage_audit.library.workers import Made, Task, make_many
from tests.models import SMALL, llama, llama_config, repository, write


@pytest.fixture
def models(tmp_path: Path) -> list[str]:
    return [
        str(write(tmp_path / f"model-{seed}", repository(llama(seed, SMALL), llama_config(SMALL)))) for seed in range(6)
    ]


def test_every_model_gets_a_file_or_a_reason(models: list[str], tmp_path: Path) -> None:
    broken = str(write(tmp_path / "broken", {"config.json": b"{}", "model.safetensors": b"nonsense"}))
    answers = list(fingerprint_many([*models, broken, "/nowhere", models[0]], tmp_path / "out"))
    assert [answer.ref for answer in answers] == [*models, broken, "/nowhere"]
    failed = {answer.ref: answer.failure for answer in answers if answer.failure}
    assert failed.keys() == {broken, "/nowhere"}
    assert all(read_fingerprint(answer.path) for answer in answers if not answer.failure)


def test_a_run_goes_on_where_it_stopped(models: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "out"
    list(fingerprint_many(models[:3], folder))
    path_for(models[1], folder).write_bytes(b"cut short")
    answers = {answer.ref: answer.was_there for answer in fingerprint_many(models, folder)}
    assert answers == {ref: ref in (models[0], models[2]) for ref in models}


def test_names_that_look_alike_stay_apart(tmp_path: Path) -> None:
    refs = ["org/a b", "org/a-b", "org/a_b", "org/a b/", "../a", "..", "é", "x" * 500]
    paths = {path_for(ref, tmp_path) for ref in refs}
    assert len(paths) == len(refs)
    assert all(path.parent == tmp_path and len(path.name) < 200 for path in paths)


def test_a_scheduler_that_is_not_there_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr("lineage_audit.library.workers.CONNECT_SECONDS", 0.3)
    with pytest.raises(LineageAuditError, match="no Dask scheduler"):
        list(make_many([Task("a"), Task("b")], scheduler="tcp://127.0.0.1:1"))


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two worker processes; a task whose worker dies is given up at once."""
    distributed, dask = pytest.importorskip("distributed"), pytest.importorskip("dask")
    local = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None, "silence_logs": 50}
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        distributed.LocalCluster(**local) as running,
    ):
        yield running


def test_a_killed_worker_loses_no_model(models: list[str], cluster: Any) -> None:
    refs = [*models, "/nowhere"]
    answers: list[Made] = []
    for answer in make_many([Task(ref) for ref in refs], scheduler=cluster.scheduler_address):
        if not answers:
            _kill_a_worker(cluster)
        answers.append(answer)
    assert sorted(answer.ref for answer in answers) == sorted(refs)
    assert {answer.ref for answer in answers if answer.failure} == {"/nowhere"}


def test_a_model_that_kills_its_workers_is_reported_and_the_others_are_made(cluster: Any) -> None:
    def make(task: Task) -> Made:
        if task.ref == "poison":
            os._exit(9)
        return Made(task.ref, b"x", None, 0.0)

    tasks = [Task(ref) for ref in ("a", "poison", "b", "c")]
    answers = {made.ref: made for made in make_many(tasks, scheduler=cluster.scheduler_address, make=make)}
    assert answers.keys() == {"a", "b", "c", "poison"}
    assert "given up" in (answers["poison"].failure or "")
    assert all(answers[ref].data == b"x" for ref in "abc")


def _kill_a_worker(cluster: Any) -> None:
    """End one worker's process as a machine that fails would."""
    from distributed import Client

    with Client(cluster) as client:
        os.kill(next(iter(client.run(os.getpid).values())), 9)
