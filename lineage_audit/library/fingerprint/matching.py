"""Which layer, unit and head of A each of B's comes from, by sizes of cosines alone: no sign is looked at.

So the sign tests on what is matched stay exact. FFN units are matched by their gate rows (up rows without a gate),
heads by the rows of k, v and q.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from lineage_audit.checkpoint.roles import Role
from lineage_audit.comparison.alignment.assignment import assign, mean_match_margin
from lineage_audit.comparison.alignment.maps import ResidualMap
from lineage_audit.comparison.alignment.spreading import spread_numbers
from lineage_audit.comparison.symmetries.geometry import Heads
from lineage_audit.comparison.verdict.thresholds import SKETCHES
from lineage_audit.library.fingerprint.projection import FloatArray, as_unit_rows
from lineage_audit.library.fingerprint.values import Fingerprint
from lineage_audit.library.fingerprint.vectors import Basis, Correspondence, LayerPair, Match, Part, UnitVectors

_PROBES = 48
"""Units of B that look for their layer."""

_FEWEST_MATCHED = 8
_BETTER = 0.75
"""Quantile of a layer's matches that is taken for what true ones reach."""


class Found(Struct, frozen=True, eq=False):
    """A correspondence that was searched for, and how clear it is.

    Attributes:
        correspondence: what was found.
        match_margins: by how much each layer of B stands out in its layer of A.
    """

    correspondence: Correspondence
    match_margins: Mapping[int, float]

    @property
    def clearness(self) -> float:
        """Mean match margin over the layers that were found, times their share of B's layers."""
        return sum(self.match_margins.values()) / max(1, len(self.correspondence.b.fingerprint.layers))

    @property
    def layers(self) -> dict[int, int]:
        """Layer of B -> layer of A."""
        return {pair.b: pair.a for pair in self.correspondence.pairs}


def search(a: UnitVectors, b: UnitVectors, heads: Heads | None) -> Found | None:
    """Look for B in A in either basis; None where no layer stands out."""
    found = [one for basis in _bases(a, b) if (one := _search_in(a, b, basis, heads))]
    return max(found, key=lambda one: one.clearness, default=None)


def _bases(a: UnitVectors, b: UnitVectors) -> tuple[Basis, ...]:
    channels: tuple[Basis, ...] = ("channels",) if a.fingerprint.width == b.fingerprint.width else ()
    both = a.has_tokens() and b.has_tokens() and _same_kind(a, b)
    return (*channels, "tokens") if both else channels


def _same_kind(a: UnitVectors, b: UnitVectors) -> bool:
    tokens_a, tokens_b = a.fingerprint.tokens, b.fingerprint.tokens
    return tokens_a is not None and tokens_b is not None and tokens_a.kind == tokens_b.kind


def _search_in(a: UnitVectors, b: UnitVectors, basis: Basis, heads: Heads | None) -> Found | None:
    layers, match_margins = _find_layers(a, b, basis)
    if not layers:
        return None
    pairs = []
    for layer_b, layer_a in layers.items():
        values, keys = _match_heads(a, b, layer_b, layer_a, basis, heads)
        pairs.append(LayerPair(layer_b, layer_a, _match_units(a, b, layer_b, layer_a, basis), values, keys))
    return Found(Correspondence(a, b, tuple(pairs), basis), match_margins)


def _find_layers(a: UnitVectors, b: UnitVectors, basis: Basis) -> tuple[dict[int, int], dict[int, float]]:
    """For each layer of B its layer of A, where one stands out, and the match margin by which it does."""
    numbers_a, numbers_b = _numbers(a), _numbers(b)
    copies = max(a.experts(), b.experts())
    clear = _clear_match_margin(copies)
    own = {layer: _match_margin_of(a, b, layer, layer, basis, copies) for layer in numbers_b if layer in numbers_a}
    if numbers_a == numbers_b and own and min(own.values()) >= clear:
        return {layer: layer for layer in numbers_b}, own
    found: dict[int, int] = {}
    match_margins: dict[int, float] = {}
    stacks = _stacks(a, numbers_a, basis)
    for layer in numbers_b:
        scores = np.zeros(len(numbers_a))
        rows = b.standing(layer, basis)
        if rows is not None and len(rows) >= _FEWEST_MATCHED:
            for positions, stacked in stacks:
                scores[positions] = _match_margins(_probes(rows), stacked, copies)
        if layer in own:
            position = numbers_a.index(layer)
            scores[position] = max(scores[position], own[layer])
        best = float(scores.max(initial=0.0))
        if best < clear:
            continue
        close = [numbers_a[position] for position in np.flatnonzero(scores >= best - SKETCHES.tie)]
        following = found.get(layer - 1, -2) + 1
        found[layer] = following if following in close else numbers_a[int(scores.argmax())]
        match_margins[layer] = best
    return found, match_margins


