"""A bill of materials as the list of what to check: one report a model, and the exit code of the worst."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lineage_audit.cli.exit_codes import ExitCode
from lineage_audit.errors import LineageAuditError

if TYPE_CHECKING:
    from lineage_audit.claims.bill_of_materials import BillOfMaterials
    from lineage_audit.cli.delivery import Delivery

_WORST_FIRST = (ExitCode.ERROR, ExitCode.FINDING, ExitCode.INCONCLUSIVE, ExitCode.PASSED)


def bill_of(subject: str | None, file: Path | None) -> BillOfMaterials | None:
    """The bill that was named, or that stands in the subject's place; None where one model is checked.

    Raises:
        UsageError: there is nothing to check, or both a model and a bill.
        LineageAuditError: the bill cannot be read.
    """
    from lineage_audit.claims.bill_of_materials import is_bill_of_materials, read_bill_of_materials

    if (subject is None) == (file is None):
        raise click.UsageError("give one SUBJECT, or --sbom FILE")
    if file is None and subject is not None and is_bill_of_materials(Path(subject)):
        file = Path(subject)
    return read_bill_of_materials(file) if file is not None else None


def check_all(bill: BillOfMaterials, delivery: Delivery, check: Callable[[str, Delivery], ExitCode]) -> ExitCode:
    """Check every model of a bill; stderr names those that lead nowhere or could not be checked."""
    codes = {_checked(model, delivery, check) for model in bill.models}
    for name in bill.unplaced:
        _tell(f"{name}: the bill does not say where this model is; it was not checked")
        codes.add(ExitCode.INCONCLUSIVE)
    if not codes:
        _tell("the bill of materials lists no model")
    return next((code for code in _WORST_FIRST if code in codes), ExitCode.PASSED)


def _checked(model: str, delivery: Delivery, check: Callable[[str, Delivery], ExitCode]) -> ExitCode:
    try:
        return check(model, delivery.of(_file_part(model)))
    except LineageAuditError as error:
        _tell(str(error))
        return ExitCode.ERROR


def _file_part(model: str) -> str:
    """What a model is called inside of a file's name: a local one by its folder."""
    called = Path(model).name if Path(model).is_dir() else model
    return re.sub(r"[^A-Za-z0-9._-]+", "-", called).strip("-.")[-100:]


def _tell(message: str) -> None:
    from lineage_audit.report.escaping import cut_middle, printable

    click.echo(f"lineage-audit: {cut_middle(printable(' '.join(message.split())), 1000)}", err=True)
