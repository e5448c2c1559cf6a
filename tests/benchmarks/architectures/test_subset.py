"""A few types of the sweep, whole: a decoder with experts, an encoder and a decoder apart, a model with a tower."""

import pytest

from benchmarks.architectures.summary import summary_of
from benchmarks.architectures.sweep import row_of


@pytest.mark.parametrize("model_type", ["causal__jetmoe", "seq2seq__m2m_100", "vlm__llava"])
def test_copies_are_found_and_a_stranger_is_not(model_type: str) -> None:
    pytest.importorskip("transformers")
    summary = summary_of([row_of(model_type, only_names=False)])
    assert (summary.built, summary.mapped, summary.found) == (1, 1, 1)
    assert not summary.is_wrong
