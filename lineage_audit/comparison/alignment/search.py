"""The search: residual stream, then layers, then units and heads, each proposed from tensors that no test uses."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from lineage_audit.checkpoint.tensors import IntArray
from lineage_audit.comparison.alignment.basis import SharedBasis
from lineage_audit.comparison.alignment.canonical import CanonicalWeights
from lineage_audit.comparison.alignment.heads import match_heads
from lineage_audit.comparison.alignment.layers import find_layer_map, have_copies
from lineage_audit.comparison.alignment.maps import Alignment, HeadMap, UnitMap
from lineage_audit.comparison.alignment.mixed_layers import find_mixed_layers
from lineage_audit.comparison.alignment.moved_gains import folded_side
from lineage_audit.comparison.alignment.residual import find_residual_map
from lineage_audit.comparison.alignment.units import match_clear_units, match_units
from lineage_audit.comparison.progress import Progress
from lineage_audit.comparison.symmetries.ffn_blocks import FfnBlock
from lineage_audit.comparison.symmetries.geometry import HeadLayouts


def find_alignment(
    a: CanonicalWeights,
    b: CanonicalWeights,
    heads: HeadLayouts | None,
    token_rows: tuple[IntArray, IntArray] | None,
    likely_layers: Mapping[int, int],
    progress: Progress,
) -> Alignment | None:
    """Propose where everything in B comes from in A; None where nothing stands out.

    Args:
        a: model A.
        b: model B.
        heads: the head layouts of both, where their heads are of one kind.
        token_rows: rows of B and of A that are the same tokens, or None for the same rows.
        likely_layers: layer of B -> layer of A, as the invariants have it; empty where they do not tell.
        progress: told which step of the search has begun, and how many layers are matched.
    """
    progress.begin(0, "search for channels")
    residual = find_residual_map(a, b, token_rows)
    if residual is None or not residual.joins(a.channels, b.channels):
        return None
    basis = SharedBasis(a, b, residual)
    progress.begin(0, "search for layers")
    units = _units_of_likely_layers(a, b, likely_layers, basis)
    known = {block.layer: found.source.layer for block, found in units.items()}
    layers = find_layer_map(a, b, basis, likely_layers, known)
    progress.begin(len(layers), "search for units and heads")
    head_maps: dict[int, HeadMap] = {}
    for layer_b, layer_a in layers.items():
        for block in b.ffns(layer_b):
            found = units.get(block) or _best_source(a, b, block, layer_a, basis)
            if found is not None:
                units[block] = found
        matched = match_heads(a, b, layer_b, layer_a, basis, heads) if heads else None
        if matched is not None:
            head_maps[layer_b] = matched
        progress.advance(1, f"layer {layer_b}")
    if not layers:
        return None
    left_out, new = set(a.layers()) - set(layers.values()), set(b.layers()) - set(layers)
    alignment = Alignment(
        residual, layers, folded_side(a, b), units, head_maps, have_copies(a, left_out), have_copies(b, new)
    )
    return replace(alignment, mixed=find_mixed_layers(a.checkpoint, b.checkpoint, alignment))


def _units_of_likely_layers(
    a: CanonicalWeights, b: CanonicalWeights, likely: Mapping[int, int], basis: SharedBasis
) -> dict[FfnBlock, UnitMap]:
    """Units of wide streams that agree so well that they confirm their layer: nothing of it is read again."""
    if basis.coarse is None:
        return {}
    found: dict[FfnBlock, UnitMap] = {}
    for layer_b, layer_a in likely.items():
        block, source = _first_ffn(b, layer_b), _first_ffn(a, layer_a)
        units = match_clear_units(a, b, block, source, basis.coarse) if block and source else None
        if block is not None and units is not None:
            found[block] = units
    return found


def _first_ffn(weights: CanonicalWeights, layer: int) -> FfnBlock | None:
    return next((block for block in weights.ffns(layer) if not block.is_mixer), None)


def _best_source(
    a: CanonicalWeights, b: CanonicalWeights, block: FfnBlock, layer_a: int, basis: SharedBasis
) -> UnitMap | None:
    """The FFN of a layer of A whose units match an FFN of B's most clearly; None where none does."""
    sources = (source for source in a.ffns(layer_a) if source.is_mixer is block.is_mixer)
    matches = (match_units(a, b, block, source, basis) for source in sources)
    return max((match for match in matches if match), key=lambda match: match.match_margin, default=None)
