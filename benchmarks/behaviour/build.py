"""Make the models of this benchmark that are missing: ``python -m benchmarks.behaviour.build [--out DIR]``.

Their teachers are of the lineage zoo (``python -m benchmarks.zoo.build``), in the same folder. Some 40 minutes of one
core; what is there is kept.
"""

from __future__ import annotations

import argparse
import contextlib
import io
from pathlib import Path

from benchmarks.behaviour.making import is_made, make
from benchmarks.behaviour.models import MODELS
from benchmarks.zoo.build import DEFAULT_OUT


def main() -> None:
    """Make what is missing, one after another."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, metavar="DIR", help=f"default: {DEFAULT_OUT}")
    parser.add_argument("--most", type=int, default=len(MODELS), metavar="N", help="stop after so many")
    options = parser.parse_args()
    out = options.out.expanduser()
    missing = [model for model in MODELS if not is_made(model, out)]
    print(f"{len(MODELS)} models, {len(missing)} to make in {out}", flush=True)
    for model in missing[: options.most]:
        with contextlib.redirect_stdout(io.StringIO()):
            seconds = make(model, out)
        print(f"{model.folder}  {seconds:.1f} s", flush=True)


if __name__ == "__main__":
    main()
