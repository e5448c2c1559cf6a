"""Mixers without a softmax: descendants keep their channels' numbers, strangers do not, in every kind of mixer."""

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from lineage_audit.checkpoint.roles import Role
from lineage_audit.comparison.evidence import calibrated_where_guessed
from lineage_audit.comparison.evidence.base import WeightComparison
from tests.comparison.measuring import RUNS, evidence_of, log10_p_values, most_rejections
from tests.models import Config, Weights

HIDDEN, CHANNELS, HEADS, STATES = 24, 48, 4, 4
AT = "backbone.layers.{}.mixer."


def _weights(seed: int, shapes: dict[str, tuple[int, ...]]) -> Weights:
    rng = np.random.default_rng(seed)
    drawn = {name: rng.standard_normal(shape, dtype=np.float32) for name, shape in shapes.items()}
    return {"backbone.embeddings.weight": rng.standard_normal((64, HIDDEN), dtype=np.float32)} | drawn


def mamba(seed: int) -> Weights:
    shapes: dict[str, tuple[int, ...]] = {}
    for layer in range(2):
        at = AT.format(layer)
        shapes |= {
            at + "in_proj.weight": (2 * CHANNELS, HIDDEN),
            at + "x_proj.weight": (2 * STATES + 2, CHANNELS),
            at + "dt_proj.weight": (CHANNELS, 2),
            at + "A_log": (CHANNELS, STATES),
            at + "out_proj.weight": (HIDDEN, CHANNELS),
        }
    return _weights(seed, shapes)


def mamba2(seed: int) -> Weights:
    shapes: dict[str, tuple[int, ...]] = {}
    for layer in range(2):
        at = AT.format(layer)
        shapes |= {
            at + "in_proj.weight": (2 * CHANNELS + 2 * STATES + HEADS, HIDDEN),
            at + "A_log": (HEADS,),
            at + "out_proj.weight": (HIDDEN, CHANNELS),
        }
    return _weights(seed, shapes)


def delta_net(seed: int) -> Weights:
    shapes: dict[str, tuple[int, ...]] = {}
    for layer in range(2):
        at = f"model.layers.{layer}.linear_attn."
        shapes |= {
            at + "q_proj.weight": (CHANNELS, HIDDEN),
            at + "k_proj.weight": (CHANNELS, HIDDEN),
            at + "v_proj.weight": (CHANNELS, HIDDEN),
            at + "A_log": (HEADS,),
            at + "o_proj.weight": (HIDDEN, CHANNELS),
        }
    return _weights(seed, shapes)


def kimi_delta(seed: int) -> Weights:
    return {
        name: values.reshape(1, 1, HEADS, 1) if name.endswith("A_log") else values
        for name, values in delta_net(seed).items()
    }


def short_convolution(seed: int) -> Weights:
    shapes: dict[str, tuple[int, ...]] = {}
    for layer in range(2):
        at = f"model.layers.{layer}.conv."
        shapes |= {
            at + "in_proj.weight": (3 * CHANNELS, HIDDEN),
            at + "conv.weight": (CHANNELS, 1, 3),
            at + "out_proj.weight": (HIDDEN, CHANNELS),
        }
    return _weights(seed, shapes)


