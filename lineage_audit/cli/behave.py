"""``lineage-audit behave A B [--control C]…``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lineage_audit.cli.delivery import Delivery, delivered
from lineage_audit.cli.exit_codes import ExitCode
from lineage_audit.errors import LineageAuditError
from lineage_audit.results import MANNERS, Behaviour, BehaviourOutcome, Manner
from lineage_audit.sizes import plural

if TYPE_CHECKING:
    from lineage_audit.behaviour.asking.forecast import Cost

_EXITS: dict[BehaviourOutcome, ExitCode] = {
    "leans": ExitCode.PASSED,
    "none": ExitCode.PASSED,
    "inconclusive": ExitCode.INCONCLUSIVE,
}


@click.command()
@click.argument("a")
@click.argument("b")
@click.option(
    "--control",
    "controls",
    metavar="REF",
    multiple=True,
    help="A model that has nothing to do with either; repeat, at least five times. A folder of answers is all of them.",
)
@click.option(
    "--library",
    envvar="LINEAGE_AUDIT_LIBRARY",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A library: all answers in it are controls. Default: $LINEAGE_AUDIT_LIBRARY.",
)
@click.option(
    "--answers",
    envvar="LINEAGE_AUDIT_ANSWERS",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep everyone's answers in this folder, and ask nobody again. Default: $LINEAGE_AUDIT_ANSWERS.",
)
@click.option(
    "--manner",
    type=click.Choice(MANNERS),
    default="text",
    show_default=True,
    help="Ask to go on with a text, or by chat, where an endpoint has nothing else; all must be asked alike.",
)
@click.option(
    "--most-requests",
    type=click.IntRange(min=0),
    default=2000,
    show_default=True,
    help="Ask nobody where more requests than this would leave the machine.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["never", "leans"]),
    default="never",
    show_default=True,
    help="Exit with 1 when answers lean.",
)
@click.option("--with-weights", is_flag=True, help="Compare the weights as well; neither answer moves the other.")
@click.option("--cost", "only_cost", is_flag=True, help="Say what asking would cost, and ask nobody.")
@delivered(Behaviour)
def command(
    a: str,
    b: str,
    controls: tuple[str, ...],
    library: Path | None,
    answers: Path | None,
    manner: Manner,
    most_requests: int,
    fail_on: str,
    with_weights: bool,
    only_cost: bool,
    delivery: Delivery,
) -> int:
    """Ask whether the answers of B lean to those of A: what weights cannot show. Never exact, and never descent.

    A, B and controls are local folders or weight files (asked through transformers), Hub repositories, files of
    answers, or endpoints with log-probabilities: https://host/v1#model (llama.cpp's server and any other that speaks
    OpenAI's protocol), whose key stands in LINEAGE_AUDIT_KEY_<HOST>. What asking costs is said on stderr before
    anything is asked. Exit code 3 when it could not be told.
    """
    from lineage_audit.behaviour.enquiry import Enquiry

    enquiry = Enquiry.of(a, b, controls, library=library, answers=answers, manner=manner)
    costs = tuple(enquiry.costs())
    if only_cost or delivery.progress_style != "none":
        _say(costs)
    if only_cost:
        return ExitCode.PASSED
    requests = sum(cost.requests for cost in costs)
    if requests > most_requests:
        raise LineageAuditError(f"asking takes {requests:,} requests, more than --most-requests {most_requests:,}")
    with delivery.progress() as progress:
        behaviour = enquiry.result(progress, weights=with_weights)
    delivery.deliver(behaviour)
    return ExitCode.FINDING if behaviour.outcome == fail_on else _EXITS[behaviour.outcome]


def _say(costs: tuple[Cost, ...]) -> None:
    """One line a model that will be asked, and their sum."""
    from lineage_audit.report.escaping import cut_middle, printable
    from lineage_audit.report.numbers import duration

    for cost in costs:
        name = cut_middle(printable(cost.model), 60)
        requests = f", at most {plural(cost.requests, 'request')}" if cost.requests else ""
        took = f"{cost.passages} passages, about {cost.tokens:,} tokens{requests}, about {duration(cost.seconds)}"
        click.echo(f"lineage-audit: to ask {name}: {took}", err=True)
