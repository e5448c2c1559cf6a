"""The first sentence of every result: the models by their names, what was found in plain words, then the number."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import ceil, floor, isfinite
from typing import Any

from lineage_audit.report.escaping import cut_middle
from lineage_audit.report.numbers import MISSING, detection_limit, share
from lineage_audit.report.wording.unmixing import METHOD_MEANINGS
from lineage_audit.results import (
    RELATED,
    Behaviour,
    CheckReport,
    Comparisons,
    FamilyTree,
    Identification,
    Inspection,
    ModelSummary,
    ReferenceSummary,
    Relation,
    Report,
    Result,
    Unmixing,
    Verdict,
)
from lineage_audit.sizes import plural

_LONGEST_NAME = 60
_MOST_NAMED = 3
_MOST_MISFITS = 2
_DECIMAL_FROM = -4.0  # above this log10 a chance is one in a counted number, below in a power of ten


def first_sentence(result: Result) -> str:
    """What a result says, for someone who reads nothing else of it."""
    return _SENTENCES[type(result)](result)


def names_of(*references: str) -> tuple[str, ...]:
    """References by as much of their ends as tells them apart: ``parent``, else ``a/model`` and ``b/model``."""
    parts = [reference.rstrip("/").split("/") for reference in references]
    for length in range(1, max(map(len, parts)) + 1):
        names = ["/".join(part[-length:]) for part in parts]
        if all(names) and len(set(names)) == len(set(references)):
            return tuple(cut_middle(name, _LONGEST_NAME) for name in names)
    return tuple(cut_middle(reference, _LONGEST_NAME) for reference in references)


def rarity(log10_p: float | None) -> str | None:
    """How rarely chance gives as much: ``less than once in 10^447``; None where there is no number worth saying."""
    if log10_p is None or not isfinite(log10_p) or log10_p > -0.31:
        return None
    if log10_p <= _DECIMAL_FROM:
        return f"less than once in 10^{-ceil(log10_p)}"
    return f"less than once in {floor(10**-log10_p + 1e-9):,}"


def _of_comparison(report: Report) -> str:
    a, b = names_of(report.a.ref, report.b.ref)
    verdict = report.verdict
    if verdict.relation == "inconclusive":
        return f"Whether {b} and {a} are related could not be told, which is no pass."
    if verdict.relation == "independent":
        return f"Nothing in the weights of {b} was found to come from {a}{_would_have_seen(verdict)}."
    kinship = _KINSHIP[verdict.relation](report, a, b)
    return f"{kinship}{_how_surely(verdict)}.{_claimed_base(report, a, b)}"


def _of_comparisons(comparisons: Comparisons) -> str:
    """Which of the others are related to A, and what is not known of the rest."""
    a, *others = names_of(comparisons.a.ref, *(report.b.ref for report in comparisons.reports))
    relations = [report.verdict.relation for report in comparisons.reports]
    related = [name for name, relation in zip(others, relations, strict=True) if relation in RELATED]
    count = plural(len(others) + len(comparisons.unread), "model")
    said = f"{_listed(related[:_MOST_NAMED], len(related) - _MOST_NAMED)} {'is' if len(related) == 1 else 'are'} not"
    found = f"Of {count}, {said} independent of {a}" if related else f"Of {count}, none was found related to {a}"
    rest = ((relations.count("inconclusive"), "could not be told"), (len(comparisons.unread), "could not be read"))
    return f"{'; '.join((found, *(f'{number} {words}' for number, words in rest if number)))}."


def _identical(report: Report, a: str, b: str) -> str:  # noqa: ARG001 - one signature for all relations
    return f"{b} holds the same weights as {a}"


def _derived(report: Report, a: str, b: str) -> str:
    """Who shares training with whom, a part of B or the whole of it, and who was made from whom where that is shown."""
    part = _part_of(b, report)
    if report.verdict.direction == "a->b":
        return f"{part or b} shares its training with {a} and looks as if made from it"
    if report.verdict.direction == "b->a":
        return f"{a} shares its training with {_lower(part) if part else b} and looks as if made from it"
    together = f"{part or b} and {a} share their training"
    if len(report.verdict.excluded) > 1:
        return f"{together}: neither was made from the other, both go back to one model"
    if report.verdict.excluded:
        parent, child = (a, b) if report.verdict.excluded == ("b->a",) else (b, a)
        return f"{together}: it looks as if {child} was made from {parent}, or both from one model"
    return f"{together}: one was made from the other, or both from one model"


def _part_of(b: str, report: Report) -> str | None:
    """How a small part of B is spoken of; None where more than that agrees, or nothing was measured."""
    taken, small = report.verdict.derived_share, report.parameters.get("small_share")
    if taken is None or not isinstance(small, float) or not 0.0 < taken < small:
        return None
    return f"A part of {b} ({share(taken)} of its weights)"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _shared_origin(report: Report, a: str, b: str) -> str:  # noqa: ARG001 - one signature for all relations
    return f"{b} and {a} were not trained independently, yet neither is shown to come from the other"


_KINSHIP: Mapping[Relation, Callable[[Report, str, str], str]] = {
    "identical": _identical,
    "derived": _derived,
    "shared-origin": _shared_origin,
}


def _how_surely(verdict: Verdict) -> str:
    """The number, or what there is in its place."""
    if verdict.grade == "calibrated":
        return "; that stands on evidence that was calibrated on known models, not on an exact test"
    chance = rarity(verdict.log10_p)
    return f"; two independently trained models would look like this {chance}" if chance else ""


def _would_have_seen(verdict: Verdict) -> str:
    limit = detection_limit(verdict.detection_limit)
    return "" if limit == MISSING else f"; a relation as weak as a cosine of {limit} would have been seen"


def _claimed_base(report: Report, a: str, b: str) -> str:
    """What the card of the one that may be the descendant says against it: that it has no base, or nothing."""
    is_a = report.verdict.direction == "b->a" or report.verdict.excluded == ("a->b",)
    child, name = (report.a, a) if is_a else (report.b, b)
    if report.verdict.relation == "shared-origin" or child.base_models:
        return ""
    if child.scratch_claim:
        return f" The card of {name} says that it was trained from scratch."
    return f" The repository of {name} names no base model."


def _of_check(report: CheckReport) -> str:
    """What the weights say of the subject's origin, and what does not fit it."""
    subject = names_of(report.subject.ref)[0]
    related = [reference for reference in report.references if reference.relation in RELATED]
    wrong = _what_does_not_fit(report)
    origin = _origin(report.subject, related)
    if wrong and report.outcome == "inconclusive":
        so_far = f"{origin}; not all that it says" if origin else f"Not all that {subject} says"
        return f"{so_far} of itself could be checked, and this was found: {wrong}."
    if wrong and origin:
        return f"{origin}, and what it says of itself does not fit: {wrong}."
    if wrong:
        return f"What {subject} says of itself does not fit what was found: {wrong}."
    if report.outcome == "not-checked":
        return f"There was nothing to hold what {subject} says of itself against."
    if report.outcome == "inconclusive":
        return f"What {subject} says of itself could not be checked in full, which is no pass."
    return f"{origin}, and nothing speaks against what it says of itself." if origin else (
        f"Nothing was found that speaks against what {subject} says of itself."
    )  # fmt: skip


