"""What a comparison found without reading a weight: architecture, tensor names and tokenizer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FieldStatus = Literal["equal", "different", "only-a", "only-b"]


@dataclass(frozen=True, slots=True)
class FieldComparison:
    """One architecture field in both models; values are printed forms, None where a model lacks the field."""

    field: str
    a: str | None
    b: str | None
    status: FieldStatus
    a_origin: str | None
    b_origin: str | None


@dataclass(frozen=True, slots=True)
class ArchitectureFinding:
    """How the two architectures compare: one sentence and the table behind it."""

    summary: str
    fields: tuple[FieldComparison, ...]


@dataclass(frozen=True, slots=True)
class Rename:
    """One role whose tensors have different names: patterns with ``{L}`` for the layer, and where it holds."""

    role: str
    a_pattern: str
    b_pattern: str
    count: int
    summary: str


@dataclass(frozen=True, slots=True)
class NamesFinding:
    """How the tensor names compare.

    Attributes:
        summary: one sentence.
        same: tensors of B that have their counterpart in A under the same name.
        renamed: tensors of B whose counterpart in A has another name.
        only_a: name patterns of A without a counterpart in B.
        only_b: name patterns of B without a counterpart in A.
        renames: the rename table.
        inferred_a: tensors of A whose role was inferred from words and shapes, not read from a table.
        inferred_b: the same of B.
    """

    summary: str
    same: int
    renamed: int
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    renames: tuple[Rename, ...]
    inferred_a: int
    inferred_b: int


@dataclass(frozen=True, slots=True)
class TokenizerFinding:
    """How the tokenizers compare; counts are zero and shares None where one of them has none.

    Attributes:
        summary: one sentence.
        a_size: number of ids in A.
        b_size: number of ids in B.
        shared: ordinary tokens with the same bytes in both.
        same_id: shared tokens that also have the same id.
        shared_share: shared tokens as a share of the smaller vocabulary, or None.
        merges_shared: merge rules in both, as a share of the shorter list, or None.
        merges_in_order: whether shared merges stand in the same order, or None.
        added_only_a: added and special tokens that only A has.
        added_only_b: added and special tokens that only B has.
    """

    summary: str
    a_size: int
    b_size: int
    shared: int
    same_id: int
    shared_share: float | None
    merges_shared: float | None
    merges_in_order: bool | None
    added_only_a: tuple[str, ...]
    added_only_b: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TemplateChange:
    """Where two chat templates of one name part.

    Attributes:
        template: its name.
        line: the first line that differs, counted from 1.
        a: that line in A, or None where A's template has ended.
        b: the same in B.
        changed: lines that differ, or None where there are too many to count.
    """

    template: str
    line: int
    a: str | None
    b: str | None
    changed: int | None


@dataclass(frozen=True, slots=True)
class PromptingFinding:
    """How chat templates and generation settings compare; none of it is told by the weights.

    Attributes:
        summary: one sentence.
        templates: every template by name, as hash and length.
        settings: every generation setting.
        changes: where templates of one name part.
    """

    summary: str
    templates: tuple[FieldComparison, ...]
    settings: tuple[FieldComparison, ...]
    changes: tuple[TemplateChange, ...]
