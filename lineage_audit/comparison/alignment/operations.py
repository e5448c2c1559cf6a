"""What an alignment says was done: which numbers moved, what was left out, repeated, flipped, scaled or rotated."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from msgspec import Struct

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.role_table import NORMED_BY
from lineage_audit.checkpoint.tensors import IntArray, TensorKey
from lineage_audit.comparison.alignment.aligned import AlignedWeights
from lineage_audit.comparison.alignment.canonical import CanonicalWeights, layer_numbers
from lineage_audit.comparison.alignment.maps import Alignment, MixedLayer, ResidualMap, UnitMap
from lineage_audit.comparison.alignment.moved_gains import MovedGains
from lineage_audit.comparison.operations.directed import DirectedOperation, directed
from lineage_audit.comparison.operations.layer_coherence import are_stray
from lineage_audit.comparison.symmetries.ffn_blocks import FfnBlock
from lineage_audit.comparison.symmetries.geometry import Heads, HeadsByLayer, heads_of_size
from lineage_audit.comparison.verdict.thresholds import SKETCHES
from lineage_audit.results import Direction
from lineage_audit.sizes import ranges


class _Sides(Struct, frozen=True):
    """What the two sides of an alignment are called in a sentence, and the direction from source to target."""

    source: str
    target: str
    forward: Direction

    @property
    def swapped(self) -> _Sides:
        """The same two models, the other way round."""
        return _Sides(self.target, self.source, "b->a" if self.forward == "a->b" else "a->b")


FORWARD = _Sides("A", "B", "a->b")
BACKWARD = _Sides("B", "A", "b->a")
"""The alignment was found the other way round: A is made of parts of B."""


def find_moves(
    source: Checkpoint, target: Checkpoint, aligned: AlignedWeights, sides: _Sides
) -> list[DirectedOperation]:
    """Every operation that the alignment of a target with a source shows, as a recipe would apply them."""
    alignment = aligned.alignment
    return [
        *_layers(source, target, alignment, sides),
        *_growth(source, target, alignment, sides),
        *_widths(source, target, alignment, _usual(aligned.comparison.heads), sides),
        *_experts(source, alignment, sides),
        *_residual(alignment),
        *_norms(alignment, sides),
        *_gains(aligned.gains),
        *_units(source, alignment),
        *_heads(alignment),
        *_factors(aligned),
    ]


def _layers(source: Checkpoint, target: Checkpoint, alignment: Alignment, sides: _Sides) -> Iterator[DirectedOperation]:
    """Layers of the source that are gone or repeated, or replaced by layers without one."""
    in_source, in_target = set(layer_numbers(source)), set(layer_numbers(target))
    if in_source == in_target and all(ours == theirs for ours, theirs in alignment.layers.items()):
        return
    used = Counter(alignment.layers.values())
    layer_map = f"{sides.target}'s " + ", ".join(
        f"{ours} from {sides.source}'s {theirs}" for ours, theirs in _layer_runs(alignment)
    )
    in_mixtures = {source for one in alignment.mixed for source in one.sources}
    unasked_target, unasked_source = alignment.unasked
    gone = sorted(in_source - set(used) - in_mixtures - unasked_source)
    repeated = sorted(layer for layer, count in used.items() if count > 1)
    new = sorted(in_target - set(alignment.layers) - {one.layer for one in alignment.mixed} - unasked_target)
    if alignment.mixed:
        yield _mixed(alignment.mixed, sides)
    if _is_reordered(alignment):
        detail = f"{sides.target}'s layers are {sides.source}'s in another order"
        yield directed("layers-reordered", detail, layer_map)
    if repeated:
        detail = f"layers {ranges(repeated)} of {sides.source} occur more than once in {sides.target}"
        yield directed("layers-duplicated", detail, layer_map, sides.forward)
    if gone and len(in_target) < len(in_source):
        yield _cut(source, gone, layer_map, sides, copies=alignment.left_out_are_copies)
    if new and used and len(in_target) > len(in_source) and not repeated:
        yield _cut(target, new, layer_map, sides.swapped, copies=alignment.new_are_copies)
    elif new and used:
        detail = f"layers {ranges(new)} of {sides.target} have no source in {sides.source}"
        yield directed("layers-replaced", detail, layer_map)


def _is_reordered(alignment: Alignment) -> bool:
    """Tell whether layers of which each occurs once do not keep their order."""
    sources = [source for _, source in sorted(alignment.layers.items())]
    return len(set(sources)) == len(sources) and sources != sorted(sources)


def _mixed(mixed: Sequence[MixedLayer], sides: _Sides) -> DirectedOperation:
    """Layers that became one, with the recipe that was carried out."""
    recipes = ", ".join(
        f"layer {one.layer} of {sides.target} is {one.shares[0]:.2f} of layer {one.sources[0]} and {one.shares[1]:.2f} "
        f"of layer {one.sources[1]} of {sides.source}"
        for one in mixed
    )
    left = max(one.left for one in mixed)
    evidence = f"these mixtures give the layers to within {left:.1%} of their size, in rows of every matrix"
    return directed("layers-merged", recipes, evidence, sides.forward)


def _cut(longer: Checkpoint, layers: list[int], layer_map: str, sides: _Sides, *, copies: bool) -> DirectedOperation:
    """Layers of the longer model (the source) that the shorter one lacks: cut out, put in, or grown as copies."""
    if copies:
        detail = f"layers {ranges(layers)} of {sides.source} are copies of others that {sides.target} has once"
        return directed("layers-duplicated", detail, layer_map, sides.swapped.forward)
    stray = are_stray(longer, layers)
    if stray is not None:
        detail = f"layers {ranges(layers)} of {sides.source} were trained with none of its others"
        evidence = f"{layer_map}; they favour the others' channels at z = {stray.own:.1f}, those each other's at "
        return directed("layers-inserted", detail, f"{evidence}{stray.others:.1f}", sides.swapped.forward)
    detail = f"layers {ranges(layers)} of {sides.source} are not in {sides.target}"
    return directed("layers-removed", detail, layer_map, sides.forward)


def _layer_runs(alignment: Alignment) -> list[tuple[str, str]]:
    """The layer map as runs that count up on both sides, ``[("0–23", "0–23"), ("24–47", "8–31")]``."""
    runs: list[list[tuple[int, int]]] = []
    for b_layer, a_layer in sorted(alignment.layers.items()):
        if runs and runs[-1][-1] == (b_layer - 1, a_layer - 1):
            runs[-1].append((b_layer, a_layer))
        else:
            runs.append([(b_layer, a_layer)])
    return [(ranges([b for b, _ in run]), ranges([a for _, a in run])) for run in runs]


def _growth(source: Checkpoint, target: Checkpoint, alignment: Alignment, sides: _Sides) -> Iterator[DirectedOperation]:
    """Channels and units that the source holds several times, and the target once: the source was grown from it."""
    if not alignment.shows_growth:
        return
    details = []
    if alignment.residual.kind == "copies":
        wide, narrow = (CanonicalWeights(model).channels for model in (source, target))
        details.append(f"{wide:,} residual channels are copies of {sides.target}'s {narrow:,}")
    grown = [(block, units) for block, units in alignment.units.items() if units.has_copies]
    if grown:
        block, units = grown[0]
        count = f"{_units_of(source, units.source):,} FFN units in a layer"
        details.append(f"{count} are copies of {sides.target}'s {_units_of(target, block):,}")
    evidence = f"no unit or channel of {sides.target} has one counterpart, each has copies that agree"
    yield directed("width-grown", f"{sides.source}'s " + "; ".join(details), evidence, sides.swapped.forward)


def _widths(
    a: Checkpoint, b: Checkpoint, alignment: Alignment, heads: Heads | None, sides: _Sides
) -> Iterator[DirectedOperation]:
    """Fewer channels, units or heads than the source has, which has no copies of them."""
    if alignment.shows_growth:
        return
    details = []
    wide, narrow = (CanonicalWeights(model).channels for model in (a, b))
    if narrow < wide:
        details.append(f"{narrow:,} of {wide:,} residual channels kept")
    details += _fewer_units(a, alignment)
    details += _fewer_heads(a, alignment, heads)
    if details:
        yield directed(
            "width-pruned",
            "; ".join(details),
            f"each unit and channel of {sides.target} matched to one of {sides.source}",
            sides.forward,
        )


def _fewer_units(a: Checkpoint, alignment: Alignment) -> Iterator[str]:
    """Units of an FFN that no FFN of the layer has; an expert may have been split into several."""
    kept: dict[tuple[int, FfnBlock], list[UnitMap]] = defaultdict(list)
    for block, units in alignment.units.items():
        if not _is_upcycled(block, units) and not block.is_mixer:
            kept[block.layer, units.source].append(units)
    narrowed = [
        (number, count)
        for (_, source), maps in kept.items()
        if (number := _kept(maps)) < (count := _units_of(a, source))
    ]
    if narrowed:
        yield f"{narrowed[0][0]:,} of {narrowed[0][1]:,} FFN units kept in a layer"


def _kept(maps: Sequence[UnitMap]) -> int:
    """How many units of the source these hold; of samples, as many as there are."""
    if any(units.is_sampled for units in maps):
        return sum(len(units.a_units) for units in maps)
    return len({number for units in maps for number in units.a_units[units.known].tolist()})


def _usual(heads: HeadsByLayer | None) -> Heads | None:
    return heads.usual if heads is not None else None


def _fewer_heads(a: Checkpoint, alignment: Alignment, heads: Heads | None) -> Iterator[str]:
    """KV groups that were cut, and query heads inside a group."""
    if heads is None or heads.dims is not None or not alignment.heads:
        return
    before = heads_of_size(a, heads.head_dim, heads.value_dim)
    if before is None:
        return
    if heads.kv_heads < before.kv_heads:
        name = "heads" if before.per_group == 1 else "KV groups"
        yield f"{heads.kv_heads:,} of {before.kv_heads:,} {name} kept"
    if heads.per_group < before.per_group:
        yield f"{heads.per_group:,} of {before.per_group:,} query heads kept in a group"


def _is_upcycled(block: FfnBlock, units: UnitMap) -> bool:
    """Whether an expert comes from a dense FFN, of which it may hold a part."""
    return units.source.is_dense and not block.is_dense


def _units_of(checkpoint: Checkpoint, block: FfnBlock) -> int:
    """Number of units of an FFN; 0 where it is not known."""
    up = checkpoint.by_key.get(TensorKey(block.roles.up, "weight", block.layer, block.expert))
    return up.shape[0] if up is not None and up.shape else 0


def _experts(source: Checkpoint, alignment: Alignment, sides: _Sides) -> Iterator[DirectedOperation]:
    """Experts that come from a dense FFN, routed ones first."""
    for name, is_shared in (("experts", False), ("shared experts", True)):
        upcycled = {
            block: units
            for block, units in alignment.units.items()
            if _is_upcycled(block, units) and block.is_shared is is_shared
        }
        if upcycled:
            layers = len({block.layer for block in upcycled})
            cosine = float(np.mean([units.cosine for units in upcycled.values()]))
            detail = f"{len(upcycled):,} {name} in {layers} layers come from {sides.source}'s dense FFNs"
            evidence = f"matched gate rows agree at a mean |cosine| of {cosine:.2f}"
            yield directed("experts-upcycled", f"{detail}{_parts(source, upcycled)}", evidence, sides.forward)


def _parts(source: Checkpoint, upcycled: Mapping[FfnBlock, UnitMap]) -> str:
    """How much of a dense FFN each expert holds, and how much of an expert is new; samples do not tell."""
    if any(units.is_sampled for units in upcycled.values()):
        return ""
    whole = np.mean([_units_of(source, units.source) for units in upcycled.values()])
    held = np.mean([len(units.known) for units in upcycled.values()])
    size = np.mean([len(units.a_units) for units in upcycled.values()])
    part = f", {held:,.0f} of its {whole:,.0f} units in each" if held < whole else ""
    return part + (f" beside {size - held:,.0f} new ones" if held < size else "")


def _residual(alignment: Alignment) -> Iterator[DirectedOperation]:
    residual = alignment.residual
    if residual.kind == "rotation":
        fitted, inferred = (
            "fitted on embeddings, {:.1%} of held-out tokens' variance explained",
            "inner products of shared tokens' embeddings correlate at {:.3f} while no channel finds another",
        )
        evidence = _fitted_on(residual, inferred if residual.rotation is None else fitted)
        yield directed("residual-rotated", "the residual stream is rotated by an orthogonal matrix", evidence)
    if residual.channels is not None:
        moved = _out_of_order(residual.channels)
        negative = 0 if residual.signs is None else int((residual.signs < 0).sum())
        evidence = _fitted_on(residual, "embedding columns correlate at {:.3f}")
        if moved:
            yield directed("channels-permuted", f"{moved:,} residual channels stand in another order", evidence)
        if negative:
            yield directed("signs-flipped", f"{negative:,} residual channels have the other sign", evidence)


def _fitted_on(residual: ResidualMap, embeddings: str) -> str:
    """What proposed the map: a sentence on its fit to embeddings, or what did it without them."""
    return embeddings.format(residual.fit) if residual.fit is not None else "fitted on rows of FFN units"


def _norms(alignment: Alignment, sides: _Sides) -> Iterator[DirectedOperation]:
    """Gains folded into what they feed; where only one side has constant ones, it is the later."""
    if not alignment.folds_gains:
        return
    if alignment.folded is None:
        yield directed("norms-folded", "norm gains were compared folded into what they feed", "a rotation asks for it")
        return
    forward = alignment.folded == "b"
    name, other = (sides.target, sides.source) if forward else (sides.source, sides.target)
    detail = f"{name}'s norm gains are constant, {other}'s stand in what they feed"
    shows = sides.forward if forward else sides.swapped.forward
    yield directed("norms-folded", detail, f"no gain of {name} varies, all of {other}'s do", shows)


def _gains(gains: MovedGains) -> Iterator[DirectedOperation]:
    """Gains that were given other values."""
    if gains.is_trivial:
        return
    norms = {(place.layer, NORMED_BY[place.role]) for place in gains.columns}
    ratios = np.abs(np.concatenate(list(gains.columns.values())))
    detail = f"gains of {len(norms):,} norms are others, made up for in {len(gains.columns):,} matrices that read them"
    evidence = f"the columns differ by the gains' ratio, {ratios.min():.2g} to {ratios.max():.2g}"
    yield directed("gains-moved", detail, evidence + (f"; {gains.negative:,} are negated" if gains.negative else ""))


def _ordered(source: Checkpoint, alignment: Alignment) -> Iterator[tuple[FfnBlock, UnitMap]]:
    """The FFNs whose units have an order to keep: what an expert took from a dense FFN in part has none."""
    for block, units in alignment.units.items():
        if units.has_copies:
            continue  # which of two copies was taken is no order
        held = units.a_units if units.is_sampled else units.known
        if not _is_upcycled(block, units) or len(held) == _units_of(source, units.source):
            yield block, units


def _units(source: Checkpoint, alignment: Alignment) -> Iterator[DirectedOperation]:
    counts = {block: _moved_units(units) for block, units in _ordered(source, alignment)}
    for kind, are_mixers in (("FFN units", False), ("channels of mixers", True)):
        moved = {block: count for block, count in counts.items() if count and block.is_mixer is are_mixers}
        if not moved:
            continue
        layers = len({block.layer for block in moved})
        match_margin = min(alignment.units[block].match_margin for block in moved)
        detail = f"{sum(moved.values()):,} {kind} in {layers} layers stand in another order"
        yield directed(
            "units-permuted", detail, f"matched unit by unit, leading the second best by {match_margin:.2f} or more"
        )


def _heads(alignment: Alignment) -> Iterator[DirectedOperation]:
    if alignment.residual.kind == "copies":
        return
    moved = sum(_out_of_order(heads.a_heads) for heads in alignment.heads.values() if heads.is_clear)
    if moved:
        yield directed(
            "heads-permuted", f"{moved:,} query heads stand in another order", "matched by rows of q, k and v"
        )


def _factors(aligned: AlignedWeights) -> Iterator[DirectedOperation]:
    for kind, count in aligned.factors.flipped.items():
        yield directed("signs-flipped", f"{count:,} {kind} have the other sign", "matched rows have cosines near -1")
    if aligned.factors.rescaled:
        detail = f"{aligned.factors.rescaled:,} FFN units are in layers whose units were rescaled"
        yield directed("units-rescaled", detail, "matched units differ by factors of their own")


def _moved_units(units: UnitMap) -> int:
    """How many units have another number; in a sample a few may have been matched wrongly."""
    numbers = units.a_units[units.known]
    if not units.is_sampled:
        return _out_of_order(numbers)
    own, steps = numbers == units.known, np.diff(numbers) > 0
    kept = float(own.mean()) > SKETCHES.same_numbers or not len(steps) or float(steps.mean()) > SKETCHES.in_order
    return 0 if kept else int(np.count_nonzero(~own))


def _out_of_order(numbers: IntArray) -> int:
    """How many have another number, if their order changed at all; leaving some out alone changes no order."""
    if bool((np.diff(numbers) > 0).all()):
        return 0
    return int(np.count_nonzero(numbers != np.arange(len(numbers))))
