"""Tensors that an adapter holds whole (embeddings, norms, an output matrix), which can show where it comes from.

Factors start from nothing of the base, but what was trained whole started as the base's own tensor. So these are
compared with the base's like any two models' tensors, by the same tests.
"""

from __future__ import annotations

from dataclasses import replace

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.adapter import read_parts
from lineage_audit.checkpoint.names import map_names
from lineage_audit.checkpoint.roles import Role
from lineage_audit.comparison.coverage import coverage_of_some
from lineage_audit.results import Coverage, PairCoverage

_FROM_NOTHING = "factors, which start from nothing of the base"


def model_of_whole_tensors(base: Checkpoint, adapter: Checkpoint) -> Checkpoint | None:
    """What the adapter holds whole, as a model of a few tensors; None where no matrix of a known role is among it."""
    saved = read_parts(adapter.container.tensors).saved
    stored = tuple(replace(tensor, name=name) for name, tensor in saved.items())
    tensors = tuple(ref for ref in map_names(stored, base.config) if ref.role != Role.OTHER)
    if not any(len(ref.shape) == 2 for ref in tensors):
        return None
    return replace(
        adapter, container=replace(adapter.container, tensors=stored, adapter=None), tensors=tensors, caveats=()
    )


def with_factors(coverage: PairCoverage, a: Checkpoint, b: Checkpoint) -> PairCoverage:
    """The coverage of an adapter's whole tensors, and of its factors beside them."""
    sides = ((coverage.a, a), (coverage.b, b))
    return PairCoverage(*(rows if one.container.adapter is None else (*rows, *_factors(one)) for rows, one in sides))


def _factors(adapter: Checkpoint) -> tuple[Coverage, ...]:
    whole = {(one.file, one.start) for one in read_parts(adapter.container.tensors).saved.values()}
    factors = tuple(one for one in adapter.container.tensors if (one.file, one.start) not in whole)
    alone = replace(adapter, container=replace(adapter.container, tensors=factors))
    return coverage_of_some(alone, (), _FROM_NOTHING)
