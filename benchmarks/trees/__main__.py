"""Draw the trees of 30 zoo models at a time, and count what is right.

python -m benchmarks.trees ZOO [--half report] [--forests 8]
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, fields
from pathlib import Path

from benchmarks.trees.truth import Forest, draw_forest


@dataclass(frozen=True, slots=True)
class Score:
    """Counts of one or several trees.

    Attributes:
        groups_right: trees whose groups are perfect.
        trees: trees.
        drawn: edges between models that were drawn.
        right: of them the true ones.
        wanted: true edges that must be drawn.
        found: of them the drawn ones.
        directed: edges that were drawn with an arrow.
        wrong_way: of them those that do not lead from an ancestor to a descendant.
    """

    groups_right: int
    trees: int
    drawn: int
    right: int
    wanted: int
    found: int
    directed: int
    wrong_way: int

    def __add__(self, other: Score) -> Score:
        """Both together."""
        return Score(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(Score)))


def score(forest: Forest, zoo: Path) -> Score:
    """Draw one tree and count; what is wrong is printed."""
    import lineage_audit

    tree = lineage_audit.tree([str(zoo / model.folder) for model in forest.models])
    names = {model.id: entry.name for model, entry in zip(tree.models, forest.models, strict=True)}
    edges = [edge for edge in tree.edges if edge.kind != "origin"]
    pairs = {frozenset((names[edge.source], names[edge.target])) for edge in edges}
    arrows = [(names[edge.source], names[edge.target]) for edge in edges if edge.directed]
    wrong_way = [(one, other) for one, other in arrows if one not in forest.ancestors[other]]
    groups = frozenset(frozenset(names[member] for member in group) for group in tree.groups)
    wanted = forest.edges - forest.optional
    for pair in sorted(map(sorted, pairs - forest.edges)):
        print(f"    not so: {' - '.join(pair)}")
    for one, other in wrong_way:
        print(f"    wrong way: {one} -> {other}")
    for group in groups ^ forest.groups:
        print(f"    {'said' if group in groups else 'true'} group of {len(group)}: {', '.join(sorted(group)[:4])}")
    return Score(
        int(groups == forest.groups), 1, len(pairs), len(pairs & forest.edges), len(wanted), len(wanted & pairs),
        len(arrows), len(wrong_way),
    )  # fmt: skip


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("zoo", type=Path)
    parser.add_argument("--half", choices=("threshold", "report"), default="report")
    parser.add_argument("--forests", type=int, default=8)
    parser.add_argument("--first", type=int, default=0, help="number of the first forest")
    parser.add_argument("--size", type=int, default=30)
    arguments = parser.parse_args()
    total = Score(0, 0, 0, 0, 0, 0, 0, 0)
    for seed in range(arguments.first, arguments.first + arguments.forests):
        forest = draw_forest(arguments.half, arguments.size, seed)
        found = score(forest, arguments.zoo)
        print(_line(f"forest {seed}", found), flush=True)
        total += found
    print(_line("all", total))


def _line(name: str, found: Score) -> str:
    return (
        f"{name}: groups right {found.groups_right} of {found.trees}, edges right {found.right} of {found.drawn} "
        f"({found.right / max(1, found.drawn):.1%}), found {found.found} of {found.wanted} "
        f"({found.found / max(1, found.wanted):.1%}), wrong way {found.wrong_way} of {found.directed}"
    )


if __name__ == "__main__":
    main()
