"""Two hundred matrices in every grid, stored by the scheme's own code, and held against originals."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import gguf
import torch
from safetensors.torch import save

from lineage_audit.checkpoint import Checkpoint, read_checkpoint
from lineage_audit.comparison.pairing.tensors import pair_tensors
from lineage_audit.comparison.progress import NoProgress
from lineage_audit.comparison.reading.measurement import measure_all
from lineage_audit.comparison.reading.plan import plan_reading
from lineage_audit.comparison.requantized import ask_requantization
from lineage_audit.results import Requantization
from tests.checkpoint.formats.gguf_files import write_gguf
from tests.checkpoint.memory_source import MemorySource
from tests.checkpoint.quantization.schemes import rounded
from tests.comparison.requantized.layouts import awq_layout
from tests.comparison.requantized.published import activations, awq_factors, gptq
from tests.comparison.requantized.quantisers import QUANTISERS, Quantiser, Tensors, matrix

MATRICES = 200
EDITED = 137
ROWS, COLUMNS, GROUP = 32, 256, 32

_GGUF_TYPES = ("Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "TQ1_0", "TQ2_0", "MXFP4")


@dataclass(frozen=True, slots=True)
class Case:
    """One grid.

    Attributes:
        dtype: the originals' type.
        store: originals to a model that holds them on the grid.
        is_installed: whether the scheme's own code is there.
    """

    dtype: torch.dtype
    store: Callable[[Mapping[str, torch.Tensor]], Checkpoint]
    is_installed: bool = True

    def stored(self) -> Checkpoint:
        """The quantised model."""
        return self.store(self._originals(1))

    def held(self, stored: Checkpoint, seed: int = 1, tuned: float = 0.0, *, edit: bool = False) -> Requantization:
        """Originals of a seed, changed by so much of their size, or edited, against the quantised model."""
        originals = self._originals(seed)
        if tuned:
            originals = {name: _tuned(one, number, tuned) for number, (name, one) in enumerate(originals.items())}
        if edit:
            originals[_name(EDITED)][17, 40:44] = originals[_name(EDITED)][17, 40:44].roll(1)
        a = _in_memory({f"{name}.weight": one for name, one in originals.items()})
        readings = plan_reading(pair_tensors(a, stored).pairs, "full")
        found = ask_requantization(a, stored, measure_all(a, stored, readings, NoProgress()).values(), is_whole=True)
        assert found is not None, "one model is on a grid"
        return found

    def _originals(self, seed: int) -> dict[str, torch.Tensor]:
        return {
            _name(number): torch.from_numpy(matrix(ROWS, COLUMNS, 1000 * seed + number)).to(self.dtype)
            for number in range(MATRICES)
        }


def _name(number: int) -> str:
    return f"model.layers.{number}.mlp.up_proj"


def _tuned(weights: torch.Tensor, number: int, size: float) -> torch.Tensor:
    """Every number changed a little, by so much of the weights' size on average."""
    change = torch.from_numpy(matrix(*weights.shape, 5000 + number))
    return (weights.float() + size * change).to(weights.dtype)


def _in_memory(tensors: Mapping[str, torch.Tensor]) -> Checkpoint:
    files = {"model.safetensors": save({name: one.contiguous() for name, one in tensors.items()})}
    return read_checkpoint(MemorySource({**files, "config.json": json.dumps({"model_type": "llama"})}))


def _by(quantise: Callable[[torch.Tensor], Tensors], originals: Mapping[str, torch.Tensor]) -> Checkpoint:
    return _in_memory({name + end: one for name, own in originals.items() for end, one in quantise(own).items()})


def _as_gguf(kind: str, originals: Mapping[str, torch.Tensor]) -> Checkpoint:
    names = {name: f"blk.{number}.ffn_up.weight" for number, name in enumerate(originals)}
    with TemporaryDirectory() as folder:
        path = write_gguf(
            Path(folder) / "model.gguf",
            {names[name]: one.float().numpy() for name, one in originals.items()},
            gguf.GGMLQuantizationType[kind],
            config={"num_hidden_layers": MATRICES},
        )
        content = path.read_bytes()
    return read_checkpoint(MemorySource({"model.gguf": content}))


def _gptq(original: torch.Tensor) -> Tensors:
    codes, scales, zeros = gptq(original.float().numpy(), activations(COLUMNS), GROUP)
    return awq_layout(codes, scales, zeros)


def _awq(original: torch.Tensor) -> Tensors:
    weights = original.float().numpy()
    return awq_layout(*rounded(weights * awq_factors(weights, activations(COLUMNS), GROUP), 4, GROUP))


def _plainly(original: torch.Tensor) -> Tensors:
    return awq_layout(*rounded(original.float().numpy(), 4, GROUP))


def _of_library(quantiser: Quantiser) -> Case:
    return Case(quantiser.dtype, partial(_by, quantiser.quantise), quantiser.is_installed)


CASES: Mapping[str, Case] = {
    **{f"GGUF {kind}": Case(torch.float16, partial(_as_gguf, kind)) for kind in _GGUF_TYPES},
    **{name: _of_library(quantiser) for name, quantiser in QUANTISERS.items()},
    "AWQ's layout, plain rounding": Case(torch.float16, partial(_by, _plainly)),
    "GPTQ": Case(torch.float16, partial(_by, _gptq)),
    "AWQ": Case(torch.float16, partial(_by, _awq)),
}
