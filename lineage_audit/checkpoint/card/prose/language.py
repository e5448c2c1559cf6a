"""The languages that cards are read in: one table a language, compiled once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from msgspec import Struct

from lineage_audit.checkpoint.card.prose.mentions import MENTION, OWN

_NEVER = r"(?!)"


class Language(Struct, frozen=True, eq=False, dict=True):
    """One language's table, its patterns compiled as they are asked for.

    Attributes:
        name: the language, as its file is called.
        table: what the file says.
    """

    name: str
    table: Mapping[str, Any]

    @property
    def is_topic_first(self) -> bool:
        """Whether sentences set a topic and may leave the subject out."""
        return str(self.table["kind"]) == "topic-first"

    def any_of(self, key: str) -> str:
        """An alternative of a key's patterns, never matching where the language has none."""
        patterns = self.table.get(key, ())
        return f"(?:{'|'.join(patterns)})" if patterns else _NEVER

    def one(self, key: str) -> str:
        """A key's single pattern, never matching where the language has none."""
        return f"(?:{self.table[key]})" if key in self.table else _NEVER

    def compiled(self, pattern: str) -> re.Pattern[str]:
        """A pattern over masked sentences: signs in the place of models, a space for one white space."""
        shared = {
            "{PARTS}": self.one("parts"),
            "{OTHERS}": self.table.get("scratch_of_others", ""),
            "{NO_VERB}": self.table.get("no_verb", ""),
        }
        for name, meaning in shared.items():
            pattern = pattern.replace(name, meaning)
        return _compiled(pattern)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    filled = pattern.replace("{M}", MENTION).replace("{OWN}", OWN)
    return re.compile(filled.replace(" ", r"\s"), re.IGNORECASE)


@cache
def languages() -> tuple[Language, ...]:
    """Every language with a table."""
    folder = files("lineage_audit.checkpoint.card.prose").joinpath("languages")
    found = []
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        table = tomllib.loads(file.read_text(encoding="utf-8")) if file.name.endswith(".toml") else {}
        if "kind" in table:
            found.append(Language(file.name.removesuffix(".toml"), table))
    return tuple(found)
