"""The project's tests, on sketches: the same statistics and bounds, fewer numbers in each vector.

A sketch of a negated vector is the negated sketch, and numbers of sketched units are those of the units, so the
null hypotheses of the full tests hold word for word; a sketch of k numbers has the power of a vector of k channels.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import IntArray
from lineage_audit.comparison.alignment.held_out import HeldOutLayer
from lineage_audit.comparison.evidence import (
    channel_fixed_points,
    channel_signs,
    ffn_fixed_points,
    ffn_signs,
    head_fixed_points,
    norm_gains,
    query_key_signs,
    value_output_signs,
)
from lineage_audit.comparison.evidence.base import (
    TestDescription,
    WeightComparison,
    not_measured,
    standardised,
    test_result,
)
from lineage_audit.comparison.evidence.copies import origins_of_marks, random_signs_of
from lineage_audit.comparison.evidence.held_out import cosine_evidence
from lineage_audit.comparison.evidence.leanings import LEAN, both_lean
from lineage_audit.comparison.evidence.matched_labels import MatchedBlock, fixed_point_evidence, match_block
from lineage_audit.comparison.evidence.query_key_signs import units_of_dims
from lineage_audit.comparison.evidence.sign_sums import CosineTerm, SignTerms, sign_flip_evidence, sum_cosines
from lineage_audit.comparison.reading.marks import NO_MARKS, Marks
from lineage_audit.comparison.symmetries.geometry import Heads
from lineage_audit.library.fingerprint.parameters import SCHEME
from lineage_audit.library.fingerprint.projection import FloatArray, as_unit_rows
from lineage_audit.library.fingerprint.values import Fingerprint
from lineage_audit.library.fingerprint.vectors import Correspondence, LayerPair, Part
from lineage_audit.results import Evidence

_CHANNEL_LIMIT = 1024
_FEWEST_HEADS = 2


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """What the tests are given besides a correspondence.

    Attributes:
        comparison: head layout, rotary layout, normalisation and broken symmetries of the two, without measurements.
        gated: both FFNs are gated.
    """

    comparison: WeightComparison
    gated: bool

    @property
    def heads(self) -> Heads | None:
        """The heads of most layers, which are those that are sketched."""
        return self.comparison.heads.usual if self.comparison.heads is not None else None


def same_number_evidence(found: Correspondence, setting: Setting) -> tuple[Evidence, ...]:
    """Every test that compares what has the same number."""
    return (
        *_sign_evidence(found, setting),
        _channel_signs(found, setting),
        _ffn_fixed_points(found, setting),
        _head_fixed_points(found, setting),
        _channel_fixed_points(found, setting),
    )


def _sign_evidence(found: Correspondence, setting: Setting) -> tuple[Evidence, ...]:
    """The sign tests on FFN units, value dimensions, and query and key dimensions."""
    return (_ffn_signs(found, setting), _value_signs(found, setting), _key_signs(found, setting))


def aligned_evidence(found: Correspondence, setting: Setting) -> tuple[Evidence, ...]:
    """The sign tests again, under their aligned names."""
    return tuple(aligned(item) for item in _sign_evidence(found, setting))


def aligned(item: Evidence) -> Evidence:
    """Evidence under the name that it has after an alignment."""
    question = f"After alignment: {item.question[0].lower()}{item.question[1:]}"
    return replace(item, test_id=f"aligned-{item.test_id}", question=question)


def _ffn_signs(found: Correspondence, setting: Setting) -> Evidence:
    if reason := setting.comparison.broken.get(ffn_signs.TEST.test_id):
        return not_measured(ffn_signs.TEST, "not-applicable", reason)
    if not setting.gated:
        return not_measured(ffn_signs.TEST, "not-applicable", "the FFN is not gated: its units' signs are not free")
    return _signs(ffn_signs.TEST, "FFN units", found, "units", (Role.UP, Role.DOWN), setting)


def _value_signs(found: Correspondence, setting: Setting) -> Evidence:
    return _signs(value_output_signs.TEST, "value dimensions", found, "values", (Role.V, Role.O), setting)


def _key_signs(found: Correspondence, setting: Setting) -> Evidence:
    test = query_key_signs.TEST
    if reason := setting.comparison.broken.get(test.test_id):
        return not_measured(test, "not-applicable", reason)
    if setting.heads is None:
        return not_measured(test, "skipped", "the head layout is not known")
    return _signs(test, "query-key units", found, "keys", (Role.K, Role.Q), setting)


def _signs(
    test: TestDescription,
    units: str,
    found: Correspondence,
    part: Part,
    roles: tuple[Role, ...],
    setting: Setting,
) -> Evidence:
    """Pool the cosines of each unit. Layers of B that come from one layer of A share its units' random signs."""
    by_source: dict[int, list[LayerPair]] = defaultdict(list)
    for pair in found.pairs:
        by_source[pair.a].append(pair)
    sides = {source: _vectors(found, pairs, part, roles[0], setting) for source, pairs in by_source.items()}
    if both_lean([side.a for side in sides.values()], [side.b for side in sides.values()]):
        return not_measured(test, "not-applicable", LEAN)
    layers, elements = [], 0
    for (source, pairs), shared in zip(by_source.items(), _shared_signs(sides.values(), part, setting), strict=True):
        block = found.a.block(source, part)
        if block is None:
            continue
        random_signs = _random_signs(block.numbers, part, setting)
        terms = []
        for pair in pairs:
            for role in roles:
                cosines, match = found.cosines(pair, part, role), pair.match(part)
                if cosines is not None and match is not None:
                    terms.append(CosineTerm(random_signs[match.a], cosines, _power(found)))
                    elements += len(cosines) * found.b.fingerprint.width
        if terms:
            together = sum_cosines(pairs[0].b, int(random_signs.max()) + 1, terms)
            layers.append(_trimmed(replace(together, sharing=_copies(found, part), random_signs=shared)))
    return sign_flip_evidence(test, units, layers, setting.comparison, elements)


