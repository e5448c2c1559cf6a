"""``lineage-audit compare A B``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lineage_audit.cli.delivery import Delivery, delivered
from lineage_audit.cli.exit_codes import ExitCode
from lineage_audit.cli.options import budget_option, device_option, effort_option, weights_option
from lineage_audit.results import RELATED, Relation, Report

if TYPE_CHECKING:
    from lineage_audit.comparison import EffortChoice
    from lineage_audit.comparison.reading.kernels import Device

_FAILING: dict[str, frozenset[Relation]] = {
    "never": frozenset(),
    "identical": frozenset({"identical"}),
    "derived": frozenset({"identical", "derived"}),
    "shared-origin": frozenset(RELATED),
}
"""What ``--fail-on`` takes -> the relations that then end in exit code 1."""


@click.command()
@click.argument("a")
@click.argument("b")
@effort_option
@click.option(
    "--parent",
    "parents",
    metavar="REF",
    multiple=True,
    help="A model that B may be a merge of, beside A; repeat for each. Without --base, A is the base (deprecated).",
)
@budget_option
@click.option("--base", metavar="REF", help="A common base: what A and B share beyond it is measured.")
@weights_option
@device_option
@click.option("--controls", is_flag=True, help="Add numbers that people quote, each beside what unrelated models give.")
@click.option(
    "--fail-on",
    type=click.Choice(list(_FAILING)),
    default="never",
    show_default=True,
    help="Exit with 1 when the relation is this or closer.",
)
@click.option(
    "--certificate",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write what shows that the two are not independent, for anyone to verify (see lineage-audit verify).",
)
@delivered(Report)
def command(
    a: str,
    b: str,
    effort: EffortChoice,
    parents: tuple[str, ...],
    budget: int | None,
    base: str | None,
    weights: str | None,
    device: Device,
    controls: bool,
    fail_on: str,
    certificate: Path | None,
    delivery: Delivery,
) -> int:
    """Compare two models: does B derive from A, how much, and how surely?

    A and B are local folders, weight files, Hub repositories (org/name[@revision]), ollama:NAME, addresses (https://,
    s3://), BASE+ADAPTER of these, or fingerprints. A is the suspected ancestor where there is one; swapping them
    mirrors the report.
    """
    from lineage_audit import certify, compare
    from lineage_audit.report.saving import require_place

    if certificate is not None:
        if weights is not None:
            raise click.UsageError("--certificate is of the weights that a model is loaded with; leave out --weights")
        require_place(certificate)
    with delivery.progress() as progress:
        report = compare(
            a,
            b,
            effort=effort,
            progress=progress,
            parents=parents,
            weights=weights,
            base=base,
            device=device,
            budget=budget,
        )
    delivery.with_part("controls", wanted=controls).deliver(report)
    if certificate is not None:
        certify(a, b, certificate)
    return exit_code(report, fail_on)


def exit_code(report: Report, fail_on: str) -> ExitCode:
    """What the comparison ends with."""
    if report.verdict.relation == "inconclusive":
        return ExitCode.INCONCLUSIVE
    return ExitCode.FINDING if report.verdict.relation in _FAILING[fail_on] else ExitCode.PASSED
