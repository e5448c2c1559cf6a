"""A stranger's model that was relabelled to look like another is not certified, though its signs and order suit."""

import numpy as np
import pytest

from lineage_audit.certificate import certify_models
from lineage_audit.certificate.book import BOOK
from lineage_audit.certificate.certifying import certify_by
from lineage_audit.certificate.identity import identify_model
from lineage_audit.certificate.vectors import copied_blocks, joined_copies, unit
from lineage_audit.errors import LineageAuditError
from tests.certificate.zoo import SIZE, of_weights, relabelled
from tests.models import llama


@pytest.fixture(scope="module")
def pair():
    base, stranger = llama(1, SIZE), llama(5, SIZE)
    return of_weights(base, "base"), of_weights(relabelled(stranger, base), "planted")


@pytest.mark.parametrize("name", ["values-in-place/1", "ffn-units-in-place/1"])
def test_signs_and_an_order_that_suit_reach_the_bound_and_not_the_grade(pair, name):
    made = certify_by(BOOK[name], *pair, *map(identify_model, pair))
    assert made.log10_p < -12
    assert made.effect < made.plantable
    assert made.grade is None


def test_no_certificate_is_written(pair):
    with pytest.raises(LineageAuditError, match="relabelling alone can plant"):
        certify_models(*pair)


@pytest.mark.parametrize("which", [0, 1])
def test_copies_in_either_model_share_random_signs(which):
    random = np.random.default_rng(3)
    sides = [[unit(random.normal(size=(8, 64))) for _ in range(4)] for _ in range(2)]
    sides[which][2] = sides[which][0]
    assert copied_blocks(*sides).tolist() == [0, 1, 0, 3]


def test_random_signs_are_joined_through_either_numbering():
    assert joined_copies(np.array([0, 0, 2, 3]), np.array([0, 1, 1, 3])).tolist() == [0, 0, 0, 3]
