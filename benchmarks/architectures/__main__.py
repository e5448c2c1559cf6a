"""Sweep every model type of transformers: ``python -m benchmarks.architectures -o FILE [--only-names] [TYPE ...]``.

A type is written as ``causal__llama``. FILE gets one JSON object a line and type; types that it has already are not
made again, so that a sweep can be stopped and taken up. ``--share 2/8`` takes every eighth type, from the second on.
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.architectures.sweep import Row


def main() -> int:
    """Make the rows that are missing; exit with 1 if a stranger is related, or anything ended in an error."""
    warnings.filterwarnings("ignore")
    options = _options()
    from benchmarks.architectures.models import model_types
    from benchmarks.architectures.summary import summary_of
    from benchmarks.architectures.sweep import row_of

    done = _rows(options.output)
    for name in _chosen(options.types or model_types(), options.share):
        if name not in done:
            line = row_of(name, only_names=options.only_names).written()
            with options.output.open("a") as file:
                file.write(line + "\n")
            print(line, flush=True)
    summary = summary_of(list(_rows(options.output).values()))
    print(summary.written())
    return int(summary.is_wrong)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("types", nargs="*", metavar="TYPE")
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--only-names", action="store_true", help="Map names; compare nothing.")
    parser.add_argument("--share", default="1/1", help="Which of how many shares of the types to take.")
    return parser.parse_args()


def _chosen(types: list[str], share: str) -> list[str]:
    first, step = (int(number) for number in share.split("/"))
    return types[first - 1 :: step]


def _rows(output: Path) -> dict[str, Row]:
    """The rows that a file has, by model type."""
    from benchmarks.architectures.sweep import read_row

    lines = output.read_text().splitlines() if output.exists() else []
    return {row.model_type: row for row in map(read_row, lines)}


if __name__ == "__main__":
    raise SystemExit(main())
