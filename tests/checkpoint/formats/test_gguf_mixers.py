"""Mixers in GGUF are the Hub's: the same roles, the same numbers, and a comparison that says so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("gguf")

from lineage_audit import compare
from lineage_audit.checkpoint import Checkpoint, open_checkpoint
from lineage_audit.checkpoint.roles import WITHOUT_PLACE, Role
from tests.checkpoint.formats.gguf_files import write_gguf
from tests.checkpoint.formats.gguf_mixers import FAMILIES, Family
from tests.models import repository, write


@pytest.fixture(params=FAMILIES)
def family(request: pytest.FixtureRequest) -> Family:
    made: Family = FAMILIES[request.param]()
    return made


def _both(family: Family, place: Path) -> tuple[Checkpoint, Checkpoint]:
    hub = write(place / "hub", repository(family.original, family.config))
    numbers = {f"{family.architecture}.ssm.{name}": value for name, value in family.numbers.items()}
    file = write_gguf(
        place / "m.gguf", family.converted, architecture=family.architecture, config=family.config, numbers=numbers
    )
    return open_checkpoint(str(hub)), open_checkpoint(str(file))


def test_every_tensor_has_the_role_and_the_numbers_of_the_original(family: Family, tmp_path: Path) -> None:
    hub, file = _both(family, tmp_path)
    placed = {tensor.key: tensor for tensor in hub.tensors if tensor.role not in WITHOUT_PLACE}
    assert set(placed) == {tensor.key for tensor in file.tensors if tensor.role not in WITHOUT_PLACE}
    assert {tensor.role for tensor in hub.tensors} >= {Role.MIXER_V, Role.MIXER_O}
    assert not {Role.MIXER_IN, Role.MIXER_QKV, Role.OTHER} & {tensor.role for tensor in (*hub.tensors, *file.tensors)}
    for key, tensor in placed.items():
        mine, theirs = (one.rows(one.by_key[key], 0, tensor.shape[0]) for one in (file, hub))
        np.testing.assert_allclose(mine, theirs, rtol=1e-6, atol=1e-6, err_msg=str(key))


def test_a_conversion_is_no_more_than_that(family: Family, tmp_path: Path) -> None:
    hub, file = _both(family, tmp_path)
    report = compare(hub.ref, file.ref)
    assert report.verdict.relation in ("identical", "derived"), report.verdict.summary
    kinds = {operation.kind for operation in report.verdict.operations}
    assert kinds <= {"renamed-tensors", "fused-tensors", "cast"}
