"""``lineage-audit compare A B``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lineage_audit.cli.delivery import Delivery, delivered
from lineage_audit.cli.exit_codes import ExitCode
from lineage_audit.cli.options import budget_option, device_option, effort_option, signing_options, weights_option
from lineage_audit.errors import LineageAuditError
from lineage_audit.results import RELATED, Comparisons, Relation, Report

if TYPE_CHECKING:
    from lineage_audit.certificate import Signing
    from lineage_audit.comparison import EffortChoice
    from lineage_audit.comparison.reading.kernels import Device

_FAILING: dict[str, frozenset[Relation]] = {
    "never": frozenset(),
    "identical": frozenset({"identical"}),
    "derived": frozenset({"identical", "derived"}),
    "shared-origin": frozenset(RELATED),
}
"""What ``--fail-on`` takes -> the relations that then end in exit code 1."""


@click.command()
@click.argument("a")
@click.argument("others", metavar="B...", nargs=-1)
@effort_option
@click.option(
    "--parent",
    "parents",
    metavar="REF",
    multiple=True,
    help="A model that B may be a merge of, beside A; repeat for each. Without --base, A is the base (deprecated).",
)
@budget_option
@click.option("--base", metavar="REF", help="A common base: what A and B share beyond it is measured.")
@weights_option
@device_option
@click.option("--controls", is_flag=True, help="Add numbers that people quote, each beside what unrelated models give.")
@click.option(
    "--library",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="With --controls: add what the models of a library give that are independent of B.",
)
@click.option(
    "--fail-on",
    type=click.Choice(list(_FAILING)),
    default="never",
    show_default=True,
    help="Exit with 1 when the relation is this or closer.",
)
@click.option(
    "--list",
    "listed",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    help="More models to compare A with, a reference a line (- for standard input).",
)
@click.option(
    "--certificate",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write what shows that the two are not independent, for anyone to verify; a .jsonl gets one line more.",
)
@signing_options
@delivered(Report)
def command(
    a: str,
    others: tuple[str, ...],
    effort: EffortChoice,
    parents: tuple[str, ...],
    budget: int | None,
    base: str | None,
    weights: str | None,
    device: Device,
    controls: bool,
    library: Path | None,
    fail_on: str,
    listed: Path | None,
    certificate: Path | None,
    signing: Signing | None,
    delivery: Delivery,
) -> int:
    """Compare two models: does B derive from A, how much, and how surely?

    A and B are local folders, weight files, Hub repositories (org/name[@revision]), ollama:NAME, addresses (https://,
    s3://), BASE+ADAPTER of these, or fingerprints. A is the suspected ancestor where there is one; swapping them
    mirrors the report. Of several B each is compared with A, which is opened once.
    """
    from lineage_audit import compare, compare_many

    if signing is not None and certificate is None:
        raise click.UsageError("--sign goes with --certificate")
    models = (*others, *(_lines_of(listed) if listed else ()))
    if not models:
        raise click.UsageError("Missing argument 'B...'.")
    if len(models) > 1:
        _require_one_b(delivery, parents=parents, weights=weights, controls=controls, certificate=certificate)
        with delivery.progress() as progress:
            found = compare_many(a, models, effort=effort, progress=progress, base=base, device=device, budget=budget)
        return _exit_code_of_many(delivery.deliver(found), fail_on)
    with delivery.progress() as progress:
        report = compare(
            a,
            models[0],
            effort=effort,
            progress=progress,
            parents=parents,
            weights=weights,
            base=base,
            device=device,
            budget=budget,
            certificate=certificate,
            signing=signing,
            library=library if controls else None,
        )
    delivery.with_part("controls", wanted=controls).deliver(report)
    if report.certificate is not None and report.certificate.file is None:
        raise LineageAuditError(report.certificate.summary)
    return exit_code(report, fail_on)


def _lines_of(listed: Path) -> tuple[str, ...]:
    """The references of a list; empty lines and what follows a # at the start of a line are left out."""
    with click.open_file(str(listed), encoding="utf-8-sig", errors="replace") as stream:
        lines = [line.strip() for line in stream]
    return tuple(line for line in lines if line and not line.startswith("#"))


def _require_one_b(delivery: Delivery, **given: object) -> None:
    """Refuse options that are about one pair."""
    named = [f"--{name.rstrip('s') if name == 'parents' else name}" for name, value in given.items() if value]
    named += ["--figures"] if delivery.figures is not None else []
    if named:
        raise click.UsageError(f"{named[0]} is about one pair; give one B with it")


def _exit_code_of_many(comparisons: Comparisons, fail_on: str) -> ExitCode:
    """What many comparisons end with: errors outrank findings, and these what could not be told."""
    codes = {exit_code(report, fail_on) for report in comparisons.reports}
    if comparisons.unread:
        return ExitCode.ERROR
    return next((code for code in (ExitCode.FINDING, ExitCode.INCONCLUSIVE) if code in codes), ExitCode.PASSED)


def exit_code(report: Report, fail_on: str) -> ExitCode:
    """What the comparison ends with."""
    if report.verdict.relation == "inconclusive":
        return ExitCode.INCONCLUSIVE
    return ExitCode.FINDING if report.verdict.relation in _FAILING[fail_on] else ExitCode.PASSED
