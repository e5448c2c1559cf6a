"""What a run of the benchmark says, in a few lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from benchmarks.certificates.running import Row


def made_tampered(rows: Sequence[Row]) -> int:
    """Certificates that were tampered with."""
    return sum(len(row["tampered"]) for row in rows if row["related"])


def made_forged(rows: Sequence[Row]) -> int:
    """Certificates that were forged."""
    return sum(one["forged"] for row in rows if not row["related"] for one in row["forged"].values())


def table(rows: Sequence[Row]) -> tuple[list[str], bool]:
    """The lines to print, and whether nothing went wrong."""
    kin = [row for row in rows if row["related"]]
    written = [row for row in kin if row["written"]]
    tampered = [(name.partition(" ")[2], passed) for row in kin for name, passed in row["tampered"].items()]
    forged = [(how, one) for row in rows if not row["related"] for how, one in row["forged"].items() if one["forged"]]
    refused = [row for row in written if not (row["verified"] and row["verified_again"])]
    through = [name for name, passed in tampered if passed]
    accepted = [how for how, one in forged if one["outcome"] == "verified"]
    ways = Counter(how for how, _ in forged)
    best = min((one["log10_p"] for _, one in forged), default=0.0)
    graded = Counter(how for how, one in forged if one["arithmetic"] == "arithmetic-only")
    grades = Counter(row["grade"] for row in written)
    planted = [(how, one) for row in rows for how, one in row.get("planted", {}).items()]
    passed = [(how, one) for how, one in planted if one["grade"] is not None]
    lines = [
        f"related pairs: {len(kin)}; certificates written: {len(written)} "
        f"({grades['exact']} exact, {grades['calibrated']} calibrated), of at most "
        f"{max((row['bytes'] for row in written), default=0):,} bytes",
        f"  verified by lineage-audit verify: {sum(row['verified'] for row in written)}, "
        f"by docs/verify_certificate.py: {sum(row['verified_again'] for row in written)}",
        *(f"  refused: {row['a']} {row['b']} ({row['rule']})" for row in refused),
        *(f"  not written: {row['a']} {row['b']}" for row in kin if not row["written"]),
        f"tampered with: {len(tampered)}; verified: {len(through)}",
        *(f"  {name}: {count}" for name, count in sorted(Counter(name for name, _ in tampered).items())),
        *(f"  got through: {name}" for name in through),
        f"forged, of strangers: {len(forged)}, log10 p {best:.1f} at best; reaching a grade with right "
        f"arithmetic: {graded.total()}; verified with the models: {len(accepted)}",
        *(f"  {how}: {count}, reaching a grade: {graded[how]}" for how, count in sorted(ways.items())),
        f"relabelled to look like a stranger's by whoever publishes them, every rule asked: {len(planted)}, at a mean "
        f"cosine of {max((one['effect'] for _, one in planted), default=0.0):.2f} and log10 p "
        f"{min((one['log10_p'] for _, one in planted), default=0.0):.1f} at most; certified: {len(passed)}",
        *(f"  certified: {how}" for how, _ in passed),
    ]
    return lines, not (refused or through or accepted or passed)
