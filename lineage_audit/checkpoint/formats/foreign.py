"""Formats that are recognised by their names and not read, and what to give instead."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class _Foreign:
    """A format.

    Attributes:
        pattern: the names of its files, folders included.
        name: what it is called.
        instead: what to give in its place.
    """

    pattern: str
    name: str
    instead: str


_ORIGINAL = "give the model that it was converted from"

_FOREIGN: tuple[_Foreign, ...] = (
    _Foreign(r"tf_model.*\.h5|.*\.(h5|keras)", "TensorFlow or Keras", "give the safetensors or PyTorch version"),
    _Foreign(r".*\.msgpack", "Flax", "give the safetensors or PyTorch version"),
    _Foreign(r".*\.npz", "NumPy or MLX", "give the safetensors version"),
    _Foreign(r".*\.nemo", "a NeMo archive, compressed or beside other weights",
            "unpack it with tar and give model_weights.ckpt, or its export"),
    _Foreign(r"(.*/)?(\.metadata|__\d+_\d+\.distcp)|.*\.distcp", "a distributed checkpoint of PyTorch",
            "join it with torch.distributed.checkpoint.format_utils.dcp_to_torch_save"),
    _Foreign(r"(.*/)?(mp_rank|zero_pp_rank)_.*_optim_states\.pt", "a sharded training state of DeepSpeed",
            "join it with zero_to_fp32.py"),
    _Foreign(r"(.*/)?mp_rank_\d+(_\d+)?/model_optim_rng\.pt", "a Megatron checkpoint", "give its Hugging Face export"),
    _Foreign(r"(.*/)?openvino_[^/]*\.(xml|bin)|(.*/)?openvino/.*\.bin", "OpenVINO's representation", _ORIGINAL),
    _Foreign(r"(.*/)?[^/]*\.mlmodel|(.*/)?[^/]*\.(mlpackage|mlmodelc)/.*", "Core ML", _ORIGINAL),
    _Foreign(r".*\.tflite", "TensorFlow Lite", _ORIGINAL),
    _Foreign(r".*\.(litertlm|task)", "LiteRT", _ORIGINAL),
    _Foreign(r"(.*/)?params_shard_\d+\.bin|(.*/)?(ndarray|tensor)-cache\.json", "MLC's compiled model", _ORIGINAL),
    _Foreign(r"rust_model\.ot", "rust-bert's copy", "give the PyTorch version"),
    _Foreign(r".*\.(engine|plan)", "a TensorRT engine", _ORIGINAL),
)  # fmt: skip

_COMPILED = tuple((re.compile(foreign.pattern, re.IGNORECASE), foreign) for foreign in _FOREIGN)


def foreign_format(name: str) -> _Foreign | None:
    """The format of a file that is recognised and not read, or None."""
    return next((foreign for pattern, foreign in _COMPILED if pattern.fullmatch(name)), None)
