"""``lineage-audit check SUBJECT``."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec import Struct
from msgspec.structs import replace

from lineage_audit.cli.bill import bill_of, check_all
from lineage_audit.cli.delivery import Delivery, delivered
from lineage_audit.cli.exit_codes import ExitCode
from lineage_audit.cli.fixing import require_own_folder, write_fixes
from lineage_audit.cli.options import budget_option, device_option, effort_option, signer_options, weights_option
from lineage_audit.results import CheckReport, FailOn, Outcome, WhenInconclusive

if TYPE_CHECKING:
    from lineage_audit.certificate import Signer
    from lineage_audit.claims import CheckOptions, GivenCertificate, Policy
    from lineage_audit.claims.policy import BaselineKey
    from lineage_audit.comparison import EffortChoice
    from lineage_audit.comparison.reading.kernels import Device

_EXITS: dict[Outcome, ExitCode] = {
    "passed": ExitCode.PASSED,
    "failed": ExitCode.FINDING,
    "inconclusive": ExitCode.INCONCLUSIVE,
    "not-checked": ExitCode.PASSED,
}


@click.command()
@click.argument("subject", required=False)
@click.option(
    "--reference",
    "references",
    metavar="[NAME=]MODEL",
    multiple=True,
    help="A model it might derive from; NAME says which declared base a folder is. May be given several times.",
)
@click.option(
    "--earlier",
    metavar="[NAME=]MODEL",
    multiple=True,
    help="A reference that is known to be older than the subject.",
)
@click.option(
    "--base",
    "bases",
    metavar="[NAME=]MODEL",
    multiple=True,
    help="A common base, older than all: what is shared through it counts against nobody.",
)
@click.option(
    "--sbom",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Check every model of a bill of materials (CycloneDX or SPDX, JSON); it may stand as SUBJECT, too.",
)
@click.option(
    "--library",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A library of fingerprints, asked where the card names no base that the weights bear out.",
)
@click.option(
    "--certificate",
    "certificates",
    metavar="[NAME=]FILE",
    multiple=True,
    help="A certificate in the place of a declared base that is not at hand; NAME says which one.",
)
@signer_options
@click.option("--no-declared", is_flag=True, help="Leave out the base models that the card declares.")
@click.option(
    "--policy",
    "policy_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A YAML file. Default: lineage-audit.yaml beside the model or here, else ./pyproject.toml's table.",
)
@click.option(
    "--baseline",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Findings in this file do not count. Default: the policy's.",
)
@click.option("--update-baseline", is_flag=True, help="Write what is found now to the baseline.")
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning", "note", "never"]),
    help="Exit with 1 for findings of this level or above. Default: the policy's, else error.",
)
@click.option(
    "--inconclusive",
    type=click.Choice(["pass", "warn", "fail"]),
    help="What could not be checked is a note, a warning or an error. Default: the policy's, else exit with 3.",
)
@click.option("--fix", is_flag=True, help="Write what the fixes say into the card and NOTICE of a local subject.")
@click.option("--dry-run", is_flag=True, help="With --fix: show what would be written as a diff, and write nothing.")
@effort_option
@budget_option
@weights_option
@device_option
@delivered(CheckReport)
def command(
    subject: str | None,
    references: tuple[str, ...],
    earlier: tuple[str, ...],
    bases: tuple[str, ...],
    sbom: Path | None,
    library: Path | None,
    certificates: tuple[str, ...],
    no_declared: bool,
    policy_file: Path | None,
    baseline: Path | None,
    update_baseline: bool,
    fail_on: FailOn | None,
    inconclusive: WhenInconclusive | None,
    fix: bool,
    dry_run: bool,
    effort: EffortChoice,
    budget: int | None,
    weights: str | None,
    device: Device,
    signer: Signer | None,
    delivery: Delivery,
) -> int:
    """Hold a model's licence and base-model claims against its weights.

    SUBJECT and every reference are local folders, weight files, or Hub repositories (org/name[@revision]). The base
    models that the subject's card declares are references too.
    """
    if dry_run and not fix:
        raise click.UsageError("--dry-run goes with --fix")
    asked = _Asked(
        given=(references, earlier, bases),
        policy_file=policy_file,
        baseline=baseline,
        update_baseline=update_baseline,
        inconclusive=inconclusive,
        fix=fix,
        dry_run=dry_run,
        options=partial(
            _options,
            with_declared=not no_declared,
            effort=effort,
            fail_on=fail_on,
            device=device,
            weights=weights,
            budget=budget,
            library=library,
            certificates=_certificates(certificates, signer),
        ),
    )
    bill = bill_of(subject, sbom)
    if bill is None:
        return asked.check(str(subject), delivery)
    if fix or update_baseline:
        raise click.UsageError("--fix and --update-baseline are for one model, not for a bill of materials")
    return check_all(bill, delivery, asked.check)


class _Asked(Struct, frozen=True):
    """What was asked of every subject.

    Attributes:
        given: references, earlier ones and bases, as they were given.
        policy_file: the policy that was named, or None for the one that is found.
        baseline: the baseline that was named, or None for the policy's.
        update_baseline: write what is found to it.
        inconclusive: what could not be checked, or None for what the policy says.
        fix: write the fixes.
        dry_run: show them instead.
        options: the options of a check, from its policy, the findings that are known, and the baseline that was named.
    """

    given: tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]
    policy_file: Path | None
    baseline: Path | None
    update_baseline: bool
    inconclusive: WhenInconclusive | None
    fix: bool
    dry_run: bool
    options: Callable[[Policy, frozenset[BaselineKey], Path | None], CheckOptions]

    def check(self, subject: str, delivery: Delivery) -> ExitCode:
        """Check one subject and deliver the report."""
        from lineage_audit.claims import check_claims, given_references, read_baseline

        if self.fix:
            require_own_folder(subject)
        policy = _policy(self.policy_file, subject)
        policy = replace(policy, inconclusive=self.inconclusive or policy.inconclusive)
        baseline = self.baseline or policy.baseline
        if self.update_baseline and baseline is None:
            raise click.UsageError("--update-baseline needs --baseline FILE, or a baseline in the policy")
        known = read_baseline(baseline) if baseline and not self.update_baseline else frozenset()
        with delivery.progress() as progress:
            report = check_claims(
                subject, given_references(*self.given), self.options(policy, known, self.baseline), progress
            )
        if self.update_baseline and baseline is not None:
            report = _rebased(report, policy, baseline)
        (replace(delivery, shown=None) if self.dry_run else delivery).deliver(report)
        if self.fix:
            write_fixes(report, Path(subject), dry_run=self.dry_run)
        return _EXITS[report.outcome]


def _certificates(given: tuple[str, ...], signer: Signer | None) -> tuple[GivenCertificate, ...]:
    """The certificates that were named, and who must have signed them."""
    from lineage_audit.claims import given_certificate

    return tuple(given_certificate(text, signer) for text in given)


def _options(policy: Policy, known: frozenset[BaselineKey], baseline: Path | None, **options: Any) -> CheckOptions:
    from lineage_audit.claims import CheckOptions

    return CheckOptions(policy=policy, known=known, baseline=baseline, **options)


def _policy(file: Path | None, subject: str) -> Policy:
    """The policy that was named, or the one beside the model or in the working directory."""
    from lineage_audit.claims import find_policy, read_policy, rule_ids

    return read_policy(file, rule_ids()) if file is not None else find_policy(Path(), subject, rule_ids())


def _rebased(report: CheckReport, policy: Policy, baseline: Path) -> CheckReport:
    """Write the baseline, and hold the report against it."""
    from lineage_audit.claims import baseline_text, read_baseline, with_baseline, worth_a_baseline
    from lineage_audit.whole_files import write_whole

    write_whole(baseline, baseline_text(worth_a_baseline(report)))
    return with_baseline(report, read_baseline(baseline), policy)
