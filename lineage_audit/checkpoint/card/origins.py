"""Base models that files other than the card name: configuration, adapter configuration, merge recipe."""

from __future__ import annotations

from collections.abc import Iterator

from lineage_audit.checkpoint.bounded_json import parse_json
from lineage_audit.checkpoint.card.merge_recipe import claims_of_recipe, is_recipe
from lineage_audit.checkpoint.card.naming import looks_like_repository, named_model
from lineage_audit.checkpoint.card.text_files import TextReader
from lineage_audit.checkpoint.claims import Claim
from lineage_audit.checkpoint.config.values import clean_text
from lineage_audit.errors import UnreadableFileError

_CONFIG, _CONFIG_KEY = "config.json", "_name_or_path"
_ADAPTER, _ADAPTER_KEY = "adapter_config.json", "base_model_name_or_path"


def claims_of_origins(reader: TextReader) -> list[Claim]:
    """Read every base model that is named outside the card."""
    recipes = (claims_of_recipe(reader, file) for file in sorted(reader.source.files) if is_recipe(file))
    return [*_config_claims(reader), *_adapter_claims(reader), *(claim for recipe in recipes for claim in recipe)]


def _config_claims(reader: TextReader) -> Iterator[Claim]:
    """Where the weights were loaded from before they were last saved, as transformers notes it: never a bare word."""
    for value, line in _json_value(reader, _CONFIG, _CONFIG_KEY):
        model = named_model(value)
        if model is not None and looks_like_repository(model):
            yield Claim("base_model", clean_text(model), _CONFIG, line, _CONFIG_KEY, "configuration")


def _adapter_claims(reader: TextReader) -> Iterator[Claim]:
    """The base that an adapter was trained on; a path on somebody's disk says nothing of it."""
    for value, line in _json_value(reader, _ADAPTER, _ADAPTER_KEY):
        model = named_model(value)
        if model is not None:
            yield Claim("base_model", clean_text(model), _ADAPTER, line, _ADAPTER_KEY, "adapter")


def _json_value(reader: TextReader, file: str, key: str) -> Iterator[tuple[str, int]]:
    """The text under a key of a JSON file, and its line."""
    if file not in reader.source.files:
        return
    text = reader.text(file)
    try:
        document = parse_json(text.encode("utf-8"), file)
    except UnreadableFileError:  # the reader of configurations says what is wrong with it
        return
    value = document.get(key) if isinstance(document, dict) else None
    if isinstance(value, str) and value.strip():
        yield value.strip(), text.count("\n", 0, max(text.find(f'"{key}"'), 0)) + 1
