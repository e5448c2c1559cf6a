"""Answers of earlier runs in one folder, a file a model: whoever was asked is not asked again."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from msgspec import Struct

from lineage_audit.behaviour.answers import Answers
from lineage_audit.behaviour.answers_file import SUFFIX, read_answers, write_answers
from lineage_audit.behaviour.prompts import PromptSet
from lineage_audit.errors import LineageAuditError, UnreadableFileError
from lineage_audit.results import Manner

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_NAME = 60


class Kept(Struct, frozen=True):
    """A folder of answers, or none."""

    folder: Path | None

    def path_of(self, ref: str, prompts: str, manner: Manner) -> Path | None:
        """Where a model's answers stand: a readable name, and a hash that keeps models and prompt sets apart."""
        if self.folder is None:
            return None
        readable = _UNSAFE.sub("-", ref.rstrip("/"))[-_LONGEST_NAME:].strip("-.")
        key = hashlib.sha256("\0".join((ref, prompts, manner)).encode("utf-8", "surrogatepass")).hexdigest()
        return self.folder / f"{readable}-{key[:12]}{SUFFIX}"

    def find(self, ref: str, prompts: PromptSet, manner: Manner) -> Answers | None:
        """The answers that were kept of a model, unless its weights are others by now."""
        path = self.path_of(ref, prompts.name, manner)
        answers = _readable(path) if path is not None else None
        if answers is None or answers.digest is None:
            return answers
        return answers if answers.digest == _digest_now(ref) else None

    def keep(self, ref: str, answers: Answers) -> None:
        """Write a model's answers where the next run finds them.

        Raises:
            LineageAuditError: the folder cannot be written.
        """
        path = self.path_of(ref, answers.prompts, answers.manner)
        if path is not None:
            _write(answers, path)
            _part_of(path).unlink(missing_ok=True)

    def find_part(self, ref: str, prompts: PromptSet, manner: Manner) -> Answers | None:
        """What a model answered before a run was broken off."""
        path = self.path_of(ref, prompts.name, manner)
        return _readable(_part_of(path)) if path is not None else None

    def keep_part(self, ref: str, answers: Answers) -> None:
        """Keep what a model answered so far, for a run that goes on.

        Raises:
            LineageAuditError: the folder cannot be written.
        """
        path = self.path_of(ref, answers.prompts, answers.manner)
        if path is not None:
            _write(answers, _part_of(path))


NOTHING_KEPT = Kept(None)


def _part_of(path: Path) -> Path:
    return path.with_suffix(".part")


def _readable(path: Path) -> Answers | None:
    """The answers in a file; a damaged one is as good as none."""
    try:
        return read_answers(path) if path.exists() else None
    except UnreadableFileError:
        return None


def _write(answers: Answers, path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LineageAuditError(f"{path.parent}: cannot be made ({error.strerror})") from None
    write_answers(answers, path)


def _digest_now(ref: str) -> str:
    from lineage_audit.checkpoint import open_checkpoint

    return open_checkpoint(ref).digest
