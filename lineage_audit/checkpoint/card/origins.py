"""Base models that files other than the card name: configuration, adapter configuration, merge recipe."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from lineage_audit.checkpoint.bounded_json import parse_json
from lineage_audit.checkpoint.card.text_files import TextReader, compose_yaml
from lineage_audit.checkpoint.claims import Claim
from lineage_audit.checkpoint.config.values import clean_text
from lineage_audit.errors import UnreadableFileError

if TYPE_CHECKING:
    from yaml import Node

_CONFIG, _CONFIG_KEY = "config.json", "_name_or_path"
_ADAPTER, _ADAPTER_KEY = "adapter_config.json", "base_model_name_or_path"
_MERGE_RECIPES = ("mergekit_config.yml", "mergekit_config.yaml", "mergekit_moe_config.yml")
_MODEL_KEYS = {"model": "models", "source_model": "models", "base_model": "base_model"}
_NODE_LIMIT = 20_000
_MODEL_LIMIT = 100

_REPOSITORY_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
_LOCAL_FOLDERS = frozenset(
    {
        "checkpoint",
        "checkpoints",
        "ckpt",
        "ckpts",
        "data",
        "dev",
        "home",
        "llm",
        "mnt",
        "model",
        "models",
        "opt",
    }
    | {"out", "output", "outputs", "pretrained", "results", "root", "runs", "saved", "saves", "tmp", "train"}
    | {"weights", "work", "workspace"}
)
_CHECKPOINT = re.compile(r"checkpoint-\d+|step[-_]?\d+|epoch[-_]?\d+", re.IGNORECASE)


def claims_of_origins(reader: TextReader) -> list[Claim]:
    """Read every base model that is named outside the card."""
    return [*_config_claims(reader), *_adapter_claims(reader), *_merge_claims(reader)]


def looks_like_repository(name: str) -> bool:
    """Whether a name is of the form ``org/name`` and not a local folder that tells nothing."""
    if not _REPOSITORY_ID.fullmatch(name):
        return False
    owner, model = name.split("/")
    return owner.lower() not in _LOCAL_FOLDERS and not _CHECKPOINT.fullmatch(model)


def _config_claims(reader: TextReader) -> Iterator[Claim]:
    """Where the weights were loaded from before they were last saved, as transformers notes it."""
    for claim in _json_claim(reader, _CONFIG, _CONFIG_KEY):
        if looks_like_repository(claim.value):
            yield claim


def _adapter_claims(reader: TextReader) -> Iterator[Claim]:
    yield from _json_claim(reader, _ADAPTER, _ADAPTER_KEY)


def _json_claim(reader: TextReader, file: str, key: str) -> Iterator[Claim]:
    if file not in reader.source.files:
        return
    text = reader.text(file)
    try:
        document = parse_json(text.encode("utf-8"), file)
    except UnreadableFileError as error:
        reader.caveats.append(f"left out: {error}")
        return
    value = document.get(key) if isinstance(document, dict) else None
    if isinstance(value, str) and value.strip():
        line = text.count("\n", 0, max(text.find(f'"{key}"'), 0)) + 1
        yield Claim("base_model", clean_text(value.strip()), file, line, key)


def _merge_claims(reader: TextReader) -> Iterator[Claim]:
    """Every model of a merge recipe once, at the line that names it first."""
    for file in _MERGE_RECIPES:
        if file not in reader.source.files:
            continue
        root = compose_yaml(reader.text(file), file, reader.caveats)
        seen: set[tuple[str, str]] = set()
        for field, node in sorted(_model_nodes(root), key=lambda found: found[1].start_mark.line):
            value = clean_text(node.value.strip())
            if (field, value) not in seen and len(seen) < _MODEL_LIMIT:
                seen.add((field, value))
                yield Claim("base_model", value, file, node.start_mark.line + 1, field)


def _model_nodes(root: Node | None) -> Iterator[tuple[str, Node]]:
    """Scalars under the keys that name models; no node is visited twice."""
    import yaml

    pending = [root] if root is not None else []
    visited: set[int] = set()
    while pending and len(visited) < _NODE_LIMIT:
        node = pending.pop()
        if id(node) in visited:
            continue
        visited.add(id(node))
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if isinstance(key, yaml.ScalarNode) and isinstance(value, yaml.ScalarNode):
                    if key.value in _MODEL_KEYS and value.value.strip():
                        yield _MODEL_KEYS[key.value], value
                else:
                    pending.append(value)
        elif isinstance(node, yaml.SequenceNode):
            pending += node.value
