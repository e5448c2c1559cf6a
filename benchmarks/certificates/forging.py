"""A forger: certificates of strangers in which every number is true, and whatever can be chosen suits the signs.

He takes two independent models as they are, states their true digests and the true seed, and chooses rows, layers, maps
or units after he has seen what they give; or he leaves all that as it is and invents the terms. His arithmetic is
right, so that nothing but deriving anew can tell.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from msgspec.structs import replace

from lineage_audit.certificate import Certificate
from lineage_audit.certificate.anchors import draw_anchors
from lineage_audit.certificate.book import BOOK
from lineage_audit.certificate.derivation import Derivation, ReadValues
from lineage_audit.certificate.identity import identify_model, seed_of
from lineage_audit.certificate.over_tokens import thinned, units_over_tokens
from lineage_audit.certificate.sources import Kind, unit_sources
from lineage_audit.certificate.vectors import DoubleArray, trained, unit
from lineage_audit.checkpoint import Checkpoint
from lineage_audit.comparison.alignment.canonical import CanonicalWeights
from lineage_audit.version import __version__

SEEDS = 40
"""Seeds that a forger grinds."""

INVENTED = 0.9
"""The cosine of a term that he invents."""

Chosen = tuple[str, Derivation]
"""A rule's name, and what is stated to have come of it."""


def forge(a: Checkpoint, b: Checkpoint, how: str) -> Certificate:
    """The certificate that suits the forger best."""
    identities = identify_model(a), identify_model(b)
    seed = seed_of(identities[0].digest, identities[1].digest)
    rule, derivation = FORGERIES[how](a, b, seed)
    return Certificate(*identities, rule, seed, derivation, __version__)


