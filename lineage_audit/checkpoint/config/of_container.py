"""The configuration of a model, wherever it stands: beside the weights, in their header, in an adapter's settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineage_audit.checkpoint.config.fields import ArchConfig, FieldValue
from lineage_audit.checkpoint.config.gguf_metadata import config_from_gguf
from lineage_audit.checkpoint.config.megatron_arguments import config_from_megatron
from lineage_audit.checkpoint.config.reader import read_config
from lineage_audit.checkpoint.formats.container import Container
from lineage_audit.checkpoint.source.base import Source
from lineage_audit.errors import UnreadableFileError

if TYPE_CHECKING:
    from lineage_audit.checkpoint.adapter.settings import AdapterSettings


_ADAPTER_FILE = "adapter_config.json"


def config_of(source: Source, container: Container) -> tuple[ArchConfig, tuple[str, ...]]:
    """Read the configuration: the weight file's own where it carries one.

    Returns:
        The configuration, and a caveat where the file is damaged: the weights can speak without it.
    """
    if container.adapter is not None:
        return _config_of_adapter(container.adapter), ()
    if container.format == "gguf":
        return config_from_gguf(container.values, container.files[0]), ()
    if container.format in ("megatron", "distcp") and container.values:
        return config_from_megatron(container.values, container.files[0]), ()
    try:
        return read_config(source), ()
    except UnreadableFileError as error:
        return ArchConfig(), (f"configuration left out: {error}",)


def _config_of_adapter(settings: AdapterSettings) -> ArchConfig:
    """The settings as a configuration: what an adapter is called, and how it was made."""
    rank = f", rank {settings.rank}" if settings.rank is not None else ""
    stated: dict[str, FieldValue] = {
        "r": settings.rank,
        "lora_alpha": settings.alpha,
        "alpha_pattern": tuple(settings.alphas),
        "init_lora_weights": settings.start,
        "fan_in_fan_out": settings.fan_in_fan_out,
        "target_modules": settings.targets,
        "base_model_name_or_path": settings.base,
    }
    return ArchConfig(
        {"architecture": f"{settings.name} adapter{rank}"},
        {"architecture": "stated"},
        {name: value for name, value in stated.items() if value not in (None, (), False)},
        _ADAPTER_FILE,
    )
