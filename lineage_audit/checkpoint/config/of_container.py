"""The configuration of a model, wherever it stands: beside the weights, or in their own header."""

from __future__ import annotations

from lineage_audit.checkpoint.config.adapter_settings import config_of_adapter
from lineage_audit.checkpoint.config.fields import ArchConfig
from lineage_audit.checkpoint.config.gguf_metadata import config_from_gguf
from lineage_audit.checkpoint.config.reader import read_config
from lineage_audit.checkpoint.formats.container import Container
from lineage_audit.checkpoint.source.base import Source
from lineage_audit.errors import UnreadableFileError


def config_of(source: Source, container: Container) -> tuple[ArchConfig, tuple[str, ...]]:
    """Read the configuration: the weight file's own where it carries one.

    Returns:
        The configuration, and a caveat where the file is damaged: the weights can speak without it.
    """
    if container.adapter is not None:
        return config_of_adapter(container.adapter), ()
    if container.format == "gguf":
        return config_from_gguf(container.values, container.files[0]), ()
    try:
        return read_config(source), ()
    except UnreadableFileError as error:
        return ArchConfig(), (f"configuration left out: {error}",)
