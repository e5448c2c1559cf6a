"""Controls from a library: what people quote, between one model and those of a library that are independent of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from math import log
from pathlib import Path

from lineage_audit.errors import LineageAuditError
from lineage_audit.library.database import Database, open_database
from lineage_audit.library.database_entries import DatabaseEntry
from lineage_audit.library.fingerprint import Fingerprint, compare_fingerprints
from lineage_audit.results import Control, ControlledNumber

_MOST = 24
"""Models of a library that one is held against, those of the nearest shapes first."""


def controls_of_library(path: Path, model: Fingerprint, beside: str) -> Mapping[str, Control]:
    """What each number gives between a model and the independent ones of a library, by the number's id.

    Args:
        path: the library.
        model: the model.
        beside: the digest of the model that it was compared with, which is no control of itself.

    Raises:
        LineageAuditError: the library cannot be read.
    """
    values: dict[str, list[float]] = defaultdict(list)
    widths: list[int] = []
    with open_database(path) as database:
        for width, numbers in _independent(database, model, beside):
            widths.append(width)
            for number in numbers:
                if number.value is not None:
                    values[number.number_id].append(number.value)
    if not widths:
        return {}
    named = f"{len(widths)} models of {path.name} that are independent of B, {_between(widths)} wide"
    return {
        number_id: Control(named, "library", min(found), max(found), len(found)) for number_id, found in values.items()
    }


def _independent(
    database: Database, model: Fingerprint, beside: str
) -> Iterator[tuple[int, tuple[ControlledNumber, ...]]]:
    """Width and numbers of every model that is found to be independent."""
    same_scheme = (entry for entry in database.entries() if entry.scheme == model.scheme)
    entries = [entry for entry in same_scheme if entry.width and entry.digest != beside]
    for entry in sorted(entries, key=lambda entry: _distance(entry, model))[:_MOST]:
        try:
            report = compare_fingerprints(database.fingerprint(entry.name), model)
        except LineageAuditError:
            continue  # one that is damaged, or cannot be compared, is no control
        if report.verdict.relation == "independent":
            yield entry.width, report.controls


def _distance(entry: DatabaseEntry, model: Fingerprint) -> tuple[float, float, str]:
    """Orders models by how far their shapes are from a model's: by width, then by parameters."""
    parameters = max(1, entry.parameters) / max(1, model.identity.parameters)
    return abs(log(entry.width / max(1, model.width))), abs(log(parameters)), entry.name


def _between(widths: list[int]) -> str:
    low, high = min(widths), max(widths)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"
