"""``lineage-audit explain [RULE]``."""

from __future__ import annotations

import click


@click.command()
@click.argument("rule", required=False)
def command(rule: str | None) -> None:
    """Print the page of a rule of check: what it looks at, how to fix, how to allow.

    RULE is an id or a name: LA101, undeclared-base. Without it, all rules are listed.
    """
    from lineage_audit.claims import RULES, page_of, rule_ids

    if rule is None:
        for known in RULES:
            click.echo(f"{known.rule_id}  {known.level:<7}  {known.name}: {known.title}")
        return
    ids = {name.lower(): rule_id for name, rule_id in rule_ids().items()}
    if rule.lower() not in ids:
        raise click.BadParameter(f"{rule!r} is no rule; without an argument they are listed", param_hint="RULE")
    click.echo(page_of(ids[rule.lower()]), nl=False)
