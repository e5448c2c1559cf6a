"""A result of every kind, for what holds of all of them."""

from __future__ import annotations

from lineage_audit.report import formats_of
from tests.report.checks import CHECKS
from tests.report.html.samples import LEANING, MERGED, SHELVED, TREE, TUNED
from tests.report.samples import INSPECTION, MANY, REPORTS

RESULTS = (*REPORTS.values(), TUNED, MANY, *CHECKS.values(), INSPECTION, SHELVED, TREE, MERGED, LEANING)
ONE_OF_EACH = (REPORTS["derived"], MANY, CHECKS["failed"], INSPECTION, SHELVED, TREE, MERGED, LEANING)


def text_formats(kind: type) -> list[str]:
    """The formats that write text by code of this project alone."""
    return [form.name for form in formats_of(kind) if not form.needs_library]
