"""Formats that are recognised by their names and not read, and what to give instead."""

from __future__ import annotations

import re

from msgspec import Struct


class Foreign(Struct, frozen=True):
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

_FOREIGN: tuple[Foreign, ...] = (
    Foreign(r"tf_model.*\.h5|.*\.(h5|keras)", "TensorFlow or Keras", "give the safetensors or PyTorch version"),
    Foreign(r".*\.msgpack", "Flax", "give the safetensors or PyTorch version"),
    Foreign(r".*\.npz", "NumPy or MLX", "give the safetensors version"),
    Foreign(r".*\.nemo", "a NeMo archive, compressed or beside other weights",
            "unpack it with tar and give model_weights.ckpt, or its export"),
    Foreign(r"(.*/)?(\.metadata|__\d+_\d+\.distcp)|.*\.distcp", "a distributed checkpoint of PyTorch",
            "give its folder alone, with .metadata, or join it with dcp_to_torch_save"),
    Foreign(r"(.*/)?(mp_rank|zero_pp_rank)_.*_optim_states\.pt", "a sharded training state of DeepSpeed",
            "join it with zero_to_fp32.py"),
    Foreign(r"(.*/)?mp_rank_\d+(_\d+)*/model_optim_rng\.pt", "another Megatron checkpoint", "give its folder alone"),
    Foreign(r"(.*/)?openvino_[^/]*\.(xml|bin)|(.*/)?openvino/.*\.bin", "OpenVINO's representation", _ORIGINAL),
    Foreign(r"(.*/)?[^/]*\.mlmodel|(.*/)?[^/]*\.(mlpackage|mlmodelc)/.*", "Core ML", _ORIGINAL),
    Foreign(r".*\.tflite", "TensorFlow Lite", _ORIGINAL),
    Foreign(r".*\.(litertlm|task)", "LiteRT", _ORIGINAL),
    Foreign(r"(.*/)?params_shard_\d+\.bin|(.*/)?(ndarray|tensor)-cache\.json", "MLC's compiled model", _ORIGINAL),
    Foreign(r"rust_model\.ot", "rust-bert's copy", "give the PyTorch version"),
    Foreign(r".*\.(engine|plan)", "a TensorRT engine", _ORIGINAL),
)  # fmt: skip

ONNX = Foreign(r".*\.onnx", "ONNX beside another format", "give its folder to have it read")
CTRANSLATE2 = Foreign(r"model\.bin", "CTranslate2's", "give the model that it was made from")
"""Formats that a name alone does not tell."""

_COMPILED = tuple((re.compile(foreign.pattern, re.IGNORECASE), foreign) for foreign in _FOREIGN)


def foreign_format(name: str) -> Foreign | None:
    """The format of a file that is recognised and not read, or None."""
    return next((foreign for pattern, foreign in _COMPILED if pattern.fullmatch(name)), None)
