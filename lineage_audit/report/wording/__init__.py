"""The words that every format for people uses for the closed sets of a report, kept in one place."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from lineage_audit.report.escaping import cut, cut_middle
from lineage_audit.report.numbers import MISSING, byte_size, detection_limit, duration, magnitude, p_value, share
from lineage_audit.results import (
    DigestMethod,
    Direction,
    Effort,
    Evidence,
    FieldComparison,
    ModelSummary,
    Relation,
    Rename,
    Report,
    Run,
    TemplateChange,
    Verdict,
    Way,
    WeightFile,
)
from lineage_audit.sizes import plural

RELATION_WORDS: Mapping[Relation, str] = {
    "identical": "IDENTICAL",
    "derived": "DERIVED",
    "shared-origin": "SHARED ORIGIN",
    "independent": "INDEPENDENT",
    "inconclusive": "INCONCLUSIVE",
}

RELATION_MEANINGS: Mapping[Relation, str] = {
    "identical": "the same weights",
    "derived": "they share training",
    "shared-origin": "not independent, yet descent is not shown",
    "independent": "nothing found, with the power to find it",
    "inconclusive": "not enough to tell, which is not a pass",
}

DIRECTION_WORDS: Mapping[Direction, str] = {
    "a->b": "fits A → B, if neither file was made to fit",
    "b->a": "fits B → A, if neither file was made to fit",
    "undetermined": "undetermined",
}
_EXCLUDED_WORDS: Mapping[tuple[Way, ...], str] = {
    ("a->b",): "B was not made from A; more is not shown",
    ("b->a",): "A was not made from B; more is not shown",
    ("a->b", "b->a"): "neither was made from the other",
}

_EFFORT_WORDS: Mapping[Effort, str] = {
    "metadata": "metadata only",
    "sample": "sampled",
    "search": "searched",
    "full": "read in full",
}

FIELD_STATUS_WORDS: Mapping[str, str] = {
    "equal": "equal",
    "different": "different",
    "only-a": "only in A",
    "only-b": "only in B",
}

# A direction says nothing about models that share no weights, or of which nothing is known.
WITHOUT_DIRECTION: frozenset[Relation] = frozenset({"independent", "inconclusive"})

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def certainty_facts(verdict: Verdict) -> tuple[tuple[str, str], ...]:
    """How sure the verdict is: the p-value under its null, what a miss would have been, the direction."""
    limit = detection_limit(verdict.detection_limit)
    facts = [
        ("If independent", certainty(verdict)),
        ("Detection limit", "not known" if limit == MISSING else f"cosine {limit}"),
    ]
    if verdict.relation not in WITHOUT_DIRECTION:
        facts.append(("Direction", order_words(verdict)))
    return tuple(facts)


def order_words(verdict: Verdict) -> str:
    """The direction that fits, or who was not made from whom where that alone is shown."""
    if verdict.direction != "undetermined" or not verdict.excluded:
        return DIRECTION_WORDS[verdict.direction]
    return _EXCLUDED_WORDS[tuple(sorted(verdict.excluded))]


def certainty(verdict: Verdict) -> str:
    """The p-value with its grade: ``p ≤ 10^-447 (exact)``, or that nothing was found."""
    return f"{p_value(verdict.log10_p)} ({verdict.grade})"


def extent_facts(verdict: Verdict) -> tuple[tuple[str, str], ...]:
    """How much of B comes from A: the three numbers that are never made one."""
    return (
        ("Derived share", _measured(share(verdict.derived_share))),
        ("Explained variance", _measured(share(verdict.explained_variance))),
        ("Copied share", _measured(share(verdict.copied_share))),
    )


def model_facts(model: ModelSummary) -> tuple[tuple[str, str], ...]:
    """The head of one model: label and value, the same labels for every model."""
    size = f"{magnitude(model.parameters)} parameters, {plural(model.layers, 'layer')}"
    return (
        ("Model", cut_middle(model.ref, 96)),
        ("Revision", short_revision(model.revision)),
        ("Format", cut(model.format, 60)),
        ("Architecture", cut(model.architecture, 60)),
        ("Size", size),
        ("Licence claim", cut(model.license, 60) if model.license else "none"),
        ("Claimed base", base_claim(model)),
    )


DIGEST_METHODS: Mapping[DigestMethod, str] = {
    "file-hashes": "SHA-256 over the sorted SHA-256s of the weight files, one a line",
    "headers": "SHA-256 over every tensor's name, type, shape and place; it pins no value",
    "unread": "the weights were not read",
}
"""How a digest is made."""


def weight_file_words(file: WeightFile) -> str:
    """A weight file with its hash, where it is known; else with that of the ranges that were read."""
    read = f"not hashed whole, ranges read sha256 {file.ranges_sha256}" if file.ranges_sha256 else "not hashed"
    return f"{cut_middle(file.file, 96)} {f'sha256 {file.sha256}' if file.sha256 else read}"


def short_revision(revision: str | None) -> str:
    """A commit by its first twelve digits; any other name of a revision as it is."""
    if revision is None:
        return "none"
    return revision[:12] if _COMMIT.fullmatch(revision) else cut(revision, 40)


def base_claim(model: ModelSummary) -> str:
    """The base models that a card names, the first one and how many more."""
    if not model.base_models:
        return "none"
    more = len(model.base_models) - 1
    return cut_middle(model.base_models[0], 60) + (f" and {more} more" if more else "")


def status_word(evidence: Evidence) -> str:
    """What the numbers of a test are worth: its grade if it was measured, else that there are none."""
    return {"measured": evidence.grade, "skipped": "skipped", "not-applicable": "n/a"}[evidence.status]


def reading_words(report: Report) -> str:
    """How thoroughly this run looked: the effort, the bytes read and the time."""
    read = f"{byte_size(report.a.bytes_read)} of A and {byte_size(report.b.bytes_read)} of B"
    return f"{_EFFORT_WORDS[report.effort]}: {read} in {duration(report.seconds)}"


def run_words(run: Run | None) -> tuple[str, ...]:
    """When a run was made, and by whom if that was said; nothing where it was not recorded."""
    if run is None:
        return ()
    date = run.date.replace("T", " ").replace("Z", " UTC")
    return (date, f"audited by {cut(run.auditor, 80)}") if run.auditor else (date,)


def field_difference(field: FieldComparison) -> str:
    """One architecture field in which the models differ: ``rope_theta 10000 → 500000``."""
    a = MISSING if field.a is None else cut(field.a, 24)
    b = MISSING if field.b is None else cut(field.b, 24)
    return f"{cut(field.field, 40)} {a} → {b}"


def template_change_words(change: TemplateChange) -> str:
    """Where two chat templates part: ``chat template, line 4 on: "..." in A, "..." in B (2 lines)``."""
    name = "" if change.template == "default" else f" {cut(change.template, 40)}"
    a, b = (f'"{cut(line.strip(), 80)}"' if line is not None else "nothing" for line in (change.a, change.b))
    lines = f" ({plural(change.changed, 'line')})" if change.changed is not None else ""
    return f"chat template{name}, from line {change.line:,} on: {a} in A, {b} in B{lines}"


def short_rename(rename: Rename) -> str:
    """A rename without what both names share: ``input_layernorm → ln1 (60 tensors)``."""
    a, b = rename.a_pattern.split("."), rename.b_pattern.split(".")
    while len(a) > 1 and len(b) > 1 and a[0] == b[0]:
        a, b = a[1:], b[1:]
    while len(a) > 1 and len(b) > 1 and a[-1] == b[-1]:
        a, b = a[:-1], b[:-1]
    names = (cut_middle(".".join(parts), 40) for parts in (a, b))
    return f"{' → '.join(names)} ({plural(rename.count, 'tensor')})"


def listed(items: Sequence[str], most: int, *, length: int = 40) -> str:
    """The first items, each cut, and how many more there are: ``a, b and 3 more``."""
    shown = ", ".join(cut(item, length) for item in items[:most])
    more = len(items) - most
    return f"{shown} and {more} more" if more > 0 else shown


def _measured(value: str) -> str:
    return "not measured" if value == MISSING else value