def copies_among(vectors: UnitVectors, basis: Basis, layers: set[int]) -> bool:
    """Tell whether some of these layers are copies of other layers of the same model."""
    copies = vectors.experts()
    return any(
        _match_margin_of(vectors, vectors, layer, other, basis, copies) >= _clear_match_margin(copies)
        for layer in sorted(layers)
        for other in _numbers(vectors)
        if other != layer
    )


def _numbers(vectors: UnitVectors) -> list[int]:
    return [layer.layer for layer in vectors.fingerprint.layers if layer.units is not None]


def _clear_match_margin(copies: int) -> float:
    """The match margin that counts as clear where a unit may have so many copies (experts made of one FFN)."""
    return SKETCHES.clear_margin if copies == 1 else SKETCHES.margin_of_experts


def _match_margin_of(a: UnitVectors, b: UnitVectors, layer_b: int, layer_a: int, basis: Basis, copies: int) -> float:
    """How clearly the better quarter of a layer's probed units find a match among all of another's."""
    rows_a, rows_b = a.proposing(layer_a, basis), b.proposing(layer_b, basis)
    if rows_a is None or rows_b is None or min(len(rows_a), len(rows_b)) < _FEWEST_MATCHED:
        return 0.0
    if len(rows_b) > len(rows_a):
        rows_a, rows_b = rows_b, rows_a
    return float(_match_margins(_probes(rows_b), rows_a[None], copies)[0])


def _stacks(vectors: UnitVectors, layers: list[int], basis: Basis) -> list[tuple[list[int], FloatArray]]:
    """The units that a file would hold, layers with equally many of them together ``[layers, units, numbers]``."""
    alike: dict[int, list[tuple[int, FloatArray]]] = defaultdict(list)
    for position, layer in enumerate(layers):
        rows = vectors.standing(layer, basis)
        if rows is not None and len(rows) >= _FEWEST_MATCHED:
            alike[len(rows)].append((position, rows))
    return [([position for position, _ in held], np.stack([rows for _, rows in held])) for held in alike.values()]


def _probes(rows: FloatArray) -> FloatArray:
    return rows[spread_numbers(len(rows), _PROBES)]


