"""One sentence: made again, and all of it or which matrices are not; or how far from rounding to nearest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from lineage_audit.results import RequantizedTensor

_MOST_NAMED = 3


def summary_of(tensors: Sequence[RequantizedTensor], of: str, stored: str, *, is_whole: bool) -> str:
    """Say what holds of the matrices that were asked.

    Args:
        tensors: the matrices.
        of: the model whose numbers were quantised, ``a`` or ``b``.
        stored: the model that is stored so.
        is_whole: every row was looked at.
    """
    owner, holder = of.upper(), stored.upper()
    read = "" if is_whole else " that was read"
    remade = [one for one in tensors if one.outcome == "remade"]
    if len(remade) == len(tensors):
        return f"{_all_of(remade)}{read} of {_places(remade)} is {owner}'s, quantised: {_schemes(remade)}"
    if len(remade) * 2 > len(tensors):
        rest = [one for one in tensors if one.outcome != "remade"]
        return (
            f"{len(remade):,} of {len(tensors):,} matrices are {owner}'s, quantised ({_schemes(remade)}); "
            f"not {_named(rest)}"
        )
    near = [one for one in tensors if one.outcome != "apart"]
    if len(near) == len(tensors):
        return (
            f"every code{read} of {_places(near)} is the nearest rounding of {owner}'s numbers on {holder}'s own "
            f"scales ({_schemes(near)}); how those were chosen is not known"
        )
    return (
        f"{_share(tensors):.1%} of {holder}'s codes{read} are the nearest rounding of {owner}'s numbers on {holder}'s "
        f"own scales ({_schemes(tensors)}), at {_steps(tensors):.2f} steps on average; {owner}'s rows in another order "
        f"give {_chance(tensors):.1%}, and rounding to nearest 100% at about .25"
    )


def _all_of(tensors: Sequence[RequantizedTensor]) -> str:
    either_way = sum(one.codes - one.equal + one.constants - one.equal_constants for one in tensors)
    if not either_way:
        return "every byte"
    return f"every code and scale (but {either_way:,} that builds of the scheme's own code round either way)"


def _places(tensors: Iterable[RequantizedTensor]) -> str:
    layers = sorted({one.layer for one in tensors if one.layer is not None})
    count = sum(1 for _ in tensors)
    if not layers:
        return f"{count:,} matrices"
    if len(layers) == 1:
        return f"layer {layers[0]}"
    if layers == list(range(layers[0], layers[-1] + 1)):
        return f"layers {layers[0]} to {layers[-1]}"
    return f"{len(layers):,} layers from {layers[0]} to {layers[-1]}"


def _schemes(tensors: Iterable[RequantizedTensor]) -> str:
    """The schemes, the commonest first, each with the rule that most of its matrices follow."""
    counted = Counter((one.scheme, one.rule if one.outcome == "remade" else None) for one in tensors)
    found: dict[str, str] = {}
    for (scheme, rule), _ in counted.most_common():
        found.setdefault(scheme, f"{scheme}, {rule}" if rule else scheme)
    return "; ".join(found.values())


def _named(tensors: Sequence[RequantizedTensor]) -> str:
    shown = sorted(tensors, key=lambda one: one.nearest)[:_MOST_NAMED]
    words = [f"{one.name} ({_how(one)})" for one in shown]
    more = len(tensors) - len(shown)
    return ", ".join(words) + (f" and {more:,} more" if more else "")


def _how(tensor: RequantizedTensor) -> str:
    """How a matrix differs from one that was made again."""
    if tensor.outcome == "nearest":
        return "its codes are the nearest, its scales others"
    return f"{1 - tensor.nearest:.2%} of its codes are not the nearest"


def _share(tensors: Sequence[RequantizedTensor]) -> float:
    return sum(one.nearest * one.codes for one in tensors) / sum(one.codes for one in tensors)


def _steps(tensors: Sequence[RequantizedTensor]) -> float:
    return sum(one.steps * one.codes for one in tensors) / sum(one.codes for one in tensors)


def _chance(tensors: Sequence[RequantizedTensor]) -> float:
    return sum(one.chance * one.codes for one in tensors) / sum(one.codes for one in tensors)
