"""Reading a repository's words: bounded text, and YAML as nodes that know their lines."""

from __future__ import annotations

import codecs
from itertools import islice
from typing import TYPE_CHECKING

from msgspec import Struct, field

from lineage_audit.checkpoint.source.base import Source, read_whole
from lineage_audit.errors import LineageAuditError

if TYPE_CHECKING:
    from yaml import Node

_TEXT_FILE_LIMIT = 4 * 2**20
"""Largest card or licence that is read, in bytes."""
_HEAD = 512
"""Bytes by which an encoding is told."""
PROSE_LIMIT = 256 * 2**10
"""Characters of a card whose prose is read."""
YAML_LIMIT = 64 * 2**10
"""Largest front matter or merge recipe that is parsed, in characters."""


class TextReader(Struct):
    """Reads text files and notes what could not be read.

    Attributes:
        source: the model's files.
        caveats: one sentence for each file, or part of one, that was left out.
    """

    source: Source
    caveats: list[str] = field(default_factory=list)

    def text(self, file: str) -> str:
        """Return a file's text, lines ending in a line feed; empty where it cannot be read.

        UTF-16, as Windows writes it, is read as well; bytes that are neither are replaced, with a caveat.
        """
        try:
            data = read_whole(self.source, file, _TEXT_FILE_LIMIT)
        except LineageAuditError as error:
            named = "" if file in str(error) else f"{file}: "
            self.caveats.append(f"left out: {named}{error}")
            return ""
        try:
            text = data.decode(_encoding(data))
        except UnicodeDecodeError as error:
            self.caveats.append(f"{file}: not UTF-8 text at byte {error.start:,}; read with replacements")
            text = data.decode("utf-8", "replace")
        return text.replace("\r\n", "\n").replace("\r", "\n")


class UnreadableYamlError(ValueError):
    """Text that is no YAML, or more of it than is read; its message says what is wrong, as the end of a sentence.

    Attributes:
        line: the line in the text where the fault was met, counted from 1, or None.
    """

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason)
        self.line = line


def _encoding(data: bytes) -> str:
    """The encoding of a text: UTF-16 by its mark, or by every other byte of its beginning being zero; else UTF-8."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    head = data[:_HEAD]
    if len(head) >= 4 and head[1::2].count(0) > 0.8 * len(head[1::2]):
        return "utf-16-le"
    if len(head) >= 4 and head[0::2].count(0) > 0.8 * len(head[0::2]):
        return "utf-16-be"
    return "utf-8-sig"


def compose_yaml(text: str) -> Node | None:
    """Compose the first document of a YAML text to nodes; see ``compose_all_yaml``."""
    return next(iter(compose_all_yaml(text, most=1)), None)


def compose_all_yaml(text: str, most: int = 100) -> tuple[Node, ...]:
    """Compose YAML to nodes, without building values.

    No tag is acted on, and an alias is one more reference to a node, never a copy: a "billion laughs"
    document stays as small as its text. Readers of the nodes must not follow a node twice.

    Returns:
        The root of each document that is not empty.

    Raises:
        UnreadableYamlError: the text is not YAML.
    """
    import yaml

    if len(text) > YAML_LIMIT:
        raise UnreadableYamlError(f"its YAML has more than the {YAML_LIMIT:,} characters that are read")
    try:
        if most == 1:
            root = yaml.compose(text, Loader=yaml.SafeLoader)
            return (root,) if root is not None else ()
        return tuple(
            islice((root for root in yaml.compose_all(text, Loader=yaml.SafeLoader) if root is not None), most)
        )
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        problem = f" ({error.problem})" if error.problem and error.problem.isascii() else ""
        raise UnreadableYamlError(f"it is not valid YAML{f' at line {line}' if line else ''}{problem}", line) from None
    except (yaml.YAMLError, RecursionError, ValueError):
        raise UnreadableYamlError("it is not valid YAML") from None
