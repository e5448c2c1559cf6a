"""Changes that nobody trained are named for what they are; trainings, adapters and noise are not taken for them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from lineage_audit import Operation, Verdict
from lineage_audit.comparison import compare_checkpoints
from tests.models import Array, Size, Weights, llama, llama_config, model

SIZE = Size(layers=4, hidden=128, heads=8, kv_heads=4, ffn=256, vocab=256)
PARENT = llama(1, SIZE)
STRANGER = llama(2, SIZE)
CONFIG = llama_config(SIZE)

_WRITERS = ("embed", "o_proj", "down_proj")


def _each(change: Callable[[str, Array], Array], parent: Weights = PARENT) -> Weights:
    return {name: change(name, values).astype(np.float32) for name, values in parent.items()}


def _verdict(b: Weights, a: Weights = PARENT) -> Verdict:
    return compare_checkpoints(model(a, CONFIG), model(b, CONFIG), effort="full").verdict


def _only(verdict: Verdict) -> Operation:
    (operation,) = verdict.operations
    return operation


def _trained(size: float) -> Weights:
    """A delta of full rank with a few strong directions, in every tensor."""
    rng = np.random.default_rng(5)

    def moved(_: str, values: Array) -> Array:
        if values.ndim == 1:
            return values + 0.05 * size * rng.standard_normal(values.shape)
        left, right = rng.standard_normal((values.shape[0], 40)), rng.standard_normal((40, values.shape[1]))
        strong = (left * (2.0 ** -np.arange(40))) @ right
        delta = 0.6 * strong / strong.std() + 0.8 * rng.standard_normal(values.shape)
        return values + size * values.std() * delta

    return _each(moved)


def _noisy(level: float) -> Weights:
    rng = np.random.default_rng(3)
    return _each(lambda _, x: x + level * x.std() * rng.standard_normal(x.shape) if x.ndim == 2 else x)


def _lora() -> Weights:
    rng = np.random.default_rng(2)

    def merged(name: str, values: Array) -> Array:
        if "q_proj" not in name and "v_proj" not in name:
            return values
        delta = rng.standard_normal((values.shape[0], 4)) @ rng.standard_normal((4, values.shape[1]))
        return values + 0.1 * values.std() * delta

    return _each(merged)


def _edited(parent: Weights, rank: int) -> Weights:
    name = "model.layers.2.mlp.down_proj.weight"
    rng = np.random.default_rng(7)
    rows, columns = parent[name].shape
    delta = rng.standard_normal((rows, rank)) @ rng.standard_normal((rank, columns))
    size = 0.4 * np.linalg.norm(parent[name]) / np.linalg.norm(delta)
    return {**parent, name: (parent[name] + size * delta).astype(np.float32)}


def _cut(name: str, values: Array) -> Array:
    if "mlp" not in name:
        return values
    left, singular, right = np.linalg.svd(values.astype(np.float64), full_matrices=False)
    return (left[:, :40] * singular[:40]) @ right[:40]


def _scaled(factor: float) -> Weights:
    def change(name: str, values: Array) -> Array:
        if any(part in name for part in _WRITERS):
            return factor * values
        return -values if values.ndim == 1 and factor < 0 else values

    return _each(change)


def _shifted() -> Weights:
    direction = np.random.default_rng(9).standard_normal(SIZE.hidden)
    rng = np.random.default_rng(10)

    def change(name: str, values: Array) -> Array:
        if "embed" in name:
            return values + 0.01 * np.outer(rng.standard_normal(len(values)), direction)
        writes = any(part in name for part in _WRITERS)
        return values + 0.01 * np.outer(direction, rng.standard_normal(values.shape[1])) if writes else values

    return _each(change)


def _with_moved_gains(parent: Weights = PARENT) -> Weights:
    rng = np.random.default_rng(11)
    changed = dict(parent)
    for layer in range(SIZE.layers):
        at = f"model.layers.{layer}."
        for norm, readers in (
            ("input_layernorm", ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")),
            ("post_attention_layernorm", ("mlp.gate_proj", "mlp.up_proj")),
        ):
            factors = np.exp(0.3 * rng.standard_normal(SIZE.hidden)).astype(np.float32)
            changed[f"{at}{norm}.weight"] = parent[f"{at}{norm}.weight"] * factors
            for reader in readers:
                changed[f"{at}{reader}.weight"] = parent[f"{at}{reader}.weight"] / factors
    return changed


def _relayered(order: tuple[int, ...]) -> Weights:
    changed = {name: values for name, values in PARENT.items() if ".layers." not in name}
    for new, old in enumerate(order):
        at = f"model.layers.{old}."
        own = {name: values for name, values in PARENT.items() if name.startswith(at)}
        changed |= {name.replace(at, f"model.layers.{new}.", 1): values for name, values in own.items()}
    return changed


def _blended(share: float) -> Weights:
    return _each(lambda name, values: share * values + (1 - share) * STRANGER[name])


@pytest.mark.parametrize(
    ("child", "kind", "detail"),
    [
        (_edited(PARENT, 1), "edited", "down of layer 2 by 40% of its size (rank 1)"),
        (_edited(PARENT, 128), "edited", "down of layer 2 by 40% of its size"),
        (_each(_cut), "low-rank-truncated", "B's gate, up, down keep 40 directions of A's 128"),
        (_blended(0.7), "interpolated", "B is 0.70 of A and 0.30 of what shares nothing with it"),
        (_scaled(3.0), "stream-scaled", "multiplied by 3,"),
        (_scaled(-1.0), "stream-scaled", "is negated"),
        (_shifted(), "stream-shifted", "one direction was added"),
        (_with_moved_gains(), "gains-moved", "gains of 8 norms are others, made up for in 20 matrices"),
        (_relayered((3, 2, 1, 0)), "layers-reordered", "B's layers are A's in another order"),
        (_relayered((0, 2, 1, 3)), "layers-reordered", "B's layers are A's in another order"),
    ],
    ids=["rank one", "one matrix", "ranks", "blend", "scaled", "negated", "shifted", "gains", "reversed", "swapped"],
)
def test_a_change_that_nobody_trained_is_named(child: Weights, kind: str, detail: str) -> None:
    verdict = _verdict(child)
    assert verdict.relation == "derived"
    operation = _only(verdict)
    assert operation.kind == kind
    assert detail in operation.detail


@pytest.mark.parametrize(
    ("child", "kind"),
    [
        (_trained(0.05), "fine-tuned"),
        (_trained(0.25), "fine-tuned"),
        (_trained(0.7), "continued-pretrained"),
        (_noisy(0.01), "noise-added"),
        (_noisy(0.3), "noise-added"),
        (_lora(), "lora-merged"),
    ],
    ids=["light", "heavy", "long", "little noise", "much noise", "adapter"],
)
def test_trainings_noise_and_adapters_get_no_other_name(child: Weights, kind: str) -> None:
    assert [operation.kind for operation in _verdict(child).operations] in ([kind], [])
    assert [operation.kind for operation in _verdict(PARENT, child).operations] in ([kind], [])


def test_what_is_free_is_no_difference() -> None:
    for child in (_scaled(-1.0), _with_moved_gains()):
        verdict = _verdict(child)
        assert verdict.explained_variance == pytest.approx(1.0, abs=1e-6)
        assert verdict.derived_share == pytest.approx(1.0, abs=1e-3)


def test_moved_gains_do_not_hide_a_training() -> None:
    gains = {name for name in PARENT if "layernorm" in name}
    tuned = _trained(0.1)
    rng = np.random.default_rng(17)
    parent = {
        n: (1 + 0.2 * rng.standard_normal(x.shape)).astype(np.float32) if n in gains else x for n, x in PARENT.items()
    }
    child = {**tuned, **{name: parent[name] for name in gains}}
    verdict = _verdict(_with_moved_gains(child), parent)
    assert verdict.relation == "derived"
    assert {operation.kind for operation in verdict.operations} == {"fine-tuned", "gains-moved"}


def test_an_edit_beside_a_training_is_named_with_it() -> None:
    verdict = _verdict(_edited(_trained(0.05), 1))
    assert [operation.kind for operation in verdict.operations] == ["fine-tuned", "edited"]


def test_what_bears_no_mark_is_changed_by_its_size_and_not_trained() -> None:
    operation = _only(_verdict(_each(lambda _, x: np.clip(x, -x.std(), x.std()) if x.ndim == 2 else x)))
    assert operation.kind == "changed"
    assert "39% of the weights' size" in operation.detail


def test_matrices_of_a_stranger_are_no_noise() -> None:
    child = {name: STRANGER[name] if "mlp" in name else values for name, values in PARENT.items()}
    kinds = [operation.kind for operation in _verdict(child).operations]
    assert "noise-added" not in kinds
    assert "continued-pretrained" not in kinds