def _origin(subject: ModelSummary, related: list[ReferenceSummary]) -> str | None:
    """How the subject's weights relate to the nearest references that they are related to."""
    if not related:
        return None
    name, *references = names_of(subject.ref, *(reference.ref for reference in related[:_MOST_NAMED]))
    first = related[0]
    listed = _listed(references, len(related) - len(references))
    verb = {"identical": "holds the same weights as", "derived": "shares its training with"}
    return f"{name} {verb.get(str(first.relation), 'was not trained independently of')} {listed}"


def _what_does_not_fit(report: CheckReport) -> str:
    """The rules with findings that count, gravest first, by their titles: ``a copy of the licence is missing``."""
    titles = {rule.rule_id: rule.title for rule in report.rules}
    counting = [one for one in report.findings if one.counts and one.level != "note"]
    fired = list(dict.fromkeys(one.rule_id for one in sorted(counting, key=lambda one: one.level != "error")))
    said = [_lower(titles.get(rule_id, rule_id).rstrip(".")) for rule_id in fired[:_MOST_MISFITS]]
    more = len(fired) - len(said)
    return "; ".join((*said, f"and {more} more")) if more > 0 else "; ".join(said)


def _of_identification(found: Identification) -> str:
    """The nearest relative, or among how many models there was none."""
    subject = names_of(found.subject.ref)[0]
    if found.relatives:
        return _nearest(found)
    decided = found.models - len(found.undecided)
    if not found.models:
        return f"The library is empty: no relative of {subject} can be named from it."
    if decided <= 0:
        return f"Whether {subject} has a relative in the library could not be told, which is no pass."
    limit = detection_limit(max(filter(None, (found.detection_limit, found.prefilter_limit)), default=None))
    seen = "" if limit == MISSING else f"; a relation as weak as a cosine of {limit} would have been seen"
    unknown = f"; {plural(len(found.undecided), 'model')} could not be told" if found.undecided else ""
    return (
        f"Nothing in {subject} was found to come from any of {plural(decided, 'model')} of the library{seen}{unknown}."
    )


