"""A report about adapters: the same parts as of two models, those that an adapter has not left empty."""

from __future__ import annotations

import dataclasses
import time
from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
from msgspec.structs import replace

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.adapter import AdapterSettings, LowRankPair, read_parts
from lineage_audit.checkpoint.adapter.settings import FROM_THE_BASE
from lineage_audit.checkpoint.composed.fit import adapter_fit
from lineage_audit.checkpoint.dtypes import BITS
from lineage_audit.checkpoint.names import map_names
from lineage_audit.checkpoint.roles import Role
from lineage_audit.comparison.adapters.evidence import gather
from lineage_audit.comparison.adapters.factors import (
    ModuleAgreement,
    SharedModules,
    measure_modules,
    same_beside_factors,
    share_modules,
)
from lineage_audit.comparison.coverage import NOT_ASKED, coverage_of_some
from lineage_audit.comparison.metadata.summaries import summarise_model
from lineage_audit.comparison.metadata.tokenizer import compare_tokenizers
from lineage_audit.comparison.progress import NoProgress, Progress
from lineage_audit.comparison.shares.weights import layer_log10_p
from lineage_audit.comparison.verdict.adapters import (
    AdapterFindings,
    decide_on_adapters,
    decide_on_fit,
    decide_on_whole_tensors,
)
from lineage_audit.comparison.verdict.findings import Letter
from lineage_audit.comparison.verdict.thresholds import stated
from lineage_audit.results import (
    ArchitectureFinding,
    Coverage,
    Effort,
    Evidence,
    LayerRow,
    NamesFinding,
    PairCoverage,
    Report,
    Verdict,
    WeightsFinding,
)
from lineage_audit.version import __version__

_NO_ARCHITECTURE = ArchitectureFinding("an adapter has no architecture of its own", ())
_NOT_IN_BOTH = "no factor of a module that both adapters have"

_CompareModels = Callable[[Checkpoint, Checkpoint], Report]

_FROM_NOTHING = "factors, which start from nothing of the base"


def compare_adapters(
    a: Checkpoint, b: Checkpoint, effort: str, progress: Progress | None, compare_models: _CompareModels
) -> Report:
    """Compare two adapters, or an adapter with a base.

    Args:
        a: model A.
        b: model B; one of the two is an adapter.
        effort: ``metadata`` reads no weight; adapters are small, and every other effort reads them whole.
        progress: told how far reading has come.
        compare_models: how two models are compared, for tensors that an adapter holds whole.
    """
    if a.container.adapter is not None and b.container.adapter is not None:
        return _compare_two(a, b, a.container.adapter, b.container.adapter, effort, progress or NoProgress())
    return _compare_with_base(a, b, effort, compare_models)


def _compare_with_base(a: Checkpoint, b: Checkpoint, effort: str, compare_models: _CompareModels) -> Report:
    """Compare an adapter with a base: by names and shapes, and by the tensors that the adapter holds whole."""
    started = time.perf_counter()
    letter: Letter = "A" if a.container.adapter is not None else "B"
    adapter, base = (a, b) if letter == "A" else (b, a)
    fit = adapter_fit(base, adapter)
    fitting = decide_on_fit(fit, letter, _named_base(adapter), _caveats(a, b))
    summary = f"{len(fit.fitting):,} of {fit.modules:,} modules of the adapter fit the base by name and shape"
    weights = WeightsFinding(summary, len(fit.fitting) / max(1, fit.modules), (), ())
    modules = (fit.fitting, fit.missing)
    whole = _model_of_whole_tensors(base, adapter) if effort != "metadata" else None
    if whole is None:
        untouched = PairCoverage(*(coverage_of_some(one, (), NOT_ASKED) for one in (a, b)))
        return _report(a, b, started, "metadata", fitting, weights, (), modules, untouched)
    report = compare_models(whole if a is adapter else a, whole if b is adapter else b)
    held = len(read_parts(adapter.container.tensors).saved)
    verdict = decide_on_whole_tensors(fitting, report.verdict, report.evidence, fit, letter, held)
    covered = with_factors(report.coverage, a, b)
    if verdict.relation == "inconclusive":
        return _report(a, b, started, report.effort, verdict, weights, report.evidence, modules, covered)
    return dataclasses.replace(
        report,
        a=summarise_model(a),
        b=summarise_model(b),
        verdict=verdict,
        architecture=_NO_ARCHITECTURE,
        coverage=covered,
    )


def _named_base(adapter: Checkpoint) -> str | None:
    settings = adapter.container.adapter
    return settings.base if settings is not None else None


def _caveats(a: Checkpoint, b: Checkpoint) -> tuple[str, ...]:
    return tuple(f"{side}: {text}" for side, one in (("A", a), ("B", b)) for text in one.caveats)


