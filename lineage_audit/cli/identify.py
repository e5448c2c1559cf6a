"""``lineage-audit identify MODEL --library L``."""

from __future__ import annotations

from pathlib import Path

import click

from lineage_audit.cli.delivery import Delivery, delivered
from lineage_audit.cli.exit_codes import ExitCode
from lineage_audit.results import Identification, IdentificationOutcome

_EXITS: dict[IdentificationOutcome, ExitCode] = {
    "found": ExitCode.PASSED,
    "none": ExitCode.PASSED,
    "inconclusive": ExitCode.INCONCLUSIVE,
}


@click.command()
@click.argument("model")
@click.option(
    "--library",
    required=True,
    envvar="LINEAGE_AUDIT_LIBRARY",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The library's file. Default: $LINEAGE_AUDIT_LIBRARY.",
)
@click.option(
    "--effort",
    type=click.Choice(["full", "sample"]),
    default="full",
    show_default=True,
    help="How much of MODEL to read, where it is no fingerprint already.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["never", "found", "none"]),
    default="never",
    show_default=True,
    help="Exit with 1 when a relative was found, or when none was.",
)
@delivered(Identification)
def command(
    model: str,
    library: Path,
    effort: str,
    fail_on: str,
    delivery: Delivery,
) -> int:
    """Name a model's nearest relatives in a library.

    MODEL is a local folder, a weight file, a Hub repository (org/name[@revision]), or a fingerprint.
    """
    from lineage_audit import identify

    with delivery.progress() as progress:
        identification = identify(model, library, effort=effort, progress=progress)
    delivery.deliver(identification)
    return ExitCode.FINDING if identification.outcome == fail_on else _EXITS[identification.outcome]
