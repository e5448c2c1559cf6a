"""Quirks: every one has a source, and a type of text has those of the whole model."""

import pytest

from lineage_audit.checkpoint.config.quirks import QUIRKS, Quirk, has_quirk, norm_of


def test_every_quirk_has_types_and_a_source() -> None:
    assert QUIRKS.keys() == set(Quirk)
    assert all(known.types and known.source for known in QUIRKS.values())


@pytest.mark.parametrize(
    ("model_type", "quirk", "expected"),
    [
        ("gemma3_text", Quirk.GAINS_LESS_ONE, True),
        ("qwen3_5_moe_text", Quirk.GAINS_LESS_ONE, True),
        ("Gemma2", Quirk.GAINS_LESS_ONE, True),
        ("gemma3n_text", Quirk.GAINS_LESS_ONE, False),  # stores its gains as they are, and so does Gemma 4
        ("gemma4_text", Quirk.GAINS_LESS_ONE, False),
        ("minimax_m3_vl_text", Quirk.UP_PLUS_ONE, True),
        ("gpt-oss", Quirk.UP_PLUS_ONE, True),
        ("llama4_text", Quirk.EXPERTS_IN_OUT, True),
        ("gemma-embedding", Quirk.GGUF_GAINS_PLUS_ONE, True),
        (None, Quirk.GAINS_LESS_ONE, False),
    ],
)
def test_who_has_which(model_type: str | None, quirk: Quirk, expected: bool) -> None:
    assert has_quirk(model_type, quirk) is expected


def test_no_type_has_both_norms() -> None:
    assert QUIRKS[Quirk.RMS_NORM].types.isdisjoint(QUIRKS[Quirk.LAYER_NORM].types)
    assert (norm_of("nemotron_h"), norm_of("modernbert-decoder"), norm_of("llama")) == ("rmsnorm", "layernorm", None)
