"""A policy file as values that know their lines, whether it is YAML or TOML."""

from __future__ import annotations

import datetime
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from lineage_audit.errors import LineageAuditError

if TYPE_CHECKING:
    from yaml import Node

_POLICY_LIMIT = 256 * 2**10
"""Largest policy file, in bytes."""
TABLE = "lineage-audit"
"""Name of the table below ``[tool]`` in pyproject.toml."""
_DEPTH_LIMIT = 8


class PolicyError(LineageAuditError):
    """A policy that cannot be used; the message names file, line and key."""


class Located(Struct, frozen=True):
    """A value of a policy file and the line it stands on.

    Attributes:
        value: text, a list, or keys and values.
        line: counted from 1.
    """

    value: str | tuple[Located, ...] | Mapping[str, Located]
    line: int


def read_located(path: Path) -> Located | None:
    """Read a policy: the table ``[tool.lineage-audit]`` of a ``.toml`` file, the whole of any other, as YAML.

    Returns:
        The keys and values, or None for a TOML file without the table, or an empty YAML file.

    Raises:
        PolicyError: the file cannot be read or parsed.
    """
    text = _text(path)
    return _toml(text, path) if path.suffix == ".toml" else _yaml(text, path)


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _POLICY_LIMIT:
            raise PolicyError(f"{path}: more than the {_POLICY_LIMIT:,} bytes that a policy may have")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise PolicyError(f"{path}: policy cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise PolicyError(f"{path}: policy is not UTF-8 text") from None


def _yaml(text: str, path: Path) -> Located | None:
    import yaml

    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise PolicyError(f"{path}{line}: policy is not valid YAML: {error.problem}") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise PolicyError(f"{path}: policy is not valid YAML: {error}") from None
    return _of_node(root, path, 0) if root is not None else None


def _of_node(node: Node, path: Path, depth: int) -> Located:
    """Turn a YAML node into values; every scalar is taken as the text it is written as."""
    import yaml

    line = node.start_mark.line + 1
    if depth > _DEPTH_LIMIT:
        raise PolicyError(f"{path}:{line}: policy is nested too deeply")
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Located] = {}
        for key, value in node.value:
            name = str(key.value)
            if name in found:
                raise PolicyError(f"{path}:{key.start_mark.line + 1}: policy key {name!r} stands twice")
            inner = _of_node(value, path, depth + 1)
            found[name] = Located(inner.value, key.start_mark.line + 1)
        return Located(found, line)
    if isinstance(node, yaml.SequenceNode):
        return Located(tuple(_of_node(item, path, depth + 1) for item in node.value), line)
    return Located(str(node.value), line)


def _toml(text: str, path: Path) -> Located | None:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"{path}: not valid TOML: {error}") from None
    tool = document.get("tool")
    table = tool.get(TABLE) if isinstance(tool, dict) else None
    if table is None:
        return None
    lines = text.split("\n")
    first = next((number for number, line in enumerate(lines) if TABLE in line and line.lstrip().startswith("[")), 0)
    return _of_toml(table, lines, first)


def _of_toml(value: object, lines: Sequence[str], line: int) -> Located:
    """Turn TOML values into located ones; a key's line is the first below its parent's that sets it."""
    if isinstance(value, dict):
        return Located(
            {key: _of_toml(inner, lines, _key_line(key, lines, line)) for key, inner in value.items()}, line + 1
        )
    if isinstance(value, list):
        items = []
        for item in value:
            line = _item_line(item, lines, line)
            items.append(_of_toml(item, lines, line))
        return Located(tuple(items), line + 1)
    return Located(value.isoformat() if isinstance(value, datetime.date) else str(value), line + 1)


def _key_line(key: str, lines: Sequence[str], start: int) -> int:
    """Index of the line that sets a key, or heads its table; the parent's where none does."""
    name = re.escape(key)
    sets = re.compile(rf"""(?:^|[\s{{,])["']?{name}["']?\s*=|^\s*\[+[^\]]*[.]["']?{name}["']?\s*\]""")
    return next((number for number in range(start, len(lines)) if sets.search(lines[number])), start)


def _item_line(item: object, lines: Sequence[str], start: int) -> int:
    """Index of the line on which an entry of a list begins."""
    if isinstance(item, dict) and item:
        key = next(iter(item))
        shown = re.compile(rf"""["']?{re.escape(key)}["']?\s*=\s*["']?{re.escape(str(item[key]))}""")
        return next((number for number in range(start, len(lines)) if shown.search(lines[number])), start)
    return next((number for number in range(start, len(lines)) if str(item) in lines[number]), start)
