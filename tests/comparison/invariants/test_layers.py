"""Layers between those whose keys were asked are taken along where the ones around them run on."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from lineage_audit.comparison.invariants.matching import KeyMatch
from lineage_audit.comparison.verdict.thresholds import INVARIANTS

NOTHING = np.empty(0, dtype=np.int64)


def _match(found: dict[int, int | None], asked_of_a: list[int]) -> KeyMatch:
    """Layers of B that were asked, each with its source where it is clear."""
    layers = np.array(list(found))
    best = np.array([0 if source is None else source for source in found.values()])
    margins = np.array([0.0 if source is None else 2 * INVARIANTS.layer_margin for source in found.values()])
    return KeyMatch(
        NOTHING, layers, best, np.ones(len(best)), margins, NOTHING, NOTHING, 0, np.array(asked_of_a), False
    )


CASES: dict[str, tuple[dict[int, int | None], list[int], tuple[int, int], dict[int, int]]] = {
    "between two that run on": ({0: 0, 3: 3}, [0, 3], (4, 4), {0: 0, 1: 1, 2: 2, 3: 3}),
    "shifted ones too": ({2: 4, 5: 7}, [4, 7], (6, 12), {2: 4, 3: 5, 4: 6, 5: 7}),
    "not where some were left out": ({0: 0, 3: 5}, [0, 5], (4, 6), {0: 0, 3: 5}),
    "not what was asked on both sides and did not fit": ({0: 0, 1: None, 2: 2}, [0, 1, 2], (3, 3), {0: 0, 2: 2}),
    "what was asked on one side alone": ({0: 0, 1: None, 2: 2}, [0, 2], (3, 3), {0: 0, 1: 1, 2: 2}),
    "from the first layer": ({2: 2}, [2], (9, 5), {0: 0, 1: 1, 2: 2}),
    "to the last layer": ({2: 4}, [4], (7, 5), {2: 4, 3: 5, 4: 6}),
    "nothing from nothing": ({0: None, 2: None}, [0, 2], (3, 3), {}),
}


@pytest.mark.parametrize("name", CASES)
def test_layers_run_on(name: str) -> None:
    found, asked_of_a, ends, expected = CASES[name]
    assert dict(_match(found, asked_of_a).continued(*ends)) == expected


def test_a_layer_of_its_own_between_copies_is_not_taken_along() -> None:
    match = _match({0: 0, 1: None, 2: 1}, [0, 1])
    assert dict(match.continued(2, 3)) == {0: 0, 2: 1}
    assert dict(replace(match, match_margins=np.zeros(3)).continued(2, 3)) == {}
