"""What the words of a report mean, for who knows no statistics; the page, ``--explain`` and the docs share them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lineage_audit.results import (
    Behaviour,
    CheckReport,
    Comparisons,
    FamilyTree,
    Identification,
    Inspection,
    Report,
    Unmixing,
)


@dataclass(frozen=True, slots=True)
class Term:
    """A word and what it means."""

    word: str
    meaning: str


GLOSSARY = (
    Term("identical", "Both files hold the same weights, whatever the format or the tensor names."),
    Term(
        "derived",
        "The two share training: one was made from the other, or both stayed close to one common model. Which of these "
        "it is stands under direction.",
    ),
    Term(
        "shared origin",
        "The two were not trained independently, but the evidence does not show, or speaks against, that one was made "
        "from the other: one starting point trained twice, or siblings that both moved far. It is no acquittal.",
    ),
    Term(
        "independent",
        "Nothing in common was found, and the tests were strong enough to find it; how strong is the detection limit.",
    ),
    Term("inconclusive", "Too little could be read or compared to say anything. It is never a pass."),
    Term(
        "if independent",
        "The p-value: how often two models that were trained independently of each other would agree as much as these "
        "two do. 10^-447 means less than once in a 1 followed by 447 zeros.",
    ),
    Term(
        "exact",
        "The p-value rests on a symmetry that training cannot see (a unit's number, a sign): it holds for every pair "
        "of independently trained models, whatever data or architecture they share.",
    ),
    Term(
        "calibrated",
        "The number was compared with what pairs of known models give. It is only used with a wide margin, and the "
        "verdict says so.",
    ),
    Term(
        "detection limit",
        "The weakest relation that this run would still have noticed, as a cosine: 0 is nothing in common, 1 the same. "
        "A fine-tune usually stands above 0.9.",
    ),
    Term(
        "direction",
        "Which of the two came first. It is stated only where the weights show it (rounding, removed layers, appended "
        "tokens, and nothing else done); after further training such a mark says only who was not made from whom. A "
        "name on a model page proves nothing here.",
    ),
    Term(
        "derived share",
        "The share of B's parameters that sit in rows matching their counterpart in A beyond chance.",
    ),
    Term(
        "explained variance",
        "How much of B's weights A predicts: 100% is a copy, 0% nothing. Light fine-tuning leaves well over 90%.",
    ),
    Term("copied share", "The share of B's parameters that equal those of A bit for bit, beyond what chance gives."),
    Term("cosine", "How far two lists of numbers point the same way: 1 the same, 0 unrelated, -1 the opposite."),
    Term(
        "correlation",
        "The same as a cosine, over whole matrices: squared, it is the share of one that the other explains.",
    ),
    Term(
        "log10 p",
        "The p-value by its power of ten: -6 is one in a million, -447 a 1 with 447 zeros. 0 means nothing was found.",
    ),
    Term("null", "The assumption that a test tries to refute: that the two models were trained independently."),
    Term("effect", "How strong the agreement is, apart from how sure it is: usually a mean cosine."),
    Term(
        "FFN unit",
        "One hidden neuron of a feed-forward layer. Independent trainings number and sign their units at random, so "
        "units that agree number by number show a common origin.",
    ),
    Term("head", "One of the parallel parts of an attention layer; a KV group is those that share keys and values."),
    Term("residual channel", "One coordinate of the stream of numbers that all layers read from and write to."),
    Term("expert", "One of several feed-forward networks in a layer, of which each token uses a few."),
    Term("delta", "B's weights minus A's: what was changed."),
    Term("digest", "A fingerprint of the files themselves (SHA-256): equal digests mean equal files."),
    Term("base model", "The model that another says it was made from, on its card."),
    Term("declared", "What the repository says of itself, in its card or licence files."),
    Term("concluded", "What follows from where the weights come from, whatever the card says."),
    Term("distance", "The size of the difference between two models, as a share of the size of the weights."),
    Term("fingerprint", "A small file that stands for a model when its relatives are looked for."),
    Term("library", "A file of many fingerprints, in which the nearest relatives of a model are looked for."),
    Term("unknown ancestor", "A model that must have been, because others share it, and was not among those given."),
    Term("merge weight", "How much of a parent went into a merge: 0.6 means six parts of ten."),
    Term("residual", "What is left of the child when everything that the parents explain is taken away."),
    Term(
        "lean",
        "What the answers of two models have in common that no mix of the controls' answers explains, as a partial "
        "correlation: 1 the same, 0 nothing.",
    ),
    Term("control", "A model that has nothing to do with the two: what it shares with them, unrelated models share."),
    Term(
        "false-alarm rate",
        "How often a model that has nothing to do with the other would rank as high among the controls: with five of "
        "them never below one in six.",
    ),
    Term("stop", "A place in a text at which a model is asked how it goes on."),
    Term("role", "What a tensor does in the network: embedding, query, key, value, gate, norm, ..."),
)
"""Every word of a report that is explained, in the order in which a reader meets them."""

_RELATIONS = ("identical", "derived", "shared origin", "independent", "inconclusive")
_CERTAINTY = ("if independent", "exact", "calibrated", "detection limit", "direction")

_USED_BY: Mapping[type, tuple[str, ...]] = {
    Report: (
        *_RELATIONS, *_CERTAINTY, "derived share", "explained variance", "copied share", "cosine", "correlation",
        "log10 p", "null", "effect", "FFN unit", "head", "residual channel", "delta",
    ),
    Comparisons: (*_RELATIONS, *_CERTAINTY, "derived share", "copied share"),
    CheckReport: (
        "base model", "declared", "concluded", *_RELATIONS, "if independent", "exact", "calibrated", "derived share",
        "detection limit",
    ),
    Inspection: ("role", "digest", "expert", "base model"),
    Identification: ("library", "fingerprint", *_RELATIONS, "if independent", "distance", "detection limit"),
    FamilyTree: ("fingerprint", "unknown ancestor", "distance", "log10 p", "detection limit"),
    Behaviour: ("effect", "lean", "control", "false-alarm rate", "stop", "inconclusive"),
    Unmixing: ("merge weight", "residual", "delta", "base model"),
}  # fmt: skip
"""Result type -> the words that its report uses."""

_BY_WORD: Mapping[str, str] = {term.word.lower(): term.meaning for term in GLOSSARY}


def terms_of(kind: type) -> tuple[Term, ...]:
    """The terms that the report of a kind of result uses."""
    used = set(_USED_BY[kind])
    return tuple(term for term in GLOSSARY if term.word in used)


def meaning_of(word: str) -> str | None:
    """What a word means, in any case, or None."""
    return _BY_WORD.get(word.lower())
