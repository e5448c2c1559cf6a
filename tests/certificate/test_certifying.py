"""Which certificates are written, by which rule, and what stands in them."""

import numpy as np
import pytest

from lineage_audit.certificate import certify_models
from lineage_audit.certificate.book import ALTERNATIVES, BOOK, WEAKEST_LOG10_P
from lineage_audit.certificate.certifying import certify_by
from lineage_audit.certificate.identity import identify_model
from lineage_audit.errors import LineageAuditError
from tests.certificate.zoo import SIZE, of_weights
from tests.models import llama, noisy


def _by(name, a, b):
    return certify_by(BOOK[name], a, b, identify_model(a), identify_model(b))


def test_a_fine_tune_is_certified_by_every_rule(models):
    for name in BOOK:
        made = _by(name, models["base"], models["tuned"])
        assert made.grade == "exact", name
        assert made.log10_p <= WEAKEST_LOG10_P
        assert made.effect > 0.6


def test_another_order_of_layers_heads_units_and_channels_takes_the_rules_over_tokens(models):
    in_place = [_by(name, models["base"], models["moved"]) for name in BOOK if "in-place" in name]
    assert all(made.grade is None for made in in_place)
    made = _by("ffn-units-over-tokens/1", models["base"], models["moved"])
    assert made.grade == "exact"
    right = {0: 2, 1: 0, 2: 1}
    assert all(
        (right[layer_b], SIZE.ffn - 1 - unit_b) == (layer_a, unit_a)
        for layer_b, unit_b, layer_a, unit_a in made.derivation.units
    )


def test_where_every_sign_was_drawn_anew_sizes_alone_are_left(models):
    made = certify_models(models["base"], models["flipped"])
    assert made.grade == "calibrated"
    assert "size" in made.claim
    assert made.log10_p > WEAKEST_LOG10_P


def test_strangers_have_no_certificate(models):
    for name in BOOK:
        assert _by(name, models["base"], models["stranger"]).grade is None, name
    with pytest.raises(LineageAuditError, match="no certificate"):
        certify_models(models["base"], models["stranger"])


def test_strangers_come_nowhere_near_the_level():
    bounds = []
    for number in range(12):
        a, b = (of_weights(llama(100 + 2 * number + side, SIZE)) for side in (0, 1))
        bounds += [_by(name, a, b).log10_p for name in ("values-in-place/1", "rotary-keys-over-tokens/1")]
    assert min(bounds) > -1.0


def test_the_bound_is_corrected_for_every_choice_of_the_author(models):
    made = _by("values-in-place/1", models["base"], models["tuned"])
    terms = made.derivation.terms
    plain = -(terms.sum() ** 2) / (2 * np.square(terms).sum()) / np.log(10)
    assert made.log10_p == pytest.approx(plain + np.log10(ALTERNATIVES))
    assert len(BOOK) * 8 == ALTERNATIVES


def test_copies_inside_either_model_share_their_random_signs():
    def repeated(weights):
        found = {name: values for name, values in weights.items() if "layers." not in name}
        for layer in range(SIZE.layers):
            own = {name: values for name, values in weights.items() if "layers.0." in name}
            found |= {name.replace("layers.0", f"layers.{layer}"): values for name, values in own.items()}
        return found

    base = llama(1, SIZE)
    copied, plain = of_weights(repeated(base)), of_weights(noisy(base, 2, 0.2))
    other = of_weights(noisy(repeated(base), 2, 0.2))
    for a, b in ((copied, other), (copied, plain), (plain, copied)):
        assert len(_by("values-in-place/1", a, b).derivation.terms) == 64
    assert len(_by("values-in-place/1", of_weights(base), plain).derivation.terms) == 3 * 64


def test_adapters_and_sums_have_none(models, monkeypatch):
    monkeypatch.setattr("lineage_audit.certificate.certifying.is_about_adapters", lambda *_: True)
    with pytest.raises(LineageAuditError, match="stand alone"):
        certify_models(models["base"], models["tuned"])
