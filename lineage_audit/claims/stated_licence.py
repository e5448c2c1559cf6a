"""The licence that a repository states: its label, its name where the label is ``other``, else its licence text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lineage_audit.claims.licences import (
    Licence,
    alias_form,
    alternatives,
    licence_called,
    licence_of_model,
    refined,
    spdx_of,
)
from lineage_audit.claims.repository import RepositoryText
from lineage_audit.results import ClaimRecord, LicenceClass, LicenceStatement

_UNSPECIFIC = frozenset({"other", "unknown", "unlicense-unknown"})


@dataclass(frozen=True, slots=True)
class StatedLicence:
    """A licence as stated.

    Attributes:
        statement: for the report.
        options: the licences of which it gives the choice, one in most cases; empty where it is not known.
    """

    statement: LicenceStatement
    options: tuple[Licence, ...]

    @property
    def is_known(self) -> bool:
        """Whether the tool knows the licence."""
        return bool(self.options)


def read_stated_licence(
    labels: Sequence[ClaimRecord], names: Sequence[ClaimRecord], texts: Sequence[RepositoryText], model: str
) -> StatedLicence | None:
    """Work out which licence a repository states.

    Args:
        labels: claims of kind ``license``; several give a choice.
        names: claims of kind ``license_name``.
        texts: the repository's text files.
        model: the model's name, for licences that its publisher refines.

    Returns:
        The licence, its options empty where it is not known; None where nothing is stated.
    """
    stated = [label for label in labels if alias_form(label.value) not in _UNSPECIFIC]
    if stated:
        found = tuple(licence for label in stated for licence in _options(label.value))
        known = found if all(_options(label.value) for label in stated) else ()
        return _stated(" OR ".join(label.value for label in stated), known, f"stated in {place_of(stated[0])}", model)
    if names:
        return _stated(f"other ({names[0].value})", _options(names[0].value), f"stated in {place_of(names[0])}", model)
    text = _licence_text(texts)
    if text is not None and text.licence is not None:
        label = labels[0].value if labels else text.licence.name
        return _stated(label, (text.licence,), f"recognised by the text of {text.file}", model)
    if labels:
        return _stated(labels[0].value, (), f"stated in {place_of(labels[0])}, which names no licence", model)
    return None


def licence_by_name(model: str) -> StatedLicence | None:
    """The licence that a model's publisher is known to use for models of this name."""
    licence = licence_of_model(model)
    if licence is None:
        return None
    return _stated(licence.key, (licence,), f"models named like {model} are published under it", model)


def statement_of(licence: Licence, stated: str, basis: str) -> LicenceStatement:
    """A known licence for the report."""
    return LicenceStatement(
        stated, licence.key, licence.name, licence.spdx, licence.licence_class, licence.source, basis
    )


def place_of(record: ClaimRecord) -> str:
    """Where a claim stands, as ``README.md:3 license``."""
    line = f":{record.line}" if record.line is not None else ""
    return f"{record.file}{line}" + (f" {record.field}" if record.field else "")


def _licence_text(texts: Sequence[RepositoryText]) -> RepositoryText | None:
    """The text that says which licence this is: a file called so first, notices of third parties never."""
    found = [text for text in texts if text.licence is not None and "notice" not in text.file.lower()]
    return min(found, key=lambda text: "licen" not in text.file.lower(), default=None)


def _options(name: str) -> tuple[Licence, ...]:
    """The known licences of an id, a name or an SPDX expression."""
    licence = licence_called(name)
    return (licence,) if licence is not None else alternatives(name)


def _stated(stated: str, options: tuple[Licence, ...], basis: str, model: str) -> StatedLicence:
    options = tuple(refined(licence, model) for licence in options)
    if len(options) == 1:
        return StatedLicence(statement_of(options[0], stated, basis), options)
    classes: set[LicenceClass] = {licence.licence_class for licence in options}
    shared: LicenceClass = classes.pop() if len(classes) == 1 else "unknown"
    return StatedLicence(LicenceStatement(stated, None, stated, spdx_of(stated), shared, None, basis), options)
