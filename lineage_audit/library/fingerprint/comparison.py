"""Two fingerprints become a report: the same evidence, verdict and words as for two models."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.roles import Role
from lineage_audit.comparison.alignment.held_out import HeldOutLayer
from lineage_audit.comparison.alignment.maps import ResidualMap
from lineage_audit.comparison.controls import controls_of, figures_of
from lineage_audit.comparison.evidence import calibrated_where_guessed, gather_evidence
from lineage_audit.comparison.evidence.aligned import gather_aligned_evidence
from lineage_audit.comparison.evidence.base import WeightComparison
from lineage_audit.comparison.evidence.held_out import cosine_evidence
from lineage_audit.comparison.metadata.architecture import architecture_clause, compare_architectures
from lineage_audit.comparison.metadata.names import changed_segments, compare_names
from lineage_audit.comparison.operations.directed import DirectedOperation
from lineage_audit.comparison.pairing.tensors import pair_tensors
from lineage_audit.comparison.shares.weights import Shares
from lineage_audit.comparison.symmetries.setting import comparison_of
from lineage_audit.comparison.verdict.decision import decide
from lineage_audit.comparison.verdict.findings import Findings
from lineage_audit.comparison.verdict.standing import alignment_holds, is_related, strongest
from lineage_audit.comparison.verdict.thresholds import SKETCHES, stated
from lineage_audit.errors import UnsupportedFormatError
from lineage_audit.library.fingerprint import operations
from lineage_audit.library.fingerprint.matching import residual_map, search
from lineage_audit.library.fingerprint.measuring import compare_sketches
from lineage_audit.library.fingerprint.quoted import quoted_of_sketches
from lineage_audit.library.fingerprint.shares import (
    RoleAgreement,
    agreements,
    layer_rows,
    measure_shares,
    residual_share,
    slopes_of,
)
from lineage_audit.library.fingerprint.skeleton import skeleton, summary_of
from lineage_audit.library.fingerprint.tokenizers import compare_samples, vocabulary_change
from lineage_audit.library.fingerprint.values import Fingerprint
from lineage_audit.library.fingerprint.vectors import Correspondence, UnitVectors, same_numbers
from lineage_audit.results import Evidence, NamesFinding, Report, Scalar, WeightsFinding
from lineage_audit.version import __version__

_SKETCHES_ONLY = (
    "Compared by fingerprints, that is by sketches of some units of the layers: amounts are estimates, "
    "and equal sketches do not prove equal weights."
)


@dataclass(frozen=True, slots=True, eq=False)
class _Compared:
    """What was measured on one correspondence.

    Attributes:
        found: what belongs together.
        evidence: its tests.
        shares: how much of B it explains.
        residual: how B's channels come from A's.
        measured: agreement by role and layer.
    """

    found: Correspondence
    evidence: tuple[Evidence, ...]
    shares: Shares
    residual: ResidualMap
    measured: list[RoleAgreement]


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
    setting = comparison_of(model_a, model_b, pairing.pairs, {})
    plain = _compare_same_numbers(UnitVectors(a), UnitVectors(b), setting)
    searched = _compare_searched(plain.found.a, plain.found.b, setting, plain)
    evidence = plain.evidence + (searched.evidence if searched else ())
    moved = searched if searched and alignment_holds(evidence, plain.shares, searched.shares) else None
    chosen = moved or plain
    identical = a.identity.digest == b.identity.digest and a.identity.digest.startswith("sha256:")
    findings = Findings(
        evidence=evidence,
        shares=chosen.shares,
        operations=tuple(_operations(model_a, model_b, a, b, chosen, moved, names, setting))
        if identical or is_related(evidence)
        else (),
        same_weights=identical,
        left_in_a="nothing" if identical else "tensors",
        left_in_b="nothing" if identical else "tensors",
        architecture=architecture_clause(architecture, changed_segments(names.renames)),
        caveats=(_SKETCHES_ONLY, *_equal_sketches(chosen, identical), *_unread(a, b)),
        searched=True,
        moved=moved is not None,
        rotated=moved is not None and moved.residual.kind == "rotation",
        obstacle=None if plain.measured or moved else "no sketched units of the two have the same place and shape",
        slopes=slopes_of(chosen.measured),
    )
    tokenizer = compare_samples(a.tokens, b.tokens)
    quoted = quoted_of_sketches(a, b, plain.measured, architecture, tokenizer)
    return Report(
        tool_version=__version__,
        a=summary_of(a),
        b=summary_of(b),
        effort="sample",
        parameters={**_parameters(a, b), **_distances(chosen, b)},
        seconds=time.perf_counter() - started,
        verdict=decide(findings),
        architecture=architecture,
        names=names,
        tokenizer=tokenizer,
        weights=_weights(chosen, b, evidence),
        evidence=evidence,
        controls=controls_of(quoted) if moved is None else (),
        quoted=figures_of(quoted) if moved is None else None,
    )


def _compare_same_numbers(a: UnitVectors, b: UnitVectors, setting: WeightComparison) -> _Compared:
    found = same_numbers(a, b)
    measured = agreements(found, searched=False)
    share = min(1.0, setting.paired / max(1, setting.parameters)) if measured else 0.0
    return _Compared(
        found=found,
        evidence=gather_evidence(compare_sketches(found, ResidualMap("same"), setting)),
        shares=measure_shares(measured, b.fingerprint, share),
        residual=ResidualMap("same"),
        measured=measured,
    )


def _compare_searched(a: UnitVectors, b: UnitVectors, setting: WeightComparison, plain: _Compared) -> _Compared | None:
    """Search, and run the tests on what was found; None where nothing was, or only the same numbers were."""
    found = search(a, b, setting.heads.usual if setting.heads is not None else None)
    if found is None or _keeps_numbers(found.correspondence):
        return None
    residual = residual_map(a.fingerprint, b.fingerprint, found.correspondence.basis)
    measured = agreements(found.correspondence, searched=True)
    share = len(found.correspondence.pairs) / max(1, len(b.fingerprint.layers))
    comparison = compare_sketches(found.correspondence, residual, setting)
    tests = calibrated_where_guessed(gather_aligned_evidence(comparison, residual.fitted_signs), comparison)
    return _Compared(
        found=found.correspondence,
        evidence=(*tests, cosine_evidence(_held_out(comparison), what="sketches")),
        shares=measure_shares(measured, b.fingerprint, max(share, plain.shares.compared)),
        residual=residual,
        measured=measured,
    )


def _held_out(comparison: WeightComparison) -> list[HeldOutLayer]:
    """|Cosines| of matched units' down columns, and of their up rows where gate rows proposed, by layer."""
    layers = []
    for layer, expert in comparison.places(Role.UP, Role.DOWN):
        gate, up, down = (comparison.find(role, layer, expert) for role in (Role.GATE, Role.UP, Role.DOWN))
        parts = [up.rows.cosine] if gate is not None and up is not None else []
        parts += [down.columns.cosine] if down is not None else []
        sizes = np.abs(np.concatenate(parts)) if parts else np.empty(0)
        layers.append(HeldOutLayer(layer, sizes[np.isfinite(sizes)].astype(np.float32), np.empty(0, bool)))
    return layers


