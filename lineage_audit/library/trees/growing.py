"""Fingerprints become a family tree."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

from lineage_audit.comparison.progress import NoProgress, Progress
from lineage_audit.comparison.verdict.thresholds import TREES
from lineage_audit.comparison.verdict.wording import NOT_THEFT
from lineage_audit.library.fingerprint import Fingerprint
from lineage_audit.library.trees.attaching import Group, Link, place
from lineage_audit.library.trees.pairs import Pairs, compare_all
from lineage_audit.results import OPPOSITE, Direction, FamilyTree, TreeEdge, TreeModel, UnknownAncestor, Verdict
from lineage_audit.version import __version__

_COMMON_START = "they share an initialisation or a common ancestor, and the evidence speaks against descent"


def grow_tree(fingerprints: Sequence[Fingerprint], progress: Progress | None = None) -> FamilyTree:
    """Compare every pair of models and draw who was made from whom.

    Raises:
        LineageAuditError: fingerprints were made by different schemes.
    """
    started = time.perf_counter()
    pairs = compare_all(fingerprints, progress or NoProgress())
    groups = place(pairs)
    edges: list[TreeEdge] = []
    unknown: list[UnknownAncestor] = []
    roots: list[str] = []
    for number, group in enumerate(groups, 1):
        ancestors, found = _edges(group, pairs, number, len(unknown))
        unknown += ancestors
        edges += found
        roots.append(_root(group, found))
    group_of = {member: number for number, group in enumerate(groups, 1) for member in group.members}
    return FamilyTree(
        tool_version=__version__,
        models=tuple(_model(one, position, group_of[position]) for position, one in enumerate(fingerprints)),
        unknown=tuple(unknown),
        edges=tuple(sorted(edges, key=lambda edge: (edge.distance is None, edge.distance or 0.0, edge.target))),
        groups=tuple(tuple(map(_id, group.members)) for group in groups),
        roots=tuple(roots),
        comparisons=len(pairs.compared),
        undecided=pairs.undecided,
        detection_limit=_detection_limit(pairs, group_of),
        caveats=_caveats(edges, pairs),
        seconds=time.perf_counter() - started,
    )


def _id(position: int) -> str:
    return f"m{position + 1}"


def _model(fingerprint: Fingerprint, position: int, group: int) -> TreeModel:
    architectures = fingerprint.config.fields.get("architecture")
    named = architectures if isinstance(architectures, str) else fingerprint.config.fields.get("model_type")
    identity = fingerprint.identity
    return TreeModel(_id(position), identity.ref, identity.digest, str(named or "unknown"), identity.parameters, group)


def _edges(group: Group, pairs: Pairs, number: int, known: int) -> tuple[list[UnknownAncestor], list[TreeEdge]]:
    """All edges of one group; where descent is spoken against, an unknown ancestor stands between two models."""
    unknown: list[UnknownAncestor] = []
    edges: list[TreeEdge] = []
    for link in group.links:
        edge = _edge(link, pairs)
        if edge.relation == "shared-origin":
            ancestor = UnknownAncestor(f"u{known + len(unknown) + 1}", number, _COMMON_START)
            unknown.append(ancestor)
            edges += [
                replace(edge, source=ancestor.id, target=end, directed=True, kind="origin", operations=())
                for end in (edge.source, edge.target)
            ]
        else:
            edges.append(edge)
    for mixture in group.merges:
        edges += [
            replace(
                _edge(Link(parent, mixture.child), pairs),
                source=_id(parent),
                target=_id(mixture.child),
                directed=True,
                kind="merge",
                share=weight,
            )
            for parent, weight in zip(mixture.parents, mixture.weights, strict=True)
        ]
    return unknown, _carried_on(edges)


def _edge(link: Link, pairs: Pairs) -> TreeEdge:
    """Two neighbours, in the order that is shown or that alone is not excluded, else from the centre outward."""
    compared = pairs.between(link.inner, link.outer)
    verdict = compared.report.verdict
    shown = {"a->b": (compared.a, compared.b), "b->a": (compared.b, compared.a)}
    ends = shown.get(_way(verdict), (link.inner, link.outer))
    distance = float(pairs.distance[link.inner, link.outer])
    return TreeEdge(
        source=_id(ends[0]),
        target=_id(ends[1]),
        directed=verdict.direction != "undetermined",
        kind="descent",
        relation=verdict.relation,
        log10_p=verdict.log10_p,
        distance=distance if distance < float("inf") else None,
        operations=verdict.operations,
    )


def _way(verdict: Verdict) -> Direction:
    """The direction, or the one way that is left where the other is excluded."""
    if verdict.direction != "undetermined" or len(verdict.excluded) != 1:
        return verdict.direction
    return OPPOSITE[verdict.excluded[0]]


def _carried_on(edges: Sequence[TreeEdge]) -> list[TreeEdge]:
    """Directions carried on: a model that is shown to come from one neighbour is the ancestor of the others.

    Not from a copy to copies, of which one is chosen and not shown to stand for all; nor to a model that explains
    little of this one, which may be its other parent.
    """
    found = list(edges)
    moved = True
    while moved:
        moved = False
        targets = {edge.target for edge in found if edge.directed and edge.kind != "merge"}
        for place_, edge in enumerate(found):
            if edge.directed or _is_copy(edge) or edge.distance is None or edge.distance > TREES.carried_to:
                continue
            from_source, from_target = edge.source in targets, edge.target in targets
            if from_source != from_target:
                ordered = edge if from_source else replace(edge, source=edge.target, target=edge.source)
                found[place_] = replace(ordered, directed=True)
                moved = True
    return found


def _is_copy(edge: TreeEdge) -> bool:
    """Whether nothing but form or rounding lies between two models, and nothing shows which came first."""
    return not edge.directed and edge.distance is not None and edge.distance <= TREES.same


def _root(group: Group, edges: Iterable[TreeEdge]) -> str:
    """The centre, or whatever is shown to come before it."""
    before = {edge.target: edge.source for edge in edges if edge.directed and edge.kind != "merge"}
    root, seen = _id(group.centre), set()
    while root in before and root not in seen:
        seen.add(root)
        root = before[root]
    return root


def _detection_limit(pairs: Pairs, group_of: dict[int, int]) -> float | None:
    """The weakest look at two models that ended in different groups."""
    limits = [
        found.report.verdict.detection_limit
        for found in pairs.compared.values()
        if group_of[found.a] != group_of[found.b]
    ]
    return max((limit for limit in limits if limit is not None), default=None)


def _caveats(edges: Sequence[TreeEdge], pairs: Pairs) -> tuple[str, ...]:
    found = []
    if any(not edge.directed for edge in edges):
        found.append(
            "Edges without an arrow: which came first is not shown. They are drawn away from the model in the centre."
        )
    if edges:
        found.append(
            "An ancestor that is not among the models cannot be named: its children then seem to come from each other."
        )
        found.append("Copies in another form or rounding lie at no distance; which of them came first is a guess.")
        found.append(NOT_THEFT)
    if pairs.undecided:
        found.append(f"{pairs.undecided:,} pairs could not be compared with enough power and count as unrelated.")
    found.append("Distillation leaves no trace in the weights: it is not drawn.")
    return tuple(found)
