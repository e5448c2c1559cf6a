"""One model of the zoo: read from its folder, changed under the zoo's names, written, run by transformers."""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.training.publishing import CONFIG_FILE, read_json, read_weights, write_json, write_weights
from benchmarks.zoo.families import (
    Anatomy,
    Config,
    Family,
    Weights,
    anatomy_of,
    configured,
    family_of,
    restored,
    stored,
)

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel


@dataclass(frozen=True, slots=True)
class Model:
    """A model in memory.

    Attributes:
        family: how its tensors are stored.
        config: its ``config.json``.
        weights: its tensors under the zoo's names, float32.
        tokenizer: name of its tokenizer on the shelf.
        added_tokens: tokens appended to that tokenizer.
    """

    family: Family
    config: Config
    weights: Weights
    tokenizer: str
    added_tokens: tuple[str, ...] = ()

    @property
    def anatomy(self) -> Anatomy:
        """Heads, norms and layers."""
        return anatomy_of(self.config, self.weights, self.family)

    @property
    def dtype(self) -> str:
        """The type in which its weights are stored."""
        return str(self.config["dtype"])

    def with_weights(self, weights: Weights, family: Family | None = None, **fields: object) -> Model:
        """Return the model with other weights, a configuration that fits them, and further fields in it."""
        family = family or self.family
        config = configured({**self.config, **fields}, weights, family, self.anatomy.head_dim)
        return replace(self, family=family, config=config, weights=weights)


def read_model(folder: Path, tokenizer: str, added_tokens: tuple[str, ...] = ()) -> Model:
    """Read a folder that `write_model` wrote in one of the families of the table."""
    config = read_json(folder / CONFIG_FILE)
    family = family_of(str(config["model_type"]))
    return Model(family, config, restored(read_weights(folder), config, family), tokenizer, added_tokens)


def write_model(folder: Path, model: Model) -> None:
    """Write ``config.json`` and ``model.safetensors``, rounded to the type that the configuration names."""
    import torch

    dtype: torch.dtype = getattr(torch, model.dtype)
    tensors = stored(model.weights, model.family, model.anatomy.head_dim)
    write_json(folder / CONFIG_FILE, dict(sorted(model.config.items())))
    # A copy of its own for each: safetensors refuses tensors that share memory.
    write_weights(folder, {name: tensor.detach().to(dtype, copy=True).contiguous() for name, tensor in tensors.items()})


def fresh_model(config: Mapping[str, object], tokenizer: str, seed: int) -> Model:
    """Return an untrained model whose random weights follow from the seed alone.

    Args:
        config: ``model_type``, ``dtype`` and the sizes; transformers fills in the rest.
        tokenizer: name of its tokenizer on the shelf.
        seed: of the initial weights.
    """
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    fields = {key: value for key, value in config.items() if key not in ("dtype", "model_type")}
    described = AutoConfig.for_model(str(config["model_type"]), **fields)
    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_config(described, dtype=torch.float32)
    return from_transformers(model, tokenizer, str(config["dtype"]))


def to_transformers(model: Model) -> PreTrainedModel:
    """Load a model into transformers, float32.

    Raises:
        ValueError: transformers misses a tensor, or finds one that it does not know.
    """
    import torch
    from transformers import AutoModelForCausalLM

    with tempfile.TemporaryDirectory() as scratch, _silent():
        write_model(Path(scratch), replace(model, config={**model.config, "dtype": "float32"}))
        loaded, report = AutoModelForCausalLM.from_pretrained(scratch, dtype=torch.float32, output_loading_info=True)
    amiss = {key: sorted(map(str, names)) for key, names in report.items() if names}
    if amiss:
        raise ValueError(f"transformers cannot load a {model.family.architecture} of the zoo: {amiss}")
    return loaded


def from_transformers(loaded: PreTrainedModel, tokenizer: str, dtype: str) -> Model:
    """Take a model out of transformers under the zoo's names, to be stored as `dtype`."""
    with tempfile.TemporaryDirectory() as scratch, _silent():
        loaded.save_pretrained(scratch)
        model = read_model(Path(scratch), tokenizer)
    config = {key: value for key, value in model.config.items() if key != "transformers_version"}
    return replace(model, config={**config, "dtype": dtype})


def logits(model: Model, ids: torch.Tensor) -> torch.Tensor:
    """The model's logits on token ids, shape (sequences, context), in float32."""
    import torch

    with torch.no_grad():
        result: Any = to_transformers(model).eval()(input_ids=ids).logits
    values: torch.Tensor = result
    return values


def quieten_transformers() -> None:
    """Keep transformers' notes and progress bars off the screen."""
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()


@contextlib.contextmanager
def _silent() -> Any:
    """The same, and what it writes to the error stream all the same."""
    quieten_transformers()
    with contextlib.redirect_stderr(io.StringIO()):
        yield
