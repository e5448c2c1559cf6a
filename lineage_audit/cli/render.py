"""``lineage-audit render REPORT.json``."""

from __future__ import annotations

from pathlib import Path

import click

from lineage_audit.cli.exit_codes import ExitCode


@click.command()
@click.argument("document", type=click.Path(dir_okay=False, path_type=Path), metavar="REPORT.json")
@click.option(
    "-o",
    "--output",
    "outputs",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Write here, by suffix; may be given several times. Default: print it on the terminal.",
)
@click.option("-v", "--verbose", is_flag=True, help="Add every table to what a terminal shows.")
@click.option("--explain", is_flag=True, help="Add what the words of the report mean.")
def command(document: Path, outputs: tuple[Path, ...], verbose: bool, explain: bool) -> int:
    """Show a JSON report of any command again, or write it in another format; no model is read.

    The exit code is 0 whatever the report says: what it found was told by the run that made it.
    """
    from lineage_audit.report.json import result_from
    from lineage_audit.report.saving import format_by_suffix, save
    from lineage_audit.whole_files import require_place

    result = result_from(document)
    for path in outputs:
        format_by_suffix(type(result), path).require()
        require_place(path)
    for path in outputs:
        save(result, path)
    if not outputs:
        from lineage_audit.report.terminal import show

        show(result, (*(("details",) if verbose else ()), *(("terms",) if explain else ())))
    return ExitCode.PASSED
