"""What a repository states of its quantisation, wherever the quantiser wrote it."""

from __future__ import annotations

from collections.abc import Mapping

from lineage_audit.checkpoint.bounded_json import parse_json_object
from lineage_audit.checkpoint.config.values import lookup
from lineage_audit.checkpoint.source.base import Source, read_whole
from lineage_audit.errors import UnreadableFileError

_IN_CONFIG = (
    "quantization_config",
    "compression_config",
    "text_config.quantization_config",
    "quantization",
)
_FILES = ("quantize_config.json", "quant_config.json")


def read_settings(source: Source) -> Mapping[str, object]:
    """Return the first object found, or an empty one; nothing about its content is taken for granted.

    A damaged file states nothing: the stored tensors decide what they are.
    """
    if "config.json" in source.files:
        config = _object(source, "config.json")
        for path in _IN_CONFIG:
            found = lookup(config, path)
            if isinstance(found, Mapping):
                return found
    for file in _FILES:
        if file in source.files:
            return _object(source, file)
    return {}


def _object(source: Source, file: str) -> Mapping[str, object]:
    try:
        return parse_json_object(read_whole(source, file), file)
    except UnreadableFileError:
        return {}
