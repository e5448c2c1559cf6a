"""Adapters: small files of updates to a base model that they do not hold.

``settings.py`` reads what the adapter says of itself, ``parts.py`` what each of its tensors is for. An adapter alone
is a checkpoint of adapter tensors; ``composed/`` puts it on its base.
"""

from lineage_audit.checkpoint.adapter.other_parts import OtherParts
from lineage_audit.checkpoint.adapter.parts import AdapterParts, LowRankPair, read_parts
from lineage_audit.checkpoint.adapter.settings import AdapterSettings, read_settings, settings_of_gguf

__all__ = [
    "AdapterParts",
    "AdapterSettings",
    "LowRankPair",
    "OtherParts",
    "read_parts",
    "read_settings",
    "settings_of_gguf",
]
