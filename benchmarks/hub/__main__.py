"""Audit published models on the Hub whose relation is known, and say how often the tool was right.

Run from the project's root: ``python -m benchmarks.hub [--results FILE]``. It can be interrupted and run again; pairs
that are done are not repeated. ``HF_TOKEN`` opens the gated repositories that its owner may read.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.hub import results
from benchmarks.hub.audit import audit_all, weight_bytes
from benchmarks.hub.pairs import PAIRS, HubPair, read_pairs
from benchmarks.hub.results import Line
from benchmarks.hub.traffic import Foretold, foretell_sample, foretell_whole
from benchmarks.zoo.measurement import Measured
from benchmarks.zoo.summary import summarise
from benchmarks.zoo.tables import render

EFFORTS = ("sample", "search", "full", "auto")


def main(arguments: Sequence[str] | None = None) -> int:
    """Foretell, audit, print; exit with 1 if an independent pair was called related."""
    options = _options(arguments)
    pairs = [pair for pair in read_pairs(options.pairs) if all(word in " ".join(pair.key) for word in options.only)]
    pairs = pairs[: options.limit]
    known = results.read(options.results, options.effort)
    left = [pair for pair in pairs if pair.key not in known or known[pair.key].status == "failed"]
    print(_foretold(left, known, options), file=sys.stderr)
    if options.dry_run:
        return 0
    try:
        for number, line in enumerate(audit_all(left, options.effort, options.workers), start=1):
            results.append(options.results, line)
            said = line.said.relation if line.said else f"{line.status}: {line.reason}"
            print(f"{number} of {len(left)}: {line.a} | {line.b}: {said}", file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        print(f"interrupted; what is done stands in {options.results}, run the same again to go on", file=sys.stderr)
        return 130
    known = results.read(options.results, options.effort)
    return _report(pairs, known, options.effort)


def _foretold(left: Sequence[HubPair], known: Mapping[tuple[str, str], Line], options: argparse.Namespace) -> Foretold:
    if options.effort == "sample":
        return foretell_sample(left, known)
    return foretell_whole(left, weight_bytes((name for pair in left for name in pair.key), options.workers))


def _report(pairs: Sequence[HubPair], known: Mapping[tuple[str, str], Line], effort: str) -> int:
    """Print the zoo's tables over the measured pairs, then what is not judged and what was left out."""
    lines = [(pair, known[pair.key]) for pair in pairs if pair.key in known]
    measured = [
        _measured(pair, line) for pair, line in lines if line.status == "measured" and pair.known != "unsettled"
    ]
    is_complete = {item.is_related for item in measured} == {True, False}
    summary = summarise(measured) if is_complete else None
    if summary is not None:
        print(render(summary, f"published models on the Hub, effort {effort}"))
    else:
        print(f"{len(measured)} pairs measured; the tables need both related and independent ones")
    for pair, line in lines:
        if pair.known == "unsettled" and line.said:
            print(f"\nnot judged: {line.a} | {line.b}: {line.said.relation}, log10 p {line.said.log10_p} ({pair.how})")
    print(f"\n{_left_out([line for _, line in lines])}")
    traffic = sum(line.bytes_read for _, line in lines)
    print(f"read {traffic / 1e9:.2f} GB")
    return int(summary is not None and bool(summary.false_accusations))


def _measured(pair: HubPair, line: Line) -> Measured:
    assert line.said is not None, "a measured line holds an answer"
    return Measured(pair.judged(line.said.direction), line.said, line.explained_before or 0.0, {}, None)


def _left_out(lines: Sequence[Line]) -> str:
    """Pairs that were not measured, by reason."""
    reasons = Counter((line.status, line.reason or "") for line in lines if line.status != "measured")
    if not reasons:
        return "no pair left out"
    return "\n".join(
        (f"left out: {reasons.total()}", *(f"  {status}, {count}: {why}" for (status, why), count in reasons.items()))
    )


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hub", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pairs", type=Path, default=PAIRS, metavar="FILE", help="default: the project's own table")
    parser.add_argument("--results", type=Path, default=Path("hub-results.jsonl"), metavar="FILE")
    parser.add_argument("--effort", choices=EFFORTS, default="sample", help="default: sample")
    parser.add_argument("--workers", type=int, default=4, metavar="N", help="pairs at a time (default: 4)")
    parser.add_argument("--only", nargs="+", default=(), metavar="WORD", help="pairs whose names hold all these words")
    parser.add_argument("--limit", type=int, metavar="N", help="the first N pairs")
    parser.add_argument("--dry-run", action="store_true", help="foretell the traffic and stop")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