def _rows(a: Checkpoint, b: Checkpoint, seed: str) -> Chosen:
    """Of every layer the rows whose signs agree."""
    rule = BOOK["values-in-place/1"]
    honest = _honest(rule.name, a, b, seed)
    places, cosines = [], []
    of_a, of_b = unit_sources(a, b, rule.kind)
    for layer in sorted(set(of_a) & set(of_b)):
        found = _cosines(a, b, of_a[layer].tensor, of_b[layer].tensor)
        best = np.argsort(-found)[: len(found) // 2]
        places += [(layer, int(row), layer, int(row)) for row in best]
        cosines.append(found[best])
    return rule.name, _stated(honest, np.array(places), np.concatenate(cosines))


def _layers(a: Checkpoint, b: Checkpoint, seed: str) -> Chosen:
    """For every row of B the layer of A in which the same row agrees best."""
    rule = BOOK["values-in-place/1"]
    honest = _honest(rule.name, a, b, seed)
    of_a, of_b = unit_sources(a, b, rule.kind)
    places, cosines = [], []
    for layer in sorted(of_b):
        found = np.stack([_cosines(a, b, of_a[other].tensor, of_b[layer].tensor) for other in sorted(of_a)])
        best = found.argmax(axis=0)
        places += [(layer, row, sorted(of_a)[source], row) for row, source in enumerate(best)]
        cosines.append(found.max(axis=0))
    return rule.name, _stated(honest, np.array(places), np.concatenate(cosines))


def _map(a: Checkpoint, b: Checkpoint, seed: str) -> Chosen:
    """For every unit of B a unit of A that agrees with it in sign, each of A's once at most a random sign."""
    name = "values-over-tokens/1"
    honest = _honest(name, a, b, seed)
    products = _products(a, b, BOOK[name].kind, seed)
    best, places = products.argmax(axis=1), _unit_places(honest)
    if len(places) != products.shape[1]:
        raise ValueError(f"{name}: the models are of different shapes, and B's places are none of A's")
    return name, _stated(
        honest,
        np.concatenate([honest.units[:, :2], places[best]], axis=1),
        products[np.arange(len(best)), best],
    )


def _left_out(a: Checkpoint, b: Checkpoint, seed: str) -> Chosen:
    """Nothing but the units that agree in sign."""
    name = "ffn-units-over-tokens/1" if unit_sources(a, b, Kind.FFN_UNITS)[0] else "values-over-tokens/1"
    honest = _honest(name, a, b, seed)
    kept = honest.cosines.sum(axis=0) > 0
    return name, replace(
        honest,
        units=honest.units[kept],
        random_signs=honest.random_signs[kept],
        cosines=honest.cosines[:, kept],
        match_margins=honest.match_margins[kept],
    )


def _seeds(a: Checkpoint, b: Checkpoint, seed: str) -> Chosen:
    """What another seed gives, the best of many, and of that the units that agree."""
    rule = BOOK["values-in-place/1"]
    drawn = (_honest(rule.name, a, b, f"{seed}{number}") for number in range(SEEDS))
    best = max(drawn, key=lambda found: float(found.cosines.sum()))
    kept = best.cosines[0] > 0
    return rule.name, replace(
        best,
        units=best.units[kept],
        random_signs=best.random_signs[kept],
        cosines=best.cosines[:, kept],
        match_margins=best.match_margins[kept],
    )


def _terms(a: Checkpoint, b: Checkpoint, seed: str) -> Chosen:
    """Everything as the rule says, and terms that nobody measured."""
    rule = BOOK["values-in-place/1"]
    honest = _honest(rule.name, a, b, seed)
    return rule.name, replace(honest, cosines=np.full(honest.cosines.shape, INVENTED))


def _other_model(a: Checkpoint, _: Checkpoint, seed: str) -> Chosen:
    """What the rule gives of A and A itself, said of A and B."""
    rule = BOOK["values-in-place/1"]
    return rule.name, _honest(rule.name, a, a, seed)


def _sizes(a: Checkpoint, b: Checkpoint, seed: str) -> Chosen:
    """Everything as the rule says, and leads that nobody measured, without a sign."""
    name = "values-over-tokens/1"
    honest = _honest(name, a, b, seed)
    return name, replace(honest, match_margins=np.full(honest.match_margins.shape, INVENTED))


FORGERIES: Mapping[str, Callable[[Checkpoint, Checkpoint, str], Chosen]] = {
    "rows": _rows,
    "layers": _layers,
    "map": _map,
    "units left out": _left_out,
    "seeds": _seeds,
    "terms": _terms,
    "another model": _other_model,
    "sizes": _sizes,
}
"""What is chosen -> how."""


def _honest(name: str, a: Checkpoint, b: Checkpoint, seed: str) -> Derivation:
    rule = BOOK[name]
    found = rule.derive(a, b, rule.kind, seed)
    if found is None:
        raise ValueError(f"{name} does not apply")
    return found


def _stated(honest: Derivation, units: np.ndarray, cosines: DoubleArray) -> Derivation:
    """The honest derivation with other units, each of which is said to have a random sign of its own."""
    count = len(units)
    return replace(
        honest,
        units=units,
        random_signs=np.arange(count),
        cosines=cosines[None],
        match_margins=np.zeros(count),
        tokens=honest.tokens,
    )


def _cosines(a: Checkpoint, b: Checkpoint, tensor_a: object, tensor_b: object) -> DoubleArray:
    rows_a, rows_b = (
        unit(trained(model.rows(tensor, 0, tensor.shape[0]))) for model, tensor in ((a, tensor_a), (b, tensor_b))
    )
    return (rows_a * rows_b).sum(axis=1)


def _products(a: Checkpoint, b: Checkpoint, kind: Kind, seed: str) -> DoubleArray:
    of_a, of_b = thinned(*unit_sources(a, b, kind))
    anchors = draw_anchors(a, b, seed)
    units_a, units_b = (
        units_over_tokens(CanonicalWeights(model), sources, embeddings, ReadValues())[:, 0]
        for model, sources, embeddings in ((a, of_a, anchors.a), (b, of_b, anchors.b))
    )
    return units_b @ units_a.T


def _unit_places(honest: Derivation) -> np.ndarray:
    """Layer and number of A's units, which lie as B's do where both models have one shape."""
    return honest.units[:, :2]
