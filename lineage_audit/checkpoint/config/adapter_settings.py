"""An adapter's settings as a configuration, so that reports show them where a model's architecture stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineage_audit.checkpoint.config.fields import ArchConfig, FieldValue

if TYPE_CHECKING:
    from lineage_audit.checkpoint.adapter.settings import AdapterSettings

_FILE = "adapter_config.json"


def config_of_adapter(settings: AdapterSettings) -> ArchConfig:
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
        _FILE,
    )
