"""The YAML front matter of a model card: licence and base models, each with its line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from lineage_audit.checkpoint.card.text_files import compose_yaml
from lineage_audit.checkpoint.claims import Claim, ClaimKind
from lineage_audit.checkpoint.config.values import clean_text

if TYPE_CHECKING:
    from yaml import Node, ScalarNode

_KEYS: Mapping[str, ClaimKind] = {
    "license": "license",
    "license_name": "license_name",
    "license_link": "license_link",
    "base_model": "base_model",
    "base_model_relation": "base_model_relation",
}
_ITEM_LIMIT = 100
"""Most values read of one key; the largest known merges name fewer bases."""
_NULL_TAG = "tag:yaml.org,2002:null"
_FENCE = "---"


def claims_of_front_matter(text: str, file: str, caveats: list[str]) -> list[Claim]:
    """Read the claims between the two ``---`` lines that open a card.

    Args:
        text: the whole card.
        file: its name.
        caveats: where to say that the front matter could not be read.
    """
    found = _front_matter(text)
    if found is None:
        return []
    block, first_line = found
    # Empty lines in front keep the lines of the nodes, and of what is said of errors, those of the file.
    import yaml

    root = compose_yaml("\n" * first_line + block, file, caveats)
    if root is None:
        return []
    if not isinstance(root, yaml.MappingNode):
        caveats.append(f"{file}: its front matter is not a list of keys and values; nothing was read from it")
        return []
    return [
        Claim(_KEYS[key.value], clean_text(node.value.strip()), file, node.start_mark.line + 1, key.value)
        for key, value in root.value
        if isinstance(key, yaml.ScalarNode) and key.value in _KEYS
        for node in _scalars(value)
    ]


def _front_matter(text: str) -> tuple[str, int] | None:
    """Return the text between the fences and the number of lines before it."""
    lines = text.split("\n")
    start = next((number for number, line in enumerate(lines) if line.strip()), None)
    if start is None or lines[start].rstrip() != _FENCE:
        return None
    for stop in range(start + 1, len(lines)):
        if lines[stop].rstrip() == _FENCE:
            return "\n".join(lines[start + 1 : stop]), start + 1
    return None


def _scalars(node: Node) -> Iterator[ScalarNode]:
    """The node itself, or the entries of a list; null and nested values say nothing."""
    import yaml

    entries = node.value[:_ITEM_LIMIT] if isinstance(node, yaml.SequenceNode) else [node]
    for entry in entries:
        if isinstance(entry, yaml.ScalarNode) and entry.tag != _NULL_TAG and entry.value.strip():
            yield entry
