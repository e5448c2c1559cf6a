"""Types with uneven levels against bytes of llama.cpp's own reference, recorded: every code and scale.

``goldens/float_quants.npz`` holds eight blocks of floats (one of zeros, one that begins above zero) and what ggml made
of them, compiled without fused multiplications and additions: ``quantize_iq4_nl`` and ``quantize_iq4_xs`` as
``llama-quantize`` calls them, ``quantize_row_iq4_nl_ref`` and ``quantize_row_nvfp4_ref``; and 96 blocks of IQ4_NL from
a build with them, in which 2 scales and 5 codes are others.
"""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
import pytest

from lineage_audit.checkpoint.formats.gguf.float_quants import FLOAT_QUANTS, float_quantized
from lineage_audit.checkpoint.formats.gguf.grids import BLOCK_GRIDS, grid_of
from tests.checkpoint.formats.made_again import held

RECORDED = dict(np.load(Path(__file__).parent / "goldens" / "float_quants.npz"))
FLOATS = RECORDED["floats"].astype(np.float32)
RULES = [(name, rule) for name, rules in FLOAT_QUANTS.items() for rule in rules]


@pytest.mark.parametrize(("name", "rule"), RULES)
def test_the_reference_is_met_number_by_number(name: str, rule: str) -> None:
    kind = gguf.GGMLQuantizationType[name]
    blocks = RECORDED[rule].reshape(-1, gguf.GGML_QUANT_SIZES[kind][1])
    stored, made = grid_of(BLOCK_GRIDS[name], blocks, gguf.dequantize(blocks, kind)), float_quantized(rule, FLOATS)
    np.testing.assert_array_equal(made.scales, stored.scales)
    told = stored.scales[:, 0] != 0
    assert told.mean() > 0.8
    np.testing.assert_array_equal(made.codes[told], stored.codes[told])


@pytest.mark.parametrize(("name", "rule"), RULES)
def test_a_file_is_made_again_and_an_edit_is_seen(name: str, rule: str, tmp_path: Path) -> None:
    floats, blocks = np.tile(FLOATS, (40, 1)), np.tile(RECORDED[rule], (40, 1))
    plain = held(tmp_path, floats, blocks, name)
    assert (plain.outcome, plain.equal_constants) == ("remade", plain.constants)
    assert plain.rule is not None
    assert plain.rule.endswith(rule)
    edited = floats.copy()
    edited[17, 40:44] = np.roll(edited[17, 40:44], 1)
    assert held(tmp_path, edited, blocks, name).outcome == "apart"


def test_scales_that_another_build_chose_are_no_edit(tmp_path: Path) -> None:
    floats, blocks = RECORDED["fused_floats"].astype(np.float32), RECORDED["fused_IQ4_NL"]
    stored = held(tmp_path, floats, blocks, "IQ4_NL")
    assert stored.equal < stored.codes
    assert 0 < stored.constants - stored.equal_constants < 0.01 * stored.constants
    assert (stored.outcome, stored.nearest) == ("remade", 1.0)
    edited = floats.copy()
    edited[17, 40:44] = np.roll(edited[17, 40:44], 1)
    assert held(tmp_path, edited, blocks, "IQ4_NL").outcome == "apart"
