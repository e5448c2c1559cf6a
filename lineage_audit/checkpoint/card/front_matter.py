"""The YAML front matter of a model card: licence and base models with their lines, and what could not be read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from lineage_audit.checkpoint.card.naming import HUB_ID, without_address
from lineage_audit.checkpoint.card.text_files import UnreadableYamlError, compose_yaml
from lineage_audit.checkpoint.claims import Claim, ClaimKind, Claims, Unread
from lineage_audit.checkpoint.config.values import clean_text

if TYPE_CHECKING:
    from yaml import MappingNode, Node, ScalarNode

_KEYS: Mapping[str, ClaimKind] = {
    "license": "license",
    "license_name": "license_name",
    "license_link": "license_link",
    "base_model": "base_model",
    "base_model_relation": "base_model_relation",
}
_NAMING_KEYS = ("name", "id", "repo_id", "model_id", "model", "repo", "repo_url", "url")
"""Keys of a mapping that names a model, the most telling first."""
_ITEM_LIMIT = 100
"""Most values read of one key; the largest known merges name fewer bases."""
_NULL_TAG = "tag:yaml.org,2002:null"
_FENCE = "---"
_KEY_LINE = re.compile(r"[\w-]+:(?:\s|$)")


class _Block(Struct, frozen=True):
    """The text between the fences, and the number of lines before it."""

    text: str
    lines_before: int


def claims_of_front_matter(text: str, file: str) -> Claims:
    """Read the claims between the two ``---`` lines that open a card.

    Args:
        text: the whole card.
        file: its name.

    Returns:
        The claims, and what is stated in a form that could not be read.
    """
    import yaml

    block = _front_matter(text)
    if block is None:
        return Claims()
    if isinstance(block, str):
        return Claims(unread=(Unread(file, 1, "front matter", block),))
    try:
        # Empty lines in front keep the lines of the nodes, and of what is said of errors, those of the file.
        root = compose_yaml("\n" * block.lines_before + block.text)
    except UnreadableYamlError as error:
        return Claims(unread=(Unread(file, error.line or block.lines_before, "front matter", str(error)),))
    if root is None:
        return Claims()
    if not isinstance(root, yaml.MappingNode):
        reason = "it is no list of keys and values"
        return Claims(unread=(Unread(file, block.lines_before + 1, "front matter", reason),))
    found = tuple(_stated(root, file))
    unread = {one.part: one for one in reversed(found) if isinstance(one, Unread)}
    return Claims(tuple(one for one in found if isinstance(one, Claim)), tuple(unread.values()))


def _front_matter(text: str) -> _Block | str | None:
    """The block between the fences; None where there is none, and what is wrong where one is not closed."""
    lines = text.split("\n")
    start = next((number for number, line in enumerate(lines) if line.strip()), None)
    if start is None or lines[start].rstrip() != _FENCE:
        return None
    for stop in range(start + 1, len(lines)):
        if lines[stop].rstrip() == _FENCE:
            return _Block("\n".join(lines[start + 1 : stop]), start + 1)
    opened = start + 1 < len(lines) and _KEY_LINE.match(lines[start + 1])
    return f"no line with {_FENCE} closes it" if opened else None


def _stated(root: MappingNode, file: str) -> Iterator[Claim | Unread]:
    """Every value of the keys that are claims."""
    import yaml

    for key, value in root.value:
        if not isinstance(key, yaml.ScalarNode) or key.value not in _KEYS:
            continue
        entries = value.value[:_ITEM_LIMIT] if isinstance(value, yaml.SequenceNode) else [value]
        for entry in entries:
            yield from _claims_of(key.value, entry, file)


def _claims_of(key: str, entry: Node, file: str) -> Iterator[Claim | Unread]:
    """The claims of one value: a word, or a mapping that names a model."""
    import yaml

    node = _naming_node(entry) if key == "base_model" and isinstance(entry, yaml.MappingNode) else entry
    line = entry.start_mark.line + 1
    if not isinstance(node, yaml.ScalarNode):
        yield Unread(file, line, key, "it is neither a name nor a list of names")
        return
    if node.tag == _NULL_TAG:
        return
    for value in _values(key, node):
        yield Claim(_KEYS[key], clean_text(value), file, node.start_mark.line + 1, key)


def _naming_node(entry: MappingNode) -> ScalarNode | None:
    """The value of a mapping that names the model, or None."""
    import yaml

    named = {
        key.value: value
        for key, value in entry.value
        if isinstance(key, yaml.ScalarNode) and isinstance(value, yaml.ScalarNode) and value.value.strip()
    }
    return next((named[key] for key in _NAMING_KEYS if key in named), None)


def _values(key: str, node: ScalarNode) -> Iterator[str]:
    """The value; several of ids that one line lists with commas between them."""
    value = node.value.strip()
    parts = [part.strip() for part in value.split(",")]
    if key != "base_model":
        yield value
    elif len(parts) > 1 and all(HUB_ID.fullmatch(part) for part in parts):
        yield from parts
    else:
        yield without_address(value)
