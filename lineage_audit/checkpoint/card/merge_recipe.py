"""The models of a merge recipe in any of its spellings: slices, models, experts, ``base+lora``, several documents."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from lineage_audit.checkpoint.card.naming import named_model
from lineage_audit.checkpoint.card.text_files import TextReader, UnreadableYamlError, compose_all_yaml
from lineage_audit.checkpoint.claims import Claim
from lineage_audit.checkpoint.config.values import clean_text

if TYPE_CHECKING:
    from yaml import Node, ScalarNode

_FILE = re.compile(
    r"merge(?:kit)?[-_](?:moe[-_]|multi[-_])?(?:config|recipe)\.ya?ml|(?:mergekit|merge|recipe)\.ya?ml", re.IGNORECASE
)
_FIELDS: Mapping[str, str] = {
    "model": "models",
    "models": "models",
    "source_model": "models",
    "lora": "models",
    "base_model": "base_model",
}
"""Keys under which a recipe names models -> the field of the claim. What they hold may be a word, a list, a mapping."""
_PATH_KEYS = frozenset({"path", "model", "lora"})
"""Keys by which a mapping in a model's place names it."""
_NODE_LIMIT = 20_000
_MODEL_LIMIT = 100


def is_recipe(file: str) -> bool:
    """Whether a file in the root is called like a merge recipe."""
    return _FILE.fullmatch(file) is not None


def claims_of_recipe(reader: TextReader, file: str) -> list[Claim]:
    """Every model of a recipe once, at the line that names it first; what another of its documents makes is none.

    A model may stand with an adapter, ``base+lora``, and each with its revision, ``base@main``.
    """
    try:
        roots = compose_all_yaml(reader.text(file))
    except UnreadableYamlError as error:
        reader.caveats.append(f"{file}: {error}; nothing was read from it")
        return []
    made_here = {name.value.strip() for name in _made_by(roots)}
    found: dict[tuple[str, str], Claim] = {}
    for field, node in sorted(_named_by(roots), key=lambda one: one[1].start_mark.line):
        for part in node.value.split("+"):
            model = named_model(part.partition("@")[0].strip())
            if model is not None and model not in made_here and len(found) < _MODEL_LIMIT:
                line = node.start_mark.line + 1
                found.setdefault((field, model), Claim("base_model", clean_text(model), file, line, field, "recipe"))
    return list(found.values())


def _made_by(roots: Sequence[Node]) -> Iterator[ScalarNode]:
    """The names that the documents of a recipe give to what they make."""
    import yaml

    for root in roots:
        for key, value in root.value if isinstance(root, yaml.MappingNode) else ():
            if isinstance(key, yaml.ScalarNode) and key.value == "name" and isinstance(value, yaml.ScalarNode):
                yield value


def _named_by(roots: Sequence[Node]) -> Iterator[tuple[str, ScalarNode]]:
    """Words under the keys that name models; no node is visited twice under one field."""
    import yaml

    pending: list[tuple[str, Node]] = [("", root) for root in roots]
    visited: set[tuple[str, int]] = set()
    while pending and len(visited) < _NODE_LIMIT:
        field, node = pending.pop()
        if (field, id(node)) in visited:
            continue
        visited.add((field, id(node)))
        if isinstance(node, yaml.ScalarNode):
            if field and node.value.strip():
                yield field, node
        elif isinstance(node, yaml.SequenceNode):
            pending += [(field, entry) for entry in node.value]
        else:
            pending += [(_field_of(key, field), value) for key, value in node.value]


def _field_of(key: Node, field: str) -> str:
    """The field that a value stands in: the one around it where it is a path, its key's own, or none."""
    word = str(key.value)
    return field if field and word in _PATH_KEYS else _FIELDS.get(word, "")
