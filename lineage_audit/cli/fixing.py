"""``check --fix``: the fixes of the findings as changes of files, shown as a diff or written."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from lineage_audit.claims.fixes import FileChange
    from lineage_audit.results import CheckReport


def require_own_folder(subject: str) -> None:
    """Make sure that there is a folder to write to, before any model is read.

    Raises:
        UsageError: the subject is no local folder.
    """
    if not Path(subject).is_dir():
        raise click.UsageError("--fix needs a local folder as SUBJECT; nothing is written to the Hub or beside a file")


def write_fixes(report: CheckReport, folder: Path, *, dry_run: bool) -> None:
    """Show the fixes as a diff on stdout, or write them; stderr says what was written and what was left alone.

    Raises:
        LineageAuditError: a file cannot be written.
    """
    from lineage_audit.claims.fixes import changes_of
    from lineage_audit.whole_files import write_whole

    changes = changes_of(report, folder)
    for change in changes:
        if dry_run:
            click.echo(_shown(change.diff), nl=False)
        elif change.edits:
            write_whole(change.path, change.after)
        _tell(change, dry_run=dry_run)
    if not any(change.edits for change in changes):
        click.echo("nothing to fix was found that a machine can write", err=True)


def _tell(change: FileChange, *, dry_run: bool) -> None:
    from lineage_audit.report.escaping import cut, printable

    done = "would state" if dry_run else "now states"
    for edit in change.edits:
        what = f"{edit.field} {done}" if edit.field else ("would be added" if dry_run else "was added")
        click.echo(cut(printable(f"{change.name}: {what}: {edit.value}"), 200), err=True)
    for reason in change.left:
        click.echo(printable(reason), err=True)


def _shown(diff: str) -> str:
    """A diff as it is, for whoever applies it; on a terminal what a card may hide in it is made visible."""
    from lineage_audit.report.escaping import printable

    return "".join(f"{printable(line)}\n" for line in diff.split("\n")[:-1]) if sys.stdout.isatty() else diff
