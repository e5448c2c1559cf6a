"""Write every repository, check it, and print how often the right findings, and only those, were made.

``python -m benchmarks.check [--part PART ...] [--only WORD ...] [-o FILE]``. Nothing is fetched; some minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.check.case import Case
from benchmarks.check.scoring import Score, score


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; the exit code is 1 where an honest model was accused."""
    options = _options(arguments)
    os.environ["HF_HUB_OFFLINE"] = "1"
    from benchmarks.check.catalogue import cases

    wanted = [case for case in cases() if _is_wanted(case, options)]
    scores = [_told(score(case)) for case in wanted]
    for part in dict.fromkeys(case.part for case in wanted):
        sys.stdout.write(_line(part, [one for one in scores if one.part == part]))
    if options.out:
        options.out.write_text(json.dumps([asdict(one) for one in scores], indent=1) + "\n", encoding="utf-8")
    return int(any(one.accuses_falsely for one in scores))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.check", description=__doc__)
    parser.add_argument(
        "--part",
        action="append",
        help="held-out, published, cards, families, relations, honest or dishonest; default: all",
    )
    parser.add_argument("--only", action="append", metavar="WORD", help="cases with this word in their names")
    parser.add_argument("-o", dest="out", type=Path, metavar="FILE", help="write every score as JSON")
    return parser.parse_args(arguments)


def _is_wanted(case: Case, options: argparse.Namespace) -> bool:
    return (not options.part or case.part in options.part) and (
        not options.only or any(word in case.name for word in options.only)
    )


def _told(one: Score) -> Score:
    """Print what went wrong; of the held-out half, only that something did, lest one tune on it."""
    if one.part != "held-out" and not (one.judged_rightly and one.read_rightly):
        details = {key: value for key, value in asdict(one).items() if value and key not in ("name", "part")}
        sys.stderr.write(f"{one.part} {one.name}: {details}\n")
    return one


def _line(part: str, scores: Sequence[Score]) -> str:
    """The part's score in one line."""
    judged, read = sum(one.judged_rightly for one in scores), sum(one.read_rightly for one in scores)
    accused = sum(one.accuses_falsely for one in scores)
    return f"{part:10} {len(scores):4} repositories: {judged} judged rightly, {read} read rightly, {accused} accused\n"


if __name__ == "__main__":
    sys.exit(main())
