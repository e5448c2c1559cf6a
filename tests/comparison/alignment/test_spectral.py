"""A copy is found where neither a token nor a number says what corresponds; strangers stay strangers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from lineage_audit.comparison import compare_checkpoints
from lineage_audit.comparison.alignment import residual, spectral
from lineage_audit.comparison.alignment.canonical import CanonicalWeights
from lineage_audit.comparison.alignment.maps import ResidualMap
from lineage_audit.comparison.alignment.spectral import spectral_maps
from tests.comparison.alignment import disguises
from tests.comparison.alignment.disguises import Disguise
from tests.models import WIDE, Weights, llama, llama_config, model, noisy

SIX = replace(WIDE, layers=6)
CONFIG = llama_config(SIX)


def _uneven(seed: int) -> Weights:
    """A model whose matrices weigh directions unevenly, as training makes them."""
    rng = np.random.default_rng([seed, 3])
    turned, _ = np.linalg.qr(rng.standard_normal((SIX.hidden, SIX.hidden)))
    scale = (turned * np.exp(0.8 * rng.standard_normal(SIX.hidden))) @ turned.T
    return {
        name: (values @ scale).astype(np.float32) if values.ndim == 2 and values.shape[1] == SIX.hidden else values
        for name, values in llama(seed, SIX).items()
    }


def _unknown_tokens(weights: Weights, rng: np.random.Generator) -> Weights:
    """The same model, its tokens numbered anew."""
    order = rng.permutation(SIX.vocab)
    renumbered = {name: weights[name][order] for name in ("model.embed_tokens.weight", "lm_head.weight")}
    return {**weights, **renumbered}


def _hidden(weights: Weights, seed: int, last: Disguise) -> Weights:
    rng = np.random.default_rng(seed)
    for disguise in (disguises.permute_units, disguises.flip_units, disguises.flip_attention, last):
        weights = disguise(weights, rng, SIX)
    return _unknown_tokens(weights, rng)


@pytest.mark.parametrize("last", [disguises.permute_channels, disguises.rotate_residual])
def test_the_map_is_found_without_tokens(last: Disguise) -> None:
    parent = _uneven(1)
    models = (CanonicalWeights(model(weights, CONFIG)) for weights in (parent, _hidden(parent, 2, last)))
    found, _ = spectral_maps(*models)
    assert found.rotation is not None
    assert np.allclose(found.rotation @ found.rotation.T, np.eye(SIX.hidden), atol=1e-4)


@pytest.mark.parametrize(
    ("last", "kind"),
    [(disguises.permute_channels, "channels-permuted"), (disguises.rotate_residual, "residual-rotated")],
)
def test_a_light_fine_tune_with_renumbered_tokens_is_found(last: Disguise, kind: str) -> None:
    parent = _uneven(3)
    child = _hidden(noisy(parent, 4, 0.01), 5, last)
    verdict = compare_checkpoints(model(parent, CONFIG), model(child, CONFIG)).verdict
    assert verdict.relation == "derived"
    (named,) = [item for item in verdict.operations if item.kind == kind]
    assert "rows of FFN units" in named.evidence


@pytest.mark.parametrize("last", [disguises.permute_channels, disguises.rotate_residual])
def test_strangers_with_renumbered_tokens_are_not_accused(last: Disguise) -> None:
    for seed in range(3):
        other = _hidden(_uneven(20 + seed), seed, last)
        verdict = compare_checkpoints(model(_uneven(10 + seed), CONFIG), model(other, CONFIG)).verdict
        assert verdict.relation in ("independent", "inconclusive")


def test_models_of_different_widths_have_no_common_axes() -> None:
    narrow = replace(SIX, hidden=64)
    one, other = model(llama(6, SIX), CONFIG), model(llama(7, narrow), llama_config(narrow))
    assert list(spectral_maps(CanonicalWeights(one), CanonicalWeights(other))) == []


@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_ffns_alone_are_found_in_another_order_and_without_their_norms(noise: float) -> None:
    """Attention, embeddings and gains of a stranger: the Gram matrices of gate rows are all that is left."""
    parent, stranger = llama(1, SIX), llama(2, SIX)
    child = noisy({name: parent[name] if "mlp" in name else stranger[name] for name in parent}, 3, noise)
    verdict = compare_checkpoints(
        model(parent, CONFIG), model(_hidden(child, 4, disguises.permute_channels), CONFIG)
    ).verdict
    assert verdict.relation in ("derived", "shared-origin")
    kinds = {operation.kind for operation in verdict.operations}
    assert {"channels-permuted", "units-permuted"} <= kinds
    assert "heads-permuted" not in kinds


def test_no_gram_matrix_is_made_where_tokens_told_the_map(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(*_: CanonicalWeights) -> Iterator[ResidualMap]:
        raise AssertionError("the map was found")
        yield

    monkeypatch.setattr(residual, "spectral_maps", asked)
    parent = llama(1, SIX)
    turned = disguises.rotate_residual(noisy(parent, 2, 0.05), np.random.default_rng(3), SIX)
    one, other = (CanonicalWeights(model(weights, CONFIG)) for weights in (parent, turned))
    found = residual.find_residual_map(one, other, None)
    assert found is not None
    assert found.kind == "rotation"


def _grams(weights: Weights) -> list[np.ndarray]:
    """Gram matrices of a few matrices over the stream."""
    names = [name for name in weights if name.endswith(("gate_proj.weight", "q_proj.weight"))]
    return [weights[name].T @ weights[name] for name in names]


def test_the_strongest_eigenvectors_tell_a_copy_under_any_rotation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spectral, "_ASKED_FIRST", 16)
    own, strange = _grams(_uneven(1)), _grams(_uneven(2))
    turned, _ = np.linalg.qr(np.random.default_rng(3).standard_normal((SIX.hidden, SIX.hidden)))
    rotated = [(turned.T @ gram @ turned).astype(np.float32) for gram in own]
    assert spectral.strongest_agreement(list(zip(own, rotated, strict=True))) > 0.95
    assert spectral.strongest_agreement(list(zip(own, strange, strict=True))) < 0.2


def test_a_wide_stranger_costs_no_eigenvectors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spectral, "SOLVED_WHOLE", SIX.hidden - 1)
    monkeypatch.setattr(spectral, "_map", None)
    models = (CanonicalWeights(model(_uneven(seed), CONFIG)) for seed in (1, 2))
    assert not list(spectral_maps(*models))
