"""What a base's other children leave of one child's change, and of a merge's.

``python -m benchmarks.zoo.joint_changes ZOO``. Some minutes of reading; prints a line a model, then the least
that siblings leave and the most that told merges do.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from lineage_audit.checkpoint import Checkpoint, open_checkpoint
from lineage_audit.comparison.joint_change import JointChange, joint_change

CHILDREN = ("light", "heavy", "lora-4", "lora-16", "continued", "continued-twice")
MERGES = ("linear", "slerp", "ties", "dare")


def main(zoo: Path) -> None:
    """Fit every child and every merge of the zoo by the children of the same base."""
    for half in ("threshold", "report"):
        found = list(_fits(zoo / half))
        for name, _, fit in found:
            sys.stdout.write(f"{half} {name}: {fit.left:.3f} left, parents {fit.parents}\n")
        least = min((fit.left for _, is_merge, fit in found if not is_merge), default=1.0)
        told = [fit.left for _, is_merge, fit in found if is_merge and fit.parents]
        sys.stdout.write(f"{half}: siblings leave at least {least:.3f}, {len(told)} merges at most {max(told):.3f}\n")


def _fits(half: Path) -> Iterator[tuple[str, bool, JointChange]]:
    for base in sorted(path.name for path in half.iterdir() if path.is_dir() and "_" not in path.name):
        children = _opened(half, base, CHILDREN)
        if len(children) < len(CHILDREN) // 2:
            continue
        root = open_checkpoint(str(half / base))
        for name, model in {**children, **_opened(half, base, MERGES)}.items():
            others = [other for called, other in children.items() if called != name]
            fit = joint_change(model, others, root)
            if isinstance(fit, JointChange):
                yield name, name not in children, fit


def _opened(half: Path, base: str, kinds: tuple[str, ...]) -> dict[str, Checkpoint]:
    folders = (half / f"{base}_{kind}" for kind in kinds)
    return {folder.name: open_checkpoint(str(folder)) for folder in folders if folder.is_dir()}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
