"""How two models' chat templates and generation settings compare: the same, changed, and where."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import SequenceMatcher
from itertools import zip_longest

from lineage_audit.checkpoint.prompting import Prompting, Stated
from lineage_audit.results import FieldComparison, FieldStatus, PromptingFinding, TemplateChange

_LONGEST_LINE = 200
_LISTED = 5
_MOST_LINES = 5000
"""Lines up to which the changed ones are counted."""


_Shown = Callable[[str], str]
_WORDS: Mapping[FieldStatus, str] = {
    "equal": "the same",
    "different": "changed",
    "only-a": "in A alone",
    "only-b": "in B alone",
}


def compare_prompting(a: Prompting, b: Prompting) -> PromptingFinding | None:
    """Compare what two models state; None where neither states anything."""
    templates = tuple(_fields(a.templates, b.templates, "chat_template", _fingerprint))
    settings = tuple(_fields(a.settings, b.settings, "", lambda text: text))
    if not templates and not settings:
        return None
    changes = tuple(
        _change(name, a.templates[name].text, b.templates[name].text)
        for name in a.templates
        if name in b.templates and not _is_same(a.templates[name].text, b.templates[name].text)
    )
    summary = f"{_said('chat template', templates)}; {_said('generation setting', settings)}"
    return PromptingFinding(summary, templates, settings, changes)


def _fields(a: Mapping[str, Stated], b: Mapping[str, Stated], prefix: str, shown: _Shown) -> Iterator[FieldComparison]:
    for name in sorted({*a, *b}):
        ours, theirs = a.get(name), b.get(name)
        yield FieldComparison(
            field=" ".join(part for part in (prefix, name) if part),
            a=shown(ours.text) if ours else None,
            b=shown(theirs.text) if theirs else None,
            status=_status(ours, theirs),
            a_origin=ours.file if ours else None,
            b_origin=theirs.file if theirs else None,
        )


def _status(a: Stated | None, b: Stated | None) -> FieldStatus:
    if a is None or b is None:
        return "only-b" if a is None else "only-a"
    return "equal" if _is_same(a.text, b.text) else "different"


def _is_same(a: str, b: str) -> bool:
    """Whether two texts are equal but for blanks around them, which no template engine keeps."""
    return a.strip() == b.strip()


def _fingerprint(text: str) -> str:
    digest = hashlib.sha256(text.strip().encode("utf-8", "surrogatepass")).hexdigest()
    return f"sha256:{digest[:16]} ({len(text):,} characters)"


def _change(name: str, a: str, b: str) -> TemplateChange:
    """Where two templates first differ, and in how many lines."""
    left, right = a.strip().splitlines(), b.strip().splitlines()
    pairs = enumerate(zip_longest(left, right), start=1)
    line, (ours, theirs) = next(pair for pair in pairs if pair[1][0] != pair[1][1])
    changed = None
    if max(len(left), len(right)) <= _MOST_LINES:
        blocks = SequenceMatcher(None, left, right, autojunk=True).get_opcodes()
        changed = sum(max(i2 - i1, j2 - j1) for tag, i1, i2, j1, j2 in blocks if tag != "equal")
    return TemplateChange(name, line, _cut(ours), _cut(theirs), changed)


def _cut(line: str | None) -> str | None:
    return line[:_LONGEST_LINE] if line is not None else None


def _said(what: str, fields: Iterable[FieldComparison]) -> str:
    """One clause on templates, or on settings."""
    fields = tuple(fields)
    if not fields:
        return f"no {what}s"
    told = []
    for status, words in _WORDS.items():
        names = [field.field.removeprefix("chat_template ") for field in fields if field.status == status]
        if names:
            listed = ", ".join(names[:_LISTED]) + (", ..." if len(names) > _LISTED else "")
            told.append(f"{len(names)} {words}" + (f" ({listed})" if status != "equal" else ""))
    return f"{what}s: {', '.join(told)}"
