"""``lineage-audit tree MODEL...``."""

from __future__ import annotations

import click

from lineage_audit.cli.delivery import Delivery, delivered
from lineage_audit.cli.exit_codes import ExitCode
from lineage_audit.results import FamilyTree


@click.command()
@click.argument("models", nargs=-1, required=True)
@click.option(
    "--effort",
    type=click.Choice(["full", "sample"]),
    default="full",
    show_default=True,
    help="How much to read of each model that is no fingerprint already.",
)
@delivered(FamilyTree)
def command(
    models: tuple[str, ...],
    effort: str,
    delivery: Delivery,
) -> int:
    """Draw the family tree of many models: groups, who was made from whom and how, merges, unknown ancestors.

    MODELS are local folders, weight files, Hub repositories (org/name[@revision]) or fingerprints. Each is read once;
    all pairs are compared by fingerprints. Exit code 3 when no two were found related and some could not be compared.
    """
    from lineage_audit import tree

    with delivery.progress() as progress:
        drawn = tree(models, effort=effort, progress=progress)
    delivery.deliver(drawn)
    return ExitCode.INCONCLUSIVE if drawn.undecided and not drawn.edges else ExitCode.PASSED
