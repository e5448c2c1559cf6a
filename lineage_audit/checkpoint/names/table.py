"""Look a name's pattern up in the tables: what the tensor means, before shapes are looked at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from lineage_audit.checkpoint.model_parts import TOWERS, ModelPart
from lineage_audit.checkpoint.names.tables import FAMILIES, denoisers
from lineage_audit.checkpoint.names.tables.affixes import BESIDE, GAINS, PREFIXES, SLOTS, UNMISTAKABLE, WRAPPERS
from lineage_audit.checkpoint.names.tables.family import Family, Meaning
from lineage_audit.checkpoint.names.tables.towers import INSIDE
from lineage_audit.checkpoint.roles import NORM_ROLES, Role
from lineage_audit.checkpoint.tensors import Slot


class Entry(Struct, frozen=True):
    """What a name means.

    Attributes:
        meaning: a role, or several roles fused in one way.
        slot: weight or bias.
        stem: the name without prefixes and without its slot.
        in_layer: the stem has a layer's number.
        in_expert: the stem has an expert's number.
    """

    meaning: Meaning
    slot: Slot
    stem: str
    in_layer: bool
    in_expert: bool


def look_up(pattern: str) -> Entry | None:
    """Return what a pattern of ``patterns.numbered`` means, or None where no table knows it."""
    return _first_known(candidates(pattern)) or _beside(pattern)


def look_up_anywhere(pattern: str) -> Entry | None:
    """Return what a pattern means under a prefix that nobody listed, or None.

    Only what cannot be mistaken is looked for: names inside a layer, names of two segments or more, and those that
    every family uses for one thing.
    """
    return _first_known(_unmistakable_endings(without_wrappers(pattern)))


def _first_known(names: Iterable[str]) -> Entry | None:
    for name in names:
        stem, slot = split_slot(name)
        if stem in TABLE:
            return entry(TABLE[stem], slot, stem)
        gains = name.removesuffix(GAINS)
        if gains != name and TABLE.get(gains) in NORM_ROLES:
            return entry(TABLE[gains], "weight", gains)
    return None


def _unmistakable_endings(name: str) -> Iterator[str]:
    segments = name.split(".")
    for position in range(1, len(segments)):
        ending = ".".join(segments[position:])
        stem, _ = split_slot(ending)
        if "{L}" in stem or (stem.count(".") and "{L}" not in name) or stem in UNMISTAKABLE:
            yield ending


def split_slot(name: str) -> tuple[str, Slot]:
    """Split a name into its stem and its slot.

    A name without a slot (``experts.gate_up_proj_bias``, ``e_score_correction_bias``) is its own stem.
    """
    stem, _, last = name.rpartition(".")
    slot = SLOTS.get(last)
    if slot is not None:
        return stem, slot
    return name, "bias" if name.endswith("bias") else "weight"


def without_wrappers(pattern: str) -> str:
    """Return the pattern without the segments that compilers and trainers add."""
    if WRAPPERS.isdisjoint(pattern.split(".")):
        return pattern
    return ".".join(segment for segment in pattern.split(".") if segment not in WRAPPERS)


def _compile_families(families: tuple[Family, ...]) -> Mapping[str, Meaning]:
    """Return one dictionary from stem to meaning; a stem that an earlier family has keeps its meaning."""
    table: dict[str, Meaning] = {}
    for family in families:
        for stem, meaning in family.outside:
            table.setdefault(stem, meaning)
        for layer in family.layers:
            for stem, meaning in family.inside:
                table.setdefault(f"{layer}.{stem}", meaning)
    return table


TABLE = _compile_families(FAMILIES)


def candidates(pattern: str) -> Iterator[str]:
    """Yield the pattern, then the pattern with one more prefix taken off each time."""
    name = without_wrappers(pattern).removeprefix("0.")
    yield name
    first, _, rest = name.partition(".")
    while rest and first in PREFIXES:
        yield rest
        first, _, rest = rest.partition(".")


def entry(meaning: Meaning, slot: Slot, stem: str) -> Entry:
    """Return the entry of a stem; whether it has numbers is read from the stem."""
    return Entry(meaning, slot, stem, "{L}" in stem, "{E}" in stem)


def entry_of_part(role: Role, pattern: str) -> Entry:
    """Return the entry of a name in a part whose tensors all have one role."""
    stem, slot = split_slot(pattern)
    return entry(role, slot, stem)


def look_up_tower(part: ModelPart, pattern: str) -> Entry | None:
    """What a name inside a layer of a tower means; None outside the layers, and where no tower's table knows it."""
    _, numbered, inside = without_wrappers(pattern).partition("{L}.")
    stem, slot = split_slot(inside)
    if part not in TOWERS or not numbered or stem not in INSIDE:
        return None
    return entry(INSIDE[stem], slot, f"{part}:{{L}}.{stem}")


def look_up_denoiser(pattern: str) -> Entry | None:
    """What a name of a denoiser means, inside a block or outside of them; None where no table knows it."""
    _, numbered, inside = without_wrappers(pattern).rpartition("{L}.")
    stem, slot = split_slot(inside)
    meaning = (denoisers.INSIDE if numbered else denoisers.OUTSIDE).get(stem)
    return None if meaning is None else entry(meaning, slot, f"{ModelPart.DENOISER}:{numbered}{stem}")


def _beside(pattern: str) -> Entry | None:
    for segment in pattern.split("."):
        if segment in BESIDE:
            stem, slot = split_slot(pattern)
            return entry(BESIDE[segment], slot, stem)
    return None
