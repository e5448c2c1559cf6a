"""Names of shards that tell what they are part of, without an index beside them."""

from __future__ import annotations

import re

_GGUF_SHARD = re.compile(r"-\d{5}-of-\d{5}(?=\.gguf$)", re.IGNORECASE)


def gguf_model(name: str) -> str:
    """What the shards of one GGUF model share: the name without the shard's number."""
    return _GGUF_SHARD.sub("", name)
