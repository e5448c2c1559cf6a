"""``lineage-audit tree MODEL...``."""

from __future__ import annotations

from pathlib import Path

import click

from lineage_audit.cli.exit_codes import ExitCode
from lineage_audit.cli.options import output_option
from lineage_audit.cli.output import format_for, write_figures, write_whole


@click.command()
@click.argument("models", nargs=-1, required=True)
@click.option(
    "--effort",
    type=click.Choice(["full", "sample"]),
    default="full",
    show_default=True,
    help="How much to read of each model that is no fingerprint already.",
)
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["terminal", "json", "markdown", "html", "dot", "mermaid"]),
    help="Default: by the suffix of -o (.json, .md, .html, .dot, .mmd, .txt), else terminal.",
)
@output_option
@click.option(
    "--figures",
    "figures",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write the drawing into this folder, as SVG.",
)
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors; the exit code and -o remain.")
def command(
    models: tuple[str, ...],
    effort: str,
    format_name: str | None,
    output: Path | None,
    figures: Path | None,
    quiet: bool,
) -> int:
    """Draw the family tree of many models: groups, who was made from whom and how, merges, unknown ancestors.

    MODELS are local folders, weight files, Hub repositories (org/name[@revision]) or fingerprints. Each is read once;
    all pairs are compared by fingerprints. Exit code 3 when no pair could be compared.
    """
    from lineage_audit import tree
    from lineage_audit.cli.progress import progress_on_stderr
    from lineage_audit.report import figure_files
    from lineage_audit.report.tree import TREE_SUFFIXES, render_tree

    with progress_on_stderr(quiet) as progress:
        drawn = tree(models, effort=effort, progress=progress)
    suffix = output.suffix.lower() if output else ""
    chosen = format_name or TREE_SUFFIXES.get(suffix) or format_for(output, None)
    if figures:
        write_figures(figures, figure_files(drawn))
    if output:
        write_whole(output, render_tree(drawn, chosen))
    elif chosen != "terminal":
        click.echo("" if quiet else render_tree(drawn, chosen), nl=False)
    elif not quiet:
        from rich.console import Console

        from lineage_audit.report.tree.terminal import render_tree_terminal

        render_tree_terminal(drawn, console=Console())
    nothing_said = drawn.comparisons > 0 and drawn.undecided == drawn.comparisons
    return ExitCode.INCONCLUSIVE if nothing_said else ExitCode.PASSED