def rg_lru(seed: int) -> Weights:
    shapes: dict[str, tuple[int, ...]] = {}
    for layer in range(2):
        at = f"model.layers.{layer}.temporal_block."
        shapes |= {
            at + "linear_x.weight": (CHANNELS, HIDDEN),
            at + "linear_y.weight": (CHANNELS, HIDDEN),
            at + "rg_lru.recurrent_param": (CHANNELS,),
            at + "rg_lru.input_gate_weight": (HEADS, CHANNELS // HEADS, CHANNELS // HEADS),
            at + "linear_out.weight": (HIDDEN, CHANNELS),
        }
    return _weights(seed, shapes)


def rwkv(seed: int) -> Weights:
    shapes: dict[str, tuple[int, ...]] = {}
    for layer in range(2):
        at = f"rwkv.blocks.{layer}.attention."
        shapes |= {at + f"{name}.weight": (CHANNELS, HIDDEN) for name in ("receptance", "key", "value")}
        shapes |= {at + "time_decay": (CHANNELS,), at + "output.weight": (HIDDEN, CHANNELS)}
    return _weights(seed, shapes)


KINDS: list[Callable[[int], Weights]] = [mamba, mamba2, delta_net, kimi_delta, short_convolution, rg_lru, rwkv]
SIGNED: list[Callable[[int], Weights]] = [mamba, short_convolution, rg_lru, rwkv]
CONFIG: Config = {"model_type": "unheard_of", "hidden_size": HIDDEN}


def _p(a: Weights, b: Weights, test: str = "mixer-fixed-points") -> float:
    found = evidence_of(a, b, CONFIG)[test]
    assert found.log10_p is not None, found.reason
    return found.log10_p


@cache
def _between_strangers(kind: Callable[[int], Weights]) -> dict[str, np.ndarray]:
    """log10 p of every test on pairs of strangers."""
    return log10_p_values(lambda seed: (kind(2 * seed), kind(2 * seed + 1)), CONFIG)


@pytest.mark.parametrize("kind", KINDS)
def test_a_noisy_descendant_is_found(kind: Callable[[int], Weights]) -> None:
    rng = np.random.default_rng(9)
    a = kind(0)
    b = {name: values + 0.5 * rng.standard_normal(values.shape, dtype=np.float32) for name, values in a.items()}
    assert _p(a, b) < -6


@pytest.mark.parametrize("kind", SIGNED)
def test_signs_show_a_descendant_and_no_stranger(kind: Callable[[int], Weights]) -> None:
    rng = np.random.default_rng(9)
    a = kind(0)
    b = {name: values + 0.2 * rng.standard_normal(values.shape, dtype=np.float32) for name, values in a.items()}
    assert _p(a, b, "mixer-signs") < (-2 if kind is mamba else -6)  # Mamba has six coins a layer here
    found = _between_strangers(kind)["mixer-signs"]
    for level in (0.05, 0.01):
        assert np.count_nonzero(found <= np.log10(level)) <= most_rejections(RUNS, level)


@pytest.mark.parametrize("kind", [mamba2, delta_net, kimi_delta])
def test_what_an_activation_ties_has_no_free_signs(kind: Callable[[int], Weights]) -> None:
    assert evidence_of(kind(0), kind(0), CONFIG)["mixer-signs"].status == "not-applicable"


@pytest.mark.parametrize("kind", KINDS)
def test_strangers_are_rejected_no_oftener_than_the_level_says(kind: Callable[[int], Weights]) -> None:
    found = _between_strangers(kind)["mixer-fixed-points"]
    for level in (0.05, 0.01):
        assert np.count_nonzero(found <= np.log10(level)) <= most_rejections(RUNS, level)


def test_channels_in_another_order_within_their_heads_are_no_fixed_points() -> None:
    a = mamba2(0)
    b = {name: values.copy() for name, values in a.items()}
    rng = np.random.default_rng(3)
    for layer in range(2):
        order = CHANNELS + np.concatenate([head * 12 + rng.permutation(12) for head in range(HEADS)])
        rows = b[AT.format(layer) + "in_proj.weight"]
        rows[CHANNELS : 2 * CHANNELS] = rows[order]
    assert _p(a, b) > -3


def test_a_layer_of_another_shape_gives_no_test() -> None:
    shapes = {
        "model.layers.0.temporal_block.linear_x.weight": (CHANNELS, HIDDEN),
        "model.layers.0.temporal_block.rg_lru.recurrent_param": (HEADS + 1,),
        "model.layers.0.temporal_block.linear_out.weight": (HIDDEN, CHANNELS),
    }
    found = evidence_of(_weights(0, shapes), _weights(0, shapes), CONFIG)
    assert found["mixer-fixed-points"].status == found["mixer-signs"].status == "not-applicable"


def test_a_guess_beside_the_mixers_leaves_their_test_exact() -> None:
    found = evidence_of(delta_net(0), delta_net(0), CONFIG)["mixer-fixed-points"]
    beside, inside = (
        WeightComparison({}, None, None, None, 0, 0, guessed=frozenset({role})) for role in (Role.GATE, Role.MIXER_V)
    )
    assert calibrated_where_guessed((found,), beside)[0].grade == "exact"
    assert calibrated_where_guessed((found,), inside)[0].grade == "calibrated"
