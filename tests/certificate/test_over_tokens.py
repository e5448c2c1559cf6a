"""Which layers are read over tokens: those of the first pattern that reads enough and no more."""

from types import SimpleNamespace

import numpy as np
import pytest

from lineage_audit.certificate.over_tokens import thinned
from lineage_audit.certificate.sources import UnitSource


def _layers(count, units, width, rows_a_unit=1):
    rows = np.arange(units * rows_a_unit).reshape(units, rows_a_unit, 1)
    tensor = SimpleNamespace(shape=(units * rows_a_unit, width))
    return {layer: UnitSource(layer, tensor, rows, 1) for layer in range(count)}


@pytest.mark.parametrize(
    ("model", "layers"),
    [
        pytest.param(_layers(32, 8, 4096, 4), list(range(32)), id="all of a model that is enough"),
        pytest.param(_layers(32, 32, 4096, 4), [3, 6, 7, 12, 14, 24, 27, 28], id="7B"),
        pytest.param(_layers(40, 40, 5120, 4), [1, 6, 7, 9, 19, 38], id="13B: more than enough by every pattern"),
        pytest.param(_layers(12, 1024, 64), [3, 6, 7], id="units are bounded as well"),
        pytest.param(_layers(60, 256, 2**14, 4), [], id="more than a certificate reads by every pattern"),
    ],
)
def test_the_densest_pattern_that_is_enough_is_taken_and_the_sparsest_where_none_is(model, layers):
    of_a, of_b = thinned(model, model)
    assert list(of_a) == list(of_b) == layers


def test_what_both_models_allow_decides():
    small, large = _layers(32, 8, 4096, 4), _layers(32, 32, 4096, 4)
    of_a, of_b = thinned(small, large)
    assert list(of_a) == list(of_b) == [3, 6, 7, 12, 14, 24, 27, 28]
