"""The licence that a repository states: in its labels, its name where the label is ``other``, else its licence text.

Every place that states one is a claim of its own. A choice stands only where one claim gives it (``A OR B``); two
claims are no choice: they contradict each other, and both must be kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from lineage_audit.claims.licence_texts import changed, is_strange, texts_of_weights
from lineage_audit.claims.licences import (
    Choice,
    Licence,
    alias_form,
    licence_at,
    licence_called,
    licence_mentioned,
    licence_of_model,
    refined,
    spdx_of,
    terms_of,
)
from lineage_audit.claims.repository import RepositoryText
from lineage_audit.results import ClaimRecord, LicenceClass, LicenceStatement

_UNSPECIFIC = frozenset({"other", "unknown", "unlicense-unknown"})
_DEMANDS: tuple[LicenceClass, ...] = (
    "permissive",
    "copyleft",
    "use-restricted",
    "non-commercial",
    "no-derivatives",
    "unknown",
)
"""Classes of licences, the least demanding first."""


class _LicenceClaim(Struct, frozen=True):
    """What one place says of the licence.

    Attributes:
        stated: its words.
        basis: where it stands.
        choices: choices of licences that all hold at once, one choice of one licence in most cases; empty where a
            licence is not known.
    """

    stated: str
    basis: str
    choices: tuple[Choice, ...]

    @property
    def licences(self) -> tuple[Licence, ...]:
        """Every licence that it names."""
        return tuple(licence for choice in self.choices for licence in choice)


class StatedLicence(Struct, frozen=True):
    """A licence as stated.

    Attributes:
        statement: for the report.
        claims: what each place says; all of them hold.
        texts: licences whose texts stand beside other labels: whoever derives from the model keeps these, too.
        doubts: why the licence is not simply the one stated, one sentence each.
    """

    statement: LicenceStatement
    claims: tuple[_LicenceClaim, ...]
    texts: tuple[Licence, ...] = ()
    doubts: tuple[str, ...] = ()

    @property
    def choices(self) -> tuple[Choice, ...]:
        """Every choice that a claim gives."""
        return tuple(choice for claim in self.claims for choice in claim.choices)

    @property
    def options(self) -> tuple[Licence, ...]:
        """Every licence that a claim names."""
        return tuple(licence for choice in self.choices for licence in choice)

    @property
    def is_known(self) -> bool:
        """Whether the tool knows every licence stated and its terms, and nothing speaks against it."""
        return not self.unknown

    @property
    def unknown(self) -> tuple[str, ...]:
        """What is not known of it, one sentence each."""
        unnamed = [
            f"the licence {claim.stated} ({claim.basis}) is not known" for claim in self.claims if not claim.choices
        ]
        without_terms = [
            f"what the licence {licence.name} asks for is not in the data"
            + (f" ({'; '.join(licence.advice)})" if licence.advice else "")
            for licence in dict.fromkeys(self.options)
            if not licence.terms_are_known
        ]
        return (*unnamed, *without_terms, *self.doubts)

    @property
    def owed(self) -> tuple[Licence, ...]:
        """The licences that a derivative must keep: the least demanding of each choice, and those of the texts.

        Of contradicting claims the stricter holds: a permissive licence gives way to any other.
        """
        chosen = dict.fromkeys((*map(_least_demanding, self.choices), *self.texts))
        known = [licence for licence in chosen if licence.terms_are_known]
        strict = [licence for licence in known if licence.licence_class != "permissive"]
        return tuple(strict or known)


def read_stated_licence(
    claims: Sequence[ClaimRecord], texts: Sequence[RepositoryText], model: str
) -> StatedLicence | None:
    """Work out which licence a repository states.

    Args:
        claims: its claims of kinds ``license``, ``license_name`` and ``license_link``; others are passed over.
        texts: its text files.
        model: the model's name, for licences that its publisher refines.

    Returns:
        The licence; None where nothing is stated.
    """
    link = next((claim.value for claim in claims if claim.kind == "license_link"), None)
    found = texts_of_weights(texts, link)
    stated = tuple(_claims(claims, found, link, model))
    if not stated:
        return None
    named = {licence.key for claim in stated for licence in _and_refined(claim.licences)}
    beside = tuple(text.licence for text in found if text.licence is not None and text.licence.key not in named)
    changes = tuple(change for text in found if (change := changed(text)) is not None)
    strange = tuple(f"{text.file} is the text of no licence that is known" for text in found if is_strange(text))
    return StatedLicence(
        _statement(stated), stated, tuple(dict.fromkeys(beside)), (*changes, *(strange if named else ()))
    )


def licence_by_name(model: str) -> StatedLicence | None:
    """The licence that a model's publisher is known to use for models of this name."""
    return _by_name(model, licence_of_model(model))


