"""``lineage-audit library``: add, list, show, remove, export, import, build, pull, check."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import asdict

from lineage_audit.cli.exit_codes import ExitCode
from lineage_audit.cli.library_release import check, pull
from lineage_audit.cli.options import library_option, quiet_option
from lineage_audit.sizes import plural

if TYPE_CHECKING:
    from lineage_audit.library.database_entries import DatabaseEntry

_JSON = click.option("--json", "as_json", is_flag=True, help="As JSON.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Keep fingerprints of known models in one file.

    `lineage-audit identify` looks for a model's relatives there.
    """


command.add_command(pull)
command.add_command(check)


@command.command()
@click.argument("models", nargs=-1, required=True)
@library_option
@click.option("--name", help="What to call the model; by default its reference.")
@click.option("--family", help="The family to file it under.")
@click.option("--license", "license_name", help="Its licence; by default what its card states.")
@click.option("--note", help="Anything else to know.")
@click.option("--effort", type=click.Choice(["full", "sample"]), default="full", show_default=True)
@quiet_option
def add(
    models: tuple[str, ...],
    path: Path,
    name: str | None,
    family: str | None,
    license_name: str | None,
    note: str | None,
    effort: str,
    quiet: bool,
) -> int:
    """Add fingerprint files, models whose fingerprints are made now, or files of answers; equal names are replaced."""
    from lineage_audit.behaviour.in_library import add_to_library, is_answers_file
    from lineage_audit.cli.progress import shown_progress
    from lineage_audit.library.database import open_database
    from lineage_audit.library.database_entries import Label
    from lineage_audit.library.fingerprint import make_or_read

    if name is not None and len(models) > 1:
        raise click.UsageError("--name is for one model")
    for model in models:
        if is_answers_file(model):
            with open_database(path, create=True) as database:
                added = add_to_library(Path(model), database, name)
            _say(f"{_shown(added)}: answers added", quiet)
            continue
        with shown_progress("none" if quiet else "auto") as progress:
            fingerprint = make_or_read(model, effort, progress=progress)
        label = Label(name or fingerprint.identity.ref, family, license_name, note)
        with open_database(path, create=True) as database:
            replaced = database.add(fingerprint, label)
        _say(f"{_shown(label.name)}: {'replaced' if replaced else 'added'}", quiet)
    return ExitCode.PASSED


@command.command("list")
@library_option
@click.option("--family", help="Only this family.")
@_JSON
def list_models(path: Path, family: str | None, as_json: bool) -> int:
    """Name every model of the library."""
    from lineage_audit.library.database import open_database

    with open_database(path) as database:
        entries = database.entries(family)
    if as_json:
        click.echo(json.dumps([asdict(entry) for entry in entries], indent=2))
        return ExitCode.PASSED
    for entry in entries:
        click.echo(_line(entry))
    click.echo(plural(len(entries), "model"))
    return ExitCode.PASSED


@command.command()
@click.argument("name")
@library_option
@_JSON
def show(name: str, path: Path, as_json: bool) -> int:
    """Show what the library knows of one model."""
    from lineage_audit.library.database import open_database

    with open_database(path) as database:
        entry = database.entry(name)
    known = asdict(entry)
    if as_json:
        click.echo(json.dumps(known, indent=2))
    else:
        for field, value in known.items():
            click.echo(f"{field:<13} {_shown(str(value)) if value is not None else '-'}")
    return ExitCode.PASSED


@command.command()
@click.argument("names", nargs=-1, required=True)
@library_option
def remove(names: tuple[str, ...], path: Path) -> int:
    """Take models out of the library."""
    from lineage_audit.library.database import open_database

    with open_database(path) as database:
        missing = [name for name in names if not database.remove(name)]
    for name in missing:
        click.echo(f"{_shown(name)}: was not there", err=True)
    return ExitCode.ERROR if missing else ExitCode.PASSED


@command.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("names", nargs=-1)
@library_option
def export_models(file: Path, names: tuple[str, ...], path: Path) -> int:
    """Write the library, or the named models, to one portable FILE (a ZIP of fingerprints)."""
    from lineage_audit.library.database import open_database
    from lineage_audit.library.portable import export_database

    with open_database(path) as database:
        count = export_database(database, file, names)
    click.echo(f"{file}: {plural(count, 'model')}")
    return ExitCode.PASSED


@command.command("import")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@library_option
def import_models(file: Path, path: Path) -> int:
    """Add every model of an exported FILE; those of the same name are replaced."""
    from lineage_audit.library.database import open_database
    from lineage_audit.library.portable import import_database

    with open_database(path, create=True) as database:
        count, replaced = import_database(database, file)
    click.echo(f"{plural(count, 'model')}, {replaced:,} of them replaced")
    return ExitCode.PASSED


@command.command()
@library_option
@click.option(
    "--seeds",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    help="A seed list (YAML). Default: the widely forked bases that come with the tool.",
)
@click.option("--family", "families", multiple=True, help="Only this family; may be given several times.")
@click.option(
    "--effort",
    type=click.Choice(["sample", "full"]),
    default="sample",
    show_default=True,
    help="Read a few rows of eight layers by byte ranges, or every weight once.",
)
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="Local processes (Dask).")
@click.option("--scheduler", metavar="ADDRESS", help="A Dask scheduler to send the models to.")
@click.option("--dry-run", is_flag=True, help="Name what would be read, and read nothing.")
@quiet_option
def build(
    path: Path,
    seeds: Path | None,
    families: tuple[str, ...],
    effort: str,
    workers: int,
    scheduler: str | None,
    dry_run: bool,
    quiet: bool,
) -> int:
    """Fill a library from a seed list; what is there already is left alone, so a run can be repeated."""
    from lineage_audit.library.database import open_database
    from lineage_audit.library.seeds import build as planted
    from lineage_audit.library.seeds import read_seeds

    wanted = {family.lower() for family in families}
    chosen = [seed for seed in read_seeds(seeds) if not wanted or (seed.family or "").lower() in wanted]
    if dry_run:
        for seed in chosen:
            click.echo(f"{_shown(seed.ref)}  {_shown(seed.family or '-')}  {_shown(seed.license or '-')}")
        return ExitCode.PASSED
    failures = []
    with open_database(path, create=True) as database:
        for answer in planted(database, chosen, effort, workers=workers, scheduler=scheduler):
            if answer.failure is not None:
                failures.append(answer)
            else:
                _say(f"{_shown(answer.seed.ref)}: {'was there' if answer.was_there else 'added'}", quiet)
        count = len(database)
    for answer in failures:
        click.echo(f"failed: {_shown(answer.failure or '')}", err=True)
    _say(f"{plural(count, 'model')} in {path}, {len(failures):,} of {len(chosen):,} seeds failed", quiet)
    return ExitCode.ERROR if failures else ExitCode.PASSED


def _say(line: str, quiet: bool) -> None:
    if not quiet:
        click.echo(line)


def _line(entry: DatabaseEntry) -> str:
    from lineage_audit.report.numbers import magnitude

    facts = (entry.family or "-", magnitude(entry.parameters), entry.architecture, entry.license or "licence unknown")
    return f"{_shown(entry.name)}  {_shown('  '.join(facts))}"


def _shown(text: str) -> str:
    from lineage_audit.report.escaping import printable

    return printable(text)
