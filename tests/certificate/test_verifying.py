"""What is verified, what is refused, and what is said not to have been checked."""

import json

import numpy as np
import pytest

from benchmarks.certificates.tampering import TAMPERINGS, tampered
from lineage_audit.certificate import certify_models, verify_certificate
from lineage_audit.certificate.statement import read_statement, statement_of
from tests.certificate.zoo import SIZE, of_weights, written
from tests.models import checkpoint, llama, llama_config, repository


@pytest.fixture(scope="module")
def pair(models):
    return models["base"], models["tuned"]


@pytest.fixture(scope="module", params=["tuned", "moved", "flipped"])
def certified(request, models):
    a, b = models["base"], models[request.param]
    return certify_models(a, b), a, b


def test_with_both_models_everything_is_derived_anew(certified):
    certificate, a, b = certified
    found = verify_certificate(written(certificate), a, b)
    assert found.outcome == "verified"
    assert not found.refused
    assert len(found.done) == 4
    assert (found.log10_p is None) == (certificate.grade == "calibrated")


def test_models_that_are_named_the_other_way_round_are_refused_and_it_is_said(certified):
    certificate, a, b = certified
    for one, other in ((b, a), (b, None), (None, a)):
        found = verify_certificate(written(certificate), one, other)
        assert found.outcome == "refused"
        assert any("the other way round" in line for line in found.refused)
    found = verify_certificate(written(certificate), a, a)
    assert found.outcome == "refused"
    assert not any("the other way round" in line for line in found.refused)


def test_without_the_models_it_says_that_arithmetic_is_all(certified):
    certificate, a, _ = certified
    for one, other in ((None, None), (a, None)):
        found = verify_certificate(written(certificate), one, other)
        assert found.outcome == "arithmetic-only"
        assert any("not at hand" in line for line in found.not_checked)


def test_with_one_model_what_was_read_of_it_is_read_again(certified):
    certificate, a, b = certified
    for one, other, side in ((a, None, "A"), (None, b, "B")):
        found = verify_certificate(written(certificate), one, other)
        assert f"model {side}: what the certificate says was read of it stands there" in found.done


@pytest.mark.parametrize("member", ["units", "tokens", "read"])
def test_with_one_model_what_cannot_have_been_read_of_it_is_refused(certified, member):
    certificate, a, b = certified
    document = json.loads(statement_of(certificate))
    predicate = document["predicate"]
    if member == "read":
        predicate["a"]["read"] = predicate["b"]["read"] = "0" * 64
    elif member == "units":
        predicate["units"] = [[10**6, *unit[1:2], 10**6, unit[3]] for unit in predicate["units"]]
    elif predicate["tokens"]:
        predicate["tokens"] = [[10**6, 10**6] for _ in predicate["tokens"]]
    else:
        return
    stated = read_statement(json.dumps(document).encode(), "it")
    for one, other in ((a, None), (None, b)):
        found = verify_certificate(stated, one, other)
        assert found.outcome == "refused"
        assert any("is not what stands there" in line for line in found.refused)


def test_another_model_is_refused_on_either_side(certified, models):
    certificate, a, b = certified
    for one, other in ((a, models["stranger"]), (models["stranger"], b), (b, a), (models["stranger"], None)):
        assert verify_certificate(written(certificate), one, other).outcome == "refused"


@pytest.mark.parametrize("how", TAMPERINGS)
def test_a_tampered_certificate_is_refused(how, certified):
    certificate, a, b = certified
    random = np.random.default_rng(7)
    for _ in range(2):
        stated = read_statement(tampered(certificate, how, random), "tampered")
        found = verify_certificate(stated, a, b)
        assert found.outcome == "refused"
        assert found.refused
        assert found.log10_p is None


def test_one_changed_weight_is_another_model(models):
    from tests.certificate.zoo import SIZE
    from tests.models import llama

    weights = llama(1, SIZE)
    weights["lm_head.weight"][0, 0] += 1
    certificate = certify_models(models["base"], models["tuned"])
    assert verify_certificate(written(certificate), of_weights(weights), models["tuned"]).outcome == "refused"


def test_an_altered_configuration_is_another_model(pair):
    altered = checkpoint(repository(llama(1, SIZE), llama_config(SIZE, comment="x")))
    assert verify_certificate(written(certify_models(*pair)), altered, pair[1]).outcome == "refused"


def test_a_grade_that_the_terms_do_not_reach_is_refused_without_any_model(pair):
    document = json.loads(statement_of(certify_models(*pair)))
    document["predicate"]["cosines"][0] = [0.0] * len(document["predicate"]["cosines"][0])
    found = verify_certificate(read_statement(json.dumps(document).encode(), "x"), None, None)
    assert found.outcome == "refused"
