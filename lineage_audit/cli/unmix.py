"""``lineage-audit unmix CHILD --parent P``."""

from __future__ import annotations

from pathlib import Path

import click

from lineage_audit.cli.delivery import Delivery, delivered
from lineage_audit.cli.exit_codes import ExitCode
from lineage_audit.results import Unmixing


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
@click.option(
    "--recipe",
    "recipe_path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the mergekit recipe to this file as well.",
)
@delivered(Unmixing)
def command(
    child: str,
    parents: tuple[str, ...],
    base: str | None,
    library: Path | None,
    recipe_path: Path | None,
    delivery: Delivery,
) -> int:
    """Take a merge apart: which weights each named parent has in it, by which method, and what is left.

    CHILD, parents and base are local folders, weight files, or Hub repositories (org/name[@revision]). All are read
    whole, in blocks. Exit code 3 when the named parents do not explain the child.
    """
    from lineage_audit import unmix
    from lineage_audit.whole_files import require_place, write_whole

    if recipe_path is not None:
        require_place(recipe_path)
    with delivery.progress() as progress:
        found = unmix(child, parents, base=base, library=library, progress=progress)
    if recipe_path and found.recipe:
        write_whole(recipe_path, found.recipe)
    delivery.deliver(found)
    return ExitCode.INCONCLUSIVE if found.method == "unknown" else ExitCode.PASSED
