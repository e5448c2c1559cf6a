"""A result of every kind, for what holds of all of them."""

from __future__ import annotations

from lineage_audit.errors import LineageAuditError
from lineage_audit.report import formats_of
from lineage_audit.report.formats import Format
from tests.report.checks import CHECKS
from tests.report.html.samples import LEANING, MERGED, SHELVED, TREE, TUNED
from tests.report.samples import INSPECTION, MANY, REPORTS

RESULTS = (*REPORTS.values(), TUNED, MANY, *CHECKS.values(), INSPECTION, SHELVED, TREE, MERGED, LEANING)
ONE_OF_EACH = (REPORTS["derived"], MANY, CHECKS["failed"], INSPECTION, SHELVED, TREE, MERGED, LEANING)


def text_formats(kind: type) -> list[str]:
    """The formats that write text by code of this project alone."""
    return [form.name for form in formats_of(kind) if not form.needs_library]


def texts_written_here(kind: type) -> list[str]:
    """The formats that write text and whose library is installed here."""
    return [form.name for form in formats_of(kind) if form.name != "pdf" and _is_installed(form)]


def _is_installed(form: Format) -> bool:
    try:
        form.require()
    except LineageAuditError:
        return False
    return True
