"""``lineage-audit identify MODEL --library L``."""

from __future__ import annotations

from pathlib import Path

import click

from lineage_audit.cli.exit_codes import ExitCode
from lineage_audit.cli.options import format_option, output_option
from lineage_audit.cli.output import format_for, write_whole
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
@format_option
@output_option
@click.option(
    "--fail-on",
    type=click.Choice(["never", "found", "none"]),
    default="never",
    show_default=True,
    help="Exit with 1 when a relative was found, or when none was.",
)
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors; the exit code and -o remain.")
def command(
    model: str,
    library: Path,
    effort: str,
    format_name: str | None,
    output: Path | None,
    fail_on: str,
    quiet: bool,
) -> int:
    """Name a model's nearest relatives in a library.

    MODEL is a local folder, a weight file, a Hub repository (org/name[@revision]), or a fingerprint.
    """
    from lineage_audit import identify
    from lineage_audit.cli.progress import progress_on_stderr
    from lineage_audit.report import render_identification

    with progress_on_stderr(quiet) as progress:
        identification = identify(model, library, effort=effort, progress=progress)
    chosen = format_for(output, format_name)
    if output:
        write_whole(output, render_identification(identification, chosen))
    elif not quiet and chosen == "terminal":
        _print(identification)
    elif not quiet:
        click.echo(render_identification(identification, chosen), nl=False)
    return ExitCode.FINDING if identification.outcome == fail_on else _EXITS[identification.outcome]


def _print(identification: Identification) -> None:
    """To the terminal, with colour where stdout takes it."""
    from rich.console import Console

    from lineage_audit.report.identify.terminal import render_identification_terminal

    render_identification_terminal(identification, console=Console())
