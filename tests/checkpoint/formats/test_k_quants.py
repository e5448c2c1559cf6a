"""K-quants against bytes of llama.cpp's own reference, recorded: every code, scale and minimum.

``goldens/k_quants.npz`` holds eight blocks of floats (one of zeros, one that begins above zero) and what
``quantize_row_q*_K_ref`` of ggml made of them, compiled without fused multiplications and additions; and 96 blocks of
Q4_K from a build with them.
"""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
import pytest

from lineage_audit.checkpoint.formats.gguf.grids import BLOCK_GRIDS, grid_of
from lineage_audit.checkpoint.formats.gguf.k_quants import K_QUANTS, k_quantized
from tests.checkpoint.formats.made_again import held

RECORDED = dict(np.load(Path(__file__).parent / "goldens" / "k_quants.npz"))
FLOATS = RECORDED["floats"].astype(np.float32)


@pytest.mark.parametrize("name", sorted(K_QUANTS))
def test_the_reference_is_met_number_by_number(name: str) -> None:
    blocks = RECORDED[name]
    stored = grid_of(BLOCK_GRIDS[name], blocks, gguf.dequantize(blocks, gguf.GGMLQuantizationType[name]))
    made = k_quantized(name, FLOATS)
    np.testing.assert_array_equal(made.codes, stored.codes)
    np.testing.assert_array_equal(made.scales, stored.scales)
    assert (made.offsets is None) == (stored.offsets is None)
    if made.offsets is not None and stored.offsets is not None:
        np.testing.assert_array_equal(made.offsets, stored.offsets)


@pytest.mark.parametrize("name", sorted(BLOCK_GRIDS))
def test_a_grid_stands_for_what_the_library_reads(name: str) -> None:
    """Any bytes at all: codes, scales and offsets give the floats that the library gives."""
    kind = gguf.GGMLQuantizationType[name]
    block, size = gguf.GGML_QUANT_SIZES[kind]
    blocks = np.random.default_rng(3).integers(0, 128, (40, size), dtype=np.uint8)
    with np.errstate(all="ignore"):
        floats = gguf.dequantize(blocks, kind).reshape(-1)
        values = grid_of(BLOCK_GRIDS[name], blocks, floats).values().reshape(-1)
    usable = np.isfinite(floats) & (np.abs(floats) < 1e30)
    assert usable.mean() > 0.5
    assert block * 40 == len(floats)
    np.testing.assert_allclose(values[usable], floats[usable], rtol=2e-5, atol=1e-6 * np.abs(floats[usable]).max())


@pytest.mark.parametrize("name", sorted(K_QUANTS))
def test_a_file_is_made_again_and_an_edit_is_seen(name: str, tmp_path: Path) -> None:
    floats, blocks = np.tile(FLOATS, (40, 1)), np.tile(RECORDED[name], (40, 1))
    plain = held(tmp_path, floats, blocks, name)
    assert (plain.outcome, plain.equal, plain.equal_constants) == ("remade", plain.codes, plain.constants)
    edited = floats.copy()
    edited[17, 40:44] = np.roll(edited[17, 40:44], 1)
    assert held(tmp_path, edited, blocks, name).outcome == "apart"


def test_scales_that_another_build_chose_are_no_edit(tmp_path: Path) -> None:
    """A build with fused multiplications and additions chooses other scales for a few groups, and the nearest codes."""
    floats, blocks = RECORDED["fused_floats"].astype(np.float32), RECORDED["fused_Q4_K"]
    stored = held(tmp_path, floats, blocks, "Q4_K")
    assert 0 < stored.constants - stored.equal_constants < 0.01 * stored.constants
    assert (stored.outcome, stored.nearest) == ("remade", 1.0)
    edited = floats.copy()
    edited[17, 40:44] = np.roll(edited[17, 40:44], 1)
    assert held(tmp_path, edited, blocks, "Q4_K").outcome == "apart"
