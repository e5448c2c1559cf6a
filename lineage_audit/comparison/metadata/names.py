"""How tensor names compare: which roles go under another name, in which layers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from lineage_audit.checkpoint.names import name_pattern
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import TensorRef
from lineage_audit.comparison.pairing.tensors import Pairing
from lineage_audit.results import NamesFinding, Rename


def compare_names(pairing: Pairing) -> NamesFinding:
    """Build the rename table over paired tensors and list what has no counterpart."""
    paired = [(pair.a, pair.b) for pair in pairing.pairs] + list(pairing.mismatched)
    pairs = [(a, b) for a, b in paired if _have_one_role(a, b)]
    others = [(a, b) for a, b in paired if not _have_one_role(a, b)]
    same = sum(a.name == b.name for a, b in pairs)
    renames = _renames(pairs)
    only_a = _patterns((*pairing.only_a, *(a for a, _ in others)))
    only_b = _patterns((*pairing.only_b, *(b for _, b in others)))
    return NamesFinding(
        summary=_sentence(len(pairs), same, renames, only_a, only_b),
        same=same,
        renamed=len(pairs) - same,
        only_a=only_a,
        only_b=only_b,
        renames=renames,
        inferred_a=sum(a.inferred for a, _ in pairs),
        inferred_b=sum(b.inferred for _, b in pairs),
    )


def _have_one_role(a: TensorRef, b: TensorRef) -> bool:
    """Whether two tensors may be one under two names: a dense FFN that stands where an expert does is none."""
    return a.role == b.role or Role.OTHER in (a.role, b.role)


def changed_segments(renames: Sequence[Rename]) -> tuple[str, ...]:
    """Renames in short, as ``input_layernorm → ln1``: only the words in which two patterns differ, each once."""
    return tuple(dict.fromkeys(_short(rename) for rename in renames))


def _renames(pairs: Sequence[tuple[TensorRef, TensorRef]]) -> tuple[Rename, ...]:
    grouped: dict[tuple[str, str, str], list[int | None]] = defaultdict(list)
    for a, b in pairs:
        if a.name != b.name:
            grouped[(b.role, name_pattern(a.name), name_pattern(b.name))].append(b.layer)
    total: dict[str, int] = defaultdict(int)
    for _, b in pairs:
        total[b.role] += 1
    return tuple(
        _describe(role, pattern_a, pattern_b, layers, total[role])
        for (role, pattern_a, pattern_b), layers in grouped.items()
        if pattern_a != pattern_b
    )


def _describe(role: str, a: str, b: str, layers: list[int | None], total: int) -> Rename:
    numbered = {layer for layer in layers if layer is not None}
    where = (
        "" if not numbered else f", all {len(numbered)} layers" if len(layers) == total else f", {len(numbered)} layers"
    )
    short_a, short_b = _differing(a, b)
    return Rename(role, a, b, len(layers), f"A's {short_a} is B's {short_b}{where}")


def _short(rename: Rename) -> str:
    a, b = _differing(rename.a_pattern, rename.b_pattern)
    return f"{a} → {b}"


def _differing(a: str, b: str) -> tuple[str, str]:
    """The dotted words of two patterns between their common beginning and their common end.

    A mere prefix shows as ``bert.*`` against ``*``.
    """
    if a.endswith(f".{b}") or b.endswith(f".{a}"):
        return (f"{a.removesuffix(b)}*", "*") if len(a) > len(b) else ("*", f"{b.removesuffix(a)}*")
    if _below_layer(a) != _below_layer(b):
        a, b = _below_layer(a), _below_layer(b)
    words_a, words_b = a.split("."), b.split(".")
    start = 0
    while start < min(len(words_a), len(words_b)) - 1 and words_a[start] == words_b[start]:
        start += 1
    end = 0
    while end < min(len(words_a), len(words_b)) - start - 1 and words_a[-1 - end] == words_b[-1 - end]:
        end += 1
    return ".".join(words_a[start : len(words_a) - end]), ".".join(words_b[start : len(words_b) - end])


def _below_layer(pattern: str) -> str:
    """What a pattern says below the layer's number; all of it outside the layers."""
    return pattern.partition("{L}.")[2] or pattern


def _patterns(tensors: Sequence[TensorRef]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name_pattern(tensor.name) for tensor in tensors))


def _sentence(paired: int, same: int, renames: Sequence[Rename], only_a: Sequence[str], only_b: Sequence[str]) -> str:
    if not paired:
        return "no tensor of one has a counterpart in the other"
    left = f"; {len(only_a)} name patterns only in A, {len(only_b)} only in B" if only_a or only_b else ""
    if same == paired:
        return f"all {paired:,} tensors that both have go under the same names{left}"
    short = changed_segments(renames)
    shown = ", ".join(short[:3]) + (f" and {len(short) - 3} more" if len(short) > 3 else "")
    return f"{paired - same:,} of {paired:,} tensors renamed ({shown or 'renumbered'}){left}"
