"""``lineage-audit fingerprint MODEL...``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lineage_audit.cli.exit_codes import ExitCode
from lineage_audit.cli.options import quiet_option
from lineage_audit.sizes import plural

if TYPE_CHECKING:
    from lineage_audit.library.folder import Written


@click.command()
@click.argument("models", metavar="MODEL...", nargs=-1)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="The file, for one model.")
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="A folder, for many models; those that have a file there are not made again.",
)
@click.option(
    "--list",
    "listed",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    metavar="FILE",
    help="A text file with one model a line; # begins a comment.",
)
@click.option(
    "--effort",
    type=click.Choice(["full", "sample"]),
    default="full",
    show_default=True,
    help="Read every weight of the sketched roles once, or a few rows of eight layers.",
)
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="Local processes (Dask).")
@click.option("--scheduler", metavar="ADDRESS", help="A Dask scheduler to send the models to.")
@quiet_option
def command(
    models: tuple[str, ...],
    output: Path | None,
    into: Path | None,
    listed: Path | None,
    effort: str,
    workers: int,
    scheduler: str | None,
    quiet: bool,
) -> int:
    """Write a small file that stands for a model.

    MODEL is a local folder, a weight file, or a Hub repository (org/name[@revision]). A fingerprint goes wherever a
    model goes: `lineage-audit compare a.fingerprint b/`. With --into, many models are written to a folder; one that
    fails is reported at the end, and the run can be repeated.
    """
    from lineage_audit.whole_files import require_place

    refs = (*models, *(_listed(listed) if listed else ()))
    if not refs or (output is None) == (into is None) or (output is not None and len(refs) > 1):
        raise click.UsageError("give one model and -o FILE, or models (or --list FILE) and --into DIR")
    if output is not None:
        require_place(output)
        return _one(refs[0], output, effort, quiet)
    from lineage_audit.library.folder import fingerprint_many

    return _many(fingerprint_many(refs, into or Path(), effort, workers=workers, scheduler=scheduler), quiet)


def _one(ref: str, output: Path, effort: str, quiet: bool) -> int:
    from lineage_audit import fingerprint
    from lineage_audit.cli.progress import shown_progress
    from lineage_audit.report.numbers import byte_size

    with shown_progress("none" if quiet else "auto") as progress:
        made = fingerprint(ref, output, effort=effort, progress=progress)
    if not quiet:
        read = byte_size(made.identity.bytes_read)
        click.echo(f"{output}: {byte_size(output.stat().st_size)}, {plural(len(made.layers), 'layer')}, {read} read")
    return ExitCode.PASSED


def _many(answers: Iterable[Written], quiet: bool) -> int:
    """Say what becomes of each model, and at the end which failed."""
    from lineage_audit.report.escaping import printable
    from lineage_audit.report.numbers import byte_size

    failed, done = [], 0
    for answer in answers:
        if answer.failure is not None:
            failed.append(answer)
            continue
        done += 1
        if not quiet:
            state = "was there" if answer.was_there else byte_size(answer.bytes)
            click.echo(f"{printable(answer.ref)} -> {answer.path} ({state})")
    for answer in failed:
        click.echo(f"failed: {printable(answer.failure or '')}", err=True)
    if not quiet:
        click.echo(f"{done} of {plural(done + len(failed), 'model')} have a fingerprint")
    return ExitCode.ERROR if failed else ExitCode.PASSED


def _listed(path: Path) -> tuple[str, ...]:
    """The models that a text file names."""
    lines = (line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8", errors="replace").splitlines())
    return tuple(line for line in lines if line)
