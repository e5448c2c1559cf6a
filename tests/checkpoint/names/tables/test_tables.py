"""The tables do not contradict themselves."""

from __future__ import annotations

import pytest

from lineage_audit.checkpoint.names.table import TABLE, look_up
from lineage_audit.checkpoint.names.tables import FAMILIES
from lineage_audit.checkpoint.names.tables.family import Family


def _stems(family: Family) -> dict[str, object]:
    inside = {f"{layer}.{stem}": meaning for layer in family.layers for stem, meaning in family.inside}
    return inside | dict(family.outside)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.systems)
def test_every_family_keeps_its_own_meanings(family: Family) -> None:
    assert {stem: TABLE[stem] for stem in _stems(family)} == _stems(family)
    assert len(_stems(family)) == len(family.inside) * len(family.layers) + len(family.outside)


@pytest.mark.parametrize("prefix", ["", "module.", "model.", "base_model.model.model.", "transformer."])
def test_every_stem_is_found_behind_prefixes(prefix: str) -> None:
    for stem, meaning in TABLE.items():
        found = look_up(f"{prefix}{stem}.weight")
        assert found is not None
        assert (found.meaning, found.stem) == (meaning, stem)