def _vectors(found: Correspondence, pairs: Sequence[LayerPair], part: Part, role: Role, setting: Setting) -> Marks:
    """What flips together in a layer of A, and what belongs to it in the first layer of B that it is held against."""
    pair = pairs[0]
    block, matched, match = found.a.block(pair.a, part), found.matched(pair, part, role), pair.match(part)
    if block is None or matched is None or match is None:
        return NO_MARKS
    random_signs = _random_signs(block.numbers, part, setting)
    sides = []
    for vectors in matched:
        summed = np.zeros((int(random_signs.max()) + 1, vectors.shape[1]), np.float32)
        np.add.at(summed, random_signs[match.a], vectors)
        sides.append(summed)
    return Marks(sides[0], sides[1], 1)


def _shared_signs(sides: Iterable[Marks], part: Part, setting: Setting) -> list[IntArray]:
    """For each layer of A the numbers of its units' random signs, the same for units that are copies in both models."""
    marks = list(sides)
    heads = setting.heads
    blocks = heads.kv_heads if heads is not None and part != "units" else 1
    split = [len(one.a) > 0 and len(one.a) % blocks == 0 for one in marks]
    origins = origins_of_marks([one if len(one.a) else None for one in marks], split, blocks)
    return [
        random_signs_of(origin, len(one.a) // blocks) if whole else random_signs_of(origin[:1], len(one.a))
        for origin, one, whole in zip(origins, marks, split, strict=True)
    ]


def _copies(found: Correspondence, part: Part) -> int:
    """How many random signs may be copies of one: units of experts that both models may have made of one FFN each."""
    return min(found.a.experts(), found.b.experts()) if part == "units" else 1


def _random_signs(numbers: IntArray, part: Part, setting: Setting) -> IntArray:
    """Which of the vectors flip together: each its own, but for key dimensions that a rotation ties in pairs."""
    heads = setting.heads
    if part != "keys" or heads is None:
        return np.arange(len(numbers))
    head, dim = np.divmod(numbers, heads.head_dim)
    unit = units_of_dims(heads, setting.comparison.rotary)[dim]
    random_signs: IntArray = np.unique(head * heads.head_dim + unit, return_inverse=True)[1].astype(np.int64)
    return random_signs


def _trimmed(terms: SignTerms) -> SignTerms:
    """Leave out random signs that no cosine is about."""
    kept = terms.cosines > 0
    signs = None if terms.random_signs is None else terms.random_signs[kept]
    return replace(
        terms, values=terms.values[kept], cosines=terms.cosines[kept], noise=terms.noise[kept], random_signs=signs
    )


def _power(found: Correspondence) -> int:
    """Random directions' cosines have about this inverse variance: that of the sketch and of the vectors together."""
    numbers, width = SCHEME.numbers, max(1, found.b.fingerprint.width)
    return max(1, round(1.0 / (1.0 / numbers + 1.0 / width)))


def _channel_signs(found: Correspondence, setting: Setting) -> Evidence:
    test, comparison = channel_signs.TEST, setting.comparison
    if reason := comparison.broken.get(test.test_id):
        return not_measured(test, "not-applicable", reason)
    if comparison.rms_norm is None:
        return not_measured(test, "skipped", "the kind of normalisation is not known")
    if not comparison.rms_norm:
        return not_measured(test, "not-applicable", "LayerNorm ties the signs of channels together")
    columns = _embeddings(found.a.fingerprint, found.b.fingerprint)
    if columns is None:
        return not_measured(test, "skipped", "the embeddings were not compared")
    if both_lean(*([side] for side in columns)):
        return not_measured(test, "not-applicable", LEAN)
    cosines = np.einsum("ij,ij->i", *columns, dtype=np.float64)
    cosines[~(columns[0].any(axis=1) & columns[1].any(axis=1))] = np.nan
    term = CosineTerm(np.arange(len(cosines)), cosines, columns[0].shape[1])
    return sign_flip_evidence(
        test, "residual channels", [sum_cosines(None, len(cosines), [term])], comparison, _embedded(found)
    )


def _channel_fixed_points(found: Correspondence, setting: Setting) -> Evidence:
    test = channel_fixed_points.TEST
    if reason := setting.comparison.broken.get(test.test_id):
        return not_measured(test, "not-applicable", reason)
    columns = _embeddings(found.a.fingerprint, found.b.fingerprint)
    if columns is None:
        return not_measured(test, "skipped", "the embeddings were not compared")
    columns_a, columns_b = (part[:_CHANNEL_LIMIT] for part in columns)
    block = match_block(None, np.abs(columns_b @ columns_a.T), 1)
    return fixed_point_evidence(test, "residual channels", [block], setting.comparison, _embedded(found))


def _embeddings(a: Fingerprint, b: Fingerprint) -> tuple[FloatArray, FloatArray] | None:
    """Both models' channels over the token sums, as unit vectors ``[channels, numbers]``."""
    if a.embedding is None or b.embedding is None or a.width != b.width:
        return None
    return as_unit_rows(a.embedding), as_unit_rows(b.embedding)


def _embedded(found: Correspondence) -> int:
    fingerprint = found.b.fingerprint
    return fingerprint.width * len(fingerprint.tokens.ids) if fingerprint.tokens else 0


def _ffn_fixed_points(found: Correspondence, setting: Setting) -> Evidence:
    blocks, elements = [], 0
    for pair in found.pairs:
        similarities = [
            similarity
            for role in (Role.UP, Role.GATE)
            if (similarity := _similarity(found, pair, "units", role)) is not None
        ]
        if similarities and len(similarities[0]) > 1:
            blocks.append(match_block(pair.b, np.sum(similarities, axis=0), len(similarities)))
            elements += sum(len(part) for part in similarities) * found.b.fingerprint.width
    return fixed_point_evidence(ffn_fixed_points.TEST, "sampled FFN units", blocks, setting.comparison, elements)


def _head_fixed_points(found: Correspondence, setting: Setting) -> Evidence:
    test, heads = head_fixed_points.TEST, setting.heads
    if reason := setting.comparison.broken.get(test.test_id):
        return not_measured(test, "not-applicable", reason)
    if heads is None:
        return not_measured(test, "skipped", "the head layout is not known")
    if heads.kv_heads < _FEWEST_HEADS:
        return not_measured(test, "not-applicable", "there is one KV head a layer")
    blocks: list[MatchedBlock] = []
    for pair in found.pairs:
        parts = [_head_similarity(found, pair, "keys", Role.K, heads.kv_heads)]
        parts.append(_head_similarity(found, pair, "values", Role.V, heads.kv_heads))
        usable = [part for part in parts if part is not None]
        if usable and len({part.shape for part in usable}) == 1:
            blocks.append(match_block(pair.b, np.sum(usable, axis=0), len(usable)))
    return fixed_point_evidence(test, "KV heads", blocks, setting.comparison, 0)


def _similarity(found: Correspondence, pair: LayerPair, part: Part, role: Role) -> FloatArray | None:
    """Cosines of matched vectors with each other, ``[B, A]``."""
    matched = found.matched(pair, part, role)
    if matched is None:
        return None
    similarity: FloatArray = matched[1] @ matched[0].T
    return similarity


def _head_similarity(found: Correspondence, pair: LayerPair, part: Part, role: Role, heads: int) -> FloatArray | None:
    """Cosines of whole heads, each one long vector of its sketched dimensions."""
    matched = found.matched(pair, part, role)
    if matched is None or len(matched[0]) % heads:
        return None
    long_a, long_b = (rows.reshape(heads, -1) for rows in matched)
    lengths = np.linalg.norm(long_b, axis=1)[:, None] * np.linalg.norm(long_a, axis=1)
    similarity: FloatArray = np.divide(long_b @ long_a.T, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    return similarity


def gain_evidence(
    a: Fingerprint, b: Fingerprint, layers: Sequence[tuple[int, int]], channels: IntArray | None, setting: Setting
) -> Evidence:
    """Correlate centred gains of the layers that belong together.

    Args:
        a: model A.
        b: model B.
        layers: pairs of layers, B's first.
        channels: for each channel of B the channel of A, or None for the same numbers.
        setting: for coverage.
    """
    test = norm_gains.TEST
    gains_a = {(gain.role, gain.layer): gain.levels for gain in a.gains}
    gains_b = {(gain.role, gain.layer): gain.levels for gain in b.gains}
    layer_in_a: dict[int | None, int | None] = {None: None, **dict(layers)}
    both = [
        (gains_a[role, layer_in_a[layer]], levels)
        for (role, layer), levels in gains_b.items()
        if layer in layer_in_a and (role, layer_in_a[layer]) in gains_a
    ]
    if not both:
        return not_measured(test, "skipped", "no trained norm gains were compared")
    if channels is None and a.width != b.width:
        return not_measured(test, "not-applicable", "the models differ in width")
    picked = [(one if channels is None else one[channels], two) for one, two in both]
    stacked_a, stacked_b = (np.stack([standardised(pair[side]) for pair in picked]) for side in (0, 1))
    correlation, z = norm_gains.permutation_z(stacked_a, stacked_b)
    return test_result(
        test,
        statistic=z,
        log10_p=norm_gains.normal_log10_tail(z),
        effect=correlation,
        finding=f"centred gains of {len(picked):,} norms correlate at {correlation:.2f} over {b.width:,} channels; "
        "chance gives 0",
        count=b.width,
        coverage=len(picked) * b.width / max(1, setting.comparison.parameters),
    )


def measure_held_out(found: Correspondence) -> Evidence:
    """Mean |cosine| of matched units' down columns, and of their up rows where gate rows proposed."""
    layers = []
    for pair in found.pairs:
        gated = found.cosines(pair, "units", Role.GATE) is not None
        roles = (Role.UP, Role.DOWN) if gated else (Role.DOWN,)
        parts = [cosines for role in roles if (cosines := found.cosines(pair, "units", role)) is not None]
        values = np.abs(np.concatenate(parts)) if parts else np.empty(0)
        layers.append(HeldOutLayer(pair.b, values[np.isfinite(values)].astype(np.float32), np.empty(0, bool)))
    return cosine_evidence(layers, what="sketches")
