"""Training checkpoints that hold several sets of weights: one is read, the others are named."""

from __future__ import annotations

import io
import sys
from types import ModuleType
from typing import Any

import pytest
import torch

from lineage_audit.checkpoint import read_checkpoint
from lineage_audit.checkpoint.formats import read_container
from lineage_audit.checkpoint.left_out import LeftOut
from lineage_audit.errors import UnresolvedReferenceError, UnsupportedFormatError
from tests.checkpoint.memory_source import MemorySource


def saved(content: Any) -> MemorySource:
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return MemorySource({"model.pt": buffer.getvalue()})


def weights(value: float) -> dict[str, torch.Tensor]:
    return {"layers.0.up.weight": torch.full((8, 4), value), "norm.weight": torch.full((4,), value)}


def left(content: Any, wanted: str | None = None) -> tuple[LeftOut, ...]:
    return read_container(saved(content), wanted).left_out


@pytest.mark.parametrize(
    ("first", "second"),
    [("model", "ema"), ("state_dict", "state_dict_ema"), ("params", "params_ema"), ("model", "discriminator")],
)
def test_a_second_set_is_named_and_settles_nothing(first: str, second: str) -> None:
    found = left({first: weights(1), second: weights(2), "step": 7})
    assert [(one.settles, repr(second) in one.sentence, f"--weights {second}" in one.sentence) for one in found] == [
        (False, True, True)
    ]
    assert found[0].bytes == torch.int64.itemsize * (8 * 4 + 4), "what is left out counts among what is stored"


def test_a_set_is_read_by_its_name() -> None:
    content = {"model": weights(1), "ema": weights(2)}
    for name, value in (("model", 1.0), ("ema", 2.0)):
        model = read_checkpoint(saved(content), name)
        norm = next(tensor for tensor in model.tensors if len(tensor.shape) == 1)
        assert model.rows(norm, 0, 4).tolist() == [value] * 4
        assert all(one.settles for one in model.left_out)


def test_a_set_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(UnresolvedReferenceError, match="no set of weights named 'x'; there are: 'ema', 'model'"):
        left({"model": weights(1), "ema": weights(2)}, "x")


def test_the_moments_of_an_optimiser_are_no_weights() -> None:
    state = {"state": {0: {"exp_avg": torch.zeros(8, 4)}}}
    assert left({"model": weights(1), "optimizer": state, "optimizer_states": [state], "step": torch.zeros(1)}) == ()


def test_a_set_that_shares_its_bytes_is_the_same_set() -> None:
    one = weights(1)
    assert left({"model": one, "ema": dict(one)}) == ()


@pytest.mark.parametrize("module", ["pytorch_lightning.utilities.parsing", "lightning.fabric.utilities.data"])
def test_a_checkpoint_of_lightning_is_read(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = type("AttributeDict", (dict,), {"__module__": module})
    parts = module.split(".")
    for place in (".".join(parts[:count]) for count in range(1, len(parts) + 1)):
        monkeypatch.setitem(sys.modules, place, ModuleType(place))
    monkeypatch.setattr(sys.modules[module], "AttributeDict", settings, raising=False)
    content = {
        "pytorch-lightning_version": "2.5",
        "state_dict": {"model.layers.0.up.weight": torch.ones(64, 4), "model.norm.weight": torch.ones(4)},
        "hyper_parameters": settings(rate=1e-3, sizes=settings(width=4)),
        "optimizer_states": [{"state": {0: {"exp_avg": torch.zeros(8, 4)}}}],
        "callbacks": {"ModelCheckpoint{'monitor': None}": {"best_model_score": torch.tensor(0.5)}},
    }
    model = read_checkpoint(saved(content))
    assert [tensor.name for tensor in model.tensors] == ["model.layers.0.up.weight", "model.norm.weight"]
    assert not model.unsettled


@pytest.mark.parametrize("name", ["_flat_param", "layers.0._fsdp_wrapped_module._flat_param", "flat_param_0"])
def test_parameters_laid_end_to_end_are_refused_with_the_reason(name: str) -> None:
    with pytest.raises(UnsupportedFormatError, match="laid end to end by FSDP or DeepSpeed; give the checkpoint"):
        left({"model": {name: torch.zeros(100)}})
