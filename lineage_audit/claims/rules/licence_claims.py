"""What a repository says of its licence in several places, held against each other: labels, texts, metadata."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lineage_audit.claims.case import Case
from lineage_audit.claims.licence_texts import about
from lineage_audit.claims.licences import alias_form
from lineage_audit.claims.rules.base import Draft, Rule, quoted
from lineage_audit.claims.stated_licence import choices_called, place_of
from lineage_audit.results import ClaimRecord


def _label_against_texts(case: Case) -> Iterator[Draft]:
    """The licence label against the licence texts that lie beside it."""
    stated = case.licence
    texts = [text for text in case.subject.texts if about(text.file) in ("weights", "anything")]
    if stated is None or not stated.options or not case.statements.of("license"):
        return
    keys = {option.key for option in stated.options} | {option.refines for option in stated.options}
    owed = {debt.licence.key for debt in case.debts} | {base.licence.key for base in case.unverified if base.licence}
    if any(text.licence.key in keys for text in texts if text.licence):
        return
    for text in texts:
        if text.licence is not None and text.licence.key not in owed:
            yield Draft(
                message=(
                    f"The stated licence {stated.statement.stated} is inconsistent with {text.file}, "
                    f"which is the text of the {text.licence.name}."
                ),
                evidence=(f"{stated.statement.basis}: {stated.statement.stated}", f"{text.file}: {text.licence.name}"),
                fix="State the licence whose text the repository holds, or put the stated one's text there.",
                location=case.place("license"),
                about=text.licence.key,
                properties={"stated_licence": stated.statement.key, "text_licence": text.licence.key},
            )


def _label_against_metadata(case: Case) -> Iterator[Draft]:
    """The card's label against the label inside the weight file."""
    labels = case.statements.of("license")
    cards = [label for label in labels if not _is_inside(label)]
    files = [label for label in labels if _is_inside(label)]
    if cards and files and _meaning(cards[0]) != _meaning(files[0]):
        card, file = cards[0], files[0]
        yield Draft(
            message=f"The card's licence {card.value} is inconsistent with {file.value} in the weight file's metadata.",
            evidence=(quoted(card), quoted(file)),
            fix="State one licence in both places.",
            location=case.place("license"),
            about=_about(files[:1]),
        )


def _labels_of_one_file(case: Case) -> Iterator[Draft]:
    """Two labels of one file: a list, or a key that stands twice."""
    labels = [label for label in case.statements.of("license") if label.origin == "repository"]
    for file in dict.fromkeys(label.file for label in labels):
        here = [label for label in labels if label.file == file]
        if len({_meaning(label) for label in here}) > 1:
            values = " and ".join(label.value for label in here)
            yield Draft(
                message=f"{file} states {values}, one inconsistent with the other: two labels are no choice.",
                evidence=tuple(map(quoted, here)),
                fix="State one licence, or the choice as one SPDX expression with OR.",
                location=case.place("license"),
                about=_about(here),
            )


def _text_in_doubt(case: Case) -> Iterator[Draft]:
    """Licence texts of the weights that are not simply a known licence, and licence files that are no text."""
    if case.licence is None or not case.licence.options:
        return
    unread = tuple(f"{file} is there and was not read" for file in case.subject.unread_licences)
    for doubt in (*case.licence.doubts, *unread):
        yield Draft(
            message=f"What the repository's licence says is not all known: {doubt}.",
            evidence=(doubt, *(f"{place_of(label)}: {label.value}" for label in case.statements.of("license"))),
            fix="Read the file; then allow this finding in the policy, with the reason.",
            location=case.place("license"),
            about=doubt,
        )


def _is_inside(label: ClaimRecord) -> bool:
    """Whether a label stands in a weight file's own metadata."""
    return (label.field or "").startswith("general.")


def _meaning(label: ClaimRecord) -> object:
    """What a label says, whatever its spelling."""
    choices = choices_called(label.value)
    return frozenset(frozenset(licence.key for licence in choice) for choice in choices) or alias_form(label.value)


def _about(labels: Sequence[ClaimRecord]) -> str:
    return " ".join(sorted(alias_form(label.value) for label in labels))


RULES = (
    Rule(
        "LA301",
        "licence-label-against-text",
        "The licence label and the licence text differ",
        "warning",
        "Recognises every licence text of the repository by its words and compares it with the card's label. Texts of "
        "licences that a base asks to keep, and those of the code or of third parties, are left out. State one "
        "licence.",
        _label_against_texts,
    ),
    Rule(
        "LA305",
        "licence-label-against-metadata",
        "The card and the weight file state different licences",
        "warning",
        "Compares the card's licence with general.license in a GGUF file. Both are held against the bases: two claims "
        "are no choice. State one licence.",
        _label_against_metadata,
    ),
    Rule(
        "LA309",
        "licence-text-not-plain",
        "A licence text is none that is known, or a known one with something added",
        "warning",
        "Compares the licence text of the weights with the known texts. A clause that was added, words that are "
        "missing, a text of no known licence, or a file that is no text (a PDF) leave open what the licence asks for. "
        "Read it, and allow the finding with what you found as the reason.",
        _text_in_doubt,
        is_unchecked=True,
    ),
    Rule(
        "LA308",
        "licence-stated-twice",
        "One file states several licences, and no choice between them",
        "warning",
        "A license key that stands twice, or a list of licences, gives no choice: all of them are held against the "
        "bases. State one licence, or one SPDX expression with OR.",
        _labels_of_one_file,
    ),
)