def _match_margins(probes: FloatArray, rows: FloatArray, copies: int) -> npt.NDArray[np.float64]:
    """Mean match margin of the best quarter of probes, for each layer of ``rows``, ``[layers, units, numbers]``."""
    layers, units, numbers = rows.shape
    sizes = np.abs(probes @ rows.reshape(-1, numbers).T).reshape(len(probes), layers, units)
    first = sizes.max(axis=2)
    for _ in range(min(copies, units - 1)):
        np.put_along_axis(sizes, sizes.argmax(axis=2, keepdims=True), -1.0, axis=2)
    match_margins = np.sort(first - sizes.max(axis=2), axis=0)
    best: npt.NDArray[np.float64] = match_margins[-max(1, len(probes) // 4) :].mean(axis=0, dtype=np.float64)
    return best


def _match_units(a: UnitVectors, b: UnitVectors, layer_b: int, layer_a: int, basis: Basis) -> Match | None:
    """Units that are each other's best match, and no weaker a match than chance gives beside those that are true."""
    rows_a, rows_b = a.proposing(layer_a, basis), b.proposing(layer_b, basis)
    if rows_a is None or rows_b is None:
        return None
    sizes = np.abs(rows_b @ rows_a.T)
    best = sizes.argmax(axis=1)
    everyone = np.arange(len(best))
    mutual = sizes.argmax(axis=0)[best] == everyone
    found = sizes[everyone, best]
    clear = float(np.quantile(found[mutual], _BETTER)) if mutual.any() else 1.0
    mutual &= found >= max(SKETCHES.matched_cosine, SKETCHES.weaker_match * clear)
    return Match(everyone[mutual], best[mutual].astype(np.int64))


def _match_heads(
    a: UnitVectors, b: UnitVectors, layer_b: int, layer_a: int, basis: Basis, heads: Heads | None
) -> tuple[Match | None, Match | None]:
    """Value dimensions and key dimensions by KV heads; a dimension keeps its place inside its head."""
    if heads is None:
        return None, None
    scores: list[npt.NDArray[np.float32]] = []
    for part, role in (("keys", Role.K), ("keys", Role.Q), ("values", Role.V)):
        score = _head_sizes(a, b, layer_b, layer_a, part, role, basis, heads)  # type: ignore[arg-type]
        if score is not None:
            scores.append(score)
    if not scores or len({score.shape for score in scores}) != 1:
        return None, None
    total = np.sum(scores, axis=0)
    if total.shape[0] > total.shape[1]:
        return None, None
    chosen = assign(np.ascontiguousarray(total))
    return _dimensions(a, b, layer_b, layer_a, "values", chosen), _dimensions(a, b, layer_b, layer_a, "keys", chosen)


def _head_sizes(
    a: UnitVectors, b: UnitVectors, layer_b: int, layer_a: int, part: Part, role: Role, basis: Basis, heads: Heads
) -> FloatArray | None:
    """Mean |cosine| of corresponding dimensions for each pair of heads, ``[heads of B, heads of A]``."""
    rows_a, rows_b = a.rows(layer_a, part, role, basis), b.rows(layer_b, part, role, basis)
    if rows_a is None or rows_b is None or rows_a.shape != rows_b.shape:
        return None
    count = min(heads.kv_heads, len(rows_a))
    if len(rows_a) % count:
        return None
    by_a, by_b = (rows.reshape(count, -1, rows.shape[1]) for rows in (rows_a, rows_b))
    sizes: FloatArray = np.abs(np.einsum("bjd,ajd->baj", by_b, by_a, optimize=True)).mean(axis=2)
    return sizes


def _dimensions(
    a: UnitVectors, b: UnitVectors, layer_b: int, layer_a: int, part: Part, chosen: npt.NDArray[np.int64]
) -> Match | None:
    """Spread a match of heads over their sketched dimensions."""
    block_a, block_b = a.block(layer_a, part), b.block(layer_b, part)
    if block_a is None or block_b is None or len(block_a.numbers) != len(block_b.numbers):
        return None
    each = len(block_b.numbers) // len(chosen)
    inside = np.arange(each)
    at_a = (chosen[:, None] * each + inside).ravel()
    return Match(np.arange(len(at_a)), at_a)


def residual_map(a: Fingerprint, b: Fingerprint, basis: Basis) -> ResidualMap:
    """The same channels, single channels in another order (or fewer of them), or else a rotation."""
    if basis == "channels":
        return ResidualMap("same")
    if a.embedding is None or b.embedding is None or b.width > a.width:
        return ResidualMap("rotation", fit=0.0)
    correlations = as_unit_rows(b.embedding) @ as_unit_rows(a.embedding).T
    sizes = np.abs(correlations)
    everyone = np.arange(b.width)
    if a.width == b.width and float((sizes.argmax(axis=1) == everyone).mean()) > 0.5:
        channels = everyone
    elif mean_match_margin(sizes) >= SKETCHES.channel_margin:
        channels = assign(sizes)
    else:
        return ResidualMap("rotation", fit=float(sizes.max(axis=1).mean()))
    matched = correlations[everyone, channels]
    signs = np.where(matched < 0, -1.0, 1.0).astype(np.float32)
    fit = float(np.abs(matched).mean())
    if a.width == b.width and bool((channels == everyone).all()) and float((signs > 0).mean()) > 0.95:
        return ResidualMap("same", fit=fit)
    return ResidualMap("channels", channels=channels, signs=signs, fit=fit)
