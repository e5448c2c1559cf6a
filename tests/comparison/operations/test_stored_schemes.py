"""What is stored as codes was rounded from the floats, or the floats were made of what the codes stand for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from gguf import GGMLQuantizationType, quants

from lineage_audit import Verdict, compare
from tests.checkpoint.formats.gguf_files import converted, write_gguf
from tests.models import WIDE, Weights, llama, llama_config, noisy, repository, write

KINDS = ("Q4_0", "Q5_0", "Q8_0")
CONFIG = llama_config(WIDE)


def _rounded(weights: Weights, kind: str) -> Weights:
    """What the codes of a scheme stand for."""
    scheme = GGMLQuantizationType[kind]
    return {
        name: quants.dequantize(quants.quantize(values, scheme), scheme) if values.ndim > 1 else values
        for name, values in weights.items()
    }


def _ablated(weights: Weights) -> Weights:
    direction = np.random.default_rng(5).standard_normal(WIDE.hidden).astype(np.float32)
    direction /= np.linalg.norm(direction)
    writes = ("o_proj", "down_proj")
    return {
        name: values - np.outer(direction, direction @ values) if any(one in name for one in writes) else values
        for name, values in weights.items()
    }


def _verdict(folder: Path, floats: Weights, kind: str, effort: str, dtype: str = "BF16") -> Verdict:
    """A GGUF file of the seeded model against floats."""
    folder.mkdir(exist_ok=True)
    weights = converted(llama(1, WIDE), WIDE.heads, WIDE.kv_heads)
    codes = write_gguf(folder / "codes.gguf", weights, GGMLQuantizationType[kind], config=CONFIG)
    other = write(folder / "floats", repository(floats, CONFIG, dtype))
    return compare(str(codes), str(other), effort=effort).verdict  # type: ignore[arg-type]


@pytest.mark.parametrize("effort", ["sample", "full"])
@pytest.mark.parametrize("kind", KINDS)
def test_codes_were_rounded_from_the_floats_that_round_to_them(kind: str, effort: str, tmp_path: Path) -> None:
    verdict = _verdict(tmp_path, llama(1, WIDE), kind, effort, "F32")
    assert {item.kind for item in verdict.operations} == {"quantized", "renamed-tensors"}
    assert verdict.excluded == ("a->b",)


@pytest.mark.parametrize("effort", ["sample", "full"])
@pytest.mark.parametrize("kind", KINDS)
def test_floats_that_hold_what_the_codes_stand_for_show_no_order(kind: str, effort: str, tmp_path: Path) -> None:
    verdict = _verdict(tmp_path, _rounded(llama(1, WIDE), kind), kind, effort)
    assert {item.kind for item in verdict.operations} == {"quantized", "renamed-tensors"}
    assert verdict.excluded == ()


@pytest.mark.parametrize("effort", ["sample", "full"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_was_done_to_decoded_weights_is_named(kind: str, effort: str, tmp_path: Path) -> None:
    ablated = _verdict(tmp_path / "ablated", _ablated(_rounded(llama(1, WIDE), kind)), kind, effort)
    assert "direction-ablated" in {item.kind for item in ablated.operations}
    assert "a->b" not in ablated.excluded
    noised = _verdict(tmp_path / "noised", noisy(_rounded(llama(1, WIDE), kind), 7, 0.3), kind, effort)
    assert "noise-added" in {item.kind for item in noised.operations}
    assert not {"cast", "changed"} & {item.kind for item in noised.operations}
    assert "a->b" not in noised.excluded


@pytest.mark.parametrize("kind", ["Q4_0", "Q5_0"])
def test_a_small_change_of_decoded_weights_is_not_taken_for_rounding(kind: str, tmp_path: Path) -> None:
    verdict = _verdict(tmp_path, noisy(_rounded(llama(1, WIDE), kind), 7, 0.01), kind, "full")
    assert "noise-added" in {item.kind for item in verdict.operations}
    assert "a->b" not in verdict.excluded


@pytest.mark.parametrize("kind", ["Q4_0", "Q5_0"])
def test_a_difference_within_rounding_that_leaves_no_mark_is_no_change(kind: str, tmp_path: Path) -> None:
    """As what is left of gains that were folded and stored in a coarse type."""
    rounded = _rounded(llama(1, WIDE), kind)
    coarser = {name: _with_six_bits(values) for name, values in rounded.items()}
    verdict = _verdict(tmp_path, coarser, kind, "sample")
    assert {item.kind for item in verdict.operations} == {"quantized", "renamed-tensors"}


def _with_six_bits(values: np.ndarray) -> np.ndarray:
    """Mantissas of six bits, each value moved by a quarter of a step at most besides."""
    moved = values * (1 + np.random.default_rng(9).uniform(-1, 1, values.shape) / 256)
    fractions, exponents = np.frexp(moved)
    return np.ldexp(np.round(fractions * 128) / 128, exponents).astype(np.float32)
