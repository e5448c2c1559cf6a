"""How large fingerprints are, and what they cost, at the true shapes of published models with random weights.

Run from the project's root: ``python -m benchmarks.fingerprints.sizes [--shape NAME ...]``. Weights are drawn as they
are read, so nothing is held; the layers of the deep shapes are all sketched.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from lineage_audit.checkpoint import read_checkpoint
from lineage_audit.checkpoint.source.base import ByteRange, SourceFile
from lineage_audit.library.fingerprint import sketch, to_bytes


@dataclass(frozen=True, slots=True)
class Shape:
    """A model's dimensions."""

    layers: int
    hidden: int
    heads: int
    kv_heads: int
    ffn: int
    vocabulary: int


SHAPES: Mapping[str, Shape] = {
    "llama-2-7b": Shape(32, 4096, 32, 32, 11008, 32000),
    "mistral-7b": Shape(32, 4096, 32, 8, 14336, 32000),
    "qwen2.5-7b": Shape(28, 3584, 28, 4, 18944, 152064),
    "llama-3-8b": Shape(32, 4096, 32, 8, 14336, 128256),
    "llama-2-70b": Shape(80, 8192, 64, 8, 28672, 32000),
}


@dataclass
class DrawnSource:
    """A model whose weight file exists only as noise that is made when it is read."""

    ref: str
    header: bytes
    config: bytes
    size: int
    revision: str | None = None
    is_local: bool = True
    bytes_read: int = 0
    _noise: bytes = field(default=b"", repr=False)

    @property
    def files(self) -> Mapping[str, SourceFile]:
        """Two files."""
        return {
            "config.json": SourceFile(len(self.config)),
            "model.safetensors": SourceFile(len(self.header) + self.size),
        }

    def read_ranges(self, ranges: Sequence[ByteRange]) -> list[bytes]:
        """Header and configuration as they are, the rest drawn."""
        return [self._read(one) for one in ranges]

    def _read(self, one: ByteRange) -> bytes:
        self.bytes_read += one.stop - one.start
        if one.file == "config.json":
            return self.config[one.start : one.stop]
        head = self.header[one.start : one.stop]
        return head + self._drawn(one.stop - one.start - len(head), one.start)

    def _drawn(self, count: int, start: int) -> bytes:
        """Bfloat16 noise: a pool of it from a place that the offset decides."""
        if not self._noise:
            values = np.random.default_rng(0).standard_normal(2**23, dtype=np.float32) * np.float32(0.02)
            self._noise = (values.view(np.uint32) >> 16).astype("<u2").tobytes()
        first = (start * 40503) % (len(self._noise) // 2) // 2 * 2
        begun = self._noise[first : first + count]
        left = count - len(begun)
        return begun + (self._noise * (left // len(self._noise) + 1))[:left] if left else begun


def drawn(name: str, shape: Shape) -> DrawnSource:
    """A Llama of this shape."""
    header, offset = {}, 0
    for tensor, dims in _tensors(shape).items():
        size = int(np.prod(dims)) * 2
        header[tensor] = {"dtype": "BF16", "shape": list(dims), "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": shape.hidden,
        "intermediate_size": shape.ffn,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads,
        "vocab_size": shape.vocabulary,
    }
    return DrawnSource(name, len(text).to_bytes(8, "little") + text, json.dumps(config).encode(), offset)


def _tensors(shape: Shape) -> dict[str, tuple[int, ...]]:
    kv = shape.hidden // shape.heads * shape.kv_heads
    found: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (shape.vocabulary, shape.hidden)}
    for layer in range(shape.layers):
        at = f"model.layers.{layer}."
        found |= {
            at + "self_attn.q_proj.weight": (shape.hidden, shape.hidden),
            at + "self_attn.k_proj.weight": (kv, shape.hidden),
            at + "self_attn.v_proj.weight": (kv, shape.hidden),
            at + "self_attn.o_proj.weight": (shape.hidden, shape.hidden),
            at + "mlp.gate_proj.weight": (shape.ffn, shape.hidden),
            at + "mlp.up_proj.weight": (shape.ffn, shape.hidden),
            at + "mlp.down_proj.weight": (shape.hidden, shape.ffn),
            at + "input_layernorm.weight": (shape.hidden,),
            at + "post_attention_layernorm.weight": (shape.hidden,),
        }
    return found | {"model.norm.weight": (shape.hidden,), "lm_head.weight": (shape.vocabulary, shape.hidden)}


def main() -> int:
    """Print one line a shape and effort; exit with 1 if a 7B fingerprint is larger than 2 MiB."""
    options = _options()
    too_large = 0
    for name in options.shape:
        for effort in options.effort:
            source = drawn(name, SHAPES[name])
            checkpoint = read_checkpoint(source)
            started = time.perf_counter()
            size = len(to_bytes(sketch(checkpoint, effort)))
            seconds = time.perf_counter() - started
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
            parameters = checkpoint.parameters / 1e9
            print(
                f"{name} ({parameters:.1f}B), {effort}: {size:,} bytes ({size / 2**20:.2f} MiB), {seconds:.0f} s, "
                f"{source.bytes_read / 2**20:,.0f} MiB read, peak {peak:,.0f} MiB",
                flush=True,
            )
            too_large += size > 2 * 2**20 and parameters < 9
    return int(too_large > 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--shape", nargs="+", choices=sorted(SHAPES), default=["llama-2-7b"], help="default: llama-2-7b"
    )
    parser.add_argument("--effort", nargs="+", choices=["full", "sample"], default=["sample", "full"])
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
