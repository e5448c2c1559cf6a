"""Special and added tokens that stand beside the tokenizer file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from lineage_audit.checkpoint.bounded_json import parse_json
from lineage_audit.checkpoint.source.base import Source, read_whole
from lineage_audit.checkpoint.tokenizer.token_table import valid_id

_DECODER_FILE = "tokenizer_config.json"
_ADDED_FILE = "added_tokens.json"
_SPECIAL_FILES = ("special_tokens_map.json", _DECODER_FILE)
_SPECIAL_KEYS = (
    "bos_token",
    "eos_token",
    "unk_token",
    "sep_token",
    "pad_token",
    "cls_token",
    "mask_token",
    "additional_special_tokens",
)


class StatedTokens(Struct, frozen=True):
    """Added tokens with their ids, and texts called special without one."""

    added: Mapping[str, int]
    special: frozenset[str]


def stated_tokens(source: Source) -> StatedTokens:
    """Read ``added_tokens.json``, ``special_tokens_map.json`` and ``tokenizer_config.json``.

    Raises:
        UnreadableFileError: one of them is not JSON of bounded size and nesting.
    """
    documents = {file: _object(source, file) for file in (_ADDED_FILE, *_SPECIAL_FILES) if file in source.files}
    added = {
        text: number
        for text, number in documents.get(_ADDED_FILE, {}).items()
        if isinstance(number, int) and valid_id(number)
    }
    decoder = documents.get(_DECODER_FILE, {}).get("added_tokens_decoder")
    if isinstance(decoder, Mapping):
        added |= _decoded(decoder)
    special = {
        text for file in _SPECIAL_FILES for key in _SPECIAL_KEYS for text in _texts(documents.get(file, {}).get(key))
    }
    return StatedTokens(added, frozenset(special))


def _object(source: Source, file: str) -> Mapping[str, object]:
    value = parse_json(read_whole(source, file), file)
    return value if isinstance(value, dict) else {}


def _decoded(decoder: Mapping[object, object]) -> dict[str, int]:
    """Read ``{"32000": {"content": "<|end|>"}}``."""
    added: dict[str, int] = {}
    for key, value in decoder.items():
        if isinstance(key, str) and key.isascii() and key.isdigit() and len(key) <= 10:
            number = int(key)
            for text in _texts(value):
                if valid_id(number):
                    added[text] = number
    return added


def _texts(value: object) -> Iterator[str]:
    """Texts of a token, a token object, or a list of either."""
    if isinstance(value, str):
        if value:
            yield value
    elif isinstance(value, Mapping):
        content = value.get("content")
        if isinstance(content, str) and content:
            yield content
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, str | Mapping):
                yield from _texts(item)