def licence_by_words(model: str) -> StatedLicence | None:
    """The same for a model as prose calls it, which is less exact: "Llama 3.1"."""
    return _by_name(model, licence_of_model(model) or licence_mentioned(model))


def _by_name(model: str, licence: Licence | None) -> StatedLicence | None:
    if licence is None:
        return None
    claim = _LicenceClaim(licence.key, f"models named like {model} are published under it", ((licence,),))
    return StatedLicence(_statement((claim,)), (claim,))


def _least_demanding(choice: Choice) -> Licence:
    """The licence that a derivative would choose."""
    return min(choice, key=lambda licence: _DEMANDS.index(licence.licence_class))


def statement_of(licence: Licence, stated: str, basis: str) -> LicenceStatement:
    """A known licence for the report."""
    return LicenceStatement(
        stated, licence.key, licence.name, licence.spdx, licence.licence_class, licence.source, basis
    )


def place_of(record: ClaimRecord) -> str:
    """Where a claim stands, as ``README.md:3 license``."""
    line = f":{record.line}" if record.line is not None else ""
    return f"{record.file}{line}" + (f" {record.field}" if record.field else "")


def choices_called(name: str) -> tuple[Choice, ...]:
    """The choices of an id, a name or an SPDX expression; empty where a licence is not known."""
    licence = licence_called(name)
    return ((licence,),) if licence is not None else terms_of(name)


def _claims(
    claims: Sequence[ClaimRecord], texts: Sequence[RepositoryText], link: str | None, model: str
) -> Iterator[_LicenceClaim]:
    """Every label that names a licence; without one, the name, the link or the text that is told by its words."""
    labels = [record for record in claims if record.kind == "license"]
    names = [record for record in claims if record.kind == "license_name"]
    named = [label for label in labels if alias_form(label.value) not in _UNSPECIFIC]
    if named:
        for label in named:
            yield _claim(label.value, f"stated in {place_of(label)}", choices_called(label.value), model)
        return
    told = next((text for text in texts if text.licence is not None), None)
    linked = licence_at(link) if link else None
    if names and (choices := choices_called(names[0].value)):
        yield _claim(f"other ({names[0].value})", f"stated in {place_of(names[0])}", choices, model)
    elif told is not None and told.licence is not None:
        words = labels[0].value if labels else told.licence.name
        yield _claim(words, f"recognised by the text of {told.file}", ((told.licence,),), model)
    elif linked is not None:
        yield _claim(linked.key, f"linked as {link}", ((linked,),), model)
    elif names:
        yield _claim(f"other ({names[0].value})", f"stated in {place_of(names[0])}", (), model)
    elif labels:
        yield _claim(labels[0].value, f"stated in {place_of(labels[0])}, which names no licence", (), model)
    elif texts:
        yield _claim(texts[0].file, f"the text of {texts[0].file}", (), model)


def _claim(stated: str, basis: str, choices: tuple[Choice, ...], model: str) -> _LicenceClaim:
    own = tuple(tuple(refined(licence, model) for licence in choice) for choice in choices)
    return _LicenceClaim(stated, basis, own)


def _and_refined(licences: Sequence[Licence]) -> Iterator[Licence]:
    """Licences, and those whose texts they share."""
    for licence in licences:
        yield licence
        shared = licence_called(licence.refines) if licence.refines else None
        if shared is not None:
            yield shared


def _statement(claims: Sequence[_LicenceClaim]) -> LicenceStatement:
    """The claims for the report, in one line."""
    licences = tuple(dict.fromkeys(licence for claim in claims for licence in claim.licences))
    if len(licences) == 1 and all(claim.choices for claim in claims):
        return statement_of(licences[0], claims[0].stated, claims[0].basis)
    stated = " and ".join(dict.fromkeys(claim.stated for claim in claims))
    parts = dict.fromkeys(claim.stated for claim in claims)
    expression = spdx_of(" AND ".join(f"({part})" for part in parts)) if len(parts) > 1 else spdx_of(stated)
    classes = {licence.licence_class for licence in licences}
    shared: LicenceClass = classes.pop() if len(classes) == 1 and all(claim.choices for claim in claims) else "unknown"
    basis = "; ".join(dict.fromkeys(claim.basis for claim in claims))
    return LicenceStatement(stated, None, stated, expression, shared, None, basis)
