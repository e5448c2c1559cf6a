"""``lineage-audit inspect MODEL``."""

from __future__ import annotations

from pathlib import Path

import click

from lineage_audit.cli.exit_codes import ExitCode
from lineage_audit.cli.options import output_option, weights_option
from lineage_audit.cli.output import format_for, write_whole


@click.command()
@click.argument("model")
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["terminal", "json"]),
    help="Default: by the suffix of -o (.json, .txt), else terminal.",
)
@output_option
@weights_option
def command(model: str, format_name: str | None, output: Path | None, weights: str | None) -> int:
    """Say what one model is: architecture, roles, data types, tokenizer, and what it claims of itself.

    MODEL is a local folder, a weight file, or a Hub repository (org/name[@revision]). No weight is read.
    """
    from lineage_audit import inspect
    from lineage_audit.report import render_inspection

    inspection = inspect(model, weights=weights)
    chosen = format_for(output, format_name)
    if output:
        write_whole(output, render_inspection(inspection, chosen))
    elif chosen == "terminal":
        from rich.console import Console

        from lineage_audit.report.inspect.terminal import render_inspection_terminal

        render_inspection_terminal(inspection, console=Console())
    else:
        click.echo(render_inspection(inspection, chosen), nl=False)
    return ExitCode.PASSED
