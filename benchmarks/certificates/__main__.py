"""Write, verify, tamper with and forge certificates of the zoo's models, and print what got through.

Run from the project's root, after the zoo was built: ``python -m benchmarks.certificates [--half report] [-o FILE]``.
FILE holds a line for each pair, so that a run goes on where the last one ended. Exit code 1 if a verifier refused a
certificate as it was written, or did not refuse one that was tampered with or forged.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.certificates.running import Row, forged, related
from benchmarks.certificates.summary import made_forged, made_tampered, table
from benchmarks.zoo.build import DEFAULT_OUT
from benchmarks.zoo.pairs import Pair, pairs


def main(arguments: Sequence[str] | None = None) -> int:
    """Go on with a run for some minutes and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", choices=("report", "threshold"), default="report")
    parser.add_argument(
        "--zoo", type=Path, default=DEFAULT_OUT, help=f"where the zoo was built (default {DEFAULT_OUT})"
    )
    parser.add_argument("--minutes", type=float, default=60.0, help="time to spend (default 60)")
    parser.add_argument("--tampered", type=int, default=1000, help="certificates to tamper with (default 1000)")
    parser.add_argument("--forged", type=int, default=200, help="certificates to forge (default 200)")
    parser.add_argument("-o", "--output", type=Path, default=Path("certificates.jsonl"), help="what was found")
    chosen = parser.parse_args(arguments)
    zoo = chosen.zoo.expanduser() / chosen.half
    built = [pair for pair in pairs(chosen.half) if all(_is_built(zoo / one.name) for one in (pair.a, pair.b))]
    rows: list[Row] = _read(chosen.output)
    done = {(row["a"], row["b"]) for row in rows}
    until = time.monotonic() + 60 * chosen.minutes
    with chosen.output.open("a", encoding="utf-8") as file:
        for pair, due in _work(built, chosen.tampered, chosen.forged):
            if time.monotonic() > until:
                break
            if (pair.a.name, pair.b.name) not in done:
                made, ask = (made_forged, forged) if pair.truth.relation == "independent" else (made_tampered, related)
                row = ask(pair, zoo, due - made(rows))
                rows.append(row)
                file.write(json.dumps(row) + "\n")
                file.flush()
    lines, holds = table(rows)
    print("\n".join(lines))
    return 0 if holds else 1


def _work(built: Sequence[Pair], tampered: int, to_forge: int) -> Iterator[tuple[Pair, int]]:
    """Related and independent pairs in turn, with how many are to have been tampered with, or forged, after each.

    Where a pair gives no certificate, or cannot be forged in so many ways, the next ones make up for it.
    """
    kin = [pair for pair in built if pair.truth.relation != "independent"]
    strangers = [pair for pair in built if pair.truth.relation == "independent"]
    shares = _due(tampered, len(kin)), _due(to_forge, len(strangers))
    both = [list(zip(side, share, strict=True)) for side, share in zip((kin, strangers), shares, strict=True)]
    for number in range(max(map(len, both))):
        yield from (side[number] for side in both if number < len(side))


def _due(total: int, among: int) -> list[int]:
    """How many of so many things are due after each of some pairs, shared out evenly."""
    return [total * (number + 1) // among for number in range(among)]


def _is_built(folder: Path) -> bool:
    return (folder / "config.json").is_file() and any(folder.glob("*.safetensors"))


def _read(path: Path) -> list[Row]:
    """The pairs of earlier runs."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


if __name__ == "__main__":
    sys.exit(main())
