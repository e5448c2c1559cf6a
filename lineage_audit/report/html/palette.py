"""The colours of a page: paper, ink, and one accent with its ramp, for light and for dark.

The accent repeats the answer (a relation, a check's outcome), which always stands there as a word too. Ramps are
mixed in OKLab (Ottosson 2020), where equal steps look equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

LEVELS = 9
"""Shades of the ramp, from the paper's side to the accent."""

_Triple = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class _Accent:
    """One accent as hexadecimal colours with a contrast of at least 4.5 to their paper."""

    light: str
    dark: str


ACCENTS: Mapping[str, _Accent] = {
    "identical": _Accent("#7a3ea8", "#c9a0ee"),
    "derived": _Accent("#9a4f00", "#f0ab5c"),
    "shared-origin": _Accent("#0b6b80", "#62c8de"),
    "independent": _Accent("#1b7048", "#6fcb9f"),
    "inconclusive": _Accent("#5b6170", "#aab1c2"),
    "not-checked": _Accent("#5b6170", "#aab1c2"),
    "passed": _Accent("#1b7048", "#6fcb9f"),
    "failed": _Accent("#ad2f35", "#f4938f"),
}
"""Relation or outcome -> accent."""

_LIGHT = {"paper": "#ffffff", "panel": "#f6f6f4", "ink": "#1d2025", "quiet": "#5d636e", "line": "#dcdcd8"}
_DARK = {"paper": "#14161a", "panel": "#1c1f25", "ink": "#e7e8ea", "quiet": "#a3a9b5", "line": "#343943"}


def variables(answer: str, *, scope: str) -> str:
    """The colours as CSS variables of a scope, the dark ones for dark screens only: paper is always light."""
    accent = ACCENTS[answer]
    light, dark = _block(scope, _LIGHT, accent.light), _block(scope, _DARK, accent.dark)
    return f"{light}\n@media screen and (prefers-color-scheme: dark) {{\n{dark}\n}}\n"


def ramp(panel: str, accent: str) -> tuple[str, ...]:
    """``LEVELS`` colours from just beside the panel to the accent."""
    start, end = _oklab(panel), _oklab(accent)
    return tuple(_hex(_mixed(start, end, level / (LEVELS - 1))) for level in range(LEVELS))


def readable_on(colour: str) -> str:
    """Black or white, whichever reads better on a colour: a contrast of at least 4.5 on any."""
    return max("#000000", "#ffffff", key=lambda ink: contrast(ink, colour))


def contrast(one: str, other: str) -> float:
    """Contrast of two colours by WCAG 2: 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def light_colours(answer: str) -> dict[str, str]:
    """The colours of an answer on white paper, by the names of their variables."""
    return _named(_LIGHT, ACCENTS[answer].light)


def _block(scope: str, colours: Mapping[str, str], accent: str) -> str:
    declared = " ".join(f"--{name}: {colour};" for name, colour in _named(colours, accent).items())
    return f"{scope} {{ {declared} }}"


def _named(colours: Mapping[str, str], accent: str) -> dict[str, str]:
    """Every colour by its name: paper, ink, accent, and the shades with the ink that reads on each."""
    named = {**colours, "accent": accent, "wash": ramp(colours["paper"], accent)[1]}
    shades = ramp(colours["panel"], accent)
    named |= {f"h{level}": colour for level, colour in enumerate(shades)}
    named |= {f"on{level}": readable_on(colour) for level, colour in enumerate(shades)}
    return named


def _mixed(start: _Triple, end: _Triple, share: float) -> _Triple:
    one, two, three = (a + (b - a) * share for a, b in zip(start, end, strict=True))
    return one, two, three


def _linear(colour: str) -> _Triple:
    one, two, three = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (one, two, three))
    return red, green, blue


def _luminance(colour: str) -> float:
    red, green, blue = _linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _oklab(colour: str) -> _Triple:
    red, green, blue = _linear(colour)
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    medium = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


def _hex(lab: _Triple) -> str:
    lightness, a, b = lab
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
    return "#" + "".join(f"{_byte(value):02x}" for value in linear)


def _byte(linear: float) -> int:
    value = min(1.0, max(0.0, linear))
    encoded = 12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055
    return round(255 * encoded)