def _nearest(found: Identification) -> str:
    nearest = found.relatives[0]
    subject, name = names_of(found.subject.ref, nearest.name)
    chance = None if nearest.grade == "calibrated" else rarity(nearest.corrected_log10_p)
    number = f"; were nothing in the library related to it, one would look like this {chance}" if chance else ""
    others = len(found.relatives) - 1
    more = f", and {plural(others, 'more model')} of the library {'is' if others == 1 else 'are'} related to it"
    if nearest.relation == "identical":
        return f"{subject} holds the same weights as {name} of the library{more if others else ''}."
    return f"The nearest known relative of {subject} is {name}{more if others else ''}{number}."


def _of_tree(tree: FamilyTree) -> str:
    from lineage_audit.report.wording.tree import headline

    return f"{headline(tree)}."


def _of_unmixing(unmixing: Unmixing) -> str:
    """What the child was mixed from, with which weights, and how."""
    child, *parents = names_of(unmixing.child.ref, *(parent.ref for parent in unmixing.parents))
    if unmixing.method == "unknown" and not unmixing.weights:
        return f"No relation of {child} to the named parents was found."
    if unmixing.method == "unknown":
        left = share(unmixing.unexplained)
        return f"The named parents do not explain {child}: the nearest mixture of them leaves {left} unexplained."
    if unmixing.method == "passthrough":
        return f"{child} was put together from whole layers: {unmixing.summary.rstrip('.')}."
    weighed = zip(parents, unmixing.weights, strict=False)
    mixed = _listed([f"{name} (weight {weight.value:.2f})" for name, weight in weighed])
    return f"{child} is a merge of {mixed}: {METHOD_MEANINGS[unmixing.method]}."


def _of_behaviour(found: Behaviour) -> str:
    a, b = names_of(found.a.model, found.b.model)
    if found.outcome == "inconclusive" or found.effect is None:
        return f"Whether the answers of {b} lean to {a} could not be told, which is no pass."
    if found.outcome == "none":
        limit = detection_limit(found.detection_limit)
        return f"The answers of {b} were not seen to lean to {a}; a lean of {limit} would have shown."
    ranks = len(found.controls) + 1
    return (
        f"The answers of {b} lean to {a} (effect {found.effect:.2f}) more than any control's; "
        f"a model that has nothing to do with it would by chance once in {ranks} times."
    )


def _of_inspection(inspection: Inspection) -> str:
    model = inspection.model
    layers = plural(model.layers, "layer")
    return f"{names_of(model.ref)[0]} is a {cut_middle(model.architecture, _LONGEST_NAME)} of {layers}."


def _listed(items: list[str], more: int = 0) -> str:
    """``a``, ``a and b``, ``a, b and c``, ``a, b and 3 more``."""
    shown = [*items, f"{more} more"] if more > 0 else items
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))


_SENTENCES: Mapping[type, Callable[[Any], str]] = {
    Report: _of_comparison,
    Comparisons: _of_comparisons,
    CheckReport: _of_check,
    Identification: _of_identification,
    FamilyTree: _of_tree,
    Unmixing: _of_unmixing,
    Behaviour: _of_behaviour,
    Inspection: _of_inspection,
}
