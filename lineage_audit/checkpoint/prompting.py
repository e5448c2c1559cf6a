"""What turns a conversation into tokens, and how the next is drawn: chat templates and generation settings.

A template is a program that a repository brings along. Whoever copies a model copies it, and whoever tampers with it
changes what the model is asked without touching a weight; it is read here and never run.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from msgspec import Struct, field

from lineage_audit.checkpoint.bounded_json import parse_json
from lineage_audit.checkpoint.checkpoint import Checkpoint
from lineage_audit.checkpoint.source.base import Source, read_whole
from lineage_audit.errors import LineageAuditError

_DEFAULT = "default"
"""Name of the template that is used where none is asked for."""
_TEMPLATE, _MORE_TEMPLATES = "chat_template.jinja", "additional_chat_templates"
_IN_JSON = ("chat_template.json", "tokenizer_config.json")
_GENERATION = "generation_config.json"
_NO_SETTINGS = frozenset({"transformers_version", "_from_model_config"})
"""Keys of generation settings that set nothing."""
_GGUF_KEY = "tokenizer.chat_template"
_LARGEST = 2**20
_MOST = 50


class Stated(Struct, frozen=True):
    """A text and the file that it stands in."""

    text: str
    file: str


class Prompting(Struct, frozen=True):
    """Templates and settings by their names; of two places that state one, the place that the libraries prefer."""

    templates: Mapping[str, Stated] = field(default_factory=dict)
    settings: Mapping[str, Stated] = field(default_factory=dict)


def read_prompting(checkpoint: Checkpoint) -> Prompting:
    """Read what a model's files say; a file that cannot be read says nothing."""
    source = checkpoint.source
    found: dict[str, Stated] = {}
    inside = _in_gguf(checkpoint.container.values, checkpoint.container.files)
    for name, stated in (*_in_files(source), *_in_json(source), *inside):
        if len(found) < _MOST:
            found.setdefault(name, stated)
    return Prompting(found, dict(_settings(source)))


def _in_files(source: Source) -> Iterator[tuple[str, Stated]]:
    for file in sorted(source.files):
        path = PurePosixPath(file)
        named = path.stem if path.suffix == ".jinja" and str(path.parent) == _MORE_TEMPLATES else None
        name = _DEFAULT if file == _TEMPLATE else named
        text = _read(source, file) if name is not None else None
        if name is not None and text:
            yield name, Stated(text.decode("utf-8", "replace"), file)


def _in_json(source: Source) -> Iterator[tuple[str, Stated]]:
    """Templates under ``chat_template``: one text, or several with their names."""
    for file in _IN_JSON:
        stated = _object(source, file).get("chat_template")
        if isinstance(stated, str):
            yield _DEFAULT, Stated(stated, file)
        for item in stated if isinstance(stated, list) else ():
            if isinstance(item, dict) and isinstance(item.get("template"), str):
                yield str(item.get("name", _DEFAULT))[:100], Stated(item["template"], file)


def _in_gguf(values: Mapping[str, object], files: tuple[str, ...]) -> Iterator[tuple[str, Stated]]:
    for key, value in values.items():
        if isinstance(value, str) and (key == _GGUF_KEY or key.startswith(_GGUF_KEY + ".")):
            yield key.removeprefix(_GGUF_KEY).removeprefix(".") or _DEFAULT, Stated(value, files[0])


def _settings(source: Source) -> Iterator[tuple[str, Stated]]:
    for key, value in sorted(_object(source, _GENERATION).items()):
        if key not in _NO_SETTINGS:
            yield str(key)[:100], Stated(json.dumps(value, sort_keys=True)[:200], _GENERATION)


def _object(source: Source, file: str) -> dict[str, object]:
    """The object of a JSON file; an empty one where there is none."""
    data = _read(source, file)
    if data is None:
        return {}
    try:
        document = parse_json(data, file)
    except LineageAuditError:
        return {}
    return document if isinstance(document, dict) else {}


def _read(source: Source, file: str) -> bytes | None:
    if file not in source.files or source.files[file].size > _LARGEST:
        return None
    try:
        return read_whole(source, file, _LARGEST)
    except LineageAuditError:
        return None
