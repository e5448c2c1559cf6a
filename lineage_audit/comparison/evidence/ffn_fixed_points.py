"""Numbers of FFN units: independent trainings number them at random, gated or not.

Experts that were made of one dense FFN keep its numbers, so that those of a layer are counted apart from each other.

Permutation null after Zhu et al., "Independence Tests for Language Models" (2025).
"""

from __future__ import annotations

from collections import Counter

from lineage_audit.comparison.evidence.base import TestDescription, WeightComparison
from lineage_audit.comparison.evidence.copies import origins
from lineage_audit.comparison.evidence.matched_labels import LABEL_NULL, fixed_point_evidence, match_rows
from lineage_audit.comparison.reading.measurement import FloatArray, Measurement
from lineage_audit.comparison.symmetries.ffn_blocks import FFN_ROLES
from lineage_audit.results import Evidence

TEST = TestDescription(
    "ffn-fixed-points",
    "Does each FFN unit best match the one with its own number?",
    f"{LABEL_NULL}, one expert of a layer at a time",
)


def measure(comparison: WeightComparison) -> Evidence:
    """Match the units of every FFN (experts and shared experts included) by their rows of gate and up."""
    blocks, elements = [], 0
    in_layer: Counter[int] = Counter()
    places = [(roles, *place) for roles in FFN_ROLES for place in comparison.places(roles.up)]
    copies = origins([comparison.find(roles.up, layer, expert) for roles, layer, expert in places])
    for number, (roles, layer, expert) in enumerate(places):
        if copies[number][0] == number:  # copies in both models number their units alike
            parts = [comparison.find(role, layer, expert) for role in (roles.up, roles.gate)]
            usable = [part for part in parts if part and len(part.kept_a) > 1]
            if usable:
                blocks.append(match_rows(layer, _same_units(usable), copy_group=in_layer[layer]))
                in_layer[layer] += 1
                elements += sum(part.kept_b.size for part in usable)
    return fixed_point_evidence(TEST, "FFN units", blocks, comparison, elements)


def _same_units(parts: list[Measurement]) -> list[tuple[FloatArray, FloatArray]]:
    """The rows of A and B that were kept in every part."""
    count = min(len(part.kept_a) for part in parts)
    return [(part.kept_a[:count], part.kept_b[:count]) for part in parts]
