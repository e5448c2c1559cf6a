"""Two fingerprints become a report: the same evidence, verdict and words as for two models."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from msgspec.structs import replace

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.roles import Role
from lineage_audit.comparison.alignment.factors import fit_factors
from lineage_audit.comparison.alignment.maps import ResidualMap
from lineage_audit.comparison.controls import Quoted, controls_of, figures_of, quoted_of_weights
from lineage_audit.comparison.evidence import gather_evidence
from lineage_audit.comparison.evidence.base import WeightComparison
from lineage_audit.comparison.judging import ReadAgain, WeightStage
from lineage_audit.comparison.metadata.architecture import compare_architectures
from lineage_audit.comparison.metadata.names import changed_segments, compare_names
from lineage_audit.comparison.pairing.tensors import TensorPair, pair_tensors
from lineage_audit.comparison.reading.measurement import Measurement
from lineage_audit.comparison.shares.weights import describe_weights, measure_shares, relative_delta
from lineage_audit.comparison.symmetries.setting import comparison_of
from lineage_audit.comparison.verdict.decision import decide
from lineage_audit.comparison.verdict.standing import alignment_holds, strongest
from lineage_audit.comparison.verdict.thresholds import SKETCHES, stated
from lineage_audit.errors import UnsupportedFormatError
from lineage_audit.library.fingerprint.aligning import align_sketches
from lineage_audit.library.fingerprint.matching import Found, search
from lineage_audit.library.fingerprint.measuring import compare_sketches
from lineage_audit.library.fingerprint.skeleton import skeleton, summary_of
from lineage_audit.library.fingerprint.tokenizers import compare_samples
from lineage_audit.library.fingerprint.values import Fingerprint
from lineage_audit.library.fingerprint.vectors import SKETCHED, UnitVectors, same_numbers
from lineage_audit.results import ArchitectureFinding, Report, Scalar, TokenizerFinding
from lineage_audit.version import __version__

_SKETCHES_ONLY = (
    "Compared by fingerprints, that is by sketches of some units of the layers: amounts are estimates, "
    "and equal sketches do not prove equal weights."
)
_NOTHING_SKETCHED = "no sketched units of the two have the same place and shape"


def compare_fingerprints(a: Fingerprint, b: Fingerprint) -> Report:
    """Compare two fingerprints as two models are compared; A is the suspected ancestor.

    Raises:
        UnsupportedFormatError: they were made by different schemes.
    """
    started = time.perf_counter()
    if a.scheme != b.scheme:
        raise UnsupportedFormatError(
            f"{b.identity.ref}: fingerprint of scheme {b.scheme}, the other of {a.scheme}; make the older one anew"
        )
    model_a, model_b = skeleton(a), skeleton(b)
    pairing = pair_tensors(model_a, model_b)
    names = compare_names(pairing)
    architecture = compare_architectures(a.config, b.config, changed_segments(names.renames))
    tokenizer = compare_samples(a.tokens, b.tokens)
    stage = _stage(UnitVectors(a), UnitVectors(b), model_a, model_b, pairing.pairs)
    findings = stage.findings(model_a, model_b, pairing, architecture, names, tokenizer, ReadAgain())
    caveats = (_SKETCHES_ONLY, *_equal_sketches(stage), *findings.caveats, *_sampled(a, b))
    quoted = _quoted(stage, a, b, architecture, tokenizer) if stage.aligned is None else None
    return Report(
        tool_version=__version__,
        a=summary_of(a),
        b=summary_of(b),
        effort="sample",
        parameters={**_parameters(a, b), **_distances(stage, UnitVectors(b))},
        seconds=time.perf_counter() - started,
        verdict=decide(replace(findings, caveats=caveats, parts=())),  # what is sketched is of the core
        architecture=architecture,
        names=names,
        tokenizer=tokenizer,
        weights=stage.weights,
        evidence=stage.evidence,
        controls=controls_of(quoted) if quoted else (),
        quoted=figures_of(quoted) if quoted else None,
    )


def _stage(
    a: UnitVectors, b: UnitVectors, model_a: Checkpoint, model_b: Checkpoint, pairs: Sequence[TensorPair]
) -> WeightStage:
    """What the sketches give: under their own numbers, and under those that a search found, where that holds."""
    setting = comparison_of(model_a, model_b, pairs, {})
    in_place = compare_sketches(same_numbers(a, b), ResidualMap("same"), setting)
    evidence, shares_in_place = gather_evidence(in_place), measure_shares(in_place)
    found = search(a, b, setting.heads.usual if setting.heads is not None else None)
    aligned = None
    if found is not None and not (_keeps_numbers(found) and fit_factors(in_place).is_trivial):
        aligned = align_sketches(found, setting)
        evidence += aligned.evidence
        aligned = aligned if alignment_holds(evidence, shares_in_place, aligned.shares) else None
    comparison, shares = (aligned.comparison, aligned.shares) if aligned else (in_place, shares_in_place)
    digest_a, digest_b = a.fingerprint.identity.digest, b.fingerprint.identity.digest
    return WeightStage(
        effort="sample",
        comparison=comparison,
        in_place=in_place,
        aligned=aligned,
        searched=True,
        shares=shares,
        evidence=evidence,
        weights=describe_weights(comparison, evidence, strongest(evidence), shares, shares_in_place),
        same_weights=digest_a == digest_b and digest_a.startswith("sha256:"),
        reason=None if aligned or _holds_units(in_place) else _NOTHING_SKETCHED,
    )


def _holds_units(comparison: WeightComparison) -> bool:
    return any(part.pair.b.layer is not None for part in comparison.matrices())


def _keeps_numbers(found: Found) -> bool:
    """Tell whether what was found is what the same numbers say already."""
    matched = found.correspondence
    if matched.basis == "tokens" or any(pair.a != pair.b for pair in matched.pairs):
        return False
    numbers_match = []
    for pair in matched.pairs:
        block_a, block_b = matched.a.block(pair.a, "units"), matched.b.block(pair.b, "units")
        if block_a is None or block_b is None or pair.units is None or block_a.size != block_b.size:
            return False
        numbers_match.append(float(np.mean(block_a.numbers[pair.units.a] == block_b.numbers[pair.units.b])))
        if pair.values is not None and bool((pair.values.a != pair.values.b).any()):
            return False
    return min(numbers_match, default=1.0) > SKETCHES.same_numbers


def _equal_sketches(stage: WeightStage) -> tuple[str, ...]:
    """What equal sketches suggest and do not prove."""
    parts = stage.comparison.matrices()
    if (
        stage.same_weights
        or not parts
        or any((relative_delta([part]) or 0.0) > SKETCHES.nothing_moved for part in parts)
    ):
        return ()
    return ("No sketch has moved: these may be the same weights in another form; compare the models to be sure.",)


def _sampled(a: Fingerprint, b: Fingerprint) -> tuple[str, ...]:
    """What was left out when the fingerprints were made."""
    sampled = [name for name, one in (("A", a), ("B", b)) if one.effort == "sample"]
    if not sampled:
        return ()
    return (f"The fingerprint of {' and of '.join(sampled)} holds a sample: units that were moved are not in it.",)


def _quoted(
    stage: WeightStage, a: Fingerprint, b: Fingerprint, architecture: ArchitectureFinding, tokenizer: TokenizerFinding
) -> Quoted:
    """What people quote; differences of sketches are no differences of weights, and gains may be without moments."""
    quoted = quoted_of_weights(tuple(stage.comparison.measurements.values()), architecture, tokenizer)
    states_moments = all(gain.mean is not None for one in (a, b) for gain in one.gains)
    return replace(quoted, differences=None, norms=quoted.norms if states_moments else ())


def _parameters(a: Fingerprint, b: Fingerprint) -> dict[str, Scalar]:
    """Every parameter of the run that changes a number."""
    return {
        "fingerprint_scheme": a.scheme,
        "fingerprint_effort_a": a.effort,
        "fingerprint_effort_b": b.effort,
        **stated(),
        "layer_lead": SKETCHES.clear_margin,
        "matched_cosine": SKETCHES.matched_cosine,
    }


def _distances(stage: WeightStage, b: UnitVectors) -> dict[str, Scalar]:
    """How far B lies from A: over what is related, and over everything."""
    return {
        "relative_distance": stage.shares.relative_delta,
        "residual_share": unexplained_share(stage.comparison, b),
    }


def unexplained_share(comparison: WeightComparison, b: UnitVectors) -> float | None:
    """Share of B's sketched weights that A leaves unexplained; what has no related counterpart counts whole."""
    measured: dict[tuple[int | None, Role], list[Measurement]] = defaultdict(list)
    for one in comparison.matrices():
        tensor = one.pair.b
        measured[tensor.layer, Role.V if tensor.role == Role.V_B else tensor.role].append(one)
    left = whole = 0.0
    for layer in b.fingerprint.layers:
        for part, role in SKETCHED:
            block = b.block(layer.layer, part)
            if block is not None and role in block.roles:
                parameters = max(1, sum(tensor.size for tensor in b.tensors(layer.layer, role)))
                left += parameters * _left(measured.get((layer.layer, role), []))
                whole += parameters
    return left / whole if measured and whole else None


def _left(parts: list[Measurement]) -> float:
    """Squared distance of what has one length, one at most."""
    correlation = sum((part.correlation or 0.0) * part.weight for part in parts) / max(
        1, sum(part.weight for part in parts)
    )
    return min(1.0, 2.0 - 2.0 * correlation) if correlation >= SKETCHES.related_cosine else 1.0
