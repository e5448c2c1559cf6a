"""The drawn models of the fingerprint benchmarks."""

from __future__ import annotations

import numpy as np

from benchmarks.fingerprints.sizes import SHAPES, Shape, drawn
from lineage_audit.checkpoint import read_checkpoint
from lineage_audit.checkpoint.roles import Role
from lineage_audit.library.fingerprint import sketch, to_bytes
from lineage_audit.library.fingerprint.parameters import SCHEME

TINY = Shape(layers=3, hidden=64, heads=4, kv_heads=2, ffn=96, vocabulary=256)


def test_drawn_weights_are_the_same_at_every_reading() -> None:
    checkpoint = read_checkpoint(drawn("tiny", TINY))
    up = next(tensor for tensor in checkpoint.tensors if tensor.role == Role.UP)
    whole = checkpoint.rows(up, 0, 96)
    assert (checkpoint.rows(up, 0, 96) == whole).all()
    assert 0.01 < float(np.std(whole)) < 0.03
    assert checkpoint.parameters == sum(tensor.size for tensor in checkpoint.tensors)


def test_the_layout_of_a_7b_model_stays_below_two_mebibytes() -> None:
    """By arithmetic: what a full fingerprint keeps of Llama 2 7B, and half a layer's metadata on top."""
    shape = SHAPES["llama-2-7b"]
    packed = SCHEME.numbers // 2
    units = min(SCHEME.units // shape.layers, SCHEME.units_in_layer) * shape.layers
    dimensions = min(SCHEME.dimensions // shape.layers, SCHEME.dimensions_in_layer) * shape.layers
    vectors = 3 * units + 4 * dimensions
    size = vectors * (2 * packed + 4) + 4 * (units + 2 * dimensions)
    size += shape.hidden * packed + SCHEME.gain_bytes + shape.hidden // 2 + SCHEME.tokens * 12 + 4 * SCHEME.signature
    assert size + 64 * 1024 <= 2 * 2**20


def test_a_small_model_takes_what_it_holds() -> None:
    size = len(to_bytes(sketch(read_checkpoint(drawn("tiny", TINY)))))
    assert size < 2**17
