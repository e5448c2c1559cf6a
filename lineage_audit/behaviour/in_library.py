"""Answers in a library: controls that were asked once, and need not be asked again."""

from __future__ import annotations

from pathlib import Path

from lineage_audit.behaviour.answers import Answers
from lineage_audit.behaviour.answers_file import from_bytes, is_answers_file, read_answers, to_bytes
from lineage_audit.behaviour.prompts import PromptSet
from lineage_audit.library.database import Database, open_database
from lineage_audit.results import Manner

__all__ = ["add_to_library", "answers_in_library", "is_answers_file"]


def add_to_library(path: Path, database: Database, name: str | None = None) -> str:
    """Put a file of answers into a library, and give the name under which it stands there.

    Raises:
        LineageAuditError: the file holds no answers, or the library cannot be written.
    """
    answers = read_answers(path)
    database.add_answers(name or answers.model, answers.prompts, answers.manner, to_bytes(answers))
    return name or answers.model


def answers_in_library(path: Path, prompts: PromptSet, manner: Manner) -> list[Answers]:
    """Everyone's answers to a prompt set in one manner.

    Raises:
        LineageAuditError: there is no such library, or it is damaged.
    """
    with open_database(path) as database:
        found = database.answers(prompts.name, manner)
    return [from_bytes(data, f"{path} ({name})") for name, data in found.items()]
