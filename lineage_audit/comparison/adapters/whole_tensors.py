"""Tensors that an adapter holds whole (embeddings, norms, an output matrix), which can show where it comes from.

Factors start from nothing of the base, but what was trained whole started as the base's own tensor. So these are
compared with the base's like any two models' tensors, by the same tests.
"""

from __future__ import annotations

from dataclasses import replace

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.adapter import read_parts
from lineage_audit.checkpoint.composed.fit import ModuleFit
from lineage_audit.checkpoint.names import map_names
from lineage_audit.checkpoint.roles import Role
from lineage_audit.comparison.coverage import coverage_of_some
from lineage_audit.comparison.metadata.summaries import summarise_model
from lineage_audit.results import RELATED, ArchitectureFinding, Coverage, PairCoverage, Relation, Report, Verdict

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


def is_related(report: Report) -> bool:
    """Tell whether the whole tensors are related to the base's."""
    return report.verdict.relation in RELATED


def nothing_shown(report: Report) -> str:
    """What the whole tensors say where they are not related to the base's."""
    if report.verdict.relation == "independent":
        return "No test found a relation between the tensors that the adapter holds whole and those of the base."
    return "The tensors that the adapter holds whole do not show where it comes from: they are too few for the tests."


def restated(report: Report, fitting: Verdict, fit: ModuleFit, a: Checkpoint, b: Checkpoint) -> Report:
    """The report on the whole tensors as one on the adapter: its shares are of those tensors alone.

    Args:
        report: of the base against the adapter's whole tensors.
        fitting: the verdict on names and shapes.
        fit: how the low-rank modules fit.
        a: model A as it was given.
        b: model B as it was given.
    """
    base, adapter = ("A", "B") if b.container.adapter is not None else ("B", "A")
    held = read_parts((b if adapter == "B" else a).container.tensors).saved
    found = report.verdict
    best = report.weights.summary.split(";")[0]
    relation: Relation = "shared-origin" if found.relation == "shared-origin" else "derived"
    word = relation.replace("-", " ").capitalize()
    modules = f"fits {base} in {len(fit.fitting):,} of {fit.modules:,} modules" if fit.modules else "has no factors"
    summary = (
        f"{word}: the adapter {adapter} {modules}, and of the {len(held):,} tensors that it holds whole those that "
        f"{base} has too are not independent of {base}'s: {best}."
    )
    verdict = replace(
        found,
        relation=relation,
        direction="undetermined",
        summary=summary,
        operations=(),
        caveats=(*fitting.caveats, "Shares are of the tensors that the adapter holds whole.", *found.caveats),
    )
    return replace(
        report,
        a=summarise_model(a),
        b=summarise_model(b),
        verdict=verdict,
        architecture=ArchitectureFinding("an adapter has no architecture of its own", ()),
        coverage=with_factors(report.coverage, a, b),
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
