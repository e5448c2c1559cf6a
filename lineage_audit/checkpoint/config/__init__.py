"""A model's configuration in one vocabulary, whatever its architecture calls things."""

from __future__ import annotations

from lineage_audit.checkpoint.config.fields import ArchConfig, FieldOrigin, FieldValue
from lineage_audit.checkpoint.config.fields_table import FIELDS
from lineage_audit.checkpoint.config.reader import config_from_mapping, read_config
from lineage_audit.checkpoint.config.shapes import complete_from_shapes

__all__ = [
    "FIELDS",
    "ArchConfig",
    "FieldOrigin",
    "FieldValue",
    "complete_from_shapes",
    "config_from_mapping",
    "read_config",
]
