"""Make every grid again and print what comes out; edits, fine-tunes, calibration and strangers beside it.

Run from the project's root: ``python -m benchmarks.requantized [NAME ...]``. Each line is a model of two hundred
matrices, stored by the scheme's own code where that is installed. ``edited`` is the same with four numbers of one
matrix exchanged: it must be the only one that is named. The last columns are the share of codes that are the nearest
rounding of originals that were changed by so much of their size, and of a stranger's.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from benchmarks.requantized.cases import CASES, EDITED, MATRICES, Case
from lineage_audit.results import Requantization

_HEAD = ("grid", "codes equal", "halfway", "constants", "steps", "edited", "tuned 1%", "tuned 5%", "stranger")
_WIDTHS = (28, 17, 7, 15, 6, 8, 9, 9, 9)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; 1 if a grid that has a rule is not made again, or the edited matrix is not the one named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="grids; all without one")
    chosen = parser.parse_args(arguments)
    _print(_HEAD)
    holds = True
    for name, case in CASES.items():
        if chosen.names and name not in chosen.names:
            continue
        if not case.is_installed:
            _print((name, "not installed", *[""] * (len(_HEAD) - 2)))
            continue
        row, is_right = _row(name, case)
        _print(row)
        holds &= is_right
    return 0 if holds else 1


def _row(name: str, case: Case) -> tuple[tuple[str, ...], bool]:
    stored = case.stored()
    plain = case.held(stored)
    edited = case.held(stored, edit=True)
    named = [one.name for one in edited.tensors if one.outcome != "remade"]
    finds = len(named) == 1 and str(EDITED) in named[0]
    codes, equal, ties, constants, same = (
        sum(getattr(one, field) for one in plain.tensors)
        for field in ("codes", "equal", "ties", "constants", "equal_constants")
    )
    others = [case.held(stored, tuned=size) for size in (0.01, 0.05)] + [case.held(stored, seed=2)]
    has_rule = plain.tensors[0].rule is not None
    row = (
        name,
        f"{equal:,}/{codes:,}" if has_rule else "no rule",
        f"{ties:,}",
        f"{same:,}/{constants:,}",
        f"{_mean(plain, 'steps'):.3f}",
        ("found" if finds else "missed") if has_rule else "-",
        *(f"{_mean(other, 'nearest'):.1%}" for other in others),
    )
    remade = all(one.outcome == "remade" for one in plain.tensors) and len(plain.tensors) == MATRICES
    return row, not has_rule or (remade and finds)


def _mean(found: Requantization, field: str) -> float:
    return sum(getattr(one, field) for one in found.tensors) / len(found.tensors)


def _print(row: Sequence[str]) -> None:
    name, *values = zip(row, _WIDTHS, strict=True)
    cells = (name[0].ljust(name[1]), *(cell.rjust(width) for cell, width in values))
    print(" ".join(cells), flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
