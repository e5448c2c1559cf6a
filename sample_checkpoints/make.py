"""Make all sample checkpoints again: `python sample_checkpoints/make.py [--only NAME] [--out DIR]`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from benchmarks.training.corpus import CorpusTooSmallError  # noqa: E402
from benchmarks.training.llama import use_reproducible_torch  # noqa: E402
from sample_checkpoints.making.cards import write_index  # noqa: E402
from sample_checkpoints.making.production import make  # noqa: E402
from sample_checkpoints.making.recipes import RECIPES  # noqa: E402


def main() -> None:
    """Make the checkpoints the command line asks for, then the table of all."""
    arguments = _parse_arguments()
    use_reproducible_torch()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for recipe in RECIPES:
        if arguments.only in (None, recipe.name):
            print(recipe.name, flush=True)
            make(recipe, arguments.out)
    write_index(arguments.out)


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train the sample checkpoints again, from their seeds.")
    names = [recipe.name for recipe in RECIPES]
    parser.add_argument("--only", choices=names, metavar="NAME", help=f"make one of {', '.join(names)}")
    parser.add_argument("--out", type=Path, default=HERE, metavar="DIR", help="the folder to write them to")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        main()
    except (CorpusTooSmallError, FileNotFoundError) as error:
        sys.exit(f"make.py: {error}")
