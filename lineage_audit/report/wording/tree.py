"""What every drawing of a family tree says of its nodes and edges, and the order in which they are drawn."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lineage_audit.report.escaping import cut_middle
from lineage_audit.report.numbers import share
from lineage_audit.results import FamilyTree, TreeEdge
from lineage_audit.sizes import plural

UNKNOWN = "unknown common ancestor"
_LONGEST_NAME = 72
_MOST_OPERATIONS = 2


def name_of(tree: FamilyTree, identifier: str) -> str:
    """What a node is called."""
    model = next((model for model in tree.models if model.id == identifier), None)
    return cut_middle(model.ref, _LONGEST_NAME) if model else UNKNOWN


def is_unknown(tree: FamilyTree, identifier: str) -> bool:
    """Whether a node stands for an ancestor that was not among the models."""
    return any(ancestor.id == identifier for ancestor in tree.unknown)


def edge_words(edge: TreeEdge) -> str:
    """What an edge says: the operations, or how far apart its ends lie; a merge's weight."""
    if edge.kind == "origin":
        return ""
    if edge.kind == "merge":
        return f"merged, {edge.share:.2f}" if edge.share is not None else "merged"
    kinds = [operation.kind for operation in edge.operations]
    more = len(kinds) - _MOST_OPERATIONS
    words = ", ".join(kinds[:_MOST_OPERATIONS]) + (f" and {more} more" if more > 0 else "")
    if words:
        return words
    return "the same weights" if not edge.distance else f"{share(edge.distance)} apart"


def headline(tree: FamilyTree) -> str:
    """The answer in one sentence."""
    families = [len(group) for group in tree.groups if len(group) > 1]
    found = "was found to have a relative" if tree.undecided else "has a relative"
    models, alone = plural(len(tree.models), "model"), len(tree.models) - sum(families)
    if families:
        said = f"Of {models}, {_related(families)}" + (f"; {alone} {_without(alone, tree.undecided)}" if alone else "")
    else:
        said = f"Of {models}, none {found} among them"
    if not tree.undecided:
        return said
    return f"{said}; {tree.undecided:,} of {plural(tree.comparisons, 'pair')} could not be compared"


def _related(families: Sequence[int]) -> str:
    """How many have relatives, in which families: ``7 are related, in families of 4 and 3``."""
    if len(families) == 1:
        return f"{families[0]} are related to each other"
    *first, last = map(str, families)
    return f"{sum(families)} are related, in families of {', '.join(first)} and {last}"


def _without(alone: int, undecided: int) -> str:
    """How those that stand alone are spoken of; where pairs stayed open, no relative of theirs was found."""
    have = "has" if alone == 1 else "have"
    return f"{have} no relative that was found" if undecided else f"{have} no relative among them"


@dataclass(frozen=True, slots=True)
class Step:
    """A node on the way through a drawing.

    Attributes:
        identifier: the node.
        depth: steps from the root.
        edge: the edge that leads to it, or None for a root.
        away: whether the edge points (or is drawn) from the node before it to this one.
        again: the node was drawn before; nothing below it is repeated.
    """

    identifier: str
    depth: int
    edge: TreeEdge | None
    away: bool
    again: bool


def walk(tree: FamilyTree) -> Iterator[Step]:
    """All nodes from each root outward, nearest first; a merge stands below each of its parents."""
    near: dict[str, list[TreeEdge]] = defaultdict(list)
    for edge in tree.edges:
        near[edge.source].append(edge)
        near[edge.target].append(edge)
    seen: set[str] = set()
    used: set[int] = set()
    for root in tree.roots:
        stack = [Step(root, 0, None, True, False)]
        while stack:
            step = stack.pop()
            again = step.identifier in seen
            yield Step(step.identifier, step.depth, step.edge, step.away, again)
            if again:
                continue
            seen.add(step.identifier)
            further = [edge for edge in near[step.identifier] if id(edge) not in used]
            # A merge is met from its parents; going on from it to its other parent would turn the tree round.
            further = [edge for edge in further if edge.kind != "merge" or edge.source == step.identifier]
            used.update(id(edge) for edge in further)
            for edge in reversed(further):
                away = edge.source == step.identifier
                stack.append(Step(edge.target if away else edge.source, step.depth + 1, edge, away, False))