def _compare_two(
    a: Checkpoint, b: Checkpoint, of_a: AdapterSettings, of_b: AdapterSettings, effort: str, progress: Progress
) -> Report:
    """Compare two adapters by their factors."""
    started = time.perf_counter()
    shared = share_modules(a, b)
    is_read = effort != "metadata"
    modules = _measure(a, b, shared, progress) if is_read else []
    broken = _broken(of_a, of_b) if is_read else "effort metadata reads no weights"
    evidence = gather(modules, b.parameters, broken)
    verdict = decide_on_adapters(
        AdapterFindings(
            shared=shared,
            modules=modules,
            evidence=evidence,
            same_scaling=_same_scaling(of_a, of_b, shared),
            same_rest=bool(modules) and all(one.equal == one.elements for one in modules) and same_beside_factors(a, b),
            broken=broken,
            caveats=_caveats(a, b),
        )
    )
    names = (tuple(pair.module for _, pair in shared.pairs), (*shared.only_a, *shared.only_b))
    weights = _weights(modules, evidence, b.parameters)
    spent: Effort = "full" if is_read else "metadata"
    return _report(a, b, started, spent, verdict, weights, evidence, names, _coverage(a, b, shared, is_read=is_read))


def _coverage(a: Checkpoint, b: Checkpoint, shared: SharedModules, *, is_read: bool) -> PairCoverage:
    """The factors of the modules that both have were compared, where anything was read."""
    otherwise = _NOT_IN_BOTH if is_read else NOT_ASKED
    pairs = shared.pairs if is_read else ()
    of_a, of_b = ([factor for one in side for factor in (one.a, one.b)] for side in _sides(pairs))
    return PairCoverage(coverage_of_some(a, of_a, otherwise), coverage_of_some(b, of_b, otherwise))


def _sides(pairs: Sequence[tuple[LowRankPair, LowRankPair]]) -> tuple[list[LowRankPair], list[LowRankPair]]:
    return [one for one, _ in pairs], [two for _, two in pairs]


def _measure(a: Checkpoint, b: Checkpoint, shared: SharedModules, progress: Progress) -> list[ModuleAgreement]:
    sizes = [sum(_bytes(one.a) + _bytes(one.b) for one in pair) for pair in shared.pairs]
    progress.begin(sum(sizes), "comparison of adapters")
    modules: list[ModuleAgreement] = []
    for pair, size in zip(shared.pairs, sizes, strict=True):
        modules += measure_modules(a, b, [pair])
        progress.advance(size, pair[1].module)
    return modules


def _bytes(stored: object) -> int:
    size, dtype = getattr(stored, "size", 0), getattr(stored, "dtype", "")
    return int(size * BITS.get(dtype, 8) // 8)


def _broken(a: AdapterSettings, b: AdapterSettings) -> str | None:
    """Why neither adapter's ranks have free signs and numbers; one adapter that has them is enough for the null."""
    if a.kind != "lora" or b.kind != "lora":
        kinds = " and ".join(sorted({one.kind for one in (a, b)} - {"lora"}))
        return f"no test is known for adapters of type {kinds}"
    if a.start in FROM_THE_BASE and b.start in FROM_THE_BASE:
        return f"both adapters start from the base's own weights ({a.start}), so equal starts say nothing"
    return None


def _same_scaling(a: AdapterSettings, b: AdapterSettings, shared: SharedModules) -> bool:
    return all(a.scaling(one.module, one.rank) == b.scaling(two.module, two.rank) for one, two in shared.pairs)


def _weights(modules: Sequence[ModuleAgreement], evidence: Sequence[Evidence], parameters: int) -> WeightsFinding:
    """By layer: the mean cosine of the updates, and the best bound of an exact test."""
    by_layer: dict[int, list[ModuleAgreement]] = defaultdict(list)
    for module in modules:
        if module.layer is not None:
            by_layer[module.layer].append(module)
    rows = []
    for layer, members in sorted(by_layer.items()):
        cosines = [member.update for member in members if np.isfinite(member.update)]
        copied = sum(member.equal for member in members) / max(1, sum(member.elements for member in members))
        rows.append(
            LayerRow(
                layer, layer, float(np.mean(cosines)) if cosines else None, layer_log10_p(layer, evidence), None, copied
            )
        )
    described = [item.finding for item in evidence if item.status == "measured" and item.grade == "calibrated"]
    summary = "; ".join(described) or "no module of the two adapters could be compared"
    compared = sum(module.elements for module in modules) / max(1, parameters)
    return WeightsFinding(summary, min(1.0, compared), (), tuple(rows))


def _report(
    a: Checkpoint,
    b: Checkpoint,
    started: float,
    effort: Effort,
    verdict: Verdict,
    weights: WeightsFinding,
    evidence: tuple[Evidence, ...],
    modules: tuple[Sequence[str], Sequence[str]],
    coverage: PairCoverage,
) -> Report:
    both, left = modules
    names = f"{len(both):,} modules in both" + (f", {len(left):,} in one alone" if left else "")
    return Report(
        tool_version=__version__,
        a=summarise_model(a),
        b=summarise_model(b),
        effort=effort,
        parameters=stated(),
        seconds=time.perf_counter() - started,
        verdict=verdict,
        architecture=_NO_ARCHITECTURE,
        names=NamesFinding(names, len(both), 0, (), (), (), 0, 0),
        tokenizer=compare_tokenizers(a.vocabulary, b.vocabulary),
        weights=weights,
        evidence=evidence,
        coverage=coverage,
    )


def _model_of_whole_tensors(base: Checkpoint, adapter: Checkpoint) -> Checkpoint | None:
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
