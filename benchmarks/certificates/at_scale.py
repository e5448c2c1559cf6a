"""Certificates of models of true sizes: their bytes, and what they take to write and to verify.

Run from the project's root: ``python -m benchmarks.certificates.at_scale [--shape llama-2-7b] [KIND ...]``. Each line
is a pair: the certificate, then processor time and MiB read of both models by a sample's comparison and by ``verify``,
and the time of the second in that of the first. A certificate has at most 2 MB, and takes no more to verify than that
sample.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from urllib.request import urlopen

from benchmarks.scale.kinds import KINDS
from benchmarks.scale.measuring import running_hub
from benchmarks.scale.shapes import SHAPES
from benchmarks.speed.running import Run, python

_DEFAULT_KINDS = ("fine-tuned", "permuted", "disguised-30", "rotated")
_MEBI = 2**20
_LIMIT = 600.0

_MOST_BYTES = 2_000_000
"""What a certificate may have."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a line a kind; 1 where a certificate is not written or not verified, or is larger or slower than it may."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", default="llama-2-7b", choices=list(SHAPES))
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=", ".join(KINDS))
    chosen = parser.parse_args(arguments)
    print(
        f"{'pair':44}{'rule':28}{'log10 p':>9}{'bytes':>9}"
        f"{'sample s':>10}{'MiB':>7}{'verify s':>10}{'MiB':>7}{'ratio':>7}"
    )
    with running_hub() as hub:
        rows = [_row(hub, chosen.shape, kind) for kind in chosen.kinds or _DEFAULT_KINDS]
    return int(not all(rows))


def _row(hub: str, shape: str, kind: str) -> bool:
    a, b = f"{shape}/{KINDS[kind].base}", f"{shape}/{kind}"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "certificate.json")
        made, _ = _run(hub, "compare", a, b, "--effort", "sample", "--quiet", "--certificate", str(path))
        if made.code not in (0, 1, 3):
            print(f"{a} and {b}: none written")
            return False
        said = json.loads(path.read_text())["predicate"]
        sample, read = _run(hub, "compare", a, b, "--effort", "sample", "--quiet")
        verified, read_again = _run(hub, "verify", str(path), a, b, "--quiet")
        size, ratio = path.stat().st_size, verified.processor / sample.processor
        p = "-" if said["log10_p"] is None else f"{said['log10_p']:.1f}"
        print(
            f"{f'{a} {kind}':44}{said['rule']:28}{p:>9}{size:9,}"
            f"{sample.processor:10.1f}{read:7.1f}{verified.processor:10.1f}{read_again:7.1f}{ratio:7.2f}",
            flush=True,
        )
        return verified.code == 0 and size <= _MOST_BYTES and ratio <= 1.0 and read_again <= read


def _run(hub: str, *command: str) -> tuple[Run, float]:
    """Run the program with a cache that holds nothing; also give the MiB that it asked for."""
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"HF_ENDPOINT": hub, "HF_HOME": home, "HF_HUB_DISABLE_TELEMETRY": "1"}
        _bytes_asked(hub)
        run = python("-m", "lineage_audit", *command, limit=_LIMIT)
        return run, _bytes_asked(hub) / _MEBI


def _bytes_asked(hub: str) -> int:
    """Bytes that the hub has sent since it was last asked."""
    with urlopen(f"{hub}/counts") as answer:
        return sum(counts["weights"] + counts["headers"] + counts["others"] for counts in json.load(answer).values())


if __name__ == "__main__":
    sys.exit(main())
