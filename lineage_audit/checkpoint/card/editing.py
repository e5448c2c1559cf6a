"""Edits of a card's front matter that leave every other byte as it is: line endings, byte order mark, comments, order.

An edit is one insertion or one replacement at a place that the YAML parser gives; afterwards the card is read again,
and an edit that changed anything else, or not what it should, is refused.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from msgspec import Struct

from lineage_audit.checkpoint.card.text_files import UnreadableYamlError, compose_yaml

if TYPE_CHECKING:
    from yaml import MappingNode, Node, SequenceNode

LISTS = frozenset({"base_model"})
"""Keys to whose values one is added; the values of others are replaced."""
_OPENING = re.compile(r"\ufeff?(?:[ \t]*\r?\n)*---[ \t]*\r?\n")
_CLOSING = re.compile(r"^---[ \t]*\r?$", re.MULTILINE)
_PLAIN = re.compile(r"[A-Za-z0-9][\w./@+-]*(?::[\w./@+-]+)*", re.ASCII)
_TEXT_TAG = "tag:yaml.org,2002:str"
_NULL_TAG = "tag:yaml.org,2002:null"
_DEPTH = 20


class UneditableCardError(ValueError):
    """A card that is left alone; the message says why, as the end of a sentence."""


class _Card(Struct, frozen=True):
    """A card in three parts, which together are its text.

    Attributes:
        before: up to the front matter, the opening fence included.
        block: the front matter.
        after: from the closing fence on.
        newline: how its lines end.
    """

    before: str
    block: str
    after: str
    newline: str


def with_field(card: bytes, field: str, value: str) -> bytes:
    """A card whose front matter states a value: added to a list of bases, or in the place of another.

    Args:
        card: the file.
        field: the key.
        value: what it shall state.

    Raises:
        UneditableCardError: the card cannot be read, or the place is of a form that is not edited.
    """
    parts = _parts(card)
    root = _root(parts.block)
    block = _edited(parts, root, field, value)
    _require_nothing_else(root, _root(block), field, value)
    return (parts.before + block + parts.after).encode("utf-8")


def _parts(card: bytes) -> _Card:
    """Take a card apart; one without front matter gets an empty one at its top."""
    try:
        text = card.decode("utf-8")
    except UnicodeDecodeError:
        raise UneditableCardError("it is not UTF-8 text") from None
    newline = "\r\n" if "\r\n" in text else "\n"
    if (newline == "\r\n" and re.search(r"(?<!\r)\n|\r(?!\n)", text)) or (newline == "\n" and "\r" in text):
        raise UneditableCardError("its lines end in different ways")
    opening = _OPENING.match(text)
    if opening is None:
        mark = "\ufeff" if text.startswith("\ufeff") else ""
        return _Card(f"{mark}---{newline}", "", f"---{newline}{text.removeprefix(mark)}", newline)
    closing = _CLOSING.search(text, opening.end())
    if closing is None:
        raise UneditableCardError("no line with --- closes its front matter")
    return _Card(text[: opening.end()], text[opening.end() : closing.start()], text[closing.start() :], newline)


def _root(block: str) -> MappingNode | None:
    """The keys and values of a front matter, each once; None for an empty one."""
    import yaml

    try:
        root = compose_yaml(block)
    except UnreadableYamlError as error:
        raise UneditableCardError(f"of its front matter, {error}") from None
    if root is None:
        return None
    if not isinstance(root, yaml.MappingNode) or root.flow_style:
        raise UneditableCardError("its front matter is no list of keys and values, one a line")
    keys = [str(key.value) for key, _ in root.value]
    twice = next((key for key in keys if keys.count(key) > 1), None)
    if twice is not None:
        raise UneditableCardError(f"{twice} stands twice in its front matter")
    return root


def _edited(parts: _Card, root: MappingNode | None, field: str, value: str) -> str:
    """The front matter with one edit."""
    import yaml

    block, shown = parts.block, written(value)
    found = next(((key, node) for key, node in root.value if key.value == field), None) if root else None
    if found is None:
        return f"{block}{field}: {shown}{parts.newline}"
    key, node = found
    if isinstance(node, yaml.ScalarNode) and node.tag == _NULL_TAG and node.start_mark.index == node.end_mark.index:
        at = key.end_mark.index + 1
        return f"{block[:at]} {shown}{block[at:]}"
    if isinstance(node, yaml.ScalarNode) and node.style not in ("|", ">"):
        start, end = node.start_mark.index, node.end_mark.index
        several = field in LISTS and node.tag != _NULL_TAG
        return block[:start] + (f"[{block[start:end]}, {shown}]" if several else shown) + block[end:]
    if isinstance(node, yaml.SequenceNode) and field in LISTS:
        return _with_item(parts, node, shown)
    raise UneditableCardError(f"its {field} is written in a form that is not edited")


def _with_item(parts: _Card, node: SequenceNode, shown: str) -> str:
    """The front matter with one more item at the end of a list."""
    block = parts.block
    if node.flow_style:
        at = node.end_mark.index - 1
        kept = block[:at].rstrip() if node.value else block[:at]
        return f"{kept}{', ' if node.value else ''}{shown}{block[at:]}"
    last = len(block[: node.value[-1].end_mark.index].rstrip())
    at = block.find("\n", last) + 1
    return f"{block[:at]}{' ' * node.start_mark.column}- {shown}{parts.newline}{block[at:]}"


def written(value: str) -> str:
    """A value as YAML: plain where it stays the text that it is, else in quotes."""
    import yaml

    if _PLAIN.fullmatch(value):
        node = yaml.compose(value, Loader=yaml.SafeLoader)
        if isinstance(node, yaml.ScalarNode) and (node.tag, node.value) == (_TEXT_TAG, value):
            return value
    return json.dumps(value)


def _require_nothing_else(before: MappingNode | None, after: MappingNode | None, field: str, value: str) -> None:
    """Make sure that the edit added the value, and that all else says what it said."""
    old, new = (_said(root) for root in (before, after))
    stated = new.pop(field, None)
    previous = old.pop(field, None)
    if field in LISTS and previous not in (None, ("",)):
        was = previous if isinstance(previous, list) else [previous]
        expected: object = [*was, (value,)]
    else:
        expected = [(value,)] if isinstance(stated, list) else (value,)
    if new != old or stated != expected:
        raise UneditableCardError(f"its {field} could not be changed without changing something else")


def _said(root: MappingNode | None) -> dict[str, object]:
    return {str(key.value): _values(node, 0) for key, node in root.value} if root is not None else {}


def _values(node: Node, depth: int) -> object:
    """What a node says, without where it stands: a word as a tuple of one, a list, or pairs."""
    import yaml

    if depth > _DEPTH:
        raise UneditableCardError("its front matter is nested too deeply")
    if isinstance(node, yaml.ScalarNode):
        return (node.value if node.tag != _NULL_TAG else "",)
    if isinstance(node, yaml.SequenceNode):
        return [_values(item, depth + 1) for item in node.value]
    return {"keys": [(_values(key, depth + 1), _values(value, depth + 1)) for key, value in node.value]}
