"""What an adapter does to each module of its base, whatever its kind: an update that is added, or factors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from lineage_audit.checkpoint.adapter import AdapterParts, AdapterSettings, LowRankPair, OtherParts
from lineage_audit.checkpoint.composed.rows import columns, is_row_readable, row_count
from lineage_audit.checkpoint.composed.updates import Elementwise, Kronecker, Product, Projected, Update, Whole
from lineage_audit.checkpoint.tensors import StoredTensor

Parts = Mapping[str, StoredTensor]
_WidthOf = Callable[[str, int], int | None]


@dataclass(frozen=True, slots=True)
class ModuleUpdate:
    """What is added to one module's matrix.

    Attributes:
        module: the module's name in the base, without a slot.
        update: ``[out, in]``.
        scaling: of the update, or None where it is not stated.
        magnitude: DoRA's lengths ``[out]``, or None.
        bias: what is added to the base's bias after scaling, or None.
        is_embedding: the module looks rows up: its matrix is stored ``[in, out]``.
    """

    module: str
    update: Update
    scaling: float | None
    magnitude: StoredTensor | None = None
    bias: StoredTensor | None = None
    is_embedding: bool = False

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of the update, ``[out, in]``."""
        return self.update.shape


@dataclass(frozen=True, slots=True)
class ModuleFactors:
    """IA³: what the inputs of one module, or its outputs with their bias, are multiplied by.

    Attributes:
        module: the module's name in the base, without a slot.
        factors: ``[1, in]`` or ``[out, 1]``.
    """

    module: str
    factors: StoredTensor

    @property
    def of_inputs(self) -> bool:
        """The inputs are multiplied; otherwise the outputs."""
        return self.factors.shape[0] == 1


def updates_of(
    parts: AdapterParts, settings: AdapterSettings, width_of: _WidthOf
) -> tuple[tuple[ModuleUpdate, ...], tuple[str, ...]]:
    """The update of every module, and the modules whose tensors do not make one.

    Args:
        parts: the adapter.
        settings: what it says of itself.
        width_of: module and its outputs -> the inputs that the base has there, or None; VeRA does not say.
    """
    found: list[ModuleUpdate] = []
    left: list[str] = []
    for pair in parts.pairs:
        if settings.kind in ("lora", "unknown") and is_row_readable(pair.a) and is_row_readable(pair.b):
            found.append(_low_rank(pair, settings))
        else:
            left.append(pair.module)
    for module, held in parts.other.modules.items():
        if settings.kind == "ia3":
            continue
        update = _other_update(settings.kind, held, parts.other, partial(width_of, module))
        if update is None:
            left.append(module)
        else:
            found.append(ModuleUpdate(module, update, _scaling(settings, module)))
    return tuple(found), tuple(left)


def _other_update(
    kind: str, held: Parts, everything: OtherParts, width_of: Callable[[int], int | None]
) -> Update | None:
    if not all(map(is_row_readable, (*held.values(), *everything.shared.values()))):
        return None
    if kind == "vera":
        return _vera(held, everything.shared, width_of)
    return {"loha": _loha, "lokr": _lokr}.get(kind, _nothing)(held)


def _nothing(_held: Parts) -> Update | None:
    return None


def factors_of(parts: AdapterParts, settings: AdapterSettings) -> tuple[tuple[ModuleFactors, ...], tuple[str, ...]]:
    """IA³'s factors of every module, and the modules whose vectors are none."""
    found: list[ModuleFactors] = []
    left: list[str] = []
    for module, held in parts.other.modules.items() if settings.kind == "ia3" else ():
        vector = held.get("ia3_l")
        if vector is not None and len(held) == 1 and _is_vector(vector):
            found.append(ModuleFactors(module, vector))
        else:
            left.append(module)
    return tuple(found), tuple(left)


def _is_vector(stored: StoredTensor) -> bool:
    """A matrix of one row or one column, plainly stored."""
    is_plain = stored.encoding is None and is_row_readable(stored)
    return is_plain and len(stored.shape) == 2 and 1 in stored.shape and 0 not in stored.shape


def _low_rank(pair: LowRankPair, settings: AdapterSettings) -> ModuleUpdate:
    scaling = settings.scaling(pair.module, pair.rank)
    return ModuleUpdate(pair.module, Product(pair.b, pair.a), scaling, pair.magnitude, pair.bias, pair.is_embedding)


def _scaling(settings: AdapterSettings, module: str) -> float | None:
    """LoHa and LoKr are scaled by ``alpha / r``; VeRA's vectors are scaling enough."""
    if settings.kind == "vera":
        return 1.0
    rank = settings.rank_of(module)
    return settings.scaling(module, rank) if rank is not None else None


def _loha(held: Parts) -> Update | None:
    halves = [_product(held.get(f"hada_w{number}_a"), held.get(f"hada_w{number}_b")) for number in (1, 2)]
    if len(held) != 4 or halves[0] is None or halves[1] is None or halves[0].shape != halves[1].shape:
        return None
    return Elementwise(halves[0], halves[1])


def _lokr(held: Parts) -> Update | None:
    left, right = (_side(held, f"lokr_w{number}") for number in (1, 2))
    return Kronecker(left, right) if left is not None and right is not None else None


def _side(held: Parts, name: str) -> Update | None:
    """One matrix of a Kronecker product, whole or low-rank."""
    whole = held.get(name)
    if whole is None:
        return _product(held.get(f"{name}_a"), held.get(f"{name}_b"))
    return Whole(whole) if len(whole.shape) == 2 and 0 not in whole.shape else None


def _vera(held: Parts, shared: Parts, width_of: Callable[[int], int | None]) -> Update | None:
    """VeRA's update, whose projections are as large as the adapter's largest module needs."""
    projections = _product(shared.get("vera_B"), shared.get("vera_A"))
    lambda_b, lambda_d = held.get("vera_lambda_b"), held.get("vera_lambda_d")
    if projections is None or projections.a.encoding is not None or lambda_b is None or lambda_d is None:
        return None
    if len(lambda_b.shape) != 1 or lambda_d.shape != (row_count(projections.a),):
        return None
    width, (outputs, inputs) = width_of(row_count(lambda_b)), projections.shape
    if width is None or not 0 < row_count(lambda_b) <= outputs or not 0 < width <= inputs:
        return None
    return Projected(projections.b, projections.a, lambda_b, lambda_d, width)


def _product(left: StoredTensor | None, right: StoredTensor | None) -> Product | None:
    if left is None or right is None or len(left.shape) != 2 or len(right.shape) != 2:
        return None
    if columns(left) != row_count(right) or 0 in (*left.shape, *right.shape):
        return None
    return Product(left, right)
