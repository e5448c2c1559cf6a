"""Mutate every parser's input, guided by coverage, and print how many inputs were executed and what was found.

Run from the project's root: ``python -m benchmarks.fuzz [--runs N] [--only NAME ...] [--keep FOLDER]``. Needs
the extra ``benchmarks``. One parser runs at a time, in a process of its own with 2 GiB and ten seconds an input.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.fuzz.seeds import seeds
from benchmarks.fuzz.targets import TARGETS

SECONDS_AN_INPUT = 10
MEMORY_MIB = 2048
_DONE = re.compile(r"Done (\d+) runs in (\d+) second")
_COVERED = re.compile(r"cov: (\d+)")


@dataclass(frozen=True, slots=True)
class Result:
    """What fuzzing one parser gave.

    Attributes:
        name: the parser.
        executed: inputs that were run.
        seconds: how long that took.
        covered: branches reached.
        finding: the last lines of the first failure, or None.
        input: where the input that failed is kept, or None.
    """

    name: str
    executed: int
    seconds: int
    covered: int
    finding: str | None = None
    input: Path | None = None


def fuzz(name: str, runs: int, keep: Path, seed: int = 1) -> Result:
    """Run one parser's fuzzer until it has executed ``runs`` inputs or found something."""
    corpus, found = keep / name / "corpus", keep / name / "found"
    corpus.mkdir(parents=True, exist_ok=True)
    found.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(seeds(name)):
        (corpus / f"seed-{number}").write_bytes(data)
    longest = max(len(data) for data in seeds(name)) * 2
    options = [f"-runs={runs}", f"-seed={seed}", f"-timeout={SECONDS_AN_INPUT}", f"-rss_limit_mb={MEMORY_MIB}",
               f"-max_len={max(longest, 4096)}", f"-artifact_prefix={found}/", "-print_final_stats=1"]  # fmt: skip
    before = set(found.iterdir())
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.fuzz.child", name, *options, str(corpus)],
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONWARNINGS": "error::RuntimeWarning:lineage_audit"},
        capture_output=True, text=True, errors="replace", check=False,
    )  # fmt: skip
    counts = _DONE.findall(done.stderr)
    covered = max(map(int, _COVERED.findall(done.stderr)), default=0)
    failed = sorted(set(found.iterdir()) - before)
    finding = _last_error(done.stdout + done.stderr) if done.returncode or failed else None
    executed, seconds = map(int, counts[-1]) if counts else (_executed(done.stderr), 0)
    return Result(name, executed, seconds, covered, finding, failed[0] if failed else None)


def _executed(log: str) -> int:
    """Executed inputs where the run ended early."""
    counts = re.findall(r"^#(\d+)\s", log, re.MULTILINE)
    return max(map(int, counts), default=0)


def _last_error(log: str) -> str:
    """The exception's own line and the place that raised it."""
    lines = [line for line in log.splitlines() if line.strip()]
    errors = [i for i, line in enumerate(lines) if "=== Uncaught Python exception" in line]
    if errors:
        trace = lines[errors[0] + 1 : errors[0] + 40]
        places = [line.strip() for line in trace if line.strip().startswith("File") and "lineage_audit" in line]
        return f"{trace[0][:200]} at {places[-1] if places else '?'}"
    return next((line for line in lines if "ERROR: libFuzzer" in line), lines[-1] if lines else "no output")


def table(results: Sequence[Result]) -> str:
    """One line a parser, then the sum."""
    lines = [f"{'parser':20} {'executed':>9} {'seconds':>8} {'branches':>9}  finding"]
    lines += [
        f"{result.name:20} {result.executed:9,} {result.seconds:8,} {result.covered:9,}  "
        + (f"{result.finding} ({result.input})" if result.finding else "none")
        for result in results
    ]
    found = sum(result.finding is not None for result in results)
    lines.append(f"\n{len(results)} parsers, {sum(r.executed for r in results):,} inputs executed, {found} findings")
    return "\n".join(lines)


def main() -> int:
    """Fuzz, print the table, and exit with 1 where something was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=100_000, help="inputs a parser (default: 100000)")
    parser.add_argument("--only", nargs="+", choices=sorted(TARGETS), help="these parsers alone")
    parser.add_argument("--keep", type=Path, help="keep corpora and findings here, and go on from them")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    results = []
    with tempfile.TemporaryDirectory() as temporary:
        keep = options.keep or Path(temporary)
        for name in options.only or TARGETS:
            results.append(fuzz(name, options.runs, keep, options.seed))
            print(table(results[-1:]).splitlines()[1], file=sys.stderr, flush=True)
    print(table(results))
    return int(any(result.finding for result in results))


if __name__ == "__main__":
    sys.exit(main())
