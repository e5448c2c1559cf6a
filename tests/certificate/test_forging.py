"""Strangers made to look related by who chooses after he has seen the signs: right arithmetic, and refused."""

import pytest

from benchmarks.certificates.forging import FORGERIES, forge
from lineage_audit.certificate import verify_certificate
from lineage_audit.certificate.book import WEAKEST_LOG10_P
from tests.certificate.zoo import written


@pytest.mark.parametrize("how", FORGERIES)
def test_a_forged_certificate_has_right_arithmetic_and_is_refused_with_the_models(how, models):
    a, b = models["base"], models["stranger"]
    made = forge(a, b, how)
    assert made.log10_p < WEAKEST_LOG10_P or made.grade, "a forger who gets nothing is no test"
    alone = verify_certificate(written(made), None, None).outcome
    assert alone == ("arithmetic-only" if made.grade else "refused")
    found = verify_certificate(written(made), a, b)
    assert found.outcome == "refused"
    assert any("derive" in line or "gives" in line or "do not reach" in line for line in found.refused)


@pytest.mark.parametrize(("how", "grade"), [("terms", "exact"), ("another model", "exact"), ("sizes", "calibrated")])
def test_what_nobody_measured_of_these_needs_the_models_to_be_refused(how, grade, models):
    made = forge(models["base"], models["stranger"], how)
    assert made.grade == grade
    assert verify_certificate(written(made), None, None).outcome == "arithmetic-only"
