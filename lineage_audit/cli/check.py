"""``lineage-audit check SUBJECT``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lineage_audit.cli.exit_codes import ExitCode
from lineage_audit.cli.options import device_option, effort_option, figures_option, weights_option
from lineage_audit.cli.output import write_figures, write_whole
from lineage_audit.results import CheckReport, FailOn, Outcome

if TYPE_CHECKING:
    from lineage_audit.claims import CheckOptions, GivenReference, Policy
    from lineage_audit.claims.policy import WhenInconclusive
    from lineage_audit.comparison import EffortChoice
    from lineage_audit.comparison.kernels import Device

_FORMATS = ("terminal", "json", "sarif", "junit", "markdown", "html", "cyclonedx", "github")
_EXITS: dict[Outcome, ExitCode] = {
    "passed": ExitCode.PASSED,
    "failed": ExitCode.FINDING,
    "inconclusive": ExitCode.INCONCLUSIVE,
    "not-checked": ExitCode.PASSED,
}


@click.command()
@click.argument("subject")
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
@effort_option
@weights_option
@device_option
@click.option(
    "--format", "format_name", type=click.Choice(_FORMATS), help="What stdout gets. Default: terminal, none with -o."
)
@click.option(
    "-o",
    "--output",
    "outputs",
    type=click.Path(dir_okay=False, path_type=Path),
    multiple=True,
    help="Write here, by suffix: .sarif, .xml, .json, .md, .html, .cdx.json, .txt; may be given several times.",
)
@figures_option
@click.option("-v", "--verbose", is_flag=True, help="Add the tables: claims, references, rules.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors; the exit code and -o remain.")
def command(
    subject: str,
    references: tuple[str, ...],
    earlier: tuple[str, ...],
    bases: tuple[str, ...],
    no_declared: bool,
    policy_file: Path | None,
    baseline: Path | None,
    update_baseline: bool,
    fail_on: FailOn | None,
    inconclusive: WhenInconclusive | None,
    effort: EffortChoice,
    weights: str | None,
    device: Device,
    format_name: str | None,
    outputs: tuple[Path, ...],
    figures: Path | None,
    verbose: bool,
    quiet: bool,
) -> int:
    """Hold a model's licence and base-model claims against its weights.

    SUBJECT and every reference are local folders, weight files, or Hub repositories (org/name[@revision]). The base
    models that the subject's card declares are references too.
    """
    from lineage_audit.claims import CheckOptions, given_references, read_baseline

    formats = _formats(outputs, format_name)
    policy = _policy(policy_file, subject)
    policy = replace(policy, inconclusive=inconclusive or policy.inconclusive)
    baseline = baseline or policy.baseline
    if update_baseline and baseline is None:
        raise click.UsageError("--update-baseline needs --baseline FILE, or a baseline in the policy")
    known = read_baseline(baseline) if baseline and not update_baseline else frozenset()
    options = CheckOptions(policy, not no_declared, effort, fail_on, known, device, weights)
    report = _checked(subject, given_references(references, earlier, bases), options, quiet)
    if update_baseline and baseline is not None:
        report = _rebased(report, policy, baseline)
    _write(report, formats, verbose)
    if figures:
        from lineage_audit.report import figure_files

        write_figures(figures, figure_files(report))
    if not quiet and (format_name or not outputs):
        _show(report, format_name or "terminal", verbose)
    return _EXITS[report.outcome]


def _formats(outputs: tuple[Path, ...], format_name: str | None) -> dict[Path, str]:
    """The format of every file, known to be writable before any model is read."""
    from lineage_audit.report import check_format_for, require_check_format

    formats = {}
    for path in outputs:
        chosen = check_format_for(path.name)
        if chosen is None:
            raise click.BadParameter(
                f"{path}: its suffix names no format; use .sarif, .xml, .json, .md, .html, .cdx.json or .txt",
                param_hint="-o",
            )
        formats[path] = chosen
    for chosen in {*formats.values(), *((format_name,) if format_name else ())}:
        require_check_format(chosen)
    return formats


def _policy(file: Path | None, subject: str) -> Policy:
    """The policy that was named, or the one beside the model or in the working directory."""
    from lineage_audit.claims import find_policy, read_policy, rule_ids

    return read_policy(file, rule_ids()) if file is not None else find_policy(Path(), subject, rule_ids())


def _checked(subject: str, references: tuple[GivenReference, ...], options: CheckOptions, quiet: bool) -> CheckReport:
    """Run the check, with progress on stderr."""
    from lineage_audit.claims import check_claims
    from lineage_audit.cli.progress import progress_on_stderr

    with progress_on_stderr(quiet) as progress:
        return check_claims(subject, references, options, progress)


def _rebased(report: CheckReport, policy: Policy, baseline: Path) -> CheckReport:
    """Write the baseline, and hold the report against it."""
    from lineage_audit.claims import baseline_text, read_baseline, with_baseline, worth_a_baseline

    write_whole(baseline, baseline_text(worth_a_baseline(report)))
    return with_baseline(report, read_baseline(baseline), policy)


def _write(report: CheckReport, formats: dict[Path, str], verbose: bool) -> None:
    """Write every file; all are rendered before the first is written."""
    from lineage_audit.report import render_check, render_check_detailed

    rendering = render_check_detailed if verbose else render_check
    texts = {path: rendering(report, chosen) for path, chosen in formats.items()}
    for path, text in texts.items():
        write_whole(path, text)


def _show(report: CheckReport, format_name: str, verbose: bool) -> None:
    """To stdout, with colour where it takes it."""
    if format_name != "terminal":
        from lineage_audit.report import render_check

        click.echo(render_check(report, format_name), nl=False)
        return
    from rich.console import Console

    from lineage_audit.report.check.terminal import render_check_details, render_check_terminal

    console = Console()
    render_check_terminal(report, console=console)
    if verbose:
        render_check_details(report, console=console)
