"""``lineage-audit library pull`` and ``check``: a library that others built, and whether one is whole."""

from __future__ import annotations

from pathlib import Path

import click

from lineage_audit.cli.exit_codes import ExitCode
from lineage_audit.cli.options import library_option, quiet_option
from lineage_audit.sizes import plural


@click.command()
@click.argument("source")
@library_option
@click.option("--sha256", metavar="HEX", help="What the file's hash must be.")
@click.option("--bundle", metavar="FILE", help="Path or address of sigstore's bundle; with it --identity is needed.")
@click.option("--identity", metavar="WHO", help="Who must have signed: an e-mail address, or a workflow's address.")
@click.option("--issuer", metavar="URL", help="Who must have vouched for that identity.")
@quiet_option
def pull(
    source: str,
    path: Path,
    sha256: str | None,
    bundle: str | None,
    identity: str | None,
    issuer: str | None,
    quiet: bool,
) -> int:
    """Fetch an exported library and add its models.

    SOURCE is an https address or a file. Nothing is added unless its hash and its signature, where they were given,
    are right.
    """
    from lineage_audit.library.pulling import Signature, age_words
    from lineage_audit.library.pulling import pull as pulled_from

    if (bundle is None) != (identity is None) or (issuer is not None and bundle is None):
        raise click.UsageError("--bundle and --identity go together, and --issuer with them")
    signature = Signature(bundle, identity, issuer) if bundle and identity else None
    pulled = pulled_from(source, path, sha256=sha256, signature=signature)
    if quiet:
        return ExitCode.PASSED
    held = " and ".join(pulled.verified) or "nothing: give --sha256 or --bundle"
    click.echo(f"{plural(pulled.models, 'model')}, {pulled.replaced:,} of them replaced; {age_words(pulled.made)}")
    click.echo(f"sha256 {pulled.sha256}, held against {held}")
    return ExitCode.PASSED


@click.command()
@library_option
def check(path: Path) -> int:
    """Read every model of the library and say whether it is whole, and how old it is.

    Exit code 2 when a model is damaged.
    """
    from lineage_audit.library.checking import check_database
    from lineage_audit.library.database import open_database
    from lineage_audit.library.pulling import age_words
    from lineage_audit.report.escaping import printable

    with open_database(path) as database:
        found = check_database(database)
    click.echo(
        f"{plural(found.models, 'model')}; the newest {age_words(found.newest)}, the oldest {age_words(found.oldest)}"
    )
    for names, words in (
        (found.damaged, "damaged; add it again"),
        (found.outdated, "made by another version, not looked at; make it anew"),
    ):
        for name in names:
            click.echo(f"{printable(name)}: {words}", err=True)
    if found.unpinned:
        click.echo(f"{len(found.unpinned):,} of them name no commit: local files, or hosts without revisions")
    return ExitCode.ERROR if found.damaged else ExitCode.PASSED
