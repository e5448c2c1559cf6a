"""``lineage-audit unmix CHILD --parent P``."""

from __future__ import annotations

from pathlib import Path

import click

from lineage_audit.cli.exit_codes import ExitCode
from lineage_audit.cli.options import figures_option, format_option, output_option
from lineage_audit.cli.output import format_for, write_figures, write_whole


@click.command()
@click.argument("child")
@click.option(
    "--parent", "parents", metavar="REF", multiple=True, required=True, help="A model that went into it; repeat."
)
@click.option("--base", metavar="REF", help="What the parents were made from; tells TIES and DARE merges.")
@click.option(
    "--library",
    envvar="LINEAGE_AUDIT_LIBRARY",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A library: parents and base may be names in it. Default: $LINEAGE_AUDIT_LIBRARY.",
)
@format_option
@output_option
@click.option(
    "--recipe",
    "recipe_path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the mergekit recipe to this file as well.",
)
@figures_option
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors; the exit code and files remain.")
def command(
    child: str,
    parents: tuple[str, ...],
    base: str | None,
    library: Path | None,
    format_name: str | None,
    output: Path | None,
    recipe_path: Path | None,
    figures: Path | None,
    quiet: bool,
) -> int:
    """Take a merge apart: which weights each named parent has in it, by which method, and what is left.

    CHILD, parents and base are local folders, weight files, or Hub repositories (org/name[@revision]). All are read
    whole, in blocks. Exit code 3 when the named parents do not explain the child.
    """
    from lineage_audit import unmix
    from lineage_audit.cli.progress import progress_on_stderr
    from lineage_audit.report import figure_files
    from lineage_audit.report.unmix import render_unmixing

    with progress_on_stderr(quiet) as progress:
        found = unmix(child, parents, base=base, library=library, progress=progress)
    chosen = format_for(output, format_name)
    if recipe_path and found.recipe:
        write_whole(recipe_path, found.recipe)
    if figures:
        write_figures(figures, figure_files(found))
    if output:
        write_whole(output, render_unmixing(found, chosen))
    elif chosen != "terminal":
        click.echo("" if quiet else render_unmixing(found, chosen), nl=False)
    elif not quiet:
        from rich.console import Console

        from lineage_audit.report.unmix.terminal import render_unmix_terminal

        render_unmix_terminal(found, console=Console())
    return ExitCode.INCONCLUSIVE if found.method == "unknown" else ExitCode.PASSED
