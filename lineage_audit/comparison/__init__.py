"""The comparator: two checkpoints become evidence, and evidence a verdict.

Pairs are found first (``pairing``), rows chosen (``plan``) and measured in one pass (``measurement``); where FFN
units stand in another order they are aligned and measured again (``alignment``); tests read the measurements
(``evidence``), and the verdict reads the tests (``verdict``).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from typing import Literal

from msgspec.structs import replace

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.prompting import read_prompting
from lineage_audit.comparison.adapters import is_about_adapters
from lineage_audit.comparison.controls import controls_of, figures_of, quoted_of_weights
from lineage_audit.comparison.coverage import coverage_of_equals, coverage_of_pair, why_not_measured
from lineage_audit.comparison.judging import WeightStage
from lineage_audit.comparison.merging import Ancestors
from lineage_audit.comparison.metadata.architecture import compare_architectures
from lineage_audit.comparison.metadata.names import changed_segments, compare_names
from lineage_audit.comparison.metadata.prompting import compare_prompting
from lineage_audit.comparison.metadata.summaries import summarise_model, summarise_relative
from lineage_audit.comparison.metadata.tokenizer import compare_tokenizers
from lineage_audit.comparison.operations.composition import find_sum
from lineage_audit.comparison.operations.delta_checkpoints import find_delta
from lineage_audit.comparison.pairing.layouts import with_known_layouts
from lineage_audit.comparison.pairing.tensors import Pairing, pair_tensors
from lineage_audit.comparison.pairing.unnamed import pair_unnamed
from lineage_audit.comparison.progress import NoProgress, Progress
from lineage_audit.comparison.reading.plan import default_budget
from lineage_audit.comparison.reading.threads import FEW_ROWS, product_threads
from lineage_audit.comparison.requantized import with_sample_kept
from lineage_audit.comparison.siblings import compare_beyond
from lineage_audit.comparison.stages import (
    choose_effort,
    compare_weights,
    read_again,
    requantization_of,
    same_shards,
    with_cross_checks,
    without_weights,
)
from lineage_audit.comparison.verdict.decision import decide
from lineage_audit.results import PairCoverage, Report, Scalar
from lineage_audit.version import __version__

__all__ = ["EffortChoice", "compare_checkpoints"]

EffortChoice = Literal["auto", "metadata", "sample", "search", "full"]


def compare_checkpoints(
    a: Checkpoint,
    b: Checkpoint,
    effort: EffortChoice = "auto",
    progress: Progress | None = None,
    parents: Sequence[Checkpoint] = (),
    budget: int | None = None,
    base: Checkpoint | None = None,
) -> Report:
    """Compare two checkpoints.

    Args:
        a: model A, the suspected ancestor where there is one.
        b: model B.
        effort: how much of the weights to read; ``auto`` escalates until the verdict is settled.
        progress: told how far reading has come.
        parents: models that B may be a merge of, beside A; without a base, A is taken for it.
        budget: bytes of weights that a sample may read of each model; by their size where it is None.
        base: a common base: what A and B share beyond it is measured.
    """
    if is_about_adapters(a, b):
        from lineage_audit.comparison.adapters.comparing import compare_adapters

        return compare_adapters(a, b, effort, progress, partial(compare_checkpoints, effort=effort, progress=progress))
    with product_threads(FEW_ROWS):
        return _compared(a, b, effort, progress or NoProgress(), Ancestors(tuple(parents), base), budget)


def _compared(
    a: Checkpoint, b: Checkpoint, effort: EffortChoice, progress: Progress, ancestors: Ancestors, budget: int | None
) -> Report:
    started = time.perf_counter()
    a, b = with_sample_kept(*with_known_layouts(a, b))
    pairing = pair_tensors(a, b)
    names = compare_names(pairing)
    tokenizer = compare_tokenizers(a.vocabulary, b.vocabulary)
    architecture = compare_architectures(a.config, b.config, changed_segments(names.renames))
    if effort != "metadata" and not same_shards(a, b):
        pairing = pair_unnamed(a, b, pairing)
    allowed = default_budget(a, b) if budget is None else budget
    stage = _weights(a, b, pairing, effort, allowed, progress)
    beyond = compare_beyond(a, b, ancestors.base) if ancestors.base is not None else None
    findings = replace(
        stage.findings(a, b, pairing, architecture, names, tokenizer, read_again(stage, a, b, pairing, ancestors)),
        written_sum=find_sum(a, b, pairing, stage),
        delta=find_delta(a, b, stage.comparison),
        beyond=beyond,
    )
    verdict = decide(findings)
    is_relative = verdict.relation in ("identical", "derived")
    summarise = summarise_relative if is_relative else summarise_model
    requantized = requantization_of(stage, a, b) if is_relative else None
    quoted = quoted_of_weights(tuple(stage.comparison.measurements.values()), architecture, tokenizer)
    in_place = stage.aligned is None
    return Report(
        tool_version=__version__,
        a=summarise(a),
        b=summarise(b),
        effort=stage.effort,
        parameters={**stage.parameters, **_named(ancestors)},
        seconds=time.perf_counter() - started,
        verdict=verdict,
        architecture=architecture,
        names=names,
        tokenizer=tokenizer,
        weights=stage.weights,
        evidence=stage.evidence if beyond is None else (*stage.evidence, beyond),
        coverage=_coverage(a, b, pairing, stage),
        requantization=requantized,
        controls=controls_of(quoted) if in_place else (),
        quoted=figures_of(quoted) if in_place else None,
        prompting=compare_prompting(read_prompting(a), read_prompting(b)),
    )


def _coverage(a: Checkpoint, b: Checkpoint, pairing: Pairing, stage: WeightStage) -> PairCoverage:
    """What was compared; equal files are equal to the last byte."""
    if stage.effort == "metadata" and stage.same_weights:
        return coverage_of_equals(a, b)
    unread = why_not_measured(stage.effort, moved=stage.aligned is not None)
    return coverage_of_pair(a, b, pairing, stage.comparison.measurements.values(), unread)


def _named(ancestors: Ancestors) -> dict[str, Scalar]:
    named: dict[str, Scalar] = {}
    if ancestors.parents:
        named["parents"] = ", ".join(parent.ref for parent in ancestors.parents)
    if ancestors.base is not None:
        named["base"] = ancestors.base.ref
    return named


def _weights(
    a: Checkpoint, b: Checkpoint, pairing: Pairing, effort: EffortChoice, budget: int, progress: Progress
) -> WeightStage:
    """Read as much as the effort allows; ``auto`` goes on to search local models where a sample settles nothing."""
    if same_shards(a, b):
        return without_weights("the shards are equal", same_weights=True)
    if effort == "metadata":
        return without_weights("effort metadata reads no weights", same_weights=False)
    chosen = choose_effort(a, b) if effort == "auto" else effort
    stage = compare_weights(a, b, pairing, chosen, budget, progress)
    if effort == "auto" and chosen == "sample" and not stage.is_settled and a.source.is_local and b.source.is_local:
        return compare_weights(a, b, pairing, "search", budget, progress)
    return with_cross_checks(stage) if effort == "full" else stage
