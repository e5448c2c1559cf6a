"""docs/cli.md: what ``--help`` says of every command, read off click."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from lineage_audit.cli import cli

_OPENING = """\
# The command line

## Exit codes

| code | meaning |
|---|---|
| 0 | passed, or nothing to object to |
| 1 | a finding at or above `--fail-on` |
| 2 | usage or operational error: bad file, no such repository; one line on stderr says which and what to do |
| 3 | inconclusive |

Reports go to stdout or `-o FILE` (written whole or not at all), progress to stderr. `NO_COLOR` is respected.

Shell completion comes with click: `eval "$(_LINEAGE_AUDIT_COMPLETE=bash_source lineage-audit)"`.
"""


def page() -> str:
    """The page."""
    context = click.Context(cli, info_name="lineage-audit", help_option_names=["-h", "--help"])
    return "\n".join([_OPENING, *(_section(each) for each in _leaves(context))])


def _leaves(context: click.Context) -> Iterator[click.Context]:
    """Every command that does something, those of groups included."""
    command = context.command
    if not isinstance(command, click.Group):
        yield context
        return
    for name in command.list_commands(context):
        child = command.get_command(context, name)
        if child is not None:
            yield from _leaves(click.Context(child, info_name=name, parent=context))


def _section(context: click.Context) -> str:
    usage = context.command.get_usage(context).removeprefix("Usage: ")
    purpose = inspect.cleandoc(context.command.help or "")
    options = [each for each in context.command.get_params(context) if isinstance(each, click.Option)]
    rows = [row for option in options if (row := _row(option, context))]
    table = ["| option | meaning |", "|---|---|", *rows]
    return "\n".join([f"## {context.command_path}", "", f"    {' '.join(usage.split())}", "", purpose, "", *table, ""])


def _row(option: click.Option, context: click.Context) -> str | None:
    record = option.get_help_record(context)
    if record is None:
        return None
    name, meaning = (" ".join(text.split()).replace("|", "\\|") for text in record)
    return f"| `{name}` | {meaning} |"
