"""How schemes choose scales with nothing but the floats: of each group its largest size, or its range.

Libraries differ in what they divide by, and in the type that they compute in. Each way is a rule with a name; which of
them made a file is found by trying.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from lineage_audit.checkpoint.dtypes import decode, round_to
from lineage_audit.checkpoint.encoding import FloatArray
from lineage_audit.checkpoint.quantization.grid import Extent, Grid, GridRule, group_extents

Constants = tuple[FloatArray, FloatArray | None, FloatArray | None]
"""Scales, zero points and offsets."""

Choice = Callable[[FloatArray, FloatArray], Constants]
"""From the least and the largest value of each group to exact constants."""

_COARSE = ("BF16", "F16")
"""Types in which quantisers compute where the weights are stored in them."""

FLOAT8_LARGEST: Mapping[str, float] = {"F8_E4M3": 448.0, "F8_E5M2": 57344.0}
FLOAT4_LARGEST = 6.0


def float8_levels(dtype: str) -> FloatArray:
    """All finite values of an 8-bit float, ascending."""
    values = decode(bytes(range(256)), dtype)
    levels: FloatArray = np.unique(values[np.isfinite(values)])
    return levels


def symmetric_integers(bits: int, dtype: str) -> tuple[GridRule, ...]:
    """Zero stays zero, scales follow the largest size.

    Args:
        bits: of a code.
        dtype: the type of the scales, in which quotients may have been computed too.
    """
    top = 2 ** (bits - 1)
    divisors = {"half the range of codes": (2**bits - 1) / 2, "the largest code": top - 1.0, "the least": float(top)}
    choices = {f"largest size over {name} ({divisor:g})": by_largest(divisor) for name, divisor in divisors.items()}
    return tuple(in_each_arithmetic({**choices, "the larger step of the two ends": _unclipped(top)}, dtype))


def asymmetric_integers(bits: int, dtype: str, least_code: int = 0) -> tuple[GridRule, ...]:
    """The range of a group, zero in it, over all codes, with a whole zero point."""

    def choose(least: FloatArray, largest: FloatArray) -> Constants:
        least, largest = np.minimum(least, 0), np.maximum(largest, 0)
        scales = round_to(round_to(largest - least, dtype) / np.float32(2**bits - 1), dtype)
        zeros = round_to(np.float32(least_code) - round_to(least / scales, dtype), dtype)
        return scales, np.clip(np.rint(zeros), least_code, least_code + 2**bits - 1).astype(np.float32), None

    return tuple(in_each_arithmetic({f"range over {2**bits - 1} steps, a whole zero point": choose}, dtype))


def scaled_floats(largest_level: float, dtype: str) -> tuple[GridRule, ...]:
    """Scales that put the largest size of a group at the type's largest value."""
    return tuple(in_each_arithmetic({f"largest size over {largest_level:g}": by_largest(largest_level)}, dtype))


def power_of_two_scales(largest_level: float) -> tuple[GridRule, ...]:
    """MX: the exponent of the largest size less that of the type's largest value, in the ways that are in use."""
    shift, least = np.float32(np.floor(np.log2(largest_level))), np.float32(-127)
    stretches = {"rounded down": 1.0, "up from 7/4 on": 8 / 7, "up from 3/2 on": 4 / 3}

    def chosen(exponents: Callable[[FloatArray], FloatArray]) -> Choice:
        def choose(low: FloatArray, high: FloatArray) -> Constants:
            sizes = np.maximum(np.abs(low), np.abs(high))
            with np.errstate(divide="ignore"):
                found = np.where(sizes > 0, exponents(sizes), least)
            return np.exp2(np.clip(found, least, -least)).astype(np.float32), None, None

        return choose

    def stretched(by: float) -> Choice:
        return chosen(lambda sizes: np.floor(np.log2(sizes * np.float32(by))) - shift)

    choices = {f"exponent of the largest size, {name}": stretched(by) for name, by in stretches.items()}
    choices["the least exponent that clips nothing"] = chosen(
        lambda sizes: np.ceil(np.log2(sizes / np.float32(largest_level)))
    )
    return tuple(GridRule(name, by_extents(choice)) for name, choice in choices.items())


def by_largest(divisor: float) -> Choice:
    """The largest size of a group over a number."""

    def choose(least: FloatArray, largest: FloatArray) -> Constants:
        sizes = np.maximum(np.abs(least), np.abs(largest)) / np.float32(divisor)
        return sizes.astype(np.float32), None, None

    return choose


def in_each_arithmetic(choices: Mapping[str, Choice], dtype: str) -> Iterator[GridRule]:
    """Each choice computed in single precision, and in the coarser types that the scales may have gone through."""
    for name, choice in choices.items():
        yield GridRule(name, by_extents(choice))
        for coarse in (dtype,) if dtype in _COARSE else _COARSE:
            rounded = _computed_in(choice, coarse)
            yield GridRule(f"{name}, quotients in {coarse}", by_extents(rounded, coarse))
            if dtype != coarse:
                yield GridRule(f"{name}, scales in {coarse}", by_extents(rounded))


def by_extents(
    choose: Choice, arithmetic: str = "F32", *, rounds_before_storing: bool = False
) -> Callable[[FloatArray, Grid, Extent | None], Grid]:
    """Make a rule's function of a choice of constants.

    Args:
        choose: the constants of a group by its extent.
        arithmetic: the type in which elements are divided by scales.
        rounds_before_storing: elements are rounded by the exact scales, and by those that are stored otherwise.
    """

    def quantize(floats: FloatArray, stored: Grid, extent: Extent | None) -> Grid:
        if stored.spans and extent is None:
            return replace(stored, codes=stored.nearest(stored.positions(floats, arithmetic)))
        ends = group_extents(stored, floats)
        if stored.spans and extent is not None:
            ends = _all(stored.scales, extent[0]), _all(stored.scales, extent[1])
        with np.errstate(all="ignore"):
            scales, zeros, offsets = choose(*ends)
            exact = replace(stored, scales=scales, zeros=zeros, offsets=offsets)
            kept = exact.stored()
        if not rounds_before_storing:
            exact = kept
        return replace(kept, codes=exact.nearest(exact.positions(floats, arithmetic)))

    return quantize


def _all(like: FloatArray, value: float) -> FloatArray:
    return np.full(like.shape, value, dtype=np.float32)


def _computed_in(choose: Choice, dtype: str) -> Choice:
    """A choice whose scales go through a coarser type."""

    def rounded(least: FloatArray, largest: FloatArray) -> Constants:
        scales, zeros, offsets = choose(least, largest)
        return round_to(scales, dtype), zeros, offsets

    return rounded


def _unclipped(top: int) -> Choice:
    def choose(least: FloatArray, largest: FloatArray) -> Constants:
        below, above = np.maximum(-least, 0) / np.float32(top), np.maximum(largest, 0) / np.float32(top - 1)
        return np.maximum(below, above), None, None

    return choose
