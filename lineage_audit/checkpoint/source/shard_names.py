"""Names of shards that tell what they are part of, without an index beside them."""

from __future__ import annotations

import re

_GGUF_SHARD = re.compile(r"-\d{5}-of-\d{5}(?=\.gguf$)", re.IGNORECASE)

_SHARD = re.compile(r"[-_.](?P<number>\d{4,5})-of-(?P<count>\d{4,5})(?=[.-])", re.IGNORECASE)

_NUMBERED = re.compile(r"(?P<stem>.*)-\d{5}-of-(?P<count>\d{5})(?P<end>\.gguf)", re.IGNORECASE | re.DOTALL)
_MOST_SHARDS = 1000


def shard_model(name: str) -> str:
    """What the shards of one model of any format share: the name without the shard's number."""
    return _SHARD.sub("", name)


def shard_number(name: str) -> tuple[int, int] | None:
    """A shard's number, counted from 1, and how many there are; None for a name that says neither."""
    found = _SHARD.search(name)
    return (int(found["number"]), int(found["count"])) if found is not None else None


def gguf_model(name: str) -> str:
    """What the shards of one GGUF model share: the name without the shard's number."""
    return _GGUF_SHARD.sub("", name)


def gguf_shards(name: str) -> tuple[str, ...]:
    """All shards of the model that a GGUF file is of, the file itself first; a file of any other name alone."""
    found = _NUMBERED.fullmatch(name)
    count = int(found["count"]) if found is not None else 1
    if found is None or not 1 < count <= _MOST_SHARDS:
        return (name,)
    shards = (f"{found['stem']}-{number:05}-of-{count:05}{found['end']}" for number in range(1, count + 1))
    return (name, *(shard for shard in shards if shard != name))
