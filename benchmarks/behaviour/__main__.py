"""Ask every model, hold every pair against its controls, print the tables.

Run from the project's root: ``python -m benchmarks.behaviour [--zoo DIR] [--half HALF] [-o FILE]``. The models are made
by ``benchmarks.zoo.build`` and ``benchmarks.behaviour.build``; those that are missing are left out, answers are kept
beside them.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from benchmarks.behaviour.measuring import answers_by_name, measured_pairs
from benchmarks.behaviour.people import people
from benchmarks.behaviour.tables import tables
from benchmarks.training.publishing import WEIGHTS_FILE
from benchmarks.zoo.build import DEFAULT_OUT
from benchmarks.zoo.catalogue import HALVES


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--zoo", type=Path, default=DEFAULT_OUT, metavar="DIR", help=f"default: {DEFAULT_OUT}")
    parser.add_argument("--half", choices=HALVES, default="threshold", help="thresholds are set on threshold alone")
    parser.add_argument("-o", "--output", type=Path, help="every pair, a line each")
    options = parser.parse_args()
    out = options.zoo.expanduser()
    there = [one for one in people(options.half).values() if (out / one.folder / WEIGHTS_FILE).exists()]
    print(f"{options.half}: {len(there)} of {len(people(options.half))} models are there", flush=True)
    measured = list(measured_pairs(options.half, answers_by_name(there, out)))
    print("\n".join(tables(measured)))
    if options.output:
        options.output.write_text("".join(json.dumps(asdict(item)) + "\n" for item in measured), encoding="utf-8")


if __name__ == "__main__":
    main()
