from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage_audit.report import numbers
from lineage_audit.sizes import plural


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "–"),
        (nan, "–"),
        (0.0, "0%"),
        (1.0, "100%"),
        (0.998, "99.8%"),
        (0.9999, ">99.9%"),
        (0.00005, "<0.1%"),
        (-0.00005, "<0.1%"),
        (0.012, "1.2%"),
    ],
)
def test_share(value, words):
    assert numbers.share(value) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "–"),
        (inf, "–"),
        (0.0, "0"),
        (1.0, "1"),
        (-1.0, "-1"),
        (0.52, "0.520"),
        (0.99991, ">0.999"),
        (-0.99991, "<-0.999"),
        (0.0004, "0.0004"),
        (1e-19, "<0.0001"),
        (-1e-19, ">-0.0001"),
        (1.4142, "1.414"),
    ],
)
def test_coefficient(value, words):
    assert numbers.coefficient(value) == words


@pytest.mark.parametrize(
    ("log10_p", "words"),
    [
        (None, "no p-value"),
        (nan, "no p-value"),
        (-612.4, "p ≤ 10^-612"),
        (-612.0, "p ≤ 10^-612"),
        (-4.0, "p ≤ 10^-4"),
        (-3.5, "p ≤ 0.00032"),
        (-0.37, "p ≤ 0.43"),
        (-1.0, "p ≤ 0.1"),
        (-0.0001, "nothing found"),
        (0.0, "nothing found"),
    ],
)
def test_p_value(log10_p, words):
    assert numbers.p_value(log10_p) == words


@given(st.floats(-1e6, 0))
def test_a_p_value_is_never_stated_too_small(log10_p):
    stated = numbers.p_value(log10_p).removeprefix("p ≤ ")
    if stated == "nothing found":
        assert log10_p > -0.01
    elif stated.startswith("10^"):
        assert int(stated.removeprefix("10^")) >= log10_p
    else:
        assert 1 >= float(stated) >= 10**log10_p * (1 - 1e-7)
    if log10_p <= -1:
        assert float(numbers.logarithm(log10_p).replace(",", "")) >= log10_p


@given(st.floats(min_value=1e-300, max_value=1, exclude_max=True))
def test_what_was_measured_is_never_rounded_to_nothing_or_everything(value):
    assert numbers.share(value).strip("<>%") not in {"0", "0.0", "100", "100.0"}
    assert numbers.coefficient(value).strip("0.") != ""
    assert numbers.coefficient(value) not in {"1", "1.000"}


@given(st.floats(1e-6, 1))
def test_a_detection_limit_promises_no_more_than_it_keeps(cosine):
    assert float(numbers.detection_limit(cosine)) >= cosine * (1 - 1e-7)


def test_detection_limit():
    assert numbers.detection_limit(0.0102) == "0.011"
    assert numbers.detection_limit(0.0084) == "0.0084"
    assert numbers.detection_limit(None) == numbers.detection_limit(nan) == "–"


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0"),
        (9_999, "9,999"),
        (10_000, "10k"),
        (999_999, "1M"),
        (1_700_000, "1.7M"),
        (6_738_415_616, "6.74B"),
        (1_026_408_232_448, "1.03T"),
    ],
)
def test_magnitude(count, words):
    assert numbers.magnitude(count) == words


def test_sizes_times_and_counts():
    assert numbers.byte_size(812) == "812 bytes"
    assert numbers.byte_size(26_411_008) == "25.2 MiB"
    assert numbers.byte_size(1) == "1 byte"
    assert numbers.duration(0.04) == "<0.1 s"
    assert numbers.duration(3.21) == "3.2 s"
    assert numbers.duration(148.6) == "2 min 29 s"
    assert plural(1, "layer") == "1 layer"
    assert plural(1_000, "layer") == "1,000 layers"
    assert plural(2, "matrix") == "2 matrices"
    assert numbers.quantity(16_318.4) == "16,318"
    assert numbers.quantity(0.37012) == "0.3701"
    assert numbers.logarithm(None) == "–"
    assert numbers.logarithm(-0.05) == "0"
