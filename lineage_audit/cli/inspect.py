"""``lineage-audit inspect MODEL``."""

from __future__ import annotations

import click

from lineage_audit.cli.delivery import Delivery, delivered
from lineage_audit.cli.exit_codes import ExitCode
from lineage_audit.cli.options import weights_option
from lineage_audit.results import Inspection


@click.command()
@click.argument("model")
@weights_option
@delivered(Inspection)
def command(model: str, weights: str | None, delivery: Delivery) -> int:
    """Say what one model is: architecture, roles, data types, tokenizer, and what it claims of itself.

    MODEL is a local folder, a weight file, or a Hub repository (org/name[@revision]). No weight is read.
    """
    from lineage_audit import inspect

    with delivery.progress():
        inspection = inspect(model, weights=weights)
    delivery.deliver(inspection)
    return ExitCode.PASSED