def _keeps_numbers(found: Correspondence) -> bool:
    """Tell whether what was found is what the same numbers say already."""
    if found.basis == "tokens" or any(pair.a != pair.b for pair in found.pairs):
        return False
    numbers_match = []
    for pair in found.pairs:
        block_a, block_b = found.a.block(pair.a, "units"), found.b.block(pair.b, "units")
        if block_a is None or block_b is None or pair.units is None or block_a.size != block_b.size:
            return False
        numbers_match.append(float(np.mean(block_a.numbers[pair.units.a] == block_b.numbers[pair.units.b])))
        if pair.values is not None and bool((pair.values.a != pair.values.b).any()):
            return False
    return min(numbers_match, default=1.0) > SKETCHES.same_numbers


def _operations(
    model_a: Checkpoint,
    model_b: Checkpoint,
    a: Fingerprint,
    b: Fingerprint,
    chosen: _Compared,
    moved: _Compared | None,
    names: NamesFinding,
    setting: WeightComparison,
) -> list[DirectedOperation]:
    """What was done, in the order in which a recipe would apply it."""
    distance = chosen.shares.relative_delta
    stored = operations.stored_change(a.tensors, b.tensors, distance)
    return [
        *vocabulary_change(a.tokens, b.tokens),
        *(stored or operations.training(distance)),
        *(operations.moves(model_a, model_b, moved.found, moved.residual, setting) if moved else []),
        *operations.renamed(names),
    ]


def _equal_sketches(chosen: _Compared, identical: bool) -> tuple[str, ...]:
    """What equal sketches suggest and do not prove."""
    if identical or not chosen.measured or any(part.distance or part.matched < 1 for part in chosen.measured):
        return ()
    return ("Every sketch is equal: these may be the same weights in another form; compare the models to be sure.",)


def _unread(a: Fingerprint, b: Fingerprint) -> tuple[str, ...]:
    """What could not be read, or was left out, when the fingerprints were made."""
    left = [f"A: {text}" for text in a.identity.caveats] + [f"B: {text}" for text in b.identity.caveats]
    sampled = [name for name, one in (("A", a), ("B", b)) if one.effort == "sample"]
    if sampled:
        left.append(
            f"The fingerprint of {' and of '.join(sampled)} holds a sample: units that were moved are not in it."
        )
    return tuple(left)


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


def _distances(chosen: _Compared, b: Fingerprint) -> dict[str, Scalar]:
    """How far B lies from A: over what is related, and over everything."""
    residual = residual_share(chosen.measured, b)
    return {
        "relative_distance": chosen.shares.relative_delta,
        "residual_share": residual,
    }


def _weights(chosen: _Compared, b: Fingerprint, evidence: tuple[Evidence, ...]) -> WeightsFinding:
    best = strongest(evidence)
    explained = chosen.shares.explained
    tested = best.finding if best else "no test could be run on the sketches"
    summary = tested if explained is None else f"{tested}; sketches suggest that {explained:.1%} of B is explained"
    return WeightsFinding(summary, chosen.shares.compared, (), layer_rows(chosen.measured, b))
