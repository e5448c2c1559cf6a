"""Numbers as a person reads them: sensible digits, never a measured value rounded to nothing.

A bound is rounded to its safe side (a p-value up), a share that is not whole never reads ``100%``,
and what was not measured is a dash.
"""

from __future__ import annotations

from math import ceil, floor, isfinite, log10

from lineage_audit.sizes import plural

MISSING = "–"

_UNITS = ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "k"))
_BYTE_UNITS = ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))
_DECIMAL_FROM = -4.0  # above this log10 a p-value is written as a decimal, below as a power of ten


def share(value: float | None) -> str:
    """A share of 0 to 1 as a percentage with one digit: ``99.8%``, ``<0.1%``, ``>99.9%``, ``0%``."""
    if value is None or not isfinite(value):
        return MISSING
    if value in (0, 1):
        return f"{value:.0%}"
    if 0 < abs(value) < 0.001:
        return "<0.1%"
    if 0.999 < value < 1:
        return ">99.9%"
    return f"{value:.1%}"


def coefficient(value: float | None) -> str:
    """A correlation, cosine or relative size with three digits, a small one with four decimals."""
    if value is None or not isfinite(value):
        return MISSING
    if value in (-1, 0, 1):
        return f"{value:.0f}"
    if 0.999 < abs(value) < 1:
        return ">0.999" if value > 0 else "<-0.999"
    if abs(value) < 0.0001:
        return "<0.0001" if value > 0 else ">-0.0001"
    return f"{value:.4f}" if abs(value) < 0.001 else f"{value:.3f}"


def detection_limit(cosine: float | None) -> str:
    """A detection limit with two digits, rounded up: what is promised to be seen would be seen."""
    if cosine is None or not isfinite(cosine) or cosine <= 0:
        return MISSING
    return _rounded_up(cosine)


def p_value(log10_p: float | None) -> str:
    """A bound on a p-value from its decimal logarithm, rounded up: ``p ≤ 10^-612``, ``p ≤ 0.42``, ``nothing found``."""
    if log10_p is None or not isfinite(log10_p):
        return "no p-value"
    if log10_p <= _DECIMAL_FROM:
        return f"p ≤ 10^{ceil(log10_p)}"
    bound = _rounded_up(10 ** min(log10_p, 0.0))
    return "nothing found" if bound == "1" else f"p ≤ {bound}"


def logarithm(log10_p: float | None) -> str:
    """The decimal logarithm of a p-value, rounded up, for a table: ``-612``, ``-0.3``."""
    if log10_p is None or not isfinite(log10_p):
        return MISSING
    if log10_p > -10:
        return f"{min(ceil(log10_p * 10) / 10, 0) + 0.0:.1f}" if log10_p < -0.1 else "0"
    return f"{ceil(log10_p):,}"


def quantity(value: float | None) -> str:
    """A statistic of unknown scale with four significant digits."""
    if value is None or not isfinite(value):
        return MISSING
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def magnitude(count: int) -> str:
    """A large count with three significant digits: ``6.74B``, ``1.7M``; below ten thousand in full."""
    if count < 10_000:
        return f"{count:,}"
    rounded = round(count, 2 - floor(log10(count)))
    scale, unit = next((scale, unit) for scale, unit in _UNITS if rounded >= scale)
    return f"{rounded / scale:.4g}{unit}"


def byte_size(size: int) -> str:
    """A number of bytes in binary units: ``25.2 MiB``, ``812 bytes``."""
    for scale, unit in _BYTE_UNITS:
        if size >= scale:
            return f"{size / scale:,.1f} {unit}"
    return plural(size, "byte")


def duration(seconds: float) -> str:
    """A time span: ``<0.1 s``, ``3.2 s``, ``2 min 5 s``."""
    if seconds < 0.1:
        return "<0.1 s"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def _rounded_up(value: float) -> str:
    """A positive number below about one with two significant digits, never below the number itself."""
    decimals = 1 - floor(log10(value))
    # The product may come out a hair above a whole number; that hair is not worth a digit.
    return f"{ceil(round(value * 10**decimals, 9)) / 10**decimals:.{max(decimals, 0)}f}".rstrip("0").rstrip(".")
