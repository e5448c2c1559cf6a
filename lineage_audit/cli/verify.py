"""``lineage-audit verify CERTIFICATE [A] [B]``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lineage_audit.cli.exit_codes import ExitCode
from lineage_audit.cli.options import signer_options, weights_option
from lineage_audit.results import Verification, VerificationOutcome

if TYPE_CHECKING:
    from lineage_audit.certificate import Signer

_CODES: Mapping[VerificationOutcome, ExitCode] = {
    "verified": ExitCode.PASSED,
    "refused": ExitCode.FINDING,
    "arithmetic-only": ExitCode.INCONCLUSIVE,
}

_HEADS: Mapping[VerificationOutcome, str] = {
    "verified": "VERIFIED",
    "refused": "REFUSED, and so not shown",
    "arithmetic-only": "ARITHMETIC ONLY, which any two models can be given, of",
}


@click.command()
@click.argument("certificate", type=click.Path(dir_okay=False, path_type=Path), metavar="CERTIFICATE")
@click.argument("a", required=False)
@click.argument("b", required=False)
@signer_options
@weights_option
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors; the exit code remains.")
def command(
    certificate: Path,
    a: str | None,
    b: str | None,
    weights: str | None,
    quiet: bool,
    signer: Signer | None,
) -> int:
    """Verify a certificate, with the models or without, and say what was done and what was not checked.

    A and B are the models that it is about: local folders, weight files, Hub repositories (org/name[@revision]) or
    addresses; of remote ones a few ranges are read. Of a file of many certificates (.jsonl) the one of these models
    is meant. Exit codes: 0 verified; 1 refused; 3 the models are not at hand, so that nothing but the arithmetic was
    checked.
    """
    from lineage_audit import verify
    from lineage_audit.report.escaping import printable

    found = verify(certificate, a, b, weights=weights, signer=signer)
    if not quiet:
        for line in _lines(found):
            click.echo(printable(line))
    return _CODES[found.outcome]


def _lines(found: Verification) -> Iterator[str]:
    """What was found, a line each."""
    yield f"{_HEADS[found.outcome]}: {found.claim}"
    if found.log10_p is not None:
        whether = "" if found.outcome == "verified" else "; if its terms are what the two models give"
        yield f"log10 p <= {found.log10_p:.1f}, corrected for every choice that its author had{whether}"
    yield from (f"refused: {line}" for line in found.refused)
    yield from (f"done: {line}" for line in found.done)
    yield from (f"not checked: {line}" for line in found.not_checked)
