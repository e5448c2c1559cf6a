"""``lineage-audit compare A B``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lineage_audit.cli.exit_codes import ExitCode
from lineage_audit.cli.options import (
    budget_option,
    device_option,
    effort_option,
    figures_option,
    format_option,
    output_option,
    weights_option,
)
from lineage_audit.cli.output import format_for, write_figures, write_whole
from lineage_audit.results import Relation, Report

if TYPE_CHECKING:
    from lineage_audit.comparison import EffortChoice
    from lineage_audit.comparison.kernels import Device

_FAILING: dict[str, frozenset[Relation]] = {
    "never": frozenset(),
    "identical": frozenset({"identical"}),
    "derived": frozenset({"identical", "derived"}),
    "shared-origin": frozenset({"identical", "derived", "shared-origin"}),
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
@format_option
@output_option
@figures_option
@click.option(
    "--fail-on",
    type=click.Choice(list(_FAILING)),
    default="never",
    show_default=True,
    help="Exit with 1 when the relation is this or closer.",
)
@click.option("-v", "--verbose", is_flag=True, help="Add the tables: tests, roles, fields, renames, layers.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors; the exit code and -o remain.")
def command(
    a: str,
    b: str,
    effort: EffortChoice,
    parents: tuple[str, ...],
    budget: int | None,
    base: str | None,
    weights: str | None,
    device: Device,
    format_name: str | None,
    output: Path | None,
    figures: Path | None,
    fail_on: str,
    verbose: bool,
    quiet: bool,
) -> int:
    """Compare two models: does B derive from A, how much, and how surely?

    A and B are local folders, weight files, Hub repositories (org/name[@revision]), ollama:NAME, addresses (https://,
    s3://), BASE+ADAPTER of these, or fingerprints. A is the suspected ancestor where there is one; swapping them
    mirrors the report.
    """
    from lineage_audit import compare
    from lineage_audit.cli.progress import progress_on_stderr
    from lineage_audit.report import figure_files, render, render_detailed

    with progress_on_stderr(quiet) as progress:
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
    chosen = format_for(output, format_name)
    if figures:
        write_figures(figures, figure_files(report))
    if output:
        write_whole(output, render_detailed(report, chosen) if verbose else render(report, chosen))
    elif chosen != "terminal":
        click.echo("" if quiet else render(report, chosen), nl=False)
    elif not quiet:
        _print(report, verbose)
    return exit_code(report, fail_on)


def exit_code(report: Report, fail_on: str) -> ExitCode:
    """What the comparison ends with."""
    if report.verdict.relation == "inconclusive":
        return ExitCode.INCONCLUSIVE
    return ExitCode.FINDING if report.verdict.relation in _FAILING[fail_on] else ExitCode.PASSED


def _print(report: Report, verbose: bool) -> None:
    """To the terminal, with colour where stdout takes it."""
    from rich.console import Console

    from lineage_audit.report.compare.terminal import render_terminal
    from lineage_audit.report.compare.terminal_tables import render_details

    console = Console()
    render_terminal(report, console=console)
    if verbose:
        render_details(report, console=console)
